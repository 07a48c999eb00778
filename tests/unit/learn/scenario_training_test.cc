// Trainings in scenarios: on the airtime model behind a shield, and packet by
// packet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/learn/policy_evaluation.h"
#include "agents/learn/training_run.h"
#include "sim/base/file.h"
#include "sim/base/forked_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/training_order.h"

namespace airlock {
namespace {

using nlohmann::json;
using testing::PresetOrder;
using testing::SubjectOf;
using testing::TemporaryFolder;

using Overrides = std::vector<std::string>;

// Four updates of four slots of two networks of three access points.
TrainingOrder Plans(const Overrides& more) {
  Overrides overrides = {"steps=32",         "rollout=4",
                         "environments=2",   "evaluation.episodes=2",
                         "ppo.hidden=[4]",   "ppo.epochs=1",
                         "ppo.minibatch=64", "checkpoint_every=8"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  TrainingOrder order = PresetOrder("wlan/safe-channel-manager.yaml",
                                    "safe-channel-ppo", overrides);
  order.scenario_overrides = {"wlan.generated.access_points=3",
                              "wlan.generated.neighbours=1.5",
                              "run.duration=3600s"};
  return order;
}

// Two updates of three of six decisions.
TrainingOrder Hops(const Overrides& more) {
  Overrides overrides = {
      "steps=6",       "rollout=3",   "evaluation.episodes=1",
      "dqn.warm_up=2", "dqn.batch=2", "dqn.train_every=1"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  TrainingOrder order =
      PresetOrder("wlan/jammer.yaml", "jammer-dqn", overrides);
  order.scenario_overrides = {"run.duration=700ms"};
  return order;
}

ExitCode Train(const TrainingOrder& order, const std::string& folder,
               bool resume = false, int64_t stop_after = 0) {
  const TrainingSubject subject = SubjectOf(order);
  TrainingJob job;
  job.agent = subject.agent;
  job.folder = folder;
  job.resume = resume;
  TrainingRun run(subject.task, job);
  int64_t updates = 0;
  return run.Run([&] { return ++updates == stop_after; }, nullptr);
}

json CardIn(const std::string& folder) {
  json card = json::parse(ReadFile(folder + "/card.json"));
  card.erase("runtime");
  return card;
}

void ExpectSame(const std::string& a, const std::string& b) {
  for (const char* name : {"policy.json", "curves.csv", "checkpoint"}) {
    EXPECT_EQ(ReadFile(a + "/" + name), ReadFile(b + "/" + name)) << name;
  }
  EXPECT_EQ(CardIn(a), CardIn(b));
}

void ExpectResumedAlike(const TrainingOrder& order, int64_t stop_after) {
  const TemporaryFolder folder;
  EXPECT_EQ(Train(order, folder / "whole"), ExitCode::kDone);
  EXPECT_EQ(Train(order, folder / "parts", false, stop_after),
            ExitCode::kInterrupted);
  EXPECT_EQ(Train(order, folder / "parts", true), ExitCode::kDone);
  ExpectSame(folder / "whole", folder / "parts");
}

TEST(ScenarioTraining, OnTheAirtimeModelGoesOnBitByBit) {
  ExpectResumedAlike(Plans({"noise.counter_noise=0.3", "noise.delay=1"}), 3);
}

TEST(ScenarioTraining, PacketByPacketGoesOnBitByBit) {
  ExpectResumedAlike(Hops({"noise.dropout=0.2"}), 1);
}

TEST(ScenarioTraining, TheCardHasCostsAndWhatTheShieldDid) {
  const TemporaryFolder folder;
  Train(Plans({}), folder / "a");
  const json card = CardIn(folder / "a");
  const json& training = card.at("safety").at("training");
  EXPECT_EQ(training.at("plans"), 32);
  EXPECT_EQ(training.at("unsafe_plans"), 0);
  // 1 - .05^(1/32)
  EXPECT_NEAR(training.at("bound").get<double>(), 0.0893682, 1e-6);
  EXPECT_EQ(card.at("safety").at("evaluation").at("plans"), 2 * 6);
  const json& costs = card.at("evaluation").at("last").at("costs");
  ASSERT_EQ(costs.size(), 2u);
  EXPECT_EQ(costs[0].at("cost"), "below_floor");
  EXPECT_FALSE(costs[0].contains("limit"));
  EXPECT_EQ(costs[1].at("cost"), "churn");
  EXPECT_EQ(costs[1].at("limit"), 8);
  EXPECT_EQ(costs[1].at("within_limit"), true) << "six slots";
  EXPECT_THAT(ReadFile(folder / "a/curves.csv"),
              ::testing::HasSubstr(",cost_below_floor,cost_churn\n"));
}

TEST(ScenarioTraining, EachCountsItsOwnPlans) {
  const TemporaryFolder folder;
  const TrainingSubject subject = SubjectOf(Plans({}));
  for (const char* name : {"a", "b"}) {
    TrainingJob job;
    job.agent = subject.agent;
    job.folder = folder / name;
    TrainingRun(subject.task, job).Run(nullptr, nullptr);
  }
  ExpectSame(folder / "a", folder / "b");
}

// What processes learn, and what their shields did, comes back.
TEST(ScenarioTraining, WorkersChangeNeitherPolicyNorTally) {
  const TemporaryFolder folder;
  Train(Plans({}), folder / "here");
  Train(Plans({"workers=2"}), folder / "there");
  EXPECT_EQ(ReadFile(folder / "here/policy.json"),
            ReadFile(folder / "there/policy.json"));
  EXPECT_EQ(CardIn(folder / "here").at("safety"),
            CardIn(folder / "there").at("safety"));
}

TEST(ScenarioTraining, NoiseChangesItAndNoneDoesNot) {
  const TemporaryFolder folder;
  const auto policy = [&](const std::string& name, const Overrides& noise) {
    Train(Plans(noise), folder / name);
    return ReadFile(folder / name + "/policy.json");
  };
  const std::string bare = policy("bare", {});
  EXPECT_EQ(policy("none", {"noise.seed=3", "noise.dropout=0",
                            "evaluation.noise.reward_noise=1"}),
            bare);
  EXPECT_NE(CardIn(folder / "none").at("evaluation"),
            CardIn(folder / "bare").at("evaluation"));
  const std::string noisy = policy("noisy", {"noise.counter_noise=0.5"});
  EXPECT_NE(noisy, bare);
  EXPECT_NE(policy("other", {"noise.counter_noise=0.5", "noise.seed=3"}),
            noisy);
}

TEST(SharedTally, CountsWhatForkedProcessesAdd) {
  SharedTally tally;
  SafetyTally one;
  one.plans = 3;
  one.refused[1] = 2;
  tally.Add(one);
  {
    ForkedProcess child([&](int, int) { tally.Add(one); });
    child.DescribeEnd("signal");
  }
  EXPECT_EQ(tally.Read().plans, 6);
  EXPECT_EQ(tally.Read().refused[1], 4);
  tally.Set(one);
  EXPECT_EQ(ToJson(tally.Read()), ToJson(one));
  EXPECT_EQ(ToJson(SafetyTallyFromJson(ToJson(one))), ToJson(one));
}

TEST(PolicyEvaluation, CostsAgainstTheirLimits) {
  // Mean 2.5, standard deviation 1.2909944; t(3, .95) = 2.3533634 (Student's
  // tables): 2.5 + 2.3533634 * 1.2909944 / 2. The worst tenth is the largest.
  const CostSummary cost = SummaryOf("churn", {1, 2, 3, 4}, 4.0);
  EXPECT_EQ(cost.mean, 2.5);
  EXPECT_NEAR(cost.upper_bound, 4.0190898, 1e-6);
  EXPECT_FALSE(cost.within_limit());
  EXPECT_TRUE(SummaryOf("churn", {1, 2, 3, 4}, 4.1).within_limit());
  EXPECT_TRUE(SummaryOf("churn", {1, 2, 3, 4}, std::nullopt).within_limit());
  EXPECT_FALSE(SummaryOf("churn", {1}, 4.1).within_limit());
  std::vector<double> twenty;
  for (int k = 1; k <= 20; ++k) twenty.push_back(k);
  EXPECT_NEAR(SummaryOf("churn", twenty, std::nullopt).cvar_90, 19.5, 0.15);
  PolicyEvaluation evaluation;
  evaluation.costs = {cost, SummaryOf("other", {1, 2, 3, 4}, 5.0)};
  EXPECT_NEAR(evaluation.excess(), 0.0190898 / 4, 1e-7);
  evaluation.costs.push_back(SummaryOf("third", {1}, 5.0));
  EXPECT_EQ(evaluation.excess(), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace airlock
