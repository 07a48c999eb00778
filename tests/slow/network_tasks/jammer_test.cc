#include <gtest/gtest.h>

#include <numeric>

#include "agents/learn/dqn.h"
#include "agents/rollout/worker_actors.h"
#include "sim/scenario/resolve.h"
#include "sim/stats/interval.h"
#include "tests/support/jammer_policies.h"

namespace airlock {
namespace {

NetworkTask Jammer() {
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(
      AIRLOCK_SOURCE_DIR "/scenarios/wlan/jammer.yaml", {}, &diagnostics);
  EXPECT_TRUE(scenario) << diagnostics.Format();
  return {"channel-hop", scenario->text(), scenario->path()};
}

// Gawlowicz and Zubow (MSWiM 2019) learn it within some 80 episodes. Ten seeds;
// the score of each is the mean reward of its last ten episodes of 80, of 100
// slots each; the best is 100, any channel as often has an expectation of 50.
TEST(JammerTask, IsLearntWithinEightyEpisodes) {
  std::vector<double> scores;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const auto actors = WorkerActors(Jammer(), 1, seed, 1);
    Dqn dqn(actors->spec(), testing::JammerDqn(), 1, seed);
    std::vector<double> rewards;
    for (int64_t done = 0; done < 8000; done += 20) {
      const double share = static_cast<double>(done) / 8000;
      const Rollout rollout =
          actors->Run(dqn.Acting(), 20, dqn.RandomShare(share), false);
      for (const EpisodeRecord& e : rollout.episodes) {
        rewards.push_back(e.reward);
      }
      dqn.Update(rollout, share);
    }
    ASSERT_EQ(rewards.size(), 80u);
    scores.push_back(std::accumulate(rewards.end() - 10, rewards.end(), 0.0) /
                     10);
  }
  EXPECT_GE(MeanInterval(scores, 0.95).low, 95);
  const auto actors = WorkerActors(Jammer(), 20, 99, 2);
  std::vector<double> random;
  for (const EpisodeRecord& e :
       actors->Run(testing::Uniform(actors->spec()), 100, 0, false).episodes) {
    random.push_back(e.reward);
  }
  const Interval interval = MeanInterval(random, 0.99);
  EXPECT_LE(interval.low, 50);
  EXPECT_GE(interval.high, 50);
}

}  // namespace
}  // namespace airlock
