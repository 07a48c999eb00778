#pragma once

#include <cmath>
#include <nlohmann/json.hpp>

namespace airlock {

// JSON has no NaN and no infinity: such a value is null.
inline nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

}  // namespace airlock
