#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/scenario/calibration_profile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wlan_run.h"

namespace airlock {
namespace {

using testing::TemporaryFolder;

constexpr double kExponent = 2.2;
constexpr double kLossDb = 52;       // at 1 m on 5 GHz
constexpr double kLoss24GhzDb = 44;  // and on 2.4 GHz
constexpr double kShadowingDb = 4;
// Of what a radio sends, 0.7 % lie outside of its channel (the transmit mask of
// IEEE 802.11-2020, 27.3.19.1, which ns-3's spectrum follows).
constexpr double kMaskDb = 0.05;
constexpr int kStations = 12;

double DistanceOf(int station) { return 3 + 1.5 * station; }

// Access points on both bands, each with stations at known distances.
Scenario MakeBothBands() {
  Scenario scenario = MakeWlan(2, 0);
  scenario.run.sample_interval = Milliseconds(100);
  WlanConfig& wlan = *scenario.wlan;
  wlan.transmit_power = PowerDbm(20);
  wlan.rate_control = "constant";
  wlan.mcs = 0;
  wlan.traffic.rate_per_station = Bandwidth(100000);
  wlan.access_points[1].channel = 1;
  for (AccessPointConfig& ap : wlan.access_points) {
    ap.stations.reset();
    for (int i = 0; i < kStations; ++i) {
      StationConfig station;
      station.name = fmt::format("s{}", i);
      station.position = {Length(ap.position.x.value()), Length(DistanceOf(i))};
      ap.placed_stations.push_back(station);
    }
  }
  return scenario;
}

std::string WriteProfile(const TemporaryFolder& folder, double shadowing) {
  CalibrationProfile profile;
  profile.scenario_sha256 = "0";
  const auto add = [&](const char* key, const char* unit, double value) {
    FittedParameter row;
    row.function = kWholeWlan;
    row.key = key;
    row.unit = unit;
    row.value = row.low = row.high = value;
    profile.parameters.push_back(row);
  };
  add("path_loss_exponent", "1", kExponent);
  add("reference_loss_db", "dB", kLossDb);
  add("reference_loss_24ghz_db", "dB", kLoss24GhzDb);
  add("shadowing_db", "dB", shadowing);
  const std::string path = folder / "profile.yaml";
  WriteCalibrationProfile(profile, path);
  return path;
}

// RSSI in a run over what the profile's law says at that distance, in dB.
std::vector<double> DeparturesFromLaw(double shadowing) {
  const TemporaryFolder folder;
  Scenario scenario = MakeBothBands();
  scenario.wlan->profile = WriteProfile(folder, shadowing);
  const auto metrics = WlanMetrics(scenario);
  std::vector<double> departures;
  for (int ap = 0; ap < 2; ++ap) {
    for (int i = 0; i < kStations; ++i) {
      const double law = 20 - (ap == 0 ? kLossDb : kLoss24GhzDb) -
                         10 * kExponent * std::log10(DistanceOf(i));
      departures.push_back(
          metrics.at(fmt::format("station.ap{}.s{}.rssi", ap, i)) - law);
    }
  }
  return departures;
}

TEST(WlanProfile, RssiOfARunIsTheFittedLaw) {
  for (const double departure : DeparturesFromLaw(0)) {
    EXPECT_NEAR(departure, 0, kMaskDb);
  }
}

TEST(WlanProfile, RssiOfARunSpreadsByTheFittedShadowing) {
  const std::vector<double> departures = DeparturesFromLaw(kShadowingDb);
  const double n = 2 * kStations;
  double sum = 0, square = 0;
  for (const double departure : departures) sum += departure;
  for (const double departure : departures) {
    square += std::pow(departure - sum / n, 2);
  }
  // 99.9 % bounds of the mean and the variance of 24 normal draws: 3.29
  // standard errors, chi-squared quantiles 6.92 and 52.0 with 23 degrees of
  // freedom.
  EXPECT_LT(std::abs(sum / n), 3.29 * kShadowingDb / std::sqrt(n));
  EXPECT_GT(square / std::pow(kShadowingDb, 2), 6.92);
  EXPECT_LT(square / std::pow(kShadowingDb, 2), 52.0);
}

}  // namespace
}  // namespace airlock
