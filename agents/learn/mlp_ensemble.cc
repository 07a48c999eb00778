#include "agents/learn/mlp_ensemble.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sim/base/error.h"

namespace airlock {
namespace {

at::Tensor Uniform(int64_t rows, int64_t columns, double bound,
                   std::vector<RngStream>* rngs) {
  const auto members = static_cast<int64_t>(rngs->size());
  at::Tensor tensor = at::empty({members, rows, columns}, at::kDouble);
  double* next = tensor.data_ptr<double>();
  for (RngStream& rng : *rngs) {
    for (int64_t i = 0; i < rows * columns; ++i) {
      *next++ = rng.Uniform(-bound, bound);
    }
  }
  return tensor.set_requires_grad(true);
}

// Rows or columns of length 1 and at right angles, whichever are fewer, uniform
// among all such matrices: the Q of a normal matrix's QR, with R's signs.
at::Tensor Orthogonal(int64_t rows, int64_t columns, RngStream* rng) {
  const bool wide = columns > rows;
  at::Tensor normal =
      at::empty({wide ? columns : rows, wide ? rows : columns}, at::kDouble);
  double* next = normal.data_ptr<double>();
  for (int64_t i = 0; i < normal.numel(); ++i) *next++ = rng->Normal(0, 1);
  const auto [q, r] = at::linalg_qr(normal, "reduced");
  const at::Tensor turned = q * r.diagonal().sign();
  return wide ? turned.t() : turned;
}

at::Tensor Activated(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kIdentity:
      return x;
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kTanh:
      return at::tanh(x);
    case Activation::kSilu:
      return at::silu(x);
  }
  AIRLOCK_CHECK(false, "activation {}", static_cast<int>(activation));
}

// Factors like `x`: 0 with probability `dropout`, else 1 / (1 - dropout).
at::Tensor DropoutMask(const at::Tensor& x, double dropout,
                       std::vector<RngStream>* rngs) {
  at::Tensor mask = at::empty(x.sizes(), at::kDouble);
  double* next = mask.data_ptr<double>();
  const int64_t each = x.numel() / static_cast<int64_t>(rngs->size());
  for (RngStream& rng : *rngs) {
    for (int64_t i = 0; i < each; ++i) {
      *next++ = rng.Uniform() < dropout ? 0 : 1 / (1 - dropout);
    }
  }
  return mask;
}

double NineDigits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.8e", value);
  return std::strtod(text, nullptr);
}

}  // namespace

MlpEnsemble::MlpEnsemble(int64_t inputs, const std::vector<int64_t>& hidden,
                         int64_t outputs, Activation activation,
                         std::vector<RngStream>* rngs)
    : activation_(activation) {
  std::vector<int64_t> widths = hidden;
  widths.push_back(outputs);
  for (const int64_t width : widths) {
    const double bound = 1 / std::sqrt(static_cast<double>(inputs));
    weights_.push_back(Uniform(inputs, width, bound, rngs));
    biases_.push_back(Uniform(1, width, bound, rngs));
    inputs = width;
  }
}

void MlpEnsemble::MakeOrthogonal(double gain, double last_gain,
                                 std::vector<RngStream>* rngs) {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const bool last = i + 1 == weights_.size();
    for (size_t m = 0; m < rngs->size(); ++m) {
      const at::Tensor weight = weights_[i].detach()[static_cast<int64_t>(m)];
      weight.copy_(Orthogonal(weight.size(0), weight.size(1), &(*rngs)[m]) *
                   (last ? last_gain : gain));
    }
    biases_[i].detach().zero_();
  }
}

at::Tensor MlpEnsemble::Forward(const at::Tensor& x, double dropout,
                                std::vector<RngStream>* rngs) const {
  at::Tensor h = x;
  for (size_t i = 0; i < weights_.size(); ++i) {
    h = at::baddbmm(biases_[i], h, weights_[i]);
    if (i + 1 == weights_.size()) break;
    h = Activated(activation_, h);
    if (rngs != nullptr && dropout > 0) h = h * DropoutMask(h, dropout, rngs);
  }
  return h;
}

MlpLayer MlpEnsemble::LayerOf(size_t layer, int64_t member) const {
  const at::Tensor w = weights_[layer].detach()[member].t().contiguous();
  const at::Tensor b = biases_[layer].detach()[member].contiguous();
  MlpLayer copy;
  copy.inputs = w.size(1);
  copy.outputs = w.size(0);
  copy.activation =
      layer + 1 == weights_.size() ? Activation::kIdentity : activation_;
  const double* const weight = w.data_ptr<double>();
  copy.weights.assign(weight, weight + w.numel());
  const double* const bias = b.data_ptr<double>();
  copy.bias.assign(bias, bias + b.numel());
  return copy;
}

Mlp MlpEnsemble::Export(int64_t member, double scale, double offset) const {
  std::vector<MlpLayer> layers;
  for (size_t i = 0; i < weights_.size(); ++i) {
    layers.push_back(LayerOf(i, member));
    if (i + 1 == weights_.size()) {
      for (double& weight : layers.back().weights) weight *= scale;
      for (double& bias : layers.back().bias) bias = scale * bias + offset;
    }
    for (double& weight : layers.back().weights) weight = NineDigits(weight);
  }
  return Mlp(layers);
}

Mlp MlpEnsemble::Copy(int64_t member) const {
  std::vector<MlpLayer> layers;
  for (size_t i = 0; i < weights_.size(); ++i) {
    layers.push_back(LayerOf(i, member));
  }
  return Mlp(layers);
}

}  // namespace airlock
