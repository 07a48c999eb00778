#include "agents/learn/action_heads.h"

#include <cmath>

#include "agents/learn/losses.h"

namespace airlock {
namespace {

// Log probabilities of the choices of head `h`, [rows][choices].
at::Tensor HeadOf(const at::Tensor& logits, int64_t at, int64_t count) {
  return at::log_softmax(logits.slice(1, at, at + count), 1);
}

}  // namespace

ActionTerms CategoricalTerms(const ActionSpace& space, const at::Tensor& logits,
                             const at::Tensor& allowed,
                             const at::Tensor& action) {
  const at::Tensor masked = Masked(logits, allowed);
  ActionTerms terms;
  int64_t at = 0;
  for (size_t h = 0; h < space.choices.size(); ++h) {
    const int64_t count = space.choices[h];
    const at::Tensor log_p = HeadOf(masked, at, count);
    const at::Tensor chosen =
        action.slice(1, static_cast<int64_t>(h), static_cast<int64_t>(h) + 1)
            .to(at::kLong);
    const at::Tensor of_action = log_p.gather(1, chosen).squeeze(1);
    const at::Tensor entropy = -(log_p.exp() * log_p).sum(1);
    terms.log_probability =
        h == 0 ? of_action : terms.log_probability + of_action;
    terms.entropy = h == 0 ? entropy : terms.entropy + entropy;
    at += count;
  }
  return terms;
}

ActionTerms GaussianTerms(const at::Tensor& mean,
                          const at::Tensor& log_deviation,
                          const at::Tensor& action) {
  const double half_log = 0.5 * std::log(2 * M_PI);
  const at::Tensor z = (action - mean) / log_deviation.exp();
  ActionTerms terms;
  terms.log_probability = (-0.5 * z.square() - log_deviation - half_log).sum(1);
  terms.entropy = (log_deviation + 0.5 + half_log).sum().expand({mean.size(0)});
  return terms;
}

at::Tensor CategoricalDivergence(const ActionSpace& space,
                                 const at::Tensor& old_logits,
                                 const at::Tensor& new_logits,
                                 const at::Tensor& allowed) {
  const at::Tensor before = Masked(old_logits, allowed);
  const at::Tensor after = Masked(new_logits, allowed);
  at::Tensor sum;
  int64_t at = 0;
  for (const int64_t count : space.choices) {
    const at::Tensor log_p = HeadOf(before, at, count);
    const at::Tensor log_q = HeadOf(after, at, count);
    const at::Tensor term = (log_p.exp() * (log_p - log_q)).sum(1);
    sum = sum.defined() ? sum + term : term;
    at += count;
  }
  return sum;
}

at::Tensor GaussianDivergence(const at::Tensor& old_mean,
                              const at::Tensor& old_log_deviation,
                              const at::Tensor& new_mean,
                              const at::Tensor& new_log_deviation) {
  const at::Tensor variance = (2 * new_log_deviation).exp();
  return (new_log_deviation - old_log_deviation +
          ((2 * old_log_deviation).exp() + (old_mean - new_mean).square()) /
              (2 * variance) -
          0.5)
      .sum(1);
}

}  // namespace airlock
