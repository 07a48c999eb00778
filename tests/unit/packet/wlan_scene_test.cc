#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/support/wlan_run.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

// The text of the exception that `work` throws in a child.
std::string ErrorOf(const std::function<void()>& work) {
  return RunInChild([&]() -> std::string {
    try {
      work();
    } catch (const Error& error) {
      return (error.code() == ExitCode::kInput ? "input: " : "error: ") +
             std::string(error.what());
    }
    return "nothing was thrown";
  });
}

// 802.11a at 54 Mbit/s to one station at 1 m: every duration is known.
Scenario MakeLegacyLink() {
  Scenario scenario = MakeWlan(1, 1);
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.rate_control = "constant";
  wlan.mcs = 7;
  wlan.beacon_interval = Microseconds(1024 * 65535);
  wlan.access_points[0].station_distance = Length(1);
  return scenario;
}

TEST(WlanScene, EqualSeedsGiveEqualSeries) {
  Scenario scenario = MakeWlan(2, 2);
  scenario.run.duration = Milliseconds(100);
  const std::string digest = WlanDigest(scenario, Replication(0));
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(WlanDigest(scenario, Replication(0)), digest);
  EXPECT_NE(WlanDigest(scenario, Replication(1)), digest);
  Scenario other = scenario;
  other.run.seed = 8;
  EXPECT_NE(WlanDigest(other, Replication(0)), digest);
}

TEST(WlanScene, ForkedReplicationsEqualThoseOfTheirOwnProcess) {
  Scenario scenario = MakeWlan(2, 2);
  scenario.run.duration = Milliseconds(100);
  const std::string digests = RunInChild([&] {
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    std::string text;
    for (int64_t i = 0; i < 2; ++i) {
      text += RunInChild([&] {
        scene->Start(Replication(i));
        scene->AdvanceTo(scenario.run.duration);
        return scene->Finish().series.Digest();
      });
    }
    return text;
  });
  EXPECT_EQ(digests, WlanDigest(scenario, Replication(0)) +
                         WlanDigest(scenario, Replication(1)));
}

TEST(WlanScene, LightLoadIsDeliveredToEveryStation) {
  Scenario scenario = MakeWlan(2, 3);
  scenario.wlan->traffic.rate_per_station = Mbps(2);
  const auto metrics = WlanMetrics(scenario);
  for (const std::string ap : {"ap0", "ap1"}) {
    for (const std::string station : {"0", "1", "2"}) {
      const std::string name =
          "station." + ap + "." + station + ".delivered_rate";
      ASSERT_EQ(metrics.count(name), 1u) << name;
      // 2 Mbit/s are 170 packets a second: one more or less in 0.2 s.
      EXPECT_NEAR(metrics.at(name), 2e6, 0.03 * 2e6) << name;
    }
  }
  EXPECT_EQ(metrics.at("loss_ratio"), 0);
  EXPECT_NEAR(metrics.at("station_fairness"), 1, 1e-3);
}

// Every 1472-byte datagram is a PPDU of 20 us preamble and 57 symbols of 4 us
// (16 + 6 bits and 1536 bytes at 216 bits a symbol), answered by an ACK of
// 28 us at 24 Mbit/s (IEEE Std 802.11-2020, 17.3).
TEST(WlanScene, AirtimeIsThatOfTheFramesOnTheAir) {
  const auto metrics = WlanMetrics(MakeLegacyLink());
  const double packets = metrics.at("delivered_packet_rate");
  EXPECT_NEAR(packets, 10e6 / (8 * 1472), 10);
  EXPECT_NEAR(metrics.at("ap.ap0.airtime_transmit"), packets * 248e-6, 2e-3);
  // Of the ACK, 20 us are preamble and PHY header, and the first 4 us of these
  // pass before the preamble is detected.
  EXPECT_NEAR(metrics.at("ap.ap0.airtime_receive"), packets * 8e-6, 1e-3);
  EXPECT_NEAR(metrics.at("ap.ap0.airtime_busy"), packets * (248e-6 + 24e-6),
              2e-3);
  EXPECT_EQ(metrics.at("ap.ap0.active"), 1);
  // The channel is idle when the packet comes: DIFS, then the PPDU.
  EXPECT_NEAR(metrics.at("latency_p50"), 34e-6 + 248e-6, 2e-6);
}

TEST(WlanScene, AirtimeSharesOfEverySampleAddUp) {
  Scenario scenario = MakeWlan(2, 2);
  scenario.wlan->traffic.saturated = true;
  scenario.run.sample_interval = Milliseconds(1);
  scenario.run.duration = Milliseconds(200);
  const std::string complaints = RunInChild([&] {
    const Trace series = RunWlan(scenario, Replication(0)).series;
    std::string text;
    for (const std::string ap : {"ap.ap0.", "ap.ap1."}) {
      for (size_t i = 0; i < series.time_seconds.size(); ++i) {
        const double busy = series.Get(ap + "airtime_busy").values[i];
        const double sent = series.Get(ap + "airtime_transmit").values[i];
        const double received = series.Get(ap + "airtime_receive").values[i];
        if (sent < 0 || received < 0 || sent + received > busy + 1e-9 ||
            busy > 1 + 1e-9) {
          text += fmt::format("{} sample {}: {} {} {}\n", ap, i, busy, sent,
                              received);
        }
      }
    }
    return text;
  });
  EXPECT_EQ(complaints, "");
}

TEST(WlanScene, CellsShareOneChannelAndNotTwo) {
  Scenario one = MakeWlan(1, 2);
  one.wlan->traffic.saturated = true;
  Scenario shared = MakeWlan(2, 2);
  shared.wlan->traffic.saturated = true;
  Scenario apart = shared;
  apart.wlan->access_points[1].channel = 149;
  const auto alone = WlanMetrics(one);
  const auto together = WlanMetrics(shared);
  const auto separate = WlanMetrics(apart);
  EXPECT_NEAR(together.at("delivered_rate") / alone.at("delivered_rate"), 1,
              0.1);
  EXPECT_NEAR(separate.at("delivered_rate") / alone.at("delivered_rate"), 2,
              0.1);
  // Each hears the other, or does not.
  EXPECT_GT(together.at("ap.ap0.airtime_receive"), 0.2);
  EXPECT_LT(separate.at("ap.ap0.airtime_receive"), 0.05);
  EXPECT_LT(together.at("ap.ap0.airtime_transmit"), 0.8);
  EXPECT_GT(separate.at("ap.ap0.airtime_transmit"), 0.9);
}

TEST(WlanScene, ObservationsAreTheSamplesOfTheSameInterval) {
  Scenario scenario = MakeWlan(1, 2);
  scenario.run.duration = Milliseconds(200);
  const std::string complaints = RunInChild([&] {
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    scene->Start(Replication(0));
    std::vector<Observation> observed;
    for (SimTime t; t < scenario.run.duration;) {
      t = t + scenario.run.sample_interval;
      scene->AdvanceTo(t);
      observed.push_back(scene->Observe());
    }
    const Trace series = scene->Finish().series;
    std::string text;
    for (const Column& column : series.columns) {
      for (size_t i = 0; i < observed.size(); ++i) {
        const double a = observed[i].values.at(column.name);
        const double b = column.values.at(i);
        if (a != b && !(std::isnan(a) && std::isnan(b))) {
          text += fmt::format("{} {}: {} {}\n", column.name, i, a, b);
        }
      }
    }
    return text;
  });
  EXPECT_EQ(complaints, "");
}

TEST(WlanScene, TheStepsOfTheCallerDoNotChangeTheResult) {
  Scenario scenario = MakeWlan(1, 2);
  scenario.run.duration = Milliseconds(200);
  const std::string digest = RunInChild([&] {
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    scene->Start(Replication(0));
    for (int64_t ms = 7; ms < 200; ms += 7) {
      scene->AdvanceTo(Milliseconds(ms));
      scene->Observe();
    }
    scene->AdvanceTo(scenario.run.duration);
    return scene->Finish().series.Digest();
  });
  EXPECT_EQ(digest, WlanDigest(scenario, Replication(0)));
}

struct Variant {
  const char* name;
  void (*change)(WlanConfig* wlan);
};

class WlanVariant : public ::testing::TestWithParam<Variant> {};

TEST_P(WlanVariant, DeliversALightLoad) {
  Scenario scenario = MakeWlan(1, 2);
  scenario.wlan->traffic.rate_per_station = Mbps(2);
  GetParam().change(&*scenario.wlan);
  const auto metrics = WlanMetrics(scenario);
  const double flows = scenario.wlan->traffic.direction == "both" ? 4 : 2;
  EXPECT_NEAR(metrics.at("delivered_rate"), flows * 2e6, 0.04 * flows * 2e6);
  EXPECT_EQ(metrics.at("loss_ratio"), 0);
  EXPECT_GT(metrics.at("latency_p50"), 1e-5);
  EXPECT_LT(metrics.at("latency_p95"), 0.02);
}

INSTANTIATE_TEST_SUITE_P(
    All, WlanVariant,
    ::testing::Values(
        Variant{"Yans", [](WlanConfig* w) { w->phy = "yans"; }},
        Variant{"Minstrel",
                [](WlanConfig* w) { w->rate_control = "minstrel"; }},
        Variant{"Constant",
                [](WlanConfig* w) { w->rate_control = "constant"; }},
        Variant{"LegacyMinstrel",
                [](WlanConfig* w) {
                  w->standard = "802.11a";
                  w->rate_control = "minstrel";
                }},
        Variant{"Ht24GHz",
                [](WlanConfig* w) {
                  w->standard = "802.11n";
                  w->access_points[0].channel = 6;
                  w->reference_loss_db = 40.05;
                }},
        Variant{"Vht80MHz",
                [](WlanConfig* w) {
                  w->standard = "802.11ac";
                  w->width = Frequency(80e6);
                  w->access_points[0].channel = 42;
                }},
        Variant{"He40MHz",
                [](WlanConfig* w) {
                  w->width = Frequency(40e6);
                  w->guard_interval = SimTime(800);
                  w->access_points[0].channel = 38;
                }},
        Variant{"Uplink",
                [](WlanConfig* w) { w->traffic.direction = "uplink"; }},
        Variant{"Both", [](WlanConfig* w) { w->traffic.direction = "both"; }},
        Variant{"Tcp", [](WlanConfig* w) { w->traffic.transport = "tcp"; }},
        Variant{"TcpBoth",
                [](WlanConfig* w) {
                  w->traffic.transport = "tcp";
                  w->traffic.direction = "both";
                }}),
    [](const auto& info) { return info.param.name; });

TEST(WlanScene, SaturatedTcpFillsTheChannel) {
  Scenario scenario = MakeWlan(1, 1);
  scenario.wlan->rate_control = "constant";
  scenario.wlan->traffic.saturated = true;
  const double udp = WlanMetrics(scenario).at("delivered_rate");
  scenario.wlan->traffic.transport = "tcp";
  const double tcp = WlanMetrics(scenario).at("delivered_rate");
  // Acknowledgements cost airtime of their own.
  EXPECT_LT(tcp, udp);
  EXPECT_GT(tcp, 0.75 * udp);
}

TEST(WlanScene, OverloadIsLossNotSilence) {
  Scenario scenario = MakeLegacyLink();
  scenario.wlan->traffic.rate_per_station = Mbps(60);
  scenario.run.duration = Milliseconds(1500);
  const auto metrics = WlanMetrics(scenario);
  EXPECT_GT(metrics.at("delivered_rate"), 25e6);
  EXPECT_LT(metrics.at("delivered_rate"), 40e6);
  EXPECT_GT(metrics.at("latency_p50"), 10e-3);
  EXPECT_GT(metrics.at("loss_ratio"), 0.01);
}

// Shadowing is drawn, so a scenario that looks good may have a station that
// hears nothing.
TEST(WlanScene, NamesTheStationThatDoesNotAssociate) {
  Scenario scenario = MakeWlan(1, 8);
  scenario.wlan->access_points[0].station_distance = Length(40);
  scenario.wlan->shadowing_db = 10;
  const std::string error = ErrorOf([&] { CreateWlan(scenario)->Settle(); });
  EXPECT_THAT(error, HasSubstr("error: station 'ap0."));
  EXPECT_THAT(error, HasSubstr("did not associate with access point 'ap0' "
                               "(channel 36, 40 m away, which it hears at -"));
}

TEST(WlanScene, RefusesSettings) {
  const std::string error = ErrorOf([&] {
    const auto scene = CreateWlan(MakeWlan(1, 1));
    scene->Settle();
    scene->Start(Replication(0));
    scene->Apply(Action());
    scene->Apply(Action{{{"ap.ap0.channel", 40}}});
  });
  EXPECT_THAT(error, HasSubstr("input: 'ap.ap0.channel': no such setting"));
}

}  // namespace
}  // namespace airlock
