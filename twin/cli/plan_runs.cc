#include "twin/cli/plan_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/telemetry/wlan_columns.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

// Two halves, whose agreement says how much is chance.
constexpr int64_t kFewestSamples = 2;

int64_t SamplesOf(const RunConfig& run) {
  return run.duration.value() / run.sample_interval.value();
}

// The first sample that begins after the switch, at the end of the first
// interval, and the time to settle; all of them if none does. A sample covers
// the time since the one before.
int64_t FirstSample(const Scenario& scenario, const PlanRunOptions& options) {
  const double from =
      Seconds(scenario.controller.interval) + options.settle_seconds;
  const double interval = Seconds(scenario.run.sample_interval);
  const double first = std::ceil(from / interval * (1 - 1e-9));
  const auto samples = static_cast<double>(SamplesOf(scenario.run));
  return static_cast<int64_t>(std::min(first, samples));
}

// The scenario as plans are run: nothing changes but the plan, once.
ResolvedScenario Steady(const ResolvedScenario& resolved,
                        const PlanRunOptions& options) {
  Scenario scenario = resolved.scenario();
  if (!scenario.wlan) {
    throw InputError(resolved.path() + ": --against needs a WLAN");
  }
  scenario.run.engine = "packet";
  scenario.run.replications = options.plans;
  scenario.controller.agent = "static";
  scenario.controller.policy.clear();
  scenario.controller.interval = scenario.run.sample_interval;
  scenario.wlan->load.profile = "constant";
  scenario.wlan->load.trace.clear();
  ChannelSwitchConfig& cost = scenario.wlan->channel_switch;
  cost.announcement_beacons = 0;
  cost.dead_time = SimTime(0);
  cost.miss_probability = Ratio(0);
  Diagnostics diagnostics;
  auto steady = Resolve(scenario, &diagnostics);
  if (!steady) {
    throw InputError(resolved.path() + ": its plans cannot be run:\n" +
                     diagnostics.Format());
  }
  const int64_t measured =
      SamplesOf(scenario.run) - FirstSample(scenario, options);
  if (measured < kFewestSamples) {
    throw InputError(
        fmt::format("{}: run.duration of {} leaves {} of its samples of {} to "
                    "measure after the first one and {} s to settle: at least "
                    "{} are needed",
                    resolved.path(), ToString(scenario.run.duration), measured,
                    ToString(scenario.run.sample_interval),
                    options.settle_seconds, kFewestSamples));
  }
  return *steady;
}

ChannelPlan DrawPlan(const ChannelTable& table, size_t access_points,
                     RngStream stream) {
  ChannelPlan plan;
  for (size_t i = 0; i < access_points; ++i) {
    const auto& all = table.assignments();
    plan.push_back(all[stream.UniformInt(all.size())]);
  }
  return plan;
}

Action ActionOf(const WlanConfig& wlan, const ChannelTable& table,
                const ChannelPlan& plan) {
  Action action;
  for (size_t i = 0; i < plan.size(); ++i) {
    const std::string& name = wlan.access_points[i].name;
    action.settings[ChannelSettingName(name)] = table.Number(plan[i].channel);
    action.settings[WidthSettingName(name)] =
        ChannelTable::WidthHz(plan[i].bonding);
  }
  return action;
}

// Of the samples [first, end).
double Mean(const Column& column, size_t first, size_t end) {
  double sum = 0;
  int64_t count = 0;
  for (size_t k = first; k < end; ++k) {
    if (std::isnan(column.values[k])) continue;
    sum += column.values[k];
    ++count;
  }
  if (count == 0) {
    throw Error(fmt::format("{} has no value in samples {} to {} of a plan",
                            column.name, first + 1, end));
  }
  return sum / static_cast<double>(count);
}

// Whether the access points are where the plan wants them at the end of every
// sample from `first` on.
bool InForce(const Trace& series, const WlanConfig& wlan, const Action& wanted,
             size_t first) {
  for (const AccessPointConfig& ap : wlan.access_points) {
    const Column& channel = series.Get(ApColumnName(ap.name, kApChannel));
    const Column& width = series.Get(ApColumnName(ap.name, kApWidth));
    const double to = wanted.settings.at(ChannelSettingName(ap.name));
    const double to_width = wanted.settings.at(WidthSettingName(ap.name));
    for (size_t k = first; k < series.time_seconds.size(); ++k) {
      if (channel.values[k] != to || width.values[k] != to_width) return false;
    }
  }
  return true;
}

PlanMeasurement MeasurementOf(const Trace& series, const WlanConfig& wlan,
                              const ChannelPlan& plan, size_t first) {
  const size_t end = series.time_seconds.size();
  const size_t middle = first + (end - first) / 2;
  const Eigen::Index n = static_cast<Eigen::Index>(plan.size());
  PlanMeasurement measured{plan, Eigen::ArrayXd(n), Eigen::ArrayXd(n),
                           Eigen::ArrayXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::string name = "ap." + wlan.access_points[i].name + ".";
    const Column& delivered = series.Get(name + "delivered_rate");
    measured.offered[i] = Mean(series.Get(name + "offered_rate"), first, end);
    measured.delivered[i] = Mean(delivered, first, end);
    measured.busy[i] =
        Mean(series.Get(ApColumnName(wlan.access_points[i].name, kApBusy)),
             first, end);
    measured.first_half += Mean(delivered, first, middle);
    measured.second_half += Mean(delivered, middle, end);
  }
  return measured;
}

}  // namespace

PlanRuns RunRandomPlans(const ResolvedScenario& resolved,
                        const PlanRunOptions& options,
                        const Progress& progress) {
  const ResolvedScenario steady = Steady(resolved, options);
  const Scenario& scenario = steady.scenario();
  const WlanConfig& wlan = *scenario.wlan;
  const ChannelTable table = AllowedChannels(wlan);
  const RngTree tree(static_cast<uint64_t>(scenario.run.seed));
  std::vector<ChannelPlan> plans;
  ControllerCall branches;
  for (int64_t p = 0; p < options.plans; ++p) {
    plans.push_back(DrawPlan(table, wlan.access_points.size(),
                             tree.Stream("calibrate/plans", Replication(p))));
    branches.branches.push_back({p, ActionOf(wlan, table, plans.back())});
  }
  BatchOptions batch;
  batch.jobs = options.jobs;
  batch.controller = branches;
  std::vector<ControlRecord> control;
  batch.control = &control;
  const RunRecord record = RunBatch(steady, batch, progress);
  for (const ControlRecord& one : control) {
    if (one.first_refusal.empty()) continue;
    throw InputError(resolved.path() +
                     ": a plan was refused: " + one.first_refusal);
  }
  PlanRuns runs;
  int64_t not_in_force = 0;
  const auto first = static_cast<size_t>(FirstSample(scenario, options));
  for (const ReplicationRecord& one : record.replications) {
    const size_t p = static_cast<size_t>(one.replication.value());
    if (InForce(one.series, wlan, branches.branches[p].second, first)) {
      runs.plans.push_back(MeasurementOf(one.series, wlan, plans[p], first));
    } else {
      ++not_in_force;
    }
  }
  if (not_in_force > 0) {
    runs.notes.push_back(
        fmt::format("{} of {} plans were not in force in all that was measured "
                    "and are left out",
                    not_in_force, options.plans));
  }
  return runs;
}

}  // namespace airlock
