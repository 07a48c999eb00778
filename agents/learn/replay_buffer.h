#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "agents/rollout/rollout.h"
#include "sim/base/rng.h"

namespace airlock {

// Sums over a binary tree (Schaul et al. 2016, appendix B.2.1): the leaf at
// which a running sum of the leaves passes a number is found in log n.
class SumTree {
 public:
  explicit SumTree(int64_t leaves);

  void Set(int64_t leaf, double value);  // value >= 0
  double Get(int64_t leaf) const { return nodes_[first_leaf_ + leaf]; }
  double Total() const { return nodes_[1]; }
  // The first leaf whose running sum is above `at`, of those above 0.
  // 0 <= at < Total().
  int64_t Find(double at) const;

 private:
  int64_t first_leaf_ = 1;
  std::vector<double> nodes_;  // node i has the children 2 i and 2 i + 1
};

struct ReplayOptions {
  int64_t capacity = 100000;  // transitions
  int64_t n_step = 1;
  double gamma = 0.99;
  // Of the priority; 0 is uniform (Schaul et al. 2016: .6 or .7).
  double alpha = 0;
};

// Transitions drawn for a gradient step, a row each.
struct ReplayBatch {
  std::vector<int64_t> place;       // in the buffer, for UpdatePriorities()
  std::vector<double> observation;  // d
  std::vector<uint8_t> allowed;     // m; empty if not masked
  std::vector<double> action;       // w
  std::vector<double> reward;       // discounted sum of up to n steps
  std::vector<double> costs;        // k, likewise
  std::vector<double> discount;     // of the value after it; 0 at an end
  std::vector<double> next_observation;
  std::vector<uint8_t> next_allowed;  // m; empty if not masked
  std::vector<double> weight;         // importance, largest 1
};

// What off-policy learners remember: the newest `capacity` n-step transitions
//   R = sum_{i < n} gamma^i r_{t+i}, from s_t to s_{t+n},
// which are cut short at an episode's end; a truncated one keeps the value of
// what it ended with, a terminated one has none (Sutton 1988; Pardo et al.).
class ReplayBuffer {
 public:
  ReplayBuffer(const EnvSpec& spec, int64_t envs, const ReplayOptions& options);

  int64_t size() const { return size_; }
  // A rollout of `envs` environments that follows on the one before.
  void Add(const Rollout& rollout);
  // `count` transitions with replacement, probability p^alpha / sum; weights
  // (N P)^-beta over the largest of the batch. Not on an empty buffer.
  ReplayBatch Sample(int64_t count, double beta, RngStream* rng) const;
  // Priorities |error| + 1e-6 of the places drawn.
  void UpdatePriorities(const std::vector<int64_t>& places,
                        const std::vector<double>& errors);

  // Everything, for a checkpoint.
  nlohmann::json Save() const;
  void Load(const nlohmann::json& state);

 private:
  struct Pending {  // a transition that is not yet n steps long
    std::vector<double> observation;
    std::vector<uint8_t> allowed;
    std::vector<double> action;
    double reward = 0;
    std::vector<double> costs;
    double discount = 1;
  };
  void Store(const Pending& pending, double discount, const double* next,
             const uint8_t* next_allowed);

  ReplayOptions options_;
  int64_t d_, w_, k_, m_;
  int64_t size_ = 0;
  int64_t next_ = 0;  // place to write
  double largest_priority_ = 1;
  std::vector<double> observation_, action_, reward_, costs_, discount_,
      next_observation_;
  std::vector<uint8_t> allowed_, next_allowed_;
  SumTree priorities_;
  std::vector<std::deque<Pending>> pending_;  // by environment
};

}  // namespace airlock
