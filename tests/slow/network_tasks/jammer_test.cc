#include <gtest/gtest.h>

#include "agents/learn/training_run.h"
#include "agents/rollout/worker_actors.h"
#include "sim/stats/interval.h"
#include "tests/support/linear_policies.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/training_order.h"

namespace airlock {
namespace {

// Gawlowicz and Zubow (MSWiM 2019) learn it within some 80 episodes. Ten seeds;
// the score of each is the mean reward of ten episodes after 80 of 100 slots;
// the best is 100, any channel as often has an expectation of 50.
TEST(JammerTask, IsLearntWithinEightyEpisodes) {
  const testing::TemporaryFolder folder;
  const TrainingSubject subject = testing::SubjectOf(
      testing::PresetOrder("wlan/jammer.yaml", "jammer-dqn", {}));
  std::vector<double> scores;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    TrainingJob job;
    job.agent = subject.agent;
    job.seed = seed;
    job.folder = folder / std::to_string(seed);
    TrainingRun run(subject.task, job);
    ASSERT_EQ(run.Run(nullptr, nullptr), ExitCode::kDone);
    EXPECT_EQ(run.card().at("episodes"), 80);
    scores.push_back(run.card().at("evaluation").at("last").at("mean"));
  }
  EXPECT_GE(MeanInterval(scores, 0.95).low, 95);
  const auto actors = WorkerActors(*subject.task.network, 20, 99, 2);
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
