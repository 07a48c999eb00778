#include "sim/optimisation/search_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "sim/optimisation/sobol.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const double kInfinity = std::numeric_limits<double>::infinity();

SearchSpace Mixed() {
  return SearchSpace({{"rate", 1e-4, 1, true, false},
                      {"depth", 1, 4, false, true},
                      {"trees", 1, 1024, true, true},
                      {"share", -1, 3, false, false}});
}

TEST(SearchSpaceTest, MapsThereAndBack) {
  const SearchSpace space = Mixed();
  const std::vector<double> point = {1e-2, 3, 32, 0};
  const Eigen::VectorXd unit = space.ToUnit(point);
  EXPECT_NEAR(unit(0), 0.5, 1e-15);
  EXPECT_NEAR(unit(1), 2.5 / 4, 1e-15);
  EXPECT_NEAR(unit(2), std::log(32 / 0.5) / std::log(1024.5 / 0.5), 1e-15);
  EXPECT_NEAR(unit(3), 0.25, 1e-15);
  EXPECT_THAT(space.FromUnit(unit), ElementsAre(DoubleNear(1e-2, 1e-16), 3, 32,
                                                DoubleNear(0, 1e-15)));
}

TEST(SearchSpaceTest, CornersAreInTheBox) {
  const SearchSpace space = Mixed();
  EXPECT_THAT(space.FromUnit(Eigen::VectorXd::Zero(4)),
              ElementsAre(DoubleNear(1e-4, 1e-18), 1, 1, -1));
  EXPECT_THAT(space.FromUnit(Eigen::VectorXd::Ones(4)),
              ElementsAre(1, 4, 1024, 3));
  space.Check(space.FromUnit(Eigen::VectorXd::Ones(4)));
}

TEST(SearchSpaceTest, IntegersHaveEqualShares) {
  const SearchSpace space({{"n", 1, 4, false, true}});
  std::map<double, int> counts;
  for (int i = 0; i < 4000; ++i) {
    const Eigen::VectorXd unit = Eigen::VectorXd::Constant(1, (i + 0.5) / 4000);
    ++counts[space.FromUnit(unit)[0]];
    EXPECT_EQ(space.ToUnit(space.FromUnit(unit)), space.Snap(unit));
    EXPECT_EQ(space.Snap(space.Snap(unit)), space.Snap(unit));
  }
  for (int n = 1; n <= 4; ++n) EXPECT_EQ(counts[n], 1000) << n;
}

TEST(SearchSpaceTest, WrongDimensionsAreNamed) {
  const auto error = [](std::vector<SearchDimension> dimensions) {
    return testing::ErrorOf([&] { SearchSpace space(dimensions); });
  };
  EXPECT_THAT(error({}), HasSubstr("at least one dimension"));
  EXPECT_THAT(error({{"", 0, 1}}), HasSubstr("no name"));
  EXPECT_THAT(error({{"x", 0, 1}, {"x", 0, 1}}),
              HasSubstr("'x' is there twice"));
  EXPECT_THAT(error({{"x", 1, 1}}), HasSubstr("'x': [1, 1] is not a range"));
  EXPECT_THAT(error({{"x", 0, kInfinity}}), HasSubstr("not a range"));
  EXPECT_THAT(error({{"x", std::nan(""), 1}}), HasSubstr("not a range"));
  EXPECT_THAT(error({{"x", 0, 1, true}}), HasSubstr("starts above 0"));
  EXPECT_THAT(error({{"x", 0.5, 2, false, true}}), HasSubstr("is whole"));
}

TEST(SearchSpaceTest, WrongPointsAreNamed) {
  const SearchSpace space = Mixed();
  const auto error = [&](std::vector<double> point) {
    return testing::ErrorOf([&] { space.Check(point); });
  };
  EXPECT_THAT(error({1, 2}),
              HasSubstr("a point of 2 numbers; the search has 4"));
  EXPECT_THAT(error({2, 2, 2, 0}),
              HasSubstr("'rate': 2 is outside [0.0001, 1]"));
  EXPECT_THAT(error({1, 2.5, 2, 0}), HasSubstr("'depth': 2.5 is not whole"));
  EXPECT_THAT(error({std::nan(""), 2, 2, 0}), HasSubstr("'rate': nan"));
}

// Each of 64 equal slices of an axis has one of the sequence's points 0 to 63
// (a net in base 2), and the shift keeps that. Boost leaves out point 0.
TEST(ShiftedSobolTest, EverySliceHasOnePoint) {
  const Eigen::MatrixXd points = ShiftedSobol(63, 5, 0, RngStream(3));
  EXPECT_GE(points.minCoeff(), 0);
  EXPECT_LT(points.maxCoeff(), 1);
  for (int j = 0; j < 5; ++j) {
    std::set<int> slices;
    for (int i = 0; i < 63; ++i) {
      slices.insert(static_cast<int>(points(i, j) * 64));
    }
    EXPECT_EQ(slices.size(), 63u) << j;
  }
}

TEST(ShiftedSobolTest, SkipGoesOnWhereItWas) {
  const Eigen::MatrixXd all = ShiftedSobol(10, 3, 0, RngStream(3));
  const Eigen::MatrixXd rest = ShiftedSobol(4, 3, 6, RngStream(3));
  EXPECT_EQ(all.bottomRows(4), rest);
  EXPECT_NE(all, ShiftedSobol(10, 3, 0, RngStream(4)));
}

}  // namespace
}  // namespace airlock
