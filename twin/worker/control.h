#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/program/program_controller.h"
#include "sim/base/rng.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// What goes wrong between a controller and its network. Drawn from the stream
// "control/disturbance" of the scenario's seed and the replication, so that two
// controllers meet the same.
struct ControlDisturbance {
  double noise = 0;           // standard deviation, as a share of each value
  double dropout = 0;         // share of the values that are missing
  int64_t stale = 0;          // observations late, in decisions
  double unit_factor = 1;     // of every value
  double action_failure = 0;  // share of the actions that do not arrive
};

// Who decides in the place of the scenario's own agent: an agent, a program or
// a script.
struct ControllerCall {
  std::string agent;   // one of `airlock list agents`,
  std::string policy;  // with the file of its policy if it needs one; or
  ProgramCall program;
  // What is asked for at the first decision, by replication; nothing later.
  // Where neither agent nor program is given: a what-if branch of the settled
  // network for each.
  std::vector<std::pair<int64_t, Action>> branches;
  ProgramLimits limits;
  // Late questions of a run that is repeated, by replication.
  std::vector<std::pair<int64_t, std::vector<int64_t>>> late_before;
  bool repeated = false;
  // In the place of `controller.observation`, where given. Beyond it lies:
  std::optional<ObservationConfig> observation;
  ControlDisturbance disturbance;
};

// One decision: what was asked for, and whether the network took it.
struct Decision {
  double seconds = 0;
  Action action;
  bool refused = false;
  bool failed = false;  // did not arrive (injected)
};

// What a controller did in one replication.
struct ControlRecord {
  int64_t replication = 0;
  std::vector<Decision> decisions;
  std::string first_refusal;
  ProgramAccount account;  // of a program
};

// Decides for one replication, with the disturbance, and keeps its record.
class RecordedControl {
 public:
  RecordedControl(const ControllerCall& call, const Scenario& scenario,
                  Replication replication);

  // Observes, decides and applies. An action that the network refuses is
  // recorded and changes nothing.
  void Step(Simulation* simulation);
  std::vector<Metric> Metrics() const { return controller_->Metrics(); }
  // Explained, of the last step: what was refused or did not arrive is taken
  // back.
  std::vector<ExplainedDecision> TakeDecisions();
  std::vector<ExplainedSetting> TakeSettings();
  // Call once, after the last step.
  ControlRecord Finish();

 private:
  Observation Disturb(Observation observation);
  // Takes back what of the last step was refused or did not arrive.
  template <typename Row>
  std::vector<Row> AsItCameOut(std::vector<Row> explained) const;

  ControlDisturbance disturbance_;
  std::unique_ptr<Controller> controller_;
  ProgramController* program_ = nullptr;  // controller_, if it is one
  RngStream rng_;
  std::vector<Observation> past_;
  ControlRecord record_;
};

nlohmann::json ToJson(const ControllerCall& call);
ControllerCall ControllerCallFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const ControlRecord& record);
ControlRecord ControlRecordFromJson(const nlohmann::json& json);

}  // namespace airlock
