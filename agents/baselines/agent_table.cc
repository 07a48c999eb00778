#include "agents/baselines/agent_table.h"

#include <utility>

#include "agents/balancing/weight_rules.h"
#include "agents/baselines/balancer_controller.h"
#include "agents/baselines/band_planners.h"
#include "agents/baselines/fallback_planner.h"
#include "agents/baselines/placement_controller.h"
#include "agents/baselines/planner_controller.h"
#include "agents/baselines/planner_scenario.h"
#include "agents/baselines/planners/planners.h"
#include "agents/baselines/queue_target.h"
#include "agents/baselines/schedule_controller.h"
#include "agents/baselines/shielded_planner.h"
#include "sim/base/error.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

constexpr char kStatic[] = "static";
constexpr char kQueueTarget[] = "queue-target";
constexpr char kSchedule[] = "schedule";

// Leaves the scenario's configuration as it is.
class StaticController : public Controller {
 public:
  Action Decide(const Observation&) override { return {}; }
};

// What `row` cannot plan shows before anything runs.
void CheckPlannable(const PlannerRow& row, const WlanConfig& wlan,
                    const ChannelTable& table) {
  try {
    PlanOf(wlan, table);
  } catch (const InputError& error) {
    throw InputError(
        fmt::format("agent '{}' cannot plan {}", row.name, error.what()));
  }
}

// The planner, with the scenario's fallback if it has one.
std::unique_ptr<ChannelPlanner> WithFallback(
    std::unique_ptr<ChannelPlanner> planner, const PlannerSetup& setup,
    const Scenario& band, const FallbackPlanner::Doubt& doubt) {
  if (!band.controller.fallback) return planner;
  const PlanFallbackConfig& fallback = *band.controller.fallback;
  if (IsTrainedPlanner(fallback.planner)) {
    throw InputError(
        fmt::format("controller.fallback: planner '{}' is a trained one, and "
                    "what it falls back on must not be",
                    fallback.planner));
  }
  const PlannerRow row = FindPlanner(fallback.planner);
  if (row.needs_known_loads) {
    throw InputError(fmt::format(
        "controller.fallback: planner '{}' wants to know the loads to come",
        row.name));
  }
  return std::make_unique<FallbackPlanner>(
      std::move(planner), row.create(setup), setup,
      FallbackLimits{fallback.most_utilisation, fallback.most_error,
                     fallback.error_slots, fallback.recovery_slots},
      doubt);
}

// The planner, behind the scenario's shield if it has one.
std::unique_ptr<ChannelPlanner> Shielded(
    std::unique_ptr<ChannelPlanner> planner, const PlannerSetup& setup,
    const Scenario& band, const PlannerController::Radios& radios) {
  if (!band.controller.shield) return planner;
  return std::make_unique<ShieldedPlanner>(
      std::move(planner), setup,
      [band, radios](const std::vector<std::string>& access_points) {
        return ShieldLimitsOf(band, radios, access_points);
      });
}

std::unique_ptr<Controller> CreatePlanner(const PlannerRow& row,
                                          const Scenario& scenario,
                                          Replication replication,
                                          const FallbackPlanner::Doubt& doubt) {
  if (!scenario.wlan) {
    throw InputError(fmt::format(
        "agent '{}' plans the channels of a WLAN, and this scenario has none",
        row.name));
  }
  PlannerController::FutureLoads future;
  if (row.needs_known_loads) future = FutureLoadsOf(scenario, replication);
  std::vector<std::unique_ptr<Controller>> bands;
  for (const Scenario& band : BandsOf(scenario, replication)) {
    const PlannerSetup setup = PlannerSetupOf(
        bands.empty() ? row.name : std::string(row.name) + "/second band", band,
        replication);
    CheckPlannable(row, NetworkOf(band, replication), setup.table);
    const PlannerController::Radios radios = RadiosOf(band, replication);
    bands.push_back(std::make_unique<PlannerController>(
        Shielded(WithFallback(row.create(setup), setup, band, doubt), setup,
                 band, radios),
        setup, future, radios));
  }
  if (bands.size() == 1) return std::move(bands.front());
  return std::make_unique<BandPlanners>(std::move(bands));
}

// A shield in front of nobody would only look like one.
void CheckShieldable(const std::string& name, const Scenario& scenario) {
  if (name != kQueueTarget && name != kSchedule && !IsBalancer(name) &&
      !IsPlacementAgent(name)) {
    return;
  }
  const auto refuse = [&](const char* key) {
    throw InputError(fmt::format(
        "{} guards channel planners, and agent '{}' is none", key, name));
  };
  if (scenario.controller.shield) refuse("controller.shield");
  if (scenario.controller.fallback) refuse("controller.fallback");
}

std::vector<AgentRow> MakeRows() {
  std::vector<AgentRow> rows = {
      {kStatic, "keeps the scenario's configuration"},
      {kQueueTarget,
       "datacentre: moves ecn_threshold so that the mean queue stays near 20 "
       "packets"},
      {kSchedule, "WLAN: changes channels as wlan.schedule lists"},
  };
  for (const WeightPolicyRow& row : WeightPolicies()) {
    rows.push_back({row.name, row.description});
  }
  rows.push_back({kLoadBalancer,
                  "server pool: weights by a trained network "
                  "(agents/presets/load-balancer-sac.yaml)"});
  for (const PlacementManagerRow& row : PlacementManagers()) {
    rows.push_back({row.name, row.description});
  }
  rows.push_back({kPlacementPolicy,
                  "servers: cores and machines by a trained network "
                  "(agents/presets/placement-ppo.yaml)"});
  for (const PlannerRow& row : Planners()) {
    if (row.name != kStatic) {
      rows.push_back({row.name, row.description});
    }
  }
  for (const TrainedPlannerRow& row : TrainedPlanners()) {
    rows.push_back({row.name, row.description});
  }
  return rows;
}

}  // namespace

const std::vector<AgentRow>& Agents() {
  static const std::vector<AgentRow> rows = MakeRows();
  return rows;
}

void CheckPolicy(const std::string& agent, const std::string& policy) {
  if (IsPlanner(agent)) {
    FindPlanner(agent, policy);
  } else if (IsBalancer(agent)) {
    CheckBalancerPolicy(agent, policy);
  } else if (IsPlacementAgent(agent)) {
    CheckPlacementPolicy(agent, policy);
  } else if (!policy.empty()) {
    throw PolicyError(
        fmt::format("agent '{}' is not trained and takes no policy", agent));
  }
}

std::unique_ptr<Controller> CreateAgent(const std::string& name,
                                        const Scenario& scenario,
                                        Replication replication,
                                        const FallbackPlanner::Doubt& doubt) {
  CheckShieldable(name, scenario);
  if (IsPlanner(name)) {
    const PlannerRow row = FindPlanner(name, scenario.controller.policy);
    // Behind a shield even who changes nothing has to leave a radar's channel.
    if (name == kStatic && !scenario.controller.shield) {
      return std::make_unique<StaticController>();
    }
    return CreatePlanner(row, scenario, replication, doubt);
  }
  if (IsBalancer(name)) {
    if (!scenario.datacentre || !scenario.datacentre->balancer) {
      throw InputError(fmt::format(
          "agent '{}' sets the weights of a server pool, and this scenario has "
          "none (datacentre.balancer)",
          name));
    }
    return CreateBalancer(name, scenario.controller.policy,
                          *scenario.datacentre->balancer);
  }
  if (IsPlacementAgent(name)) {
    if (!scenario.datacentre || !scenario.datacentre->servers) {
      throw InputError(fmt::format(
          "agent '{}' gives functions cores and machines, and this scenario "
          "has none (datacentre.servers)",
          name));
    }
    return CreatePlacementAgent(name, scenario.controller.policy, scenario);
  }
  CheckPolicy(name, scenario.controller.policy);
  if (name == kQueueTarget) return std::make_unique<QueueTargetController>();
  if (name == kSchedule) {
    if (!scenario.wlan) {
      throw InputError(fmt::format(
          "agent '{}' changes the channels of a WLAN, and this scenario has "
          "none",
          name));
    }
    return std::make_unique<ScheduleController>(scenario.wlan->schedule);
  }
  std::string known;
  for (const AgentRow& row : Agents()) {
    known += (known.empty() ? "" : ", ") + row.name;
  }
  throw InputError(
      fmt::format("no such agent: '{}'; known agents: {}", name, known));
}

}  // namespace airlock
