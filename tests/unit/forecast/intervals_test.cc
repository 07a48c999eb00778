#include "twin/forecast/intervals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

TEST(ConformalRank, IsCeilOfNPlusOneTimesTheLevel) {
  EXPECT_EQ(ConformalRank(9, 0.9), 9);
  EXPECT_EQ(ConformalRank(10, 0.9), 10);
  EXPECT_EQ(ConformalRank(19, 0.95), 19);
  EXPECT_EQ(ConformalRank(99, 0.8), 80);
  EXPECT_EQ(ConformalRank(100, 0.8), 81);
}

TEST(ConformalRank, FewestScoresAreThoseThatTheRankFitsInto) {
  EXPECT_EQ(FewestCalibrationScores(0.9), 9);
  EXPECT_EQ(FewestCalibrationScores(0.95), 19);
  EXPECT_EQ(FewestCalibrationScores(0.8), 4);
  for (double level = 0.5; level < 0.999; level += 0.0371) {
    const int64_t fewest = FewestCalibrationScores(level);
    EXPECT_LE(ConformalRank(fewest, level), fewest) << level;
    EXPECT_GT(ConformalRank(fewest - 1, level), fewest - 1) << level;
  }
}

TEST(ConformalScore, IsTheDistanceBeyondTheInterval) {
  EXPECT_DOUBLE_EQ(ConformalScore(PointBase(5), 3), 2);
  EXPECT_DOUBLE_EQ(ConformalScore(SpreadBase(5, 4), 7), 0.5);
  EXPECT_DOUBLE_EQ(ConformalScore(QuantileBase(2, 6), 7), 1);
  EXPECT_DOUBLE_EQ(ConformalScore(QuantileBase(2, 6), 3), -1);
  EXPECT_DOUBLE_EQ(ConformalScore(QuantileBase(6, 2), 0), 2);
}

TEST(WhenWidened, NarrowedBeyondItsMiddleIsAPoint) {
  const PredictionInterval interval = Widened(QuantileBase(2, 6), -3);
  EXPECT_DOUBLE_EQ(interval.low, 4);
  EXPECT_DOUBLE_EQ(interval.high, 4);
}

TEST(SplitConformal, TakesTheRankedScore) {
  std::vector<double> scores;
  for (int i = 19; i >= 1; --i) scores.push_back(i);
  const SplitConformal conformal(scores);
  EXPECT_DOUBLE_EQ(conformal.Radius(0.95), 19);
  EXPECT_DOUBLE_EQ(conformal.Radius(0.9), 18);
  EXPECT_DOUBLE_EQ(conformal.Radius(0.5), 10);
  const PredictionInterval interval =
      conformal.Interval(SpreadBase(100, 2), 0.9);
  EXPECT_DOUBLE_EQ(interval.low, 64);
  EXPECT_DOUBLE_EQ(interval.high, 136);
}

// The coverage of a new score, over many calibration sets of 30, has mean
// ceil(31 * 0.9) / 31 (Vovk, 2012): exactly, for any continuous distribution.
TEST(SplitConformal, CoversAsManyAsTheRankSays) {
  RngStream rng = RngTree(5).Stream("test/split", Replication(0));
  int covered = 0;
  const int trials = 20000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> scores;
    for (int i = 0; i < 30; ++i) scores.push_back(rng.Exponential(1));
    covered += rng.Exponential(1) <= SplitConformal(scores).Radius(0.9);
  }
  const double expected = 28.0 / 31;
  EXPECT_NEAR(covered / static_cast<double>(trials), expected,
              4 * std::sqrt(expected * (1 - expected) / trials));
}

TEST(SplitConformal, SaysWhatItNeeds) {
  EXPECT_THAT(ErrorOf([] {
                SplitConformal({1, 2, 3}).Radius(0.9);
              }),
              HasSubstr("3 calibration samples are too few for intervals at "
                        "level 0.9: it needs 9"));
  for (const double level : {0.0, 1.0, -0.1, 90.0, std::nan("")}) {
    EXPECT_THAT(ErrorOf([&] {
                  SplitConformal({1, 2}).Radius(level);
                }),
                HasSubstr("must lie within 0 and 1"));
  }
  EXPECT_THAT(ErrorOf([] {
                SplitConformal({1, std::nan("")});
              }),
              HasSubstr("calibration score 1 is nan"));
  EXPECT_THAT(ErrorOf([] { SpreadBase(1, 0); }), HasSubstr("above 0"));
}

std::vector<double> Ramp(int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i);
  return values;
}

TEST(SpreadByLevel, FollowsTheSizeOfTheErrors) {
  std::vector<double> errors;
  for (int i = 0; i < 600; ++i) errors.push_back((i % 2 ? 1 : -1) * (1 + i));
  const SpreadByLevel spread = SpreadByLevel::Fit(Ramp(600), errors);
  for (const double level : {100.0, 300.0, 500.0}) {
    EXPECT_NEAR(spread.Spread(level), level, 0.12 * level + 20);
  }
  EXPECT_DOUBLE_EQ(spread.Spread(-1e9), spread.Spread(0));
  EXPECT_DOUBLE_EQ(spread.Spread(1e9), spread.Spread(599));
  EXPECT_DOUBLE_EQ(SpreadByLevel::Load(spread.Save()).Spread(123.4),
                   spread.Spread(123.4));
}

TEST(SpreadByLevel, HasAFloorAndNeedsNoErrors) {
  std::vector<double> errors(600, 0.0);
  for (int i = 300; i < 600; ++i) errors[static_cast<size_t>(i)] = 2;
  const SpreadByLevel spread = SpreadByLevel::Fit(Ramp(600), errors);
  EXPECT_GT(spread.Spread(0), 0.1);
  EXPECT_DOUBLE_EQ(
      SpreadByLevel::Fit(Ramp(10), std::vector<double>(10, 0.0)).Spread(3), 1);
  EXPECT_THAT(ErrorOf([] { SpreadByLevel::Fit({1}, {std::nan("")}); }),
              HasSubstr("nothing to learn"));
  for (const char* text :
       {"", "{}", "[1]", R"({"knots":[1,1],"spreads":[1,1]})",
        R"({"knots":[1],"spreads":[0]})", R"({"knots":[1],"spreads":[]})"}) {
    EXPECT_THAT(ErrorOf([&] { SpreadByLevel::Load(text); }),
                HasSubstr("spread of the intervals"));
  }
}

}  // namespace
}  // namespace airlock
