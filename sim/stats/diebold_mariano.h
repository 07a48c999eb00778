#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// How much a forecast error costs.
enum class ForecastLoss { kSquared, kAbsolute };

// The long-run variance of the loss differences at horizon h.
enum class LongRunVariance {
  // Rectangular over the lags 0 .. h - 1 (Diebold and Mariano, eq. 4); where
  // that is not positive, Bartlett's weights over the same lags, which never
  // are negative.
  kRectangular,
  kBartlett,  // weights 1 - k / h (Newey and West, 1987)
};

struct DieboldMarianoOptions {
  ForecastLoss loss = ForecastLoss::kSquared;
  LongRunVariance variance = LongRunVariance::kRectangular;
};

// Does one forecast lose less than another? Unknown (NaN) below 2 pairs, with
// h >= n, with a missing value, or with vectors of unequal size.
struct DieboldMarianoResult {
  // Loss of the first minus loss of the second: negative if the first is
  // better.
  double mean_difference = 0;
  double statistic = 0;  // corrected; against t with n - 1 degrees of freedom
  double p_two_sided = 1;
  // Of H0 "the first is not better": small if the first is better; and the
  // other way round.
  double p_first_better = 1;
  double p_second_better = 1;
  int64_t pairs = 0;
  // The rectangular estimate was not positive and Bartlett's took its place.
  bool fell_back = false;
};

// Diebold and Mariano, "Comparing predictive accuracy", J. Business & Economic
// Statistics 13 (1995), with the small-sample correction of Harvey, Leybourne
// and Newbold, "Testing the equality of prediction mean squared errors", Int.
// J. Forecasting 13 (1997), eq. 9: the statistic times
//   sqrt((n + 1 - 2h + h (h - 1) / n) / n)
// compared with Student's t. `first[i]` and `second[i]` are the errors of two
// forecasts of the same value, in time order, `horizon` >= 1 steps ahead (a
// horizon of 0 counts as 1: no overlap of errors). Differences that are all
// equal leave nothing to estimate: p is 1 if they are 0, else 0 or 1.
DieboldMarianoResult DieboldMariano(const std::vector<double>& first,
                                    const std::vector<double>& second,
                                    int64_t horizon,
                                    const DieboldMarianoOptions& options = {});

}  // namespace airlock
