#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// Of series in time order. Missing values (NaN) count as the mean unless said
// otherwise.

// The standard normal quantile of (rank - 1/2) / n; equal values get the mean
// of their ranks, missing ones 0.
std::vector<double> NormalScores(const std::vector<double>& series);

// Autocovariances at lags 0 .. `lags`, divided by the length.
std::vector<double> Autocovariance(const std::vector<double>& series,
                                   int64_t lags);

// Integrated autocorrelation time 1 + 2 sum rho_k of the ranks, with Sokal's
// window (the first M >= 5 tau): how many consecutive samples say as much as
// one independent sample. At least 1.
double AutocorrelationTime(const std::vector<double>& series);

// Coefficients of an autoregression of the deviations from the mean, by the
// Levinson-Durbin recursion (Brockwell and Davis 1991, section 8.2). The order
// is the one up to 10 log10 n that minimises n log(variance) + penalty x order;
// a penalty of log n gives BIC, 2 gives AIC.
std::vector<double> FitAutoregression(const std::vector<double>& series,
                                      double penalty);

// p-value of Ljung and Box (Biometrika 65, 1978) for no autocorrelation up to
// `lags` of the normal scores, which took `fitted` parameters to make.
double PortmanteauP(const std::vector<double>& series, int64_t lags,
                    int64_t fitted);

// The statistic of Kwiatkowski, Phillips, Schmidt and Shin (J. Econometrics 54,
// 1992) for one level throughout: mean square of the partial sums over the
// length and the long-run variance, which has Bartlett weights up to lag
// `bandwidth`. Its limit is that of the Cramer-von Mises statistic (see
// CramerVonMisesCritical()); the larger, the more the level wanders. 0 for a
// constant.
double LevelStatistic(const std::vector<double>& series, int64_t bandwidth);

}  // namespace airlock
