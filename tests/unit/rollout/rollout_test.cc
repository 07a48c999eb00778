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
#include "tests/support/rollouts.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::Counting;
using testing::CountingEnv;
using testing::ErrorOf;
using testing::ExpectEqual;
using testing::FatalOnce;
using ::testing::HasSubstr;
using testing::Uniform;

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
