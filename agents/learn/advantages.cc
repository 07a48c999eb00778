#include "agents/learn/advantages.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {

Advantages GeneralisedAdvantages(const Signal& signal, double gamma,
                                 double lambda) {
  const size_t rows = static_cast<size_t>(signal.steps * signal.envs);
  AIRLOCK_CHECK(signal.reward.size() == rows && signal.value.size() == rows &&
                signal.next_value.size() == rows &&
                signal.terminated.size() == rows &&
                signal.truncated.size() == rows);
  Advantages result;
  result.advantage.resize(rows);
  result.value_target.resize(rows);
  std::vector<double> following(static_cast<size_t>(signal.envs));
  for (int64_t s = signal.steps - 1; s >= 0; --s) {
    for (int64_t e = 0; e < signal.envs; ++e) {
      const int64_t row = s * signal.envs + e;
      const bool terminated = signal.terminated[row] != 0;
      const bool ended = terminated || signal.truncated[row] != 0;
      const double delta = signal.reward[row] +
                           (terminated ? 0 : gamma * signal.next_value[row]) -
                           signal.value[row];
      following[e] = delta + (ended ? 0 : gamma * lambda * following[e]);
      result.advantage[row] = following[e];
      result.value_target[row] = following[e] + signal.value[row];
    }
  }
  return result;
}

void Standardise(std::vector<double>* numbers) {
  const auto n = static_cast<double>(numbers->size());
  if (n < 2) return;
  double mean = 0;
  for (const double x : *numbers) mean += x / n;
  double squares = 0;
  for (const double x : *numbers) squares += (x - mean) * (x - mean);
  const double deviation = std::sqrt(squares / (n - 1)) + 1e-8;
  for (double& x : *numbers) x = (x - mean) / deviation;
}

void ReturnScale::Add(const std::vector<double>& reward,
                      const std::vector<uint8_t>& ended) {
  const size_t envs = running_.size();
  AIRLOCK_CHECK(reward.size() % envs == 0 && reward.size() == ended.size());
  for (size_t row = 0; row < reward.size(); ++row) {
    double& sum = running_[row % envs];
    sum = gamma_ * sum + reward[row];
    count_ += 1;
    const double delta = sum - mean_;
    mean_ += delta / count_;
    squares_ += delta * (sum - mean_);
    if (ended[row] != 0) sum = 0;
  }
}

double ReturnScale::scale() const {
  return count_ < 2 ? 1 : std::sqrt(squares_ / count_ + 1e-8);
}

std::vector<double> ReturnScale::State() const {
  std::vector<double> state = {count_, mean_, squares_};
  state.insert(state.end(), running_.begin(), running_.end());
  return state;
}

void ReturnScale::Restore(const std::vector<double>& state) {
  AIRLOCK_CHECK(state.size() == running_.size() + 3);
  count_ = state[0];
  mean_ = state[1];
  squares_ = state[2];
  std::copy(state.begin() + 3, state.end(), running_.begin());
}

}  // namespace airlock
