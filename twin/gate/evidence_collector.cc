#include "twin/gate/evidence_collector.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "calibration/fit/calibrate.h"
#include "calibration/traces/importer.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"
#include "twin/gate/criteria/families.h"
#include "twin/gate/input_files.h"
#include "twin/gate/series_files.h"

namespace airlock {
namespace {

constexpr char kDriftTriggerName[] = "drift.trigger";

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
    const std::map<std::string, Answers>& answers,
    std::vector<double>* targets = nullptr) {
  std::map<int64_t, std::vector<double>> by_origin;  // in the models' order
  std::map<int64_t, double> target;
  for (const auto& [model, answer] : answers) {
    const Predictions& p = answer.predictions;
    for (size_t i = 0; i < p.origin.size(); ++i) {
      if (std::isnan(p.observed[i])) continue;
      target[p.origin[i]] = p.observed[i];
      by_origin[p.origin[i]].push_back(
          std::isfinite(p.value[i]) ? std::abs(p.value[i] - p.observed[i])
                                    : std::numeric_limits<double>::quiet_NaN());
    }
  }
  std::map<std::string, std::vector<double>> errors;
  for (const auto& [origin, of_models] : by_origin) {
    if (of_models.size() < answers.size()) continue;
    auto error = of_models.begin();
    for (const auto& [model, unused] : answers) {
      errors[model].push_back(*error++);
    }
    if (targets != nullptr) targets->push_back(target[origin]);
  }
  return errors;
}

// The KPIs of which a harm shows where the mean does not: the errors in the
// fifth of the samples with the highest target ("absolute_error_under_load"),
// and what of each error exceeds the 95 % quantile of the incumbent's
// ("excess_error").
void AddSlices(const KpiSamples& errors, const std::vector<double>& targets,
               Evidence* evidence) {
  if (targets.empty()) return;
  const double high = Quantile(targets, 0.8);
  const double usual =
      Quantile(DropMissing(errors.models.at("incumbent").values), 0.95);
  // Copies: adding KPIs moves the one that is read.
  const KpiSamples all = errors;
  KpiSamples& load = evidence->Samples("absolute_error_under_load", all.source);
  load = all;
  load.kpi = "absolute_error_under_load";
  for (auto& [model, series] : load.models) series.values.clear();
  for (const auto& [model, series] : all.models) {
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < high) continue;
      load.models[model].values.push_back(series.values[i]);
    }
  }
  KpiSamples& excess = evidence->Samples("excess_error", all.source);
  excess = all;
  excess.kpi = "excess_error";
  for (auto& [model, series] : excess.models) {
    for (double& error : series.values) error = std::max(0.0, error - usual);
  }
}

SkillEvidence SkillOf(const Predictions& candidate,
                      const Predictions& persistence) {
  std::map<int64_t, double> last;
  for (size_t i = 0; i < persistence.origin.size(); ++i) {
    last[persistence.origin[i]] = persistence.value[i];
  }
  SkillEvidence skill;
  for (size_t i = 0; i < candidate.origin.size(); ++i) {
    const auto found = last.find(candidate.origin[i]);
    if (found == last.end()) continue;
    const double of_last = found->second - candidate.observed[i];
    const double of_candidate = candidate.value[i] - candidate.observed[i];
    if (!std::isfinite(of_last) || !std::isfinite(of_candidate)) continue;
    const double apart = of_last - of_candidate;
    skill.gain.push_back(of_last * apart);
    skill.square.push_back(apart * apart);
  }
  return skill;
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

}  // namespace

ResolvedScenario Calibrated(const ResolvedScenario& resolved,
                            const CalibrationProfile& profile) {
  Scenario scenario = resolved.scenario();
  ApplyProfile(profile, &*scenario.datacentre->chain);
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> calibrated = Resolve(scenario, &diagnostics);
  if (!calibrated) throw InputError(diagnostics.Format());
  return *std::move(calibrated);
}

EvidenceCollector::EvidenceCollector(const GateFile& file,
                                     const std::string& folder,
                                     const GateOptions& options)
    : folder_(folder), options_(options), scratch_(folder + "/.programs") {
  evidence_.file = file;
  if (options.repeat.empty()) return;
  const std::string path = options.repeat + "/" + kWallClockName;
  repeated_ = WallClockFromText(ReadFile(path), path);
}

EvidenceCollector::~EvidenceCollector() {
  std::error_code gone;
  std::filesystem::remove_all(scratch_, gone);
}

bool EvidenceCollector::Asks(const char* criterion) const {
  const auto& asked = evidence_.file.criteria;
  return std::any_of(
      asked.begin(), asked.end(),
      [&](const CriterionConfig& config) { return config.kind == criterion; });
}

namespace {

void PlanLooks(const GateFile& file, Looks* looks) {
  for (const CriterionConfig& criterion : file.criteria) {
    if (StageOf(criterion) == Stage::kTwin) {
      looks->PlanFor(1 - criterion.confidence.value());
    }
  }
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
  for (const std::string& file : FilesOf(*rehearsal_))
    UseFile("scenario", file);
  if (evidence_.file.is_control()) CheckAgents();
  const Scenario& scenario = rehearsal_->scenario();
  const bool has_chain = scenario.datacentre && scenario.datacentre->chain;
  if (!has_chain && evidence_.file.is_control() && twin.profile.empty()) return;
  if (!has_chain) {
    throw InputError(fmt::format(
        "{}: has no service chain, so a calibration says nothing about it",
        rehearsal_->path()));
  }
  if (!twin.profile.empty() || evidence_.file.trace.path.empty()) return;
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

std::string EvidenceCollector::Install(const ModelConfig& config,
                                       const std::string& name) {
  namespace fs = std::filesystem;
  const std::string run = fs::absolute(scratch_ + "/" + name);
  const bool sealed = name == "candidate";
  fs::create_directories(run);
  for (const std::string& file : config.files) {
    UseInput(name + "'s file", file);
    const std::string base = fs::path(file).filename();
    fs::copy_file(file, run + "/" + base);
    if (!sealed) continue;
    fs::create_directories(PathOf(name));
    fs::copy_file(file, PathOf(name + "/" + base));
    candidate_files_.push_back(name + "/" + base);
  }
  return run;
}

void EvidenceCollector::AddPredictor(const std::string& name,
                                     const ModelConfig& config) {
  if (config.is_program()) {
    const LateQuestions* const late =
        repeated_ && name == "candidate" ? &repeated_->late : nullptr;
    predictors_[name] = std::make_unique<ProgramPredictor>(
        config, Install(config, name), evidence_.file.question, evidence_.trace,
        late);
    return;
  }
  ForecastModel model = ModelFor(config, name);
  model.Save(PathOf(name) + ".model");
  if (name == "candidate") candidate_files_.push_back("candidate.model");
  predictors_[name] = PredictorOf(std::move(model));
}

void EvidenceCollector::CollectMeasured() {
  if (evidence_.file.is_measured()) CollectMeasurements();
  if (evidence_.file.is_forecast()) CollectForecasts();
  CollectOffline();
}

void EvidenceCollector::CollectForecasts() {
  const GateFile& file = evidence_.file;
  Begin("reading the trace");
  UseInput("trace", file.trace.path);
  const Trace whole = LoadWhole(file.trace);
  evidence_.trace = PartOf(whole, file.trace);
  evidence_.trace_digest = evidence_.trace.Digest();
  evidence_.split = SplitInTime(evidence_.trace.samples(),
                                {file.split.train.value(), file.split.gap});
  CheckTrace();
  Begin("fitting the candidate and the incumbent");
  AddPredictor("candidate", file.candidate);
  AddPredictor("incumbent", file.incumbent);
  predictors_["persistence"] = PredictorOf(Baseline("persistence"));
  predictors_["constant"] = PredictorOf(Baseline("constant"));
  if (!file.candidate.model.empty()) {
    evidence_.candidate_trained_on_held_out =
        TrainedFrom(file.trace.first + evidence_.split.test_begin,
                    *predictor("candidate").model(), whole, file.trace.first);
  }
  Begin("judging on the held-out part of the trace");
  const AllAnswers answers = AnswerAll(
      evidence_.trace, evidence_.split.test_begin, evidence_.trace.samples());
  CompareOnHeldOut(answers);
  WriteHeldOut(evidence_.trace, file.question.target, answers,
               PathOf("held_out.h5"));
  CheckCoverage(answers.at("candidate"));
  CheckLeaks();
  CollectBehaviour(answers.at("candidate"));
  CollectCost();
  if (Asks("robustness")) CollectRobustness();
  if (file.drift) {
    Begin("calibrating and trying the drift trigger");
    CollectDrift();
  }
}

EvidenceCollector::AllAnswers EvidenceCollector::AnswerAll(const Trace& trace,
                                                           int64_t begin,
                                                           int64_t end) {
  AllAnswers answers;
  for (const auto& [name, predictor] : predictors_) {
    answers.emplace(name, predictor->Answer(trace, begin, end));
  }
  NoteAccount();
  return answers;
}

double EvidenceCollector::OutsideShare(const Trace& trace,
                                       const Answers& candidate) {
  const Predictions& p = candidate.predictions;
  const auto count = static_cast<double>(std::max<size_t>(1, p.origin.size()));
  if (predictor("candidate").model() != nullptr) {
    return static_cast<double>(p.samples_outside) / count;
  }
  // What a program was trained on is its own affair: the training part stands
  // for it.
  std::vector<bool> outside(static_cast<size_t>(trace.samples()));
  for (const std::string& input : predictor("candidate").Inputs()) {
    const auto& known = evidence_.trace.Get(input).values;
    const auto end = known.begin() + evidence_.split.train_end;
    std::vector<double> training(known.begin(), end);
    training = DropMissing(training);
    if (training.empty()) continue;
    const auto [low, high] =
        std::minmax_element(training.begin(), training.end());
    const auto& values = trace.Get(input).values;
    for (const int64_t t : p.origin) {
      const auto row = static_cast<size_t>(t);
      if (values[row] < *low || values[row] > *high) outside[row] = true;
    }
  }
  return static_cast<double>(std::count(outside.begin(), outside.end(), true)) /
         count;
}

void EvidenceCollector::CompareOnHeldOut(const AllAnswers& answers) {
  evidence_.held_out_samples =
      evidence_.trace.samples() - evidence_.split.test_begin;
  const Predictions& candidate = answers.at("candidate").predictions;
  for (size_t i = 0; i < candidate.origin.size(); ++i) {
    if (std::isnan(candidate.observed[i])) continue;
    ++evidence_.candidate_asked;
    if (!std::isfinite(candidate.value[i])) ++evidence_.candidate_not_a_number;
  }
  evidence_.candidate_outside_share =
      OutsideShare(evidence_.trace, answers.at("candidate"));
  std::vector<double> targets;
  const auto paired = PairedErrors(answers, &targets);
  KpiSamples& errors = ErrorSamples(KpiSource::kHeldOut);
  for (const auto& [model, absolute_error] : paired) {
    errors.models[model].values = absolute_error;
  }
  AddSlices(errors, targets, &evidence_);
  evidence_.behaviour.skill =
      SkillOf(candidate, answers.at("persistence").predictions);
}

void EvidenceCollector::CheckCoverage(const Answers& candidate) {
  CoverageEvidence coverage;
  coverage.nominal = predictor("candidate").nominal_coverage();
  if (coverage.nominal <= 0) return;
  for (size_t i = 0; i < candidate.low.size(); ++i) {
    const double observed = candidate.predictions.observed[i];
    if (std::isnan(observed)) continue;
    const double low = candidate.low[i];
    const double high = candidate.high[i];
    coverage.covered.push_back(std::isnan(low) || std::isnan(high)
                                   ? std::numeric_limits<double>::quiet_NaN()
                                   : low <= observed && observed <= high);
  }
  evidence_.coverage = std::move(coverage);
}

void EvidenceCollector::CheckLeaks() {
  LeakOptions options;
  options.seed = static_cast<uint64_t>(evidence_.file.seed);
  const ForecastModel* const model = predictor("candidate").model();
  if (model == nullptr) return;  // a program is shown nothing but the past
  evidence_.leak = CheckForLeak(*model, evidence_.trace, options);
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
    // It goes live with the model: a file of the candidate's like that.
    candidate_files_.push_back(kDriftTriggerName);
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
  live.Save(PathOf(kDriftTriggerName));
  const Trace quiet = trace.Slice(evidence_.split.test_begin, trace.samples());
  drift.quiet_samples = quiet.samples();
  drift.quiet_alarms = static_cast<int64_t>(live.Watch(quiet).alarms.size());

  const auto reference_end = static_cast<int64_t>(config.reference.value() *
                                                  static_cast<double>(change));
  drift.early_samples = change - reference_end;
  drift.late_samples = drifting.samples() - change;
  DriftTrigger trigger = TriggerFor(drifting.Slice(0, reference_end));
  const DriftWatch watch =
      WatchAndWrite(drifting.Slice(reference_end, drifting.samples()), &trigger,
                    PathOf("drift_statistic.h5"));
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

void EvidenceCollector::CollectTwin(const IsSettled& settled) {
  if (!evidence_.file.twin && !evidence_.file.is_measured()) {
    evidence_.twin_missing = "the gate file names no twin";
    return;
  }
  if (evidence_.file.is_measured()) return;
  if (evidence_.file.is_control()) {
    CollectControl();
    return;
  }
  FindProfile();
  Rehearse(settled);
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

void EvidenceCollector::Rehearse(const IsSettled& settled) {
  // What a twin says that is not credible is no evidence, for or against.
  if (!DoubtAboutTwin(evidence_, evidence_.file.question.target).empty()) {
    return;
  }
  const TwinConfig& twin = *evidence_.file.twin;
  const Progress progress = Begin("rehearsing in the twin");
  const ResolvedScenario scenario = Calibrated(*rehearsal_, *evidence_.profile);
  WriteFileAtomically(PathOf("scenario.resolved.yaml"), scenario.FileText());
  const EvidenceConfig& plan = evidence_.file.evidence;
  int64_t most = plan.most > 0 ? plan.most : twin.replications;
  if (most == 0) most = scenario.scenario().run.replications;
  const bool every_look = plan.looks != "once";
  if (every_look) {
    evidence_.looks = Looks{most, plan.futility.value(), {}};
    if (plan.boundary == "planned")
      PlanLooks(evidence_.file, &*evidence_.looks);
  }
  // Looked at after every one, they are simulated a few ahead; those after the
  // one that settles it are not used, so that the answer does not depend on how
  // many ran at a time.
  constexpr int64_t kAhead = 8;
  RunRecord record;
  bool ended = false;
  for (int64_t first = 0; first < most && !ended;) {
    BatchOptions batch;
    batch.first = first;
    batch.replications = every_look ? std::min(kAhead, most - first) : most;
    batch.jobs = options_.jobs;
    RunRecord more = RunBatch(scenario, batch, progress);
    first += batch.replications;
    std::vector<ReplicationRecord> replications;
    std::swap(replications, more.replications);
    if (record.replications.empty()) record = std::move(more);
    for (ReplicationRecord& replication : replications) {
      if (ended) break;
      record.replications.push_back(std::move(replication));
      if (!CanRehearse(record.replications.back().series)) return;
      ended = every_look && settled(evidence_);
    }
  }
  WriteRunRecord(record, PathOf("result.h5"));
}

bool EvidenceCollector::CanRehearse(const Trace& series) {
  try {
    RehearseOne(series);
    return true;
  } catch (const InputError& error) {
    evidence_.twin_missing =
        fmt::format("the twin cannot rehearse the question: {}", error.what());
    return false;
  }
}

void EvidenceCollector::RehearseOne(const Trace& series) {
  const AllAnswers answers = AnswerAll(series, 0, series.samples());
  KpiSamples& errors = ErrorSamples(KpiSource::kTwin);
  for (const auto& [model, absolute_error] : PairedErrors(answers)) {
    errors.models[model].values.push_back(Mean(absolute_error));
  }
  evidence_.rehearsal_outside_share.push_back(
      OutsideShare(series, answers.at("candidate")));
}

KpiSamples& EvidenceCollector::ErrorSamples(KpiSource source) {
  KpiSamples& errors = evidence_.Samples("absolute_error", source);
  errors.autocorrelated = source == KpiSource::kHeldOut;
  errors.credible_as = evidence_.file.question.target;
  for (const auto& [name, predictor] : predictors_) {
    errors.models[name].unit = predictor->target_unit();
    errors.models[name].clock = ToString(source);
  }
  return errors;
}

}  // namespace airlock
