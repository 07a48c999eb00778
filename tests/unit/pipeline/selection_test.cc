#include "twin/pipeline/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::airlock::testing::ErrorOf;

using ::testing::HasSubstr;

enum Column { kStrong, kWave, kWeak, kCopy, kNoise0, kColumns = 10 };

// A table in the manner of Friedman (1991): a strong straight line, a wave of
// two full turns that no straight line sees, a weak line, a noisy copy of the
// strong one, and six columns of noise.
SampleTable MakeTable(int64_t rows, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/selection", Replication(0));
  SampleTable table;
  table.columns = kColumns;
  for (int64_t r = 0; r < rows; ++r) {
    double x[kColumns];
    for (double& value : x) value = rng.Uniform();
    x[kCopy] = x[kStrong] + rng.Normal(0, 0.02);
    table.x.insert(table.x.end(), x, x + kColumns);
    table.y.push_back(10 * x[kStrong] + 4 * std::sin(4 * M_PI * x[kWave]) +
                      3 * x[kWeak] + rng.Normal(0, 0.5));
    table.last_target.push_back(0);
    table.origin.push_back(r);
  }
  return table;
}

std::vector<int64_t> Order(RankingMethod method, const SampleTable& table) {
  std::vector<int64_t> order;
  for (const RankedFeature& feature :
       RankFeatures(method, table, RankingOptions())) {
    order.push_back(feature.column);
  }
  return order;
}

int64_t PlaceOf(int64_t column, const std::vector<int64_t>& order) {
  return std::find(order.begin(), order.end(), column) - order.begin();
}

TEST(RankFeatures, PearsonKeepsTheCopyAndMissesTheWaveWhichMrmrFindsSecond) {
  for (const uint64_t seed : {1, 2, 3}) {
    const SampleTable table = MakeTable(600, seed);
    const auto pearson = Order(RankingMethod::kPearson, table);
    EXPECT_LE(std::max(PlaceOf(kStrong, pearson), PlaceOf(kCopy, pearson)), 1);
    const auto information = Order(RankingMethod::kMutualInformation, table);
    EXPECT_LE(PlaceOf(kWave, information), 2);
    EXPECT_LE(PlaceOf(kCopy, information), 2);
    const auto mrmr = Order(RankingMethod::kMrmr, table);
    EXPECT_LE(std::min(PlaceOf(kStrong, mrmr), PlaceOf(kCopy, mrmr)), 1);
    EXPECT_LE(PlaceOf(kWave, mrmr), 1);
    EXPECT_GE(std::max(PlaceOf(kStrong, mrmr), PlaceOf(kCopy, mrmr)), 3);
    EXPECT_EQ(mrmr.size(), 10u);
  }
}

TEST(RankFeatures, ScoresConstantColumnsZeroAndKeepsTiesInOrder) {
  SampleTable table = MakeTable(100, 1);
  for (int64_t r = 0; r < 100; ++r) {
    table.x[static_cast<size_t>(r * kColumns)] = 5;
    table.x[static_cast<size_t>(r * kColumns + 9)] = 5;
  }
  for (const RankingMethodEntry& entry : RankingMethods()) {
    if (entry.method == RankingMethod::kMrmr) continue;
    const auto ranking = RankFeatures(entry.method, table, RankingOptions());
    const auto zero =
        std::find_if(ranking.begin(), ranking.end(),
                     [](const auto& each) { return each.column == 0; });
    EXPECT_EQ(zero->score, 0) << entry.name;
  }
  EXPECT_THAT(ErrorOf([] { ParseRankingMethod("mrm"); }),
              HasSubstr("known: pearson, mutual-information, mrmr"));
  table.y.assign(100, std::nan(""));
  EXPECT_THAT(ErrorOf([&] {
                RankFeatures(RankingMethod::kPearson, table, RankingOptions());
              }),
              HasSubstr("0 of 100 rows have a target; 20 are needed"));
}

TEST(RankFeatures, ALimitIsTheSameOrderCutShort) {
  const SampleTable table = MakeTable(300, 1);
  RankingOptions options;
  options.limit = 4;
  for (const RankingMethodEntry& entry : RankingMethods()) {
    const auto ranking = RankFeatures(entry.method, table, options);
    const auto all = Order(entry.method, table);
    ASSERT_EQ(ranking.size(), 4u);
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(ranking[i].column, all[i]);
  }
}

TEST(KeepColumns, KeepsTheTablesOrder) {
  const SampleTable table = MakeTable(30, 1);
  const std::vector<int64_t> columns =
      FirstColumns({{7, 3.0}, {2, 2.0}, {5, 1.0}}, 2);
  EXPECT_EQ(columns, (std::vector<int64_t>{2, 7}));
  const SampleTable kept = KeepColumns(table, columns);
  EXPECT_EQ(kept.columns, 2);
  EXPECT_EQ(kept.Row(29)[0], table.Row(29)[2]);
  EXPECT_EQ(kept.Row(29)[1], table.Row(29)[7]);
}

// By the authors' formulas in NumPy.
TEST(StabilityIndex, EqualsAnIndependentComputation) {
  const Interval index = StabilityIndex({{1, 1, 0, 0, 0, 1},
                                         {1, 1, 0, 0, 1, 0},
                                         {1, 0, 1, 0, 0, 0},
                                         {1, 1, 0, 0, 0, 0}},
                                        0.95);
  EXPECT_NEAR(index.estimate, 0.3142857142857143, 1e-12);
  EXPECT_NEAR(index.low, 0.07361907484789659, 1e-9);
  EXPECT_NEAR(index.high, 0.5549523537235319, 1e-9);
  EXPECT_EQ(StabilityIndex({{1, 0}, {1, 0}}, 0.95).estimate, 1);
  EXPECT_FALSE(StabilityIndex({{1, 1}, {1, 1}}, 0.95).known());
}

TEST(MeasureStability, IsHighWithASignalAndNearZeroWithout) {
  StabilityOptions options;
  options.count = 2;
  options.resamples = 20;
  // The copy would take turns with what it copies.
  const SampleTable table =
      KeepColumns(MakeTable(600, 1), {kStrong, kWave, kWeak, 4, 5, 6, 7, 8, 9});
  const SelectionStability stable =
      MeasureStability(RankingMethod::kMrmr, table, options);
  EXPECT_GT(stable.index.estimate, 0.75);
  EXPECT_GT(stable.frequency[kWave], 0.9);
  SampleTable noise = KeepColumns(table, {3, 4, 5, 6, 7, 8});
  RngStream rng = RngTree(9).Stream("test/noise", Replication(0));
  for (double& y : noise.y) y = rng.Uniform();
  EXPECT_LT(
      MeasureStability(RankingMethod::kMrmr, noise, options).index.estimate,
      0.7);
}

}  // namespace
}  // namespace airlock
