#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/rollout/worker_actors.h"
#include "sim/scenario/resolve.h"
#include "tests/support/error_of.h"
#include "tests/support/jammer_policies.h"
#include "tests/support/rollouts.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using testing::ExpectEqual;
using ::testing::HasSubstr;

NetworkTask Jammer(const std::string& task,
                   const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  const auto scenario =
      LoadScenario(AIRLOCK_SOURCE_DIR "/scenarios/wlan/jammer.yaml", overrides,
                   &diagnostics);
  EXPECT_TRUE(scenario) << diagnostics.Format();
  return {task, scenario->text(), scenario->path()};
}

const std::vector<std::string> kShort = {"run.duration=700ms"};  // 6 decisions

TEST(NetworkActors, TheSameWhateverTheJobsAndAfterLoading) {
  const NetworkTask task = Jammer("channel-hop", kShort);
  const auto one = WorkerActors(task, 2, 7, 1);
  const auto two = WorkerActors(task, 2, 7, 2);
  const Policy policy = testing::Uniform(one->spec());
  const Rollout a = one->Run(policy, 8, 0, false);
  ExpectEqual(a, two->Run(policy, 8, 0, false));
  EXPECT_EQ(a.episodes.size(), 2u);
  const auto loaded = WorkerActors(task, 2, 7, 3);
  loaded->Load(two->Save());
  ExpectEqual(one->Run(policy, 3, 0, false), loaded->Run(policy, 3, 0, false));
}

// The jammer visits the four channels in turn, from one that is drawn; who is
// where it goes next gets nothing through, and who is elsewhere all.
TEST(NetworkActors, TheJammerIsSensedAndWhereItIsNothingArrives) {
  const auto actors = WorkerActors(Jammer("channel-hop", kShort), 6, 1, 2);
  ASSERT_EQ(actors->spec().observation.size(), 4u);
  EXPECT_EQ(actors->spec().time_limit, 6);
  const Rollout r = actors->Run(testing::Uniform(actors->spec()), 6, 0, false);
  int64_t collisions = 0;
  std::vector<int64_t> starts(4);
  for (int64_t row = 0; row < r.rows(); ++row) {
    int64_t before = -1, after = -1;
    for (int64_t c = 0; c < 4; ++c) {
      if (r.observation[4 * row + c] == 1) before = c;
      if (r.next_observation[4 * row + c] == 1) after = c;
    }
    ASSERT_GE(before, 0);
    EXPECT_EQ(after, (before + 1) % 4);
    EXPECT_EQ(r.reward[row], r.action[row] == after ? -1 : 1) << row;
    collisions += r.reward[row] < 0;
    if (row < r.envs) ++starts[before];
  }
  EXPECT_GT(collisions, 4);
  EXPECT_LT(*std::max_element(starts.begin(), starts.end()), 6);
  const auto rule = WorkerActors(Jammer("channel-hop", kShort), 1, 3, 1);
  const Rollout good =
      rule->Run(testing::WhereItJustWas(rule->spec()), 6, 0, true);
  for (const double reward : good.reward) EXPECT_EQ(reward, 1);
}

TEST(NetworkActors, TheOtherTaskRunsInTheSameNetwork) {
  const auto actors = WorkerActors(
      Jammer("channel-plan",
             {"run.duration=300ms", "wlan.region=US", "wlan.dfs=false"}),
      1, 1, 1);
  EXPECT_EQ(actors->spec().action.choices, std::vector<int64_t>{9});
  const Rollout r = actors->Run(testing::Uniform(actors->spec()), 2, 0, false);
  EXPECT_EQ(r.episodes.size(), 1u);
  for (const double reward : r.reward) EXPECT_LE(reward, 1);
}

TEST(NetworkActors, WhatTheWorkerRefuses) {
  EXPECT_THAT(ErrorOf([] { WorkerActors(Jammer("hop", kShort), 1, 1, 1); }),
              HasSubstr("no network task 'hop'; known: channel-hop"));
  EXPECT_THAT(ErrorOf([] {
                WorkerActors(Jammer("channel-hop", {"run.duration=100ms"}), 1,
                             1, 1);
              }),
              HasSubstr("needs two controller intervals or more"));
}

}  // namespace
}  // namespace airlock
