#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/results/run_record.h"

namespace airlock {

// What a controller sees: the counters of the last decision interval, in the
// units of the real network's telemetry, never the simulator's internals.
struct Observation {
  SimTime time;
  // Name -> value, sorted by name; the names and units of the run's series.
  std::map<std::string, double> values;
};

// What a controller asks for: setting -> value, in the setting's base unit. An
// empty action changes nothing.
struct Action {
  std::map<std::string, double> settings;
};

// One replication of a scenario in the making.
class Simulation {
 public:
  virtual ~Simulation() = default;

  virtual SimTime Now() const = 0;
  // Runs until `time` (>= Now()).
  virtual void AdvanceTo(SimTime time) = 0;
  // Counters since the previous call, or since the start.
  virtual Observation Observe() = 0;
  // Throws InputError for a setting that this scenario does not have, or a
  // value out of its range; then nothing has changed.
  virtual void Apply(const Action& action) = 0;
  // Removes the warm-up and reports. Called once, after the last AdvanceTo().
  virtual ReplicationRecord Finish() = 0;
};

// Decides from observations only; keeps its own state.
class Controller {
 public:
  virtual ~Controller() = default;
  virtual Action Decide(const Observation& observation) = 0;
  // What it has to say of its own work in the run's record, after the last
  // decision; the same names in every replication.
  virtual std::vector<Metric> Metrics() const { return {}; }
  // What it decided since the last call, explained; nothing of one that does
  // not explain.
  virtual std::vector<ExplainedDecision> TakeDecisions() { return {}; }
  // The same of one that sets other things than channels.
  virtual std::vector<ExplainedSetting> TakeSettings() { return {}; }

  // What it remembers: an equal controller that loads it decides alike from
  // there on. Of those that run on live networks; null of the others.
  virtual nlohmann::json Save() const { return {}; }
  // Throws InputError or json::exception for what Save() did not write.
  virtual void Load(const nlohmann::json& /*saved*/) {}
};

}  // namespace airlock
