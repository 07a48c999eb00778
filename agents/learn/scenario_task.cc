#include "agents/learn/scenario_task.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "agents/baselines/planner_scenario.h"
#include "agents/env/channel_env.h"
#include "agents/env/network_task.h"
#include "agents/learn/balancer_task.h"
#include "agents/learn/placement_task.h"
#include "agents/noise/domain_draw.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/scenario/airtime_profile.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

std::string DigestOf(const ResolvedScenario& scenario, const std::string& task,
                     const EnvSpec& spec) {
  Digest digest;
  digest.Add(scenario.sha256());
  digest.Add(task);
  digest.Add(spec.LayoutDigest());
  return digest.Hex();
}

// --- On the airtime model ---------------------------------------------------

// What its calibrations left uncertain of a WLAN is drawn for each episode, and
// so is the WLAN itself where each replication has another.
std::function<WlanConfig(const WlanConfig&, RngStream*)> DrawsOf(
    const ResolvedScenario& scenario, const AgentFile& agent,
    Diagnostics* diagnostics) {
  const WlanConfig& wlan = *scenario.scenario().wlan;
  std::optional<CalibrationProfile> profile;
  std::optional<AirtimeProfile> airtime;
  if (agent.airtime_plan.randomise) {
    profile = scenario.profile();
    if (!wlan.airtime.profile.empty()) {
      airtime = LoadAirtimeProfile(wlan.airtime.profile, diagnostics);
    }
  }
  const auto generated = wlan.generated;
  if (!profile && !airtime && !generated) return nullptr;
  return [profile, airtime, generated](const WlanConfig& placed,
                                       RngStream* rng) {
    WlanConfig drawn = placed;
    if (profile) drawn = DrawWlan(drawn, *profile, rng);
    if (airtime) drawn = DrawWlan(drawn, *airtime, rng);
    if (!generated) return drawn;
    drawn.generated = generated;
    drawn.access_points.clear();
    return WithAccessPoints(drawn, static_cast<int64_t>(rng->Next64() >> 2));
  };
}

ShieldLimits LimitsOf(const Scenario& scenario, const WlanConfig& wlan) {
  const auto radios = RadiosOf(scenario, Replication(0));
  std::vector<std::string> names;
  for (const AccessPointConfig& ap : wlan.access_points) {
    names.push_back(ap.name);
  }
  if (scenario.controller.shield) {
    return ShieldLimitsOf(scenario, radios, names);
  }
  ShieldLimits limits;  // what a radio cannot do, it does not do
  for (const std::string& name : names) {
    limits.most_bonding.push_back(radios.at(name));
  }
  return limits;
}

// What airtime-plan cannot be learnt on.
void CheckWlan(const ResolvedScenario& scenario, Diagnostics* diagnostics) {
  const Scenario& all = scenario.scenario();
  const WlanConfig& wlan = *all.wlan;
  const auto report = [&](const std::string& key, const std::string& what) {
    scenario.Report(key, "airtime-plan: " + what, "", diagnostics);
  };
  if (BandsOf(all, Replication(0)).size() > 1) {
    report("wlan.access_points",
           "an agent plans one band; these are in both, 2.4 and 5 GHz");
  }
  if (Distorts(all.controller.observation)) {
    report("controller.observation",
           "errors of what an agent sees are the agent file's; write them "
           "under its `noise`");
  }
  if (all.controller.what_if) {
    report("controller.what_if", "actions are tried packet by packet only");
  }
  if (wlan.load.profile == "trace") {
    report("wlan.load.profile",
           "a trace has one course of loads, which no agent can be trained on");
  } else if (wlan.load.profile != "constant" &&
             wlan.load.slot != all.controller.interval) {
    report("controller.interval",
           fmt::format("there is a decision a slot of loads (wlan.load.slot, "
                       "{}), not every {}",
                       ToString(wlan.load.slot),
                       ToString(all.controller.interval)));
  }
}

// Says which constraints no action could meet.
void CheckConstraints(const ChannelEnvOptions& options, const AgentFile& agent,
                      const Reporter& report) {
  if (agent.algorithm != "ppo") return;
  for (size_t c = 0; c < agent.ppo.constraints.size(); ++c) {
    const LagrangeOptions& one = agent.ppo.constraints[c];
    if (std::count(options.costs.begin(), options.costs.end(), one.cost) == 0) {
      continue;  // said with what the task has
    }
    try {
      CheckReachable(options, {{one.cost, one.limit}});
    } catch (const InputError& error) {
      report.Error(fmt::format("ppo.constraints.{}.limit", c), error.what());
    }
  }
}

std::optional<TrainingTask> AirtimePlan(const ResolvedScenario& scenario,
                                        const AgentFile& agent,
                                        const Reporter& report,
                                        Diagnostics* diagnostics) {
  CheckWlan(scenario, diagnostics);
  if (diagnostics->has_errors()) return std::nullopt;
  const Scenario& all = scenario.scenario();
  ChannelEnvOptions options;
  options.seed = all.run.seed;
  options.wlan = NetworkOf(all, Replication(0));
  options.wlan.load.slot = all.controller.interval;
  options.slots = all.run.duration.value() / all.controller.interval.value();
  options.history = agent.airtime_plan.history;
  options.served_floor = agent.airtime_plan.served_floor.value();
  options.shield = LimitsOf(all, options.wlan);
  options.randomise = DrawsOf(scenario, agent, diagnostics);
  options.tally = std::make_shared<SharedTally>();
  TrainingTask task;
  try {
    task.spec = ChannelEnv(options).spec();
  } catch (const InputError& error) {
    scenario.Report("controller.shield", error.what(), "", diagnostics);
    return std::nullopt;
  }
  CheckConstraints(options, agent, report);
  task.create = [options] { return std::make_unique<ChannelEnv>(options); };
  task.tally = options.tally;
  return task;
}

// --- Packet by packet -------------------------------------------------------

std::optional<TrainingTask> PacketTask(const ResolvedScenario& scenario,
                                       const AgentFile& agent,
                                       const Reporter& report,
                                       Diagnostics* diagnostics) {
  const Scenario& all = scenario.scenario();
  if (all.run.engine != "packet") {
    scenario.Report("run.engine",
                    fmt::format("{} is learnt packet by packet, not on '{}'",
                                *agent.task, all.run.engine),
                    "task airtime-plan is learnt on the airtime model",
                    diagnostics);
    return std::nullopt;
  }
  if (all.controller.shield) {
    scenario.Report("controller.shield",
                    *agent.task + " passes no shield: nothing would keep to it",
                    "task airtime-plan does", diagnostics);
    return std::nullopt;
  }
  TrainingTask task;
  try {
    task.spec = NetworkTaskNamed(*agent.task).create(all)->spec();
  } catch (const InputError& error) {
    scenario.Report("wlan", error.what(), "", diagnostics);
    return std::nullopt;
  }
  if (agent.time_limit > task.spec.time_limit) {
    report.Error(
        "time_limit",
        fmt::format("{} steps; a run of {} has {} decisions", agent.time_limit,
                    scenario.path(), task.spec.time_limit));
  }
  task.network = {*agent.task, scenario.text(), scenario.path()};
  return task;
}

}  // namespace

bool Distorts(const ObservationConfig& observation) {
  return observation.rssi_bias_db != 0 || observation.rssi_noise_db != 0 ||
         observation.counter_noise != 0 || observation.dropout.value() != 0 ||
         observation.staleness.value() != 0 || observation.delay != 0;
}

const std::vector<ScenarioTaskRow>& ScenarioTasks() {
  static const std::vector<ScenarioTaskRow> kRows = [] {
    std::vector<ScenarioTaskRow> rows = {
        {kAirtimePlan,
         "the channels of all access points on the airtime model, behind a "
         "shield; minus the regret, access points below their floor and churn "
         "as costs"},
        {kLoadBalancerTask,
         "the weights of a server pool on the fast engine, behind its shield; "
         "late flows as cost"},
        {kPlacementTask,
         "cores and machines of functions on the model of their servers' "
         "steady "
         "state, behind a shield; minus machines, broken agreements and moves "
         "as costs"}};
    for (const NetworkTaskRow& row : NetworkTasks()) {
      rows.push_back({row.name, row.description});
    }
    return rows;
  }();
  return kRows;
}

std::optional<TrainingTask> ScenarioTask(const ResolvedScenario& scenario,
                                         const AgentFile& agent,
                                         const Reporter& report,
                                         Diagnostics* diagnostics) {
  const std::string& name = *agent.task;
  const bool of_datacentre =
      name == kLoadBalancerTask || name == kPlacementTask;
  if (!of_datacentre && !scenario.scenario().wlan) {
    scenario.Report("datacentre", name + " is learnt in a WLAN; here is none",
                    "", diagnostics);
    return std::nullopt;
  }
  auto task =
      name == kLoadBalancerTask ? BalancerTask(scenario, agent, diagnostics)
      : name == kPlacementTask  ? PlacementTask(scenario, diagnostics)
      : name == kAirtimePlan ? AirtimePlan(scenario, agent, report, diagnostics)
                             : PacketTask(scenario, agent, report, diagnostics);
  if (!task || diagnostics->has_errors()) return std::nullopt;
  task->name = scenario.path();
  task->digest = DigestOf(scenario, *agent.task, task->spec);
  return task;
}

}  // namespace airlock
