#include "sim/collector/reservoir.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

constexpr size_t kSlots = 8;
constexpr double kKeep = 0.4;
constexpr int kOffers = 60;
constexpr int kTrials = 20000;

// A reservoir after kOffers offers, of which the i-th has value and time i.
Reservoir Filled(int trial) {
  RngStream stream = RngTree(7).Stream("reservoir", Replication(trial));
  Reservoir reservoir(kSlots);
  for (int i = 1; i <= kOffers; ++i) {
    reservoir.Offer(Reservoir::Draw(kSlots, kKeep, &stream), SimTime(i), i);
  }
  return reservoir;
}

TEST(Reservoir, SlotHoldsEachOfferAsTheoryHasIt) {
  // Which offer the first slot holds, 0 for none; trials are independent, so
  // Pearson's statistic is that of a multinomial distribution.
  std::vector<double> counts(kOffers + 1);
  for (int trial = 0; trial < kTrials; ++trial) {
    const Reservoir reservoir = Filled(trial);
    ++counts[reservoir.filled(0) ? static_cast<size_t>(reservoir.value(0)) : 0];
  }
  const double p = kKeep / kSlots;
  double statistic = 0;
  for (int i = 0; i <= kOffers; ++i) {
    const double expected =
        kTrials *
        (i == 0 ? std::pow(1 - p, kOffers) : p * std::pow(1 - p, kOffers - i));
    ASSERT_GT(expected, 5);
    statistic +=
        std::pow(counts[static_cast<size_t>(i)] - expected, 2) / expected;
  }
  EXPECT_LT(statistic, 99.6);  // chi-square, 60 degrees of freedom, 99.9 %
  EXPECT_GT(statistic, 30.3);  // and 0.1 %: no better than chance allows
}

TEST(Reservoir, OffersAreIncludedAndAgeAsTheoryHasIt) {
  std::vector<double> included(kOffers + 1);
  double ages = 0, samples = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const Reservoir reservoir = Filled(trial);
    for (size_t slot = 0; slot < kSlots; ++slot) {
      if (!reservoir.filled(slot)) continue;
      ++included[static_cast<size_t>(reservoir.value(slot))];
      ages += kOffers - reservoir.value(slot);
      ++samples;
    }
  }
  double expected_age = 0, expected_samples = 0;
  for (int i = 1; i <= kOffers; ++i) {
    const double share = kKeep * std::pow(1 - kKeep / kSlots, kOffers - i);
    const double error = std::sqrt(kTrials * share * (1 - share));
    EXPECT_NEAR(included[static_cast<size_t>(i)], kTrials * share, 4 * error)
        << i;
    expected_age += share * (kOffers - i);
    expected_samples += share;
  }
  EXPECT_NEAR(ages / samples, expected_age / expected_samples, 0.15);
  EXPECT_NEAR(samples / kTrials, expected_samples, 0.03);
}

TEST(Reservoir, SummariesWeighAge) {
  Reservoir reservoir(4);
  const auto put = [&](size_t slot, SimTime time, double value) {
    reservoir.Offer({true, slot}, time, value);
  };
  put(0, Milliseconds(1000), 10);
  put(1, Milliseconds(3000), 20);
  put(3, Milliseconds(2000), 60);
  // Weights with decay 1/2 at 3 s: 1/4, 1, 1/2.
  const ReservoirSummary summary = reservoir.Summarise(Milliseconds(3000), 0.5);
  EXPECT_DOUBLE_EQ(summary.mean, 30);
  EXPECT_DOUBLE_EQ(summary.p90, 52);  // 20 + 0.8 (60 - 20)
  EXPECT_DOUBLE_EQ(summary.std, std::sqrt(700));
  EXPECT_DOUBLE_EQ(summary.mean_decay, (2.5 + 20 + 30) / 1.75);
  EXPECT_DOUBLE_EQ(summary.p90_decay, 60);
  // After long, what is new weighs more: 90 % of the weight is at 20.
  put(3, Milliseconds(-7000), 60);
  EXPECT_DOUBLE_EQ(reservoir.Summarise(Milliseconds(3000), 0.2).p90_decay, 20);
}

TEST(Reservoir, TooFewSamplesAreNoAnswer) {
  Reservoir reservoir(3);
  EXPECT_TRUE(std::isnan(reservoir.Summarise(SimTime(0), 0.9).mean));
  EXPECT_TRUE(std::isnan(reservoir.Summarise(SimTime(0), 0.9).p90_decay));
  reservoir.Offer({false, 0}, SimTime(0), 5);
  EXPECT_FALSE(reservoir.filled(0));
  reservoir.Offer({true, 2}, SimTime(0), 5);
  const ReservoirSummary summary = reservoir.Summarise(SimTime(9), 0.9);
  EXPECT_DOUBLE_EQ(summary.mean, 5);
  EXPECT_TRUE(std::isnan(summary.std));
  EXPECT_DOUBLE_EQ(summary.p90_decay, 5);
}

}  // namespace
}  // namespace airlock
