#include "twin/drift/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "twin/drift/null_model.h"

namespace airlock {

RunLengthCurve::RunLengthCurve(std::vector<double> evidence,
                               std::vector<double> run_length)
    : evidence_(std::move(evidence)) {
  AIRLOCK_CHECK(!evidence_.empty() && evidence_.size() == run_length.size());
  for (const double samples : run_length) {
    log_run_length_.push_back(std::log(samples));
  }
}

double RunLengthCurve::RunLengthAt(double evidence) const {
  if (std::isnan(evidence)) return evidence;
  if (evidence_.size() == 1) {
    return std::exp(log_run_length_[0]) * (evidence > evidence_[0] ? 2 : 1);
  }
  const auto above =
      std::upper_bound(evidence_.begin() + 1, evidence_.end() - 1, evidence);
  const auto k = static_cast<size_t>(above - evidence_.begin());
  // Beyond the last point by the slope of the upper half.
  const size_t from =
      evidence > evidence_.back() ? (evidence_.size() - 1) / 2 : k - 1;
  const double slope = (log_run_length_[k] - log_run_length_[from]) /
                       (evidence_[k] - evidence_[from]);
  return std::exp(log_run_length_[k] + slope * (evidence - evidence_[k]));
}

double RunLengthCurve::EvidenceFor(double run_length) const {
  const double target = std::log(run_length);
  if (evidence_.size() == 1) {
    return target > log_run_length_[0] + 0.5 ? INFINITY : evidence_[0];
  }
  const auto above = std::upper_bound(log_run_length_.begin() + 1,
                                      log_run_length_.end() - 1, target);
  const auto k = static_cast<size_t>(above - log_run_length_.begin());
  const size_t from = target > log_run_length_.back()
                          ? (log_run_length_.size() - 1) / 2
                          : k - 1;
  const double slope = (evidence_[k] - evidence_[from]) /
                       (log_run_length_[k] - log_run_length_[from]);
  return evidence_[k] + slope * (target - log_run_length_[k]);
}

void RunLengthCurve::Save(nlohmann::json* state) const {
  *state = {{"evidence", evidence_}, {"log_run_length", log_run_length_}};
}

void RunLengthCurve::Load(const nlohmann::json& state) {
  evidence_ = state.at("evidence").get<std::vector<double>>();
  log_run_length_ = state.at("log_run_length").get<std::vector<double>>();
  if (evidence_.empty() || evidence_.size() != log_run_length_.size() ||
      !std::is_sorted(evidence_.begin(), evidence_.end())) {
    throw InputError("drift state: a curve of run lengths is not one");
  }
}

namespace {

constexpr int64_t kStepsBetweenLooks = 64;  // for a signal: milliseconds
// Samples that a column is fed at once, while what it looks up is in the cache.
constexpr size_t kStretch = 64;
constexpr double kLongestRun = 1e7;  // samples
constexpr double kFewestRuns = 100;
constexpr size_t kManyColumns = 64;

// Draws references and streams of some features together.
class Simulator {
 public:
  Simulator(const std::vector<PreparedFeature>& features,
            const std::vector<size_t>& which, const StatisticEntry& entry,
            const StatisticParameters& parameters, const DriftOptions& options);

  // Begins run `run`: a new reference every `runs_per_reference` runs.
  void Begin(const char* name, int64_t run, int64_t runs_per_reference);
  // The next kStretch samples: evidence of every column at each, NaN where
  // there is none yet. `done` columns (may be null) are left out.
  void Next(const std::vector<bool>* done);
  double evidence(size_t column, int64_t sample) const {
    return evidence_[column * kStretch + static_cast<size_t>(sample)];
  }
  size_t columns() const { return which_.size(); }
  int64_t rows() const { return rows_; }
  const NullModel& model() const { return *model_; }

 private:
  void DrawReference(RngStream rng);

  const std::vector<PreparedFeature>& features_;
  std::vector<size_t> which_;
  const StatisticEntry& entry_;
  const StatisticParameters& parameters_;
  RngTree tree_;
  int64_t rows_ = 0;
  std::unique_ptr<NullModel> model_;
  std::vector<StatisticChannel> channels_;
  RankKnots knots_;  // of the references, which mostly have as many values
  std::unique_ptr<NullStream> stream_;
  RngStream draws_{0};
  std::vector<double> row_;
  std::vector<double> values_;     // column x sample of the stretch
  std::vector<double> draws_now_;  // one a sample of the stretch
  std::vector<double> evidence_;   // column x sample of the stretch
  int64_t steps_ = 0;
};

Simulator::Simulator(const std::vector<PreparedFeature>& features,
                     const std::vector<size_t>& which,
                     const StatisticEntry& entry,
                     const StatisticParameters& parameters,
                     const DriftOptions& options)
    : features_(features),
      which_(which),
      entry_(entry),
      parameters_(parameters),
      tree_(options.seed) {
  int64_t skip = 0;  // before every filter has started
  for (const size_t j : which) {
    if (features[j].whitener) {
      skip = std::max(skip, features[j].whitener->start());
    }
  }
  const auto samples = static_cast<int64_t>(features[which[0]].base.size());
  rows_ = samples - skip;
  if (rows_ < 20) {
    throw InputError(
        fmt::format("drift: a reference of {} samples is too short", samples));
  }
  std::vector<std::vector<double>> series;
  for (const size_t j : which) series.push_back(features[j].Possible());
  std::vector<double> rows;
  for (int64_t t = skip; t < samples; ++t) {
    for (const std::vector<double>& each : series) {
      rows.push_back(each[static_cast<size_t>(t)]);
    }
  }
  NullModelOptions null_model = options.null_model;
  // A filter that left dependence is known to, whatever a test without its
  // parameters finds.
  const PreparedFeature& first = features[which[0]];
  if (null_model.kind == NullModelOptions::Kind::kAuto && which.size() == 1 &&
      first.whitener && !first.independent) {
    null_model.kind = NullModelOptions::Kind::kBlock;
  }
  model_ = MakeNullModel(rows, static_cast<int64_t>(which.size()), null_model);
  row_.resize(which.size());
}

void Simulator::DrawReference(RngStream rng) {
  const auto stream = model_->Open(rng);
  std::vector<std::vector<double>> columns(which_.size());
  for (int64_t t = 0; t < rows_; ++t) {
    stream->Next(row_.data());
    for (size_t c = 0; c < which_.size(); ++c) {
      if (!std::isnan(row_[c])) columns[c].push_back(row_[c]);
    }
  }
  channels_.clear();
  for (size_t c = 0; c < which_.size(); ++c) {
    if (columns[c].empty()) {  // missing nearly everywhere
      for (const double value : features_[which_[c]].Possible()) {
        if (!std::isnan(value)) columns[c].push_back(value);
      }
    }
    channels_.emplace_back(std::move(columns[c]), features_[which_[c]].feed,
                           entry_, parameters_, &knots_);
  }
}

void Simulator::Begin(const char* name, int64_t run,
                      int64_t runs_per_reference) {
  ThrowIfInterrupted();
  const std::string path = fmt::format("drift/null/{}", name);
  if (run % runs_per_reference == 0) {
    DrawReference(tree_.Stream(path + "/reference", Replication(run)));
  } else {
    for (StatisticChannel& channel : channels_) channel.statistic()->Reset();
  }
  stream_ = model_->Open(tree_.Stream(path + "/stream", Replication(run)));
  draws_ = tree_.Stream(path + "/draw", Replication(run));
  values_.resize(which_.size() * kStretch);
  draws_now_.resize(kStretch);
  evidence_.assign(which_.size() * kStretch, std::nan(""));
}

void Simulator::Next(const std::vector<bool>* done) {
  if (++steps_ % kStepsBetweenLooks == 0) ThrowIfInterrupted();
  for (size_t t = 0; t < kStretch; ++t) {
    stream_->Next(row_.data());
    for (size_t c = 0; c < which_.size(); ++c) {
      values_[c * kStretch + t] = row_[c];
    }
    draws_now_[t] = draws_.Uniform();
  }
  for (size_t c = 0; c < which_.size(); ++c) {
    if (done != nullptr && (*done)[c]) continue;
    const double* values = values_.data() + c * kStretch;
    double* evidence = evidence_.data() + c * kStretch;
    double latest = evidence[kStretch - 1];  // a missing value leaves it
    for (size_t t = 0; t < kStretch; ++t) {
      if (!std::isnan(values[t])) {
        latest = Resolved(channels_[c].Update(values[t]), draws_now_[t]);
      }
      evidence[t] = latest;
    }
  }
}

// Samples until every column has evidence; -1 if not within `most`.
int64_t StartOf(Simulator* simulator, int64_t most) {
  simulator->Begin("start", 0, 1);
  size_t known = 0;  // columns, in order, that have evidence
  for (int64_t t = 1; t <= most; ++t) {
    const int64_t at = (t - 1) % static_cast<int64_t>(kStretch);
    if (at == 0) simulator->Next(nullptr);
    while (known < simulator->columns() &&
           !std::isnan(simulator->evidence(known, at))) {
      ++known;
    }
    if (known == simulator->columns()) return t;
  }
  return -1;
}

// Run lengths of each column alone. A column is followed until its evidence
// exceeds `enough` (if not null), and all at most to `horizon`.
std::vector<RunLengths> RunAlone(Simulator* simulator, const char* name,
                                 int64_t runs, int64_t runs_per_reference,
                                 int64_t start, int64_t horizon,
                                 const std::vector<double>* enough) {
  std::vector<RunLengths> lengths(simulator->columns(),
                                  RunLengths(start, horizon));
  for (int64_t run = 0; run < runs; ++run) {
    simulator->Begin(name, run, runs_per_reference);
    for (RunLengths& each : lengths) each.Begin();
    std::vector<bool> done(simulator->columns(), false);
    size_t left = done.size();
    for (int64_t t = 1; t <= horizon && left > 0; ++t) {
      const int64_t at = (t - 1) % static_cast<int64_t>(kStretch);
      if (at == 0) simulator->Next(&done);
      for (size_t c = 0; c < done.size(); ++c) {
        const double evidence = simulator->evidence(c, at);
        if (done[c] || std::isnan(evidence)) continue;
        lengths[c].Add(t, evidence);
        if (enough != nullptr && evidence >= (*enough)[c]) {
          done[c] = true;
          --left;
          lengths[c].End(t);
        }
      }
    }
  }
  return lengths;
}

RunLengthCurve CurveOf(const RunLengths& lengths, double longest) {
  constexpr int kPoints = 16;
  std::vector<double> evidence, run_length;
  const double start = static_cast<double>(lengths.start());
  const double shortest = start + (longest - start) / 64;
  for (int k = 0; k <= kPoints; ++k) {
    const double samples =
        shortest *
        std::pow(longest / shortest, static_cast<double>(k) / kPoints);
    const double threshold = lengths.ThresholdFor(samples);
    if (!std::isfinite(threshold)) break;
    if (!evidence.empty() && threshold <= evidence.back()) continue;
    evidence.push_back(threshold);
    run_length.push_back(samples);
  }
  if (evidence.empty())
    return RunLengthCurve({std::numeric_limits<double>::max()}, {longest});
  return RunLengthCurve(evidence, run_length);
}

// Features that need a simulation of their own. Of `independent` samples those
// that are continuous all behave like the first, because their ranks do.
std::vector<size_t> Representatives(
    const std::vector<PreparedFeature>& features, bool independent,
    std::vector<size_t>* represented_by) {
  std::vector<size_t> which;
  size_t common = SIZE_MAX;
  for (size_t j = 0; j < features.size(); ++j) {
    const bool free = independent && features[j].continuous &&
                      features[j].feed != Feed::kValue;
    if (free && common != SIZE_MAX) {
      represented_by->push_back(common);
      continue;
    }
    if (free) common = which.size();
    represented_by->push_back(which.size());
    which.push_back(j);
  }
  return which;
}

struct Plan {
  double run_length;  // up to which the simulation tells
  int64_t runs;
  int64_t runs_per_reference;
};

// As many runs as the allowed updates give; where these are too few for
// `run_length`, a shorter one.
Plan MakePlan(const DriftOptions& options, double run_length, int64_t start,
              size_t columns, int64_t rows) {
  const double width = static_cast<double>(columns);
  const double least = 4.0 * static_cast<double>(start);
  Plan plan;
  plan.run_length = std::min(
      run_length,
      std::max(least, options.most_updates / (kFewestRuns * 2.5 * width)));
  plan.runs =
      std::clamp<int64_t>(static_cast<int64_t>(options.most_updates /
                                               (2.5 * plan.run_length * width)),
                          20, options.replications);
  // Of many columns most of the chance in a reference averages out.
  const auto most = std::max<int64_t>(plan.runs / 40, 1);
  plan.runs_per_reference = std::clamp<int64_t>(
      columns >= kManyColumns
          ? most
          : rows / static_cast<int64_t>(4 * plan.run_length + 1),
      1, most);
  return plan;
}

void CheckErt(const DriftOptions& options) {
  if (!(options.ert > 1)) {
    throw InputError(fmt::format(
        "drift: an expected run length of {} samples; it must be above 1",
        options.ert));
  }
  if (options.ert > kLongestRun) {
    throw InputError(fmt::format(
        "drift: an expected run length of {} samples would be simulated for "
        "hours; write at most {}",
        options.ert, kLongestRun));
  }
}

// Simulates columns alone, first roughly to learn how far to follow them.
std::vector<RunLengths> RunColumns(Simulator* simulator, const Plan& plan,
                                   int64_t start) {
  const auto horizon = [&](double times) {
    return start + static_cast<int64_t>(std::ceil(times * plan.run_length));
  };
  const std::vector<RunLengths> rough =
      RunAlone(simulator, "rough", std::min<int64_t>(40, plan.runs), 1, start,
               horizon(2), nullptr);
  std::vector<double> enough;
  for (const RunLengths& each : rough) {
    enough.push_back(each.ThresholdFor(2.5 * plan.run_length));
  }
  return RunAlone(simulator, "alone", plan.runs, plan.runs_per_reference, start,
                  horizon(10), &enough);
}

class ThresholdSearch {
 public:
  ThresholdSearch(const std::vector<PreparedFeature>& features,
                  const StatisticEntry& entry,
                  const StatisticParameters& parameters,
                  const DriftOptions& options)
      : features_(features),
        entry_(entry),
        parameters_(parameters),
        options_(options) {}

  Thresholds Find();

 private:
  void FindAlone();
  void FindTogether();
  void WarnOfShortReference();
  void WarnOfUnsteadyReference();
  void Warn(std::string text) {
    found_.calibration.warnings.push_back(std::move(text));
  }
  void CheckReached(double threshold, double run_length, double got) const;

  const std::vector<PreparedFeature>& features_;
  const StatisticEntry& entry_;
  const StatisticParameters& parameters_;
  const DriftOptions& options_;
  int64_t start_ = 1;
  Thresholds found_;
};

void ThresholdSearch::CheckReached(double threshold, double run_length,
                                   double got) const {
  if (!std::isfinite(threshold)) {
    throw InputError(fmt::format(
        "drift: no evidence of {} is rare enough for an expected run length of "
        "{} samples on this reference; use a longer window, or a shorter run "
        "length",
        entry_.name, run_length));
  }
  if (got > 1.15 * run_length) {
    throw InputError(fmt::format(
        "drift: an expected run length of {} samples is too short to resolve: "
        "with the least evidence there is, {} alarms every {:.0f} samples",
        run_length, entry_.name, got));
  }
}

void ThresholdSearch::FindAlone() {
  CheckErt(options_);
  std::vector<size_t> all, represented_by;
  for (size_t j = 0; j < features_.size(); ++j) all.push_back(j);
  const bool independent =
      Simulator(features_, all, entry_, parameters_, options_)
          .model()
          .independent();
  const std::vector<size_t> which =
      Representatives(features_, independent, &represented_by);
  Simulator simulator(features_, which, entry_, parameters_, options_);
  start_ = StartOf(&simulator, static_cast<int64_t>(options_.ert));
  if (start_ < 0 || static_cast<double>(start_) >= options_.ert) {
    throw InputError(fmt::format(
        "drift: an expected run length of {} samples cannot be told with {}, "
        "which has no evidence before {} samples; it must be larger",
        options_.ert, entry_.name,
        start_ < 0 ? fmt::format("{:.0f}", options_.ert)
                   : fmt::format("{}", start_)));
  }
  const bool one = features_.size() == 1;
  const double width = std::min(static_cast<double>(features_.size()), 4.0);
  // Of several features these curves only say which threshold goes with which:
  // their common run length is simulated on its own.
  DriftOptions alone = options_;
  if (!one) alone.most_updates /= 4;
  const Plan plan = MakePlan(alone, width * options_.ert, start_, which.size(),
                             simulator.rows());
  const std::vector<RunLengths> lengths = RunColumns(&simulator, plan, start_);
  std::vector<RunLengthCurve> curves;
  for (const RunLengths& each : lengths) {
    curves.push_back(CurveOf(each, 2 * plan.run_length));
  }
  for (const size_t c : represented_by) found_.curves.push_back(curves[c]);
  DriftCalibration& calibration = found_.calibration;
  calibration.null_model = simulator.model().description();
  if (!one) return;
  const double threshold = lengths[0].ThresholdFor(options_.ert);
  calibration.run_length = lengths[0].IntervalAt(threshold);
  calibration.runs = lengths[0].runs();
  calibration.marginal_run_length = options_.ert;
  CheckReached(threshold, options_.ert, calibration.run_length.estimate);
  const double start = static_cast<double>(start_);
  found_.alarm = {threshold};
  found_.warning = {
      lengths[0].ThresholdFor(start + (options_.ert - start) / 10)};
}

// The run length that each feature alone must have for all together to have the
// expected one.
void ThresholdSearch::FindTogether() {
  std::vector<size_t> all;
  for (size_t j = 0; j < features_.size(); ++j) all.push_back(j);
  Simulator simulator(features_, all, entry_, parameters_, options_);
  const Plan plan =
      MakePlan(options_, options_.ert, start_, all.size(), simulator.rows());
  const double sidak = static_cast<double>(all.size()) * plan.run_length;
  std::vector<double> enough;
  for (const RunLengthCurve& curve : found_.curves) {
    enough.push_back(curve.EvidenceFor(plan.run_length / 8));
  }
  const auto horizon =
      start_ + static_cast<int64_t>(std::ceil(4 * plan.run_length));
  RunLengths lengths(start_, horizon);
  for (int64_t run = 0; run < plan.runs; ++run) {
    simulator.Begin("together", run, plan.runs_per_reference);
    lengths.Begin();
    for (int64_t t = 1; t <= horizon; ++t) {
      const int64_t at = (t - 1) % static_cast<int64_t>(kStretch);
      if (at == 0) simulator.Next(nullptr);
      double longest = 0;
      for (size_t j = 0; j < all.size(); ++j) {
        const double evidence = simulator.evidence(j, at);
        if (!(evidence >= enough[j])) continue;
        longest = std::max(longest, found_.curves[j].RunLengthAt(evidence));
      }
      if (longest == 0) continue;
      lengths.Add(t, longest);
      if (longest > 3 * sidak) {
        lengths.End(t);
        break;
      }
    }
  }
  DriftCalibration& calibration = found_.calibration;
  const double level = lengths.ThresholdFor(plan.run_length);
  calibration.run_length = lengths.IntervalAt(level);
  calibration.runs = lengths.runs();
  CheckReached(level, plan.run_length, calibration.run_length.estimate);
  const double stretch = options_.ert / plan.run_length;
  calibration.marginal_run_length = level * stretch;
  calibration.run_length.estimate *= stretch;
  calibration.run_length.low *= stretch;
  calibration.run_length.high *= stretch;
  calibration.null_model = simulator.model().description();
  if (stretch > 1.01) {
    Warn(
        fmt::format("the run length of all features together was simulated to "
                    "{:.0f} samples only; to {:.0f} it rests on the number of "
                    "features that count, {:.1f}, being the same",
                    plan.run_length, options_.ert, level / plan.run_length));
  }
  const double start = static_cast<double>(start_);
  const double early = start + (calibration.marginal_run_length - start) / 10;
  for (const RunLengthCurve& curve : found_.curves) {
    found_.alarm.push_back(curve.EvidenceFor(calibration.marginal_run_length));
    found_.warning.push_back(curve.EvidenceFor(early));
  }
}

Thresholds ThresholdSearch::Find() {
  FindAlone();
  if (features_.size() > 1) FindTogether();
  WarnOfShortReference();
  WarnOfUnsteadyReference();
  return std::move(found_);
}

// The features share the risk of a false finding.
void ThresholdSearch::WarnOfUnsteadyReference() {
  const double level = 0.01 / static_cast<double>(features_.size());
  int64_t unsteady = 0;
  const PreparedFeature* first = nullptr;
  for (const PreparedFeature& feature : features_) {
    if (LooksSteady(feature.base, level)) continue;
    ++unsteady;
    if (first == nullptr) first = &feature;
  }
  if (first == nullptr) return;
  Warn(fmt::format(
      "{} of {} features ('{}'{}) do not keep their level or spread within the "
      "reference; a run length holds while a stream is like the whole of it, "
      "and where levels go on changing alarms come earlier",
      unsteady, features_.size(), first->name, unsteady > 1 ? " ..." : ""));
}

void ThresholdSearch::WarnOfShortReference() {
  const double samples = static_cast<double>(features_[0].base.size());
  if (samples < options_.ert / 10) {
    Warn(
        fmt::format("the reference's {} samples say little about a run length "
                    "of {:.0f}; have {:.0f} or more",
                    samples, options_.ert, options_.ert / 10));
  }
  int64_t lacking = 0;
  const PreparedFeature* longest = &features_[0];
  for (const PreparedFeature& feature : features_) {
    lacking += feature.reference_needed > samples;
    if (feature.reference_needed > longest->reference_needed) {
      longest = &feature;
    }
  }
  if (lacking == 0) return;
  Warn(fmt::format(
      "the reference's {} samples are few for the memory of {} of {} features; "
      "with less than {:.0f} (for '{}': {}) alarms may come up to a fifth too "
      "early",
      samples, lacking, features_.size(), longest->reference_needed,
      longest->name, longest->description));
}

}  // namespace

Thresholds FindThresholds(const std::vector<PreparedFeature>& features,
                          const StatisticEntry& entry,
                          const StatisticParameters& parameters,
                          const DriftOptions& options) {
  return ThresholdSearch(features, entry, parameters, options).Find();
}

}  // namespace airlock
