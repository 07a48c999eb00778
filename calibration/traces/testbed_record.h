#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "calibration/traces/text_file.h"
#include "sim/telemetry/trace.h"

// The JSON record that the measuring tool writes beside a CSV. Private to
// calibration/traces.
namespace airlock {

// What the record says that it is.
constexpr const char* kTestbedSchema = "airlock-testbed-trace";

// DIR/NAME.csv.xz -> DIR/NAME.json; empty if the name does not end in .csv,
// .csv.xz or .csv.gz.
std::string RecordPathOf(const std::string& csv_path);

// Throws InputError with the position of what is not JSON.
nlohmann::json ParseRecord(const TextFile& file);

// The member `key` of `object`, which must be there and of the right kind.
template <typename T>
T Member(const nlohmann::json& object, const char* key, const std::string& path,
         const std::string& where = "") {
  const auto found = object.find(key);
  if (found == object.end()) {
    FailAt(path, 0, 0, fmt::format("{}'{}' is missing", where, key));
  }
  bool fits = false;
  if constexpr (std::is_same_v<T, std::string>) {
    fits = found->is_string();
  } else if constexpr (std::is_integral_v<T>) {
    fits = found->is_number_integer();
  } else {
    fits = true;
  }
  if (!fits) {
    FailAt(path, 0, 0,
           fmt::format("{}'{}' is {}; expected {}", where, key, found->dump(),
                       std::is_integral_v<T> ? "a whole number" : "a text"));
  }
  return found->get<T>();
}

// What `columns[index]` of the record at `path` says, without values. Throws
// InputError for what is missing or not known.
Column ReadColumn(const nlohmann::json& described, size_t index,
                  const std::string& path);

}  // namespace airlock
