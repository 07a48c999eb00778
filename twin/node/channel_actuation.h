#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/results/explained_decision.h"
#include "twin/node/actuator.h"

namespace airlock {

// One setting of a change, and how it ended.
struct SettingOutcome {
  std::string name;  // "lobby.channel", "lobby.width"
  double value = 0;
  ActionOutcome outcome;
};

// Carries the changes of access points out, a setting after the other, each
// applied, verified and committed by itself (actuator.h), with what was in
// force before to go back to. A radio that gets wider changes its channel
// first, one that gets narrower its width, so that what is in force in between
// is never wider than the band has room for.
class ChannelActuation {
 public:
  explicit ChannelActuation(const ActuatorConfig& config) : config_(config) {}

  // Where a setting fails, those before it are set back too.
  std::vector<SettingOutcome> Move(const ExplainedDecision& change);

  // An earlier run carried it out.
  void Assume(const ExplainedDecision& change);
  // The settings that were verified last, by name.
  const std::map<std::string, double>& committed() const { return committed_; }
  void Restore(std::map<std::string, double> committed) {
    committed_ = std::move(committed);
  }
  // The longest that Move() may take.
  static double WorstSeconds(const ActuatorConfig& config);

 private:
  SettingOutcome Set(const std::string& name, double value, double before);

  const ActuatorConfig config_;
  std::map<std::string, double> committed_;
};

}  // namespace airlock
