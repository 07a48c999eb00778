#include <gtest/gtest.h>

#include "agents/learn/training_run.h"
#include "agents/safety/plan_audit.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/training_order.h"

// A channel manager that is trained under a limit of churn keeps it, whatever
// its seed: agents/presets/safe-channel-ppo.yaml.
namespace airlock {
namespace {

using nlohmann::json;

constexpr uint64_t kSeeds = 10;

// The cards of so many trainings.
std::vector<json> Cards(const std::vector<std::string>& overrides,
                        uint64_t seeds) {
  const testing::TemporaryFolder folder;
  std::vector<json> cards;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const TrainingSubject subject = testing::SubjectOf(testing::PresetOrder(
        "wlan/safe-channel-manager.yaml", "safe-channel-ppo", overrides));
    TrainingJob job;
    job.agent = subject.agent;
    job.seed = seed;
    job.folder = folder / std::to_string(seed);
    TrainingRun run(subject.task, job);
    EXPECT_EQ(run.Run(nullptr, nullptr), ExitCode::kDone);
    cards.push_back(run.card());
  }
  return cards;
}

json ChurnIn(const json& card) {
  for (const json& cost : card.at("evaluation").at("last").at("costs")) {
    if (cost.at("cost") == "churn") return cost;
  }
  return nullptr;
}

void ExpectLimitKept(const std::vector<std::string>& overrides) {
  int64_t plans = 0;
  for (const json& card : Cards(overrides, kSeeds)) {
    EXPECT_EQ(ChurnIn(card).at("within_limit"), true) << card.at("seed");
    for (const char* phase : {"training", "evaluation"}) {
      const json& safety = card.at("safety").at(phase);
      EXPECT_EQ(safety.at("unsafe_plans"), 0) << card.at("seed");
      plans += safety.at("plans").get<int64_t>();
    }
  }
  EXPECT_LT(UnsafeShareBound(0, plans), 1e-5);
}

TEST(SafeTraining, PpoLagrangianKeepsTheLimitInEverySeed) {
  ExpectLimitKept({});
}

TEST(SafeTraining, FocopsKeepsTheLimitInEverySeed) {
  ExpectLimitKept({"ppo.objective=focops", "ppo.focops_temperature=0.5",
                   "ppo.focops_trust=0.1"});
}

// What the limit is about: without it the agent breaks it.
TEST(SafeTraining, WithoutALimitItIsBroken) {
  const json churn = ChurnIn(Cards({"ppo.constraints=[]"}, 1).front());
  EXPECT_FALSE(churn.contains("limit"));
  EXPECT_GT(churn.at("mean"), 1.5 * 8);
}

}  // namespace
}  // namespace airlock
