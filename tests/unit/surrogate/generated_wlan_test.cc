#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/scenario/wlan_generated.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_propagation.h"
#include "sim/surrogate/airtime_scenario.h"
#include "tests/support/reference_wlan.h"

namespace airlock {
namespace {

using testing::ReferenceNetwork;

struct MeanAndError {
  double mean = 0;
  double standard_error = 0;
};

MeanAndError Summarise(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) square += (value - mean) * (value - mean);
  return {mean, std::sqrt(square / (n - 1) / n)};
}

TEST(UnitSquareDistanceTest, IsTheShareOfDrawnPairs) {
  EXPECT_EQ(UnitSquareDistanceCdf(0), 0);
  EXPECT_EQ(UnitSquareDistanceCdf(1.5), 1);
  EXPECT_NEAR(UnitSquareDistanceCdf(std::sqrt(2) - 1e-9), 1, 1e-8);
  EXPECT_NEAR(UnitSquareDistanceCdf(1), M_PI - 13.0 / 6, 1e-12);
  RngStream stream(1);
  constexpr int kPairs = 100000;
  std::vector<double> distances;
  for (int i = 0; i < kPairs; ++i) {
    const double dx = stream.Uniform() - stream.Uniform();
    const double dy = stream.Uniform() - stream.Uniform();
    distances.push_back(std::hypot(dx, dy));
  }
  for (const double r : {0.05, 0.3, 0.7, 1.0, 1.2}) {
    const double p = UnitSquareDistanceCdf(r);
    const auto below = std::count_if(distances.begin(), distances.end(),
                                     [r](double d) { return d <= r; });
    EXPECT_NEAR(static_cast<double>(below) / kPairs, p,
                5 * std::sqrt(p * (1 - p) / kPairs))
        << r;
  }
}

// Over many networks each; five standard errors of the mean over networks.
TEST(GeneratedWlanTest, HearsAsManyNeighboursAsAsked) {
  struct Case {
    int64_t access_points;
    double neighbours;
    int64_t networks;
  };
  for (const Case& c : {Case{30, 6, 60}, Case{49, 15, 40}, Case{150, 47, 10}}) {
    const WlanConfig wlan = ReferenceNetwork(c.access_points, c.neighbours);
    std::vector<double> neighbours;
    for (int64_t seed = 0; seed < c.networks; ++seed) {
      const WlanConfig placed = WithAccessPoints(wlan, seed);
      ASSERT_EQ(placed.access_points.size(), size_t(c.access_points));
      const Eigen::MatrixXd m =
          InterferenceMap(RssiOf(placed, seed), AirtimeChoices());
      neighbours.push_back(m.sum() / static_cast<double>(c.access_points));
    }
    const MeanAndError found = Summarise(neighbours);
    EXPECT_NEAR(found.mean, c.neighbours, 5 * found.standard_error)
        << c.access_points;
  }
}

TEST(GeneratedWlanTest, IsItsSeedAlone) {
  const WlanConfig wlan = ReferenceNetwork(20, 6);
  const WlanConfig one = WithAccessPoints(wlan, 5);
  const WlanConfig again = WithAccessPoints(wlan, 5);
  const WlanConfig other = WithAccessPoints(wlan, 6);
  EXPECT_EQ(RssiOf(one, 5), RssiOf(again, 5));
  EXPECT_NE(RssiOf(one, 5), RssiOf(other, 6));
  EXPECT_EQ(one.access_points[7].name, "ap007");
  EXPECT_EQ(one.access_points[7].channel, again.access_points[7].channel);
}

TEST(GeneratedWlanTest, PlacesAreUniformAndStartsOnAllNineChannels) {
  const WlanConfig wlan = ReferenceNetwork(900, 15);
  const WlanConfig placed = WithAccessPoints(wlan, 3);
  const double side = GeneratedSide(wlan);
  std::vector<int> cells(9, 0);
  std::set<int64_t> channels;
  for (const AccessPointConfig& ap : placed.access_points) {
    const int column = static_cast<int>(3 * ap.position.x.value() / side);
    const int row = static_cast<int>(3 * ap.position.y.value() / side);
    ASSERT_GE(std::min(column, row), 0);
    ASSERT_LE(std::max(column, row), 2);
    ++cells[3 * row + column];
    channels.insert(ap.channel);
  }
  double chi_square = 0;
  for (const int count : cells)
    chi_square += (count - 100.0) * (count - 100) / 100;
  EXPECT_LT(chi_square, 26.1);  // 0.1 % of chi-square with 8 degrees
  EXPECT_EQ(channels.size(), 9u);
}

// What is left of an RSSI without power and distance is the shadowing; a
// variance of n normal values has a standard error of sd^2 sqrt(2 / n).
TEST(GeneratedWlanTest, ShadowingIsAsymmetricWithItsDeviation) {
  const WlanConfig placed = WithAccessPoints(ReferenceNetwork(120, 15), 9);
  const WlanPropagation propagation(placed, 9);
  const Eigen::MatrixXd rssi = RssiOf(placed, 9);
  double square = 0, difference = 0;
  std::vector<double> powers;
  const int n = 120;
  const auto shadowing = [&](int i, int j) {
    const AccessPointConfig& from = placed.access_points[j];
    const AccessPointConfig& to = placed.access_points[i];
    return rssi(i, j) - placed.transmit_power.value() -
           propagation.PowerVariationDb(from.name) +
           propagation.PathLossDb(from.position, to.position, false);
  };
  for (int i = 0; i < n; ++i) {
    powers.push_back(
        propagation.PowerVariationDb(placed.access_points[i].name));
    for (int j = 0; j < i; ++j) {
      const double there = shadowing(i, j), back = shadowing(j, i);
      square += there * there + back * back;
      difference += (there - back) * (there - back);
    }
  }
  const double pairs = n * (n - 1) / 2.0;
  const double error = 5 * std::sqrt(1 / pairs);  // of n = 2 pairs values
  EXPECT_NEAR(square / (2 * pairs) / 16, 1, error);
  // Independent in the two directions: twice the variance.
  EXPECT_NEAR(difference / pairs / 32, 1, 5 * std::sqrt(2 / pairs));
  const MeanAndError power = Summarise(powers);
  EXPECT_NEAR(power.mean, 0, 5 * 3 / std::sqrt(n));
  EXPECT_NEAR(power.standard_error * std::sqrt(n) / 3, 1,
              5 * std::sqrt(1.0 / (2 * n)));
}

TEST(GeneratedWlanTest, PoissonCountsHaveTheirMeanAndVariance) {
  WlanConfig wlan = ReferenceNetwork(30, 6);
  wlan.generated->count = "poisson";
  std::vector<double> counts;
  for (int64_t seed = 0; seed < 300; ++seed) {
    counts.push_back(
        static_cast<double>(GenerateAccessPoints(wlan, seed).size()));
  }
  const MeanAndError found = Summarise(counts);
  EXPECT_NEAR(found.mean, 30, 5 * std::sqrt(30.0 / 300));
  const double variance = found.standard_error * found.standard_error * 300;
  EXPECT_NEAR(variance / 30, 1, 5 * std::sqrt(2.0 / 300));
}

TEST(InstanceSetsTest, TheNamedSetsAreApart) {
  const InstanceSet& test = FindInstanceSet("test");
  EXPECT_EQ(test.instances, 16);
  EXPECT_EQ(test.slots, 144);
  EXPECT_EQ(test.dropped_slots, 25);
  const InstanceSet& validation = FindInstanceSet("validation");
  EXPECT_TRUE(test.first_seed + test.instances <= validation.first_seed ||
              validation.first_seed + validation.instances <= test.first_seed);
  EXPECT_THROW(FindInstanceSet("training"), InputError);
}

}  // namespace
}  // namespace airlock
