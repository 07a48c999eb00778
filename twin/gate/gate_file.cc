#include "twin/gate/gate_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/channel_planner.h"
#include "calibration/traces/importer.h"
#include "sim/base/error.h"
#include "sim/config/fields.h"
#include "sim/scenario/scenario_fields.h"
#include "twin/gate/amount.h"
#include "twin/gate/criterion.h"
#include "twin/pipeline/pipeline_file.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

std::vector<std::string> FormatNames() {
  std::vector<std::string> names = {"airlock"};
  for (const Importer& importer : Importers()) names.push_back(importer.name);
  return names;
}

std::vector<std::string> CriterionNames() {
  std::vector<std::string> names;
  for (const CriterionRow& row : Criteria()) names.push_back(row.name);
  return names;
}

std::vector<std::string> AgentNames() {
  std::vector<std::string> names;
  for (const AgentRow& row : Agents()) names.push_back(row.name);
  return names;
}

// Whether the file gives `key` another value than its default: what a resolved
// file spells out is no use of the key.
template <typename T>
bool Changed(const T& object, const char* key, const Reporter& report) {
  const Node written = FieldsOf<T>().Write(object);
  const Node::Entry* const entry = written.Find(key);
  return report.Given(key) && entry != nullptr && !entry->value.is_default;
}

void CheckModel(const ModelConfig& model, const Reporter& report) {
  const int ways = !model.model.empty() + !model.forecaster.empty() +
                   !model.command.empty() + !model.agent.empty();
  if (ways > 1) {
    report.Error("",
                 "is named in more than one way: give 'model' (a fitted file), "
                 "'forecaster' (to be fitted here), 'command' (a program) or "
                 "'agent'");
  }
  for (const char* key :
       {"features", "exclude", "offered_rate", "past_target", "lags"}) {
    if (!model.model.empty() && Changed(model, key, report)) {
      report.Error(key, "the fitted file has its own features");
    }
  }
  for (const char* key : {"answer_within", "start_within"}) {
    if (!model.is_program() && Changed(model, key, report)) {
      report.Error(key, "only a program ('command') is waited for");
    }
  }
  if (model.is_program() && model.files.empty()) {
    report.Error("files",
                 "list what the program consists of: it is copied into the "
                 "gate's folder and started there");
  }
  std::set<std::string> names;
  for (const std::string& file : model.files) {
    const std::string name = std::filesystem::path(file).filename();
    if (!names.insert(name).second) {
      report.Error("files", fmt::format("two of them are called '{}'", name));
    }
  }
  CheckFeaturePatterns("features", model.features, report);
  CheckFeaturePatterns("exclude", model.exclude, report);
  if (model.agent.empty() && !model.policy.empty()) {
    report.Error("policy", "belongs to an 'agent', and none is given");
    return;
  }
  try {
    CheckPolicy(model.agent, model.policy);
  } catch (const PolicyError& error) {
    report.Error("policy", error.what());
  }
}

// All keys of CriterionConfig that only some kinds use.
constexpr const char* kCriterionKeys[] = {
    "kpi",      "on",         "against",  "better",  "margin", "limit",
    "quantile", "confidence", "at_least", "at_most", "within", "guardrail"};

// `text` of `key` as an amount that is not negative.
void CheckAmount(const char* key, const std::string& text, bool may_be_relative,
                 const Reporter& report) {
  const std::optional<Amount> amount = ParseAmount(text);
  if (!amount) {
    report.Error(key, fmt::format("'{}' is no amount: write a number and {}",
                                  text, AmountUnits()));
  } else if (amount->relative && !may_be_relative) {
    report.Error(key, fmt::format("'{}' is a share of something: write an "
                                  "amount with its unit, or pp",
                                  text));
  } else if (amount->value < 0 && amount->unit != "dBm") {
    report.Error(key, fmt::format("'{}' is negative", text));
  } else if (amount->relative && amount->value > 10) {
    report.Error(key, fmt::format("'{}' is above 1000%", text));
  }
}

void CheckCriterion(const CriterionConfig& criterion, const Reporter& report) {
  const CriterionRow* const row = FindCriterion(criterion.kind);
  if (row == nullptr) return;  // reported by OneOf
  for (const char* key : kCriterionKeys) {
    const bool used = std::count(row->keys.begin(), row->keys.end(), key) > 0;
    if (!used && Changed(criterion, key, report)) {
      report.Error(key, fmt::format("'{}' does not use it", criterion.kind));
    }
  }
  for (const std::string& key : row->required) {
    if (!Changed(criterion, key.c_str(), report)) {
      report.Error("", fmt::format("'{}' needs '{}'", criterion.kind, key));
    }
  }
  if (criterion.against == "itself" && criterion.kind != "robustness") {
    report.Error("against", "only robustness compares a candidate with itself");
  }
  CheckAmount("margin", criterion.margin, true, report);
  if (!criterion.limit.empty()) {
    CheckAmount("limit", criterion.limit, false, report);
    if (Changed(criterion, "margin", report)) {
      report.Error("margin", "either a margin or a limit");
    }
  }
}

// How a candidate may be named for each kind of question.
void CheckKind(const GateFile& file, const Reporter& report) {
  const std::string& kind = file.question.kind;
  for (const auto& [key, model] : {std::pair<std::string, const ModelConfig*>{
                                       "candidate", &file.candidate},
                                   {"incumbent", &file.incumbent}}) {
    const bool program = model->is_program();
    const bool fitted = !model->model.empty() || !model->forecaster.empty();
    const bool agent = !model->agent.empty();
    if (model->observation && !file.is_control()) {
      report.Error(key + ".observation",
                   "belongs to a question of kind control");
    }
    if ((file.is_forecast() && agent) || (file.is_control() && fitted)) {
      report.Error(key,
                   fmt::format("is not for a question of kind {}; 'agent' is "
                               "for control, 'model' and 'forecaster' are for "
                               "forecasts",
                               kind));
    } else if (file.is_forecast() && !program && !fitted) {
      report.Error(key, "a forecast needs 'model', 'forecaster' or 'command'");
    } else if (file.is_control() && !program && !agent) {
      report.Error(key, "control needs 'agent' or 'command'");
    } else if (file.is_measured() && (program || agent || fitted)) {
      report.Error(key,
                   "was measured elsewhere: give its name only, and 'files'");
    }
  }
  if (file.is_forecast() && file.trace.path.empty()) {
    report.Error("trace.path", "a forecast is judged on a measured trace");
  }
  if (file.is_control() && !file.twin) {
    report.Error("twin", "a controller is judged in the twin: name a scenario");
  }
  if (file.is_measured() != file.measurements.has_value()) {
    report.Error("measurements",
                 "belongs to a question of kind measured, and to no other");
  }
  if (file.control && !file.is_control()) {
    report.Error("control", "belongs to a question of kind control");
  }
  if (file.is_measured() && file.candidate.name == file.incumbent.name) {
    report.Error("candidate.name",
                 "is that of the incumbent: their rows could "
                 "not be told apart");
  }
  if (!file.is_forecast() && file.drift) {
    report.Error("drift", "is tried beside a forecast only");
  }
}

// How the twin's replications are looked at.
void CheckEvidence(const GateFile& file, const Reporter& report) {
  const EvidenceConfig& evidence = file.evidence;
  const EvidenceConfig standard;
  const bool once = evidence.looks == standard.looks;
  if (!once && file.is_control()) {
    report.Error("evidence.looks",
                 "a controller's replications are judged once");
  }
  if (!once && !file.twin) {
    report.Error("evidence.looks", "needs the section 'twin'");
  }
  if (once && evidence.boundary != standard.boundary) {
    report.Error("evidence.boundary", "needs looks: every replication");
  }
  if (once && evidence.futility.value() != standard.futility.value()) {
    report.Error("evidence.futility", "needs looks: every replication");
  }
}

void CheckRelaxations(const GateFile& file, const Reporter& report) {
  for (size_t i = 0; i < file.relax.size(); ++i) {
    const std::string& name = file.relax[i].criterion;
    const std::string key = fmt::format("relax.{}.criterion", i);
    const CriterionRow* const row = FindCriterion(name);
    if (row != nullptr && !row->always) {
      report.Error(key, fmt::format("'{}' is not always asked; leave it out of "
                                    "'criteria'",
                                    name));
    }
    for (const CriterionConfig& criterion : file.criteria) {
      if (criterion.kind == name) {
        report.Error(key, fmt::format("'criteria' asks for '{}'", name));
      }
    }
  }
}

// What needs several sections.
void CheckGate(const GateFile& file, const Reporter& report) {
  CheckKind(file, report);
  CheckRelaxations(file, report);
  CheckEvidence(file, report);
  for (size_t i = 0; i < file.criteria.size(); ++i) {
    const std::string& kind = file.criteria[i].kind;
    const CriterionRow* const row = FindCriterion(kind);
    if (row == nullptr) continue;
    const std::string key = fmt::format("criteria.{}", i);
    if (row->needs_drift && !file.drift) {
      report.Error(key, fmt::format("'{}' needs the section 'drift'", kind));
    }
    if (StageOf(file.criteria[i]) == Stage::kTwin && !file.twin) {
      report.Error(key, fmt::format("'{}' needs the section 'twin'", kind));
    }
  }
}

}  // namespace

void DeclareFields(Fields<TraceReference>& fields) {
  fields.Add("path", &TraceReference::path, "The measured file.")
      .AsExistingFile();
  fields
      .Add("format", &TraceReference::format,
           "Its format; `airlock` for a trace that was imported before.")
      .OneOf(FormatNames);
  fields.Add("first", &TraceReference::first, "The first sample to use.")
      .AtLeast(0);
  fields
      .Add("samples", &TraceReference::samples,
           "How many samples to use; 0 for all from the first.")
      .AtLeast(0);
}

void DeclareFields(Fields<QuestionConfig>& fields) {
  fields
      .Add("kind", &QuestionConfig::kind,
           "`forecast`: predict the target. `control`: act on the twin, whose "
           "KPIs are judged. `measured`: KPIs were measured elsewhere.")
      .OneOf({"forecast", "control", "measured"});
  fields.Add("target", &QuestionConfig::target, "The KPI that is predicted.")
      .NotEmpty();
  fields
      .Add("horizon", &QuestionConfig::horizon,
           "How many samples ahead; 0 infers it from the same sample.")
      .AtLeast(0);
}

void DeclareFields(Fields<ModelConfig>& fields) {
  fields.Add("name", &ModelConfig::name, "What reports call it.")
      .Required()
      .NotEmpty();
  fields
      .Add("model", &ModelConfig::model,
           "A model file of `airlock forecast fit`.")
      .AsExistingFile();
  fields
      .Add("forecaster", &ModelConfig::forecaster,
           "The kind of model that the gate fits on the training part.")
      .OneOf(TrainerNames);
  fields.Add("command", &ModelConfig::command,
             "A program and its arguments that answers one JSON line with "
             "another (agents/program/FORMAT.md).");
  fields
      .Add("agent", &ModelConfig::agent, "A controller; `airlock list agents`.")
      .OneOf(AgentNames);
  fields
      .Add("policy", &ModelConfig::policy,
           "The trained policy of an agent that needs one.")
      .AsExistingFile();
  fields.Add("observation", &ModelConfig::observation,
             "Of control: what is between the twin's counters and what it "
             "alone sees of them, in the place of the scenario's "
             "`controller.observation`.");
  fields
      .Add("files", &ModelConfig::files,
           "What the program consists of. It is started in a folder with a "
           "copy of them.")
      .AsExistingFile();
  fields
      .Add("answer_within", &ModelConfig::answer_within,
           "How long a program may take to answer; a later answer is none.")
      .Between(Milliseconds(1), Milliseconds(600000));
  fields
      .Add("start_within", &ModelConfig::start_within,
           "The same for the first answer after its start.")
      .Between(Milliseconds(1), Milliseconds(600000));
  fields.Add("features", &ModelConfig::features,
             "Columns it may use: [ROLE[/SCOPE]:]GLOB[@SHIFT].");
  fields.Add("exclude", &ModelConfig::exclude,
             "Columns it may not use, in the same form.");
  fields.Add("offered_rate", &ModelConfig::offered_rate,
             "Whether it may see how much traffic is offered.");
  fields.Add("past_target", &ModelConfig::past_target,
             "Whether it may see the last known value of the target.");
  fields
      .Add("lags", &ModelConfig::lags,
           "How many samples before the newest it sees of each feature; of a "
           "program, how many it is shown before its first answer counts.")
      .AtLeast(0);
  fields.Check(CheckModel);
}

void DeclareFields(Fields<GateSplit>& fields) {
  fields
      .Add("train", &GateSplit::train,
           "The first part of the trace, for fitting and calibration.")
      .Between(Ratio(0.1), Ratio(0.9));
  fields
      .Add("gap", &GateSplit::gap,
           "Samples between the training and the held-out part.")
      .AtLeast(0);
}

void DeclareFields(Fields<DriftTriggerConfig>& fields) {
  fields
      .Add("trace", &DriftTriggerConfig::trace,
           "A trace in which the behaviour changes at a known time.")
      .Required();
  fields
      .Add("change_seconds", &DriftTriggerConfig::change_seconds,
           "When it changes, since the trace's start; 0 takes the trace's "
           "own change_time_seconds.")
      .Unit("s")
      .AtLeast(0);
  fields
      .Add("reference", &DriftTriggerConfig::reference,
           "The share of the samples before the change that the trigger is "
           "set up on.")
      .Between(Ratio(0.1), Ratio(0.95));
  fields.Add("features", &DriftTriggerConfig::features,
             "Columns whose response to the load is watched: "
             "[ROLE[/SCOPE]:]GLOB.");
  fields
      .Add("run_length", &DriftTriggerConfig::run_length,
           "Samples expected between two alarms without drift.")
      .AtLeast(10);
  fields
      .Add("window", &DriftTriggerConfig::window,
           "Samples of the sliding window.")
      .AtLeast(10);
  fields.Add("bins", &DriftTriggerConfig::bins, "Bins of the histograms.")
      .Between(2, 1000);
  fields.Check([](const DriftTriggerConfig& drift, const Reporter& report) {
    if (drift.trace.path.empty()) report.Error("trace.path", "is missing");
    CheckFeaturePatterns("features", drift.features, report);
    if (drift.bins > drift.window) {
      report.Error("bins", fmt::format("more bins than the window has samples, "
                                       "{}",
                                       drift.window));
    }
    if (drift.run_length <= static_cast<double>(drift.window)) {
      report.Error(
          "run_length",
          fmt::format("must be above the window's {} samples", drift.window));
    }
  });
}

void DeclareFields(Fields<TwinConfig>& fields) {
  fields
      .Add("scenario", &TwinConfig::scenario,
           "The scenario in which the models are rehearsed.")
      .AsExistingFile()
      .Required();
  fields
      .Add("profile", &TwinConfig::profile,
           "A calibration profile; without one the gate calibrates.")
      .AsExistingFile();
  fields
      .Add("calibrate", &TwinConfig::calibrate,
           "The scenario to calibrate on the gate's trace; without one, "
           "`scenario`.")
      .AsExistingFile();
  fields
      .Add("replications", &TwinConfig::replications,
           "Replications of the rehearsal; 0 for what the scenario says.")
      .AtLeast(0);
}

void DeclareFields(Fields<SettingBounds>& fields) {
  fields.Add("setting", &SettingBounds::setting, "Its name.")
      .Required()
      .NotEmpty();
  fields.Add("low", &SettingBounds::low, "The least value of an action.")
      .Required();
  fields.Add("high", &SettingBounds::high, "The greatest.").Required();
  fields
      .Add("step", &SettingBounds::step,
           "The most by which an action may change it; 0 for any.")
      .AtLeast(0);
  fields.Check([](const SettingBounds& bounds, const Reporter& report) {
    if (bounds.low > bounds.high) report.Error("high", "is below 'low'");
  });
}

void DeclareFields(Fields<ControlConfig>& fields) {
  fields
      .Add("bounds", &ControlConfig::bounds,
           "What actions must keep to, beside what the network allows.")
      .UniqueBy("setting");
}

void DeclareFields(Fields<MeasurementConfig>& fields) {
  fields
      .Add("path", &MeasurementConfig::path,
           "A CSV with the columns `replication`, `model` and KPIs with their "
           "units, `latency_p99 [ms]`.")
      .AsExistingFile()
      .Required();
}

void DeclareFields(Fields<OfflineConfig>& fields) {
  fields
      .Add("log", &OfflineConfig::log,
           "A CSV with the columns `episode`, `step`, `action`, `propensity`, "
           "`reward`, features `x.NAME` and the candidate's probabilities "
           "`p.0`, `p.1`, ...")
      .AsExistingFile()
      .Required();
  fields
      .Add("gamma", &OfflineConfig::gamma, "Discount of an episode's rewards.")
      .Between(0, 1);
}

void DeclareFields(Fields<Relaxation>& fields) {
  fields.Add("criterion", &Relaxation::criterion, "Its kind.")
      .OneOf(CriterionNames)
      .Required();
  fields.Add("because", &Relaxation::because, "Why; the verdict repeats it.")
      .Required()
      .NotEmpty();
}

void DeclareFields(Fields<EvidenceConfig>& fields) {
  fields
      .Add("looks", &EvidenceConfig::looks,
           "When the twin's replications are judged: once after the last, or "
           "after every replication with the error still as promised.")
      .OneOf({"once", "every replication"});
  fields
      .Add("boundary", &EvidenceConfig::boundary,
           "Whether the confidence holds however long one goes on, or only up "
           "to `most` replications, a plan that is kept: that finds more.")
      .OneOf({"open", "planned"});
  fields
      .Add("most", &EvidenceConfig::most,
           "Replications at most; 0 for `twin.replications`.")
      .AtLeast(0);
  fields
      .Add("futility", &EvidenceConfig::futility,
           "Stop early where a promotion by the last replication is less "
           "likely than this; 0% never stops for it.")
      .Between(Ratio(0), Ratio(0.5));
}

void DeclareFields(Fields<CriterionConfig>& fields) {
  fields
      .Add("kind", &CriterionConfig::kind,
           "Which criterion; `airlock list criteria`.")
      .Required()
      .OneOf(CriterionNames);
  fields
      .Add("kpi", &CriterionConfig::kpi,
           "The KPI whose samples are judged; `absolute_error` is that of the "
           "predictions.")
      .NotEmpty();
  fields
      .Add("on", &CriterionConfig::on,
           "Where its samples come from: the trace's held-out part, the "
           "twin's replications, or a table of measurements.")
      .OneOf({"held-out", "twin", "measured"});
  fields
      .Add("against", &CriterionConfig::against,
           "What the candidate is compared with.")
      .OneOf({"incumbent", "persistence", "constant", "itself"});
  fields
      .Add("better", &CriterionConfig::better,
           "Which direction is better; `auto` as the KPI is known.")
      .OneOf({"auto", "lower", "higher"});
  fields
      .Add("margin", &CriterionConfig::margin,
           "How much worse it may be (or how much better it must be): a share "
           "of the other's, `10%`, or an amount with its unit, `2ms`, "
           "`0.5pp`.")
      .NotEmpty();
  fields.Add("limit", &CriterionConfig::limit,
             "What a value, or a quantile, must keep to: an amount with its "
             "unit, `2ms`.");
  fields
      .Add("quantile", &CriterionConfig::quantile,
           "Which quantile of the worse side; `100%` is the worst value.")
      .Between(Ratio(0.5), Ratio(1));
  fields
      .Add("confidence", &CriterionConfig::confidence,
           "One-sided confidence of the answer.")
      .Between(Ratio(0.5), Ratio(0.9999));
  fields.Add("at_least", &CriterionConfig::at_least, "A number of samples.")
      .AtLeast(0);
  fields.Add("at_most", &CriterionConfig::at_most, "A share of the samples.")
      .Between(Ratio(0), Ratio(1));
  fields.Add("within", &CriterionConfig::within, "A number of samples.")
      .AtLeast(0);
  fields.Add("guardrail", &CriterionConfig::guardrail,
             "Whether it is one of the guardrails, which share one error rate "
             "after Holm.");
  fields.Check(CheckCriterion);
}

void DeclareFields(Fields<GateFile>& fields) {
  fields.Add("schema", &GateFile::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  fields.Add("name", &GateFile::name, "What reports call the gate.")
      .Required()
      .NotEmpty();
  fields.Add("description", &GateFile::description, "What is asked, and why.");
  fields.Add("seed", &GateFile::seed, "Seed of everything that is drawn.")
      .AtLeast(0);
  fields.Add("trace", &GateFile::trace,
             "The measured evidence; a forecast needs it.");
  fields.Add("question", &GateFile::question, "What the models are asked.");
  fields.Add("split", &GateFile::split, "How the trace is split in time.");
  fields.Add("candidate", &GateFile::candidate, "What wants to go live.")
      .Required();
  fields.Add("incumbent", &GateFile::incumbent, "What is live, or a baseline.")
      .Required();
  fields.Add("drift", &GateFile::drift,
             "The drift trigger that goes live with the candidate.");
  fields.Add("twin", &GateFile::twin,
             "The rehearsal in the twin. Without it the verdict is never "
             "`promote`.");
  fields.Add("control", &GateFile::control, "What a controller must keep to.");
  fields.Add("measurements", &GateFile::measurements,
             "KPIs that were measured elsewhere.");
  fields.Add("offline", &GateFile::offline,
             "Decisions of the live policy, from which the candidate's value "
             "is estimated before it decides anything.");
  fields.Add("evidence", &GateFile::evidence,
             "How much evidence the twin gathers, and when it is judged.");
  fields
      .Add("criteria", &GateFile::criteria,
           "What must hold, beside what always must: `complete`, `no-leak` "
           "and `twin-credible`.")
      .Required()
      .NotEmpty();
  fields
      .Add("relax", &GateFile::relax,
           "Criteria that are always asked and that this gate leaves out, "
           "with the reason.")
      .UniqueBy("criterion");
  fields.Check(CheckGate);
}

std::optional<GateFile> LoadGateFile(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics) {
  return LoadConfig<GateFile>(path, overrides, diagnostics);
}

std::string ResolvedGateText(const GateFile& file) {
  return ToYaml(file, DefaultMarks::kMarked);
}

std::string GateKeyReference() { return KeyReference<GateFile>(); }

std::string GateJsonSchema() { return JsonSchema<GateFile>("Airlock gate"); }

ForecastProblem ProblemOf(const QuestionConfig& question,
                          const ModelConfig& model) {
  ForecastProblem problem;
  problem.target = question.target;
  problem.horizon = question.horizon;
  problem.include = ParseFeaturePatterns(model.features);
  problem.exclude = ParseFeaturePatterns(model.exclude);
  problem.offered_rate = model.offered_rate;
  problem.past_target = model.past_target;
  problem.lags = model.lags;
  return problem;
}

}  // namespace airlock
