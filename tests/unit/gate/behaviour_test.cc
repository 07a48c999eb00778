#include "twin/gate/behaviour.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twin/gate/cost.h"
#include "twin/gate/disturbance.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> Wave(int n, double from = 0) {
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(100 + 10 * std::sin(from + i));
  return values;
}

std::vector<double> Before(const std::vector<double>& values) {
  std::vector<double> before = {kNaN};
  before.insert(before.end(), values.begin(), values.end() - 1);
  return before;
}

TEST(OutputTest, ALivingOutputIsNotFrozen) {
  const auto target = Wave(200);
  const OutputEvidence output =
      DescribeOutput(Wave(200, 0.1), target, Before(target));
  EXPECT_EQ(output.answers, 200);
  EXPECT_LE(output.frozen, 2);
  EXPECT_NEAR(output.spread, 10 / std::sqrt(2), 0.1);
  EXPECT_EQ(output.exact, 0);
}

TEST(OutputTest, ASpellWithoutAMoveIsFoundWithItsPlace) {
  const auto target = Wave(200);
  auto answers = Wave(200, 0.1);
  for (size_t i = 90; i < 140; ++i) {
    answers[i] = 104.5 + 1e-4 * static_cast<double>(i % 7);  // dressed
  }
  const OutputEvidence output = DescribeOutput(answers, target, Before(target));
  EXPECT_EQ(output.frozen, 50);
  EXPECT_EQ(output.frozen_from, 90);
}

TEST(OutputTest, StandingStillWithTheTargetIsNotFrozen) {
  auto target = Wave(200);
  auto answers = Wave(200, 0.1);
  for (size_t i = 90; i < 140; ++i) {
    target[i] = 120 + 0.01 * static_cast<double>(i % 2);
    answers[i] = 119;
  }
  EXPECT_LE(DescribeOutput(answers, target, Before(target)).frozen, 2);
}

TEST(OutputTest, MissingAnswersEndASpell) {
  const auto target = Wave(60);
  std::vector<double> answers(60, 100.0);
  answers[20] = kNaN;
  const OutputEvidence output = DescribeOutput(answers, target, Before(target));
  EXPECT_EQ(output.answers, 59);
  EXPECT_EQ(output.frozen, 39);
  EXPECT_EQ(output.frozen_from, 21);
}

TEST(OutputTest, CopiesOfTheTruthAreCounted) {
  const auto target = Wave(100);
  auto answers = Wave(100, 0.1);
  for (size_t i = 10; i < 30; ++i) answers[i] = target[i];
  const OutputEvidence output = DescribeOutput(answers, target, Before(target));
  EXPECT_EQ(output.moved, 99);
  EXPECT_EQ(output.exact, 20);
}

Trace TwoColumns() {
  Trace trace;
  for (int i = 0; i < 400; ++i) trace.time_seconds.push_back(i);
  trace.columns.resize(2);
  trace.columns[0].name = "busy";
  trace.columns[0].values = Wave(400);
  trace.columns[1].name = "target";
  trace.columns[1].role = Role::kKpi;
  trace.columns[1].values = Wave(400, 1);
  return trace;
}

TEST(DisturbanceTest, EachFaultDoesWhatItSaysAndLeavesTheTargetAlone) {
  const Trace trace = TwoColumns();
  const auto& busy = trace.columns[0].values;
  const auto grid = DisturbanceGrid({"busy"}, 4);
  ASSERT_EQ(grid.size(), 9u);
  for (const Disturbance& d : grid) {
    RngStream rng(7);
    const Trace other = Disturbed(trace, d, {"busy"}, &rng);
    EXPECT_EQ(other.columns[1].values, trace.columns[1].values) << d.fault;
    const auto& values = other.columns[0].values;
    if (d.fault == "counter-noise") {
      double square = 0;
      for (size_t i = 0; i < busy.size(); ++i) {
        square += (values[i] - busy[i]) * (values[i] - busy[i]);
      }
      // 400 draws: the standard error of a standard deviation is 3.5 %.
      const double sd = std::sqrt(square / 400);
      EXPECT_NEAR(sd / (d.amount * 10 / std::sqrt(2)), 1, 0.14);
    } else if (d.fault == "dropout") {
      int64_t missing = 0;
      for (const double value : values) missing += std::isnan(value);
      // 4 standard deviations of a binomial of 400.
      EXPECT_NEAR(static_cast<double>(missing), 400 * d.amount,
                  4 * std::sqrt(400 * d.amount * (1 - d.amount)));
    } else if (d.fault == "wrong-unit") {
      EXPECT_EQ(values[17], 1000 * busy[17]);
    } else {
      const auto late = static_cast<int>(d.amount);
      EXPECT_EQ(values[17], busy[static_cast<size_t>(17 - late)]) << d.level;
    }
  }
}

TEST(WallClockTest, ItsTextHoldsAllOfIt) {
  WallClock record;
  record.latency_seconds = {1e-6, 0.1 + 0.2};
  record.timed_calls = 3000;
  record.resident_bytes = 12345;
  record.start_seconds = 0.5;
  record.late[3] = {7, 9};
  const WallClock read = WallClockFromText(ToText(record), "here");
  EXPECT_EQ(read.latency_seconds, record.latency_seconds);
  EXPECT_EQ(read.timed_calls, 3000);
  EXPECT_EQ(read.resident_bytes, 12345);
  EXPECT_EQ(read.start_seconds, 0.5);
  EXPECT_EQ(read.late, record.late);
}

TEST(WallClockTest, TimeGoesOnWhereATraceBeginsAnew) {
  const Trace longer = Prolonged(TwoColumns(), 1000);
  ASSERT_EQ(longer.samples(), 1000);
  EXPECT_NO_THROW(longer.Validate());
  EXPECT_EQ(longer.time_seconds[999], 999);
  EXPECT_EQ(longer.columns[0].values[801], longer.columns[0].values[1]);
}

}  // namespace
}  // namespace airlock
