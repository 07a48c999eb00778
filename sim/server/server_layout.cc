#include "sim/server/server_layout.h"

#include <map>

namespace airlock {
namespace {

// Beyond this many flows the shares are equal for all purposes.
constexpr int64_t kManyFlows = 100000;

// Packets that pass each step, for each that enters.
std::vector<double> Visits(const std::vector<ChainStep>& steps) {
  std::vector<double> visits(steps.size());
  visits[0] = 1;
  for (size_t i = 0; i < steps.size(); ++i) {
    for (const ChainStep::Next& next : steps[i].next) {
      if (next.step < 0) continue;
      visits[static_cast<size_t>(next.step)] += visits[i] * next.share;
    }
  }
  return visits;
}

}  // namespace

ServerLayout LayOut(const ServersConfig& servers) {
  ServerLayout layout;
  std::map<std::string, size_t> function_of;
  for (size_t i = 0; i < servers.functions.size(); ++i) {
    function_of[servers.functions[i].name] = i;
  }
  std::map<std::string, size_t> station_of;
  for (const ServiceChainConfig& chain : servers.chains) {
    const std::vector<ChainStep> steps = ChainSteps(chain);
    std::vector<StepPlan>& plans = layout.chains.emplace_back();
    if (chain.mode == "run-to-completion") {
      StationPlan station{chain.name, {}, true};
      const std::vector<double> visits = Visits(steps);
      for (size_t i = 0; i < steps.size(); ++i) {
        station.parts.push_back({function_of.at(steps[i].function), visits[i]});
      }
      plans.push_back({layout.stations.size(), {{-1, 1}}});
      layout.stations.push_back(std::move(station));
      continue;
    }
    for (const ChainStep& step : steps) {
      const auto [it, fresh] =
          station_of.emplace(step.function, layout.stations.size());
      if (fresh) {
        layout.stations.push_back(
            {step.function, {{function_of.at(step.function), 1}}, false});
      }
      StepPlan& plan = plans.emplace_back();
      plan.station = it->second;
      double sum = 0;
      for (const ChainStep::Next& next : step.next) {
        sum += next.share;
        plan.next.push_back({static_cast<int32_t>(next.step), sum});
      }
    }
    layout.stations[plans[0].station].receives = true;
  }
  return layout;
}

std::vector<double> FlowShares(int64_t flows, size_t instances,
                               RngStream stream) {
  std::vector<double> shares(instances);
  if (flows > kManyFlows) {
    for (size_t i = 0; i < instances; ++i) {
      shares[i] = static_cast<double>(i + 1) / static_cast<double>(instances);
    }
    return shares;
  }
  for (int64_t i = 0; i < flows; ++i) shares[stream.UniformInt(instances)] += 1;
  double sum = 0;
  for (double& share : shares) {
    sum += share / static_cast<double>(flows);
    share = sum;
  }
  shares.back() = 1;
  return shares;
}

}  // namespace airlock
