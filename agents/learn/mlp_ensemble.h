#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "agents/policy/mlp.h"
#include "sim/base/rng.h"

namespace airlock {

// `members` perceptrons of one shape as tensors with a leading dimension for
// the member, so that one product serves all of them. For agents/learn only.
class MlpEnsemble {
 public:
  // First weights and biases uniform within 1 / sqrt(inputs), as torch's Linear
  // draws them; member m draws from rngs[m].
  MlpEnsemble(int64_t inputs, const std::vector<int64_t>& hidden,
              int64_t outputs, Activation activation,
              std::vector<RngStream>* rngs);

  // Weights become orthogonal (Saxe et al. 2014) times `gain`, of the last
  // layer `last_gain`; biases 0.
  void MakeOrthogonal(double gain, double last_gain,
                      std::vector<RngStream>* rngs);

  int64_t members() const { return weights_.front().size(0); }
  // `x`: members x rows x inputs; gives members x rows x outputs. With `rngs`,
  // the share `dropout` of the hidden values is left out and the rest raised
  // (Srivastava et al. 2014).
  at::Tensor Forward(const at::Tensor& x, double dropout,
                     std::vector<RngStream>* rngs) const;

  // members x inputs x outputs and members x 1 x outputs, by layer; they want
  // gradients.
  const std::vector<at::Tensor>& weights() const { return weights_; }
  const std::vector<at::Tensor>& biases() const { return biases_; }

  // Member `member`; its outputs times `scale`, plus `offset`. Weights are
  // rounded to nine significant digits, as many as single precision has, which
  // halves their text.
  Mlp Export(int64_t member, double scale, double offset) const;
  // As it is.
  Mlp Copy(int64_t member) const;

 private:
  MlpLayer LayerOf(size_t layer, int64_t member) const;

  Activation activation_;
  std::vector<at::Tensor> weights_;
  std::vector<at::Tensor> biases_;
};

}  // namespace airlock
