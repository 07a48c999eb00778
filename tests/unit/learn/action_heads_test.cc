#include "agents/learn/action_heads.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/learn/mlp_ensemble.h"
#include "agents/learn/tensors.h"
#include "tests/support/counting_env.h"

namespace airlock {
namespace {

MlpEnsemble RandomNetwork(int64_t inputs, int64_t outputs, uint64_t seed) {
  std::vector<RngStream> rng = {RngStream(seed)};
  return MlpEnsemble(inputs, {13, 9}, outputs, Activation::kTanh, &rng);
}

EnvSpec BoxSpec(int64_t width) {
  EnvSpec spec;
  spec.name = "box";
  spec.observation = {{"x", "1", -1, 1}, {"y", "1", -1, 1}};
  for (int64_t i = 0; i < width; ++i) {
    spec.action.fields.push_back({"a" + std::to_string(i), "1", -2.0, 3.0 + i});
  }
  return spec;
}

// What Policy draws by Eigen has the probabilities that the losses see.
TEST(ActionHeads, CategoricalEqualsPolicy) {
  const EnvSpec spec = testing::CountingEnv().spec();
  const MlpEnsemble network = RandomNetwork(1, 5, 3);
  const Policy policy({spec,
                       Normaliser::Identity(1),
                       ActionDistribution::kCategorical,
                       {},
                       network.Copy(0)});
  RngStream rng(4);
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  for (int i = 0; i < 200; ++i) {
    const double x = rng.Uniform(-20, 20);
    const std::vector<uint8_t> allowed = {1, 1, static_cast<uint8_t>(i % 2), 1,
                                          static_cast<uint8_t>(i % 3 > 0)};
    double action[2];
    const double log_p =
        policy.Sample(&x, allowed.data(), 0, &rng, action, scratch.data());
    const at::Tensor outputs =
        network.Forward(TensorOf({x}, {1, 1, 1}), 0, nullptr).squeeze(0);
    const ActionTerms terms =
        CategoricalTerms(spec.action, outputs, MaskOf(allowed, {1, 5}),
                         TensorOf({action[0], action[1]}, {1, 2}));
    EXPECT_NEAR(terms.log_probability.item<double>(), log_p, 1e-12);
  }
}

TEST(ActionHeads, GaussianEqualsPolicy) {
  const EnvSpec spec = BoxSpec(2);
  const MlpEnsemble network = RandomNetwork(2, 2, 5);
  const std::vector<double> log_deviation = {-0.3, 0.4};
  const Policy policy({spec, Normaliser::Identity(2),
                       ActionDistribution::kGaussian, log_deviation,
                       network.Copy(0)});
  RngStream rng(6);
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  for (int i = 0; i < 200; ++i) {
    const std::vector<double> x = {rng.Uniform(-1, 1), rng.Uniform(-1, 1)};
    std::vector<double> action(2);
    const double log_p = policy.Sample(x.data(), nullptr, 0, &rng,
                                       action.data(), scratch.data());
    const ActionTerms terms = GaussianTerms(
        network.Forward(TensorOf(x, {1, 1, 2}), 0, nullptr).squeeze(0),
        TensorOf(log_deviation, {2}), TensorOf(action, {1, 2}));
    EXPECT_NEAR(terms.log_probability.item<double>(), log_p, 1e-12);
    // Entropy of a normal: ln sd + (1 + ln 2 pi) / 2, the sum of both.
    EXPECT_NEAR(terms.entropy.item<double>(), 0.1 + 1 + std::log(2 * M_PI),
                1e-12);
  }
}

TEST(ActionHeads, EntropyAndDivergenceByHand) {
  ActionSpace space;
  space.choices = {2, 3};
  // Head 0: 1/4 and 3/4. Head 1: its second is not allowed, so 1/2 and 1/2.
  const at::Tensor old_logits = TensorOf({0, std::log(3.0), 1, 7, 1}, {1, 5});
  const at::Tensor allowed = MaskOf({1, 1, 1, 0, 1}, {1, 5});
  const ActionTerms terms =
      CategoricalTerms(space, old_logits, allowed, TensorOf({1, 2}, {1, 2}));
  EXPECT_NEAR(terms.log_probability.item<double>(),
              std::log(0.75) + std::log(0.5), 1e-14);
  EXPECT_NEAR(terms.entropy.item<double>(),
              0.25 * std::log(4.0) + 0.75 * std::log(4.0 / 3) + std::log(2.0),
              1e-14);
  // New: head 0 is even, head 1 has 1/5 and 4/5.
  const at::Tensor new_logits = TensorOf({0, 0, 0, -3, std::log(4.0)}, {1, 5});
  EXPECT_NEAR(CategoricalDivergence(space, old_logits, new_logits, allowed)
                  .item<double>(),
              0.25 * std::log(0.5) + 0.75 * std::log(1.5) +
                  0.5 * std::log(2.5) + 0.5 * std::log(0.625),
              1e-14);
  // Of N(0, 1) from N(1, 2^2): ln 2 + (1 + 1) / 8 - 1/2.
  EXPECT_NEAR(
      GaussianDivergence(TensorOf({0}, {1, 1}), TensorOf({0}, {1}),
                         TensorOf({1}, {1, 1}), TensorOf({std::log(2.0)}, {1}))
          .item<double>(),
      std::log(2.0) - 0.25, 1e-14);
}

}  // namespace
}  // namespace airlock
