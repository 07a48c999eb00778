#pragma once

#include <ATen/ATen.h>

// The formulas of reinforcement learning as tensors, one row a transition. For
// agents/learn only; each has its test by hand.
namespace airlock {

// Throws Error where `loss`, one number, is none: the learning rate was too
// high.
void RequireFinite(const at::Tensor& loss, double learning_rate);

// What an impossible choice's logit or value becomes; it is never the best, and
// its probability is 0 exactly.
inline constexpr double kImpossible = -1e30;

// `values`, [rows][choices], where `allowed` (booleans, or undefined: all) is
// set, else kImpossible.
at::Tensor Masked(const at::Tensor& values, const at::Tensor& allowed);

// -E[min(r A, clip(r, 1 - clip, 1 + clip) A)] (Schulman et al. 2017, eq. 7);
// `ratio` and `advantage`: [rows].
at::Tensor ClippedPolicyLoss(const at::Tensor& ratio,
                             const at::Tensor& advantage, double clip);

// E[(KL(new || old) - r A / temperature) 1{KL <= trust}] (Zhang, Vuong and
// Ross 2020, eq. 12); all [rows].
at::Tensor FocopsLoss(const at::Tensor& ratio, const at::Tensor& advantage,
                      const at::Tensor& divergence, double temperature,
                      double trust);

// Q_a = V + A_a - mean(A) (Wang et al. 2016, eq. 9) of `outputs`
// V, A_1 ... A_n; [rows][1 + n] to [rows][n].
at::Tensor DuelingValues(const at::Tensor& outputs);

// r + discount Q'(s', a'), where a' is the best allowed by `target_values` (Q',
// Mnih et al. 2015) or, of double Q-learning, by `online_values` (van Hasselt,
// Guez and Silver 2016) if they are defined. `reward`, `discount`: [rows];
// values: [rows][choices].
at::Tensor QTargets(const at::Tensor& reward, const at::Tensor& discount,
                    const at::Tensor& target_values,
                    const at::Tensor& online_values, const at::Tensor& allowed);

// The soft value of a state, [rows], with the smaller of the critics' `values`
// (Haarnoja et al. 2018, eq. 3 and 5). Continuous: min Q - temperature ln p of
// an action drawn, values [critics][rows][1], `log_probability` [rows].
at::Tensor SoftValueOfSample(const at::Tensor& values,
                             const at::Tensor& log_probability,
                             double temperature);
// Discrete: sum_a p_a (min Q_a - temperature ln p_a) (Christodoulou 2019, eq.
// 10), values [critics][rows][choices], `log_probability` [rows][choices].
at::Tensor SoftValueOfChoices(const at::Tensor& values,
                              const at::Tensor& log_probability,
                              double temperature);

// ln p of tanh(u), u = mean + exp(log_deviation) z, with z of a standard normal
// (Haarnoja et al. 2018, appendix C); all [rows][width], gives [rows].
at::Tensor SquashedLogDensity(const at::Tensor& u, const at::Tensor& z,
                              const at::Tensor& log_deviation);

}  // namespace airlock
