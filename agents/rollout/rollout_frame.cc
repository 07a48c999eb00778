#include "agents/rollout/rollout_frame.h"

#include <algorithm>
#include <cstring>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

// Every array of a rollout, by name, in one place.
template <typename R, typename F>
void ForEachArray(R* rollout, F f) {
  f("observation", &rollout->observation);
  f("allowed", &rollout->allowed);
  f("action", &rollout->action);
  f("log_probability", &rollout->log_probability);
  f("reward", &rollout->reward);
  f("costs", &rollout->costs);
  f("terminated", &rollout->terminated);
  f("truncated", &rollout->truncated);
  f("next_observation", &rollout->next_observation);
  f("next_allowed", &rollout->next_allowed);
  f("restarted", &rollout->restarted);
}

// Two at a time.
template <typename F>
void ForEachArrayOf(const Rollout& from, Rollout* to, F f) {
  f(from.observation, &to->observation);
  f(from.allowed, &to->allowed);
  f(from.action, &to->action);
  f(from.log_probability, &to->log_probability);
  f(from.reward, &to->reward);
  f(from.costs, &to->costs);
  f(from.terminated, &to->terminated);
  f(from.truncated, &to->truncated);
  f(from.next_observation, &to->next_observation);
  f(from.next_allowed, &to->next_allowed);
}

}  // namespace

json ToFrame(const Rollout& rollout) {
  json frame = {
      {"type", "rollout"}, {"steps", rollout.steps}, {"envs", rollout.envs}};
  ForEachArray(&rollout, [&frame](const char* name, const auto* array) {
    json::binary_t::container_type bytes(array->size() *
                                         sizeof(array->front()));
    if (!bytes.empty()) {
      std::memcpy(bytes.data(), array->data(), bytes.size());
    }
    frame[name] = json::binary(std::move(bytes));
  });
  json& episodes = frame["episodes"] = json::array();
  for (const EpisodeRecord& record : rollout.episodes) {
    episodes.push_back({record.env, record.episode, record.steps, record.reward,
                        record.costs, record.truncated, record.ended_at});
  }
  return frame;
}

Rollout RolloutFromFrame(const json& frame) {
  Rollout rollout;
  rollout.steps = frame.at("steps");
  rollout.envs = frame.at("envs");
  ForEachArray(&rollout, [&frame](const char* name, auto* array) {
    const auto& bytes = frame.at(name).get_binary();
    array->resize(bytes.size() / sizeof(array->front()));
    if (!bytes.empty()) {
      std::memcpy(array->data(), bytes.data(), bytes.size());
    }
  });
  for (const json& one : frame.at("episodes")) {
    rollout.episodes.push_back(
        {one[0], one[1], one[2], one[3], one[4], one[5], one[6]});
  }
  return rollout;
}

void AppendSteps(const Rollout& more, Rollout* all) {
  AIRLOCK_CHECK(more.envs == all->envs);
  all->steps += more.steps;
  ForEachArrayOf(more, all, [](const auto& from, auto* to) {
    to->insert(to->end(), from.begin(), from.end());
  });
  all->episodes.insert(all->episodes.end(), more.episodes.begin(),
                       more.episodes.end());
}

Rollout SideBySide(const std::vector<Rollout>& parts) {
  Rollout all;
  all.steps = parts.front().steps;
  for (const Rollout& part : parts) {
    AIRLOCK_CHECK(part.steps == all.steps);
    all.envs += part.envs;
  }
  for (int64_t s = 0; s < all.steps; ++s) {
    for (const Rollout& part : parts) {
      ForEachArrayOf(part, &all, [&](const auto& from, auto* to) {
        const auto width = static_cast<int64_t>(from.size()) / part.steps;
        to->insert(to->end(), from.begin() + s * width,
                   from.begin() + (s + 1) * width);
      });
    }
  }
  for (const Rollout& part : parts) {
    std::vector<uint8_t> restarted = part.restarted;
    restarted.resize(static_cast<size_t>(part.envs));
    all.restarted.insert(all.restarted.end(), restarted.begin(),
                         restarted.end());
    all.episodes.insert(all.episodes.end(), part.episodes.begin(),
                        part.episodes.end());
  }
  std::stable_sort(all.episodes.begin(), all.episodes.end(),
                   [](const EpisodeRecord& a, const EpisodeRecord& b) {
                     return std::make_pair(a.ended_at, a.env) <
                            std::make_pair(b.ended_at, b.env);
                   });
  return all;
}

}  // namespace airlock
