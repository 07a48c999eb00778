#include <gtest/gtest.h>

#include "tests/support/wlan_run.h"

namespace airlock {
namespace {

// One 802.11ax station near its access point, UDP of 1472 bytes, guard interval
// 0.8 us, 64-MPDU window, 64 KiB aggregates: the goodput that ns-3 3.37's
// wifi-he-network example measures. It is about 0.9 of the PHY's rate at 20
// MHz and falls with it: preamble, SIFS, block ack and backoff cost the same
// time whatever the rate.
struct Expected {
  int64_t width_mhz;
  int64_t channel;
  int64_t mcs;
  double goodput_mbps;
};

class HeGoodput : public ::testing::TestWithParam<Expected> {};

TEST_P(HeGoodput, IsWithinTwoPercent) {
  Scenario scenario = MakeWlan(1, 1);
  scenario.run.duration = Milliseconds(1000);
  scenario.run.sample_interval = Milliseconds(25);
  WlanConfig& wlan = *scenario.wlan;
  wlan.width = Frequency(1e6 * static_cast<double>(GetParam().width_mhz));
  wlan.guard_interval = SimTime(800);
  wlan.rate_control = "constant";
  wlan.mcs = GetParam().mcs;
  wlan.access_points[0].channel = GetParam().channel;
  wlan.access_points[0].station_distance = Length(1);
  wlan.traffic.saturated = true;
  const auto metrics = WlanMetrics(scenario);
  const double expected = 1e6 * GetParam().goodput_mbps;
  EXPECT_NEAR(metrics.at("delivered_rate"), expected, 0.02 * expected);
  EXPECT_EQ(metrics.at("loss_ratio"), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HeGoodput,
    ::testing::Values(Expected{20, 36, 0, 7.75}, Expected{20, 36, 3, 31.5},
                      Expected{20, 36, 5, 63.0}, Expected{20, 36, 7, 78.7},
                      Expected{20, 36, 9, 104.0}, Expected{20, 36, 11, 128.6},
                      Expected{40, 38, 0, 15.6}, Expected{40, 38, 5, 123.7},
                      Expected{40, 38, 11, 243.9}, Expected{80, 42, 7, 299.4}),
    [](const auto& info) {
      return "Width" + std::to_string(info.param.width_mhz) + "Mcs" +
             std::to_string(info.param.mcs);
    });

}  // namespace
}  // namespace airlock
