#include "agents/env/vector_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/env/cart_pole.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

std::unique_ptr<Env> Create() { return std::make_unique<CountingEnv>(); }

// Of every environment: heads 0 and 1 by step and number.
std::vector<double> Actions(int64_t step, int64_t first, int64_t count) {
  std::vector<double> actions;
  for (int64_t i = first; i < first + count; ++i) {
    actions.push_back(static_cast<double>((step + i) % 3));
    actions.push_back(0);
  }
  return actions;
}

struct History {
  std::vector<double> observation, reward, costs, last;
  std::vector<uint8_t> ends;

  void Add(const VectorStep& step) {
    observation.insert(observation.end(), step.observation.begin(),
                       step.observation.end());
    reward.insert(reward.end(), step.reward.begin(), step.reward.end());
    costs.insert(costs.end(), step.costs.begin(), step.costs.end());
    for (size_t i = 0; i < step.reward.size(); ++i) {
      ends.push_back(step.terminated[i] + 2 * step.truncated[i]);
      if (ends.back() != 0) last.push_back(step.last_observation[i]);
    }
  }
  bool operator==(const History& o) const {
    return observation == o.observation && reward == o.reward &&
           costs == o.costs && last == o.last && ends == o.ends;
  }
};

TEST(VectorEnv, TerminationAndTruncationAreApart) {
  VectorEnv env(Create, 0, 2, 7);
  int64_t terminated = 0, truncated = 0;
  std::vector<double> sums(2), costs(2);
  std::vector<int64_t> steps(2);
  for (int64_t k = 0; k < 300; ++k) {
    const std::vector<double> before = env.now().observation;
    // The second one stays nearly where it is.
    const VectorStep& now = env.Step({static_cast<double>(k % 3), 0, 0, 0});
    for (int i = 0; i < 2; ++i) {
      ++steps[i];
      sums[i] += now.reward[i];
      costs[i] += now.costs[i];
      if (now.terminated[i]) {
        EXPECT_FALSE(now.truncated[i]);
        EXPECT_GE(now.last_observation[i], 20);
        EXPECT_LT(now.observation[i], 10) << "a new start";
      } else if (now.truncated[i]) {
        EXPECT_EQ(steps[i], 12);
        EXPECT_LT(now.last_observation[i], 20);
        EXPECT_GE(now.last_observation[i], before[i]);
      }
      terminated += now.terminated[i];
      truncated += now.truncated[i];
    }
    for (const EpisodeRecord& record : env.TakeEpisodes()) {
      EXPECT_EQ(record.steps, steps[record.env]);
      EXPECT_EQ(record.reward, sums[record.env]);
      EXPECT_THAT(record.costs, ElementsAre(costs[record.env]));
      EXPECT_EQ(record.truncated, now.truncated[record.env] != 0);
      steps[record.env] = 0;
      sums[record.env] = costs[record.env] = 0;
    }
  }
  EXPECT_GT(terminated, 10);
  EXPECT_GT(truncated, 10);
}

TEST(VectorEnv, AnEnvironmentLivesTheSameLifeInAnyCompany) {
  VectorEnv all(Create, 0, 5, 3), tail(Create, 2, 3, 3);
  for (int64_t k = 0; k < 100; ++k) {
    const VectorStep& a = all.Step(Actions(k, 0, 5));
    const VectorStep& b = tail.Step(Actions(k, 2, 3));
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(a.observation[i + 2], b.observation[i]);
      ASSERT_EQ(a.reward[i + 2], b.reward[i]);
    }
  }
  VectorEnv other(Create, 0, 5, 4);
  EXPECT_NE(other.now().observation,
            VectorEnv(Create, 0, 5, 3).now().observation);
}

TEST(VectorEnv, WhatIsLoadedGoesOnBitByBit) {
  VectorEnv straight(Create, 0, 4, 11), saved(Create, 0, 4, 11);
  History a, b;
  for (int64_t k = 0; k < 37; ++k) {
    straight.Step(Actions(k, 0, 4));
    saved.Step(Actions(k, 0, 4));
  }
  const std::string text = saved.Save().dump();
  VectorEnv loaded(Create, 0, 4, 11);
  loaded.Load(nlohmann::json::parse(text));
  EXPECT_EQ(loaded.now().observation, straight.now().observation);
  EXPECT_EQ(loaded.now().allowed, straight.now().allowed);
  straight.TakeEpisodes();
  for (int64_t k = 37; k < 120; ++k) {
    a.Add(straight.Step(Actions(k, 0, 4)));
    b.Add(loaded.Step(Actions(k, 0, 4)));
  }
  EXPECT_EQ(a, b);
  const auto x = straight.TakeEpisodes();
  const auto y = loaded.TakeEpisodes();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].episode, y[i].episode);
    EXPECT_EQ(x[i].reward, y[i].reward);
    EXPECT_EQ(x[i].steps, y[i].steps);
  }
}

TEST(VectorEnv, OnlyItsOwnStateIsLoaded) {
  VectorEnv env(Create, 0, 2, 1);
  const nlohmann::json good = env.Save();
  const auto error = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json bad = good;
    bad[key] = value;
    return ErrorOf([&] { env.Load(bad); });
  };
  EXPECT_THAT(error("layout", "x"), HasSubstr("of another layout"));
  EXPECT_THAT(error("seed", 2), HasSubstr("seed"));
  EXPECT_THAT(error("envs", nlohmann::json::array()), HasSubstr("other"));
  EXPECT_THAT(error("envs", {{{"episode", 1}}, {{"episode", 1}}}),
              HasSubstr("not a saved state"));
  env.Load(good);
}

TEST(VectorEnv, ARewardThatIsNoNumberIsNamed) {
  VectorEnv env(
      [] {
        auto one = std::make_unique<CountingEnv>();
        one->bad_place = 15;
        return one;
      },
      3, 1, 1);
  std::string said;
  try {
    for (int k = 0; k < 1000; ++k) env.Step({static_cast<double>(k % 2), 0});
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_THAT(said, HasSubstr("counting: environment 3, episode "));
  EXPECT_THAT(said, HasSubstr("the reward is nan"));
}

TEST(EnvSpec, LayoutsDifferByNamesUnitsAndChoices) {
  const EnvSpec spec = CountingEnv().spec();
  const auto digest = [&](const std::function<void(EnvSpec*)>& change) {
    EnvSpec other = spec;
    change(&other);
    return other.LayoutDigest();
  };
  const std::string own = spec.LayoutDigest();
  EXPECT_EQ(digest([](EnvSpec* s) { s->time_limit = 3; }), own);
  EXPECT_EQ(digest([](EnvSpec* s) { s->observation[0].high = 3; }), own);
  EXPECT_NE(digest([](EnvSpec* s) { s->observation[0].unit = "m"; }), own);
  EXPECT_NE(digest([](EnvSpec* s) { s->observation[0].name = "m"; }), own);
  EXPECT_NE(digest([](EnvSpec* s) { s->action.choices = {2, 3}; }), own);
  EXPECT_NE(digest([](EnvSpec* s) { s->action.masked = false; }), own);
  EXPECT_NE(CartPole().spec().LayoutDigest(), own);
}

}  // namespace
}  // namespace airlock
