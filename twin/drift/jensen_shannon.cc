#include "twin/drift/jensen_shannon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "sim/base/rng.h"
#include "twin/drift/run_length.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kOne = 1125899906842624.0;  // 2^50
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Half the bin's terms of both histograms, in units of 2^-50 nats.
int64_t BinTerm(double p, double q) {
  const double m = (p + q) / 2;
  double term = 0;
  if (p > 0) term += p * std::log(p / m);
  if (q > 0) term += q * std::log(q / m);
  return std::llround(term / 2 * kOne);
}

std::vector<double> ColumnOf(const std::vector<double>& rows, size_t columns,
                             size_t column) {
  std::vector<double> values;
  for (size_t i = column; i < rows.size(); i += columns) {
    values.push_back(rows[i]);
  }
  return values;
}

Bins MakeBins(const std::vector<double>& sample, const DriftOptions& options) {
  if (options.binning == DriftOptions::Binning::kQuantile) {
    return Bins::Quantiles(sample, options.bins);
  }
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : sample) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return low < high ? Bins::Fixed(low, high, options.bins)
                    : Bins::Quantiles(sample, options.bins);
}

// The sliding divergence from `reference` (row-major).
SlidingDivergence MakeDivergence(const std::vector<double>& reference,
                                 size_t features, const DriftOptions& options) {
  std::vector<Bins> bins;
  std::vector<std::vector<double>> shares;
  for (size_t j = 0; j < features; ++j) {
    const std::vector<double> sample = ColumnOf(reference, features, j);
    bins.push_back(MakeBins(sample, options));
    std::vector<double> share = bins.back().Histogram(sample);
    for (double& count : share) count /= static_cast<double>(sample.size());
    shares.push_back(std::move(share));
  }
  return SlidingDivergence(std::move(bins), std::move(shares), options.window);
}

// How features' divergences become one number: see Combination.
struct Combiner {
  Combination combination = Combination::kMax;
  std::vector<double> null_mean;
  std::vector<double> null_deviation;

  double Score(double divergence, size_t feature) const {
    return (divergence - null_mean[feature]) / null_deviation[feature];
  }

  double operator()(const SlidingDivergence& divergence) const {
    double sum = 0;
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < divergence.features(); ++j) {
      const double nats = divergence.Divergence(j);
      sum += nats;
      largest = std::max(largest, Score(nats, j));
    }
    if (combination == Combination::kMax) return largest;
    return sum / static_cast<double>(divergence.features());
  }
};

// Everything that a detector is but its window.
struct Calibration {
  DriftOptions options;
  std::vector<std::string> names;
  Combiner combiner;
  double threshold = 0;  // of the combiner's value
  double warning = 0;
  std::string null_model;
};

class JensenShannonDetector : public DriftDetector {
 public:
  JensenShannonDetector(Calibration calibration, SlidingDivergence divergence)
      : calibration_(std::move(calibration)),
        divergence_(std::move(divergence)) {}

  std::string name() const override { return "jensen-shannon"; }
  int64_t features() const override {
    return static_cast<int64_t>(divergence_.features());
  }
  DriftState Update(const double* x) override;
  double statistic() const override { return InUnit(statistic_); }
  double threshold() const override { return InUnit(calibration_.threshold); }
  double warning_threshold() const override {
    return InUnit(calibration_.warning);
  }
  std::vector<double> feature_statistics() const override {
    return divergences_;
  }
  int64_t most_moved() const override { return most_moved_; }
  void Reset() override { divergence_.Reset(); }
  std::string Save() const override;

 private:
  // Scores of kMax have no unit; divergences are held in nats.
  double InUnit(double nats) const {
    const bool score = calibration_.options.combination == Combination::kMax &&
                       std::isnan(calibration_.options.threshold);
    return score ? nats : nats * UnitsPerNat();
  }
  double UnitsPerNat() const {
    return calibration_.options.unit == LogBase::kNats ? 1 : 1 / M_LN2;
  }

  Calibration calibration_;
  SlidingDivergence divergence_;
  double statistic_ = kUnknown;  // of the last update
  std::vector<double> divergences_;
  int64_t most_moved_ = -1;
};

DriftState JensenShannonDetector::Update(const double* x) {
  divergence_.Push(x);
  if (!divergence_.full()) {
    statistic_ = kUnknown;
    divergences_.clear();
    most_moved_ = -1;
    return DriftState::kStable;
  }
  statistic_ = calibration_.combiner(divergence_);
  divergences_.clear();
  double largest = -std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < divergence_.features(); ++j) {
    const double nats = divergence_.Divergence(j);
    divergences_.push_back(nats * UnitsPerNat());
    const double score = calibration_.combiner.Score(nats, j);
    if (score > largest) {
      largest = score;
      most_moved_ = static_cast<int64_t>(j);
    }
  }
  if (statistic_ >= calibration_.threshold) {
    divergence_.Reset();
    return DriftState::kDrift;
  }
  return statistic_ >= calibration_.warning ? DriftState::kWarning
                                            : DriftState::kStable;
}

std::string JensenShannonDetector::Save() const {
  const DriftOptions& options = calibration_.options;
  json bins = json::array();
  for (const Bins& each : divergence_.bins()) bins.push_back(each.edges());
  json saved = {{"detector", name()},
                {"ert", options.ert},
                {"window", options.window},
                {"bins", options.bins},
                {"binning", options.binning == DriftOptions::Binning::kQuantile
                                ? "quantile"
                                : "fixed"},
                {"unit", ToString(options.unit)},
                {"combination",
                 options.combination == Combination::kMax ? "max" : "mean"},
                {"explicit_threshold", !std::isnan(options.threshold)},
                {"replications", options.replications},
                {"seed", options.seed},
                {"null_model", calibration_.null_model},
                {"features", calibration_.names},
                {"null_mean", calibration_.combiner.null_mean},
                {"null_deviation", calibration_.combiner.null_deviation},
                {"threshold", calibration_.threshold},
                {"warning", calibration_.warning},
                {"edges", bins},
                {"shares", divergence_.shares()},
                {"contents", divergence_.Contents()}};
  return saved.dump();
}

constexpr double kLongestRun = 1e7;  // samples; half an hour of simulation
constexpr int64_t kStepsBetweenLooks = 4096;  // for a signal: milliseconds

void CheckOptions(const DriftReference& reference,
                  const DriftOptions& options) {
  const int64_t samples = reference.samples();
  if (reference.features.empty()) {
    throw InputError("drift: no features to watch");
  }
  if (options.window < 10 || options.bins < 2 || options.replications < 20) {
    throw InputError(fmt::format(
        "drift: window {} (10 or more), bins {} (2 or more), replications {} "
        "(20 or more)",
        options.window, options.bins, options.replications));
  }
  if (options.bins > options.window) {
    throw InputError(fmt::format(
        "drift: {} bins for a window of {} samples; write at most as many",
        options.bins, options.window));
  }
  if (samples < 2 * options.window) {
    throw InputError(fmt::format(
        "drift: the reference has {} samples; a window of {} needs {}", samples,
        options.window, 2 * options.window));
  }
  if (std::isnan(options.threshold)) {
    if (!(options.ert > static_cast<double>(options.window))) {
      throw InputError(fmt::format(
          "drift: an expected run length of {} samples cannot be told with a "
          "window of {}; it must be larger",
          options.ert, options.window));
    }
    if (options.ert > kLongestRun) {
      throw InputError(fmt::format(
          "drift: an expected run length of {} samples would be simulated for "
          "hours; write at most {}",
          options.ert, kLongestRun));
    }
    return;
  }
  const double bound = JensenShannonBound(options.unit);
  if (!(options.threshold > 0 && options.threshold < bound)) {
    throw InputError(fmt::format(
        "drift: threshold {} can never be reached: the Jensen-Shannon "
        "divergence lies within 0 and {} {}; set one between, or the expected "
        "run length",
        options.threshold, bound, ToString(options.unit)));
  }
}

// Simulates streams without drift against references that were drawn in the
// same way: the reference at hand is one such draw.
class NullSimulation {
 public:
  NullSimulation(const NullModel& model, int64_t reference_samples,
                 size_t features, const DriftOptions& options)
      : model_(model),
        reference_samples_(reference_samples),
        features_(features),
        options_(options),
        tree_(options.seed) {}

  // Mean and standard deviation of each feature's divergence over full windows
  // that do not overlap.
  void Moments(Combiner* combiner) const {
    constexpr int kWindows = 5;
    std::vector<double> sum(features_, 0), squares(features_, 0);
    std::vector<double> row(features_);
    for (int64_t r = 0; r < options_.replications; ++r) {
      SlidingDivergence divergence = DrawReference(r);
      const auto stream = OpenStream("drift/null/moments", r);
      ThrowIfInterrupted();
      for (int64_t t = 1; t <= kWindows * options_.window; ++t) {
        stream->Next(row.data());
        divergence.Push(row.data());
        if (t % options_.window != 0) continue;
        for (size_t j = 0; j < features_; ++j) {
          sum[j] += divergence.Divergence(j);
          squares[j] += divergence.Divergence(j) * divergence.Divergence(j);
        }
      }
    }
    const double n = static_cast<double>(options_.replications) * kWindows;
    // What one sample of the window does in a bin that was empty. A feature
    // that never moved in the reference is scaled by it: one odd sample is no
    // alarm yet.
    const double least = M_LN2 / 2 / static_cast<double>(options_.window);
    for (size_t j = 0; j < features_; ++j) {
      const double mean = sum[j] / n;
      const double variance = squares[j] / n - mean * mean;
      combiner->null_mean.push_back(mean);
      combiner->null_deviation.push_back(
          std::sqrt(std::max(variance, least * least)));
    }
  }

  RunLengths Run(const Combiner& combiner) const {
    const int64_t window = options_.window;
    const int64_t horizon =
        window + static_cast<int64_t>(std::ceil(
                     4 * (options_.ert - static_cast<double>(window))));
    RunLengths lengths(window, horizon);
    std::vector<double> row(features_);
    for (int64_t r = 0; r < options_.replications; ++r) {
      SlidingDivergence divergence = DrawReference(r);
      const auto stream = OpenStream("drift/null/run", r);
      lengths.Begin();
      for (int64_t t = 1; t <= horizon; ++t) {
        if (t % kStepsBetweenLooks == 1) ThrowIfInterrupted();
        stream->Next(row.data());
        divergence.Push(row.data());
        if (divergence.full()) lengths.Add(t, combiner(divergence));
      }
    }
    return lengths;
  }

 private:
  std::unique_ptr<NullStream> OpenStream(const char* name,
                                         int64_t replication) const {
    return model_.Open(tree_.Stream(name, Replication(replication)));
  }

  SlidingDivergence DrawReference(int64_t replication) const {
    const auto stream = OpenStream("drift/null/reference", replication);
    std::vector<double> rows(static_cast<size_t>(reference_samples_) *
                             features_);
    for (int64_t t = 0; t < reference_samples_; ++t) {
      stream->Next(rows.data() + static_cast<size_t>(t) * features_);
    }
    return MakeDivergence(rows, features_, options_);
  }

  const NullModel& model_;
  int64_t reference_samples_;
  size_t features_;
  const DriftOptions& options_;
  RngTree tree_;
};

void FindThresholds(const DriftReference& reference, Calibration* calibration) {
  const DriftOptions& options = calibration->options;
  const size_t features = reference.features.size();
  const auto model = MakeNullModel(
      reference.values, static_cast<int64_t>(features), options.null_model);
  calibration->null_model = model->description();
  const NullSimulation simulation(*model, reference.samples(), features,
                                  options);
  simulation.Moments(&calibration->combiner);
  const RunLengths lengths = simulation.Run(calibration->combiner);
  const double window = static_cast<double>(options.window);
  calibration->threshold = lengths.ThresholdFor(options.ert);
  calibration->warning =
      lengths.ThresholdFor(window + (options.ert - window) / 10);
  const bool plain = options.combination == Combination::kMean;
  if (!std::isfinite(calibration->threshold) ||
      (plain && calibration->threshold >= M_LN2)) {
    throw InputError(fmt::format(
        "drift: no threshold below the divergence's bound gives an expected "
        "run length of {} samples with a window of {} on this reference; use a "
        "longer window or fewer bins",
        options.ert, options.window));
  }
}

}  // namespace

SlidingDivergence::SlidingDivergence(std::vector<Bins> bins,
                                     std::vector<std::vector<double>> shares,
                                     int64_t window)
    : bins_(std::move(bins)), shares_(std::move(shares)), window_(window) {
  for (size_t j = 0; j < bins_.size(); ++j) {
    std::vector<int64_t> terms;
    for (const double p : shares_[j]) {
      for (int64_t count = 0; count <= window; ++count) {
        terms.push_back(BinTerm(
            p, static_cast<double>(count) / static_cast<double>(window)));
      }
    }
    terms_.push_back(std::move(terms));
    counts_.emplace_back(shares_[j].size(), 0);
  }
  ring_.resize(static_cast<size_t>(window) * bins_.size());
  incoming_.resize(bins_.size());
  sums_.resize(bins_.size());
  Reset();
}

void SlidingDivergence::Reset() {
  position_ = 0;
  filled_ = 0;
  for (size_t j = 0; j < bins_.size(); ++j) {
    std::fill(counts_[j].begin(), counts_[j].end(), 0);
    sums_[j] = 0;
    for (size_t b = 0; b < counts_[j].size(); ++b) {
      sums_[j] += TermAt(j, static_cast<int64_t>(b), 0);
    }
  }
}

void SlidingDivergence::Push(const double* row) {
  for (size_t j = 0; j < bins_.size(); ++j) {
    incoming_[j] = static_cast<int32_t>(bins_[j].Index(row[j]));
  }
  PushIndices();
}

void SlidingDivergence::PushIndices() {
  int32_t* slot = ring_.data() + static_cast<size_t>(position_) * bins_.size();
  for (size_t j = 0; j < bins_.size(); ++j) {
    if (filled_ == window_) {
      int64_t& count = counts_[j][static_cast<size_t>(slot[j])];
      sums_[j] += TermAt(j, slot[j], count - 1) - TermAt(j, slot[j], count);
      --count;
    }
    int64_t& count = counts_[j][static_cast<size_t>(incoming_[j])];
    sums_[j] +=
        TermAt(j, incoming_[j], count + 1) - TermAt(j, incoming_[j], count);
    ++count;
    slot[j] = incoming_[j];
  }
  position_ = position_ + 1 == window_ ? 0 : position_ + 1;
  filled_ = std::min(filled_ + 1, window_);
}

double SlidingDivergence::Divergence(size_t feature) const {
  return static_cast<double>(std::max<int64_t>(sums_[feature], 0)) / kOne;
}

std::vector<int64_t> SlidingDivergence::Contents() const {
  std::vector<int64_t> contents;
  for (int64_t i = 0; i < filled_; ++i) {
    const int64_t slot = (position_ - filled_ + i + window_) % window_;
    for (size_t j = 0; j < bins_.size(); ++j) {
      contents.push_back(ring_[static_cast<size_t>(slot) * bins_.size() + j]);
    }
  }
  return contents;
}

void SlidingDivergence::Restore(const std::vector<int64_t>& contents) {
  Reset();
  if (contents.size() % bins_.size() != 0 ||
      contents.size() > static_cast<size_t>(window_) * bins_.size()) {
    throw InputError(fmt::format(
        "drift state: {} bin indices do not fit a window of {} samples of {} "
        "features",
        contents.size(), window_, bins_.size()));
  }
  for (size_t i = 0; i < contents.size(); ++i) {
    const size_t j = i % bins_.size();
    if (contents[i] < 0 || contents[i] >= bins_[j].count()) {
      throw InputError(
          fmt::format("drift state: feature {} has no bin {}", j, contents[i]));
    }
    incoming_[j] = static_cast<int32_t>(contents[i]);
    if (j + 1 == bins_.size()) PushIndices();
  }
}

std::unique_ptr<DriftDetector> CalibrateJensenShannon(
    const DriftReference& reference, const DriftOptions& options) {
  CheckOptions(reference, options);
  const size_t features = reference.features.size();
  Calibration calibration;
  calibration.options = options;
  calibration.names = reference.features;
  calibration.combiner.combination = options.combination;
  if (std::isnan(options.threshold)) {
    FindThresholds(reference, &calibration);
  } else {
    calibration.combiner.null_mean.assign(features, 0);
    calibration.combiner.null_deviation.assign(features, 1);
    calibration.threshold =
        options.threshold * (options.unit == LogBase::kNats ? 1 : M_LN2);
    calibration.warning = calibration.threshold;
    calibration.null_model = "none: the threshold was given";
  }
  return std::make_unique<JensenShannonDetector>(
      std::move(calibration),
      MakeDivergence(reference.values, features, options));
}

std::unique_ptr<DriftDetector> LoadJensenShannon(const std::string& text) {
  try {
    const json saved = json::parse(text);
    Calibration calibration;
    DriftOptions& options = calibration.options;
    options.ert = saved.at("ert").get<double>();
    options.window = saved.at("window").get<int64_t>();
    options.bins = saved.at("bins").get<int64_t>();
    options.binning = saved.at("binning").get<std::string>() == "quantile"
                          ? DriftOptions::Binning::kQuantile
                          : DriftOptions::Binning::kFixed;
    options.unit = saved.at("unit").get<std::string>() == "nats"
                       ? LogBase::kNats
                       : LogBase::kBits;
    options.combination = saved.at("combination").get<std::string>() == "max"
                              ? Combination::kMax
                              : Combination::kMean;
    options.replications = saved.at("replications").get<int64_t>();
    options.seed = saved.at("seed").get<uint64_t>();
    calibration.null_model = saved.at("null_model").get<std::string>();
    calibration.names = saved.at("features").get<std::vector<std::string>>();
    calibration.combiner = {
        options.combination, saved.at("null_mean").get<std::vector<double>>(),
        saved.at("null_deviation").get<std::vector<double>>()};
    calibration.threshold = saved.at("threshold").get<double>();
    calibration.warning = saved.at("warning").get<double>();
    if (saved.at("explicit_threshold").get<bool>()) {
      options.threshold =
          calibration.threshold / (options.unit == LogBase::kNats ? 1 : M_LN2);
    }
    std::vector<Bins> bins;
    for (const json& edges : saved.at("edges")) {
      bins.push_back(Bins(edges.get<std::vector<double>>()));
    }
    const auto shares =
        saved.at("shares").get<std::vector<std::vector<double>>>();
    const size_t features = calibration.names.size();
    bool fits = options.window > 0 && features > 0 && bins.size() == features &&
                shares.size() == features &&
                calibration.combiner.null_mean.size() == features &&
                calibration.combiner.null_deviation.size() == features;
    for (size_t j = 0; fits && j < features; ++j) {
      fits = static_cast<int64_t>(shares[j].size()) == bins[j].count();
    }
    if (!fits) throw InputError("drift state: its parts do not fit together");
    SlidingDivergence divergence(std::move(bins), shares, options.window);
    divergence.Restore(saved.at("contents").get<std::vector<int64_t>>());
    return std::make_unique<JensenShannonDetector>(std::move(calibration),
                                                   std::move(divergence));
  } catch (const json::exception& e) {
    throw InputError(fmt::format("not a drift detector: {}", CauseOf(e)));
  }
}

}  // namespace airlock
