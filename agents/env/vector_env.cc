#include "agents/env/vector_env.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

json ToJson(const EpisodeRecord& record) {
  return {{"episode", record.episode},
          {"steps", record.steps},
          {"reward", record.reward},
          {"costs", record.costs}};
}

}  // namespace

VectorEnv::VectorEnv(const std::function<std::unique_ptr<Env>()>& create,
                     int64_t first, int64_t count, uint64_t seed,
                     int64_t time_limit)
    : first_(first), seed_(seed) {
  AIRLOCK_CHECK(count > 0 && first >= 0 && time_limit >= 0);
  for (int64_t i = 0; i < count; ++i) envs_.push_back(create());
  time_limit_ = time_limit > 0 ? time_limit : spec().time_limit;
  const auto d = static_cast<int64_t>(spec().observation.size());
  const auto k = static_cast<int64_t>(spec().costs.size());
  now_.observation.resize(count * d);
  now_.last_observation.resize(count * d);
  now_.reward.resize(count);
  now_.costs.resize(count * k);
  now_.terminated.resize(count);
  now_.truncated.resize(count);
  if (spec().action.masked) {
    now_.allowed.resize(count * spec().action.all_choices());
    now_.last_allowed.resize(now_.allowed.size());
  }
  running_.resize(count);
  for (int64_t i = 0; i < count; ++i) {
    running_[i].env = first_ + i;
    Start(i);
  }
}

void VectorEnv::Start(int64_t i) {
  EpisodeRecord& record = running_[i];
  record.steps = 0;
  record.reward = 0;
  record.costs.assign(spec().costs.size(), 0);
  envs_[i]->Reset(RngTree(seed_).Stream(fmt::format("env/{}", record.env),
                                        Replication(record.episode)));
  Observe(i);
  CheckAllowed(i);
}

void VectorEnv::CheckAllowed(int64_t i) const {
  if (now_.allowed.empty()) return;
  const uint8_t* allowed =
      now_.allowed.data() + i * spec().action.all_choices();
  for (size_t h = 0; h < spec().action.choices.size(); ++h) {
    const int64_t choices = spec().action.choices[h];
    if (std::any_of(allowed, allowed + choices,
                    [](uint8_t flag) { return flag != 0; })) {
      allowed += choices;
      continue;
    }
    const EpisodeRecord& record = running_[i];
    throw Error(fmt::format(
        "{}: environment {}, episode {}, step {}: none of the {} choices of "
        "head {} is allowed",
        spec().name, record.env, record.episode, record.steps, choices, h));
  }
}

void VectorEnv::Observe(int64_t i) {
  const auto d = static_cast<int64_t>(spec().observation.size());
  double* const row = now_.observation.data() + i * d;
  envs_[i]->Observe(row);
  for (int64_t f = 0; f < d; ++f) {
    if (std::isfinite(row[f])) continue;
    const EpisodeRecord& record = running_[i];
    throw Error(fmt::format(
        "{}: environment {}, episode {}, step {}: observation {} is {}",
        spec().name, record.env, record.episode, record.steps,
        spec().observation[f].name, row[f]));
  }
  if (!now_.allowed.empty()) {
    envs_[i]->Allow(now_.allowed.data() + i * spec().action.all_choices());
  }
}

const VectorStep& VectorEnv::Step(const std::vector<double>& actions) {
  const int64_t width = spec().action.width();
  const auto d = static_cast<int64_t>(spec().observation.size());
  const auto k = static_cast<int64_t>(spec().costs.size());
  AIRLOCK_CHECK(static_cast<int64_t>(actions.size()) == count() * width);
  ++steps_;
  for (int64_t i = 0; i < count(); ++i) {
    EpisodeRecord& record = running_[i];
    double* const costs = now_.costs.data() + i * k;
    const Env::Outcome outcome =
        envs_[i]->Step(actions.data() + i * width, costs);
    ++record.steps;
    const auto check = [&](const std::string& what, double value) {
      if (std::isfinite(value)) return;
      throw Error(fmt::format(
          "{}: environment {}, episode {}, step {}: {} is {}", spec().name,
          record.env, record.episode, record.steps, what, value));
    };
    check("the reward", outcome.reward);
    record.reward += outcome.reward;
    now_.reward[i] = outcome.reward;
    for (int64_t c = 0; c < k; ++c) {
      check("cost " + spec().costs[c], costs[c]);
      record.costs[c] += costs[c];
    }
    now_.terminated[i] = outcome.terminated;
    now_.truncated[i] =
        !outcome.terminated && time_limit_ > 0 && record.steps >= time_limit_;
    Observe(i);
    if (!now_.terminated[i] && !now_.truncated[i]) {
      CheckAllowed(i);
      continue;
    }
    std::copy_n(now_.observation.begin() + i * d, d,
                now_.last_observation.begin() + i * d);
    if (!now_.allowed.empty()) {
      const int64_t m = spec().action.all_choices();
      std::copy_n(now_.allowed.begin() + i * m, m,
                  now_.last_allowed.begin() + i * m);
    }
    record.truncated = now_.truncated[i] != 0;
    record.ended_at = steps_;
    ended_.push_back(record);
    ++record.episode;
    Start(i);
  }
  return now_;
}

std::vector<EpisodeRecord> VectorEnv::TakeEpisodes() {
  return std::exchange(ended_, {});
}

json VectorEnv::Save() const {
  json envs = json::array();
  for (int64_t i = 0; i < count(); ++i) {
    json one = ToJson(running_[i]);
    one["state"] = envs_[i]->Save();
    envs.push_back(one);
  }
  return {{"layout", spec().LayoutDigest()}, {"first", first_}, {"seed", seed_},
          {"time_limit", time_limit_},       {"steps", steps_}, {"envs", envs}};
}

void VectorEnv::Load(const json& state) {
  try {
    if (state.at("layout") != spec().LayoutDigest()) {
      throw InputError(spec().name +
                       ": saved by environments of another layout");
    }
    if (state.at("first") != first_ || state.at("seed") != seed_ ||
        state.at("time_limit") != time_limit_ ||
        static_cast<int64_t>(state.at("envs").size()) != count()) {
      throw InputError(spec().name +
                       ": saved by other environments of this layout (their "
                       "numbers, seed or time limit)");
    }
    steps_ = state.at("steps");
    for (int64_t i = 0; i < count(); ++i) {
      const json& one = state.at("envs")[i];
      EpisodeRecord& record = running_[i];
      record.episode = one.at("episode");
      // Draws what the episode started with, which a state need not hold.
      Start(i);
      record.steps = one.at("steps");
      record.reward = one.at("reward");
      record.costs = one.at("costs").get<std::vector<double>>();
      envs_[i]->Load(one.at("state"));
      Observe(i);
    }
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("{}: not a saved state: {}", spec().name, e.what()));
  }
  ended_.clear();
}

}  // namespace airlock
