#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "agents/baselines/agent_table.h"
#include "tests/support/wlan_run.h"

// The planners of the surrogate engine, unchanged, on the packet engine: nine
// access points in a square, close enough to hear each other, that begin on one
// channel of the nine without radars.
namespace airlock {
namespace {

Scenario Square() {
  Scenario scenario = MakeWlan(9, 1);
  scenario.run.duration = Milliseconds(300);
  scenario.controller.interval = Milliseconds(100);
  WlanConfig& wlan = *scenario.wlan;
  wlan.region = "US";
  wlan.dfs = false;
  wlan.beacon_interval = Microseconds(20480);
  wlan.channel_switch.announcement_beacons = 1;
  for (int i = 0; i < 9; ++i) {
    wlan.access_points[i].position.x = Length(8.0 * (i % 3));
    wlan.access_points[i].position.y = Length(8.0 * (i / 3));
  }
  wlan.traffic.rate_per_station = Mbps(40);  // nine do not fit one channel
  return scenario;
}

// What the last interval delivered, in bit/s, and the number of channels in
// use, after the planner's decisions at 100 and 200 ms.
std::map<std::string, double> RunAgent(const std::string& agent) {
  return NumbersFromChild([&] {
    const Scenario scenario = Square();
    const auto controller = CreateAgent(agent, scenario, Replication(0));
    const auto scene = CreateWlan(scenario);
    scene->Settle();
    scene->Start(Replication(0));
    Observation last;
    double starved = 0;  // loads that were offered and of which nothing arrived
    while (scene->Now() < scenario.run.duration) {
      scene->AdvanceTo(scene->Now() + scenario.controller.interval);
      last = scene->Observe();
      if (scene->Now() >= scenario.run.duration) break;
      for (const AccessPointConfig& ap : scenario.wlan->access_points) {
        starved += last.values.at("ap." + ap.name + ".offered_rate") > 0 &&
                   last.values.at("ap." + ap.name + ".delivered_rate") == 0;
      }
      scene->Apply(controller->Decide(last));
    }
    std::set<double> channels;
    for (const AccessPointConfig& ap : scenario.wlan->access_points) {
      channels.insert(last.values.at("ap." + ap.name + ".channel"));
    }
    std::map<std::string, double> numbers;
    numbers["channels"] = static_cast<double>(channels.size());
    numbers["starved"] = starved;
    numbers["delivered_rate"] = last.values.at("delivered_rate");
    for (const Metric& metric : controller->Metrics()) {
      numbers[metric.name] = metric.value;
    }
    return numbers;
  });
}

TEST(PacketAgentsTest, PlannersSpreadACrowdedChannelAndMoreIsDelivered) {
  const auto fixed = RunAgent("static");
  EXPECT_EQ(fixed.at("channels"), 1);
  for (const char* agent : {"greedy", "turboca", "dynls"}) {
    SCOPED_TRACE(agent);
    const auto planned = RunAgent(agent);
    EXPECT_GE(planned.at("channels"), 7);
    EXPECT_GT(planned.at("delivered_rate"), 1.5 * fixed.at("delivered_rate"));
    EXPECT_EQ(planned.at("controller.unreadable_plans"), 0);
    // Who got nothing through on the crowded channel has no load, nobody else.
    EXPECT_EQ(planned.at("controller.missing_loads"), planned.at("starved"));
    EXPECT_EQ(planned.at("controller.unheard_pairs"), 0);
  }
}

}  // namespace
}  // namespace airlock
