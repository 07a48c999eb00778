#include "agents/balancing/weight_shield.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"

namespace airlock {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Capacities 4, 4 and 2; at the start 1 each.
PoolSetup ThreeServers() { return {{"a", "b", "c"}, {4, 4, 2}, {1, 1, 1}}; }

WeightShield Shield(double least_share, double most_change) {
  WeightShieldConfig config;
  config.least_share = Ratio(least_share);
  config.most_change = most_change;
  return WeightShield(config, ThreeServers());
}

const std::vector<bool> kAllUp = {true, true, true};

TEST(WeightShieldTest, LeavesWhatIsAllowed) {
  WeightShield shield = Shield(0.1, 0.5);
  const WeightVerdict verdict = shield.Limit({1.5, 0.5, 1}, kAllUp);
  EXPECT_THAT(verdict.weights, ElementsAre(1.5, 0.5, 1));
  EXPECT_THAT(verdict.rules, ElementsAre("", "", ""));
}

TEST(WeightShieldTest, LimitsTheChange) {
  WeightShield shield = Shield(0, 0.5);
  const WeightVerdict verdict = shield.Limit({2, 0, 1.2}, kAllUp);
  EXPECT_THAT(verdict.weights, ElementsAre(1.5, 0.5, 1.2));
  EXPECT_THAT(verdict.rules, ElementsAre("change", "change", ""));
  EXPECT_THAT(shield.Limit({2, 0, 1.2}, kAllUp).weights,
              ElementsAre(2, 0, 1.2));
}

// 10 % of a fair share of .4 and .4 of the flows.
TEST(WeightShieldTest, KeepsTheLeastShare) {
  WeightShield shield = Shield(0.1, 2);
  const WeightVerdict verdict = shield.Limit({0, 0, 2}, kAllUp);
  const double total = 2 / (1 - 0.08);
  EXPECT_THAT(verdict.weights,
              ElementsAre(DoubleEq(0.04 * total), DoubleEq(0.04 * total), 2));
  EXPECT_THAT(verdict.rules, ElementsAre("share", "share", ""));
}

TEST(WeightShieldTest, AllOfTheFairShareIsTheCapacities) {
  WeightShield shield = Shield(1, 2);
  const auto weights = shield.Limit({2, 0.1, 0.7}, kAllUp).weights;
  EXPECT_NEAR(weights[0], weights[1], 1e-9);
  EXPECT_NEAR(weights[0], 2 * weights[2], 1e-9);
}

TEST(WeightShieldTest, WhoIsDownGetsNothing) {
  WeightShield shield = Shield(0.1, 0.5);
  const WeightVerdict verdict = shield.Limit({1, 1, 1}, {true, false, true});
  EXPECT_THAT(verdict.weights, ElementsAre(1, 0, 1));
  EXPECT_THAT(verdict.rules, ElementsAre("", "failed", ""));
  // It comes back as proposed, however large the change.
  EXPECT_THAT(shield.Limit({1, 2, 1}, kAllUp).weights, ElementsAre(1, 2, 1));
}

TEST(WeightShieldTest, NobodyIsNeverAnAnswer) {
  WeightShield shield = Shield(0, 2);
  EXPECT_THAT(shield.Limit({0, 0, 0}, kAllUp).weights, ElementsAre(2, 2, 1));
  EXPECT_THAT(shield.Limit({2, 0, 0}, {false, true, true}).weights,
              ElementsAre(0, 2, 1));
  // With all down, the rules are as if none was.
  EXPECT_THAT(shield.Limit({1, 1, 1}, {false, false, false}).weights,
              ElementsAre(1, 1, 1));
}

TEST(WeightShieldTest, WhatIsNoWeightIsTheNearest) {
  WeightShield shield = Shield(0, 2);
  const WeightVerdict verdict = shield.Limit(
      {std::nan(""), -3, std::numeric_limits<double>::infinity()}, kAllUp);
  EXPECT_THAT(verdict.weights, ElementsAre(1, 0, 2));
  EXPECT_EQ(verdict.broken[static_cast<size_t>(WeightRule::kNotANumber)], 3);
}

// Whatever is proposed, also tiny and huge numbers, and whoever fails.
TEST(WeightShieldTest, NothingItExecutesFailsTheAudit) {
  RngStream random(9);
  for (const double least_share : {0.0, 0.05, 0.5, 1.0}) {
    WeightShield shield = Shield(least_share, 0.7);
    for (int i = 0; i < 20000; ++i) {
      std::vector<double> weights;
      std::vector<bool> up;
      for (int s = 0; s < 3; ++s) {
        weights.push_back(std::pow(10, random.Uniform(-12, 3)) *
                          (random.Uniform() < 0.1 ? -1 : 1));
        up.push_back(random.Uniform() > 0.02);
      }
      const WeightsBefore before = shield.before();
      const WeightVerdict verdict = shield.Limit(weights, up);
      ASSERT_THAT(shield.Audit(verdict.weights, up, before), IsEmpty());
    }
  }
}

TEST(WeightShieldTest, TheAuditFindsWhatIsUnsafe) {
  const WeightShield shield = Shield(0.5, 1);
  const WeightsBefore before = {{1, 1, 1}, kAllUp};
  EXPECT_THAT(shield.Audit({0, 0, 0}, kAllUp, before),
              ::testing::Contains("all weights are 0"));
  EXPECT_THAT(shield.Audit({1, 1, 1}, {true, false, true}, before),
              ElementsAre("b: is down and has a weight"));
  EXPECT_THAT(shield.Audit({1, 0.1, 1}, kAllUp, before),
              ElementsAre(HasSubstr("b: 0.047")));
  EXPECT_THAT(shield.Audit({2.5, 1, 1}, kAllUp, before),
              ElementsAre("a: 2.5 is no weight"));
}

TEST(WeightShieldTest, TheAuditFindsAChangeThatIsTooLarge) {
  const WeightShield shield = Shield(0.1, 0.25);
  const auto finds = [&](std::vector<double> executed) {
    return shield.Audit(executed, kAllUp, {{1, 1, 1}, kAllUp});
  };
  const auto kTooLarge = ElementsAre("the change is larger than the largest");
  EXPECT_THAT(finds({1.25, 0.75, 1}), IsEmpty());
  EXPECT_THAT(finds({0.5, 0.3, 0.4}), IsEmpty());  // the same at another scale
  EXPECT_THAT(finds({1.3, 0.75, 1}), kTooLarge);
  EXPECT_THAT(finds({1.25, 0.7, 1}), kTooLarge);
  EXPECT_THAT(finds({0.5, 0.25, 0.4}), kTooLarge);
  // Who is up is another question than before: all may change.
  EXPECT_THAT(
      shield.Audit({1.3, 0, 0.2}, {true, false, true}, {{1, 1, 1}, kAllUp}),
      IsEmpty());
}

}  // namespace
}  // namespace airlock
