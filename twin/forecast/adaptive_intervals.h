#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "twin/forecast/intervals.h"

namespace airlock {

// How an interval follows what it has missed.
enum class Adaptation {
  kNone,        // split conformal: the calibration scores for ever
  kAci,         // one step size (Gibbs and Candes, NeurIPS 2021)
  kAggregated,  // several, weighted by their loss (Gibbs and Candes, JMLR 25,
                // 2024: "DtACI"): no step size to choose
};
const char* ToString(Adaptation adaptation);
Adaptation ParseAdaptation(const std::string& text);  // InputError

// The scale of a point forecast's errors.
enum class IntervalScale {
  kConstant,  // absolute residuals
  kByLevel,   // residuals over SpreadByLevel of the prediction
};

const char* ToString(IntervalScale scale);
IntervalScale ParseIntervalScale(const std::string& text);  // InputError

// The defaults are those whose coverage stayed within two points of the level
// on the measured traces (tests/statistical/forecast): a short window carries
// most of the adaptation, the step what is left.
struct AdaptiveOptions {
  std::vector<double> levels = {0.8, 0.9, 0.95};  // ascending
  Adaptation adaptation = Adaptation::kAci;
  double gamma = 0.03;  // of kAci
  // Errors below and above the prediction each have their own quantile and
  // half of the misses, so that an interval is not doubled by a bias; false:
  // one quantile of both.
  bool two_sided = true;
  // kByLevel needs point forecasts (low = high); for others kConstant.
  IntervalScale scale = IntervalScale::kByLevel;
  // How many of the newest scores the quantile is taken from, though never
  // fewer than the level needs. New scores push old ones out, calibration
  // scores first. Without adaptation: all calibration scores, for ever.
  int64_t window = 100;
};

// An observation with the interval that was predicted for it.
struct CalibrationSample {
  BaseInterval base;
  double observed = 0;  // NaN: unknown, left out
};
// Point forecasts and what was observed, in time order.
std::vector<CalibrationSample> PointCalibration(
    const std::vector<double>& predictions,
    const std::vector<double>& observed);

// One quantile that is followed: scores in a window, and the miss rate at which
// their quantile is taken, moved after each miss or hit so that the share of
// misses comes to `target` whatever the stream does. Owns its scores.
class ScoreTracker {
 public:
  ScoreTracker() = default;
  // `scores` in time order; `target` in (0, 1).
  ScoreTracker(const std::vector<double>& scores, double target,
               Adaptation adaptation, double gamma, int64_t window);

  // The radius now, and the radius of each expert (step size).
  double Radius() const;
  std::vector<double> ExpertRadii() const;
  // `radii` as they were when the interval was issued: tells each expert
  // whether it missed, then takes the score into the window.
  void Observe(double score, const std::vector<double>& radii);

  // The rate at which the quantile is taken now: below 0 after many misses,
  // above 1 after many hits.
  double miss_rate() const;
  size_t experts() const { return rates_.size(); }

 private:
  friend struct TrackerText;  // Save and Load
  double RadiusAt(double miss_rate) const;
  double MissRateOf(double score) const;
  void Insert(double score);

  std::vector<double> window_;  // ring, oldest at next_
  std::vector<double> sorted_;
  int64_t next_ = 0;
  int64_t capacity_ = 0;
  double target_ = 0.1;
  std::vector<double> gammas_;
  std::vector<double> rates_;    // of each expert
  std::vector<double> weights_;  // sum to 1
};

// Prediction intervals that keep their coverage on a stream that is neither
// exchangeable nor stationary, once labels arrive. A node holds one: Issue() at
// each prediction, Observe() when its label arrives, however late (a model of
// horizon h gets it h samples later). Started from the errors of predictions
// made out of sample (walk-forward), so that it covers from the first sample.
//
// For a share of misses a: the rate a_t at which the quantile of recent scores
// is taken moves by gamma (a - miss_t), hence over T labelled samples the share
// of misses differs from a by at most (1 + gamma) / (gamma T) (Gibbs and
// Candes, 2021, Prop. 4.1). Where they make an interval infinite (a_t <= 0)
// this one grows in proportion to -a_t: it stays finite, and the bound holds
// with the largest score seen in place of 1. Intervals of a higher level
// contain those of a lower one.
class AdaptiveIntervals {
 public:
  AdaptiveIntervals() = default;
  // `calibration` in time order. Throws InputError for levels that are not
  // ascending within (0, 1), gamma outside (0, 1), fewer samples with a known
  // observation than the highest level needs (the message says how many), an
  // empty window, or with kByLevel a base that is not a point. With kByLevel
  // the scales of `calibration` are replaced by the spread fitted to it.
  AdaptiveIntervals(const AdaptiveOptions& options,
                    const std::vector<CalibrationSample>& calibration);

  // The base interval of a point forecast, with the options' scale.
  BaseInterval Base(double prediction) const;
  // One interval for each level; remembers nothing.
  std::vector<PredictionInterval> Intervals(const BaseInterval& base) const;
  // Of one of the options' levels; InputError that lists them otherwise.
  PredictionInterval Interval(const BaseInterval& base, double level) const;
  PredictionInterval Interval(double prediction, double level) const {
    return Interval(Base(prediction), level);
  }

  // The same, remembered until its observation arrives. `origin` (a sample's
  // number or a time) must be above those before it, or InputError and nothing
  // changes: a clock that jumps back.
  std::vector<PredictionInterval> Issue(int64_t origin,
                                        const BaseInterval& base);
  // The observation that belongs to the interval issued at `origin`. False, and
  // nothing changes, if there is none such (any more). Earlier intervals that
  // are still waiting are given up; NaN gives up this one too. At most
  // kMaximumPending wait; the oldest is given up then.
  bool Observe(int64_t origin, double observed);
  static constexpr int64_t kMaximumPending = 4096;

  // Since the start: intervals issued with a label, and the share of them that
  // contained it. NaN if there are none.
  int64_t observed() const { return observed_; }
  double Coverage(size_t level_index) const;
  int64_t pending() const { return static_cast<int64_t>(pending_.size()); }
  const AdaptiveOptions& options() const { return options_; }

  // Everything, as JSON: after Load() all intervals are bit-identical. Load
  // throws InputError for a text that is not its own.
  std::string Save() const;
  static AdaptiveIntervals Load(const std::string& text);

 private:
  struct Pending {
    int64_t origin = 0;
    BaseInterval base;
    std::vector<std::vector<double>> radii;  // of each tracker, by expert
    std::vector<PredictionInterval> issued;  // of each level
  };
  void CheckLoaded() const;  // InputError

  AdaptiveOptions options_;
  SpreadByLevel spread_;
  // For each level one tracker, or (two_sided) that of the lower end followed
  // by that of the upper one.
  std::vector<ScoreTracker> trackers_;
  std::deque<Pending> pending_;
  int64_t newest_origin_ = INT64_MIN;
  int64_t observed_ = 0;
  std::vector<int64_t> contained_;  // of each level
};

}  // namespace airlock
