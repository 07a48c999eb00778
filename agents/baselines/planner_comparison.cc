#include "agents/baselines/planner_comparison.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <numeric>

#include "agents/baselines/planner_scenario.h"
#include "agents/baselines/planners/planners.h"
#include "sim/base/error.h"
#include "sim/scenario/wlan_propagation.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/moments.h"
#include "sim/surrogate/airtime_batch.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

// One planner in one replication, slot by slot.
class Trial {
 public:
  Trial(const PlannerRow& row, const PlannerCase& setting, Replication number)
      : row_(row),
        setting_(setting),
        wlan_(NetworkOf(setting.scenario, number)),
        setup_(PlannerSetupOf(row.name, setting.scenario, number)),
        planner_(Created(row, setting, setup_, number)),
        loads_(FutureLoadsOf(setting.scenario, number)),
        batch_(setup_.table, setup_.choices) {
    const Eigen::MatrixXd rssi =
        RssiOf(wlan_, setting.scenario.run.seed + OwnSeed(number));
    batch_.Add(InterferenceMap(rssi, setup_.choices));
    for (const AccessPointConfig& ap : wlan_.access_points) {
      view_.access_points.push_back(ap.name);
    }
    view_.rssi_dbm = setting.hears_all ? rssi : Heard(rssi);
    view_.noise_dbm.assign(view_.access_points.size(),
                           std::numeric_limits<double>::quiet_NaN());
    view_.plan = PlanOf(wlan_, setup_.table);
    batch_.SetPlan(view_.plan);
  }

  void Run(PlannerScore* score) {
    const int64_t dropped = wlan_.airtime.dropped_slots;
    for (int64_t t = 0; t < setting_.history_slots; ++t) Remember(Next());
    std::vector<double> loads = Next();
    Regret sum;
    for (int64_t slot = 0; slot < setting_.slots; ++slot) {
      std::vector<double> next = loads;
      if (slot > 0) {
        Remember(loads);
        next = Next();
        const double seconds = Decide(slot, next);
        score->seconds_per_decision += seconds;
        score->slowest_seconds = std::max(score->slowest_seconds, seconds);
        ++score->decisions;
      }
      std::vector<Regret> regret;
      batch_.Step(view_.plan, ToArray(loads), ToArray(next), &regret);
      loads = next;
      if (slot < dropped) continue;
      sum.service += regret[0].service;
      sum.change += regret[0].change;
    }
    const auto counted =
        static_cast<double>((setting_.slots - dropped) * view_.size());
    score->service.push_back(sum.service / counted);
    score->change.push_back(sum.change / counted);
    score->regret.push_back(
        (sum.service + setup_.choices.change_weight * sum.change) / counted);
  }

 private:
  static std::unique_ptr<ChannelPlanner> Created(const PlannerRow& row,
                                                 const PlannerCase& setting,
                                                 const PlannerSetup& setup,
                                                 Replication number) {
    auto planner = row.create(setup);
    if (!setting.decorate) return planner;
    return setting.decorate(std::move(planner), setup, number);
  }

  int64_t OwnSeed(Replication number) const {
    return setting_.scenario.wlan->generated ? number.value() : 0;
  }

  // What a scan of the engines finds.
  static Eigen::MatrixXd Heard(Eigen::MatrixXd rssi) {
    for (double& value : rssi.reshaped()) {
      if (value < kPreambleThreshold.value()) {
        value = std::numeric_limits<double>::quiet_NaN();
      }
    }
    return rssi;
  }

  static Eigen::ArrayXd ToArray(const std::vector<double>& values) {
    return Eigen::Map<const Eigen::ArrayXd>(
        values.data(), static_cast<Eigen::Index>(values.size()));
  }

  // The loads of the next slot of the course.
  std::vector<double> Next() {
    const auto by_name = loads_(slot_begin_);
    slot_begin_ = slot_begin_ + setting_.scenario.controller.interval;
    std::vector<double> loads;
    for (const std::string& ap : view_.access_points) {
      loads.push_back(by_name.at(ap));
    }
    return loads;
  }

  void Remember(const std::vector<double>& loads) {
    view_.loads.push_back(loads);
    if (view_.loads.size() > PlannerView::kHistorySlots) {
      view_.loads.pop_front();
    }
  }

  // Plans `slot`, of loads `next`; returns the CPU time that it took.
  double Decide(int64_t slot, const std::vector<double>& next) {
    view_.slot = slot - 1;
    view_.run_seconds = static_cast<double>(slot) * setup_.slot_seconds;
    const auto begin = static_cast<double>(setting_.history_slots + slot);
    view_.seconds_of_day = std::fmod(begin * setup_.slot_seconds, 86400);
    view_.known_loads.reset();
    if (setting_.known_loads || row_.needs_known_loads) {
      view_.known_loads = next;
    }
    CheckView(view_, setup_.table);
    const double started = CpuSeconds();
    view_.plan = planner_->Decide(view_);
    const double seconds = CpuSeconds() - started;
    CheckPlan(view_.plan, view_.access_points, setup_.table);
    return seconds;
  }

  const PlannerRow& row_;
  const PlannerCase& setting_;
  const WlanConfig wlan_;
  const PlannerSetup setup_;
  const std::unique_ptr<ChannelPlanner> planner_;
  const PlannerController::FutureLoads loads_;
  AirtimeBatch batch_;
  SimTime slot_begin_;
  PlannerView view_;
};

void Check(const PlannerCase& setting) {
  const Scenario& scenario = setting.scenario;
  if (!scenario.wlan) {
    throw InputError("planners are compared on a WLAN; this scenario has none");
  }
  const SimTime slot = scenario.wlan->load.slot;
  if (scenario.controller.interval != slot) {
    throw InputError(fmt::format(
        "controller.interval is {} s and wlan.load.slot {} s; planners are "
        "compared with one decision a slot",
        Seconds(scenario.controller.interval), Seconds(slot)));
  }
  const int64_t dropped = scenario.wlan->airtime.dropped_slots;
  if (setting.slots <= dropped) {
    throw InputError(
        fmt::format("{} slots of which the first {} are dropped: "
                    "none is left to count",
                    setting.slots, dropped));
  }
}

}  // namespace

PlannerScore ScorePlanner(const std::string& planner,
                          const PlannerCase& setting) {
  const PlannerRow row = FindPlanner(
      planner, IsTrainedPlanner(planner) ? setting.scenario.controller.policy
                                         : std::string());
  Check(setting);
  PlannerScore score;
  score.planner = planner;
  for (int64_t k = 0; k < setting.scenario.run.replications; ++k) {
    Trial(row, setting, Replication(k)).Run(&score);
  }
  score.seconds_per_decision /=
      static_cast<double>(std::max<int64_t>(1, score.decisions));
  return score;
}

Interval MeanOverReplications(const std::vector<double>& values) {
  RngStream rng = RngTree(1).Stream("planner/bootstrap", Replication(0));
  return BootstrapInterval(values, Mean, {}, &rng);
}

Interval RelativeDifference(const std::vector<double>& a,
                            const std::vector<double>& b) {
  AIRLOCK_CHECK(a.size() == b.size());
  std::vector<double> positions(a.size());
  std::iota(positions.begin(), positions.end(), 0.0);
  const Statistic relative = [&](const std::vector<double>& chosen) {
    double sum_a = 0;
    double sum_b = 0;
    for (double position : chosen) {
      sum_a += a[static_cast<size_t>(position)];
      sum_b += b[static_cast<size_t>(position)];
    }
    return sum_a / sum_b - 1;
  };
  RngStream rng = RngTree(1).Stream("planner/bootstrap", Replication(1));
  return BootstrapInterval(positions, relative, {}, &rng);
}

}  // namespace airlock
