#include "twin/drift/rank_bank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<double> Normals(int64_t count, RngStream* rng) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(rng->Normal(0, 1));
  return values;
}

TEST(RankCells, AreTheGapsOfAFewValues) {
  const RankCells cells({3, 1, 2});
  ASSERT_EQ(cells.count(), 4u);
  EXPECT_EQ(cells.Index(0), 0u);
  EXPECT_EQ(cells.Index(1), 0u);
  EXPECT_EQ(cells.Index(1.5), 1u);
  EXPECT_EQ(cells.Index(3), 2u);
  EXPECT_EQ(cells.Index(3.1), 3u);
  EXPECT_THAT(cells.expected(), ::testing::Each(0.25));
  EXPECT_EQ(cells.observed()[3], 0);
  EXPECT_DOUBLE_EQ(cells.ranks()[0], 0.125);
  EXPECT_DOUBLE_EQ(cells.ranks()[3], 0.875);
}

TEST(RankCells, AValueThatRepeatsHasItsOwn) {
  std::vector<double> values(60, 0.0);
  for (int i = 1; i <= 40; ++i) values.push_back(i);
  const RankCells cells(values);
  const size_t zero = cells.Index(0);
  EXPECT_EQ(zero, 1u);
  EXPECT_EQ(cells.Index(-1e-300), 0u);
  EXPECT_EQ(cells.Index(1e-300), 2u);
  EXPECT_DOUBLE_EQ(cells.observed()[zero], 0.6);
  EXPECT_DOUBLE_EQ(cells.expected()[zero], 60 / 102.0);
  const RankCells constant(std::vector<double>(50, 7.0));
  EXPECT_EQ(constant.count(), 3u);
  EXPECT_EQ(constant.Index(7), 1u);
  EXPECT_DOUBLE_EQ(constant.ranks()[1], 0.5);
}

TEST(RankCells, HoldEveryValueOnceInOrder) {
  RngStream rng = RngTree(1).Stream("test", Replication(0));
  for (const int64_t count : {1, 2, 20, 127, 1000, 50000}) {
    for (const double grid : {0.0, 0.3}) {
      std::vector<double> values = Normals(count, &rng);
      for (double& value : values) {
        if (grid > 0) value = std::round(value / grid) * grid;
      }
      const RankCells cells(values);
      EXPECT_LE(cells.count(), 2u * RankCells::kCells + 3);
      std::vector<double> shares(cells.count(), 0);
      for (const double value : values) {
        shares[cells.Index(value)] += 1.0 / static_cast<double>(count);
      }
      double below = 0;
      for (size_t i = 0; i < shares.size(); ++i) {
        ASSERT_NEAR(shares[i], cells.observed()[i], 1e-9);
        ASSERT_NEAR(cells.ranks()[i], below + cells.expected()[i] / 2, 1e-12);
        below += cells.expected()[i];
      }
      EXPECT_NEAR(below, 1, 1e-9);
      std::sort(values.begin(), values.end());
      for (size_t i = 1; i < values.size(); ++i) {
        ASSERT_LE(cells.Index(values[i - 1]), cells.Index(values[i]));
      }
    }
  }
}

// A value is known up to half a cell, .034 for this reference.
std::vector<double> LongNormalReference() {
  std::vector<double> reference;
  for (int i = 1; i < 100000; ++i) reference.push_back(NormalQuantile(i / 1e5));
  return reference;
}

// A long normal reference: the score is the value itself, and a single value x
// is worth the largest of theta x - theta^2 / 2 for theta = +-.25, .5, 1, 2.
TEST(RankBank, LevelIsTheLikelihoodRatioOfAShift) {
  const std::vector<double> reference = LongNormalReference();
  const auto bank =
      RankBankStatistic().make(reference, {{"spread", 0}, {"shape", 0}});
  for (const double x : {-2.0, -0.4, 0.05, 0.3, 1.0, 1.7, 2.4}) {
    double expected = 0;
    for (const double theta : {0.25, 0.5, 1.0, 2.0}) {
      expected = std::max(expected, theta * std::abs(x) - theta * theta / 2);
    }
    bank->Reset();
    EXPECT_NEAR(bank->Update(x), expected, 2 * 0.034 + 0.002) << x;
  }
  // Sums add up while they are positive; the change is dated by their start.
  bank->Reset();
  for (int t = 0; t < 5; ++t) bank->Update(-3);
  EXPECT_EQ(bank->SamplesSinceChange(), 5);
  double evidence = 0;
  for (int t = 0; t < 40; ++t) evidence = bank->Update(2);
  EXPECT_NEAR(evidence, 40 * (2 * 2.0 - 2), 40 * (2 * 0.034 + 0.002));
  EXPECT_EQ(bank->SamplesSinceChange(), 40);
}

TEST(RankBank, SpreadIsTheLikelihoodRatioOfAScale) {
  const std::vector<double> reference = LongNormalReference();
  const auto bank =
      RankBankStatistic().make(reference, {{"level", 0}, {"shape", 0}});
  for (const double x : {-2.5, 0.0, 0.3, 1.2, 2.0}) {
    double expected = 0;
    for (const double ratio : {1.4, 2.0, 3.0, 1 / 1.4, 1 / 2.0, 1 / 3.0}) {
      expected = std::max(
          expected, (1 - 1 / (ratio * ratio)) / 2 * x * x - std::log(ratio));
    }
    bank->Reset();
    // d/dx theta x^2 with the largest theta that wins there.
    const double slope = std::abs(x) < 1 ? 8 * std::abs(x) : std::abs(x);
    EXPECT_NEAR(bank->Update(x), expected, slope * 0.034 + 0.035) << x;
  }
}

TEST(RankBank, SeesRanksOnly) {
  RngStream rng = RngTree(3).Stream("test", Replication(0));
  const std::vector<double> reference = Normals(500, &rng);
  std::vector<double> transformed;
  for (const double value : reference) transformed.push_back(std::exp(value));
  const auto plain = RankBankStatistic().make(reference, {});
  const auto other = RankBankStatistic().make(transformed, {});
  for (int t = 0; t < 500; ++t) {
    const double value = rng.Normal(0.3, 1.4);
    ASSERT_EQ(plain->Update(value), other->Update(std::exp(value)));
  }
}

TEST(RankBank, AConstantReferenceIsLeftByAnyOtherValue) {
  const double threshold = RankBankStatistic().classic_threshold({});
  for (const double other : {6.999, 7.001}) {
    const auto bank =
        RankBankStatistic().make(std::vector<double>(500, 7.0), {});
    for (int t = 0; t < 100000; ++t) ASSERT_EQ(bank->Update(7), 0);
    EXPECT_GT(bank->Update(other), 1);
    double evidence = 0;
    for (int t = 0; t < 4; ++t) evidence = bank->Update(other);
    EXPECT_GE(evidence, threshold);
    EXPECT_EQ(bank->SamplesSinceChange(), 5);
  }
}

TEST(RankBank, GoesOnBitIdenticallyAfterSaveAndLoad) {
  RngStream rng = RngTree(5).Stream("test", Replication(0));
  const std::vector<double> reference = Normals(300, &rng);
  const auto bank = RankBankStatistic().make(reference, {});
  for (int split = 0; split < 30; ++split) {
    const uint64_t steps = rng.UniformInt(100);
    for (uint64_t t = 0; t < steps; ++t) bank->Update(rng.Normal(0.1, 1.2));
    nlohmann::json state;
    bank->Save(&state);
    const auto restored = RankBankStatistic().make(reference, {});
    restored->Load(nlohmann::json::parse(state.dump()));
    for (int t = 0; t < 50; ++t) {
      const double value = rng.Normal(0.1, 1.2);
      ASSERT_EQ(bank->Update(value), restored->Update(value));
      ASSERT_EQ(bank->SamplesSinceChange(), restored->SamplesSinceChange());
    }
  }
  bank->Reset();
  nlohmann::json reset, fresh;
  bank->Save(&reset);
  RankBankStatistic().make(reference, {})->Save(&fresh);
  EXPECT_EQ(reset, fresh);
}

TEST(RankBank, RefusesWhatCannotBe) {
  const std::vector<double> reference(50, 1.0);
  const auto error = [&](const StatisticParameters& parameters) {
    return ErrorOf([&] { RankBankStatistic().make(reference, parameters); });
  };
  EXPECT_EQ(error({{"level", 0}, {"spread", 0}, {"shape", 0}}),
            "rank-bank: level, spread and shape are all 0; nothing is left to "
            "look for");
  EXPECT_EQ(error({{"level", 2}}), "rank-bank: level is 2; write 0 to 1");
  EXPECT_EQ(error({{"window", 100}}),
            "rank-bank: no parameter 'window'; known: level, spread, shape, "
            "run-length");
  EXPECT_EQ(ErrorOf([] {
              RankBankStatistic().make(std::vector<double>(19, 0.0), {});
            }),
            "rank-bank: the reference has 19 values; ranks among it need 20");
  const auto bank = RankBankStatistic().make(reference, {});
  EXPECT_THAT(ErrorOf([&] {
                bank->Load({{"sums", {1}}, {"ages", {1}}});
              }),
              HasSubstr("rank-bank state: it needs "));
  EXPECT_THROW(bank->Load(nlohmann::json::parse("[]")),
               nlohmann::json::exception);
}

}  // namespace
}  // namespace airlock
