#include "agents/rollout/local_actors.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {

using nlohmann::json;

SomeActors::SomeActors(const ActorOptions& options, int64_t first,
                       int64_t count)
    : env_(options.create, first, count, options.seed, options.time_limit) {
  const RngTree tree(options.seed);
  for (int64_t i = first; i < first + count; ++i) {
    streams_.push_back(
        tree.Stream(fmt::format("policy/{}", i), Replication(0)));
  }
  actions_.resize(static_cast<size_t>(count * spec().action.width()));
}

void SomeActors::Act(const Policy& policy, double random_share, bool greedy,
                     double* log_probability) {
  const VectorStep& now = env_.now();
  const auto d = static_cast<int64_t>(spec().observation.size());
  const int64_t width = spec().action.width();
  const int64_t choices = spec().action.all_choices();
  for (int64_t i = 0; i < envs(); ++i) {
    const double* const observation = now.observation.data() + i * d;
    const uint8_t* const allowed =
        now.allowed.empty() ? nullptr : now.allowed.data() + i * choices;
    double* const action = actions_.data() + i * width;
    if (greedy) {
      policy.Mode(observation, allowed, action, scratch_.data());
      log_probability[i] = 0;
    } else {
      log_probability[i] = policy.Sample(observation, allowed, random_share,
                                         &streams_[i], action, scratch_.data());
    }
  }
}

Rollout SomeActors::Run(const Policy& policy, int64_t steps,
                        double random_share, bool greedy) {
  if (policy.spec().LayoutDigest() != spec().LayoutDigest()) {
    throw InputError(
        fmt::format("the policy was made for {}, whose observations and "
                    "actions are not those of {}",
                    policy.spec().name, spec().name));
  }
  scratch_.resize(static_cast<size_t>(policy.scratch_size()));
  Rollout rollout;
  rollout.steps = steps;
  rollout.envs = envs();
  const auto d = static_cast<int64_t>(spec().observation.size());
  rollout.log_probability.resize(static_cast<size_t>(rollout.rows()));
  const auto append = [](const auto& from, auto* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  for (int64_t s = 0; s < steps; ++s) {
    append(env_.now().observation, &rollout.observation);
    append(env_.now().allowed, &rollout.allowed);
    Act(policy, random_share, greedy,
        rollout.log_probability.data() + s * envs());
    append(actions_, &rollout.action);
    const VectorStep& now = env_.Step(actions_);
    append(now.reward, &rollout.reward);
    append(now.costs, &rollout.costs);
    append(now.terminated, &rollout.terminated);
    append(now.truncated, &rollout.truncated);
    append(now.observation, &rollout.next_observation);
    append(now.allowed, &rollout.next_allowed);
    for (int64_t i = 0; i < envs(); ++i) {
      if (now.terminated[i] == 0 && now.truncated[i] == 0) continue;
      std::copy_n(now.last_observation.begin() + i * d, d,
                  rollout.next_observation.begin() + (s * envs() + i) * d);
      if (now.allowed.empty()) continue;
      const int64_t m = spec().action.all_choices();
      std::copy_n(now.last_allowed.begin() + i * m, m,
                  rollout.next_allowed.begin() + (s * envs() + i) * m);
    }
  }
  rollout.episodes = env_.TakeEpisodes();
  return rollout;
}

json SomeActors::Save() {
  std::vector<uint64_t> drawn;
  for (const RngStream& stream : streams_) drawn.push_back(stream.position());
  return {{"envs", env_.Save()}, {"drawn", drawn}};
}

void SomeActors::Load(const json& state) {
  try {
    const auto drawn = state.at("drawn").get<std::vector<uint64_t>>();
    if (drawn.size() != streams_.size()) {
      throw InputError(fmt::format("saved by {} actors; these are {}",
                                   drawn.size(), streams_.size()));
    }
    env_.Load(state.at("envs"));
    for (size_t i = 0; i < drawn.size(); ++i) streams_[i].MoveTo(drawn[i]);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("not a saved state of actors: {}", e.what()));
  }
}

std::unique_ptr<Actors> LocalActors(const ActorOptions& options) {
  return std::make_unique<SomeActors>(options, 0, options.envs);
}

}  // namespace airlock
