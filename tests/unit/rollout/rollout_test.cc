#include "agents/rollout/rollout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "agents/env/cart_pole.h"
#include "sim/base/file.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using testing::ErrorOf;
using ::testing::HasSubstr;

Policy Uniform(const EnvSpec& spec) {
  MlpLayer layer;
  layer.inputs = static_cast<int64_t>(spec.observation.size());
  layer.outputs = spec.action.all_choices();
  layer.weights.resize(static_cast<size_t>(layer.inputs * layer.outputs));
  layer.bias.resize(static_cast<size_t>(layer.outputs));
  return Policy({spec,
                 Normaliser::Identity(layer.inputs),
                 ActionDistribution::kCategorical,
                 {},
                 Mlp({layer})});
}

ActorOptions Counting(int64_t envs) {
  ActorOptions options;
  options.create = [] { return std::make_unique<CountingEnv>(); };
  options.envs = envs;
  options.seed = 5;
  return options;
}

void ExpectEqual(const Rollout& a, const Rollout& b) {
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.envs, b.envs);
  EXPECT_EQ(a.observation, b.observation);
  EXPECT_EQ(a.allowed, b.allowed);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.log_probability, b.log_probability);
  EXPECT_EQ(a.reward, b.reward);
  EXPECT_EQ(a.costs, b.costs);
  EXPECT_EQ(a.terminated, b.terminated);
  EXPECT_EQ(a.truncated, b.truncated);
  EXPECT_EQ(a.next_observation, b.next_observation);
  EXPECT_EQ(a.next_allowed, b.next_allowed);
  ASSERT_EQ(a.episodes.size(), b.episodes.size());
  for (size_t i = 0; i < a.episodes.size(); ++i) {
    EXPECT_EQ(a.episodes[i].env, b.episodes[i].env);
    EXPECT_EQ(a.episodes[i].reward, b.episodes[i].reward);
    EXPECT_EQ(a.episodes[i].ended_at, b.episodes[i].ended_at);
  }
}

TEST(Actors, AreTheSameInAnyNumberOfProcesses) {
  const auto local = LocalActors(Counting(5));
  const auto two = ForkedActors(Counting(5), 2);
  const auto many = ForkedActors(Counting(5), 99);
  const Policy policy = Uniform(local->spec());
  for (int k = 0; k < 3; ++k) {
    const Rollout a = local->Run(policy, 30, 0, false);
    EXPECT_FALSE(a.episodes.empty());
    ExpectEqual(a, two->Run(policy, 30, 0, false));
    ExpectEqual(a, many->Run(policy, 30, 0, false));
  }
}

TEST(Actors, RowsFollowEachOther) {
  const auto actors = LocalActors(Counting(3));
  const Rollout r = actors->Run(Uniform(actors->spec()), 40, 0, false);
  int64_t ends = 0;
  for (int64_t row = 0; row < r.rows(); ++row) {
    EXPECT_GE(r.next_observation[row], r.observation[row] + r.action[2 * row]);
    EXPECT_TRUE(r.allowed[5 * row + 3 + int(r.action[2 * row + 1])]);
    const bool ended = r.terminated[row] || r.truncated[row];
    ends += ended;
    if (row + r.envs >= r.rows()) continue;
    EXPECT_EQ(r.next_observation[row] == r.observation[row + r.envs], !ended);
  }
  EXPECT_EQ(ends, static_cast<int64_t>(r.episodes.size()));
}

TEST(Actors, WhatIsLoadedGoesOnBitByBit) {
  const auto straight = LocalActors(Counting(4));
  const auto saved = ForkedActors(Counting(4), 2);
  const Policy policy = Uniform(straight->spec());
  straight->Run(policy, 17, 0, false);
  saved->Run(policy, 17, 0, false);
  const auto loaded = ForkedActors(Counting(4), 2);
  loaded->Load(nlohmann::json::parse(saved->Save().dump()));
  ExpectEqual(straight->Run(policy, 50, 0, false),
              loaded->Run(policy, 50, 0, false));
  EXPECT_THAT(
      ErrorOf([&] { ForkedActors(Counting(4), 3)->Load(saved->Save()); }),
      HasSubstr("saved by 2 workers; these are 3"));
}

TEST(Actors, AnotherLayoutIsRefused) {
  for (const auto& actors :
       {LocalActors(Counting(2)), ForkedActors(Counting(2), 2)}) {
    EXPECT_THAT(
        ErrorOf([&] { actors->Run(Uniform(CartPole().spec()), 1, 0, false); }),
        HasSubstr("made for cart-pole"));
  }
}

// Ends its process at a place.
class Fatal : public CountingEnv {
 public:
  Outcome Step(const double* action, double* costs) override {
    const Outcome outcome = CountingEnv::Step(action, costs);
    double place = 0;
    Observe(&place);
    if (place == 15) raise(SIGKILL);
    return outcome;
  }
};

TEST(Actors, AWorkerThatDiesAgainAndAgainIsAnError) {
  ActorOptions options = Counting(4);
  options.create = [] { return std::make_unique<Fatal>(); };
  const auto actors = ForkedActors(options, 2);
  std::string said;
  try {
    for (int k = 0; k < 100; ++k) {
      actors->Run(Uniform(actors->spec()), 200, 0, false);
    }
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_THAT(said, HasSubstr("died: signal 9"));
}

// Ends its process the first time that any reaches a place, which a file notes.
class FatalOnce : public CountingEnv {
 public:
  explicit FatalOnce(std::string note) : note_(std::move(note)) {}
  Outcome Step(const double* action, double* costs) override {
    const Outcome outcome = CountingEnv::Step(action, costs);
    double place = 0;
    Observe(&place);
    if (place == 15 && unlink(note_.c_str()) == 0) raise(SIGKILL);
    return outcome;
  }

 private:
  std::string note_;
};

TEST(Actors, AnotherWorkerTakesThePlaceOfOneThatDied) {
  const testing::TemporaryFolder folder;
  const std::string note = folder / "alive";
  WriteFileAtomically(note, "");
  ActorOptions options = Counting(4);
  options.create = [note] { return std::make_unique<FatalOnce>(note); };
  const auto actors = ForkedActors(options, 2);
  Rollout rollout;
  for (int k = 0; k < 100 && actors->lost_episodes() == 0; ++k) {
    rollout = actors->Run(Uniform(actors->spec()), 10, 0, false);
  }
  EXPECT_EQ(actors->lost_episodes(), 2);
  EXPECT_EQ(rollout.rows(), 40);
  // The two of one worker began anew; those of the other went on.
  EXPECT_EQ(rollout.restarted[0], rollout.restarted[1]);
  EXPECT_EQ(rollout.restarted[2], rollout.restarted[3]);
  EXPECT_NE(rollout.restarted[0], rollout.restarted[2]);
  const std::vector<std::string> losses = actors->TakeLosses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_THAT(losses[0], HasSubstr("died: signal 9; 2 episodes are lost"));
  // What is saved after it goes on alike.
  const nlohmann::json saved = actors->Save();
  const auto again = ForkedActors(options, 2);
  again->Load(saved);
  EXPECT_EQ(again->lost_episodes(), 2);
  ExpectEqual(actors->Run(Uniform(actors->spec()), 10, 0, false),
              again->Run(Uniform(actors->spec()), 10, 0, false));
}

TEST(Actors, DoNotForkAmongThreads) {
  std::thread thread(
      [] { std::this_thread::sleep_for(std::chrono::seconds(1)); });
  EXPECT_THROW(ForkedActors(Counting(2), 2), Error);
  thread.join();
}

}  // namespace
}  // namespace airlock
