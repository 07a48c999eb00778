#include "agents/placement/placement_view.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

// Beyond what clocks and noise do to a share of time.
constexpr double kBusiestShare = 1.2;

double ValueOf(const std::map<std::string, double>& values,
               const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::numeric_limits<double>::quiet_NaN()
                               : found->second;
}

bool IsCount(double value) { return std::isfinite(value) && value >= 0; }

}  // namespace

PlacementView PlacementViewOf(const std::map<std::string, double>& values,
                              const PlacementSetup& setup,
                              const PlacementPlan& present) {
  PlacementView view;
  for (size_t f = 0; f < setup.functions(); ++f) {
    const std::string scope =
        "function." + setup.servers.functions[f].name + ".";
    view.functions.push_back({ValueOf(values, scope + "busy") /
                                  static_cast<double>(present.cores[f]),
                              ValueOf(values, scope + "packets") +
                                  ValueOf(values, scope + "ring_drops")});
  }
  for (const ServiceChainConfig& chain : setup.servers.chains) {
    const std::string scope = "chain." + chain.name + ".";
    view.chains.push_back({ValueOf(values, scope + "offered_packet_rate"),
                           ValueOf(values, scope + "delivered_packet_rate"),
                           ValueOf(values, scope + "latency_p99")});
  }
  return view;
}

PlacementView PlacementViewOf(const SteadyState& state) {
  PlacementView view;
  for (const SteadyFunction& f : state.functions) {
    view.functions.push_back({f.busy, f.packets_per_second});
  }
  for (const SteadyChain& chain : state.chains) {
    view.chains.push_back(
        {chain.offered, chain.delivered, chain.latency_p99_seconds});
  }
  return view;
}

std::string DoubtOf(const PlacementView& view, const PlacementSetup& setup) {
  for (size_t f = 0; f < view.functions.size(); ++f) {
    const FunctionView& one = view.functions[f];
    const std::string& name = setup.servers.functions[f].name;
    if (!IsCount(one.packets_per_second)) {
      return fmt::format("packets at {} are {}", name, one.packets_per_second);
    }
    if (!IsCount(one.busy) || one.busy > kBusiestShare) {
      return fmt::format("{} is busy for {} of the time", name, one.busy);
    }
    if (one.packets_per_second > 0 && one.busy == 0) {
      return fmt::format("{} is idle at {:.4g} packets a second", name,
                         one.packets_per_second);
    }
  }
  for (size_t c = 0; c < view.chains.size(); ++c) {
    const ChainView& one = view.chains[c];
    const std::string& name = setup.servers.chains[c].name;
    if (!IsCount(one.offered) || !IsCount(one.delivered)) {
      return fmt::format(
          "of chain {} {} packets a second are offered, {} "
          "delivered",
          name, one.offered, one.delivered);
    }
    if (one.latency_p99_seconds <= 0) {
      return fmt::format("packets of chain {} take {} s", name,
                         one.latency_p99_seconds);
    }
  }
  return "";
}

std::vector<double> OfferedIn(const PlacementView& view) {
  std::vector<double> offered;
  for (const ChainView& chain : view.chains) offered.push_back(chain.offered);
  return offered;
}

}  // namespace airlock
