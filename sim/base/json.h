#pragma once

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace airlock {

// JSON has no NaN and no infinity: such a value is null.
inline nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}
// And back: null is NaN.
inline double NumberOrMissing(const nlohmann::json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                         : value.get<double>();
}

// Why a JSON text is not what it should be, for people: "not JSON at line 3,
// column 17", "key 'filetype' not found", "a value has the wrong type".
inline std::string CauseOf(const nlohmann::json::exception& error) {
  const std::string text = error.what();
  if (dynamic_cast<const nlohmann::json::parse_error*>(&error) != nullptr) {
    // "[json.exception.parse_error.101] parse error at line 3, column 17: ..."
    const size_t begin = text.find("line ");
    const size_t end = text.find(':', begin);
    if (begin == std::string::npos || end == std::string::npos) {
      return "not JSON";
    }
    return "not JSON at " + text.substr(begin, end - begin);
  }
  if (dynamic_cast<const nlohmann::json::out_of_range*>(&error) != nullptr) {
    return text.substr(text.find("] ") + 2);
  }
  return "a value has the wrong type";
}

}  // namespace airlock
