#include "sim/results/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Outcome = MetricDifference::Outcome;

// One metric a row, one replication a column.
RunRecord Record(
    const std::vector<std::pair<std::string, std::vector<double>>>& metrics,
    uint64_t seed = 1) {
  RunRecord record;
  record.scenario_name = "test";
  record.provenance.seed = seed;
  record.replications.resize(metrics.front().second.size());
  for (size_t r = 0; r < record.replications.size(); ++r) {
    record.replications[r].replication = Replication(static_cast<int64_t>(r));
    for (const auto& [name, values] : metrics) {
      record.replications[r].metrics.push_back({name, "s", "", values[r]});
    }
  }
  return record;
}

TEST(SummarizeTest, HandComputed) {
  const std::vector<MetricSummary> rows =
      Summarize(Record({{"a", {3, 4, 5, 6, 7}},
                        {"b", {1, kNaN, 3, kNaN, kNaN}},
                        {"c", {kNaN, kNaN, kNaN, kNaN, 2}}}),
                0.95);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].name, "a");
  EXPECT_EQ(rows[0].unit, "s");
  EXPECT_EQ(rows[0].n, 5);
  EXPECT_EQ(rows[0].missing, 0);
  EXPECT_EQ(rows[0].mean.estimate, 5);
  EXPECT_NEAR(rows[0].mean.half_width(), 2.776445105 * std::sqrt(0.5), 1e-8);
  EXPECT_DOUBLE_EQ(rows[0].standard_deviation, std::sqrt(2.5));
  EXPECT_EQ(rows[0].least, 3);
  EXPECT_EQ(rows[0].greatest, 7);
  EXPECT_EQ(rows[1].n, 2);
  EXPECT_EQ(rows[1].missing, 3);
  EXPECT_EQ(rows[1].mean.estimate, 2);
  EXPECT_EQ(rows[2].n, 1);
  EXPECT_EQ(rows[2].mean.estimate, 2);
  EXPECT_FALSE(rows[2].mean.known());
  EXPECT_TRUE(std::isnan(rows[2].standard_deviation));
}

TEST(SummarizeTest, NothingDefined) {
  EXPECT_TRUE(Summarize(RunRecord(), 0.95).empty());
  const MetricSummary row = Summarize(Record({{"a", {kNaN}}}), 0.95)[0];
  EXPECT_EQ(row.n, 0);
  EXPECT_TRUE(std::isnan(row.mean.estimate));
  EXPECT_TRUE(std::isnan(row.least));
}

TEST(MetricValuesTest, UnknownNameIsToldWithTheNearest) {
  try {
    MetricValues(Record({{"latency_p99", {1}}}), "latency_p9");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "the result of 'test' has no metric 'latency_p9'; did you "
                 "mean 'latency_p99'?");
  }
}

TEST(CompareRunsTest, EqualRuns) {
  const RunRecord record = Record({{"a", {1, kNaN, 3}}});
  const RunComparison comparison = CompareRuns(record, record, 0.95);
  EXPECT_TRUE(comparison.equal_digests);
  EXPECT_TRUE(comparison.paired);
  EXPECT_EQ(comparison.metrics[0].outcome, Outcome::kIdentical);
  EXPECT_FALSE(comparison.AnyChange());
  EXPECT_FALSE(comparison.AnyDifference());
}

// A constant offset under common random numbers: seen in pairs, not otherwise.
TEST(CompareRunsTest, PairsShowWhatIndependentRunsDoNot) {
  const std::vector<double> base = {10, 20, 30, 40, 50};
  const std::vector<double> moved = {11.1, 21, 30.9, 41, 51};
  const RunComparison paired =
      CompareRuns(Record({{"a", base}}, 1), Record({{"a", moved}}, 1), 0.95);
  EXPECT_TRUE(paired.paired);
  EXPECT_EQ(paired.metrics[0].outcome, Outcome::kDiffers);
  EXPECT_NEAR(paired.metrics[0].difference.estimate, 1, 1e-12);
  EXPECT_GT(paired.metrics[0].difference.low, 0.9);
  EXPECT_TRUE(paired.AnyDifference());
  const RunComparison unpaired =
      CompareRuns(Record({{"a", base}}, 1), Record({{"a", moved}}, 2), 0.95);
  EXPECT_FALSE(unpaired.paired);
  EXPECT_EQ(unpaired.metrics[0].outcome, Outcome::kNotShown);
  EXPECT_TRUE(unpaired.AnyChange());
  EXPECT_FALSE(unpaired.AnyDifference());
}

TEST(CompareRunsTest, OtherReplicationsAreNotPaired) {
  const RunComparison comparison =
      CompareRuns(Record({{"a", {1, 2}}}), Record({{"a", {1, 2, 3}}}), 0.95);
  EXPECT_FALSE(comparison.paired);
  EXPECT_EQ(comparison.metrics[0].n_a, 2);
  EXPECT_EQ(comparison.metrics[0].n_b, 3);
}

TEST(CompareRunsTest, OneReplicationCannotTell) {
  const RunComparison comparison =
      CompareRuns(Record({{"a", {1}}}), Record({{"a", {2}}}), 0.95);
  EXPECT_EQ(comparison.metrics[0].outcome, Outcome::kUnknown);
  EXPECT_EQ(comparison.metrics[0].difference.estimate, 1);
  EXPECT_FALSE(comparison.metrics[0].difference.known());
  EXPECT_TRUE(comparison.AnyChange());
  EXPECT_FALSE(comparison.AnyDifference());
}

TEST(CompareRunsTest, MetricsOfOneSideAreListed) {
  const RunComparison comparison =
      CompareRuns(Record({{"a", {1, 2}}, {"b", {1, 2}}}),
                  Record({{"c", {3, 4}}, {"a", {1, 2}}}), 0.95);
  ASSERT_EQ(comparison.metrics.size(), 3u);
  EXPECT_EQ(comparison.metrics[0].outcome, Outcome::kIdentical);
  EXPECT_EQ(comparison.metrics[1].name, "b");
  EXPECT_EQ(comparison.metrics[1].outcome, Outcome::kOnlyInA);
  EXPECT_EQ(comparison.metrics[1].mean_a, 1.5);
  EXPECT_TRUE(std::isnan(comparison.metrics[1].mean_b));
  EXPECT_EQ(comparison.metrics[2].name, "c");
  EXPECT_EQ(comparison.metrics[2].outcome, Outcome::kOnlyInB);
  EXPECT_TRUE(comparison.AnyDifference());
}

TEST(CompareRunsTest, UndefinedInOneReplicationDropsThePair) {
  const RunComparison comparison = CompareRuns(
      Record({{"a", {1, 2, 100}}}), Record({{"a", {2, 3, kNaN}}}), 0.95);
  EXPECT_TRUE(comparison.paired);
  EXPECT_EQ(comparison.metrics[0].n_a, 2);
  EXPECT_EQ(comparison.metrics[0].difference.estimate, 1);
  EXPECT_EQ(comparison.metrics[0].outcome, Outcome::kDiffers);
}

// 40 metrics without any difference: Holm keeps the chance of naming even one
// at 5 %.
TEST(CompareRunsTest, ManyMetricsRarelyGiveAFalseDifference) {
  RngStream rng(61);
  int named = 0;
  constexpr int kRuns = 300;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<std::pair<std::string, std::vector<double>>> a, b;
    for (int m = 0; m < 40; ++m) {
      std::vector<double> x, y;
      for (int r = 0; r < 10; ++r) {
        x.push_back(rng.Normal(0, 1));
        y.push_back(rng.Normal(0, 1));
      }
      a.emplace_back(fmt::format("m{}", m), x);
      b.emplace_back(fmt::format("m{}", m), y);
    }
    named += CompareRuns(Record(a, 1), Record(b, 2), 0.95).AnyDifference();
  }
  EXPECT_LT(named, kRuns * (0.05 + 4 * std::sqrt(0.0475 / kRuns)));
}

}  // namespace
}  // namespace airlock
