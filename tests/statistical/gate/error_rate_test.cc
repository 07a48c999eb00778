#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "twin/gate/criterion.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

// Two error series whose logarithms are AR(1) and correlated with each other,
// as those of two models on one trace are. The candidate's mean is `ratio`
// times the incumbent's.
Evidence Simulate(double ratio, double correlation, RngStream* rng) {
  constexpr int kSamples = 600;
  Evidence evidence;
  KpiSamples& samples = evidence.Samples("absolute_error", KpiSource::kHeldOut);
  samples.autocorrelated = true;
  for (const char* model : {"incumbent", "candidate"}) {
    samples.models[model].unit = "bit/s";
    samples.models[model].clock = "trace";
  }
  double shared = rng->Normal(0, 1);
  const double innovation = std::sqrt(1 - correlation * correlation);
  for (int i = 0; i < kSamples; ++i) {
    shared = correlation * shared + innovation * rng->Normal(0, 1);
    const auto error = [&] {
      return std::exp(0.5 * shared + 0.3 * rng->Normal(0, 1));
    };
    samples.models["incumbent"].values.push_back(error());
    samples.models["candidate"].values.push_back(ratio * error());
  }
  return evidence;
}

struct Rates {
  int promote = 0;
  int reject = 0;
};

Rates JudgeMany(double ratio, double correlation, int runs, uint64_t key) {
  CriterionConfig config;
  config.kind = "non-inferiority";
  config.margin = "10%";
  RngStream rng(key);
  Rates rates;
  for (int i = 0; i < runs; ++i) {
    const CriterionResult result =
        FindCriterion(config.kind)
            ->judge(config, Simulate(ratio, correlation, &rng));
    rates.promote += result.outcome == Outcome::kPromote ? 1 : 0;
    rates.reject += result.outcome == Outcome::kReject ? 1 : 0;
  }
  return rates;
}

constexpr int kRuns = 2000;

class ErrorRateTest : public testing::TestWithParam<double> {};

// At the margin itself, at most 5 % may be promoted: the lower bound of the
// measured rate (99.9 %) must not lie above that.
TEST_P(ErrorRateTest, FalsePromotionKeepsToItsRate) {
  const Rates rates = JudgeMany(1.1, GetParam(), kRuns, 11);
  EXPECT_LE(ClopperPearson(rates.promote, kRuns, 0.998).low, 0.05)
      << rates.promote << " of " << kRuns;
  EXPECT_LE(ClopperPearson(rates.reject, kRuns, 0.998).low, 0.05);
}

// A candidate that is as good as the incumbent is promoted, one that is far
// worse is rejected, more often than not.
TEST_P(ErrorRateTest, HasPower) {
  EXPECT_GT(JudgeMany(1.0, GetParam(), 300, 12).promote, 200);
  EXPECT_GT(JudgeMany(1.3, GetParam(), 300, 13).reject, 200);
}

INSTANTIATE_TEST_SUITE_P(Correlations, ErrorRateTest,
                         testing::Values(0.0, 0.5, 0.8));

}  // namespace
}  // namespace airlock
