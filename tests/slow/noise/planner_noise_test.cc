#include <gtest/gtest.h>

#include "agents/noise/planner_noise_grid.h"
#include "tests/support/reference_wlan.h"

// What errors of the RSSI between access points do to planners, in the shape of
// Iacoboaiea et al. (IEEE Communications Magazine 2023). The benchmark
// planner_noise prints the whole grid.
namespace airlock {
namespace {

class PlannerNoiseTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PlannerNoiseTest, MoreErrorIsWorseAndTooFewNeighboursWorseThanTooMany) {
  PlannerCase setting;
  setting.scenario = testing::ReferenceWlan();
  setting.scenario.run.replications = 6;
  setting.slots = 72;
  const std::vector<double> means = {-8, -4, 0, 4, 8};
  const std::vector<double> deviations = {0, 2, 8};
  const NoiseGrid grid = ScoreNoise(GetParam(), setting, means, deviations, 1);
  // Zero at zero.
  EXPECT_EQ(grid.scores[2][0].regret, grid.noiseless.regret);
  // Non-decreasing in the standard deviation at mean zero.
  for (size_t s = 1; s < deviations.size(); ++s) {
    EXPECT_GT(RelativeDifference(grid.scores[2][s].regret,
                                 grid.scores[2][s - 1].regret)
                  .low,
              0)
        << deviations[s];
  }
  // A negative bias costs more than a positive one of its size.
  EXPECT_GT(
      RelativeDifference(grid.scores[0][0].regret, grid.scores[4][0].regret)
          .low,
      0);
  EXPECT_GT(
      RelativeDifference(grid.scores[1][0].regret, grid.scores[3][0].regret)
          .low,
      0);
}

INSTANTIATE_TEST_SUITE_P(Planners, PlannerNoiseTest,
                         ::testing::Values("turboca", "dynls"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace airlock
