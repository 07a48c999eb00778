#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/base/units.h"
#include "sim/config/fields.h"

namespace airlock {

// Where the counters come from.
struct SourceConfig {
  std::string kind;
  std::vector<std::string> command;
  std::string url;
  std::string path;
  std::string columns;
  std::string format = "airlock";
  int64_t first = 0;
  int64_t samples = 0;
  double speed = 1;
  SimTime period = Milliseconds(1000);
  SimTime timeout = Milliseconds(5000);
  SimTime restart_after = Milliseconds(1000);
  SimTime restart_at_most = Milliseconds(60000);
  std::vector<std::string> counters;
};

// The triggers that run beside the model.
struct DriftConfig {
  std::vector<std::string> triggers;
  bool shipped = true;
  int64_t forget_after = 0;
};

// What makes the node act as its fallback says.
struct LimitsConfig {
  SimTime stale_after = Milliseconds(3000);
  int64_t frozen_after = 30;
  Ratio range_margin = Ratio(0.1);
  Ratio out_of_range = Ratio(0.1);
  Ratio missing = Ratio(0.1);
  SimTime inference = Milliseconds(100);
  int64_t recover_after = 5;
};

// One step of the rule `steps`.
struct RuleStep {
  double from = 0;
  double setting = 0;
};

// How a forecast becomes a setting.
struct ActionConfig {
  std::string rule = "none";
  std::string of = "forecast";
  double level = 0.9;
  std::vector<RuleStep> steps;
  double below = 0;
  double gain = 0;
  double set_point = 0;
  double offset = 0;
  double minimum = -1e12;
  double maximum = 1e12;
};

// The named heuristic that acts where the model may not.
struct FallbackConfig {
  std::string kind = "hold-last";
  double setting = 0;
  std::string column;
  double target = 20;
};

// What carries a setting out.
struct ActuatorConfig {
  std::string kind = "none";
  std::string path;
  std::vector<std::string> apply;
  std::vector<std::string> read;
  SimTime timeout = Milliseconds(200);
  SimTime settle = Milliseconds(20);
  SimTime verify_within = Milliseconds(100);
  double tolerance = 1e-6;
  double state_tolerance = 1e-6;
};

struct MetricsConfig {
  bool enabled = true;
  std::string address = "127.0.0.1";
  int64_t port = 9469;
};

struct StateConfig {
  std::string folder;
  int64_t save_every = 60;
  bool decisions = false;
};

struct RetrainingConfig {
  std::string folder;
  int64_t samples = 300;
  int64_t history = 1000;
};

// A controller that runs beside the acting one, reported and never acted on.
struct NodeShadowConfig {
  std::string agent;
  std::string policy;
};

// What an agent controls in the place of a forecast: the channels of a WLAN's
// access points, or the weights of a server pool.
struct NodeControlConfig {
  std::string scenario;
  std::string agent;     // empty: the scenario's, or the registry's
  std::string policy;    // of a trained agent
  std::string fallback;  // empty: the scenario's, or what holds
  std::optional<int64_t> every;
  std::optional<NodeShadowConfig> shadow;
};

// What a node is to do: one YAML file, every path relative to it.
struct NodeFile {
  int64_t schema = 1;
  std::string name;
  std::string description;
  SourceConfig source;
  std::string registry;
  std::vector<std::string> trusted_keys;
  std::string model = "champion";
  std::string shadow = "candidate";
  DriftConfig drift;
  LimitsConfig limits;
  ActionConfig action;
  FallbackConfig fallback;
  ActuatorConfig actuator;
  MetricsConfig metrics;
  StateConfig state;
  RetrainingConfig retraining;
  // At most one is given: the node controls, and predicts nothing.
  std::optional<NodeControlConfig> channels;
  std::optional<NodeControlConfig> balancer;
  // What was read, for findings of those that know more than we do; no key.
  std::shared_ptr<const Document> document;
};

// The section that says what a node controls: its key, "channels" or
// "balancer", and its content; null: the node predicts.
struct ControlSection {
  const char* key;
  const NodeControlConfig* config;

  // "balancer.policy"
  std::string Key(const char* field) const {
    return std::string(key) + "." + field;
  }
};
ControlSection ControlOf(const NodeFile& file);

// A finding about a node file, formatted with its position.
class NodeFileError : public InputError {
 public:
  using InputError::InputError;
};
// Throws NodeFileError that points to where the file says `key`
// ("channels.policy"), or to the nearest thing around it.
[[noreturn]] void FailAt(const NodeFile& file, const std::string& key,
                         const std::string& message,
                         const std::string& hint = "");
// Whether the file, or an override, gives `key`.
bool Gives(const NodeFile& file, const std::string& key);

void DeclareFields(Fields<SourceConfig>& fields);
void DeclareFields(Fields<DriftConfig>& fields);
void DeclareFields(Fields<LimitsConfig>& fields);
void DeclareFields(Fields<RuleStep>& fields);
void DeclareFields(Fields<ActionConfig>& fields);
void DeclareFields(Fields<FallbackConfig>& fields);
void DeclareFields(Fields<ActuatorConfig>& fields);
void DeclareFields(Fields<MetricsConfig>& fields);
void DeclareFields(Fields<StateConfig>& fields);
void DeclareFields(Fields<RetrainingConfig>& fields);
void DeclareFields(Fields<NodeShadowConfig>& fields);
void DeclareFields(Fields<NodeControlConfig>& fields);
void DeclareFields(Fields<NodeFile>& fields);

// Reads and checks a file, with overrides "source.speed=10". Nothing if there
// was any error; all are in `*diagnostics`, with their positions.
std::optional<NodeFile> LoadNodeFile(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics);

// For `airlock list`: every key, and the JSON Schema.
std::string NodeKeyReference();
std::string NodeJsonSchema();

// A row of one of the node's tables of kinds: the keys of its section that this
// kind needs, and those that it may use.
struct NodeFileKind {
  std::string name;
  std::string description;
  std::vector<std::string> needs;
  std::vector<std::string> uses;
};
const std::vector<NodeFileKind>& SourceKinds();
const std::vector<NodeFileKind>& ActionRules();
const std::vector<NodeFileKind>& Fallbacks();
const std::vector<NodeFileKind>& ActuatorKinds();

}  // namespace airlock
