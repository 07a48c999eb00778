#include "agents/rollout/episode.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/base/error.h"

namespace airlock {

Episode::Episode(std::unique_ptr<Env> env, const EpisodePlace& place)
    : env_(std::move(env)),
      place_(place),
      actions_(
          RngTree(place.seed)
              .Stream(fmt::format("policy/{}", place.env), Replication(0))),
      observation_(env_->spec().observation.size()),
      costs_(env_->spec().costs.size()) {
  actions_.MoveTo(place.drawn);
  record_.env = place.env;
  record_.episode = place.episode;
  record_.costs.resize(costs_.size());
  const EnvSpec& spec = env_->spec();
  if (spec.action.masked) {
    allowed_.resize(static_cast<size_t>(spec.action.all_choices()));
  }
  env_->Reset(RngTree(place.seed)
                  .Stream(fmt::format("env/{}", place.env),
                          Replication(place.episode)));
  Observe();
}

void Episode::Observe() {
  env_->Observe(observation_.data());
  if (!allowed_.empty()) env_->Allow(allowed_.data());
  for (size_t i = 0; i < observation_.size(); ++i) {
    if (std::isfinite(observation_[i])) continue;
    throw Error(fmt::format(
        "{}: environment {}, episode {}, step {}: observation '{}' is {}",
        env_->spec().name, place_.env, place_.episode, record_.steps,
        env_->spec().observation[i].name, observation_[i]));
  }
}

Episode::Outcome Episode::Take(const double* action) {
  AIRLOCK_CHECK(!ended_);
  Outcome outcome;
  outcome.env = env_->Step(action, costs_.data());
  ++record_.steps;
  const auto check = [this](const std::string& what, double value) {
    if (std::isfinite(value)) return;
    throw Error(fmt::format("{}: environment {}, episode {}, step {}: {} is {}",
                            env_->spec().name, place_.env, place_.episode,
                            record_.steps, what, value));
  };
  check("the reward", outcome.env.reward);
  record_.reward += outcome.env.reward;
  for (size_t k = 0; k < costs_.size(); ++k) {
    check("cost '" + env_->spec().costs[k] + "'", costs_[k]);
    record_.costs[k] += costs_[k];
  }
  outcome.truncated = !outcome.env.terminated && place_.time_limit > 0 &&
                      record_.steps >= place_.time_limit;
  record_.truncated = outcome.truncated;
  ended_ = outcome.env.terminated || outcome.truncated;
  Observe();
  return outcome;
}

void Episode::Repeat(const std::vector<double>& actions) {
  const auto width = static_cast<size_t>(env_->spec().action.width());
  for (size_t i = 0; i + width <= actions.size(); i += width) {
    if (ended_) {
      throw InputError(fmt::format(
          "{}: environment {}, episode {} ends after {} steps; {} were saved",
          env_->spec().name, place_.env, place_.episode, record_.steps,
          actions.size() / width));
    }
    Take(actions.data() + i);
  }
}

Rollout Episode::Advance(const Policy& policy, int64_t steps,
                         double random_share, bool greedy) {
  const EnvSpec& spec = env_->spec();
  if (policy.spec().LayoutDigest() != spec.LayoutDigest()) {
    throw InputError(
        fmt::format("the policy was made for {}, whose observations and "
                    "actions are not those of {}",
                    policy.spec().name, spec.name));
  }
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  std::vector<double> action(static_cast<size_t>(spec.action.width()));
  const auto append = [](const auto& from, auto* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  Rollout rollout;
  rollout.envs = 1;
  for (; rollout.steps < steps && !ended_; ++rollout.steps) {
    const uint8_t* const allowed = allowed_.empty() ? nullptr : allowed_.data();
    append(observation_, &rollout.observation);
    append(allowed_, &rollout.allowed);
    double log_probability = 0;
    if (greedy) {
      policy.Mode(observation_.data(), allowed, action.data(), scratch.data());
    } else {
      log_probability =
          policy.Sample(observation_.data(), allowed, random_share, &actions_,
                        action.data(), scratch.data());
    }
    const Outcome outcome = Take(action.data());
    append(action, &rollout.action);
    rollout.log_probability.push_back(log_probability);
    rollout.reward.push_back(outcome.env.reward);
    append(costs_, &rollout.costs);
    rollout.terminated.push_back(outcome.env.terminated);
    rollout.truncated.push_back(outcome.truncated);
    append(observation_, &rollout.next_observation);
    append(allowed_, &rollout.next_allowed);
  }
  if (ended_) rollout.episodes.push_back(record_);
  return rollout;
}

}  // namespace airlock
