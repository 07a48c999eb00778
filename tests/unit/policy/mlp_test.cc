#include "agents/policy/mlp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<MlpLayer> RandomLayers(const std::vector<int64_t>& widths,
                                   Activation activation) {
  RngStream rng(7);
  std::vector<MlpLayer> layers;
  for (size_t i = 1; i < widths.size(); ++i) {
    MlpLayer layer;
    layer.inputs = widths[i - 1];
    layer.outputs = widths[i];
    for (int64_t k = 0; k < layer.inputs * layer.outputs; ++k) {
      layer.weights.push_back(rng.Normal(0, 0.4));
    }
    for (int64_t k = 0; k < layer.outputs; ++k) {
      layer.bias.push_back(rng.Normal(0, 0.4));
    }
    layer.activation =
        i + 1 == widths.size() ? Activation::kIdentity : activation;
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<double> Evaluate(const Mlp& mlp, const std::vector<double>& x) {
  std::vector<double> y(static_cast<size_t>(mlp.outputs()));
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  mlp.Evaluate(x.data(), y.data(), scratch.data());
  return y;
}

// y = -3 max(0, x0 + 2 x1 - 1) + 4 max(0, -x0) + 5
TEST(MlpTest, TwoLayersByHand) {
  const Mlp mlp({{2, 2, {1, 2, -1, 0}, {-1, 0}, Activation::kRelu},
                 {2, 1, {-3, 4}, {5}, Activation::kIdentity}});
  EXPECT_EQ(Evaluate(mlp, {1, 1})[0], -1);
  EXPECT_EQ(Evaluate(mlp, {-2, 1})[0], 13);
  EXPECT_EQ(Evaluate(mlp, {0, 0.5})[0], 5);
}

TEST(MlpTest, Activations) {
  const auto at_one_half = [](Activation activation) {
    return Evaluate(Mlp({{1, 2, {1, -1}, {0, 0}, activation}}), {0.5});
  };
  EXPECT_EQ(at_one_half(Activation::kIdentity)[1], -0.5);
  EXPECT_EQ(at_one_half(Activation::kRelu)[1], 0);
  EXPECT_DOUBLE_EQ(at_one_half(Activation::kTanh)[0], 0.46211715726000976);
  // x / (1 + exp(-x))
  EXPECT_DOUBLE_EQ(at_one_half(Activation::kSilu)[0], 0.31122966560092732);
  EXPECT_DOUBLE_EQ(at_one_half(Activation::kSilu)[1], -0.18877033439907268);
}

// Every sum in the inputs' order, written out.
TEST(MlpTest, EqualsPlainSumsBitByBitWhereverTheNumbersLie) {
  for (const Activation activation :
       {Activation::kRelu, Activation::kTanh, Activation::kSilu}) {
    const std::vector<MlpLayer> layers =
        RandomLayers({61, 33, 18, 3}, activation);
    const Mlp mlp(layers);
    RngStream rng(1);
    std::vector<double> x(61);
    for (double& value : x) value = rng.Normal(0, 1);
    std::vector<double> h = x;
    for (const MlpLayer& layer : layers) {
      std::vector<double> next = layer.bias;
      for (size_t o = 0; o < next.size(); ++o) {
        for (size_t i = 0; i < h.size(); ++i) {
          next[o] += layer.weights[o * h.size() + i] * h[i];
        }
      }
      Mlp single({{1, 1, {1}, {0}, layer.activation}});
      for (double& value : next) value = Evaluate(single, {value})[0];
      h = next;
    }
    for (size_t shift = 0; shift < 4; ++shift) {
      std::vector<double> memory(61 + 4);
      std::copy(x.begin(), x.end(), memory.begin() + shift);
      std::vector<double> scratch(mlp.scratch_size() + 4);
      std::vector<double> y(3 + 4);
      mlp.Evaluate(memory.data() + shift, y.data() + shift,
                   scratch.data() + shift);
      for (size_t o = 0; o < 3; ++o) {
        EXPECT_EQ(y[o + shift], h[o]) << ToString(activation) << shift;
      }
    }
  }
}

TEST(MlpTest, RowsEqualSingleEvaluationsAndFeaturesFeedTheHead) {
  const Mlp mlp(RandomLayers({5, 9, 7, 2}, Activation::kTanh));
  EXPECT_EQ(mlp.features(), 7);
  RngStream rng(3);
  std::vector<double> x(5 * 11);
  for (double& value : x) value = rng.Normal(0, 1);
  std::vector<double> y(2 * 11);
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  mlp.EvaluateRows(x.data(), 11, y.data(), scratch.data());
  for (size_t row = 0; row < 11; ++row) {
    const std::vector<double> one(x.begin() + row * 5, x.begin() + row * 5 + 5);
    EXPECT_EQ(Evaluate(mlp, one), std::vector<double>(y.begin() + row * 2,
                                                      y.begin() + row * 2 + 2));
  }
  std::vector<double> head(2);
  mlp.EvaluateHead(mlp.EvaluateFeatures(x.data(), scratch.data()), head.data());
  EXPECT_EQ(head, std::vector<double>(y.begin(), y.begin() + 2));
}

TEST(MlpTest, TextKeepsEveryBit) {
  const Mlp mlp(RandomLayers({12, 20, 1}, Activation::kSilu));
  const std::string text = mlp.ToJson().dump();
  const Mlp read = Mlp::FromJson(nlohmann::json::parse(text));
  EXPECT_EQ(read.ToJson().dump(), text);
  const auto before = mlp.Layers();
  const auto after = read.Layers();
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].weights, after[i].weights);
    EXPECT_EQ(before[i].bias, after[i].bias);
    EXPECT_EQ(before[i].activation, after[i].activation);
  }
}

TEST(MlpTest, ADamagedNetworkIsRefusedByLayer) {
  EXPECT_THAT(ErrorOf([] { Mlp({}); }), HasSubstr("no layers"));
  EXPECT_THAT(ErrorOf([] {
                Mlp({{2, 1, {1, 2}, {0}, Activation::kRelu},
                     {2, 1, {1, 1}, {0}, Activation::kIdentity}});
              }),
              HasSubstr("layer 2: 2 inputs, but the layer before has 1"));
  EXPECT_THAT(
      ErrorOf([] {
        Mlp({{2, 1, {1}, {0}, Activation::kRelu}});
      }),
      HasSubstr("layer 1: 1 weights and 1 biases for 2 inputs and 1 outputs"));
  EXPECT_THAT(ErrorOf([] {
                Mlp({{1, 1, {NAN}, {0}, Activation::kRelu}});
              }),
              HasSubstr("not a finite number"));
  using nlohmann::json;
  const json good = Mlp({{1, 1, {1}, {0}, Activation::kRelu}}).ToJson();
  const auto error_of = [](const json& j) {
    return ErrorOf([&] { Mlp::FromJson(j); });
  };
  EXPECT_THAT(error_of(json::object()), HasSubstr("'layers' not found"));
  json bad = good;
  bad["layers"][0]["activation"] = "sine";
  EXPECT_THAT(error_of(bad), HasSubstr("no activation 'sine'; known"));
  bad = good;
  bad["layers"][0]["weights"] = "many";
  EXPECT_THAT(error_of(bad), HasSubstr("layer 1: a value has the wrong type"));
  bad = good;
  bad["layers"][0]["inputs"] = -1;
  EXPECT_THAT(error_of(bad), HasSubstr("-1 inputs"));
}

}  // namespace
}  // namespace airlock
