#pragma once

#include <gtest/gtest.h>

#include "agents/rollout/rollout.h"
#include "tests/support/counting_env.h"
#include "tests/support/linear_policies.h"

namespace airlock::testing {

inline ActorOptions Counting(int64_t envs) {
  ActorOptions options;
  options.create = [] { return std::make_unique<CountingEnv>(); };
  options.envs = envs;
  options.seed = 5;
  return options;
}

inline void ExpectEqual(const Rollout& a, const Rollout& b) {
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

}  // namespace airlock::testing
