#include "agents/baselines/queue_target.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace airlock {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

}  // namespace

Action QueueTargetController::Decide(const Observation& observation) {
  double longest = 0;
  for (const auto& [name, value] : observation.values) {
    if (EndsWith(name, ".queue_mean") && std::isfinite(value)) {
      longest = std::max(longest, value);
    }
  }
  if (longest <= 0) return {};
  const double factor = std::clamp(std::sqrt(target_ / longest), 0.5, 2.0);
  threshold_ = std::clamp(threshold_ * factor, 2.0, 1000.0);
  Action action;
  action.settings["ecn_threshold"] = std::round(threshold_);
  return action;
}

}  // namespace airlock
