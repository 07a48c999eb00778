#include "sim/stats/group_sequential.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

std::vector<double> EvenLooks(int count) {
  std::vector<double> information;
  for (int i = 1; i <= count; ++i) {
    information.push_back(static_cast<double>(i) / count);
  }
  return information;
}

// Five even looks, two-sided 5 %: the values of Lan and DeMets' own program,
// as the package ldbounds and Jennison and Turnbull tabulate them.
TEST(GroupSequentialTest, BoundsAreTheTabulatedOnes) {
  const double obrien_fleming[] = {4.8769, 3.3570, 2.6803, 2.2898, 2.0310};
  const double pocock[] = {2.4380, 2.4268, 2.4102, 2.3966, 2.3860};
  const auto of =
      GroupSequentialBounds(EvenLooks(5), 0.05, 2, Spending::kObrienFleming);
  const auto pc =
      GroupSequentialBounds(EvenLooks(5), 0.05, 2, Spending::kPocock);
  ASSERT_EQ(of.size(), 5u);
  ASSERT_EQ(pc.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(of[i].critical, obrien_fleming[i], 2e-4) << i;
    EXPECT_NEAR(pc[i].critical, pocock[i], 2e-4) << i;
  }
  EXPECT_NEAR(of[4].spent, 0.05, 1e-12);
}

TEST(GroupSequentialTest, OneLookIsTheOrdinaryTest) {
  for (Spending spending :
       {Spending::kObrienFleming, Spending::kPocock, Spending::kQuadratic}) {
    const auto looks = GroupSequentialBounds({1}, 0.05, 1, spending);
    ASSERT_EQ(looks.size(), 1u);
    EXPECT_NEAR(looks[0].critical, 1.6448536, 1e-6);
    EXPECT_NEAR(looks[0].nominal_alpha, 0.05, 1e-7);
  }
}

// Of series that are none of those that it was set by: at most alpha are ever
// rejected, though the variance of ten values is hardly known.
TEST(PlannedTLevelsTest, ErrorHoldsWithAnEstimatedVariance) {
  constexpr int kSeries = 20000;
  const std::vector<double> levels =
      PlannedTLevels(3, 10, 0.05, Spending::kObrienFleming);
  ASSERT_EQ(levels.size(), 10u);
  EXPECT_EQ(levels[0], 0);
  EXPECT_EQ(levels[1], 0);
  RngStream rng(99);
  int rejected = 0;
  for (int i = 0; i < kSeries; ++i) {
    std::vector<double> values;
    bool ever = false;
    for (size_t n = 1; n <= 10; ++n) {
      values.push_back(rng.Normal(0, 2));
      if (n < 3 || ever) continue;
      const double t = Mean(values) / StandardDeviation(values) *
                       std::sqrt(static_cast<double>(n));
      ever = t < StudentTQuantile(levels[n - 1], static_cast<double>(n - 1));
    }
    rejected += ever ? 1 : 0;
  }
  EXPECT_LE(ClopperPearson(rejected, kSeries, 0.998).low, 0.05) << rejected;
  EXPECT_GT(rejected, kSeries * 0.04);
}

TEST(GroupSequentialTest, WrongArgumentsGiveNoBounds) {
  const Spending spending = Spending::kPocock;
  EXPECT_TRUE(GroupSequentialBounds({}, 0.05, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 0.5}, 0.05, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 1}, 0, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 1}, 0.05, 3, spending).empty());
}

}  // namespace
}  // namespace airlock
