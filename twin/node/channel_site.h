#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"
#include "twin/node/node_file.h"

namespace airlock {

// The network that a node's section `channels` names, and the planners for it:
// made by the code that makes them for a simulation of the same scenario, of
// replication 0, so that equal observations give equal decisions.
class ChannelSite {
 public:
  // Throws NodeFileError for a scenario that is wrong, or has no WLAN, or an
  // interval that is no whole number of the source's periods.
  explicit ChannelSite(const NodeFile& file);

  // Makes every planner that the node file names once. Throws NodeFileError.
  void Check() const;

  const Scenario& scenario() const { return scenario_; }
  // In the scenario's order.
  const std::vector<std::string>& access_points() const {
    return access_points_;
  }
  int64_t every() const { return every_; }  // samples between decisions
  double slot_seconds() const;              // between decisions
  // What plans while there is a doubt.
  const std::string& fallback() const { return fallback_; }

  // The agent that the node file names or, where it names none, the scenario's,
  // with shield and fallback; `doubt` as in agent_table.h. Throws NodeFileError
  // that points to what is wrong.
  std::unique_ptr<Controller> Acting(
      const std::function<std::string()>& doubt) const;
  std::string acting_name() const;
  // What runs beside it; null where the file names nothing.
  std::unique_ptr<Controller> Shadow() const;
  // Of a registry's version: throws InputError that says what does not fit.
  std::unique_ptr<Controller> Promoted(
      const std::string& agent, const std::string& policy,
      const std::function<std::string()>& doubt) const;

 private:
  const NodeFile& file_;
  Scenario scenario_;
  std::vector<std::string> access_points_;
  std::string fallback_;
  int64_t every_ = 1;
};

// `fresh`, a planner's state just after it was made, inside what its
// predecessor's shield, fallback and controller remember: a new policy takes an
// old one's place, and no dwell time begins anew.
nlohmann::json InheritedState(const nlohmann::json& before,
                              const nlohmann::json& fresh);

}  // namespace airlock
