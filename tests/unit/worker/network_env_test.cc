#include "twin/worker/network_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Scenario TwoAccessPoints() {
  Scenario scenario;
  scenario.name = "two";
  scenario.run.duration = Milliseconds(1050);
  scenario.controller.interval = Milliseconds(100);
  scenario.wlan.emplace();
  scenario.wlan->region = "US";
  scenario.wlan->dfs = false;
  for (const char* name : {"a", "b"}) {
    AccessPointConfig ap;
    ap.name = name;
    ap.stations = 2;
    scenario.wlan->access_points.push_back(ap);
  }
  return scenario;
}

TEST(NetworkTasks, AnUnknownOneNamesTheKnown) {
  EXPECT_THAT(ErrorOf([] { NetworkTaskNamed("hop"); }),
              HasSubstr("no network task 'hop'; known: channel-hop, "
                        "channel-plan"));
}

TEST(NetworkTasks, ARunHasOneDecisionLessThanIntervals) {
  Scenario scenario = TwoAccessPoints();
  EXPECT_EQ(DecisionsOf(scenario), 9);
  scenario.run.duration = Milliseconds(199);
  EXPECT_THAT(ErrorOf([&] { DecisionsOf(scenario); }),
              HasSubstr("needs two controller intervals or more"));
}

TEST(ChannelHop, NeedsOneAccessPointThatSensesChannels) {
  Scenario scenario = TwoAccessPoints();
  EXPECT_THAT(ErrorOf([&] { ChannelHopRules(scenario); }),
              HasSubstr("needs an access point with two or more"));
  scenario.wlan->access_points[0].sensed_channels = {36};
  EXPECT_THAT(ErrorOf([&] { ChannelHopRules(scenario); }),
              HasSubstr("needs an access point with two or more"));
  scenario.wlan->access_points[1].sensed_channels = {36, 40};
  EXPECT_THAT(ErrorOf([&] { ChannelHopRules(scenario); }),
              HasSubstr("'a' and 'b' have sensed_channels"));
  scenario.wlan.reset();
  EXPECT_THAT(ErrorOf([&] { ChannelHopRules(scenario); }),
              HasSubstr("needs a WLAN"));
}

TEST(ChannelHop, SeesMostOfTheSlotAndIsPaidByAcknowledgements) {
  Scenario scenario = TwoAccessPoints();
  scenario.wlan->access_points[1].sensed_channels = {48, 36, 40};
  const auto rules = ChannelHopRules(scenario);
  EXPECT_THAT(rules->spec().action.choices, ElementsAre(3));
  EXPECT_EQ(rules->spec().time_limit, 9);
  Observation counters;
  counters.values = {{"ap.b.sensed.48", 0.2},    {"ap.b.sensed.36", kNan},
                     {"ap.b.sensed.40", 0.51},   {"ap.b.offered_rate", 8000},
                     {"station.b.0.bytes", 400}, {"station.b.1.bytes", 100},
                     {"station.a.0.bytes", 9000}};
  std::vector<double> seen(3);
  rules->Show(counters, seen.data());
  EXPECT_THAT(seen, ElementsAre(0, 0, 1));
  EXPECT_EQ(rules->Judge(counters, nullptr), 1);
  counters.values["station.b.1.bytes"] = 99;
  EXPECT_EQ(rules->Judge(counters, nullptr), -1);
  const double second = 1;
  EXPECT_EQ(rules->ActionOf(&second).settings,
            (std::map<std::string, double>{{"b.channel", 36}}));
}

// a: half delivered, 0.2 s; b: nothing delivered of what is offered.
TEST(ChannelPlan, RewardCostsAndWhatIsSeen) {
  const auto rules = ChannelPlanRules(TwoAccessPoints());
  EXPECT_THAT(rules->spec().action.choices, ElementsAre(9, 9));
  EXPECT_THAT(rules->spec().costs, ElementsAre("starving", "churn"));
  Observation counters;
  counters.values = {{"ap.a.load", 0.6},
                     {"ap.a.airtime_busy", 0.7},
                     {"ap.a.channel", 40},
                     {"ap.a.offered_rate", 1000},
                     {"ap.a.delivered_rate", 500},
                     {"ap.a.latency_p95", 0.2},
                     {"ap.a.switches", 0},
                     {"station.a.0.delivered_rate", 251},
                     {"station.a.1.delivered_rate", 249},
                     {"ap.b.load", kNan},
                     {"ap.b.airtime_busy", kNan},
                     {"ap.b.channel", 165},
                     {"ap.b.offered_rate", 1000},
                     {"ap.b.delivered_rate", 0},
                     {"ap.b.latency_p95", kNan},
                     {"ap.b.switches", 2},
                     {"station.b.0.delivered_rate", 0},
                     {"station.b.1.delivered_rate", 0}};
  std::vector<double> costs(2);
  EXPECT_DOUBLE_EQ(rules->Judge(counters, costs.data()),
                   ((0.5 - 0.2) + (0 - 1)) / 2);
  EXPECT_THAT(costs, ElementsAre(0.75, 0.5));
  std::vector<double> seen(rules->spec().observation.size());
  rules->Show(counters, seen.data());
  EXPECT_THAT(seen, ElementsAre(0.6, 0.7, 0.5, 0.2, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1));
  const double choices[] = {8, 0};
  EXPECT_EQ(
      rules->ActionOf(choices).settings,
      (std::map<std::string, double>{{"a.channel", 165}, {"b.channel", 36}}));
}

}  // namespace
}  // namespace airlock
