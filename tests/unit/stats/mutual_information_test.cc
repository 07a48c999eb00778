#include "sim/stats/mutual_information.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

RngStream Stream(const char* name, int64_t replication = 0) {
  return RngTree(1).Stream(name, Replication(replication));
}

double Ksg(const std::vector<double>& x, const std::vector<double>& y,
           const KsgOptions& options = {}) {
  RngStream ties = Stream("test/ties");
  return KsgMutualInformation(x, y, options, &ties);
}

struct Pair {
  std::vector<double> x, y;
};

Pair JointNormals(double rho, int64_t n, int64_t replication) {
  RngStream rng = Stream("test/normals", replication);
  Pair pair;
  for (int64_t i = 0; i < n; ++i) {
    pair.x.push_back(rng.Normal(0, 1));
    pair.y.push_back(rho * pair.x.back() +
                     std::sqrt(1 - rho * rho) * rng.Normal(0, 1));
  }
  return pair;
}

// Without random numbers, so that any other program can rebuild it.
Pair Sinusoid() {
  Pair pair;
  for (int i = 0; i < 400; ++i) {
    const double a = 1e4 * std::sin(i + 1.0), b = 1e4 * std::sin(1.7 * i + 2.0);
    const double x = a - std::floor(a), e = b - std::floor(b);
    pair.x.push_back(x);
    pair.y.push_back(std::sin(6 * x) + 0.3 * e);
  }
  return pair;
}

// Equation 8 with SciPy 1.x's digamma and all pairwise distances in NumPy.
TEST(KsgMutualInformation, EqualsTheFormulaOnAllPairs) {
  const Pair pair = Sinusoid();
  KsgOptions options;
  options.noise = 1e-13;
  options.neighbours = 1;
  EXPECT_NEAR(Ksg(pair.x, pair.y, options), 1.8691481389106954, 1e-9);
  options.neighbours = 3;
  EXPECT_NEAR(Ksg(pair.x, pair.y, options), 1.851448241953018, 1e-9);
  options.neighbours = 5;
  EXPECT_NEAR(Ksg(pair.x, pair.y, options), 1.8062713157372103, 1e-9);
}

TEST(KsgMutualInformation, MeetsTheClosedFormOfJointNormals) {
  for (const double rho : {0.0, 0.3, 0.6, 0.9}) {
    double sum = 0, squares = 0;
    const int repeats = 20;
    for (int i = 0; i < repeats; ++i) {
      const Pair pair = JointNormals(rho, 1000, i);
      const double estimate = Ksg(pair.x, pair.y);
      sum += estimate;
      squares += estimate * estimate;
    }
    const double mean = sum / repeats;
    const double error =
        std::sqrt((squares / repeats - mean * mean) / (repeats - 1));
    // Four standard errors, and the bias that Kraskov et al. report (figure 4:
    // below 0.01 at 1000 samples).
    EXPECT_NEAR(mean, -0.5 * std::log(1 - rho * rho), 4 * error + 0.01) << rho;
  }
}

TEST(KsgMutualInformation, DoesNotChangeWithUnitsOrOrder) {
  Pair pair = JointNormals(0.7, 500, 0);
  const double before = Ksg(pair.x, pair.y);
  for (double& value : pair.x) value = 3 - 1e9 * value;
  EXPECT_NEAR(Ksg(pair.x, pair.y), before, 1e-6);
  EXPECT_NEAR(Ksg(pair.y, pair.x), before, 1e-6);
}

// Whole numbers tie everywhere; X of 8 equally likely values known exactly
// carries ln 8 nats, and the estimate stays below about that.
TEST(KsgMutualInformation, SurvivesTies) {
  Pair pair;
  RngStream rng = Stream("test/ties-data");
  for (int i = 0; i < 1000; ++i) {
    pair.x.push_back(static_cast<double>(rng.UniformInt(8)));
    pair.y.push_back(static_cast<double>(rng.UniformInt(8)));
  }
  EXPECT_NEAR(Ksg(pair.x, pair.y), 0, 0.1);
  EXPECT_GT(Ksg(pair.x, pair.x), 1);
}

TEST(KsgMutualInformation, ThinsLongSeriesAndRefusesMissingValues) {
  Pair pair = JointNormals(0.6, 20000, 0);
  KsgOptions options;
  options.maximum_samples = 1000;
  EXPECT_NEAR(Ksg(pair.x, pair.y, options), 0.223, 0.1);
  pair.x[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(Ksg(pair.x, pair.y)));
  EXPECT_TRUE(std::isnan(Ksg({1, 2, 3}, {1, 2, 4})));
  EXPECT_EQ(Ksg({1, 1, 1, 1, 1, 1}, {1, 2, 3, 4, 5, 6}), 0);
}

TEST(BinByRank, BinsHoldNearlyEqualNumbersAndTiesShareOne) {
  const BinnedVariable four = BinByRank({5, 1, 8, 3, 7, 2, 6, 4}, 4);
  EXPECT_EQ(four.bins, 4);
  EXPECT_EQ(four.bin, (std::vector<uint16_t>{2, 0, 3, 1, 3, 0, 2, 1}));
  const BinnedVariable tied = BinByRank({0, 0, 0, 0, 0, 0, 1, 2}, 4);
  EXPECT_EQ(tied.bins, 2);
  EXPECT_EQ(tied.bin, (std::vector<uint16_t>{0, 0, 0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(BinByRank({3, 3, 3}, 4).bins, 1);
  EXPECT_EQ(BinByRank({1, std::nan(""), 3}, 4).bins, 0);
}

TEST(BinnedMutualInformation, KnownTables) {
  // Two fair bits, equal: ln 2, less Miller's (2 - 2 - 2 + 1) / 2n.
  std::vector<double> bits;
  for (int i = 0; i < 100; ++i) bits.push_back(i % 2);
  const BinnedVariable x = BinByRank(bits, 2);
  EXPECT_NEAR(BinnedMutualInformation(x, x), std::log(2) + 1 / 200.0, 1e-12);
  // Independent by construction: every pair equally often.
  std::vector<double> other;
  for (int i = 0; i < 100; ++i) other.push_back(i / 2 % 2);
  EXPECT_NEAR(BinnedMutualInformation(x, BinByRank(other, 2)), -1 / 200.0,
              1e-12);
}

TEST(BinnedMutualInformation, IsNearlyUnbiasedWhereThereIsNothing) {
  double mean = 0;
  for (int i = 0; i < 50; ++i) {
    const Pair pair = JointNormals(0, 1000, i);
    mean += BinnedMutualInformation(BinByRank(pair.x, 0), BinByRank(pair.y, 0));
  }
  // Without the correction it would be (20 - 1)^2 / 2000 = 0.18; a
  // fifth of that is left, since many of the 400 pairs of bins stay empty.
  EXPECT_NEAR(mean / 50, 0, 0.05);
}

TEST(CopulaMutualInformation, SeesWhatRisesAndNotWhatTurns) {
  const Pair pair = JointNormals(0.8, 5000, 0);
  std::vector<double> cubed = pair.y, squared = pair.x;
  for (double& value : cubed) value = value * value * value;
  for (double& value : squared) value = value * value;
  const double expected = -0.5 * std::log(1 - 0.64);
  EXPECT_NEAR(CopulaMutualInformation(pair.x, pair.y), expected, 0.05);
  EXPECT_NEAR(CopulaMutualInformation(pair.x, cubed),
              CopulaMutualInformation(pair.x, pair.y), 1e-12);
  EXPECT_NEAR(CopulaMutualInformation(pair.x, squared), 0, 0.01);
  EXPECT_GT(Ksg(pair.x, squared), 1);
}

}  // namespace
}  // namespace airlock
