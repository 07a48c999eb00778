#include "calibration/fit/propagation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/stats/interval.h"
#include "sim/stats/quantile.h"
#include "tests/support/synthetic_links.h"

namespace airlock {
namespace {

using testing::MakeLinkTrace;
using testing::SyntheticLinks;

// How often the 90 % intervals of the posterior hold the truth, over seeds.
TEST(WideFitPropagation, IntervalsHoldTheTruthAsOftenAsTheySay) {
  constexpr int kSeeds = 24;
  SyntheticLinks truth;
  truth.links = 3;
  truth.seconds = 240;
  int exponent_inside = 0, shadowing_inside = 0, at_1m_inside = 0;
  double width = 0, error = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const Trace trace = MakeLinkTrace(truth, static_cast<uint64_t>(seed));
    LeftOutSamples left_out;
    const std::vector<Link> links = ReadLinks(trace, &left_out);
    std::vector<Selection> fit(links.size());
    for (size_t i = 0; i < links.size(); ++i) {
      for (size_t k = 0; k < links[i].samples.size(); k += 2) {
        fit[i].push_back(k);
      }
    }
    RngStream rng(static_cast<uint64_t>(seed));
    const PropagationPosterior posterior =
        FitPropagation(links, fit, 400, &rng);
    std::vector<double> exponents, shadowing, at_1m;
    for (const PropagationDraw& draw : posterior.draws) {
      exponents.push_back(draw.exponent);
      shadowing.push_back(draw.shadowing[0]);
      at_1m.push_back(draw.at_1m[0]);
    }
    const auto inside = [](const std::vector<double>& draws, double value) {
      return Quantile(draws, 0.05) <= value && value <= Quantile(draws, 0.95)
                 ? 1
                 : 0;
    };
    exponent_inside += inside(exponents, truth.exponent);
    shadowing_inside += inside(shadowing, truth.shadowing);
    at_1m_inside += inside(at_1m, truth.at_1m);
    width += (Quantile(exponents, 0.95) - Quantile(exponents, 0.05)) / kSeeds;
    error += (Median(exponents) - truth.exponent) / kSeeds;
  }
  // Fewer than 18 of 24 has a probability of 0.8 % at 90 % (binomial).
  EXPECT_GE(exponent_inside, 18);
  EXPECT_GE(shadowing_inside, 18);
  EXPECT_GE(at_1m_inside, 18);
  // Not by being wide, and without bias: the mean of 24 estimates.
  EXPECT_LT(width, 2.0);
  EXPECT_LT(std::abs(error), 3 * width / (2 * 1.645) / std::sqrt(kSeeds));
}

TEST(PopulationMean, LiesBetweenEstimatesByTheirPrecision) {
  // Equal estimates: their mean, whatever the spread.
  EXPECT_NEAR(PopulationMean({2, 2, 2}, {0.1, 1, 10}).Mean(), 2, 1e-9);
  const double mean = PopulationMean({2, 3}, {0.01, 100}).Mean();
  EXPECT_NEAR(mean, 2, 0.01);
  // Estimates that disagree beyond their errors leave the mean uncertain.
  RngStream rng(1);
  const PopulationMean wide({1, 2, 3}, {0.01, 0.01, 0.01});
  std::vector<double> draws;
  for (int i = 0; i < 2000; ++i) draws.push_back(wide.Draw(&rng));
  EXPECT_GT(Quantile(draws, 0.95) - Quantile(draws, 0.05), 1.0);
  EXPECT_NEAR(Median(draws), 2, 0.1);
}

}  // namespace
}  // namespace airlock
