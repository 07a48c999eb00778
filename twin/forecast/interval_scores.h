#pragma once

#include <cstdint>
#include <vector>

#include "twin/forecast/intervals.h"

namespace airlock {

// How good prediction intervals of one level are, over the samples whose
// observation is known. NaN where there are none.
struct IntervalScores {
  double level = 0;
  int64_t samples = 0;
  double coverage = 0;    // share of observations within their interval
  double mean_width = 0;  // in the target's unit
  // Mean of width + (2 / a) times what the observation lies outside, a = 1 -
  // level: the smaller the better, and least in expectation for the true
  // quantiles (Winkler, JASA 67, 1972; Gneiting and Raftery, JASA 102, 2007,
  // eq. 43). In the target's unit.
  double winkler = 0;
};
IntervalScores ScoreIntervals(const std::vector<double>& observed,
                              const std::vector<PredictionInterval>& intervals,
                              double level);

// Mean pinball loss of forecasts of the quantile `p` (0 < p < 1), over the
// pairs in which both are known: p (y - q) above, (1 - p) (q - y) below
// (Koenker and Bassett, Econometrica 46, 1978). In the target's unit.
double PinballLoss(const std::vector<double>& observed,
                   const std::vector<double>& predicted, double p);

// Mean continuous ranked probability score of forecasts given as quantiles:
// row i holds the quantiles `p` (ascending, within 0 and 1) of the forecast of
// observed[i]. It is twice the integral of the pinball loss over p (Gneiting
// and Ranjan, J. Business & Economic Statistics 29, 2011, eq. 2); each quantile
// stands here for the p nearer to it than to its neighbours, 0 and 1 being the
// ends. The error of this falls with the number of quantiles: for a normal
// forecast given by 19 (.05, .10 ... .95) it is below .03 standard deviations
// within two of them. Rows with a missing value are left out.
double CrpsFromQuantiles(const std::vector<double>& observed,
                         const std::vector<std::vector<double>>& quantiles,
                         const std::vector<double>& p);

// The forecast distribution of a point forecast whose errors are as those of a
// sample: prediction + each of `residuals` (observed - predicted) with equal
// probability. Owns the sorted residuals.
class ResidualDistribution {
 public:
  // Throws InputError if a residual is not finite or there is none.
  explicit ResidualDistribution(std::vector<double> residuals);

  // CRPS for one observation, exactly: E|X - y| - E|X - X'| / 2 (Gneiting and
  // Raftery, 2007, eq. 21). O(log n).
  double Crps(double prediction, double observed) const;
  // The mean over the pairs in which both are known; NaN if there are none.
  double Crps(const std::vector<double>& predictions,
              const std::vector<double>& observed) const;

 private:
  std::vector<double> sorted_;
  std::vector<double> sums_;  // of the first 0, 1, ... n of them
  double half_mean_difference_ = 0;
};

}  // namespace airlock
