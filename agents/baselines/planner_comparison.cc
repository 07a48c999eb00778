#include "agents/baselines/planner_comparison.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/bootstrap.h"
#include "sim/surrogate/airtime_batch.h"
#include "sim/workload/load_profiles.h"

namespace airlock {
namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

std::vector<double> Values(const Eigen::ArrayXd& array) {
  return std::vector<double>(array.data(), array.data() + array.size());
}

// One planner on one network, slot by slot.
class Trial {
 public:
  Trial(const PlannerRow& row, const PlannerInstance& instance,
        const PlannerCase& setting, Replication number)
      : row_(row),
        setting_(setting),
        table_(setting.channels, setting.bonding_levels),
        batch_(table_, setting.choices) {
    const RngTree tree(setting.seed);
    PlannerSetup setup{table_, setting.choices,
                       tree.Stream("planner/" + std::string(row.name), number),
                       setting.slot_seconds};
    planner_ = row.create(setup);
    LoadSite site;
    site.names = instance.access_points;
    site.x = instance.x;
    site.y = instance.y;
    site.slot_seconds = setting.slot_seconds;
    course_ = FindLoadProfile(setting.loads)
                  .create(site, tree.Stream("planner/loads", number));
    batch_.Add(InterferenceMap(instance.rssi_dbm, setting.choices));
    view_.access_points = instance.access_points;
    view_.rssi_dbm = instance.rssi_dbm;
    view_.noise_dbm.assign(instance.access_points.size(),
                           std::numeric_limits<double>::quiet_NaN());
    RngStream first = tree.Stream("planner/first-plan", number);
    for (int i = 0; i < view_.size(); ++i) {
      view_.plan.push_back(
          {static_cast<int>(first.UniformInt(table_.channels())), 0});
    }
    for (int64_t t = 0; t < setting.history_slots; ++t) Remember(Next());
  }

  void Run(PlannerScore* score) {
    Eigen::ArrayXd loads = Next();
    Regret sum;
    for (int64_t t = 0; t < setting_.slots; ++t) {
      Remember(loads);
      const Eigen::ArrayXd next = Next();
      const double seconds = Decide(t, next);
      std::vector<Regret> regret;
      batch_.Step(view_.plan, loads, next, &regret);
      loads = next;
      if (t < setting_.dropped) continue;
      sum.service += regret[0].service;
      sum.change += regret[0].change;
      score->seconds_per_decision += seconds;
      ++score->decisions;
    }
    const auto counted =
        static_cast<double>((setting_.slots - setting_.dropped) * view_.size());
    score->service.push_back(sum.service / counted);
    score->change.push_back(sum.change / counted);
    score->regret.push_back(
        (sum.service + setting_.choices.change_weight * sum.change) / counted);
  }

 private:
  Eigen::ArrayXd Next() { return course_->Next(); }

  void Remember(const Eigen::ArrayXd& loads) {
    view_.loads.push_back(Values(loads));
    if (view_.loads.size() > PlannerView::kHistorySlots) {
      view_.loads.pop_front();
    }
  }

  // Plans slot t + 1, of loads `next`; returns the CPU time that it took.
  double Decide(int64_t t, const Eigen::ArrayXd& next) {
    view_.slot = t;
    const auto begin = static_cast<double>(setting_.history_slots + t + 1);
    view_.seconds_of_day = std::fmod(begin * setting_.slot_seconds, 86400);
    view_.known_loads.reset();
    if (setting_.known_loads || row_.needs_known_loads) {
      view_.known_loads = Values(next);
    }
    CheckView(view_, table_);
    batch_.SetPlan(view_.plan);
    const double started = CpuSeconds();
    view_.plan = planner_->Decide(view_);
    const double seconds = CpuSeconds() - started;
    CheckPlan(view_.plan, view_.access_points, table_);
    return seconds;
  }

  const PlannerRow& row_;
  const PlannerCase& setting_;
  const ChannelTable table_;
  AirtimeBatch batch_;
  std::unique_ptr<ChannelPlanner> planner_;
  std::unique_ptr<LoadCourse> course_;
  PlannerView view_;
};

}  // namespace

PlannerScore ScorePlanner(const std::string& planner,
                          const std::vector<PlannerInstance>& instances,
                          const PlannerCase& setting) {
  const PlannerRow& row = FindPlanner(planner);
  if (setting.dropped < 0 || setting.slots <= setting.dropped) {
    throw InputError(
        fmt::format("{} slots of which the first {} are dropped: "
                    "none is left to count",
                    setting.slots, setting.dropped));
  }
  PlannerScore score;
  score.planner = planner;
  for (size_t k = 0; k < instances.size(); ++k) {
    Trial(row, instances[k], setting, Replication(static_cast<int64_t>(k)))
        .Run(&score);
  }
  score.seconds_per_decision /=
      static_cast<double>(std::max<int64_t>(1, score.decisions));
  return score;
}

Interval MeanOverInstances(const std::vector<double>& values) {
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
