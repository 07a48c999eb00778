#include "agents/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "agents/env/pendulum.h"
#include "sim/base/error.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using testing::ErrorOf;
using ::testing::HasSubstr;

Mlp Linear(int64_t inputs, const std::vector<double>& bias,
           std::vector<double> weights = {}) {
  MlpLayer layer;
  layer.inputs = inputs;
  layer.outputs = static_cast<int64_t>(bias.size());
  weights.resize(static_cast<size_t>(layer.inputs * layer.outputs));
  layer.weights = weights;
  layer.bias = bias;
  return Mlp({layer});
}

// Logits ln 1, ln 2, ln 5 and ln 3, ln 1, whatever is observed.
Policy TwoHeads() {
  return Policy({CountingEnv().spec(),
                 Normaliser::Identity(1),
                 ActionDistribution::kCategorical,
                 {},
                 Linear(1, {0, std::log(2), std::log(5), std::log(3), 0})});
}

TEST(Policy, DrawsHeadsWithTheirProbabilities) {
  const Policy policy = TwoHeads();
  RngStream rng(1);
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  const double place = 4;
  std::map<std::pair<int, int>, double> seen;
  constexpr int kDraws = 40000;
  for (int k = 0; k < kDraws; ++k) {
    double action[2];
    const double log_p =
        policy.Sample(&place, nullptr, 0, &rng, action, scratch.data());
    const double p = std::vector<double>{1, 2, 5}[int(action[0])] / 8 *
                     (action[1] == 0 ? 3 : 1) / 4;
    ASSERT_NEAR(log_p, std::log(p), 1e-12);
    seen[{int(action[0]), int(action[1])}] += 1.0 / kDraws;
  }
  // Five standard errors of the rarest, 1/32: .0044.
  EXPECT_NEAR((seen[{0, 1}]), 1.0 / 32, 0.0044);
  EXPECT_NEAR((seen[{2, 0}]), 15.0 / 32, 0.0125);

  const uint8_t allowed[] = {1, 1, 0, 0, 1};
  for (int k = 0; k < 100; ++k) {
    double action[2];
    const double log_p =
        policy.Sample(&place, allowed, 0, &rng, action, scratch.data());
    ASSERT_LT(action[0], 2);
    ASSERT_EQ(action[1], 1);
    ASSERT_NEAR(log_p, std::log((action[0] + 1) / 3), 1e-12);
  }
  double action[2];
  policy.Mode(&place, nullptr, action, scratch.data());
  EXPECT_EQ(action[0], 2);
  policy.Mode(&place, allowed, action, scratch.data());
  EXPECT_EQ(action[0], 1);
  EXPECT_EQ(action[1], 1);
}

TEST(Policy, GaussianAndSquashedDensities) {
  const double x[] = {1, 0, 0.5};
  const Policy plain({Pendulum().spec(),
                      Normaliser::Identity(3),
                      ActionDistribution::kGaussian,
                      {std::log(0.5)},
                      Linear(3, {0.25}, {1, 0, 0})});
  std::vector<double> scratch(static_cast<size_t>(plain.scratch_size()));
  RngStream rng(2);
  double action = 0, mean = 0, square = 0;
  constexpr int kDraws = 20000;
  for (int k = 0; k < kDraws; ++k) {
    const double log_p =
        plain.Sample(x, nullptr, 0, &rng, &action, scratch.data());
    const double z = (action - 1.25) / 0.5;
    ASSERT_NEAR(log_p, -z * z / 2 - std::log(0.5 * std::sqrt(2 * M_PI)), 1e-9);
    mean += action / kDraws;
    square += z * z / kDraws;
  }
  EXPECT_NEAR(mean, 1.25, 5 * 0.5 / std::sqrt(kDraws));
  EXPECT_NEAR(square, 1, 5 * std::sqrt(2.0 / kDraws));
  plain.Mode(x, nullptr, &action, scratch.data());
  EXPECT_EQ(action, 1.25);

  // u ~ N(.25, .5); the torque is 2 tanh(u).
  const Policy squashed({Pendulum().spec(),
                         Normaliser::Identity(3),
                         ActionDistribution::kSquashedGaussian,
                         {},
                         Linear(3, {0.25, std::log(0.5)})});
  double total = 0;
  for (int k = 0; k < kDraws; ++k) {
    const double log_p =
        squashed.Sample(x, nullptr, 0, &rng, &action, scratch.data());
    ASSERT_LT(std::abs(action), 2);
    const double u = std::atanh(action / 2);
    const double z = (u - 0.25) / 0.5;
    ASSERT_NEAR(log_p,
                -z * z / 2 - std::log(0.5 * std::sqrt(2 * M_PI)) -
                    std::log(2 * (1 - action * action / 4)),
                1e-6);
    total += action;
  }
  squashed.Mode(x, nullptr, &action, scratch.data());
  EXPECT_NEAR(action, 2 * std::tanh(0.25), 1e-15);
}

TEST(Policy, GreedyExploresWhatIsAllowed) {
  EnvSpec spec = CountingEnv().spec();
  spec.action.choices = {4};
  const Policy policy({spec,
                       Normaliser::Identity(1),
                       ActionDistribution::kGreedy,
                       {},
                       Linear(1, {1, 3, 3, 2})});
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  RngStream rng(1);
  const double place = 0;
  const uint8_t allowed[] = {1, 0, 0, 1};
  double action = 0;
  policy.Sample(&place, nullptr, 0, &rng, &action, scratch.data());
  EXPECT_EQ(action, 1) << "the first of equals";
  std::vector<int> seen(4), masked(4);
  for (int k = 0; k < 4000; ++k) {
    policy.Sample(&place, nullptr, 0.4, &rng, &action, scratch.data());
    ++seen[int(action)];
    policy.Sample(&place, allowed, 0.4, &rng, &action, scratch.data());
    ++masked[int(action)];
  }
  EXPECT_NEAR(seen[1], 4000 * 0.7, 150);
  for (const int other : {0, 2, 3}) EXPECT_NEAR(seen[other], 400, 100);
  EXPECT_EQ(masked[1] + masked[2], 0);
  EXPECT_NEAR(masked[0], 800, 140);
}

TEST(Policy, NormalisesAndReadsItselfBack) {
  RunningMoments moments(3);
  const std::vector<double> rows = {1, 0, 5, 3, 0, 5, 5, 0, 5};
  moments.Add(rows.data(), 1);
  moments.Add(rows.data() + 3, 2);
  EXPECT_EQ(moments.mean(), (std::vector<double>{3, 0, 5}));
  EXPECT_NEAR(moments.Variance()[0], 8.0 / 3, 1e-12);
  const Policy policy({Pendulum().spec(),
                       Normaliser::Of(moments, 2),
                       ActionDistribution::kGaussian,
                       {-1},
                       Linear(3, {0.1}, {1, 2, 3})});
  const Policy read =
      Policy::FromJson(nlohmann::json::parse(policy.ToJson().dump()));
  EXPECT_EQ(read.ToJson(), policy.ToJson());
  EXPECT_EQ(read.spec().LayoutDigest(), Pendulum().spec().LayoutDigest());
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  for (const double x0 : {-7.0, 2.5, 100.0}) {
    const double x[] = {x0, 0, 5};
    double a = 0, b = 0;
    policy.Mode(x, nullptr, &a, scratch.data());
    read.Mode(x, nullptr, &b, scratch.data());
    EXPECT_EQ(a, b);
    const double z =
        std::max(-2.0, std::min(2.0, (x0 - 3) / std::sqrt(8.0 / 3)));
    EXPECT_NEAR(a, 0.1 + z, 1e-6);
  }
  const RunningMoments same =
      RunningMoments::FromJson(nlohmann::json::parse(moments.ToJson().dump()));
  EXPECT_EQ(same.ToJson(), moments.ToJson());
}

TEST(Policy, PartsThatDoNotFit) {
  const EnvSpec heads = CountingEnv().spec();
  const EnvSpec box = Pendulum().spec();
  const auto error = [](Policy::Parts parts) {
    return ErrorOf([&] { Policy policy(parts); });
  };
  EXPECT_THAT(error({heads,
                     Normaliser::Identity(1),
                     ActionDistribution::kGaussian,
                     {0},
                     Linear(1, {0})}),
              HasSubstr("a gaussian distribution does not fit"));
  EXPECT_THAT(error({heads,
                     Normaliser::Identity(1),
                     ActionDistribution::kGreedy,
                     {},
                     Linear(1, {0})}),
              HasSubstr("greedy in 2 heads"));
  EXPECT_THAT(error({box,
                     Normaliser::Identity(2),
                     ActionDistribution::kGaussian,
                     {0},
                     Linear(3, {0})}),
              HasSubstr("observes 3 numbers; its normaliser has 2"));
  EXPECT_THAT(error({box,
                     Normaliser::Identity(3),
                     ActionDistribution::kSquashedGaussian,
                     {},
                     Linear(3, {0})}),
              HasSubstr("1 outputs; 2 are needed"));
  EXPECT_THAT(error({box,
                     Normaliser::Identity(3),
                     ActionDistribution::kGaussian,
                     {},
                     Linear(3, {0})}),
              HasSubstr("0 standard deviations"));
  EnvSpec endless = box;
  endless.action.fields[0].high = std::numeric_limits<double>::infinity();
  EXPECT_THAT(error({endless,
                     Normaliser::Identity(3),
                     ActionDistribution::kSquashedGaussian,
                     {},
                     Linear(3, {0, 0})}),
              HasSubstr("torque has no finite range"));

  nlohmann::json saved = TwoHeads().ToJson();
  saved["format"] = "airlock-policy 9";
  EXPECT_THAT(ErrorOf([&] { Policy::FromJson(saved); }),
              HasSubstr("this version reads 'airlock-policy 1'"));
  saved = TwoHeads().ToJson();
  saved.erase("normaliser");
  EXPECT_THAT(ErrorOf([&] { Policy::FromJson(saved); }),
              HasSubstr("normaliser"));
  saved = TwoHeads().ToJson();
  saved["normaliser"]["scale"][0] = 0;
  EXPECT_THAT(ErrorOf([&] { Policy::FromJson(saved); }),
              HasSubstr("scales and clip positive"));
}

}  // namespace
}  // namespace airlock
