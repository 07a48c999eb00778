#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "sim/packet/series.h"
#include "tests/support/wlan_run.h"

namespace airlock {
namespace {

// 802.11a at 54 Mbit/s (IEEE Std 802.11-2020, 17.3 and 17.4): a 1500-byte MSDU
// is 1536 bytes on the air, 20 us of preamble and 57 symbols of 4 us; its ACK
// takes 28 us at 24 Mbit/s, or 44 us at 6 Mbit/s.
constexpr double kSlot = 9e-6;
constexpr double kSifs = 16e-6;
constexpr double kDifs = 34e-6;
constexpr double kData = 248e-6;
constexpr double kAck = 28e-6;
constexpr double kEifs = kSifs + 44e-6 + kDifs;
constexpr double kMsduBits = 8 * 1500;

// The saturation throughput in bit/s of `stations` that contend for a channel
// where nothing but collisions destroys a frame: Bianchi, "Performance analysis
// of the IEEE 802.11 distributed coordination function", IEEE JSAC 18, 2000.
// `after_collision`: what the others wait before they count on.
double BianchiThroughput(int stations, double after_collision) {
  constexpr double kWindow = 16;
  constexpr double kStages = 6;  // 1023 = 16 * 2^6 - 1
  // Equation 7, without its removable singularity at p = 1/2: attempts a slot
  // for the collision probability p.
  auto attempt = [&](double p) {
    double sum = 0;
    for (int i = 0; i < kStages; ++i) sum += std::pow(2 * p, i);
    return 2 / (1 + kWindow + p * kWindow * sum);
  };
  // Equation 9 falls in tau, equation 7 in p: one solution, by bisection.
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double p = (low + high) / 2;
    const bool more = 1 - std::pow(1 - attempt(p), stations - 1) > p;
    (more ? low : high) = p;
  }
  const double tau = attempt(low);
  const double some = 1 - std::pow(1 - tau, stations);
  const double one = stations * tau * std::pow(1 - tau, stations - 1) / some;
  const double success = kData + kSifs + kAck + kDifs;
  const double collision = kData + after_collision;
  // Equation 13.
  return one * some * kMsduBits /
         ((1 - some) * kSlot + some * one * success +
          some * (1 - one) * collision);
}

struct Case {
  int stations;
  // ns-3's table for its wifi-bianchi example, in Mbit/s: stations wait DIFS
  // after a collision, or EIFS.
  double difs_mbps;
  double eifs_mbps;
  int64_t seconds;  // simulated
};

class Bianchi : public ::testing::TestWithParam<Case> {};

TEST_P(Bianchi, ModelAgreesWithTheTable) {
  const Case& c = GetParam();
  EXPECT_NEAR(BianchiThroughput(c.stations, kDifs), c.difs_mbps * 1e6,
              0.015 * c.difs_mbps * 1e6);
  EXPECT_NEAR(BianchiThroughput(c.stations, kEifs), c.eifs_mbps * 1e6,
              0.015 * c.eifs_mbps * 1e6);
}

// The set-up of the example: no RTS, no aggregation, stations so close together
// that all hear all with equal power. Then two frames at once destroy both, and
// nobody decodes enough of them to wait EIFS: the DIFS bound holds.
TEST_P(Bianchi, SceneReachesTheSaturationThroughput) {
  const Case& c = GetParam();
  Scenario scenario = MakeWlan(1, c.stations);
  scenario.run.duration = Milliseconds(1000 * c.seconds);
  scenario.run.sample_interval = Milliseconds(100);
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.phy = "yans";
  wlan.rate_control = "constant";
  wlan.mcs = 7;
  wlan.retry_limit = 1000000;  // the model gives no frame up
  wlan.beacon_interval = Microseconds(1024 * 65535);
  wlan.access_points[0].station_distance = Length(0.001);
  wlan.traffic.direction = "uplink";
  wlan.traffic.saturated = true;
  // The whole series but the samples in which stations begin.
  const auto numbers = NumbersFromChild([&] {
    const Trace series = RunWlan(scenario, Replication(0)).series;
    constexpr int64_t kFirst = 3;
    return std::map<std::string, double>{
        {"goodput", MeanFrom(series.Get("delivered_rate"), kFirst)},
        {"loss", MeanFrom(series.Get("loss_ratio"), kFirst)}};
  });
  const double msdu_rate = numbers.at("goodput") * 1500 / 1472;
  EXPECT_NEAR(msdu_rate, c.difs_mbps * 1e6, 0.015 * c.difs_mbps * 1e6);
  EXPECT_GT(msdu_rate, c.eifs_mbps * 1e6);
  EXPECT_NEAR(msdu_rate, BianchiThroughput(c.stations, kDifs),
              0.025 * msdu_rate);
  EXPECT_LT(numbers.at("loss"), 0.01);
}

std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  return "N" + std::to_string(info.param.stations);
}

INSTANTIATE_TEST_SUITE_P(Stations, Bianchi,
                         ::testing::Values(Case{5, 29.83, 29.29, 8},
                                           Case{10, 28.15, 27.38, 8}),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(WideStations, Bianchi,
                         ::testing::Values(Case{20, 26.29, 25.33, 8}), NameOf);

}  // namespace
}  // namespace airlock
