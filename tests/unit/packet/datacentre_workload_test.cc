#include <gtest/gtest.h>

#include <set>

#include "sim/base/error.h"
#include "sim/packet/workload.h"
#include "sim/workload/flow_sizes.h"

namespace airlock {
namespace {

std::vector<int64_t> Leaves(int64_t leaves, int64_t hosts) {
  std::vector<int64_t> leaf_of;
  for (int64_t i = 0; i < leaves * hosts; ++i) leaf_of.push_back(i / hosts);
  return leaf_of;
}

TEST(Permutation, CrossesLeavesAndHitsEveryHostOnce) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RngStream stream(seed);
    const std::vector<int64_t> leaf_of = Leaves(2, 16);
    const std::vector<int64_t> to = CrossLeafPermutation(leaf_of, &stream);
    std::set<int64_t> targets(to.begin(), to.end());
    EXPECT_EQ(targets.size(), leaf_of.size());
    for (size_t i = 0; i < to.size(); ++i) {
      EXPECT_NE(leaf_of[i], leaf_of[static_cast<size_t>(to[i])]);
    }
  }
}

TEST(Permutation, HasNoFixedPointOnOneLeaf) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RngStream stream(seed);
    const std::vector<int64_t> to = CrossLeafPermutation(Leaves(1, 3), &stream);
    for (size_t i = 0; i < to.size(); ++i) {
      EXPECT_NE(to[i], static_cast<int64_t>(i));
    }
  }
}

TEST(Workload, UnknownNamesListTheKnown) {
  try {
    FindWorkload("shuffle");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "traffic.kind: 'shuffle' is not known; known: none, "
                 "permutation, incast, all-to-all, poisson, rack-matrix, "
                 "trace");
  }
  EXPECT_THROW(FindFlowSizes("zipf"), InputError);
}

TEST(FlowSizes, TablesIncreaseToAllFlows) {
  for (const FlowSizes& sizes : FlowSizeTable()) {
    SCOPED_TRACE(sizes.name);
    ASSERT_GE(sizes.points.size(), 2u);
    EXPECT_EQ(sizes.points.front().percent, 0);
    EXPECT_EQ(sizes.points.back().percent, 100);
    for (size_t i = 1; i < sizes.points.size(); ++i) {
      EXPECT_GT(sizes.points[i].bytes, sizes.points[i - 1].bytes);
      EXPECT_GT(sizes.points[i].percent, sizes.points[i - 1].percent);
    }
  }
}

// By hand: the sum of share x mid-point over the segments.
TEST(FlowSizes, MeanOfWebSearch) {
  const double expected = 0.15 * 5e3 + 0.05 * 15e3 + 0.10 * 25e3 + 0.10 * 40e3 +
                          0.13 * 65e3 + 0.07 * 140e3 + 0.10 * 600e3 +
                          0.10 * 1.5e6 + 0.10 * 3.5e6 + 0.07 * 7.5e6 +
                          0.03 * 20e6;
  EXPECT_NEAR(FindFlowSizes("websearch").MeanBytes(), expected, 1);
}

TEST(FlowSizes, DrawsFollowTheTable) {
  const FlowSizes& sizes = FindFlowSizes("websearch");
  RngStream stream(3);
  constexpr int kDraws = 20000;
  double small = 0;
  double large = 0;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double bytes = static_cast<double>(sizes.Draw(&stream).value());
    ASSERT_GE(bytes, 1);
    ASSERT_LE(bytes, 30e6);
    small += bytes <= 80e3;
    large += bytes > 10e6;
    sum += bytes;
  }
  EXPECT_NEAR(small / kDraws, 0.53, 0.015);
  EXPECT_NEAR(large / kDraws, 0.03, 0.005);
  EXPECT_NEAR(sum / kDraws / sizes.MeanBytes(), 1, 0.06);
}

}  // namespace
}  // namespace airlock
