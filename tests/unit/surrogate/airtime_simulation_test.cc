#include "sim/surrogate/airtime_simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "sim/base/error.h"
#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/airtime_network.h"
#include "sim/surrogate/surrogate_scene.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Three access points 10 m apart on one channel: all hear each other. Four
// stations of 10 Mbit/s each are a load of 0.4 at 100 Mbit/s a channel.
constexpr char kThree[] = R"(
schema: 1
name: three
run: {engine: surrogate, duration: 40s, sample_interval: 10s, replications: 1}
controller: {agent: static, interval: 10s}
wlan:
  region: US
  dfs: false
  max_width: 40MHz
  access_points:
    - {name: a, position: {x: 0m, y: 0m}}
    - {name: b, position: {x: 10m, y: 0m}, stations: 2}
    - {name: c, position: {x: 5m, y: 8m}, stations: 1}
)";

ResolvedScenario Resolved(const std::string& text) {
  Diagnostics diagnostics;
  auto resolved = ResolveText(text, "test", &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  return *resolved;
}

using Act = std::function<Action(const Observation&)>;

Action Nothing(const Observation&) { return {}; }

ReplicationRecord RunScene(const std::string& text, const Act& act,
                           int64_t replication = 0) {
  const ResolvedScenario resolved = Resolved(text);
  const auto scene = CreateSurrogateScene(resolved);
  scene->Settle();
  scene->Start(Replication(replication));
  const SimTime step = resolved.scenario().controller.interval;
  const SimTime end = resolved.scenario().run.duration;
  while (scene->Now() < end) {
    scene->AdvanceTo(std::min(end, scene->Now() + step));
    if (scene->Now() < end) scene->Apply(act(scene->Observe()));
  }
  return scene->Finish();
}

double MetricOf(const ReplicationRecord& record, const std::string& name) {
  for (const Metric& metric : record.metrics) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return NAN;
}

TEST(AirtimeSimulationTest, ConstantLoadsByHand) {
  const ReplicationRecord record = RunScene(kThree, Nothing);
  // Loads 0.4, 0.2, 0.1: each hears the sum of the others.
  const double service =
      (Rho(0.3, 1) * 0.4 + Rho(0.5, 1) * 0.2 + Rho(0.6, 1) * 0.1) / 3;
  EXPECT_NEAR(MetricOf(record, "regret_service"), service, 1e-12);
  EXPECT_NEAR(MetricOf(record, "regret"), service, 1e-12);
  EXPECT_EQ(MetricOf(record, "regret_change"), 0);
  EXPECT_NEAR(MetricOf(record, "load"), 0.7 / 3, 1e-12);
  EXPECT_NEAR(MetricOf(record, "airtime_busy"), 0.7, 1e-12);
  EXPECT_EQ(MetricOf(record, "utilisation_above_60"), 1);
  EXPECT_EQ(MetricOf(record, "utilisation_above_80"), 0);
  EXPECT_NEAR(MetricOf(record, "delivered_rate"), 70e6, 1e-3);
  EXPECT_NEAR(MetricOf(record, "ap.b.delivered_rate"), 20e6, 1e-3);
  EXPECT_EQ(MetricOf(record, "overload"), 0);
  EXPECT_EQ(record.series.samples(), 4);
  EXPECT_NEAR(record.series.Get("ap.b.airtime_transmit").values[3], 0.2, 1e-12);
  EXPECT_NEAR(record.series.Get("ap.b.airtime_receive").values[3], 0.5, 1e-12);
}

TEST(AirtimeSimulationTest, AFullChannelIsSharedByNeed) {
  std::string text = kThree;
  text += "  traffic: {rate_per_station: 30Mbps}\n";  // 1.2, 0.6 and 0.3
  const ReplicationRecord sum = RunScene(text, Nothing);
  EXPECT_NEAR(MetricOf(sum, "ap.a.delivered_rate"), 120e6 / 2.1, 1e-3);
  EXPECT_NEAR(MetricOf(sum, "ap.b.delivered_rate"), 60e6 / 2.1, 1e-3);
  EXPECT_EQ(MetricOf(sum, "airtime_busy"), 1);
  // One of three needs more than there is: counted, and its regret not cut.
  EXPECT_NEAR(MetricOf(sum, "overload"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(MetricOf(sum, "regret_service"),
              (Rho(0.9, 1) * 1.2 + Rho(1.5, 1) * 0.6 + Rho(1.8, 1) * 0.3) / 3,
              1e-9);
  const ReplicationRecord overlap =
      RunScene(text + "  airtime: {law: union}\n", Nothing);
  // c hears 1: nothing is left. a hears 1 - 0.4 * 0.7 = 0.72.
  EXPECT_NEAR(MetricOf(overlap, "ap.c.delivered_rate"), 0, 1e-6);
  EXPECT_NEAR(MetricOf(overlap, "ap.a.delivered_rate"), 0.28 * 100e6, 1e-3);
}

TEST(AirtimeSimulationTest, ControllersSeeAndMove) {
  int decisions = 0;
  const ReplicationRecord record =
      RunScene(kThree, [&decisions](const Observation& seen) {
        EXPECT_EQ(seen.values.at("ap.a.channel"), decisions == 0 ? 36 : 149);
        EXPECT_EQ(seen.values.at("ap.a.width"), decisions == 0 ? 20e6 : 40e6);
        EXPECT_NEAR(seen.values.at("ap.a.load"), 0.4, 1e-12);
        // 16 dBm - 46.67 - 30 log10(10 m) dB
        EXPECT_NEAR(seen.values.at("ap.a.rssi.b"), -60.67, 1e-9);
        EXPECT_EQ(seen.values.count("ap.a.rssi.a"), 0u);
        EXPECT_NEAR(seen.values.at("station.b.1.bytes"), 10e6 / 8, 1e-3);
        // 16 dBm - 46.67 - 30 log10(5 m) dB
        EXPECT_NEAR(seen.values.at("station.b.1.rssi"), -51.64, 0.005);
        Action action;
        if (decisions++ == 0) {
          action.settings = {{"a.channel", 149}, {"a.width", 40e6}};
        }
        return action;
      });
  EXPECT_EQ(decisions, 3);
  // One change of a load of 0.4 in 3 access points x 4 decisions.
  EXPECT_NEAR(MetricOf(record, "regret_change"), 0.4 / 12, 1e-12);
  EXPECT_NEAR(MetricOf(record, "changes"), 1.0 / 12, 1e-12);
  const double before =
      Rho(0.3, 1) * 0.4 + Rho(0.5, 1) * 0.2 + Rho(0.6, 1) * 0.1;
  const double after = Rho(0, 2) * 0.4 + Rho(0.1, 1) * 0.2 + Rho(0.2, 1) * 0.1;
  EXPECT_NEAR(MetricOf(record, "regret_service"), (before + 3 * after) / 12,
              1e-12);
  EXPECT_NEAR(record.series.Get("ap.a.airtime_busy").values[3], 0.2, 1e-12);
}

TEST(AirtimeSimulationTest, WrongSettingsChangeNothing) {
  const auto scene = CreateSurrogateScene(Resolved(kThree));
  scene->Settle();
  scene->Start(Replication(0));
  const auto settings = [&scene] {
    std::map<std::string, double> plan;
    for (const auto& [name, value] : scene->Observe().values) {
      const bool setting = name.find(".channel") != name.npos ||
                           name.find(".width") != name.npos;
      if (setting) plan[name] = value;
    }
    return plan;
  };
  scene->AdvanceTo(Milliseconds(10000));
  // A plan of its own, so that a return to the first one shows as well.
  scene->Apply({{{"a.channel", 149}, {"a.width", 40e6}, {"c.channel", 44}}});
  const auto plan = settings();
  ASSERT_EQ(plan.size(), 6u);
  ASSERT_EQ(plan.at("ap.a.channel"), 149);
  const auto error = [&scene](std::map<std::string, double> wrong) {
    // Allowed by itself, and before and after the wrong ones in their order.
    wrong.insert({{"a.channel", 36}, {"c.width", 40e6}});
    return ErrorOf([&] { scene->Apply({wrong}); });
  };
  const auto expect = [&](std::map<std::string, double> wrong,
                          const char* message) {
    EXPECT_THAT(error(std::move(wrong)), HasSubstr(message));
    EXPECT_EQ(settings(), plan) << message;
  };
  expect({{"d.channel", 36}}, "there is no setting 'd.channel'");
  expect({{"a.power", 3}}, "there is no setting 'a.power'");
  expect({{"b.channel", 52}}, "access point b: channel 52 is not allowed here");
  expect({{"b.channel", 165}, {"b.width", 40e6}}, "channel 165 has no partner");
  expect({{"b.width", 80e6}}, "access point b: a width of 80000000 Hz");
  scene->AdvanceTo(Milliseconds(40000));
  // The changes of a (load 0.4) and c (0.1) alone, in 3 access points x 4
  // decisions.
  EXPECT_NEAR(MetricOf(scene->Finish(), "regret_change"), 0.5 / 12, 1e-12);
}

// The loads that a controller meets do not depend on what it does.
TEST(AirtimeSimulationTest, LoadsAreThoseOfSeedAndReplication) {
  const std::string text =
      std::string(kThree) + "  load: {profile: volatile, slot: 10s}\n";
  const ReplicationRecord one = RunScene(text, Nothing, 1);
  const ReplicationRecord other = RunScene(text, Nothing, 2);
  const ReplicationRecord moved = RunScene(
      text,
      [](const Observation&) {
        return Action{{{"b.channel", 44}}};
      },
      1);
  const auto loads = [](const ReplicationRecord& record) {
    return record.series.Get("ap.b.load").values;
  };
  EXPECT_EQ(loads(one), loads(moved));
  EXPECT_NE(loads(one), loads(other));
  EXPECT_NE(MetricOf(one, "regret"), MetricOf(moved, "regret"));
}

TEST(AirtimeSimulationTest, DroppedSlotsAreNotMeasured) {
  std::string text = std::string(kThree) +
                     "  load: {profile: volatile, slot: 10s}\n"
                     "  airtime: {dropped_slots: 3}\n";
  const ReplicationRecord record = RunScene(text, Nothing);
  EXPECT_DOUBLE_EQ(record.warmup_seconds, 30);
  double load = 0;
  for (const char* ap : {"ap.a.load", "ap.b.load", "ap.c.load"}) {
    load += record.series.Get(ap).values[3] / 3;
  }
  EXPECT_NEAR(MetricOf(record, "load"), load, 1e-12);
}

TEST(AirtimeSimulationTest, EachReplicationHasItsOwnNetwork) {
  const auto text = [](int64_t seed, bool redraw) {
    return "schema: 1\nname: g\nrun: {engine: surrogate, duration: 100s, "
           "sample_interval: 10s, seed: " +
           std::to_string(seed) +
           "}\ncontroller: {interval: 10s}\nwlan:\n  shadowing_db: 4\n"
           "  region: EU\n  dfs: false\n"
           "  generated: {access_points: 12, neighbours: 5, redraw: " +
           (redraw ? "true" : "false") + "}\n";
  };
  const ReplicationRecord first = RunScene(text(7, true), Nothing, 0);
  const ReplicationRecord second = RunScene(text(7, true), Nothing, 1);
  const ReplicationRecord same = RunScene(text(8, true), Nothing, 0);
  EXPECT_NE(MetricOf(first, "regret"), MetricOf(second, "regret"));
  EXPECT_EQ(MetricOf(second, "regret"), MetricOf(same, "regret"));
  // Put in place when the scenario is resolved, it is the same network.
  EXPECT_EQ(MetricOf(first, "regret"),
            MetricOf(RunScene(text(7, false), Nothing, 0), "regret"));
}

TEST(AirtimeNetworkTest, OwnLoadEntersTheRegretIfChosen) {
  Eigen::MatrixXd rssi = Eigen::MatrixXd::Constant(2, 2, -60);
  Eigen::ArrayXd loads(2);
  loads << 0.3, 0.4;
  AirtimeChoices choices;
  const ChannelTable table({36, 40}, 2);
  for (const bool own_load : {false, true}) {
    choices.own_load = own_load;
    AirtimeNetwork network(table, choices, rssi);
    network.SetLoads(loads);
    EXPECT_DOUBLE_EQ(network.busy()[0], 0.7);
    EXPECT_DOUBLE_EQ(network.heard()[0], 0.4);
    EXPECT_NEAR(
        network.service(),
        own_load ? Rho(0.7, 1) * 0.7 : Rho(0.4, 1) * 0.3 + Rho(0.3, 1) * 0.4,
        1e-12);
  }
}

}  // namespace
}  // namespace airlock
