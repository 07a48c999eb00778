#include "twin/drift/divergence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "twin/drift/binned_window.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;

TEST(Bins, QuantilesShareTheSampleEqually) {
  std::vector<double> sample;
  for (int i = 1; i <= 100; ++i) sample.push_back(i);
  const Bins bins = Bins::Quantiles(sample, 4);
  EXPECT_THAT(bins.edges(), ElementsAre(25, 50, 75));
  EXPECT_THAT(bins.Histogram(sample), ElementsAre(25, 25, 25, 25, 0));
  EXPECT_EQ(bins.Index(-1e9), 0);
  EXPECT_EQ(bins.Index(25), 0);
  EXPECT_EQ(bins.Index(1e9), 3);
  EXPECT_EQ(bins.Index(std::nan("")), 4);
}

TEST(Bins, AConstantIsSeenToMoveEitherWay) {
  const Bins bins = Bins::Quantiles(std::vector<double>(50, 7.0), 10);
  EXPECT_NE(bins.Index(6.9), bins.Index(7));
  EXPECT_NE(bins.Index(7.1), bins.Index(7));
  EXPECT_NE(bins.Index(7.1), bins.Index(6.9));
}

TEST(Bins, ACounterThatRestsAtZeroHasABinForIt) {
  std::vector<double> sample(60, 0.0);
  for (int i = 1; i <= 40; ++i) sample.push_back(i);
  const Bins bins = Bins::Quantiles(sample, 10);
  EXPECT_EQ(bins.Histogram(sample)[static_cast<size_t>(bins.Index(0))], 60);
  EXPECT_NE(bins.Index(1), bins.Index(0));
}

TEST(Bins, FixedBinsAreOpenAtTheEnds) {
  const Bins bins = Bins::Fixed(0, 10, 5);
  EXPECT_THAT(bins.edges(), ElementsAre(2, 4, 6, 8));
  EXPECT_EQ(bins.Index(-3), 0);
  EXPECT_EQ(bins.Index(30), 4);
}

TEST(JensenShannonBias, IsGrossesFirstOrder) {
  EXPECT_DOUBLE_EQ(JensenShannonBias(64, 300, 300), 63.0 * 2 / 300 / 8);
}

TEST(PermutationP, IsNeverZeroAndSmallForAShift) {
  std::vector<double> a, b;
  for (int i = 0; i < 50; ++i) {
    a.push_back(i);
    b.push_back(i + 200);
  }
  const Bins bins = Bins::Quantiles(a, 5);
  RngStream rng = RngTree(1).Stream("test", Replication(0));
  EXPECT_DOUBLE_EQ(JensenShannonPermutationP(a, b, bins, 99, &rng), 0.01);
  EXPECT_DOUBLE_EQ(JensenShannonPermutationP(a, a, bins, 99, &rng), 1);
}

TEST(BinnedWindow, EqualsTheDivergenceOfTheWindow) {
  RngStream rng = RngTree(2).Stream("test", Replication(0));
  std::vector<double> reference, stream;
  for (int i = 0; i < 500; ++i) reference.push_back(rng.Normal(0, 1));
  for (int i = 0; i < 300; ++i) stream.push_back(rng.Normal(0.5, 2));
  const Bins bins = Bins::Quantiles(reference, 12);
  const std::vector<double> counts = bins.Histogram(reference);
  std::vector<double> shares = counts;
  for (double& share : shares) share /= 500;
  BinnedWindow window(bins, shares, 40, [](double p, double q) {
    const double m = (p + q) / 2;
    return (p > 0 ? p * std::log(p / m) / 2 : 0) +
           (q > 0 ? q * std::log(q / m) / 2 : 0);
  });
  for (size_t t = 0; t < stream.size(); ++t) {
    window.Push(stream[t]);
    ASSERT_EQ(window.full(), t >= 39);
    if (!window.full()) continue;
    const std::vector<double> newest(stream.begin() + (t - 39),
                                     stream.begin() + t + 1);
    ASSERT_NEAR(window.Divergence(),
                JensenShannon(counts, bins.Histogram(newest)), 1e-13);
  }
}

}  // namespace
}  // namespace airlock
