#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "twin/registry/version_store.h"

namespace airlock {

// What a model's file says about itself, where it is one of `airlock forecast
// fit`; nothing is known of a model of another kind. Private to twin/registry.
struct ModelFacts {
  std::string target;  // "delivered_rate"
  std::string target_unit;
  int64_t horizon = 0;  // samples ahead
  std::string forecaster;
  std::string trainer;
  std::vector<std::string> features;  // "function.inspect.busy [1]"
  int64_t training_samples = 0;
  std::string training_digest;
};

std::optional<ModelFacts> FactsOf(const ModelVersion& version);

}  // namespace airlock
