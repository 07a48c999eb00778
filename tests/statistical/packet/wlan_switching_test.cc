#include <gtest/gtest.h>

#include "tests/support/wlan_switching_run.h"

namespace airlock {
namespace {

// Access points 20 m apart that hear each other, two stations each; switches
// take effect at once.
Scenario MakeSwitched(int64_t access_points) {
  Scenario scenario = MakeWlan(access_points, 2);
  WlanConfig& wlan = *scenario.wlan;
  wlan.channel_switch.announcement_beacons = 0;
  wlan.traffic.saturated = true;
  return scenario;
}

TEST(ChannelSwitching, SaturatedUdpIsThatOfTheStaticAssignment) {
  SwitchingCase c{"UDP saturated", MakeSwitched(2), {}};
  c.plans = {Channels({36, 36}), Channels({44, 36})};
  c.rounds = 3;
  c.static_seconds = 3;
  ExpectAsStatic(c, 0.08);
}

TEST(WideChannelSwitching, TcpUplinkIsThatOfTheStaticAssignment) {
  SwitchingCase c{"TCP uplink saturated", MakeSwitched(1), {}};
  c.scenario.wlan->traffic.transport = "tcp";
  c.scenario.wlan->traffic.direction = "uplink";
  c.plans = {Channels({36}), Channels({44})};
  c.rounds = 3;
  c.static_seconds = 4;
  ExpectAsStatic(c, 0.10);
}

TEST(ChannelSwitching, LightLoadIsDelivered) {
  SwitchingCase c{"UDP light", MakeSwitched(2), {}};
  c.scenario.wlan->traffic.saturated = false;
  c.scenario.wlan->traffic.rate_per_station = Mbps(2);
  c.plans = {Channels({36, 36}), Channels({36, 44}), Channels({48, 40})};
  c.rounds = 4;
  c.static_seconds = 4;
  ExpectAsStatic(c, 0.02);
}

TEST(WideChannelSwitching, WidthsChangeUnderIdealRateControl) {
  SwitchingCase c{"20, 40, 80 MHz", MakeSwitched(1), {}};
  c.scenario.wlan->access_points[0].stations = 1;
  c.plans = {Channels({44}, 80), Channels({44}, 20), Channels({36}, 40)};
  c.static_seconds = 2;
  ExpectAsStatic(c, 0.03);
}

// Each station's rate in bit/s between `from` and `until`, in a child.
std::map<std::string, double> RatesBetween(Scenario scenario, SimTime from,
                                           SimTime until) {
  scenario.run.duration = until;
  scenario.run.sample_interval = until;
  return NumbersFromChild([&] {
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    scene->Start(Replication(1));
    scene->AdvanceTo(from);
    scene->Observe();
    scene->AdvanceTo(until);
    std::map<std::string, double> rates;
    for (const auto& [name, value] : scene->Observe().values) {
      if (name.rfind("station.", 0) == 0 &&
          name.find(".delivered_rate") != std::string::npos) {
        rates[name] = value;
      }
    }
    return rates;
  });
}

// Eight access points start 32 connections at once on one channel: some of the
// Acks of answers to block-ack requests collide. A recipient that then waits
// for a frame it has already had holds back all that follow.
TEST(WideBlockAckRescue, LightTcpBeginsAtEveryStationOfOneChannel) {
  Scenario scenario = MakeWlan(8, 4);
  for (size_t i = 0; i < 8; ++i) {
    Position& position = scenario.wlan->access_points[i].position;
    position.x = Length(20.0 * static_cast<double>(i % 4));
    position.y = Length(20.0 * static_cast<double>(i / 4));
  }
  scenario.wlan->traffic.transport = "tcp";
  scenario.wlan->traffic.rate_per_station = Mbps(1);
  const auto rates =
      RatesBetween(scenario, Milliseconds(300), Milliseconds(500));
  EXPECT_EQ(rates.size(), 32u);
  for (const auto& [name, rate] : rates) {
    EXPECT_NEAR(rate, 1e6, 0.3e6) << name;
  }
}

// A saturated TCP stream needs every station's first frames to come through,
// and the answers to block-ack requests come late here.
TEST(BlockAckRescue, TcpBeginsAtEveryStationOfACrowdedChannel) {
  const auto rates = NumbersFromChild([] {
    Scenario scenario = MakeWlan(3, 2);
    scenario.run.duration = Milliseconds(1600);
    scenario.wlan->traffic.transport = "tcp";
    scenario.wlan->traffic.saturated = true;
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    scene->Start(Replication(0));
    scene->AdvanceTo(scenario.run.duration);
    return scene->Observe().values;
  });
  for (int ap = 0; ap < 3; ++ap) {
    for (int station = 0; station < 2; ++station) {
      const std::string name =
          fmt::format("station.ap{}.{}.delivered_rate", ap, station);
      EXPECT_GT(rates.at(name), 0.2e6) << name;
    }
  }
}

}  // namespace
}  // namespace airlock
