#include "agents/learn/replay_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/support/counting_env.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using ::testing::ElementsAre;

TEST(SumTree, FindsByRunningSums) {
  SumTree tree(5);
  const std::vector<double> values = {1, 0, 2, 4, 3};
  for (int i = 0; i < 5; ++i) tree.Set(i, values[i]);
  EXPECT_EQ(tree.Total(), 10);
  const std::vector<int64_t> expected = {0, 2, 2, 3, 3, 3, 3, 4, 4, 4};
  for (int at = 0; at < 10; ++at) EXPECT_EQ(tree.Find(at), expected[at]) << at;
  EXPECT_EQ(tree.Find(std::nextafter(10.0, 0)), 4);
  tree.Set(3, 0);
  EXPECT_EQ(tree.Total(), 6);
  EXPECT_EQ(tree.Find(3.5), 4);
}

// One environment; place, reward and cost of a step are given, head 0 counts.
Rollout Steps(const std::vector<double>& places,
              const std::vector<double>& rewards, uint8_t terminated,
              uint8_t truncated,
              const std::vector<uint8_t>& after = {1, 1, 1, 1, 1}) {
  Rollout r;
  r.envs = 1;
  r.steps = static_cast<int64_t>(rewards.size());
  for (int64_t s = 0; s < r.steps; ++s) {
    const bool last = s + 1 == r.steps;
    r.observation.push_back(places[s]);
    r.next_observation.push_back(places[s + 1]);
    for (int c = 0; c < 5; ++c) {
      r.allowed.push_back(c != s);
      r.next_allowed.push_back(last ? after[c] : c != s + 1);
    }
    r.action.push_back(static_cast<double>(s));
    r.action.push_back(1);
    r.reward.push_back(rewards[s]);
    r.costs.push_back(10 * rewards[s]);
    r.log_probability.push_back(0);
    r.terminated.push_back(last ? terminated : 0);
    r.truncated.push_back(last ? truncated : 0);
  }
  return r;
}

// All that a buffer holds, by the place it starts from.
std::map<double, std::vector<double>> Held(const ReplayBuffer& buffer) {
  RngStream rng(1);
  const ReplayBatch batch = buffer.Sample(500, 0, &rng);
  std::map<double, std::vector<double>> held;
  for (size_t i = 0; i < batch.place.size(); ++i) {
    held[batch.observation[i]] = {batch.reward[i], batch.costs[i],
                                  batch.discount[i], batch.next_observation[i]};
  }
  return held;
}

TEST(ReplayBuffer, ThreeStepsByHand) {
  ReplayOptions options;
  options.n_step = 3;
  options.gamma = 0.5;
  ReplayBuffer buffer(CountingEnv().spec(), 1, options);
  buffer.Add(Steps({1, 2, 3, 4, 5}, {1, 2, 4, 8}, 0, 0));
  // Two are not yet three steps long.
  ASSERT_EQ(buffer.size(), 2);
  auto held = Held(buffer);
  EXPECT_THAT(held[1], ElementsAre(1 + 1 + 1, 30, 0.125, 4));
  EXPECT_THAT(held[2], ElementsAre(2 + 2 + 2, 60, 0.125, 5));
  // The rollout goes on and terminates: those end early, without a value.
  buffer.Add(Steps({5, 6}, {16}, 1, 0));
  ASSERT_EQ(buffer.size(), 5);
  held = Held(buffer);
  EXPECT_THAT(held[3], ElementsAre(4 + 4 + 4, 120, 0, 6));
  EXPECT_THAT(held[4], ElementsAre(8 + 8, 160, 0, 6));
  EXPECT_THAT(held[5], ElementsAre(16, 160, 0, 6));
  // A truncated one keeps the value of where it was cut.
  buffer.Add(Steps({20, 21, 22}, {1, 1}, 0, 1));
  held = Held(buffer);
  EXPECT_THAT(held[20], ElementsAre(1.5, 15, 0.25, 22));
  EXPECT_THAT(held[21], ElementsAre(1, 10, 0.5, 22));
}

TEST(ReplayBuffer, KnowsWhatIsAllowedNext) {
  ReplayBuffer buffer(CountingEnv().spec(), 1, {});
  buffer.Add(Steps({1, 2, 3}, {1, 1}, 0, 0, {0, 0, 1, 0, 1}));
  RngStream rng(2);
  const ReplayBatch batch = buffer.Sample(50, 0, &rng);
  for (size_t i = 0; i < batch.place.size(); ++i) {
    const std::vector<uint8_t> now(batch.allowed.begin() + 5 * i,
                                   batch.allowed.begin() + 5 * i + 5);
    const std::vector<uint8_t> next(batch.next_allowed.begin() + 5 * i,
                                    batch.next_allowed.begin() + 5 * i + 5);
    if (batch.observation[i] == 1) {
      EXPECT_THAT(now, ElementsAre(0, 1, 1, 1, 1));
      EXPECT_THAT(next, ElementsAre(1, 0, 1, 1, 1));
    } else {
      EXPECT_THAT(now, ElementsAre(1, 0, 1, 1, 1));
      EXPECT_THAT(next, ElementsAre(0, 0, 1, 0, 1));
    }
  }
}

TEST(ReplayBuffer, PrioritiesAndWeights) {
  ReplayOptions options;
  options.alpha = 0.5;
  options.capacity = 4;
  ReplayBuffer buffer(CountingEnv().spec(), 1, options);
  buffer.Add(Steps({0, 1, 2, 3, 4, 5}, {1, 1, 1, 1, 1}, 0, 0));
  ASSERT_EQ(buffer.size(), 4) << "the first was forgotten";
  // Place 0 was written over.
  buffer.UpdatePriorities({0, 1, 2, 3}, {-1, 4, 9, 16});
  RngStream rng(3);
  constexpr int kDraws = 20000;
  const ReplayBatch batch = buffer.Sample(kDraws, 0.4, &rng);
  std::vector<double> share(4), weight(4);
  for (int i = 0; i < kDraws; ++i) {
    share[batch.place[i]] += 1.0 / kDraws;
    weight[batch.place[i]] = batch.weight[i];
  }
  for (int place = 0; place < 4; ++place) {
    // Square roots 1 to 4 over their sum of 10; five standard errors.
    EXPECT_NEAR(share[place], (place + 1) / 10.0, 0.018);
    // (N P)^-.4 over the largest, that of place 0.
    EXPECT_NEAR(weight[place], std::pow(place + 1, -0.4), 1e-5);
  }
}

TEST(ReplayBuffer, WhatIsLoadedDrawsTheSame) {
  ReplayOptions options;
  options.alpha = 0.6;
  options.n_step = 2;
  options.capacity = 8;
  ReplayBuffer a(CountingEnv().spec(), 1, options);
  a.Add(Steps({0, 1, 2, 3}, {1, 2, 3}, 0, 0));
  a.UpdatePriorities({0, 1}, {3, 1});
  ReplayBuffer b(CountingEnv().spec(), 1, options);
  b.Load(nlohmann::json::from_cbor(nlohmann::json::to_cbor(a.Save())));
  for (ReplayBuffer* buffer : {&a, &b}) {
    buffer->Add(Steps({3, 4, 5}, {4, 5}, 1, 0));
  }
  RngStream x(1), y(1);
  const ReplayBatch p = a.Sample(40, 0.5, &x), q = b.Sample(40, 0.5, &y);
  EXPECT_EQ(p.place, q.place);
  EXPECT_EQ(p.reward, q.reward);
  EXPECT_EQ(p.weight, q.weight);
  EXPECT_EQ(p.next_allowed, q.next_allowed);
}

}  // namespace
}  // namespace airlock
