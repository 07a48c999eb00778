#pragma once

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"

namespace airlock {

// The state of an environment that is some numbers. JSON keeps every bit.
template <size_t kCount>
nlohmann::json SavedNumbers(const std::array<double, kCount>& state) {
  return state;
}

template <size_t kCount>
void LoadNumbers(const std::string& env, const nlohmann::json& saved,
                 std::array<double, kCount>* state) {
  bool good = saved.is_array() && saved.size() == kCount;
  for (size_t i = 0; good && i < kCount; ++i) good = saved[i].is_number();
  if (!good) {
    throw InputError(fmt::format("{}: a saved state is {} numbers, not {}", env,
                                 kCount, saved.dump().substr(0, 80)));
  }
  *state = saved.get<std::array<double, kCount>>();
}

}  // namespace airlock
