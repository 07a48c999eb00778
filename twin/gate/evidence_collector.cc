#include "twin/gate/evidence_collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "calibration/fit/calibrate.h"
#include "calibration/traces/importer.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/stats/moments.h"
#include "twin/gate/input_files.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

Trace LoadWhole(const TraceReference& reference) {
  return reference.format == "airlock"
             ? ReadTrace(reference.path)
             : ImportTrace(reference.format, reference.path);
}

// The samples of `whole` that are asked for.
Trace PartOf(const Trace& whole, const TraceReference& reference) {
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

ResolvedScenario LoadOrThrow(const std::string& path,
                             const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(path, overrides, &diagnostics);
  if (!scenario) throw InputError(diagnostics.Format());
  return *std::move(scenario);
}

// On how many samples of `whole` from `held_out` on the model was fitted. Its
// file holds the digest of its training samples, which are looked for at the
// start of `whole` and of the part that the gate uses, `first`. A model that
// was fitted on anything else has not seen these samples.
int64_t TrainedFrom(int64_t held_out, const ForecastModel& model,
                    const Trace& whole, int64_t first) {
  for (const int64_t begin : {int64_t{0}, first}) {
    const int64_t end = begin + model.training_samples();
    if (end <= held_out || end > whole.samples()) continue;
    if (whole.Slice(begin, end).Digest() == model.training_digest()) {
      return end - held_out;
    }
  }
  return 0;
}

// The absolute errors of each model, over the origins that all of them predict
// and that have an observed target, in time order. Where a model answered with
// something else than a number its error is NaN.
std::map<std::string, std::vector<double>> PairedErrors(
    const std::map<std::string, Predictions>& predictions) {
  std::map<int64_t, std::vector<double>> by_origin;  // in the models' order
  for (const auto& [model, p] : predictions) {
    for (size_t i = 0; i < p.origin.size(); ++i) {
      if (std::isnan(p.observed[i])) continue;
      by_origin[p.origin[i]].push_back(
          std::isfinite(p.value[i]) ? std::abs(p.value[i] - p.observed[i])
                                    : std::numeric_limits<double>::quiet_NaN());
    }
  }
  std::map<std::string, std::vector<double>> errors;
  for (const auto& [origin, of_models] : by_origin) {
    if (of_models.size() < predictions.size()) continue;
    auto error = of_models.begin();
    for (const auto& [model, unused] : predictions) {
      errors[model].push_back(*error++);
    }
  }
  return errors;
}

double OutsideShare(const Predictions& predictions) {
  return static_cast<double>(predictions.samples_outside) /
         std::max<double>(1, static_cast<double>(predictions.origin.size()));
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

// The scenario, which has a chain, with the profile's values in it.
ResolvedScenario Calibrated(const ResolvedScenario& resolved,
                            const CalibrationProfile& profile) {
  Scenario scenario = resolved.scenario();
  ApplyProfile(profile, &*scenario.datacentre->chain);
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> calibrated = Resolve(scenario, &diagnostics);
  if (!calibrated) throw InputError(diagnostics.Format());
  return *std::move(calibrated);
}

}  // namespace

void EvidenceCollector::UseInput(const std::string& what,
                                 const std::string& path) {
  for (const std::string& file : FilesReadAs(path)) UseFile(what, file);
}

void EvidenceCollector::UseFile(const std::string& what,
                                const std::string& path) {
  inputs_.push_back(
      {what, std::filesystem::proximate(path).string(), Sha256OfFile(path)});
}

Progress EvidenceCollector::Begin(const std::string& stage) const {
  ThrowIfInterrupted();
  return options_.begin_stage ? options_.begin_stage(stage) : Progress();
}

void EvidenceCollector::ReadScenarios() {
  if (!evidence_.file.twin) return;
  const TwinConfig& twin = *evidence_.file.twin;
  rehearsal_ = LoadOrThrow(twin.scenario,
                           {fmt::format("run.seed={}", evidence_.file.seed)});
  for (const std::string& file : FilesOf(*rehearsal_)) UseFile("scenario", file);
  const Scenario& scenario = rehearsal_->scenario();
  if (!scenario.datacentre || !scenario.datacentre->chain) {
    throw InputError(fmt::format(
        "{}: has no service chain, so a calibration says nothing about it",
        rehearsal_->path()));
  }
  if (!twin.profile.empty()) return;
  const std::string& path =
      twin.calibrate.empty() ? twin.scenario : twin.calibrate;
  to_calibrate_ = LoadOrThrow(path, {});
  for (const std::string& file : FilesOf(*to_calibrate_)) {
    UseFile("calibrated scenario", file);
  }
}

ForecastModel EvidenceCollector::ModelFor(const ModelConfig& config,
                                          const std::string& what) {
  const QuestionConfig& question = evidence_.file.question;
  if (config.model.empty()) {
    FitOptions fit;
    fit.forecaster = config.forecaster;
    fit.forecaster_options.seed = static_cast<uint64_t>(evidence_.file.seed);
    return FitModel(ProblemOf(question, config), evidence_.trace,
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

ForecastModel EvidenceCollector::Baseline(const char* forecaster) const {
  ModelConfig config;
  config.features = {"*"};
  config.forecaster = forecaster;
  config.past_target = true;
  FitOptions fit;
  fit.forecaster = forecaster;
  ForecastProblem problem = ProblemOf(evidence_.file.question, config);
  problem.include.clear();
  return FitModel(problem, evidence_.trace, evidence_.split.train_end, fit);
}

void EvidenceCollector::CollectMeasured() {
  const GateFile& file = evidence_.file;
  Begin("reading the trace");
  UseInput("trace", file.trace.path);
  const Trace whole = LoadWhole(file.trace);
  evidence_.trace = PartOf(whole, file.trace);
  evidence_.trace_digest = evidence_.trace.Digest();
  evidence_.split = SplitInTime(evidence_.trace.samples(),
                                {file.split.train.value(), file.split.gap});
  Begin("fitting the candidate and the incumbent");
  const auto add = [this](const char* name, ForecastModel model) {
    evidence_.models.emplace(name, std::move(model));
  };
  add("candidate", ModelFor(file.candidate, "candidate"));
  add("incumbent", ModelFor(file.incumbent, "incumbent"));
  add("persistence", Baseline("persistence"));
  add("constant", Baseline("constant"));
  for (const char* name : {"candidate", "incumbent"}) {
    evidence_.models.at(name).Save(PathOf(name) + ".model");
  }
  if (!file.candidate.model.empty()) {
    evidence_.candidate_trained_on_held_out =
        TrainedFrom(file.trace.first + evidence_.split.test_begin,
                    evidence_.models.at("candidate"), whole, file.trace.first);
  }
  Begin("judging on the held-out part of the trace");
  CompareOnHeldOut();
  CheckLeaks();
  if (file.drift) {
    Begin("calibrating and trying the drift trigger");
    CollectDrift();
  }
}

std::map<std::string, Predictions> EvidenceCollector::PredictAll(
    const Trace& trace, int64_t begin, int64_t end) const {
  std::map<std::string, Predictions> predictions;
  for (const auto& [name, model] : evidence_.models) {
    predictions.emplace(name, model.Predict(trace, begin, end));
  }
  return predictions;
}

void EvidenceCollector::CompareOnHeldOut() {
  const int64_t begin = evidence_.split.test_begin;
  const int64_t end = evidence_.trace.samples();
  evidence_.held_out_samples = end - begin;
  const auto predictions = PredictAll(evidence_.trace, begin, end);
  const Predictions& candidate = predictions.at("candidate");
  for (size_t i = 0; i < candidate.origin.size(); ++i) {
    if (std::isnan(candidate.observed[i])) continue;
    ++evidence_.candidate_asked;
    if (!std::isfinite(candidate.value[i])) ++evidence_.candidate_not_a_number;
  }
  evidence_.candidate_outside_share = OutsideShare(candidate);
  KpiSamples& errors = ErrorSamples(KpiSource::kHeldOut);
  for (auto& [model, absolute_error] : PairedErrors(predictions)) {
    errors.models[model].values = absolute_error;
  }
}

void EvidenceCollector::CheckLeaks() {
  LeakOptions options;
  options.seed = static_cast<uint64_t>(evidence_.file.seed);
  evidence_.leak =
      CheckForLeak(evidence_.models.at("candidate"), evidence_.trace, options);
  const ModelConfig& config = evidence_.file.candidate;
  if (!config.model.empty()) return;
  FitOptions fit;
  fit.forecaster = config.forecaster;
  fit.forecaster_options.seed = static_cast<uint64_t>(evidence_.file.seed);
  evidence_.fit_leak =
      CheckFitForLeak(ProblemOf(evidence_.file.question, config),
                      evidence_.trace, evidence_.split.train_end, fit);
}

DriftTrigger EvidenceCollector::TriggerFor(const Trace& reference) const {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(config.features);
  monitor.seed = static_cast<uint64_t>(evidence_.file.seed);
  DriftOptions options;
  options.ert = static_cast<double>(config.run_length);
  options.detector = "jensen-shannon";
  options.parameters = {{"window", static_cast<double>(config.window)},
                        {"bins", static_cast<double>(config.bins)}};
  options.seed = monitor.seed;
  return CalibrateDrift(reference, monitor, options);
}

void EvidenceCollector::CollectDrift() {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  UseInput("drift trace", config.trace.path);
  const Trace drifting = PartOf(LoadWhole(config.trace), config.trace);
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

DriftEvidence EvidenceCollector::TryTrigger(const Trace& drifting,
                                            int64_t change) const {
  const DriftTriggerConfig& config = *evidence_.file.drift;
  const Trace& trace = evidence_.trace;
  DriftEvidence drift;
  drift.run_length = config.run_length;
  drift.window = config.window;

  DriftTrigger live = TriggerFor(trace.Slice(0, evidence_.split.train_end));
  live.Save(PathOf("drift.trigger"));
  const Trace quiet = trace.Slice(evidence_.split.test_begin, trace.samples());
  drift.quiet_samples = quiet.samples();
  drift.quiet_alarms = static_cast<int64_t>(live.Watch(quiet).alarms.size());

  const auto reference_end = static_cast<int64_t>(config.reference.value() *
                                                  static_cast<double>(change));
  drift.early_samples = change - reference_end;
  drift.late_samples = drifting.samples() - change;
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

void EvidenceCollector::CollectTwin() {
  if (!evidence_.file.twin) {
    evidence_.twin_missing = "the gate file names no twin";
    return;
  }
  FindProfile();
  Rehearse();
}

void EvidenceCollector::FindProfile() {
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
  CalibrationOptions options;
  options.fit_share = evidence_.file.split.train.value();
  options.seed = static_cast<uint64_t>(evidence_.file.seed);
  try {
    evidence_.profile =
        Calibrate(*to_calibrate_, evidence_.trace, options, progress).profile;
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

void EvidenceCollector::Rehearse() {
  // What a twin says that is not credible is no evidence, for or against.
  if (!DoubtAboutTwin(evidence_).empty()) return;
  const TwinConfig& twin = *evidence_.file.twin;
  const Progress progress = Begin("rehearsing in the twin");
  const ResolvedScenario scenario = Calibrated(*rehearsal_, *evidence_.profile);
  WriteFileAtomically(PathOf("scenario.resolved.yaml"), scenario.FileText());
  const RunRecord record =
      RunBatch(scenario, {0, twin.replications, options_.jobs}, progress);
  WriteRunRecord(record, PathOf("result.h5"));
  for (const ReplicationRecord& replication : record.replications) {
    try {
      RehearseOne(replication.series);
    } catch (const InputError& error) {
      evidence_.twin_missing = fmt::format(
          "the twin cannot rehearse the question: {}", error.what());
      return;
    }
  }
}

void EvidenceCollector::RehearseOne(const Trace& series) {
  const auto predictions = PredictAll(series, 0, series.samples());
  KpiSamples& errors = ErrorSamples(KpiSource::kTwin);
  for (const auto& [model, absolute_error] : PairedErrors(predictions)) {
    errors.models[model].values.push_back(Mean(absolute_error));
  }
  evidence_.rehearsal_outside_share.push_back(
      OutsideShare(predictions.at("candidate")));
}

KpiSamples& EvidenceCollector::ErrorSamples(KpiSource source) {
  KpiSamples& errors = evidence_.Samples("absolute_error", source);
  errors.autocorrelated = source == KpiSource::kHeldOut;
  errors.credible_as = evidence_.file.question.target;
  for (const auto& [name, model] : evidence_.models) {
    errors.models[name].unit = model.target_unit();
    errors.models[name].clock = ToString(source);
  }
  return errors;
}

}  // namespace airlock
