#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"
#include "twin/node/node_file.h"

namespace airlock {

// What a node's section `channels` or `balancer` names, and the agents for it:
// made by the code that makes them for a simulation of the same scenario, of
// replication 0, so that equal observations give equal decisions.
class ControlSite {
 public:
  virtual ~ControlSite() = default;
  ControlSite(const ControlSite&) = delete;
  ControlSite& operator=(const ControlSite&) = delete;

  // Makes every agent that the node file names once. Throws NodeFileError.
  void Check() const;

  const Scenario& scenario() const { return scenario_; }
  // What is controlled, in the scenario's order: access points, or servers.
  const std::vector<std::string>& parts() const { return parts_; }
  int64_t every() const { return every_; }  // samples between decisions
  double slot_seconds() const;              // between decisions
  // What decides while there is a doubt.
  const std::string& fallback() const { return fallback_; }

  // The agent that the node file names or, where it names none, the scenario's,
  // with shield and fallback; `doubt`: why it must not decide, or nothing;
  // asked before every decision. Throws NodeFileError that points to what is
  // wrong.
  std::unique_ptr<Controller> Acting(
      const std::function<std::string()>& doubt) const;
  std::string acting_name() const;
  // The policy's file of that agent; empty: it has none.
  std::string acting_policy() const;
  // What runs beside it; null where the file names nothing.
  std::unique_ptr<Controller> Shadow() const;
  // Of a registry's version: throws InputError that says what does not fit.
  virtual std::unique_ptr<Controller> Promoted(
      const std::string& agent, const std::string& policy,
      const std::function<std::string()>& doubt) const = 0;
  // `fresh`, an agent's state just after it was made, with what its predecessor
  // remembers beyond what is the agent's own: dwell times, say.
  virtual nlohmann::json Inherited(const nlohmann::json& before,
                                   const nlohmann::json& fresh) const = 0;

 protected:
  // `lacks`: what the scenario must have and has not; null: nothing. Throws
  // NodeFileError for that, for a scenario that is wrong, or an interval that
  // is no whole number of the source's periods.
  ControlSite(const NodeFile& file, const char* (*lacks)(const Scenario&));
  const NodeControlConfig& config() const { return *section_.config; }
  // FailAt() of a key of the section.
  [[noreturn]] void Fail(const char* field, const std::string& message) const;

  const NodeFile& file_;
  const ControlSection section_;
  Scenario scenario_;
  std::vector<std::string> parts_;
  std::string fallback_;

 private:
  int64_t every_ = 1;
};

}  // namespace airlock
