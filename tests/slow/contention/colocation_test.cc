#include <gtest/gtest.h>

#include "sim/scenario/resolve.h"
#include "twin/contention/colocation_study.h"

namespace airlock {
namespace {

const MethodError& ErrorOf(const ColocationStudy& study,
                           const std::string& method) {
  for (const MethodError& error : study.errors) {
    if (error.method == method) return error;
  }
  ADD_FAILURE() << method;
  return study.errors.front();
}

// The order of the reference, on mixes whose pairs were never learnt from:
// composed vectors with boosting, then lines over one metric, then no
// contention at all; and composition loses little against the competitors' own
// counters.
TEST(ColocationStudy, BoostingFollowsWhatLinesMiss) {
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(
      std::string(AIRLOCK_SOURCE_DIR) + "/scenarios/datacentre/contention.yaml",
      {}, &diagnostics);
  ASSERT_TRUE(scenario) << diagnostics.Format();
  const auto bench = ColocationBench::Make(*scenario, &diagnostics);
  ASSERT_TRUE(bench) << diagnostics.Format();
  const ColocationStudy study = StudyColocations(*bench, {});
  EXPECT_GE(study.mixes.size(), 200);
  EXPECT_GE(study.held_out, 60);
  EXPECT_GE(study.contended, 30);
  const MethodError& boosting = ErrorOf(study, "boosting");
  const double best_line = std::min(ErrorOf(study, "cache references").mean.low,
                                    ErrorOf(study, "cache occupancy").mean.low);
  EXPECT_LT(boosting.mean.high, best_line);
  EXPECT_LT(boosting.mean.high, ErrorOf(study, "solo vectors").mean.low);
  EXPECT_LT(boosting.mean.low, ErrorOf(study, "measured vector").mean.high);
  EXPECT_LT(ErrorOf(study, "cache references").mean.high,
            ErrorOf(study, "solo").mean.low);
}

}  // namespace
}  // namespace airlock
