// Whether CartPole-v1 is solved: ten seeds, a hundred greedy episodes each, an
// interquartile mean of at least 490 of 500. Some ten minutes of one core.
#include "agents/env/cart_pole.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agents/learn/policy_evaluation.h"
#include "agents/learn/training_run.h"
#include "sim/base/digest.h"
#include "sim/stats/seed_statistics.h"
#include "tests/support/cart_pole_policies.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::TemporaryFolder;

constexpr double kSolved = 490;
constexpr int kSeeds = 10;

// Rewards are losses: every advantage has the wrong sign.
class WrongSign : public CartPole {
 public:
  Outcome Step(const double* action, double* costs) override {
    Outcome outcome = CartPole::Step(action, costs);
    outcome.reward = -outcome.reward;
    return outcome;
  }
};

// Episodes seem to be cut where they end: no state is ever bad.
class NeverTerminates : public CartPole {
 public:
  Outcome Step(const double* action, double* costs) override {
    if (fallen_) Reset(RngStream(++episodes_));
    Outcome outcome = CartPole::Step(action, costs);
    fallen_ = outcome.terminated;
    outcome.terminated = false;
    return outcome;
  }

 private:
  bool fallen_ = false;
  uint64_t episodes_ = 0;
};

// Means of the best policy by seed, judged on CartPole itself.
template <typename E>
std::vector<double> Scores(const std::string& preset) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  TrainingJob job;
  job.agent =
      *LoadAgentFile(AIRLOCK_SOURCE_DIR "/agents/presets/" + preset + ".yaml",
                     {}, nullptr, &diagnostics);
  const TrainingTask real = FindReferenceTask("cart-pole");
  TrainingTask task = real;
  task.create = [] { return std::make_unique<E>(); };
  AgentFile judging;
  judging.evaluation.episodes = 100;
  std::vector<double> scores;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    job.seed = static_cast<uint64_t>(seed);
    job.folder = folder / std::to_string(seed);
    TrainingRun run(task, job);
    run.Run(nullptr, nullptr);
    std::ifstream file(job.folder + "/policy.json");
    const Policy policy = Policy::FromJson(nlohmann::json::parse(file));
    scores.push_back(
        EvaluatePolicy(policy, real, judging, 1000000 + job.seed).mean());
  }
  RequireRuns({scores});
  return scores;
}

TEST(CartPoleSolved, ByPpoWithin100000Steps) {
  const std::vector<double> scores = Scores<CartPole>("cart-pole-ppo");
  EXPECT_GE(InterquartileMean(scores), kSolved)
      << ::testing::PrintToString(scores);
}

TEST(CartPoleSolved, ByDqnWithin200000Steps) {
  const std::vector<double> scores = Scores<CartPole>("cart-pole-dqn");
  EXPECT_GE(InterquartileMean(scores), kSolved)
      << ::testing::PrintToString(scores);
}

TEST(CartPoleSolved, NotByATrainerWithTheWrongSign) {
  EXPECT_LT(InterquartileMean(Scores<WrongSign>("cart-pole-ppo")), 22);
}

TEST(CartPoleSolved, NotByATrainerThatKnowsNoEnd) {
  EXPECT_LT(InterquartileMean(Scores<NeverTerminates>("cart-pole-ppo")),
            kSolved);
}

}  // namespace
}  // namespace airlock
