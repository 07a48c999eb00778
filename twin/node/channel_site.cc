#include "twin/node/channel_site.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/channel_planner.h"
#include "agents/baselines/planner_scenario.h"
#include "agents/baselines/planners/planners.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

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

Scenario LoadNetwork(const NodeFile& file) {
  Diagnostics found;
  const auto resolved = LoadScenario(file.channels->scenario, {}, &found);
  if (!resolved) {
    // The scenario's own findings, and where it was named.
    try {
      FailAt(file, "channels.scenario", "the scenario cannot be used");
    } catch (const NodeFileError& error) {
      throw NodeFileError(found.Format() + error.what());
    }
  }
  if (!resolved->scenario().wlan) {
    FailAt(file, "channels.scenario",
           fmt::format("scenario '{}' has no WLAN", resolved->scenario().name));
  }
  return resolved->scenario();
}

int64_t SamplesBetween(const NodeFile& file, SimTime interval) {
  if (file.channels->every) return *file.channels->every;
  const int64_t period = file.source.period.value();
  if (interval.value() >= period && interval.value() % period == 0) {
    return interval.value() / period;
  }
  FailAt(file, "channels",
         fmt::format("the scenario's controller.interval, {:g} s, is no whole "
                     "number of source.period, {:g} s",
                     Seconds(interval), Seconds(file.source.period)),
         "`channels.every` says how many samples lie between two decisions");
}

}  // namespace

ChannelSite::ChannelSite(const NodeFile& file)
    : file_(file), scenario_(LoadNetwork(file)) {
  const ChannelsConfig& channels = *file.channels;
  every_ = SamplesBetween(file, scenario_.controller.interval);
  scenario_.controller.interval = SimTime(every_ * file.source.period.value());
  for (const AccessPointConfig& ap :
       NetworkOf(scenario_, Replication(0)).access_points) {
    access_points_.push_back(ap.name);
  }
  std::optional<PlanFallbackConfig>& fallback = scenario_.controller.fallback;
  if (!fallback) {
    // The node's doubts only; estimates are judged where the scenario says so.
    fallback.emplace();
    fallback->planner = kHold;
    fallback->most_utilisation = fallback->most_error =
        std::numeric_limits<double>::infinity();
  }
  if (!channels.fallback.empty()) fallback->planner = channels.fallback;
  fallback_ = fallback->planner;
  try {
    CheckLive(fallback_);
  } catch (const InputError& error) {
    FailAt(file, "channels.fallback", error.what());
  }
}

double ChannelSite::slot_seconds() const {
  return Seconds(scenario_.controller.interval);
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

std::string ChannelSite::acting_name() const {
  return file_.channels->agent.empty() ? scenario_.controller.agent
                                       : file_.channels->agent;
}

std::unique_ptr<Controller> ChannelSite::Acting(
    const std::function<std::string()>& doubt) const {
  const ChannelsConfig& channels = *file_.channels;
  const bool own = !channels.agent.empty();
  const bool own_policy = own || !channels.policy.empty();
  try {
    return Promoted(acting_name(),
                    own_policy ? channels.policy : scenario_.controller.policy,
                    doubt);
  } catch (const PolicyError& error) {
    FailAt(file_, "channels.policy", error.what());
  } catch (const InputError& error) {
    FailAt(file_, own ? "channels.agent" : "channels.scenario", error.what());
  }
}

std::unique_ptr<Controller> ChannelSite::Shadow() const {
  if (!file_.channels->shadow) return nullptr;
  const ChannelShadowConfig& shadow = *file_.channels->shadow;
  try {
    return Promoted(shadow.agent, shadow.policy, nullptr);
  } catch (const PolicyError& error) {
    FailAt(file_, "channels.shadow.policy", error.what());
  } catch (const InputError& error) {
    FailAt(file_, "channels.shadow.agent", error.what());
  }
}

void ChannelSite::Check() const {
  if (file_.registry.empty()) Acting(nullptr);
  Shadow();
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
