#include "agents/baselines/planner_scenario.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/base/error.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"
#include "sim/workload/load_profiles.h"

namespace airlock {
namespace {

// The loads of a scenario's profile, slot by slot.
class FutureCourse {
 public:
  FutureCourse(const Scenario& scenario, Replication replication)
      : wlan_(NetworkOf(scenario, replication)),
        slot_(wlan_.load.slot),
        full_(OfferedRates(wlan_) /
              static_cast<double>(wlan_.airtime.channel_rate.value())),
        loads_(full_) {
    if (wlan_.load.profile == "constant") return;
    const RngTree tree(static_cast<uint64_t>(scenario.run.seed));
    trace_ = ReadLoadTrace(wlan_);
    course_ = CreateLoadCourse(wlan_, trace_.get(), tree, replication);
  }

  // Of the slot that has begun at `time`, or begins then.
  std::map<std::string, double> At(SimTime time) {
    while (course_ != nullptr && slot_end_ <= time) {
      loads_ = course_->Next() * full_;
      slot_end_ = slot_end_ + slot_;
    }
    std::map<std::string, double> loads;
    for (size_t i = 0; i < wlan_.access_points.size(); ++i) {
      loads[wlan_.access_points[i].name] = loads_[static_cast<Eigen::Index>(i)];
    }
    return loads;
  }

 private:
  const WlanConfig wlan_;
  const SimTime slot_;
  const Eigen::ArrayXd full_;  // at a load factor of 1
  std::unique_ptr<Trace> trace_;
  std::unique_ptr<LoadCourse> course_;  // none: constant
  Eigen::ArrayXd loads_;
  SimTime slot_end_;
};

}  // namespace

WlanConfig NetworkOf(const Scenario& scenario, Replication replication) {
  return WithAccessPoints(*scenario.wlan,
                          scenario.run.seed + replication.value());
}

PlannerSetup PlannerSetupOf(const std::string& name, const Scenario& scenario,
                            Replication replication) {
  AIRLOCK_CHECK(scenario.wlan.has_value());
  const RngTree tree(static_cast<uint64_t>(scenario.run.seed));
  return {AllowedChannels(NetworkOf(scenario, replication)),
          ChoicesOf(scenario.wlan->airtime),
          tree.Stream("agent/" + name, replication),
          Seconds(scenario.controller.interval),
          Seconds(scenario.wlan->time_of_day)};
}

std::vector<Scenario> BandsOf(const Scenario& scenario,
                              Replication replication) {
  AIRLOCK_CHECK(scenario.wlan.has_value());
  std::vector<Scenario> bands;
  const WlanConfig wlan = NetworkOf(scenario, replication);
  for (const AccessPointConfig& ap : wlan.access_points) {
    const bool low = In24GhzBand(ap.channel);
    auto band =
        std::find_if(bands.begin(), bands.end(), [low](const Scenario& one) {
          return low == In24GhzBand(one.wlan->access_points.front().channel);
        });
    if (band == bands.end()) {
      bands.push_back(scenario);
      bands.back().wlan = wlan;
      bands.back().wlan->access_points.clear();
      band = bands.end() - 1;
    }
    band->wlan->access_points.push_back(ap);
  }
  if (bands.empty()) bands.push_back(scenario);
  return bands;
}

PlannerController::Radios RadiosOf(const Scenario& scenario,
                                   Replication replication) {
  constexpr int kWidest = 3;  // 160 MHz
  const WlanConfig wlan = NetworkOf(scenario, replication);
  PlannerController::Radios radios;
  for (const AccessPointConfig& ap : wlan.access_points) {
    int most = 0;
    while (most < kWidest &&
           !WlanChannels(StandardOf(wlan, ap), 20 << (most + 1), ap.channel)
                .empty()) {
      ++most;
    }
    radios[ap.name] = most;
  }
  return radios;
}

ShieldLimits ShieldLimitsOf(const Scenario& scenario,
                            const PlannerController::Radios& radios,
                            const std::vector<std::string>& access_points) {
  AIRLOCK_CHECK(scenario.controller.shield.has_value());
  const ShieldConfig& shield = *scenario.controller.shield;
  ShieldLimits limits;
  limits.dwell_seconds = Seconds(shield.dwell);
  limits.changes_an_hour = shield.changes_per_hour;
  limits.served_floor = shield.served_floor.value();
  limits.non_occupancy_seconds = Seconds(shield.non_occupancy);
  for (const RadarConfig& radar : shield.radars) {
    limits.radars.push_back(
        {Seconds(radar.time), static_cast<int>(radar.channel)});
  }
  for (const std::string& ap : access_points) {
    limits.most_bonding.push_back(radios.at(ap));
  }
  return limits;
}

PlannerController::FutureLoads FutureLoadsOf(const Scenario& scenario,
                                             Replication replication) {
  AIRLOCK_CHECK(scenario.wlan.has_value());
  auto course = std::make_shared<FutureCourse>(scenario, replication);
  return [course](SimTime time) { return course->At(time); };
}

}  // namespace airlock
