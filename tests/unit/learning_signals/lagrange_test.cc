#include "agents/learn/lagrange.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

// Adam's first step is the learning rate in the direction of the error,
// whatever its size; the second by hand: errors 5, then -3.
TEST(LagrangeMultiplier, AdamByHand) {
  LagrangeOptions options;
  options.limit = 10;
  options.initial = 0.5;
  options.learning_rate = 0.1;
  LagrangeMultiplier multiplier(options);
  multiplier.Update(15);
  EXPECT_NEAR(multiplier.value(), 0.6, 1e-8);
  multiplier.Update(7);
  // m = (.9 x .5 - .3) / .19 = .7894737
  // v = (.999 x .025 + .009) / .001999 = 16.9959980
  EXPECT_NEAR(multiplier.value(), 0.6 + 0.1 * 0.7894737 / 4.1226203, 1e-7);
  LagrangeMultiplier other(options);
  other.Restore(multiplier.State());
  multiplier.Update(11);
  other.Update(11);
  EXPECT_EQ(multiplier.value(), other.value());
}

TEST(LagrangeMultiplier, NeverBelowZero) {
  LagrangeOptions options;
  options.limit = 10;
  LagrangeMultiplier multiplier(options);
  for (int k = 0; k < 10; ++k) multiplier.Update(0);
  EXPECT_EQ(multiplier.value(), 0);
}

// Costs 14, 12, 13 at limit 10: errors 4, 2, 3; sums 4, 6, 9; rises 0, 0, 1.
TEST(LagrangeMultiplier, PidByHand) {
  LagrangeOptions options;
  options.limit = 10;
  options.pid = true;
  options.proportional = 0.5;
  options.integral = 0.1;
  options.derivative = 2;
  LagrangeMultiplier multiplier(options);
  multiplier.Update(14);
  EXPECT_NEAR(multiplier.value(), 0.5 * 4 + 0.1 * 4, 1e-12);
  multiplier.Update(12);
  EXPECT_NEAR(multiplier.value(), 0.5 * 2 + 0.1 * 6, 1e-12);
  multiplier.Update(13);
  EXPECT_NEAR(multiplier.value(), 0.5 * 3 + 0.1 * 9 + 2 * 1, 1e-12);
  multiplier.Update(-90);
  EXPECT_EQ(multiplier.value(), 0);
  EXPECT_EQ(multiplier.State()[4], 0) << "the sum does not wind down either";
}

}  // namespace
}  // namespace airlock
