#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "sim/base/error.h"

namespace airlock {

// The entry of `table` named `name`; throws InputError with the known names.
template <typename Entry>
const Entry& FindByName(const std::vector<Entry>& table, const char* key,
                        const std::string& name) {
  std::string known;
  for (const Entry& entry : table) {
    if (name == entry.name) return entry;
    known += std::string(known.empty() ? "" : ", ") + entry.name;
  }
  throw InputError(
      fmt::format("{}: '{}' is not known; known: {}", key, name, known));
}

}  // namespace airlock
