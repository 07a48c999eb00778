#include "agents/rollout/episode_actors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "agents/env/cart_pole.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"
#include "tests/support/rollouts.h"

namespace airlock {
namespace {

using testing::Counting;
using testing::CountingEnv;
using testing::ErrorOf;
using testing::ExpectEqual;
using ::testing::HasSubstr;
using testing::Uniform;

template <typename F>
std::string WhatIsThrown(F function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(EpisodeActors, AreLocalActorsBitByBit) {
  const auto local = LocalActors(Counting(5));
  const auto one = EpisodeActors(Counting(5), 1);
  const auto three = EpisodeActors(Counting(5), 3);
  const Policy policy = Uniform(local->spec());
  for (const int64_t steps : {1, 30, 7}) {
    const Rollout a = local->Run(policy, steps, 0, false);
    ExpectEqual(a, one->Run(policy, steps, 0, false));
    ExpectEqual(a, three->Run(policy, steps, 0, false));
  }
  ExpectEqual(local->Run(policy, 5, 0, true), one->Run(policy, 5, 0, true));
  EXPECT_EQ(three->lost_episodes(), 0);
}

TEST(EpisodeActors, ATimeLimitOfTheirOwn) {
  ActorOptions options = Counting(3);
  options.time_limit = 4;
  const auto local = LocalActors(options);
  const Policy policy = Uniform(local->spec());
  ExpectEqual(local->Run(policy, 25, 0, false),
              EpisodeActors(options, 2)->Run(policy, 25, 0, false));
}

TEST(EpisodeActors, AnotherPolicyReachesARunningEpisode) {
  const auto local = LocalActors(Counting(2));
  const auto forked = EpisodeActors(Counting(2), 2);
  const Policy uniform = Uniform(local->spec());
  const Policy other = Uniform(local->spec(), 2.0);
  for (const Policy& policy : {uniform, other, uniform}) {
    ExpectEqual(local->Run(policy, 3, 0, false),
                forked->Run(policy, 3, 0, false));
  }
}

TEST(EpisodeActors, WhatIsLoadedGoesOnBitByBit) {
  const auto straight = LocalActors(Counting(4));
  const auto saved = EpisodeActors(Counting(4), 2);
  const Policy policy = Uniform(straight->spec());
  straight->Run(policy, 17, 0, false);
  saved->Run(policy, 17, 0, false);
  const auto loaded = EpisodeActors(Counting(4), 4);
  loaded->Load(nlohmann::json::parse(saved->Save().dump()));
  ExpectEqual(straight->Run(policy, 50, 0, false),
              loaded->Run(policy, 50, 0, false));
  EXPECT_THAT(
      ErrorOf([&] { EpisodeActors(Counting(3), 1)->Load(saved->Save()); }),
      HasSubstr("saved by 4 actors; these are 3"));
  EXPECT_THAT(ErrorOf([&] {
                saved->Load({{"steps", 1}});
              }),
              HasSubstr("not a saved state of actors"));
}

// Ends its process where it comes to 15 by two steps.
class Fatal : public CountingEnv {
 public:
  Outcome Step(const double* action, double* costs) override {
    const Outcome outcome = CountingEnv::Step(action, costs);
    double place = 0;
    CountingEnv::Observe(&place);
    if (place == 15 && action[0] == 2) raise(SIGKILL);
    return outcome;
  }
};

TEST(EpisodeActors, AProcessThatDiesLosesItsEpisodeAndNoMore) {
  ActorOptions options = Counting(4);
  options.create = [] { return std::make_unique<Fatal>(); };
  const auto one = EpisodeActors(options, 1);
  const auto four = EpisodeActors(options, 4);
  const Policy policy = Uniform(one->spec());
  const Rollout a = one->Run(policy, 60, 0, false);
  ExpectEqual(a, four->Run(policy, 60, 0, false));
  EXPECT_EQ(a.rows(), 240);
  EXPECT_GT(one->lost_episodes(), 3);
  EXPECT_EQ(one->lost_episodes(), four->lost_episodes());
  EXPECT_EQ(one->TakeLosses().size(), four->TakeLosses().size());
  // What led there is in no row, and an episode's number counts the lost ones.
  for (int64_t row = 0; row < a.rows(); ++row) {
    EXPECT_FALSE(a.next_observation[row] == 15 && a.action[2 * row] == 2);
  }
  int64_t last = 0;
  for (const EpisodeRecord& record : a.episodes) {
    last = std::max(last, record.episode);
  }
  EXPECT_GE(last * 4, static_cast<int64_t>(a.episodes.size()));
}

TEST(EpisodeActors, RowsWhoseEpisodeWasLostLaterAreMarked) {
  ActorOptions options = Counting(4);
  options.create = [] { return std::make_unique<Fatal>(); };
  const auto actors = EpisodeActors(options, 2);
  const Policy policy = Uniform(actors->spec());
  int64_t marked = 0;
  Rollout before = actors->Run(policy, 1, 0, false);
  for (int k = 0; k < 60; ++k) {
    const Rollout r = actors->Run(policy, 1, 0, false);
    for (size_t i = 0; i < 4; ++i) {
      const bool restarted = !r.restarted.empty() && r.restarted[i] != 0;
      const bool ended = before.terminated[i] || before.truncated[i];
      EXPECT_FALSE(restarted && ended);
      if (!restarted && !ended) {
        EXPECT_EQ(before.next_observation[i], r.observation[i]);
      }
      marked += restarted;
    }
    before = r;
  }
  EXPECT_GT(marked, 0);
  EXPECT_LE(marked, actors->lost_episodes());
}

// Ends its process at once.
class Stillborn : public CountingEnv {
 public:
  void Reset(RngStream) override { raise(SIGKILL); }
};

TEST(EpisodeActors, WhoLosesEveryEpisodeIsAnError) {
  ActorOptions options = Counting(2);
  options.create = [] { return std::make_unique<Stillborn>(); };
  const auto actors = EpisodeActors(options, 2);
  EXPECT_THAT(
      WhatIsThrown([&] { actors->Run(Uniform(actors->spec()), 9, 0, false); }),
      HasSubstr("10 episodes in a row were lost; environment "));
}

TEST(EpisodeActors, WhatAnEnvironmentThrowsIsNoLoss) {
  ActorOptions options = Counting(2);
  options.create = [] {
    auto env = std::make_unique<CountingEnv>();
    env->bad_place = 12;
    return env;
  };
  const auto actors = EpisodeActors(options, 2);
  EXPECT_THAT(
      WhatIsThrown([&] { actors->Run(Uniform(actors->spec()), 99, 0, false); }),
      HasSubstr("the reward is nan"));
  const auto good = EpisodeActors(Counting(2), 2);
  EXPECT_THAT(
      ErrorOf([&] { good->Run(Uniform(CartPole().spec()), 1, 0, false); }),
      HasSubstr("made for cart-pole"));
}

}  // namespace
}  // namespace airlock
