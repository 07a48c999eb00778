#include "sim/surrogate/pool_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {

std::string WeightSetting(const std::string& server) {
  return "server." + server + ".weight";
}

std::vector<double> WithWeights(const BalancerConfig& balancer,
                                const Action& action,
                                std::vector<double> weights) {
  for (const auto& [setting, value] : action.settings) {
    size_t at = 0;
    while (at < weights.size() &&
           setting != WeightSetting(balancer.servers[at].name)) {
      ++at;
    }
    if (at == weights.size()) {
      throw InputError(fmt::format(
          "this scenario has no setting '{}': a pool has server.NAME.weight",
          setting));
    }
    if (!(value >= 0 && value <= kMostWeight)) {
      throw InputError(
          fmt::format("{}: {} is out of range (0 to 2)", setting, value));
    }
    weights[at] = value;
  }
  if (std::all_of(weights.begin(), weights.end(),
                  [](double weight) { return weight == 0; })) {
    throw InputError("all weights are 0: no server would get a flow");
  }
  return weights;
}

}  // namespace airlock
