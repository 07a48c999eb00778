#include "agents/learn/advantages.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

// Two environments, three steps, gamma .9, lambda .5, by hand. Environment 0
// terminates at its second step; environment 1 is truncated there.
TEST(GeneralisedAdvantages, ByHand) {
  Signal signal;
  signal.steps = 3;
  signal.envs = 2;
  signal.reward = {1, 2, 3, 4, 5, 6};
  signal.value = {0.5, 1, 1.5, 2, 2.5, 3};
  signal.next_value = {1.5, 2, 10, 20, 4, 5};
  signal.terminated = {0, 0, 1, 0, 0, 0};
  signal.truncated = {0, 0, 0, 1, 0, 0};
  const Advantages a = GeneralisedAdvantages(signal, 0.9, 0.5);
  const std::vector<double> expected = {
      // delta 1 + .9 x 1.5 - .5 = 1.85; + .45 x 1.5
      1.85 + 0.45 * 1.5,
      // 2 + .9 x 2 - 1 = 2.8; + .45 x 20
      2.8 + 0.45 * 20,
      3 - 1.5,           // nothing after a terminated episode
      4 + 0.9 * 20 - 2,  // the value of where it was cut
      5 + 0.9 * 4 - 2.5,
      6 + 0.9 * 5 - 3,
  };
  ASSERT_EQ(a.advantage.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(a.advantage[i], expected[i], 1e-12) << i;
    EXPECT_NEAR(a.value_target[i], expected[i] + signal.value[i], 1e-12);
  }
}

// lambda 1 is the discounted return less the value, lambda 0 the one-step
// error.
TEST(GeneralisedAdvantages, BothEnds) {
  Signal signal;
  signal.steps = 4;
  signal.envs = 1;
  signal.reward = {1, 0, 2, 3};
  signal.value = {0.1, 0.2, 0.3, 0.4};
  signal.next_value = {0.2, 0.3, 0.4, 7};
  signal.terminated = {0, 0, 0, 0};
  signal.truncated = {0, 0, 0, 0};
  const double g = 0.8;
  EXPECT_NEAR(GeneralisedAdvantages(signal, g, 1).value_target[0],
              1 + g * g * 2 + g * g * g * 3 + g * g * g * g * 7, 1e-12);
  EXPECT_NEAR(GeneralisedAdvantages(signal, g, 0).advantage[1],
              0 + g * 0.3 - 0.2, 1e-12);
}

TEST(Standardise, MeanZeroAndDeviationOne) {
  std::vector<double> x = {1, 2, 3, 4};
  Standardise(&x);
  EXPECT_NEAR(x[0], -1.5 / std::sqrt(5.0 / 3), 1e-7);
  EXPECT_NEAR(x[0] + x[1] + x[2] + x[3], 0, 1e-12);
  std::vector<double> one = {3};
  Standardise(&one);
  EXPECT_EQ(one[0], 3);
}

TEST(ReturnScale, RunningSumsRestartWithAnEpisode) {
  ReturnScale scale(1, 0.5);
  EXPECT_EQ(scale.scale(), 1);
  // Sums 2, 2, 1 + 1 = 2 then a new episode with 4.
  scale.Add({2, 1, 1, 4}, {0, 0, 1, 0});
  // 2, 2, 2, 4: mean 2.5, population variance .75
  EXPECT_NEAR(scale.scale(), std::sqrt(0.75 + 1e-8), 1e-12);
  ReturnScale other(1, 0.5);
  other.Restore(scale.State());
  scale.Add({1}, {0});
  other.Add({1}, {0});
  EXPECT_EQ(scale.scale(), other.scale());
}

}  // namespace
}  // namespace airlock
