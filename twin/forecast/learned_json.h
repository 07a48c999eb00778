#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {

// Reads what a forecaster's Save() wrote with `read(json)`. Throws InputError
// naming the forecaster for any other text.
template <typename Read>
auto ParseLearned(const char* forecaster, const std::string& text, Read read) {
  try {
    return read(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("forecaster {}: not its parameters: {}",
                                 forecaster, CauseOf(e)));
  }
}

}  // namespace airlock
