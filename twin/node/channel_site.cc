#include "twin/node/channel_site.h"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/channel_planner.h"
#include "agents/baselines/planner_scenario.h"
#include "agents/baselines/planners/planners.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr char kHold[] = "static";

std::string PlannerNames() {
  std::string names;
  for (const PlannerRow& row : Planners()) {
    if (row.needs_known_loads) continue;
    names += (names.empty() ? "" : ", ") + row.name;
  }
  return names;
}

// Throws InputError for an agent that cannot run on a live network.
void CheckLive(const std::string& agent) {
  if (!IsPlanner(agent)) {
    throw InputError(
        fmt::format("'{}' is no channel planner; they are {}, and trained ones",
                    agent, PlannerNames()));
  }
  if (!IsTrainedPlanner(agent) && FindPlanner(agent).needs_known_loads) {
    throw InputError(fmt::format(
        "planner '{}' wants to know the loads to come, which nobody knows here",
        agent));
  }
}

}  // namespace

ChannelSite::ChannelSite(const NodeFile& file)
    : ControlSite(file, [](const Scenario& scenario) {
        return scenario.wlan ? nullptr : "WLAN";
      }) {
  for (const AccessPointConfig& ap :
       NetworkOf(scenario_, Replication(0)).access_points) {
    parts_.push_back(ap.name);
  }
  std::optional<PlanFallbackConfig>& fallback = scenario_.controller.fallback;
  if (!fallback) {
    // The node's doubts only; estimates are judged where the scenario says so.
    fallback.emplace();
    fallback->planner = kHold;
    fallback->most_utilisation = fallback->most_error =
        std::numeric_limits<double>::infinity();
  }
  if (!config().fallback.empty()) fallback->planner = config().fallback;
  fallback_ = fallback->planner;
  try {
    CheckLive(fallback_);
  } catch (const InputError& error) {
    Fail("fallback", error.what());
  }
}

std::unique_ptr<Controller> ChannelSite::Promoted(
    const std::string& agent, const std::string& policy,
    const std::function<std::string()>& doubt) const {
  CheckLive(agent);
  Scenario scenario = scenario_;
  scenario.controller.agent = agent;
  scenario.controller.policy = policy;
  return CreateAgent(agent, scenario, Replication(0), doubt);
}

nlohmann::json ChannelSite::Inherited(const nlohmann::json& before,
                                      const nlohmann::json& fresh) const {
  return InheritedState(before, fresh);
}

nlohmann::json InheritedState(const nlohmann::json& before,
                              const nlohmann::json& fresh) {
  if (before.is_array() && fresh.is_array() && before.size() == fresh.size()) {
    nlohmann::json bands = nlohmann::json::array();
    for (size_t b = 0; b < before.size(); ++b) {
      bands.push_back(InheritedState(before[b], fresh[b]));
    }
    return bands;
  }
  const auto has_planner = [](const nlohmann::json& state) {
    return state.is_object() && state.contains("planner");
  };
  if (!has_planner(before) || !has_planner(fresh)) return fresh;
  nlohmann::json state = before;
  state["planner"] = InheritedState(before["planner"], fresh["planner"]);
  return state;
}

}  // namespace airlock
