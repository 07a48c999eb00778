#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// Confidence that holds at every look. A boundary b(n) of this file satisfies
// P(|S_n| >= b(n) for any n >= 1) <= alpha, S_n being the sum of n independent
// deviations; an e-value E_n satisfies P(E_n >= 1 / alpha for any n) <= alpha
// under its null hypothesis (Ville's inequality). Looking after every value,
// and stopping whenever one likes, costs nothing more.

// Robbins' two-sided normal mixture for deviations that are sub-Gaussian with
// the summed variance `variance` (n sigma^2): Howard, Ramdas, McAuliffe and
// Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
// Annals of Statistics 49 (2021), eq. 14:
//   sqrt((v + rho) log((v + rho) / (alpha^2 rho)))
// `rho` > 0 says at which variance it is tightest (MixtureRho).
double NormalMixtureBoundary(double variance, double alpha, double rho);
// The rho whose boundary is nearly tightest at `variance` (ibid., eq. 17).
double MixtureRho(double variance, double alpha);

// The one-sided polynomial stitched boundary, ibid. eq. 10, for sub-gamma
// deviations of scale c (0: sub-Gaussian), from the variance `least_variance`
// on; eta 2 and s 1.4. Its growth is that of the law of the iterated logarithm.
double StitchedBoundary(double variance, double alpha, double least_variance,
                        double scale = 0);

// Half width of an asymptotic confidence sequence for a mean whose standard
// deviation is estimated from the n values themselves: Waudby-Smith, Arbour,
// Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
// confidence sequences", Annals of Statistics 52 (2024), eq. 6. The error is as
// promised only once n is large; TMixture* below has no such proviso for normal
// values.
double AsymptoticRadius(double standard_deviation, int64_t n, double alpha,
                        double rho);

// log E of the t test of "the mean is 0 or above" against "it is below", at
// t = mean / (s / sqrt(n)) of n values: the mixture of the likelihood ratios of
// t over effect sizes mean / sigma ~ N(0, spread), those above 0 left out and
// the rest doubled. A test martingale for normal values of unknown variance
// (Lai, "On confidence sequences", Annals of Statistics 4, 1976; Wang and
// Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means
// with unknown variance", Sequential Analysis 44, 2025, with right Haar prior
// on sigma); a larger mean only lowers it, so the null may be one-sided.
// `spread` > 0. 0 for n < 2; NaN for a NaN t.
double TMixtureLogEvidence(double t, int64_t n, double spread);
// The t (> 0) below whose negative that evidence exceeds 1 / alpha; infinite
// where n is too small for any t to do so.
double TMixtureCritical(int64_t n, double alpha, double spread);
// The spread whose critical value is about least at n values.
double TMixtureSpread(int64_t n, double alpha);

// log E of "the share of successes is at least `share`" against "it is below",
// after `successes` of `trials`: Robbins' beta mixture over the shares below
// (Howard et al., section 3.4), prior Beta(1, 1) cut at `share`. And of "it is
// at most `share`" against "it is above".
double ShareBelowLogEvidence(int64_t successes, int64_t trials, double share);
double ShareAboveLogEvidence(int64_t successes, int64_t trials, double share);
// The largest share that the first does not yet speak against at alpha: an
// upper bound that holds at every look; 1 without trials.
double ShareUpperSequence(int64_t successes, int64_t trials, double alpha);

// The probability that the mean of `most` values, n of which are known to have
// `mean` and `standard_deviation`, will lie below -`critical` s / sqrt(most):
// the predictive power of Spiegelhalter, Freedman and Blackburn (Controlled
// Clinical Trials 7, 1986) with a flat prior and Student's t for the unknown
// variance. NaN below 2 values.
double PredictivePower(double mean, double standard_deviation, int64_t n,
                       int64_t most, double critical);

}  // namespace airlock
