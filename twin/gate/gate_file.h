#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/units.h"
#include "sim/scenario/scenario.h"
#include "twin/forecast/feature.h"

// What a gate file says: which candidate is to replace which incumbent, on what
// evidence, judged by which criteria.
namespace airlock {

// Part of a measured trace.
struct TraceReference {
  std::string path;                // empty: none
  std::string format = "testbed";  // `airlock list importers`, or "airlock" for
                                   // an imported .h5
  int64_t first = 0;               // first sample to use
  int64_t samples = 0;             // 0: all from there
};

// What is asked. "forecast": candidate and incumbent predict `target`.
// "control": they act on the twin, and its KPIs are judged. "measured": their
// KPIs were measured elsewhere, in a canary say.
struct QuestionConfig {
  std::string kind = "forecast";
  std::string target = "delivered_rate";
  int64_t horizon = 0;  // samples ahead; 0: infer from the same sample
};

// A candidate or an incumbent, in one of the ways that the question allows: a
// model that was fitted before and is named by its file, one to be fitted by
// the gate on the training part of the trace, a user's program, an agent of
// ours. Where the KPIs were measured elsewhere it has a name, and `files` are
// what was measured.
struct ModelConfig {
  std::string name;
  std::string model;       // file of `airlock forecast fit`, or
  std::string forecaster;  // one of `airlock list forecasters`, or
  // a program and its arguments (agents/program/FORMAT.md), or
  std::vector<std::string> command;
  std::string agent;   // one of `airlock list agents`
  std::string policy;  // the trained policy of an agent that needs one
  // Of control: how it sees the twin, where that is not as the scenario's
  // `controller.observation` says. Nobody else sees it so.
  std::optional<ObservationConfig> observation;
  // What the program consists of: copied into the gate's folder and started
  // there, so that what is judged is what is sealed.
  std::vector<std::string> files;
  SimTime answer_within = Milliseconds(1000);
  SimTime start_within = Milliseconds(30000);  // for the first answer
  std::vector<std::string> features = {"counter:*"};
  std::vector<std::string> exclude;
  bool offered_rate = false;
  bool past_target = false;
  int64_t lags = 0;

  bool is_program() const { return !command.empty(); }
};

struct GateSplit {
  Ratio train{0.6};
  int64_t gap = 10;  // samples between training and held-out part
};

// The kind of drift trigger that goes live with the model. It is tried twice:
// set up on the gate's training part and watching its held-out part, where it
// should stay silent; set up on the first part of a trace with a known change
// and watching the rest of that, where it should fire.
struct DriftTriggerConfig {
  TraceReference trace;       // in which a change happens at a known time
  double change_seconds = 0;  // 0: the trace's own change_time_seconds
  Ratio reference{0.8};       // of the samples before the change
  std::vector<std::string> features = {"kpi:latency_*",
                                       "counter/function:*.busy"};
  int64_t run_length = 10000;  // samples expected between false alarms
  int64_t window = 100;        // samples
  int64_t bins = 10;
};

struct TwinConfig {
  std::string scenario;   // rehearses the question
  std::string profile;    // of an earlier `airlock calibrate`; empty: the gate
                          // calibrates the scenario `calibrate` on its trace
  std::string calibrate;  // scenario to calibrate; empty: `scenario`
  int64_t replications = 0;  // 0: what the scenario says
};

// What a controller's action must keep to, whatever the network allows.
struct SettingBounds {
  std::string setting;
  double low = 0;  // in the setting's base unit
  double high = 0;
  double step = 0;  // most that it may change at once; 0: any
};

struct ControlConfig {
  std::vector<SettingBounds> bounds;
};

// KPIs that were measured elsewhere: a CSV with the columns `replication`,
// `model` and KPIs with their unit, `latency_p99 [ms]` (FORMAT.md).
struct MeasurementConfig {
  std::string path;
};

// A log of decisions, with the probabilities that they were drawn with and what
// the candidate would have done (agents/evaluation/decision_log.h).
struct OfflineConfig {
  std::string log;
  double gamma = 1;  // discount of the rewards of an episode
};

// A criterion that is always asked and that this gate leaves out.
struct Relaxation {
  std::string criterion;
  std::string because;
};

// When the twin's replications are looked at.
struct EvidenceConfig {
  // "once", after the last; "every replication", with confidence that holds at
  // any number of looks.
  std::string looks = "once";
  // "open": for as long as one likes; "planned": up to `most`, with more power.
  std::string boundary = "open";
  int64_t most = 0;      // replications at most; 0: what the twin says
  Ratio futility{0.05};  // stop where promotion by then is less likely
};

// One thing that must hold. Which keys count depends on the kind.
struct CriterionConfig {
  std::string kind;                    // `airlock list criteria`
  std::string kpi = "absolute_error";  // what is compared
  std::string on = "held-out";         // where its samples come from
  std::string against = "incumbent";
  std::string better = "auto";  // "lower", "higher"; "auto": as the KPI is
  std::string margin = "0%";    // ParseAmount()
  std::string limit;            // ParseAmount(), never relative
  Ratio quantile{0.95};
  Ratio confidence{0.95};  // one-sided
  int64_t at_least = 0;
  Ratio at_most{0};
  int64_t within = 0;
  // One of a family that shares the error rate of the strictest (Holm).
  bool guardrail = false;
};

struct GateFile {
  int64_t schema = 1;
  std::string name;
  std::string description;
  int64_t seed = 1;
  TraceReference trace;
  QuestionConfig question;
  GateSplit split;
  ModelConfig candidate;
  ModelConfig incumbent;
  std::optional<DriftTriggerConfig> drift;
  std::optional<TwinConfig> twin;
  std::optional<ControlConfig> control;
  std::optional<MeasurementConfig> measurements;
  std::optional<OfflineConfig> offline;
  EvidenceConfig evidence;
  std::vector<CriterionConfig> criteria;
  std::vector<Relaxation> relax;

  bool is_forecast() const { return question.kind == "forecast"; }
  bool is_control() const { return question.kind == "control"; }
  bool is_measured() const { return question.kind == "measured"; }
};

// Reads and checks the file; nothing if there is any error.
std::optional<GateFile> LoadGateFile(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics);

// The gate file with every key written out and defaults marked.
std::string ResolvedGateText(const GateFile& file);
// Markdown reference of every key, and the JSON Schema for editors.
std::string GateKeyReference();
std::string GateJsonSchema();

// The problem that `model` answers.
ForecastProblem ProblemOf(const QuestionConfig& question,
                          const ModelConfig& model);

}  // namespace airlock
