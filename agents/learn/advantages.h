#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// One signal (the reward, or a cost) of a rollout, [step][env] row-major.
struct Signal {
  int64_t steps = 0;
  int64_t envs = 0;
  std::vector<double> reward;
  std::vector<double> value;       // V of the observation before the step
  std::vector<double> next_value;  // V of the observation after it
  std::vector<uint8_t> terminated;
  std::vector<uint8_t> truncated;
};

struct Advantages {
  std::vector<double> advantage;     // [step][env]
  std::vector<double> value_target;  // advantage + value
};

// Generalised advantage estimation (Schulman et al. 2016, eq. 16):
//   delta_t = r_t + gamma V(s_{t+1}) - V(s_t),
//   A_t = delta_t + gamma lambda A_{t+1},
// where V(s_{t+1}) is 0 after a terminated episode, but not after a truncated
// one (Pardo et al. 2018), and A_{t+1} is 0 after either.
Advantages GeneralisedAdvantages(const Signal& signal, double gamma,
                                 double lambda);

// (x - mean) / (sample standard deviation + 1e-8); unchanged below two numbers.
void Standardise(std::vector<double>* numbers);

// What rewards are divided by so that returns have about unit variance: the
// standard deviation of the running discounted sum of each environment's
// rewards (Engstrom et al. 2020), which restarts with an episode.
class ReturnScale {
 public:
  ReturnScale(int64_t envs, double gamma) : gamma_(gamma), running_(envs) {}

  // Environment `env` began anew.
  void Restart(int64_t env) { running_[env] = 0; }
  // Rewards and ends of a rollout, [step][env].
  void Add(const std::vector<double>& reward,
           const std::vector<uint8_t>& ended);
  // sqrt(variance + 1e-8); 1 before the second reward.
  double scale() const;

  double count() const { return count_; }
  std::vector<double> State() const;  // of everything, for a checkpoint
  void Restore(const std::vector<double>& state);

 private:
  double gamma_;
  std::vector<double> running_;
  double count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

}  // namespace airlock
