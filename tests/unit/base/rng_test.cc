#include "sim/base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace airlock {
namespace {

struct Moments {
  double mean;
  double variance;
};

Moments Sample(int n, const std::function<double()>& draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / n;
  return {mean, squares / n - mean * mean};
}

// Four standard errors of the mean of `n` draws.
double Band(double variance, int n) { return 4 * std::sqrt(variance / n); }

// Random123's known-answer vector for Philox4x32-10, counter and key zero.
TEST(RngStreamTest, IsPhilox4x32) {
  RngStream stream(0);
  EXPECT_EQ(stream.Next64(), (uint64_t{0xe169c58d} << 32) | 0x6627e8d5u);
  EXPECT_EQ(stream.Next64(), (uint64_t{0x9b00dbd8} << 32) | 0xbc57ac4cu);
}

TEST(RngStreamTest, DistributionsHaveTheirMoments) {
  constexpr int kDraws = 200000;
  RngStream s(42);
  const Moments uniform = Sample(kDraws, [&] { return s.Uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, Band(1.0 / 12, kDraws));
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.002);
  const Moments exponential = Sample(kDraws, [&] { return s.Exponential(3); });
  EXPECT_NEAR(exponential.mean, 3, Band(9, kDraws));
  EXPECT_NEAR(exponential.variance, 9, 0.3);
  const Moments normal = Sample(kDraws, [&] { return s.Normal(-1, 2); });
  EXPECT_NEAR(normal.mean, -1, Band(4, kDraws));
  EXPECT_NEAR(normal.variance, 4, 0.06);
  const Moments lognormal = Sample(kDraws, [&] { return s.LogNormal(5, 0.4); });
  EXPECT_NEAR(lognormal.mean, 5, Band(4, kDraws));
  EXPECT_NEAR(lognormal.variance, 4, 0.2);
  for (const double shape : {0.5, 1.0, 4.0}) {
    const Moments gamma = Sample(kDraws, [&] { return s.Gamma(shape, 2); });
    EXPECT_NEAR(gamma.mean, 2 * shape, Band(4 * shape, kDraws));
    EXPECT_NEAR(gamma.variance, 4 * shape, 0.06 * 4 * shape + 0.05);
  }
}

TEST(RngStreamTest, UniformIntCoversItsRangeEvenly) {
  RngStream s(7);
  int counts[6] = {0};
  for (int i = 0; i < 60000; ++i) ++counts[s.UniformInt(6)];
  double chi_square = 0;
  for (const int count : counts) {
    chi_square += (count - 10000.0) * (count - 10000.0) / 10000;
  }
  EXPECT_LT(chi_square, 20.5);  // chi-square, 5 degrees of freedom, p 0.001
}

TEST(RngTreeTest, StreamsDependOnSeedNameAndReplicationOnly) {
  const RngTree tree(1);
  const auto first = [&](const RngTree& t, const char* name, int replication) {
    return t.Stream(name, Replication(replication)).Next64();
  };
  EXPECT_EQ(first(tree, "a", 0), first(RngTree(1), "a", 0));
  EXPECT_NE(first(tree, "a", 0), first(tree, "b", 0));
  EXPECT_NE(first(tree, "a", 0), first(tree, "a", 1));
  EXPECT_NE(first(tree, "a", 0), first(RngTree(2), "a", 0));
}

}  // namespace
}  // namespace airlock
