#include "twin/forecast/intervals.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

// Keeps a product such as 10 * 0.9 from being rounded to just above a whole
// number.
constexpr double kRounding = 1e-9;
constexpr size_t kPairsPerBin = 30;
constexpr size_t kMostBins = 10;
constexpr double kPseudoObservations = 10;
constexpr double kLeastShare = 0.1;

struct Pair {
  double prediction;
  double size;  // of the error
};

std::vector<Pair> KnownPairs(const std::vector<double>& predictions,
                             const std::vector<double>& errors) {
  AIRLOCK_CHECK(predictions.size() == errors.size(),
                "{} predictions, {} errors", predictions.size(), errors.size());
  std::vector<Pair> pairs;
  for (size_t i = 0; i < errors.size(); ++i) {
    if (!std::isfinite(predictions[i]) || !std::isfinite(errors[i])) continue;
    pairs.push_back({predictions[i], std::abs(errors[i])});
  }
  std::stable_sort(
      pairs.begin(), pairs.end(),
      [](const Pair& a, const Pair& b) { return a.prediction < b.prediction; });
  return pairs;
}

double MeanSize(const std::vector<Pair>& pairs, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += pairs[i].size;
  return sum / static_cast<double>(end - begin);
}

}  // namespace

BaseInterval PointBase(double prediction) {
  return {prediction, prediction, 1};
}

BaseInterval SpreadBase(double prediction, double spread) {
  if (!(spread > 0) || !std::isfinite(spread)) {
    throw InputError(
        fmt::format("spread {} of a prediction must be above 0", spread));
  }
  return {prediction, prediction, spread};
}

BaseInterval QuantileBase(double low, double high) {
  return {std::min(low, high), std::max(low, high), 1};
}

double ConformalScore(const BaseInterval& base, double observed) {
  return std::max(base.low - observed, observed - base.high) / base.scale;
}

PredictionInterval Widened(const BaseInterval& base, double radius) {
  const double low = base.low - radius * base.scale;
  const double high = base.high + radius * base.scale;
  if (low <= high) return {low, high};
  const double middle = base.low + (base.high - base.low) / 2;
  return {middle, middle};
}

void CheckLevel(double level) {
  if (level > 0 && level < 1) return;
  throw InputError(fmt::format(
      "level {} of an interval must lie within 0 and 1, as 0.9", level));
}

int64_t ConformalRank(int64_t n, double level) {
  CheckLevel(level);
  return static_cast<int64_t>(
      std::ceil(static_cast<double>(n + 1) * level - kRounding));
}

int64_t FewestCalibrationScores(double level) {
  CheckLevel(level);
  return static_cast<int64_t>(std::ceil(1 / (1 - level) - kRounding)) - 1;
}

SplitConformal::SplitConformal(std::vector<double> scores)
    : scores_(std::move(scores)) {
  for (size_t i = 0; i < scores_.size(); ++i) {
    if (std::isfinite(scores_[i])) continue;
    throw InputError(
        fmt::format("calibration score {} is {}, not a number", i, scores_[i]));
  }
  std::sort(scores_.begin(), scores_.end());
}

double SplitConformal::Radius(double level) const {
  const int64_t rank = ConformalRank(size(), level);
  if (rank > size()) {
    throw InputError(
        fmt::format("{} calibration samples are too few for intervals at "
                    "level {}: it needs {}",
                    size(), level, FewestCalibrationScores(level)));
  }
  return scores_[static_cast<size_t>(std::max<int64_t>(rank, 1) - 1)];
}

PredictionInterval SplitConformal::Interval(const BaseInterval& base,
                                            double level) const {
  return Widened(base, Radius(level));
}

SpreadByLevel SpreadByLevel::Fit(const std::vector<double>& predictions,
                                 const std::vector<double>& errors) {
  const std::vector<Pair> pairs = KnownPairs(predictions, errors);
  if (pairs.empty()) {
    throw InputError(
        "no prediction with a known error: nothing to learn their spread from");
  }
  const double overall = MeanSize(pairs, 0, pairs.size());
  SpreadByLevel spread;
  if (!(overall > 0)) return spread;  // no errors: no scale to choose
  const size_t bins =
      std::clamp<size_t>(pairs.size() / kPairsPerBin, 1, kMostBins);
  for (size_t bin = 0; bin < bins; ++bin) {
    const size_t begin = pairs.size() * bin / bins;
    const size_t end = pairs.size() * (bin + 1) / bins;
    const double knot = pairs[(begin + end) / 2].prediction;
    const double count = static_cast<double>(end - begin);
    const double size =
        (MeanSize(pairs, begin, end) * count + overall * kPseudoObservations) /
        (count + kPseudoObservations);
    // Bins within equal predictions: the first stands for them all.
    if (!spread.knots_.empty() && knot <= spread.knots_.back()) continue;
    spread.knots_.push_back(knot);
    spread.spreads_.push_back(std::max(size, kLeastShare * overall));
  }
  return spread;
}

double SpreadByLevel::Spread(double prediction) const {
  if (knots_.empty()) return 1;
  const auto above = std::lower_bound(knots_.begin(), knots_.end(), prediction);
  if (above == knots_.begin()) return spreads_.front();
  if (above == knots_.end()) return spreads_.back();
  const size_t i = static_cast<size_t>(above - knots_.begin());
  const double share =
      (prediction - knots_[i - 1]) / (knots_[i] - knots_[i - 1]);
  return spreads_[i - 1] + share * (spreads_[i] - spreads_[i - 1]);
}

std::string SpreadByLevel::Save() const {
  return json{{"knots", knots_}, {"spreads", spreads_}}.dump();
}

SpreadByLevel SpreadByLevel::Load(const std::string& text) {
  SpreadByLevel spread;
  try {
    const json root = json::parse(text);
    root.at("knots").get_to(spread.knots_);
    root.at("spreads").get_to(spread.spreads_);
  } catch (const json::exception& error) {
    throw InputError("spread of the intervals: " + CauseOf(error));
  }
  if (spread.knots_.size() != spread.spreads_.size()) {
    throw InputError(
        fmt::format("spread of the intervals: {} knots, {} spreads",
                    spread.knots_.size(), spread.spreads_.size()));
  }
  for (size_t i = 0; i < spread.knots_.size(); ++i) {
    const bool rises = i == 0 || spread.knots_[i - 1] < spread.knots_[i];
    if (rises && spread.spreads_[i] > 0) continue;
    throw InputError(fmt::format(
        "spread of the intervals: knot {} must be above the one before it and "
        "have a spread above 0",
        i));
  }
  return spread;
}

}  // namespace airlock
