#include "twin/gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "calibration/fit/calibrate.h"
#include "calibration/traces/importer.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/scenario/resolve.h"
#include "twin/drift/watch.h"
#include "twin/gate/evidence.h"
#include "twin/registry/verdict.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

using nlohmann::json;

Trace LoadTrace(const TraceReference& reference) {
  const Trace whole = reference.format == "airlock"
                          ? ReadTrace(reference.path)
                          : ImportTrace(reference.format, reference.path);
  const int64_t end = reference.samples == 0
                          ? whole.samples()
                          : reference.first + reference.samples;
  if (reference.first >= whole.samples() || end > whole.samples()) {
    throw InputError(fmt::format("{}: has {} samples; {} to {} were asked for",
                                 reference.path, whole.samples(),
                                 reference.first, end));
  }
  return whole.Slice(reference.first, end);
}

// One question to one gate: collects the evidence stage by stage.
class Gate {
 public:
  Gate(const GateFile& file, const std::string& folder,
       const GateOptions& options)
      : folder_(folder), options_(options) {
    evidence_.file = file;
  }

  void CollectMeasured();
  void CollectTwin();
  std::vector<CriterionResult> Judge(bool with_twin) const;
  const Evidence& evidence() const { return evidence_; }
  // What was read, for the verdict's record.
  const std::vector<std::pair<std::string, std::string>>& inputs() const {
    return inputs_;
  }

 private:
  Progress Begin(const std::string& stage) const {
    ThrowIfInterrupted();
    return options_.begin_stage ? options_.begin_stage(stage) : Progress();
  }
  std::string PathOf(const char* name) const { return folder_ + "/" + name; }
  // Notes an input by its path from the current folder, from where `airlock
  // promote` looks for it.
  void UseInput(const std::string& what, const std::string& path) {
    inputs_.emplace_back(what, std::filesystem::proximate(path).string());
  }
  ForecastModel ModelFor(const ModelConfig& config, const std::string& what);
  ForecastModel Baseline(const char* forecaster) const;
  void CompareOnHeldOut();
  void CheckLeaks();
  void CollectDrift();
  // A trigger as the file asks for, set up on `reference`.
  DriftTrigger TriggerFor(const Trace& reference) const;
  // `change`: the sample of `drifting` from which the behaviour is another.
  DriftEvidence TryTrigger(const Trace& drifting, int64_t change) const;
  void FindProfile();
  void Rehearse();
  Rehearsal RehearseOne(const Trace& series) const;

  std::string folder_;
  const GateOptions& options_;
  Evidence evidence_;
  std::vector<std::pair<std::string, std::string>> inputs_;
};

ForecastModel Gate::ModelFor(const ModelConfig& config,
                             const std::string& what) {
  const QuestionConfig& question = evidence_.file.question;
  if (config.model.empty()) {
    FitOptions fit;
    fit.forecaster = config.forecaster;
    fit.forecaster_options.seed = static_cast<uint64_t>(evidence_.file.seed);
    return ForecastModel::Fit(ProblemOf(question, config), evidence_.trace,
                              evidence_.split.train_end, fit);
  }
  UseInput(what, config.model);
  ForecastModel model = ForecastModel::Load(config.model);
  if (model.problem().target != question.target ||
      model.problem().horizon != question.horizon) {
    throw InputError(fmt::format(
        "{}: predicts {} {} samples ahead; the gate asks for {} {} ahead",
        config.model, model.problem().target, model.problem().horizon,
        question.target, question.horizon));
  }
  return model;
}

ForecastModel Gate::Baseline(const char* forecaster) const {
  ModelConfig config;
  config.features = {"*"};
  config.forecaster = forecaster;
  config.past_target = true;
  FitOptions fit;
  fit.forecaster = forecaster;
  ForecastProblem problem = ProblemOf(evidence_.file.question, config);
  problem.include.clear();
  return ForecastModel::Fit(problem, evidence_.trace, evidence_.split.train_end,
                            fit);
}

void Gate::CollectMeasured() {
  const GateFile& file = evidence_.file;
  Begin("reading the trace");
  UseInput("trace", file.trace.path);
  evidence_.trace = LoadTrace(file.trace);
  evidence_.trace_digest = evidence_.trace.Digest();
  evidence_.split = SplitInTime(evidence_.trace.samples(),
                                {file.split.train.value(), file.split.gap});
  Begin("fitting the candidate and the incumbent");
  evidence_.candidate = ModelFor(file.candidate, "candidate");
  evidence_.incumbent = ModelFor(file.incumbent, "incumbent");
  evidence_.candidate->Save(PathOf("candidate.model"));
  evidence_.incumbent->Save(PathOf("incumbent.model"));
  Begin("judging on the held-out part of the trace");
  CompareOnHeldOut();
  CheckLeaks();
  if (file.drift) {
    Begin("calibrating and trying the drift trigger");
    CollectDrift();
  }
}

// Errors by origin; NaN where a model gives none.
std::map<int64_t, double> ErrorsByOrigin(const Predictions& predictions) {
  std::map<int64_t, double> errors;
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    if (std::isnan(predictions.observed[i])) continue;
    errors[predictions.origin[i]] =
        std::abs(predictions.value[i] - predictions.observed[i]);
  }
  return errors;
}

void Gate::CompareOnHeldOut() {
  const int64_t begin = evidence_.split.test_begin;
  const int64_t end = evidence_.trace.samples();
  evidence_.held_out_samples = end - begin;
  const Predictions candidate =
      evidence_.candidate->Predict(evidence_.trace, begin, end);
  for (size_t i = 0; i < candidate.origin.size(); ++i) {
    if (std::isnan(candidate.observed[i])) continue;
    ++evidence_.candidate_asked;
    if (!std::isfinite(candidate.value[i])) ++evidence_.candidate_not_a_number;
  }
  evidence_.candidate_outside_share =
      static_cast<double>(candidate.samples_outside) /
      std::max<double>(1, static_cast<double>(candidate.origin.size()));

  std::map<std::string, std::map<int64_t, double>> errors;
  errors["candidate"] = ErrorsByOrigin(candidate);
  errors["incumbent"] =
      ErrorsByOrigin(evidence_.incumbent->Predict(evidence_.trace, begin, end));
  for (const char* baseline : {"persistence", "constant"}) {
    errors[baseline] =
        ErrorsByOrigin(Baseline(baseline).Predict(evidence_.trace, begin, end));
  }
  // Pair by origin: only samples that every model predicts count.
  for (const auto& [origin, unused] : errors["candidate"]) {
    bool all = true;
    for (const auto& [model, by_origin] : errors) {
      const auto found = by_origin.find(origin);
      all = all && found != by_origin.end() && std::isfinite(found->second);
    }
    if (!all) continue;
    for (const auto& [model, by_origin] : errors) {
      evidence_.held_out[model].absolute_error.push_back(by_origin.at(origin));
    }
  }
}

void Gate::CheckLeaks() {
  LeakOptions options;
  options.seed = static_cast<uint64_t>(evidence_.file.seed);
  evidence_.leak = CheckForLeak(*evidence_.candidate, evidence_.trace, options);
  const ModelConfig& config = evidence_.file.candidate;
  if (!config.model.empty()) return;
  FitOptions fit;
  fit.forecaster = config.forecaster;
  fit.forecaster_options.seed = static_cast<uint64_t>(evidence_.file.seed);
  evidence_.fit_leak =
      CheckFitForLeak(ProblemOf(evidence_.file.question, config),
                      evidence_.trace, evidence_.split.train_end, fit);
}

// The first sample at or after `seconds`.
int64_t SampleAt(const Trace& trace, double seconds) {
  const auto found = std::lower_bound(trace.time_seconds.begin(),
                                      trace.time_seconds.end(), seconds);
  return found - trace.time_seconds.begin();
}

// When the behaviour of `trace` changes; none if neither says so.
std::optional<double> ChangeSeconds(const DriftTriggerConfig& config,
                                    const Trace& trace) {
  if (config.change_seconds > 0) return config.change_seconds;
  const std::string text = trace.Attribute("change_time_seconds");
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc()) return std::nullopt;
  return seconds;
}

DriftTrigger Gate::TriggerFor(const Trace& reference) const {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(config.features);
  monitor.seed = static_cast<uint64_t>(evidence_.file.seed);
  DriftOptions options;
  options.ert = static_cast<double>(config.run_length);
  options.window = config.window;
  options.bins = config.bins;
  options.seed = monitor.seed;
  return CalibrateDrift(reference, monitor, options);
}

void Gate::CollectDrift() {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  UseInput("drift trace", config.trace.path);
  const Trace drifting = LoadTrace(config.trace);
  const std::optional<double> change = ChangeSeconds(config, drifting);
  if (!change) {
    evidence_.drift_missing = fmt::format(
        "{} does not say when the behaviour changes", config.trace.path);
    return;
  }
  try {
    evidence_.drift = TryTrigger(drifting, SampleAt(drifting, *change));
  } catch (const InputError& error) {
    // Too short for the window, or nothing to watch: no evidence, not a pass.
    evidence_.drift_missing =
        fmt::format("the drift trigger cannot be tried: {}", error.what());
  }
}

DriftEvidence Gate::TryTrigger(const Trace& drifting, int64_t change) const {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  const Trace& trace = evidence_.trace;
  DriftEvidence drift;
  drift.run_length = config.run_length;

  DriftTrigger live = TriggerFor(trace.Slice(0, evidence_.split.train_end));
  live.Save(PathOf("drift.trigger"));
  const Trace quiet = trace.Slice(evidence_.split.test_begin, trace.samples());
  drift.quiet_samples = quiet.samples();
  drift.quiet_alarms = static_cast<int64_t>(live.Watch(quiet).alarms.size());

  const auto reference_end = static_cast<int64_t>(config.reference.value() *
                                                  static_cast<double>(change));
  drift.early_samples = change - reference_end;
  const DriftWatch watch =
      TriggerFor(drifting.Slice(0, reference_end))
          .Watch(drifting.Slice(reference_end, drifting.samples()));
  for (const DriftAlarm& alarm : watch.alarms) {
    const int64_t delay = reference_end + alarm.sample - change;
    if (delay < 0) {
      ++drift.early_alarms;
    } else if (drift.delay_samples < 0) {
      drift.delay_samples = delay;
      drift.explanation = fmt::format("{} moved most", alarm.feature);
    }
  }
  return drift;
}

void Gate::CollectTwin() {
  if (!evidence_.file.twin) {
    evidence_.twin_missing = "the gate file names no twin";
    return;
  }
  FindProfile();
  Rehearse();
}

ResolvedScenario LoadOrThrow(const std::string& path,
                             const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(path, overrides, &diagnostics);
  if (!scenario) throw InputError(diagnostics.Format());
  return *std::move(scenario);
}

void Gate::FindProfile() {
  const TwinConfig& twin = *evidence_.file.twin;
  if (!twin.profile.empty()) {
    UseInput("profile", twin.profile);
    Diagnostics diagnostics;
    evidence_.profile = LoadCalibrationProfile(twin.profile, &diagnostics);
    if (!evidence_.profile) throw InputError(diagnostics.Format());
    WriteFileAtomically(PathOf("profile.yaml"), ReadFile(twin.profile));
    return;
  }
  const Progress progress = Begin("calibrating the twin");
  const std::string& path =
      twin.calibrate.empty() ? twin.scenario : twin.calibrate;
  UseInput("calibrated scenario", path);
  CalibrationOptions options;
  options.fit_share = evidence_.file.split.train.value();
  options.seed = static_cast<uint64_t>(evidence_.file.seed);
  try {
    evidence_.profile =
        Calibrate(LoadOrThrow(path, {}), evidence_.trace, options, progress)
            .profile;
  } catch (const InputError& error) {
    // Too little or unfit data for a calibration: no evidence, not a pass.
    evidence_.twin_missing =
        fmt::format("the twin cannot be calibrated: {}", error.what());
    return;
  }
  evidence_.profile->trace =
      std::filesystem::proximate(evidence_.file.trace.path).string();
  WriteCalibrationProfile(*evidence_.profile, PathOf("profile.yaml"));
}

// The scenario with the profile's values in its chain.
ResolvedScenario Calibrated(const ResolvedScenario& resolved,
                            const CalibrationProfile& profile) {
  Scenario scenario = resolved.scenario();
  if (!scenario.datacentre || !scenario.datacentre->chain) {
    throw InputError(fmt::format(
        "{}: has no service chain, so the calibration says nothing about it",
        resolved.path()));
  }
  ApplyProfile(profile, &*scenario.datacentre->chain);
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> calibrated = Resolve(scenario, &diagnostics);
  if (!calibrated) throw InputError(diagnostics.Format());
  return *std::move(calibrated);
}

void Gate::Rehearse() {
  // What a twin says that is not credible is no evidence, for or against.
  if (!DoubtAboutTwin(evidence_).empty()) return;
  const TwinConfig& twin = *evidence_.file.twin;
  const Progress progress = Begin("rehearsing in the twin");
  UseInput("scenario", twin.scenario);
  const ResolvedScenario scenario =
      Calibrated(LoadOrThrow(twin.scenario,
                             {fmt::format("run.seed={}", evidence_.file.seed)}),
                 *evidence_.profile);
  WriteFileAtomically(PathOf("scenario.resolved.yaml"), scenario.FileText());
  const RunRecord record =
      RunBatch(scenario, {0, twin.replications, options_.jobs}, progress);
  WriteRunRecord(record, PathOf("result.h5"));
  for (const ReplicationRecord& replication : record.replications) {
    try {
      evidence_.rehearsals.push_back(RehearseOne(replication.series));
    } catch (const InputError& error) {
      evidence_.rehearsals.clear();
      evidence_.twin_missing = fmt::format(
          "the twin cannot rehearse the question: {}", error.what());
      return;
    }
  }
}

Rehearsal Gate::RehearseOne(const Trace& series) const {
  Rehearsal rehearsal;
  const Predictions candidate = evidence_.candidate->Predict(series);
  rehearsal.mean_absolute_error["candidate"] = Score(candidate).mae;
  rehearsal.mean_absolute_error["incumbent"] =
      Score(evidence_.incumbent->Predict(series)).mae;
  for (const char* baseline : {"persistence", "constant"}) {
    rehearsal.mean_absolute_error[baseline] =
        Score(Baseline(baseline).Predict(series)).mae;
  }
  rehearsal.outside_share =
      static_cast<double>(candidate.samples_outside) /
      std::max<double>(1, static_cast<double>(candidate.origin.size()));
  return rehearsal;
}

std::vector<CriterionResult> Gate::Judge(bool with_twin) const {
  std::vector<CriterionResult> results;
  for (const CriterionRow& row : Criteria()) {
    std::vector<CriterionConfig> asked;
    for (const CriterionConfig& config : evidence_.file.criteria) {
      if (config.kind == row.name) asked.push_back(config);
    }
    if (asked.empty() && row.always) {
      asked.emplace_back();
      asked.back().kind = row.name;
    }
    for (const CriterionConfig& config : asked) {
      if (row.stage == Stage::kMeasured || with_twin) {
        results.push_back(row.judge(config, evidence_));
        continue;
      }
      CriterionResult skipped;
      skipped.kind = config.kind;
      skipped.label = config.kind;
      skipped.reason = "not evaluated: the measured evidence already rejects";
      results.push_back(skipped);
    }
  }
  return results;
}

json NumberOrNull(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json ToJson(const CriterionResult& result) {
  return {{"kind", result.kind},
          {"label", result.label},
          {"outcome", ToString(result.outcome)},
          {"estimate", NumberOrNull(result.interval.estimate)},
          {"low", NumberOrNull(result.interval.low)},
          {"high", NumberOrNull(result.interval.high)},
          {"limit", NumberOrNull(result.limit)},
          {"unit", result.unit},
          {"n", result.n},
          {"needed", result.needed},
          {"reason", result.reason}};
}

void WriteSummary(const GateVerdict& verdict, const Gate& gate,
                  const std::string& gate_path, const std::string& folder) {
  json summary = {{"filetype", "gate-verdict"},
                  {"version", {1, 0}},
                  {"gate", verdict.gate_name},
                  {"verdict", ToString(verdict.verdict)}};
  summary["candidate"] = {
      {"name", verdict.candidate_name},
      {"files",
       {{{"path", "candidate.model"},
         {"sha256", Sha256OfFile(folder + "/candidate.model")}}}}};
  summary["inputs"] = json::array();
  summary["inputs"].push_back({{"what", "gate"},
                               {"path", gate_path},
                               {"sha256", Sha256OfFile(gate_path)}});
  for (const auto& [what, path] : gate.inputs()) {
    summary["inputs"].push_back(
        {{"what", what}, {"path", path}, {"sha256", Sha256OfFile(path)}});
  }
  summary["criteria"] = json::array();
  for (const CriterionResult& result : verdict.criteria) {
    summary["criteria"].push_back(ToJson(result));
  }
  summary["rehearsals"] = json::array();
  for (const Rehearsal& rehearsal : gate.evidence().rehearsals) {
    json errors = json::object();
    for (const auto& [model, error] : rehearsal.mean_absolute_error) {
      errors[model] = NumberOrNull(error);
    }
    summary["rehearsals"].push_back(
        {{"mean_absolute_error", std::move(errors)},
         {"outside_training_range", rehearsal.outside_share}});
  }
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
}

}  // namespace

std::string GateVerdict::ToText() const {
  std::string text =
      fmt::format("{}: {}\n", gate_name, airlock::ToString(verdict));
  for (const CriterionResult& result : criteria) {
    text +=
        fmt::format("  {:12}  {:36}  {}\n", airlock::ToString(result.outcome),
                    result.label, result.reason);
    if (result.needed > 0) {
      text += fmt::format("  {:12}  {:36}  about {} would do\n", "", "",
                          result.needed);
    }
  }
  return text;
}

GateVerdict RunGate(const GateFile& file, const std::string& gate_path,
                    const std::string& folder, const GateOptions& options) {
  WriteFileAtomically(folder + "/gate.resolved.yaml", ResolvedGateText(file));
  Gate gate(file, folder, options);
  gate.CollectMeasured();
  const bool rejected = Combine(gate.Judge(false)) == Outcome::kReject;
  if (!rejected) gate.CollectTwin();
  GateVerdict verdict;
  verdict.gate_name = file.name;
  verdict.candidate_name = file.candidate.name;
  verdict.criteria = gate.Judge(!rejected);
  verdict.verdict = Combine(verdict.criteria);
  WriteSummary(verdict, gate, gate_path, folder);
  return verdict;
}

}  // namespace airlock
