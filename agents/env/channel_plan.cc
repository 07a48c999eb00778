#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agents/env/network_task.h"
#include "agents/env/station_floor.h"
#include "sim/base/error.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

constexpr double kLongestDelay = 1;  // s; counts no further

double ValueOr(const Observation& counters, const std::string& column,
               double missing) {
  const double value = counters.values.at(column);
  return std::isnan(value) ? missing : value;
}

// One head an access point: its primary channel, of those that regulation
// allows in its band. The reward is the mean over access points of the share of
// the offered payload that was delivered, less their mean 95th percentile of
// the delay in seconds, of at most one.
class ChannelPlanTask : public NetworkTaskRules {
 public:
  explicit ChannelPlanTask(const Scenario& scenario) {
    if (!scenario.wlan) {
      throw InputError(
          fmt::format("scenario '{}': channel-plan needs a WLAN; there is none",
                      scenario.name));
    }
    const WlanConfig wlan = WithAccessPoints(*scenario.wlan, scenario.run.seed);
    spec_.name = "channel-plan";
    for (const AccessPointConfig& ap : wlan.access_points) {
      Cell cell;
      cell.name = ap.name;
      cell.channels = AllowedPrimaries(FindWlanRegion(wlan.region), wlan.dfs,
                                       StandardOf(wlan, ap),
                                       WidthMhzOf(wlan, ap), ap.channel);
      spec_.observation.push_back({ap.name + ".load", "1", 0, 10});
      spec_.observation.push_back({ap.name + ".busy", "1", 0, 1});
      spec_.observation.push_back({ap.name + ".delivered", "1", 0, 1});
      spec_.observation.push_back({ap.name + ".delay", "s", 0, kLongestDelay});
      for (const int64_t channel : cell.channels) {
        spec_.observation.push_back(
            {fmt::format("{}.on.{}", ap.name, channel), "1", 0, 1, true});
      }
      spec_.action.choices.push_back(
          static_cast<int64_t>(cell.channels.size()));
      cells_.push_back(std::move(cell));
    }
    floors_ = StationFloors(wlan);
    // Shares: of stations below their floor, of access points that moved.
    spec_.costs = {"starving", "churn"};
    spec_.time_limit = DecisionsOf(scenario);
  }

  const EnvSpec& spec() const override { return spec_; }

  Action ActionOf(const double* choices) const override {
    Action action;
    for (const Cell& cell : cells_) {
      action.settings[ChannelSettingName(cell.name)] =
          static_cast<double>(cell.channels[static_cast<size_t>(*choices++)]);
    }
    return action;
  }

  std::vector<double> Staying(const Observation& counters) const override {
    std::vector<double> choices;
    for (const Cell& cell : cells_) {
      choices.push_back(
          ChoiceOf(counters.values.at(ApColumnName(cell.name, kApChannel)),
                   cell.channels));
    }
    return choices;
  }

  double Judge(const Observation& counters, double* costs) const override {
    double reward = 0, moves = 0;
    for (const Cell& cell : cells_) {
      const std::string ap = "ap." + cell.name;
      reward += Delivered(counters, cell) - Delay(counters, cell);
      moves += std::min(1.0, counters.values.at(ap + ".switches"));
    }
    const auto count = static_cast<double>(cells_.size());
    costs[0] = StarvingShare(counters, floors_);
    costs[1] = moves / count;
    return reward / count;
  }

  // Where a value is missing: no load is known of who gets nothing through,
  // which is 2; nothing was heard, which is free.
  void Show(const Observation& counters, double* observation) const override {
    for (const Cell& cell : cells_) {
      const std::string ap = "ap." + cell.name;
      *observation++ = std::min(
          10.0, ValueOr(counters, ApColumnName(cell.name, kApLoad), 2));
      *observation++ = ValueOr(counters, ApColumnName(cell.name, kApBusy), 0);
      *observation++ = Delivered(counters, cell);
      *observation++ = Delay(counters, cell);
      const double now =
          ValueOr(counters, ApColumnName(cell.name, kApChannel), 0);
      for (const int64_t channel : cell.channels) {
        *observation++ = now == static_cast<double>(channel);
      }
    }
  }

 private:
  struct Cell {
    std::string name;
    std::vector<int64_t> channels;
  };

  static double Delivered(const Observation& counters, const Cell& cell) {
    const std::string ap = "ap." + cell.name;
    const double offered = ValueOr(counters, ap + ".offered_rate", 0);
    if (offered <= 0) return 1;
    return std::min(1.0,
                    ValueOr(counters, ap + ".delivered_rate", 0) / offered);
  }
  // Who gets nothing through has the longest.
  static double Delay(const Observation& counters, const Cell& cell) {
    const std::string ap = "ap." + cell.name;
    const bool idle = !(ValueOr(counters, ap + ".offered_rate", 0) > 0);
    return std::min(kLongestDelay, ValueOr(counters, ap + ".latency_p95",
                                           idle ? 0 : kLongestDelay));
  }

  std::vector<Cell> cells_;
  std::vector<StationFloor> floors_;
  EnvSpec spec_;
};

}  // namespace

std::unique_ptr<NetworkTaskRules> ChannelPlanRules(const Scenario& scenario) {
  return std::make_unique<ChannelPlanTask>(scenario);
}

}  // namespace airlock
