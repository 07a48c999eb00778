#include "twin/pipeline/leak.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/rng.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

bool SameBits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// Replaces samples [begin, end): each gets the value of a random one of them,
// moved out of the column's range, so that it differs for certain. A missing
// value becomes a number.
void ReplaceSamples(int64_t begin, int64_t end, RngStream* rng,
                    std::vector<double>* values) {
  double low = 0, high = 0;
  for (const double value : *values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const double away = high - low + std::max(std::abs(low), std::abs(high)) + 1;
  const std::vector<double> original = *values;
  for (int64_t i = begin; i < end; ++i) {
    const uint64_t pick = rng->UniformInt(static_cast<uint64_t>(end - begin));
    const double value =
        original[static_cast<size_t>(begin) + static_cast<size_t>(pick)];
    (*values)[static_cast<size_t>(i)] =
        (std::isfinite(value) ? value : 0) + away * (1 + rng->Uniform());
  }
}

// The first sample of the column that is not known at origin `cut`.
int64_t FirstUnknown(const Column& column, const ForecastProblem& problem,
                     int64_t cut) {
  if (column.role == Role::kCounter) {
    return cut + 1 + std::max<int64_t>(problem.clock_offset, 0);
  }
  const bool inferred = problem.horizon == 0 && column.role == Role::kKpi &&
                        !IsOfferedRate(column);
  return inferred ? cut : cut + 1;
}

// The trace with everything replaced that is not known at origin `cut`.
Trace WithoutKnowledgeAfter(const Trace& trace, int64_t cut,
                            const ForecastProblem& problem, RngStream* rng) {
  Trace changed = trace;
  for (Column& column : changed.columns) {
    const int64_t begin = FirstUnknown(column, problem, cut);
    if (begin >= trace.samples()) continue;
    ReplaceSamples(begin, trace.samples(), rng, &column.values);
  }
  return changed;
}

// The trace with the columns of the features and the target alone: what is not
// read need not be replaced.
Trace OnlyColumns(const Trace& trace, const std::vector<Feature>& features,
                  const std::string& target) {
  std::set<std::string> names = {target};
  for (const Feature& feature : features) {
    for (const std::string& name : feature.Columns()) names.insert(name);
  }
  Trace slim;
  slim.source = trace.source;
  slim.time_seconds = trace.time_seconds;
  slim.attributes = trace.attributes;
  for (const Column& column : trace.columns) {
    if (names.count(column.name) > 0) slim.columns.push_back(column);
  }
  return slim;
}

std::vector<int64_t> CutTimes(int64_t samples, int cuts) {
  std::vector<int64_t> times;
  for (int i = 1; i <= cuts; ++i) {
    times.push_back(samples * i / (cuts + 1));
  }
  times.erase(std::unique(times.begin(), times.end()), times.end());
  return times;
}

// Marks the features that differ in a row at or before `cut`.
void CompareFeatures(const SampleTable& before, const SampleTable& after,
                     int64_t cut, std::vector<bool>* changed) {
  for (int64_t row = 0; row <= cut; ++row) {
    for (int64_t k = 0; k < before.columns; ++k) {
      if (!SameBits(before.Row(row)[k], after.Row(row)[k])) {
        (*changed)[static_cast<size_t>(k)] = true;
      }
    }
  }
}

// `before` of the whole trace, `after` of the origins up to `cut`.
void ComparePredictions(const Predictions& before, const Predictions& after,
                        int64_t cut, LeakReport* report) {
  for (size_t i = 0; i < before.value.size() && before.origin[i] <= cut; ++i) {
    const bool same = i < after.value.size() &&
                      before.origin[i] == after.origin[i] &&
                      SameBits(before.value[i], after.value[i]);
    ++report->predictions_checked;
    report->predictions_changed += !same;
  }
}

void ListChanged(const std::vector<Feature>& features,
                 const std::vector<bool>& changed, LeakReport* report) {
  for (size_t k = 0; k < features.size(); ++k) {
    if (changed[k]) report->changed_features.push_back(features[k].Label());
  }
  report->leaks =
      !report->changed_features.empty() || report->predictions_changed > 0;
}

}  // namespace

std::string LeakReport::ToText() const {
  if (!leaks) {
    return fmt::format(
        "no leak: {} predictions unchanged when the future was replaced",
        predictions_checked);
  }
  if (fit_changed) {
    return "leak: the fit depends on samples after its training part";
  }
  std::string names;
  for (size_t k = 0; k < changed_features.size() && k < 5; ++k) {
    names += (k == 0 ? "" : ", ") + changed_features[k];
  }
  if (changed_features.size() > 5) {
    names += fmt::format(" and {} more", changed_features.size() - 5);
  }
  return fmt::format(
      "leak: {} of {} predictions changed when what cannot be known yet was "
      "replaced; features: {}",
      predictions_changed, predictions_checked, names);
}

LeakReport CheckForLeak(const ForecastModel& model, const Trace& whole,
                        const LeakOptions& options) {
  std::vector<Feature> features;
  for (const FeatureFacts& facts : model.features()) {
    features.push_back(facts.feature);
  }
  const Trace trace = OnlyColumns(whole, features, model.problem().target);
  const RngTree tree(options.seed);
  const SampleTable before = model.Samples(trace);
  const Predictions predictions = model.Predict(trace);
  std::vector<bool> changed(features.size(), false);
  LeakReport report;
  int64_t index = 0;
  for (const int64_t cut : CutTimes(trace.samples(), options.cuts)) {
    ThrowIfInterrupted();
    RngStream rng = tree.Stream("forecast/leak", Replication(index++));
    const Trace other =
        WithoutKnowledgeAfter(trace, cut, model.problem(), &rng);
    CompareFeatures(before, model.Samples(other), cut, &changed);
    ComparePredictions(predictions, model.Predict(other, 0, cut + 1), cut,
                       &report);
  }
  ListChanged(features, changed, &report);
  return report;
}

LeakReport CheckForLeak(const ForecastProblem& problem, const Trace& whole,
                        const LeakOptions& options) {
  const std::vector<Feature> features = SelectFeatures(problem, whole).features;
  const Trace trace = OnlyColumns(whole, features, problem.target);
  const RngTree tree(options.seed);
  const SampleTable before = BuildSamples(trace, features, problem.target,
                                          problem.horizon, problem.samples);
  std::vector<bool> changed(features.size(), false);
  LeakReport report;
  int64_t index = 0;
  for (const int64_t cut : CutTimes(trace.samples(), options.cuts)) {
    RngStream rng = tree.Stream("forecast/leak", Replication(index++));
    const Trace other = WithoutKnowledgeAfter(trace, cut, problem, &rng);
    CompareFeatures(before,
                    BuildSamples(other, features, problem.target,
                                 problem.horizon, problem.samples),
                    cut, &changed);
  }
  ListChanged(features, changed, &report);
  return report;
}

LeakReport CheckFitForLeak(const ForecastModel& model,
                           const ForecastProblem& problem, const Trace& trace,
                           int64_t train_end, const FitFunction& fit) {
  RngStream rng = RngTree(1).Stream("forecast/leak-of-fit", Replication(0));
  Trace other = trace;
  for (Column& column : other.columns) {
    ReplaceSamples(train_end, trace.samples(), &rng, &column.values);
  }
  LeakReport report;
  report.fit_changed =
      model.ToText() != fit(problem, other, train_end).ToText();
  report.leaks = report.fit_changed;
  return report;
}

LeakReport CheckFitForLeak(const ForecastProblem& problem, const Trace& trace,
                           int64_t train_end, const FitOptions& options) {
  return CheckFitForLeak(FitModel(problem, trace, train_end, options), problem,
                         trace, train_end, FitWith(options));
}

FitFunction FitWith(const FitOptions& options) {
  return [options](const ForecastProblem& problem, const Trace& trace,
                   int64_t train_end) {
    return FitModel(problem, trace, train_end, options);
  };
}

std::string ShuffledTargetReport::ToText() const {
  return fmt::format(
      "{}: with a shuffled training target R2 is {:.4f} on average, the "
      "constant's {:.4f}",
      passed ? "nothing learnt from nothing" : "learns from a shuffled target",
      mean_r2, constant.r2);
}

namespace {

// The trace with the training part of the target in random order, as a column
// of its own: a target that is also a feature keeps its true values there.
Trace WithShuffledTarget(const Trace& trace, const std::string& target,
                         const std::string& name, int64_t train_end,
                         RngStream rng) {
  Trace shuffled = trace;
  Column column = trace.Get(target);
  column.name = name;
  column.role = Role::kKpi;
  for (int64_t i = train_end - 1; i > 0; --i) {
    const uint64_t j = rng.UniformInt(static_cast<uint64_t>(i) + 1);
    std::swap(column.values[static_cast<size_t>(i)],
              column.values[static_cast<size_t>(j)]);
  }
  shuffled.columns.push_back(std::move(column));
  return shuffled;
}

// The problem of predicting the shuffled target, with the features it had.
ForecastProblem ShuffledProblem(const ForecastProblem& problem) {
  ForecastProblem altered = problem;
  altered.target = "shuffled:" + problem.target;
  altered.past_target = false;
  altered.exclude.push_back({{}, {}, altered.target, 0});
  if (problem.past_target) {
    altered.include.push_back(
        {{}, {}, problem.target, problem.horizon == 0 ? -1 : 0});
  }
  return altered;
}

Predictions PredictTest(const ForecastModel& model, const Trace& trace,
                        const Split& split) {
  return model.Predict(trace, split.test_begin + model.LongestLag(),
                       trace.samples() - model.problem().horizon);
}

// The mean of the training target, scored on the same samples.
ForecastScores ScoreConstant(const std::vector<double>& target,
                             const Split& split,
                             const std::vector<double>& observed) {
  double sum = 0;
  int64_t known = 0;
  for (int64_t i = 0; i < split.train_end; ++i) {
    const double value = target[static_cast<size_t>(i)];
    if (std::isnan(value)) continue;
    sum += value;
    ++known;
  }
  const double mean = sum / static_cast<double>(std::max<int64_t>(known, 1));
  return Score(observed, std::vector<double>(observed.size(), mean));
}

// The share of the constant's squared error that the model does without.
double Skill(const ForecastScores& scores, const ForecastScores& constant) {
  if (constant.rmse == 0) return scores.rmse == 0 ? 0 : -1;
  const double ratio = scores.rmse / constant.rmse;
  return 1 - ratio * ratio;
}

// Is the mean skill above the tolerance, and not by chance?
bool LearntNothing(const std::vector<double>& skills, double tolerance) {
  double mean = 0;
  for (const double skill : skills) mean += skill;
  mean /= static_cast<double>(skills.size());
  if (mean <= tolerance) return true;
  return skills.size() > 1 && MeanInterval(skills, 0.98).low <= tolerance;
}

}  // namespace

ShuffledTargetReport CheckShuffledTarget(const ForecastProblem& problem,
                                         const Trace& trace,
                                         const SplitOptions& split_options,
                                         const FitFunction& fit,
                                         const ShuffledTargetOptions& options) {
  if (options.orders < 1) {
    throw InputError(fmt::format(
        "a shuffled target needs at least 1 order, not {}", options.orders));
  }
  const Split split = SplitInTime(trace.samples(), split_options);
  const RngTree tree(options.seed);
  const ForecastProblem altered = ShuffledProblem(problem);
  ShuffledTargetReport report;
  std::vector<double> skills;
  for (int order = 0; order < options.orders; ++order) {
    ThrowIfInterrupted();
    const Trace shuffled = WithShuffledTarget(
        trace, problem.target, altered.target, split.train_end,
        tree.Stream("forecast/shuffled-target", Replication(order)));
    const Predictions predictions =
        PredictTest(fit(altered, shuffled, split.train_end), shuffled, split);
    const ForecastScores scores = Score(predictions);
    const ForecastScores constant = ScoreConstant(
        trace.Get(problem.target).values, split, predictions.observed);
    report.mean_r2 += scores.r2 / options.orders;
    skills.push_back(Skill(scores, constant));
    if (order > 0) continue;
    report.shuffled = scores;
    report.constant = constant;
  }
  report.passed = LearntNothing(skills, options.tolerance);
  return report;
}

ShuffledTargetReport CheckShuffledTarget(const ForecastProblem& problem,
                                         const Trace& trace,
                                         const SplitOptions& split,
                                         const FitOptions& options,
                                         double tolerance, int orders) {
  return CheckShuffledTarget(
      problem, trace, split, FitWith(options),
      {orders, tolerance, options.forecaster_options.seed});
}

}  // namespace airlock
