#include "sim/scenario/wlan_propagation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/scenario/wlan_layout.h"

namespace airlock {
namespace {

Position At(double x, double y) { return {Length(x), Length(y)}; }

WallConfig Wall(double x1, double y1, double x2, double y2, double loss_db) {
  WallConfig wall;
  wall.from = At(x1, y1);
  wall.to = At(x2, y2);
  wall.loss_db = loss_db;
  return wall;
}

TEST(WlanPropagation, LogDistanceOfEachBand) {
  WlanConfig wlan;
  wlan.path_loss_exponent = 3.5;
  wlan.reference_distance = Length(2);
  wlan.reference_loss_db = 50;
  wlan.reference_loss_24ghz_db = 44;
  const WlanPropagation propagation(wlan, 1);
  EXPECT_NEAR(propagation.PathLossDb(At(1, 1), At(1, 21), false), 85, 1e-12);
  EXPECT_NEAR(propagation.PathLossDb(At(13, 17), At(1, 1), true), 79, 1e-12);
  // No gain below the reference distance.
  EXPECT_EQ(propagation.PathLossDb(At(0, 0), At(0, 1), false), 50);
}

TEST(WlanPropagation, EveryWallOnTheWayCounts) {
  WlanConfig wlan;
  wlan.walls = {Wall(1, -1, 1, 1, 3), Wall(2, -1, 2, 1, 5), Wall(3, 1, 3, 2, 7),
                Wall(4, -1, 6, 1, 11)};
  const auto loss = [&](double x1, double y1, double x2, double y2) {
    const double there = WallLossDb(wlan, At(x1, y1), At(x2, y2));
    EXPECT_EQ(WallLossDb(wlan, At(x2, y2), At(x1, y1)), there);
    return there;
  };
  EXPECT_EQ(loss(0, 0, 0.9, 0), 0);
  EXPECT_EQ(loss(0, 0, 1.5, 0), 3);
  EXPECT_EQ(loss(0, 0, 2.5, 0), 8);
  EXPECT_EQ(loss(0, 0, 3.5, 0), 8);  // the third does not reach down
  EXPECT_EQ(loss(0, 0, 9, 0), 19);   // the fourth lies across
  EXPECT_EQ(loss(0, 2, 0, -2), 0);   // along, beside all of them
  EXPECT_EQ(loss(2.5, 1.5, 3.5, 1.5), 7);
}

TEST(WlanPropagation, WallsEndToEndCountOnce) {
  WlanConfig wlan;
  wlan.walls = {Wall(1, -1, 1, 0, 3), Wall(1, 0, 1, 1, 3)};
  EXPECT_EQ(WallLossDb(wlan, At(0, 0), At(2, 0)), 3);  // where they meet
  EXPECT_EQ(WallLossDb(wlan, At(0, 0.5), At(2, 0.5)), 3);
  EXPECT_EQ(WallLossDb(wlan, At(0, -0.5), At(2, -0.5)), 3);
}

// 40 nodes, 1560 ordered pairs: mean within 4 standard errors of 0, standard
// deviation within 4 of its own of 4 dB, there and back uncorrelated.
TEST(WlanPropagation, ShadowingIsNormalAndOfOrderedPairs) {
  WlanConfig wlan;
  wlan.shadowing_db = 4;
  const WlanPropagation propagation(wlan, 5);
  constexpr int kNodes = 40;
  constexpr double kPairs = kNodes * (kNodes - 1);
  double sum = 0, squares = 0, products = 0;
  for (int i = 0; i < kNodes; ++i) {
    for (int j = 0; j < kNodes; ++j) {
      if (i == j) continue;
      const std::string a = "a" + std::to_string(i);
      const std::string b = "a" + std::to_string(j);
      const double there = propagation.ShadowingDb(a, b);
      EXPECT_EQ(propagation.ShadowingDb(a, b), there);
      sum += there;
      squares += there * there;
      products += there * propagation.ShadowingDb(b, a);
    }
  }
  EXPECT_NEAR(sum / kPairs, 0, 4 * 4 / std::sqrt(kPairs));
  EXPECT_NEAR(std::sqrt(squares / kPairs), 4, 4 * 4 / std::sqrt(2 * kPairs));
  // Each pair counts twice in the sum of products.
  EXPECT_NEAR(products / squares, 0, 4 / std::sqrt(kPairs / 2));
  EXPECT_NE(WlanPropagation(wlan, 6).ShadowingDb("a0", "a1"),
            propagation.ShadowingDb("a0", "a1"));
  wlan.shadowing_db = 8;  // the same draw, twice as wide
  EXPECT_NEAR(
      WlanPropagation(wlan, 5).ShadowingDb("a0", "a1"),
      2 *
          [] {
            WlanConfig narrow;
            narrow.shadowing_db = 4;
            return WlanPropagation(narrow, 5).ShadowingDb("a0", "a1");
          }(),
      1e-12);
}

TEST(WlanPropagation, RssiOfANeighbourIsTheSumOfAll) {
  WlanConfig wlan;
  wlan.shadowing_db = 4;
  wlan.power_variation_db = 3;
  wlan.walls = {Wall(5, -1, 5, 1, 6)};
  AccessPointConfig a, b;
  a.name = "a";
  a.transmit_power = PowerDbm(20);
  b.name = "b";
  b.position = At(10, 0);
  const WlanPropagation propagation(wlan, 1);
  EXPECT_NEAR(propagation.RssiDbm(a, b),
              20 + propagation.PowerVariationDb("a") - 46.67 - 30 - 6 -
                  propagation.ShadowingDb("a", "b"),
              1e-12);
  EXPECT_NE(propagation.PowerVariationDb("a"), 0);
  EXPECT_NE(propagation.PowerVariationDb("a"),
            propagation.PowerVariationDb("b"));
}

TEST(WlanLayout, StationsWalkAlongTheirPaths) {
  StationConfig station;
  station.position = At(0, 0);
  station.path = {{Milliseconds(1000), At(3, 4), Speed(2)},
                  {Milliseconds(5000), At(3, 0), Speed(4)}};
  EXPECT_EQ(ArrivalsOf(station),
            (std::vector<SimTime>{Milliseconds(3500), Milliseconds(6000)}));
  const auto expect = [&](int64_t ms, double x, double y) {
    const Position at = PositionAt(station, Milliseconds(ms));
    EXPECT_NEAR(at.x.value(), x, 1e-12) << ms;
    EXPECT_NEAR(at.y.value(), y, 1e-12) << ms;
  };
  expect(0, 0, 0);
  expect(1000, 0, 0);
  expect(2000, 1.2, 1.6);  // 2 m of 5
  expect(3500, 3, 4);
  expect(4999, 3, 4);
  expect(5500, 3, 2);
  expect(9000, 3, 0);
}

TEST(WlanLayout, StationsOfAnAccessPoint) {
  AccessPointConfig ap;
  ap.position = At(10, 0);
  ap.station_distance = Length(2);
  EXPECT_EQ(StationsOf(ap).size(), 4u);
  ap.placed_stations.resize(1);
  ap.placed_stations[0].name = "desk";
  EXPECT_EQ(StationsOf(ap).size(), 1u);  // no circle unless asked for
  ap.stations = 2;
  const auto all = StationsOf(ap);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].name, "1");
  EXPECT_NEAR(all[1].position.x.value(), 8, 1e-12);
  EXPECT_EQ(all[2].name, "desk");
}

TEST(WlanLayout, TheNearestFlowsWin) {
  WlanConfig wlan;
  AccessPointConfig ap;
  StationConfig station;
  wlan.traffic.rate_per_station = Mbps(1);
  EXPECT_EQ(FlowsOf(wlan, ap, station).size(), 1u);
  ap.flows.resize(2);
  EXPECT_EQ(FlowsOf(wlan, ap, station).size(), 2u);
  station.flows.resize(1);
  station.flows[0].rate_per_station = Mbps(3);
  EXPECT_EQ(FlowsOf(wlan, ap, station)[0].rate_per_station, Mbps(3));
}

}  // namespace
}  // namespace airlock
