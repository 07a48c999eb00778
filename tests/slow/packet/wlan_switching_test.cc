#include <gtest/gtest.h>

#include "tests/support/wlan_switching_run.h"

// Switches every second for 30 s, of eight access points with four stations
// each, against networks that have each assignment from the start. Some twenty
// minutes.
namespace airlock {
namespace {

// Two rows of access points, 20 m apart; switches take effect at once.
Scenario MakeSwitched(int64_t access_points, int64_t stations) {
  Scenario scenario = MakeWlan(access_points, stations);
  WlanConfig& wlan = *scenario.wlan;
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    wlan.access_points[i].position.x = Length(20.0 * (i % 4));
    wlan.access_points[i].position.y = Length(20.0 * (i / 4));
  }
  wlan.channel_switch.announcement_beacons = 0;
  wlan.traffic.saturated = true;
  return scenario;
}

// All on one channel, two neighbours on each of four, all apart but two.
const std::vector<Assignment> kAssignments = {
    Channels({36, 36, 36, 36, 36, 36, 36, 36}),
    Channels({36, 40, 44, 48, 44, 48, 36, 40}),
    Channels({36, 44, 52, 60, 100, 108, 116, 36})};

// Saturated TCP has pairs of neighbours in the place of one channel for all:
// there the access points in the middle get nothing through, static or not, and
// a sender whose retransmission time-out has doubled that long (RFC 6298, 5.5)
// keeps silent under the next plan, too.
const std::vector<Assignment> kAssignmentsOfTcp = {
    Channels({40, 36, 48, 44, 40, 36, 48, 44}), kAssignments[1],
    kAssignments[2]};

class ThirtySeconds : public ::testing::TestWithParam<SwitchingCase> {};

TEST_P(ThirtySeconds, IsAsStatic) {
  SwitchingCase c = GetParam();
  const WlanTraffic& traffic = c.scenario.wlan->traffic;
  c.plans = traffic.saturated && traffic.transport == "tcp" ? kAssignmentsOfTcp
                                                            : kAssignments;
  c.rounds = 10;
  // Light loads hardly vary.
  c.static_seconds = traffic.saturated ? 8 : 4;
  ExpectAsStatic(c, 0.05);
}

SwitchingCase Loaded(const char* transport, bool saturated) {
  SwitchingCase c{
      std::string(transport) + (saturated ? "_saturated" : "_light"),
      MakeSwitched(8, 4),
      {}};
  WlanTraffic& traffic = c.scenario.wlan->traffic;
  traffic.transport = transport;
  traffic.saturated = saturated;
  traffic.rate_per_station = Mbps(1);
  // What the switch delays is delivered after it: until then light loads read
  // high.
  if (!saturated) c.settle = Milliseconds(400);
  // On a crowded channel an acknowledgement may wait for a backoff of up to
  // 1023 slots between others' frames of 5 ms, and its sender for a second
  // retransmission time-out: 0.55 to 0.70 s were seen, 0.45 without switches.
  if (saturated && traffic.transport == "tcp") c.longest_silence = 0.8;
  return c;
}

INSTANTIATE_TEST_SUITE_P(Loads, ThirtySeconds,
                         ::testing::Values(Loaded("udp", true),
                                           Loaded("tcp", true),
                                           Loaded("udp", false),
                                           Loaded("tcp", false)),
                         [](const auto& info) { return info.param.name; });

TEST(ChannelSwitching, UplinkIsThatOfTheStaticAssignment) {
  SwitchingCase c{"UDP uplink", MakeSwitched(2, 2), {}};
  c.scenario.wlan->traffic.direction = "uplink";
  c.plans = {Channels({36, 40}), Channels({44, 36})};
  ExpectAsStatic(c, 0.06);
}

TEST(ChannelSwitching, WidthsChange) {
  SwitchingCase c{"20, 40, 80 MHz", MakeSwitched(1, 2), {}};
  c.plans = {Channels({44}, 80), Channels({44}, 20), Channels({36}, 40),
             Channels({40}, 80)};
  c.static_seconds = 2;
  ExpectAsStatic(c, 0.03);
}

TEST(ChannelSwitching, InThe24GhzBand) {
  SwitchingCase c{"2.4 GHz", MakeSwitched(1, 2), {}};
  c.plans = {Channels({1}), Channels({6}, 40), Channels({11})};
  c.static_seconds = 2;
  ExpectAsStatic(c, 0.03);
}

TEST(ChannelSwitching, YansAndConstantRate) {
  SwitchingCase c{"yans, MCS 5", MakeSwitched(2, 2), {}};
  c.scenario.wlan->phy = "yans";
  c.scenario.wlan->rate_control = "constant";
  c.scenario.wlan->mcs = 5;
  c.plans = {Channels({36, 36}), Channels({40, 44}), Channels({36, 44}, 40)};
  ExpectAsStatic(c, 0.06);
}

}  // namespace
}  // namespace airlock
