#include "agents/learn/replay_buffer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kLeastPriority = 1e-6;

template <typename T>
json BytesOf(const std::vector<T>& numbers) {
  json::binary_t::container_type bytes(numbers.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return json::binary(std::move(bytes));
}

template <typename T>
void FromBytes(const json& saved, std::vector<T>* numbers) {
  const auto& bytes = saved.get_binary();
  if (bytes.size() != numbers->size() * sizeof(T)) {
    throw InputError("replay buffer: saved with another size or layout");
  }
  if (!bytes.empty()) std::memcpy(numbers->data(), bytes.data(), bytes.size());
}

template <typename From, typename To>
void CopyRow(const From& from, int64_t row, int64_t width, To* to) {
  to->insert(to->end(), from.begin() + row * width,
             from.begin() + (row + 1) * width);
}

}  // namespace

SumTree::SumTree(int64_t leaves) {
  AIRLOCK_CHECK(leaves > 0);
  while (first_leaf_ < leaves) first_leaf_ *= 2;
  nodes_.resize(static_cast<size_t>(2 * first_leaf_));
}

void SumTree::Set(int64_t leaf, double value) {
  int64_t node = first_leaf_ + leaf;
  nodes_[node] = value;
  for (node /= 2; node > 0; node /= 2) {
    nodes_[node] = nodes_[2 * node] + nodes_[2 * node + 1];
  }
}

int64_t SumTree::Find(double at) const {
  int64_t node = 1;
  while (node < first_leaf_) {
    node *= 2;
    // A rounding may ask for more than is on the right: never an empty side.
    if (at >= nodes_[node] && nodes_[node + 1] > 0) {
      at -= nodes_[node];
      ++node;
    }
  }
  return node - first_leaf_;
}

ReplayBuffer::ReplayBuffer(const EnvSpec& spec, int64_t envs,
                           const ReplayOptions& options)
    : options_(options),
      d_(static_cast<int64_t>(spec.observation.size())),
      w_(spec.action.width()),
      k_(static_cast<int64_t>(spec.costs.size())),
      m_(spec.action.masked ? spec.action.all_choices() : 0),
      priorities_(options.capacity),
      pending_(static_cast<size_t>(envs)) {
  AIRLOCK_CHECK(options.n_step >= 1 && envs >= 1);
  const auto n = static_cast<size_t>(options.capacity);
  observation_.resize(n * d_);
  action_.resize(n * w_);
  reward_.resize(n);
  costs_.resize(n * k_);
  discount_.resize(n);
  next_observation_.resize(n * d_);
  allowed_.resize(n * m_);
  next_allowed_.resize(n * m_);
}

void ReplayBuffer::Store(const Pending& pending, double discount,
                         const double* next, const uint8_t* next_allowed) {
  std::copy(pending.observation.begin(), pending.observation.end(),
            observation_.begin() + next_ * d_);
  std::copy(pending.allowed.begin(), pending.allowed.end(),
            allowed_.begin() + next_ * m_);
  std::copy(pending.action.begin(), pending.action.end(),
            action_.begin() + next_ * w_);
  reward_[next_] = pending.reward;
  std::copy(pending.costs.begin(), pending.costs.end(),
            costs_.begin() + next_ * k_);
  discount_[next_] = discount;
  std::copy_n(next, d_, next_observation_.begin() + next_ * d_);
  std::copy_n(next_allowed, m_, next_allowed_.begin() + next_ * m_);
  // What was never drawn is drawn soon.
  priorities_.Set(next_, std::pow(largest_priority_, options_.alpha));
  next_ = (next_ + 1) % options_.capacity;
  size_ = std::min(size_ + 1, options_.capacity);
}

void ReplayBuffer::Add(const Rollout& rollout) {
  AIRLOCK_CHECK(rollout.envs == static_cast<int64_t>(pending_.size()));
  for (size_t e = 0; e < rollout.restarted.size(); ++e) {
    if (rollout.restarted[e] != 0) pending_[e].clear();
  }
  for (int64_t row = 0; row < rollout.rows(); ++row) {
    std::deque<Pending>& open = pending_[row % rollout.envs];
    Pending now;
    CopyRow(rollout.observation, row, d_, &now.observation);
    CopyRow(rollout.allowed, row, m_, &now.allowed);
    CopyRow(rollout.action, row, w_, &now.action);
    now.costs.resize(static_cast<size_t>(k_));
    open.push_back(std::move(now));
    for (Pending& one : open) {
      one.reward += one.discount * rollout.reward[row];
      for (int64_t c = 0; c < k_; ++c) {
        one.costs[c] += one.discount * rollout.costs[row * k_ + c];
      }
      one.discount *= options_.gamma;
    }
    const bool terminated = rollout.terminated[row] != 0;
    const bool ended = terminated || rollout.truncated[row] != 0;
    const double* const next = rollout.next_observation.data() + row * d_;
    const uint8_t* const allowed = rollout.next_allowed.data() + row * m_;
    const auto full = static_cast<size_t>(options_.n_step);
    while (!open.empty() && (ended || open.size() == full)) {
      Store(open.front(), terminated ? 0 : open.front().discount, next,
            allowed);
      open.pop_front();
    }
  }
}

ReplayBatch ReplayBuffer::Sample(int64_t count, double beta,
                                 RngStream* rng) const {
  AIRLOCK_CHECK(size_ > 0);
  ReplayBatch batch;
  double largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place =
        options_.alpha > 0
            ? priorities_.Find(rng->Uniform() * priorities_.Total())
            : static_cast<int64_t>(
                  rng->UniformInt(static_cast<uint64_t>(size_)));
    batch.place.push_back(place);
    CopyRow(observation_, place, d_, &batch.observation);
    CopyRow(allowed_, place, m_, &batch.allowed);
    CopyRow(action_, place, w_, &batch.action);
    batch.reward.push_back(reward_[place]);
    CopyRow(costs_, place, k_, &batch.costs);
    batch.discount.push_back(discount_[place]);
    CopyRow(next_observation_, place, d_, &batch.next_observation);
    CopyRow(next_allowed_, place, m_, &batch.next_allowed);
    const double p = options_.alpha > 0
                         ? priorities_.Get(place) / priorities_.Total()
                         : 1 / static_cast<double>(size_);
    batch.weight.push_back(std::pow(static_cast<double>(size_) * p, -beta));
    largest = std::max(largest, batch.weight.back());
  }
  for (double& weight : batch.weight) weight /= largest;
  return batch;
}

void ReplayBuffer::UpdatePriorities(const std::vector<int64_t>& places,
                                    const std::vector<double>& errors) {
  if (options_.alpha == 0) return;
  for (size_t i = 0; i < places.size(); ++i) {
    const double priority = std::abs(errors[i]) + kLeastPriority;
    largest_priority_ = std::max(largest_priority_, priority);
    priorities_.Set(places[i], std::pow(priority, options_.alpha));
  }
}

json ReplayBuffer::Save() const {
  std::vector<double> priorities;
  for (int64_t i = 0; i < options_.capacity; ++i) {
    priorities.push_back(priorities_.Get(i));
  }
  json pending = json::array();
  for (const auto& open : pending_) {
    json of_env = json::array();
    for (const Pending& one : open) {
      of_env.push_back({one.observation, one.allowed, one.action, one.reward,
                        one.costs, one.discount});
    }
    pending.push_back(of_env);
  }
  return {{"size", size_},
          {"next", next_},
          {"largest_priority", largest_priority_},
          {"observation", BytesOf(observation_)},
          {"action", BytesOf(action_)},
          {"reward", BytesOf(reward_)},
          {"costs", BytesOf(costs_)},
          {"discount", BytesOf(discount_)},
          {"next_observation", BytesOf(next_observation_)},
          {"allowed", BytesOf(allowed_)},
          {"next_allowed", BytesOf(next_allowed_)},
          {"priorities", BytesOf(priorities)},
          {"pending", pending}};
}

void ReplayBuffer::Load(const json& state) {
  try {
    size_ = state.at("size");
    next_ = state.at("next");
    largest_priority_ = state.at("largest_priority");
    FromBytes(state.at("observation"), &observation_);
    FromBytes(state.at("action"), &action_);
    FromBytes(state.at("reward"), &reward_);
    FromBytes(state.at("costs"), &costs_);
    FromBytes(state.at("discount"), &discount_);
    FromBytes(state.at("next_observation"), &next_observation_);
    FromBytes(state.at("allowed"), &allowed_);
    FromBytes(state.at("next_allowed"), &next_allowed_);
    std::vector<double> priorities(static_cast<size_t>(options_.capacity));
    FromBytes(state.at("priorities"), &priorities);
    for (int64_t i = 0; i < options_.capacity; ++i) {
      priorities_.Set(i, priorities[i]);
    }
    if (state.at("pending").size() != pending_.size()) {
      throw InputError("replay buffer: saved with other environments");
    }
    for (size_t e = 0; e < pending_.size(); ++e) {
      pending_[e].clear();
      for (const json& one : state.at("pending")[e]) {
        pending_[e].push_back({one[0], one[1], one[2], one[3], one[4], one[5]});
      }
    }
  } catch (const json::exception& e) {
    throw InputError(fmt::format("replay buffer: {}", e.what()));
  }
}

}  // namespace airlock
