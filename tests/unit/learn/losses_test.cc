#include "agents/learn/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "agents/learn/tensors.h"

namespace airlock {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(PolicyLoss, ClipsByHand) {
  // Ratio too high with a gain: clipped; too low with a gain: not; too low with
  // a loss: clipped; too high with a loss: not; inside: as it is.
  const at::Tensor ratio = TensorOf({1.5, 0.5, 0.5, 1.5, 1.1}, {5});
  const at::Tensor advantage = TensorOf({2, 2, -1, -1, 3}, {5});
  // min: 2.4, 1, -.8, -1.5, 3.3; sum 4.4
  EXPECT_DOUBLE_EQ(ClippedPolicyLoss(ratio, advantage, 0.2).item<double>(),
                   -4.4 / 5);
}

TEST(PolicyLoss, ClippedRowsHaveNoGradient) {
  const at::Tensor ratio = TensorOf({1.5, 0.5, 1}, {3}).set_requires_grad(true);
  ClippedPolicyLoss(ratio, TensorOf({2, 2, -3}, {3}), 0.2).backward();
  EXPECT_THAT(VectorOf(ratio.grad()),
              ElementsAre(0, DoubleEq(-2.0 / 3), DoubleEq(1)));
}

TEST(PolicyLoss, FocopsByHand) {
  // Beyond the trust region a row counts as 0, but is counted.
  const at::Tensor loss =
      FocopsLoss(TensorOf({1.2, 0.9, 2}, {3}), TensorOf({3, -1, 5}, {3}),
                 TensorOf({0.01, 0.02, 0.5}, {3}), 1.5, 0.02);
  // .01 - 1.2 3 / 1.5 = -2.39; .02 + .9 / 1.5 = .62
  EXPECT_NEAR(loss.item<double>(), (-2.39 + 0.62) / 3, 1e-15);
}

TEST(QValues, DuelingByHand) {
  // V = 10, advantages 1, 2, 6 of mean 3.
  EXPECT_THAT(VectorOf(DuelingValues(TensorOf({10, 1, 2, 6}, {1, 4}))),
              ElementsAre(8, 9, 13));
}

TEST(QValues, TargetsByHand) {
  const at::Tensor reward = TensorOf({1, 2, 3}, {3});
  const at::Tensor discount = TensorOf({0.5, 0.5, 0}, {3});  // the last ended
  const at::Tensor target = TensorOf({4, 8, 6, 2, 100, 7}, {3, 2});
  const at::Tensor online = TensorOf({9, 1, 1, 9, 0, 0}, {3, 2});
  EXPECT_THAT(VectorOf(QTargets(reward, discount, target, {}, {})),
              ElementsAre(5, 5, 3));
  // Double: the online network chooses 0 and 1, the target network values them.
  EXPECT_THAT(VectorOf(QTargets(reward, discount, target, online, {})),
              ElementsAre(3, 3, 3));
  // Only what is allowed is chosen, by either.
  const at::Tensor allowed = MaskOf({1, 0, 1, 0, 0, 1}, {3, 2});
  EXPECT_THAT(VectorOf(QTargets(reward, discount, target, {}, allowed)),
              ElementsAre(3, 5, 3));
  EXPECT_THAT(VectorOf(QTargets(reward, discount, target, online, allowed)),
              ElementsAre(3, 5, 3));
}

TEST(SoftValue, OfASampleByHand) {
  // Two critics, two rows: the smaller value less .5 ln p.
  const at::Tensor values = TensorOf({4, 7, 5, 6}, {2, 2, 1});
  const at::Tensor log_p = TensorOf({-2, 1}, {2});
  EXPECT_THAT(VectorOf(SoftValueOfSample(values, log_p, 0.5)),
              ElementsAre(4 + 1, 6 - 0.5));
}

TEST(SoftValue, OfChoicesByHand) {
  // One row, smaller values 1 and 3, probabilities 1/4 and 3/4:
  //   1/4 (1 + .5 ln 4) + 3/4 (3 + .5 ln 4/3)
  const at::Tensor values = TensorOf({1, 5, 2, 3}, {2, 1, 2});
  const at::Tensor log_p = TensorOf({std::log(0.25), std::log(0.75)}, {1, 2});
  EXPECT_NEAR(
      SoftValueOfChoices(values, log_p, 0.5).item<double>(),
      0.25 * (1 + 0.5 * std::log(4.0)) + 0.75 * (3 + 0.5 * std::log(4.0 / 3)),
      1e-14);
  // A choice that is not allowed adds nothing.
  const at::Tensor one = TensorOf({0, kImpossible}, {1, 2});
  EXPECT_EQ(SoftValueOfChoices(values, one, 0.5).item<double>(), 1);
}

TEST(SoftValue, DensityOfTanhByHand) {
  // u = .3 + e^-.5 .8, by the change of variables: N(z) / e^-.5 / (1 - tanh^2).
  const double z = 0.8, log_deviation = -0.5;
  const double u = 0.3 + std::exp(log_deviation) * z;
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI) /
                         std::exp(log_deviation) /
                         (1 - std::tanh(u) * std::tanh(u));
  EXPECT_NEAR(SquashedLogDensity(TensorOf({u}, {1, 1}), TensorOf({z}, {1, 1}),
                                 TensorOf({log_deviation}, {1, 1}))
                  .item<double>(),
              std::log(density), 1e-13);
  // Where tanh is 1 to the last bit the density still is a number.
  EXPECT_NEAR(SquashedLogDensity(TensorOf({30}, {1, 1}), TensorOf({0}, {1, 1}),
                                 TensorOf({0}, {1, 1}))
                  .item<double>(),
              -0.5 * std::log(2 * M_PI) - 2 * (std::log(2.0) - 30), 1e-12);
}

}  // namespace
}  // namespace airlock
