#include <gtest/gtest.h>

#include "agents/safety/plan_audit.h"
#include "tests/support/safe_channel_training.h"

// A channel manager that is trained under a limit of churn keeps it, whatever
// its seed. The benchmark safe_channel_agent prints the table.
namespace airlock::testing {
namespace {

constexpr uint64_t kSeeds = 10;

class SafeTrainingTest : public ::testing::TestWithParam<SafeAlgorithm> {};

TEST_P(SafeTrainingTest, TheLimitIsKeptInEverySeed) {
  int64_t plans = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SafeTrainingOptions training;
    training.algorithm = GetParam();
    training.seed = seed;
    const SafeTrainingResult result = TrainSafely(training);
    EXPECT_LE(UpperBoundOfMean(result.cost), training.limit) << seed;
    EXPECT_EQ(result.tally.unsafe_plans, 0) << seed;
    plans += result.tally.plans;
  }
  EXPECT_LT(UnsafeShareBound(0, plans), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Algorithms, SafeTrainingTest,
                         ::testing::Values(SafeAlgorithm::kPpoLagrangian,
                                           SafeAlgorithm::kFocops),
                         [](const auto& info) {
                           return info.param == SafeAlgorithm::kFocops
                                      ? "Focops"
                                      : "PpoLagrangian";
                         });

// What the limit is about: without it the agent breaks it.
TEST(FreeTrainingTest, WithoutALimitItIsBroken) {
  SafeTrainingOptions training;
  EXPECT_GT(MeanOf(TrainSafely(training).cost), 1.5 * training.limit);
}

}  // namespace
}  // namespace airlock::testing
