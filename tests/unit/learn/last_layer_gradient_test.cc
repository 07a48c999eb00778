#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "agents/policy/mlp.h"
#include "sim/base/rng.h"
#include "twin/drift/open_set.h"

namespace airlock {
namespace {

at::Tensor Tensor(const std::vector<double>& values,
                  std::vector<int64_t> shape) {
  return at::tensor(values, at::kDouble).view(shape);
}

// The score of a sample by automatic differentiation of the whole network.
double NormByAutograd(const std::vector<MlpLayer>& layers,
                      const std::vector<double>& x, double order) {
  at::Tensor h = Tensor(x, {1, static_cast<int64_t>(x.size())});
  at::Tensor weights;
  at::Tensor bias;
  for (size_t i = 0; i < layers.size(); ++i) {
    const MlpLayer& layer = layers[i];
    weights = Tensor(layer.weights, {layer.outputs, layer.inputs})
                  .set_requires_grad(true);
    bias = Tensor(layer.bias, {layer.outputs}).set_requires_grad(true);
    h = at::linear(h, weights, bias);
    if (i + 1 < layers.size()) h = at::relu(h);
  }
  at::cross_entropy_loss(h, h.argmax(1)).backward();
  return at::cat({weights.grad().reshape({-1}), bias.grad()})
      .norm(order)
      .item<double>();
}

TEST(LastLayerGradientTest, ScoresEqualAutomaticDifferentiation) {
  RngStream rng(9);
  std::vector<MlpLayer> layers;
  const int64_t widths[] = {8, 24, 16, 5};
  for (int i = 0; i < 3; ++i) {
    MlpLayer layer = {widths[i], widths[i + 1], {}, {}, Activation::kRelu};
    for (int64_t k = 0; k < layer.inputs * layer.outputs; ++k) {
      layer.weights.push_back(rng.Normal(0, 0.5));
    }
    for (int64_t k = 0; k < layer.outputs; ++k) {
      layer.bias.push_back(rng.Normal(0, 0.5));
    }
    layers.push_back(layer);
  }
  layers.back().activation = Activation::kIdentity;
  const Mlp mlp(layers);
  std::vector<double> scratch(static_cast<size_t>(mlp.scratch_size()));
  std::vector<double> logits(5);
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<double> x(8);
    // From inputs that leave it in doubt to such that make it sure.
    for (double& value : x) value = rng.Normal(0, 0.05 * (1 + sample));
    const double* const h = mlp.EvaluateFeatures(x.data(), scratch.data());
    mlp.EvaluateHead(h, logits.data());
    const auto ours = [&](GradientNormOrder order) {
      return GradientNormScore(logits.data(), 5, h, mlp.features(), order);
    };
    const double one = NormByAutograd(layers, x, 1);
    const double two = NormByAutograd(layers, x, 2);
    EXPECT_NEAR(ours(GradientNormOrder::kOne), one, 1e-9 + 1e-9 * one);
    EXPECT_NEAR(ours(GradientNormOrder::kTwo), two, 1e-9 + 1e-9 * two);
  }
}

}  // namespace
}  // namespace airlock
