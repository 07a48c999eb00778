#pragma once

#include <ATen/ATen.h>

#include "agents/env/env.h"
#include "agents/policy/policy.h"

namespace airlock {

// Probabilities of actions as tensors; the same distributions as Policy's,
// which they equal to 1e-12. For agents/learn only. Rows are independent.
struct ActionTerms {
  at::Tensor log_probability;  // [rows]
  at::Tensor entropy;          // [rows], nats
};

// Discrete: `logits` [rows][m], `allowed` [rows][m] booleans or undefined,
// `action` [rows][heads].
ActionTerms CategoricalTerms(const ActionSpace& space, const at::Tensor& logits,
                             const at::Tensor& allowed,
                             const at::Tensor& action);

// Continuous: `mean` [rows][w], `log_deviation` [w], `action` [rows][w].
ActionTerms GaussianTerms(const at::Tensor& mean,
                          const at::Tensor& log_deviation,
                          const at::Tensor& action);

// KL(old || new) by row, of the same kinds.
at::Tensor CategoricalDivergence(const ActionSpace& space,
                                 const at::Tensor& old_logits,
                                 const at::Tensor& new_logits,
                                 const at::Tensor& allowed);
at::Tensor GaussianDivergence(const at::Tensor& old_mean,
                              const at::Tensor& old_log_deviation,
                              const at::Tensor& new_mean,
                              const at::Tensor& new_log_deviation);

}  // namespace airlock
