#include "twin/worker/run_batch.h"

#include <gtest/gtest.h>

#include <optional>

#include "sim/base/error.h"

namespace airlock {
namespace {

ResolvedScenario Load(const std::string& name,
                      std::vector<std::string> overrides) {
  overrides.push_back("run.replications=4");
  overrides.push_back("run.duration=40ms");
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> scenario =
      LoadScenario(std::string(AIRLOCK_SOURCE_DIR "/scenarios/") + name,
                   overrides, &diagnostics);
  EXPECT_TRUE(scenario) << diagnostics.Format();
  return *scenario;
}

class RunBatchTest : public testing::TestWithParam<const char*> {};

TEST_P(RunBatchTest, EqualSeedsGiveEqualDigestsWhateverTheJobs) {
  const ResolvedScenario scenario = Load(GetParam(), {});
  const RunRecord one = RunBatch(scenario, {0, 0, 1}, nullptr);
  ASSERT_EQ(one.replications.size(), 4u);
  EXPECT_NE(one.replications[0].series.Digest(),
            one.replications[1].series.Digest());
  for (const int64_t jobs : {1, 2, 4}) {
    EXPECT_EQ(RunBatch(scenario, {0, 0, jobs}, nullptr).Digest(), one.Digest())
        << jobs << " jobs";
  }
  const ResolvedScenario other = Load(GetParam(), {"run.seed=99"});
  EXPECT_NE(RunBatch(other, {0, 0, 2}, nullptr).Digest(), one.Digest());
}

TEST_P(RunBatchTest, ALaterStartGivesTheSameReplications) {
  const ResolvedScenario scenario = Load(GetParam(), {});
  const RunRecord all = RunBatch(scenario, {0, 4, 2}, nullptr);
  const RunRecord last = RunBatch(scenario, {3, 1, 2}, nullptr);
  ASSERT_EQ(last.replications.size(), 1u);
  EXPECT_EQ(last.replications[0].replication, Replication(3));
  EXPECT_EQ(last.replications[0].series.Digest(),
            all.replications[3].series.Digest());
}

INSTANTIATE_TEST_SUITE_P(Networks, RunBatchTest,
                         testing::Values("datacentre/quickstart.yaml",
                                         "wlan/quickstart.yaml"));

}  // namespace
}  // namespace airlock
