#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "sim/results/hdf5_file.h"
#include "sim/scenario/wlan_propagation.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wlan_run.h"

namespace airlock {
namespace {

using Numbers = std::map<std::string, double>;

StationConfig StationAt(const std::string& name, double x, double y) {
  StationConfig station;
  station.name = name;
  station.position = {Length(x), Length(y)};
  return station;
}

// One access point at the origin with one station "s" at 2 m, 100 kbit/s down,
// constant MCS 7 of 802.11ax: 73.1 Mbit/s at 20 MHz and a guard of 3.2 us.
Scenario MakeQuietLink() {
  Scenario scenario = MakeWlan(1, 0);
  WlanConfig& wlan = *scenario.wlan;
  wlan.rate_control = "constant";
  wlan.traffic.rate_per_station = Bandwidth(100000);
  wlan.access_points[0].stations.reset();
  wlan.access_points[0].placed_stations = {StationAt("s", 2, 0)};
  return scenario;
}

// 3 m from the access point, on its channel, on for that share of every 10 ms.
InterfererConfig Oven(double duty_cycle) {
  InterfererConfig oven;
  oven.name = "oven";
  oven.position = {Length(0), Length(3)};
  oven.frequency = Frequency(5180e6);
  oven.bandwidth = Frequency(10e6);
  oven.power = PowerDbm(30);
  oven.duty_cycle = Ratio(duty_cycle);
  oven.period = Milliseconds(10);
  return oven;
}

// Every column of one replication: its values at each sample.
std::map<std::string, std::vector<double>> Series(const Scenario& scenario) {
  const Numbers flat = NumbersFromChild([&] {
    const Trace series = RunWlan(scenario, Replication(0)).series;
    Numbers numbers;
    for (const Column& column : series.columns) {
      for (size_t i = 0; i < column.values.size(); ++i) {
        numbers[fmt::format("{}/{:05}", column.name, i)] = column.values[i];
      }
    }
    return numbers;
  });
  std::map<std::string, std::vector<double>> columns;
  for (const auto& [name, value] : flat) {
    columns[name.substr(0, name.find('/'))].push_back(value);
  }
  return columns;
}

// Of what a radio sends, 0.7 % lie outside of its channel (the transmit mask of
// IEEE 802.11-2020, 27.3.19.1, which ns-3's spectrum follows).
constexpr double kMaskDb = 0.05;

// Thermal noise of 20 MHz at 290 K and a noise figure of 7 dB.
const double kNoiseDbm = 10 * std::log10(1.380649e-23 * 290 * 20e6 * 1e3) + 7;

// A packet of 1472 B is an MSDU of 8 + 20 + 8 + 1472 B under LLC, IPv4 and UDP.
TEST(WlanCounters, OfAStationAreThoseOfItsFrames) {
  Scenario scenario = MakeQuietLink();
  scenario.wlan->traffic.rate_per_station = Mbps(2);
  scenario.wlan->traffic.direction = "both";
  const Numbers metrics = WlanMetrics(scenario);
  const double packets = metrics.at("delivered_packet_rate");
  EXPECT_NEAR(packets, 2 * 2e6 / (8 * 1472), 8);
  EXPECT_NEAR(metrics.at("station.ap0.s.bytes"), packets * 1508,
              0.02 * packets * 1508);
  EXPECT_NEAR(metrics.at("station.ap0.s.rssi"), 16 - 46.67 - 30 * std::log10(2),
              kMaskDb);
  EXPECT_NEAR(metrics.at("station.ap0.s.rate"), 73.125e6, 0.1e6);
  EXPECT_EQ(metrics.at("station.ap0.s.out_of_range"), 0);
  EXPECT_NEAR(metrics.at("ap.ap0.noise"), kNoiseDbm, 1e-6);
  EXPECT_EQ(metrics.at("ap.ap0.channel"), 36);
  EXPECT_EQ(metrics.at("ap.ap0.frequency"), 5180e6);
  EXPECT_EQ(metrics.at("ap.ap0.width"), 20e6);
  EXPECT_EQ(metrics.at("ap.ap0.stations"), 1);
}

// 802.11a at 54 Mbit/s: a datagram of 1472 B takes 248 us and its ACK 28 us
// (IEEE Std 802.11-2020, 17.3), so the load is 276 us a packet. No queue fills:
// all that is offered is delivered, up to a packet at each end of 0.2 s or
// more.
TEST(WlanCounters, LoadIsTheAirtimeOfTheBss) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.beacon_interval = Microseconds(1024 * 65535);
  wlan.traffic.rate_per_station = Mbps(8);
  const Numbers down = WlanMetrics(scenario);
  EXPECT_NEAR(down.at("ap.ap0.load"), 276e-6 * down.at("delivered_packet_rate"),
              2 * 276e-6 / 0.2);
  // What the station sends ACKs for tells the access point how it hears it.
  EXPECT_NEAR(down.at("station.ap0.s.rssi"), 16 - 46.67 - 30 * std::log10(2),
              kMaskDb);
  EXPECT_EQ(down.at("station.ap0.s.retries"), 0);
  wlan.traffic.direction = "uplink";
  const Numbers up = WlanMetrics(scenario);
  EXPECT_NEAR(up.at("ap.ap0.load"), 276e-6 * up.at("delivered_packet_rate"),
              2e-3);
  EXPECT_EQ(up.at("overloaded_access_points"), 0);
}

// 60 Mbit/s are offered to a link that carries about half of that: what is
// offered needs its PPDUs, and what is delivered was acknowledged.
TEST(WlanCounters, LoadAboveTheChannelIsCounted) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.beacon_interval = Microseconds(1024 * 65535);
  wlan.traffic.rate_per_station = Mbps(60);
  scenario.run.duration = Milliseconds(600);
  const Numbers metrics = WlanMetrics(scenario);
  const double need = 248e-6 * metrics.at("offered_packet_rate") +
                      28e-6 * metrics.at("delivered_packet_rate");
  EXPECT_GT(need, 1.2);
  EXPECT_NEAR(metrics.at("ap.ap0.load"), need, 0.02 * need);
  EXPECT_EQ(metrics.at("overloaded_access_points"), 1);
}

// Behind a jammer nothing is sent: the load is not 0, it is unknown.
TEST(WlanCounters, LoadIsMissingWhereNothingGetsThrough) {
  Scenario scenario = MakeQuietLink();
  InterfererConfig jammer;
  jammer.name = "jammer";
  jammer.position = {Length(0), Length(3)};
  jammer.frequency = Frequency(5180e6);
  jammer.power = PowerDbm(30);
  jammer.duty_cycle = Ratio(1);
  scenario.wlan->interferers = {jammer};
  const Numbers jammed = WlanMetrics(scenario);
  EXPECT_GT(jammed.at("ap.ap0.offered_rate"), 0);
  EXPECT_EQ(jammed.at("ap.ap0.delivered_rate"), 0);
  EXPECT_TRUE(std::isnan(jammed.at("ap.ap0.load")));
  EXPECT_EQ(jammed.at("overloaded_access_points"), 1);
}

// All that an access point gets from this station are aggregates.
TEST(WlanCounters, AggregatesHaveAnRssi) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.traffic.direction = "uplink";
  wlan.traffic.saturated = true;
  const auto series = Series(scenario);
  for (const double rssi : series.at("station.ap0.s.rssi")) {
    EXPECT_NEAR(rssi, 16 - 46.67 - 30 * std::log10(2), kMaskDb);
  }
}

// A station that joins answers its association with an ACK, which names no
// sender: 26 dB louder than the one that all data go to, which it is not.
TEST(WlanCounters, AnAckIsOfWhoWasAddressed) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.mcs = 0;
  auto& stations = wlan.access_points[0].placed_stations;
  stations[0].position.x = Length(15);
  StationConfig guest = StationAt("guest", 0, 2);
  guest.join = Milliseconds(200);
  stations.push_back(guest);
  scenario.run.duration = Milliseconds(600);
  const auto series = Series(scenario);
  EXPECT_EQ(series.at("ap.ap0.stations").back(), 2);
  int heard = 0;
  for (const double rssi : series.at("station.ap0.s.rssi")) {
    if (std::isnan(rssi)) continue;
    ++heard;
    EXPECT_NEAR(rssi, 16 - 46.67 - 30 * std::log10(15), kMaskDb);
  }
  EXPECT_GT(heard, 5);
}

// The scan hears an access point on any channel of the band, as the medium
// carries it, down to the preamble's threshold.
TEST(WlanCounters, ScansHearTheNeighboursOfTheBand) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.shadowing_db = 4;
  wlan.power_variation_db = 3;
  const auto add = [&](const std::string& name, double x, int64_t channel) {
    AccessPointConfig ap = wlan.access_points[0];
    ap.name = name;
    ap.position.x = Length(x);
    ap.channel = channel;
    if (channel <= 14) ap.standard = "802.11n";
    ap.placed_stations = {StationAt("s", x + 1, 0)};
    wlan.access_points.push_back(ap);
  };
  add("near", 10, 36);
  add("other", 20, 149);
  add("far", 300, 36);
  add("low", 5, 6);
  scenario.run.duration = Milliseconds(100);
  const Numbers metrics = WlanMetrics(scenario);
  const WlanPropagation propagation(wlan, scenario.run.seed);
  const auto& all = wlan.access_points;
  for (const size_t i : {1, 2}) {
    EXPECT_NEAR(metrics.at("ap.ap0.rssi." + all[i].name),
                propagation.RssiDbm(all[i], all[0]), 1e-9);
    EXPECT_NEAR(metrics.at("ap." + all[i].name + ".rssi.ap0"),
                propagation.RssiDbm(all[0], all[i]), 1e-9);
  }
  EXPECT_TRUE(std::isnan(metrics.at("ap.ap0.rssi.far")));
  EXPECT_TRUE(std::isnan(metrics.at("ap.ap0.rssi.low")));
}

TEST(WlanWorld, BandsWidthsAndStandardsShareAScene) {
  Scenario scenario = MakeWlan(4, 1);
  auto& all = scenario.wlan->access_points;
  all[0].standard = "802.11n";
  all[0].channel = 6;
  all[1].standard = "802.11ac";
  all[1].channel = 42;
  all[1].width = Frequency(80e6);
  all[2].channel = 153;
  all[2].width = Frequency(40e6);
  all[2].transmit_power = PowerDbm(10);
  all[3].standard = "802.11n";
  all[3].channel = 11;
  all[3].width = Frequency(40e6);
  scenario.wlan->traffic.rate_per_station = Mbps(4);
  scenario.run.duration = Milliseconds(300);
  const Numbers metrics = WlanMetrics(scenario);
  EXPECT_EQ(metrics.at("loss_ratio"), 0);
  for (const std::string ap : {"ap0", "ap1", "ap2", "ap3"}) {
    // A flow begins up to 30 ms late.
    EXPECT_NEAR(metrics.at("ap." + ap + ".delivered_rate"), 4e6, 0.11 * 4e6)
        << ap;
  }
  EXPECT_EQ(metrics.at("ap.ap0.frequency"), 2437e6);
  EXPECT_EQ(metrics.at("ap.ap1.channel"), 36);
  EXPECT_EQ(metrics.at("ap.ap1.width"), 80e6);
  EXPECT_EQ(metrics.at("ap.ap2.channel"), 153);
  EXPECT_EQ(metrics.at("ap.ap3.channel"), 9);
  // 2 m from a power of 16 and of 10 dBm; the station's own is 16 dBm.
  EXPECT_NEAR(metrics.at("station.ap2.0.rssi"), 16 - 46.67 - 30 * std::log10(2),
              kMaskDb);
  EXPECT_NEAR(metrics.at("station.ap0.0.rssi"), 16 - 40.18 - 30 * std::log10(2),
              kMaskDb);
  EXPECT_NEAR(metrics.at("ap.ap1.rssi.ap2"), 10 - 46.67 - 30 * std::log10(20),
              1e-6);
}

// A saturated link at 20 MHz beside one whose 80 MHz contain, or do not
// contain, its channel.
TEST(WlanWorld, AWideChannelTakesAllOfItsParts) {
  const auto busy_at = [](int64_t channel) {
    Scenario scenario = MakeWlan(2, 1);
    scenario.wlan->traffic.saturated = true;
    auto& all = scenario.wlan->access_points;
    all[0].channel = 42;
    all[0].width = Frequency(80e6);
    all[1].channel = channel;
    all[1].position.x = Length(8);
    all[1].flows.resize(1);
    all[1].flows[0].rate_per_station = Bandwidth(100000);
    scenario.run.duration = Milliseconds(100);
    const Numbers metrics = WlanMetrics(scenario);
    return metrics.at("ap.ap1.airtime_busy");
  };
  EXPECT_GT(busy_at(48), 0.6);
  EXPECT_LT(busy_at(149), 0.1);
}

// Two saturated links 8 m apart share a channel; 60 dB of wall parts them.
TEST(WlanWorld, WallsPartCells) {
  Scenario scenario = MakeWlan(2, 1);
  WlanConfig& wlan = *scenario.wlan;
  wlan.traffic.saturated = true;
  wlan.access_points[1].position.x = Length(8);
  scenario.run.duration = Milliseconds(200);
  const double open = WlanMetrics(scenario).at("delivered_rate");
  WallConfig wall;
  wall.from = {Length(4), Length(-20)};
  wall.to = {Length(4), Length(20)};
  wall.loss_db = 60;
  wlan.walls = {wall};
  const double walled = WlanMetrics(scenario).at("delivered_rate");
  EXPECT_NEAR(walled / open, 2, 0.25);
}

TEST(WlanWorld, StationsComeAndGo) {
  Scenario scenario = MakeQuietLink();
  auto& stations = scenario.wlan->access_points[0].placed_stations;
  StationConfig guest = StationAt("guest", 0, 3);
  guest.join = Milliseconds(200);
  guest.leave = Milliseconds(600);
  guest.flows.resize(1);
  guest.flows[0].rate_per_station = Mbps(2);
  guest.flows[0].direction = "both";
  stations.push_back(guest);
  scenario.run.duration = Milliseconds(1000);
  scenario.run.sample_interval = Milliseconds(100);
  const auto series = Series(scenario);
  const auto& rate = series.at("station.ap0.guest.delivered_rate");
  const auto& count = series.at("ap.ap0.stations");
  EXPECT_EQ(rate[1], 0);
  EXPECT_EQ(count[1], 1);
  // Beacons every 102 ms, a scan of 120 ms at most, then the association.
  EXPECT_NEAR(rate[5], 4e6, 0.15 * 4e6);
  EXPECT_EQ(count[4], 2);
  EXPECT_EQ(count[5], 1);  // as the sample ends
  EXPECT_EQ(rate[7], 0);
  EXPECT_EQ(rate[9], 0);
  for (const double other : series.at("station.ap0.s.out_of_range")) {
    EXPECT_EQ(other, 0);
  }
}

// It walks 18 m in 0.6 s from 0.1 s on: the RSSI at each sample follows the
// path, within what it changes in a sample.
TEST(WlanWorld, RssiFollowsAStationThatMoves) {
  Scenario scenario = MakeQuietLink();
  auto& station = scenario.wlan->access_points[0].placed_stations[0];
  station.path = {{Milliseconds(100), {Length(20), Length(0)}, Speed(30)}};
  scenario.wlan->traffic.rate_per_station = Mbps(5);
  scenario.wlan->mcs = 0;
  scenario.run.duration = Milliseconds(800);
  const auto series = Series(scenario);
  const auto& rssi = series.at("station.ap0.s.rssi");
  for (size_t i = 6; i < rssi.size(); ++i) {
    const double middle = 20e-3 * (static_cast<double>(i) + 0.5);
    const double metres = std::min(20.0, 2 + 30 * (middle - 0.1));
    EXPECT_NEAR(rssi[i], 16 - 46.67 - 30 * std::log10(std::max(2.0, metres)), 1)
        << i;
  }
  EXPECT_NEAR(rssi.back(), 16 - 46.67 - 30 * std::log10(20), kMaskDb);
}

TEST(WlanWorld, AStationOutOfRangeIsCountedByItsName) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.beacon_interval = Microseconds(10240);
  wlan.access_points[0].placed_stations[0].path = {
      {Milliseconds(200), {Length(2), Length(500)}, Speed(5000)}};
  scenario.run.duration = Milliseconds(800);
  const auto series = Series(scenario);
  const auto& lost = series.at("station.ap0.s.out_of_range");
  EXPECT_EQ(lost[10], 0);
  EXPECT_EQ(lost[12], 0);  // not ten beacons yet
  EXPECT_EQ(lost[20], 1);
  EXPECT_EQ(lost[39], 1);
}

// The access point soon gives up asking the one that has gone, and asks again
// when it is back: a tenth of the channel is all that this costs the others.
TEST(WlanWorld, AStationOutOfRangeDoesNotSilenceTheOthers) {
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.rate_control = "ideal";
  wlan.traffic.rate_per_station = Mbps(4);
  auto& stations = wlan.access_points[0].placed_stations;
  stations.push_back(StationAt("walker", 0, 2));
  stations.back().path = {
      {Milliseconds(100), {Length(0), Length(500)}, Speed(50000)},
      {Milliseconds(900), {Length(0), Length(2)}, Speed(50000)}};
  scenario.run.duration = Milliseconds(1400);
  scenario.run.sample_interval = Milliseconds(100);
  const auto series = Series(scenario);
  const auto& stays = series.at("station.ap0.s.delivered_rate");
  const auto& goes = series.at("station.ap0.walker.delivered_rate");
  // Seven requests with their backoffs, 20 ms, may come in between.
  double mean = 0;
  for (size_t i = 2; i < 9; ++i) {
    EXPECT_EQ(goes[i], 0) << i;
    EXPECT_NEAR(stays[i], 4e6, 0.2 * 4e6) << i;
    mean += stays[i] / 7;
  }
  EXPECT_NEAR(mean, 4e6, 0.03 * 4e6);
  // Whatever waited for less than its lifetime of half a second comes late.
  EXPECT_GT(goes[10] + goes[11], 2 * 4e6);
  for (size_t i = 12; i < 14; ++i) {
    EXPECT_NEAR(goes[i], 4e6, 0.1 * 4e6) << i;
    EXPECT_NEAR(stays[i], 4e6, 0.1 * 4e6) << i;
  }
}

// It is on for 40 % of the time and 30 dB above the energy-detection threshold
// of -62 dBm, so the channel is busy for that share; outside of the channel it
// is nothing. The noise floor has its mean power.
TEST(WlanWorld, InterferersTakeTheirDutyCycle) {
  Scenario scenario = MakeQuietLink();
  scenario.wlan->interferers = {Oven(0.4)};
  const Numbers hit = WlanMetrics(scenario);
  EXPECT_NEAR(hit.at("ap.ap0.airtime_busy"), 0.4, 0.04);
  const double loss = 46.67 + 30 * std::log10(3);
  const double mean_mw = 0.4 * std::pow(10, (30 - loss) / 10);
  EXPECT_NEAR(hit.at("ap.ap0.noise"),
              10 * std::log10(std::pow(10, kNoiseDbm / 10) + mean_mw), 1e-9);
  scenario.wlan->interferers[0].frequency = Frequency(5785e6);
  const Numbers missed = WlanMetrics(scenario);
  EXPECT_LT(missed.at("ap.ap0.airtime_busy"), 0.06);
  EXPECT_NEAR(missed.at("ap.ap0.noise"), kNoiseDbm, 1e-9);
}

// Every sample of 20 ms is busy for two periods' worth, .75, and little more.
TEST(WlanWorld, SamplesAboveEachUtilisationAreCounted) {
  Scenario scenario = MakeQuietLink();
  scenario.wlan->interferers = {Oven(0.75)};
  const Numbers metrics = WlanMetrics(scenario);
  for (const int percent : {50, 60, 70}) {
    EXPECT_EQ(metrics.at(fmt::format("utilisation_above_{}", percent)), 1);
  }
  EXPECT_EQ(metrics.at("utilisation_above_90"), 0);
}

TEST(WlanWorld, OfferedRatesFollowATrace) {
  const testing::TemporaryFolder folder;
  Trace trace;
  trace.source = "test";
  trace.time_seconds = {0, 0.1, 0.2, 0.3};
  Column column;
  column.name = "ap.ap0.load";
  column.scope = Scope::kAccessPoint;
  column.scope_id = "ap0";
  column.unit = "1";
  column.values = {1, 0.25, 0, 0.5};
  trace.columns.push_back(column);
  const std::string path = folder / "load.h5";
  WriteTrace(trace, path, {});
  Scenario scenario = MakeQuietLink();
  WlanConfig& wlan = *scenario.wlan;
  wlan.traffic.rate_per_station = Mbps(20);
  wlan.load.profile = "trace";
  wlan.load.slot = Milliseconds(100);
  wlan.load.trace = path;
  scenario.run.duration = Milliseconds(400);
  scenario.run.sample_interval = Milliseconds(50);
  const auto offered = Series(scenario).at("offered_rate");
  const std::vector<double> shares = {1, 0.25, 0, 0.5};
  for (size_t slot = 0; slot < 4; ++slot) {
    // One packet in 50 ms is 0.24 Mbit/s.
    EXPECT_NEAR(offered[2 * slot + 1], 20e6 * shares[slot], 0.5e6) << slot;
  }
}

TEST(WlanWorld, ProfilesScaleEachAccessPointByItself) {
  Scenario scenario = MakeWlan(2, 1);
  scenario.wlan->load.profile = "volatile";
  scenario.wlan->load.slot = Milliseconds(50);
  scenario.wlan->access_points[1].channel = 149;
  const auto series = Series(scenario);
  const auto& a = series.at("ap.ap0.offered_rate");
  const auto& b = series.at("ap.ap1.offered_rate");
  EXPECT_NE(a, b);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_LT(a[i], 11e6);
  EXPECT_EQ(Series(scenario).at("ap.ap0.offered_rate"), a);
}

// scenarios/wlan/plans.yaml with seed 13, where the beacons of ap003 meet those
// of an access point that it does not hear, each time.
TEST(WlanWorld, WhoHearsNoBeaconAsks) {
  Scenario scenario = MakeWlan(1, 1);
  scenario.run.seed = 13;
  WlanConfig& wlan = *scenario.wlan;
  wlan.access_points.clear();
  wlan.region = "EU";
  wlan.dfs = false;
  wlan.phy = "yans";
  wlan.shadowing_db = 4;
  wlan.power_variation_db = 3;
  wlan.generated.emplace();
  wlan.generated->access_points = 8;
  wlan.generated->neighbours = 5;
  wlan.generated->stations = 2;
  wlan.generated->station_distance = Length(4);
  const Numbers settled = NumbersFromChild([&] {
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    return Numbers{{"at", Seconds(scene->Now())}};
  });
  // It waits ten beacon intervals first.
  EXPECT_GT(settled.at("at"), 1.024);
  EXPECT_LT(settled.at("at"), 3);
}

}  // namespace
}  // namespace airlock
