#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// An interval before calibration, in the target's unit: the calibrated one is
// [low - q * scale, high + q * scale] for a q learnt from past errors. Any
// predictor, or pair of them, gives one:
//   a point forecast             low = high = prediction, scale 1
//   with a forecast of its error low = high = prediction, scale = spread
//   a pair of quantile forecasts low and high,            scale 1
struct BaseInterval {
  double low = 0;
  double high = 0;
  double scale = 1;  // > 0
};
BaseInterval PointBase(double prediction);
// `spread` > 0, or InputError.
BaseInterval SpreadBase(double prediction, double spread);
// Quantile forecasts that cross are taken in the other order.
BaseInterval QuantileBase(double low, double high);

struct PredictionInterval {
  double low = 0;
  double high = 0;
  bool Contains(double y) const { return low <= y && y <= high; }
  double width() const { return high - low; }
};

// How far, in units of the scale, `observed` lies beyond the base interval;
// negative inside it: max(low - y, y - high) / scale. For a point forecast the
// absolute (or normalised) residual, for a pair of quantile forecasts the score
// of conformalised quantile regression (Romano, Patterson and Candes, NeurIPS
// 2019, eq. 6).
double ConformalScore(const BaseInterval& base, double observed);
PredictionInterval Widened(const BaseInterval& base, double radius);

// Throws InputError unless 0 < level < 1.
void CheckLevel(double level);
// ceil((n + 1) level): the rank, among n calibration scores in ascending order,
// of the one that a new exchangeable score does not exceed with a probability
// of at least `level` (Vovk, Gammerman and Shafer, 2005).
int64_t ConformalRank(int64_t n, double level);
// The fewest scores for which that rank exists: ceil(1 / (1 - level)) - 1.
int64_t FewestCalibrationScores(double level);

// Split conformal prediction: intervals from the scores of a calibration set
// that the predictor was not trained on. Covers a new observation with a
// probability of at least `level` where it is exchangeable with the calibration
// set; a time series seldom is, see adaptive_intervals.h.
class SplitConformal {
 public:
  // In any order. Throws InputError for a score that is not finite.
  explicit SplitConformal(std::vector<double> scores);

  // Throws InputError for a level outside (0, 1), or one that the calibration
  // set is too small for (the message says how many scores it needs).
  double Radius(double level) const;
  PredictionInterval Interval(const BaseInterval& base, double level) const;
  int64_t size() const { return static_cast<int64_t>(scores_.size()); }

 private:
  std::vector<double> scores_;  // ascending
};

// How large errors are where the prediction is low or high: the mean absolute
// error of neighbouring predictions (bins of equal count), drawn towards the
// overall mean by 10 pseudo-observations, linear between the bins' medians and
// constant beyond them. At least a tenth of the overall mean.
class SpreadByLevel {
 public:
  SpreadByLevel() = default;  // 1 everywhere
  // `predictions` and `errors` belong together; pairs with a NaN are left out.
  // Throws InputError if none is left. One bin for each 30 pairs, at most 10.
  static SpreadByLevel Fit(const std::vector<double>& predictions,
                           const std::vector<double>& errors);

  double Spread(double prediction) const;

  // JSON that Load() restores bit for bit; Load throws InputError for a text
  // that is not its own.
  std::string Save() const;
  static SpreadByLevel Load(const std::string& text);

 private:
  std::vector<double> knots_;    // strictly ascending, in the target's unit
  std::vector<double> spreads_;  // > 0, one for each knot
};

}  // namespace airlock
