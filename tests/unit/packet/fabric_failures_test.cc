#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/support/datacentre_runs.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

// Two leaves of three hosts and two spines; every host sends to the other leaf.
Scenario Crossing() {
  Scenario scenario = DatacentreScenario(2, 2, 3);
  scenario.run.duration = Milliseconds(80);
  scenario.datacentre->traffic.kind = "permutation";
  scenario.datacentre->traffic.flows = 4;
  return scenario;
}

// The mean of a column of the series over (from, to] ms, by name
// ("COLUMN@ANYTHING").
std::map<std::string, double> Means(
    const Scenario& scenario,
    const std::map<std::string, std::pair<int64_t, int64_t>>& spans) {
  return NumbersFromChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    scene->AdvanceTo(scenario.run.duration);
    const ReplicationRecord record = scene->Finish();
    std::map<std::string, double> means;
    for (const auto& [key, span] : spans) {
      const auto& values =
          record.series.Get(key.substr(0, key.find('@'))).values;
      double sum = 0;
      for (int64_t ms = span.first; ms < span.second; ++ms) {
        sum += values[static_cast<size_t>(ms)];
      }
      means[key] = sum / static_cast<double>(span.second - span.first);
    }
    for (const Metric& metric : record.metrics) {
      means[metric.name] = metric.value;
    }
    return means;
  });
}

// A spine fails and is repaired: until routing has converged packets are lost
// on its links, then it is unused, and it is used again after the repair.
TEST(FabricFailures, RoutingConvergesAroundAFailedSpine) {
  Scenario scenario = Crossing();
  scenario.datacentre->routing.convergence = Milliseconds(10);
  scenario.datacentre->topology.failures = {
      {Milliseconds(20), "spine1", Milliseconds(50), {}}};
  const std::string lost = "interface.leaf0-spine1.loss_rate";
  const std::string used = "interface.leaf0-spine1.utilisation";
  const auto means = Means(scenario, {{used + "@before", {5, 20}},
                                      {lost + "@before", {0, 20}},
                                      {lost + "@failed", {20, 30}},
                                      {lost + "@around", {30, 80}},
                                      {used + "@around", {31, 60}},
                                      {used + "@after", {61, 80}},
                                      {"delivered_rate@before", {5, 20}},
                                      {"delivered_rate@around", {40, 60}}});
  EXPECT_GT(means.at(used + "@before"), 0.3);
  EXPECT_EQ(means.at(lost + "@before"), 0);
  EXPECT_GT(means.at(lost + "@failed"), 0);
  EXPECT_EQ(means.at(lost + "@around"), 0);
  EXPECT_EQ(means.at(used + "@around"), 0);
  EXPECT_GT(means.at(used + "@after"), 0.3);
  // One spine carries 1 Gb/s from each leaf, acknowledgements included.
  EXPECT_NEAR(means.at("delivered_rate@around") / 1e9, 2 * 1448.0 / 1502, 0.15);
  EXPECT_EQ(means.at("route_losses"), 0);
}

TEST(FabricFailures, LossesGrowWithTheTimeToConverge) {
  const auto losses = [](int64_t convergence_us) {
    Scenario scenario = Crossing();
    scenario.run.duration = Milliseconds(30);
    scenario.datacentre->routing.convergence = Microseconds(convergence_us);
    scenario.datacentre->topology.failures = {
        {Milliseconds(10), "leaf1-spine0", {}, {}}};
    return RunDatacentre(scenario).at("link_losses");
  };
  const double at_once = losses(0);
  const double later = losses(5000);
  EXPECT_GT(at_once, 0);  // what waited at the link's ends
  EXPECT_GT(later, at_once);
}

// Without any way left switches drop, and TCP goes on after the repair.
TEST(FabricFailures, NothingCrossesWhileAllSpinesAreDown) {
  Scenario scenario = Crossing();
  scenario.run.duration = Milliseconds(120);
  scenario.datacentre->routing.convergence = Milliseconds(1);
  for (const char* spine : {"spine0", "spine1"}) {
    scenario.datacentre->topology.failures.push_back(
        {Milliseconds(10), spine, Milliseconds(40), {}});
  }
  const auto means = Means(scenario, {{"delivered_rate@down", {12, 40}},
                                      {"delivered_rate@after", {90, 120}}});
  EXPECT_EQ(means.at("delivered_rate@down"), 0);
  EXPECT_GT(means.at("delivered_rate@after"), 1e9);
  EXPECT_GT(means.at("route_losses"), 0);
}

// What is broken from the start, routing knows from the start.
TEST(FabricFailures, FromTheStartNothingIsLost) {
  Scenario scenario = Crossing();
  scenario.run.duration = Milliseconds(10);
  scenario.datacentre->topology.failures = {
      {SimTime(), "leaf0-spine0", {}, {}}};
  const auto numbers = RunDatacentre(scenario);
  EXPECT_EQ(numbers.at("link_losses"), 0);
  EXPECT_EQ(numbers.at("route_losses"), 0);
  EXPECT_GT(numbers.at("goodput_mean"), 1e9);
}

// A link at a tenth of its rate carries a tenth, and its full rate after.
TEST(FabricFailures, SlowLinksCarryTheirRate) {
  Scenario scenario = Crossing();
  scenario.datacentre->topology.failures = {
      {Milliseconds(20), "spine0-leaf0", Milliseconds(50), Mbps(100)}};
  const std::string used = "interface.leaf0-spine0.utilisation";
  const auto means = Means(scenario, {{used + "@before", {5, 20}},
                                      {used + "@slow", {22, 50}},
                                      {used + "@after", {60, 80}}});
  EXPECT_GT(means.at(used + "@before"), 0.5);
  EXPECT_NEAR(means.at(used + "@slow"), 0.1, 0.005);
  EXPECT_GT(means.at(used + "@after"), 0.5);
}

TEST(FabricFailures, EqualSeedsGiveEqualResults) {
  Scenario scenario = Crossing();
  scenario.run.duration = Milliseconds(30);
  scenario.datacentre->routing.kind = "wcmp";
  scenario.datacentre->routing.weights = {{"leaf0", "spine1", 2}};
  scenario.datacentre->routing.convergence = Milliseconds(2);
  scenario.datacentre->topology.failures = {
      {Milliseconds(10), "spine1", Milliseconds(20), {}},
      {Milliseconds(15), "leaf1-spine0", {}, Mbps(500)}};
  const auto at_once = [](Scene& scene) { scene.AdvanceTo(Milliseconds(30)); };
  const auto in_steps = [](Scene& scene) {
    for (int64_t us = 700; us < 30000; us += 700) {
      scene.AdvanceTo(Microseconds(us));
      scene.Observe();
    }
    scene.AdvanceTo(Milliseconds(30));
  };
  const std::string first = FingerprintOfRun(scenario, 1, at_once);
  EXPECT_EQ(first, FingerprintOfRun(scenario, 1, at_once));
  EXPECT_EQ(first, FingerprintOfRun(scenario, 1, in_steps));
}

// --- Weights ----------------------------------------------------------------

// The share of leaf0's upward bytes that go to spine1, of a round of equal
// flows each way.
double ShareOfSpine1(Scenario scenario, int64_t salt) {
  scenario.datacentre->routing.salt = salt;
  return NumbersFromChild([&] {
           auto scene = SettledScene(scenario);
           scene->Start(Replication(salt));
           scene->AdvanceTo(scenario.run.duration);
           const auto values = scene->Observe().values;
           const double one = values.at("interface.leaf0-spine1.utilisation");
           const double zero = values.at("interface.leaf0-spine0.utilisation");
           return std::map<std::string, double>{{"share", one / (one + zero)}};
         })
      .at("share");
}

TEST(Wcmp, FlowsSplitByWeightAndByCapacity) {
  constexpr int kSalts = 4;
  constexpr int kFlows = 3 * 80;  // each way, with as many of acknowledgements
  Scenario scenario = Crossing();
  scenario.run.duration = Milliseconds(60);
  scenario.datacentre->traffic.flows = 80;
  scenario.datacentre->traffic.request = DataSize(10000);
  const auto expect = [&](double share) {
    double mean = 0;
    for (int salt = 0; salt < kSalts; ++salt) {
      mean += ShareOfSpine1(scenario, salt) / kSalts;
    }
    const double deviation = std::sqrt(share * (1 - share) / (kFlows * kSalts));
    EXPECT_NEAR(mean, share, 3.29 * deviation);  // 99.9 %
  };
  expect(0.5);
  scenario.datacentre->routing.weights = {{"leaf0", "spine1", 3}};
  expect(0.75);
  scenario.datacentre->routing.weights = {};
  scenario.datacentre->routing.kind = "wcmp";
  scenario.datacentre->topology.failures = {
      {SimTime(), "leaf0-spine0", {}, Mbps(250)}};
  expect(0.8);
}

// Utilisation of leaf0's uplinks in the 10 ms after `actions` were tried, and
// how many of them were refused.
std::map<std::string, double> UplinksAfter(const std::vector<Action>& actions) {
  Scenario scenario = Crossing();
  return NumbersFromChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    scene->AdvanceTo(Milliseconds(10));
    std::map<std::string, double> numbers{{"refused", 0}};
    for (const Action& action : actions) {
      try {
        scene->Apply(action);
      } catch (const InputError&) {
        ++numbers["refused"];
      }
    }
    scene->AdvanceTo(Milliseconds(15));
    scene->Observe();
    scene->AdvanceTo(Milliseconds(25));
    const auto values = scene->Observe().values;
    numbers["spine0"] = values.at("interface.leaf0-spine0.utilisation");
    numbers["spine1"] = values.at("interface.leaf0-spine1.utilisation");
    return numbers;
  });
}

TEST(Wcmp, WeightsAreActions) {
  const auto both = UplinksAfter({});
  EXPECT_GT(both.at("spine0"), 0.3);
  EXPECT_GT(both.at("spine1"), 0.3);
  const auto one = UplinksAfter({{{{"leaf0.weight.spine1", 0}}}});
  EXPECT_EQ(one.at("refused"), 0);
  EXPECT_GT(one.at("spine0"), 0.7);
  EXPECT_EQ(one.at("spine1"), 0);
}

// All settings of an action, or none.
TEST(Wcmp, RefusedActionsChangeNothing) {
  const auto after = UplinksAfter(
      {{{{"leaf0.weight.spine1", 0}, {"ecn_threshold", 0}}},
       {{{"leaf0.weight.spine1", 0}, {"leaf0.weight.spine0", 0}}},
       {{{"leaf0.weight.spine1", 0}, {"leaf1.weight.spine0", -1}}},
       {{{"leaf0.weight.spine1", 0}, {"leaf0.weight.spine9", 1}}}});
  EXPECT_EQ(after.at("refused"), 4);
  EXPECT_GT(after.at("spine0"), 0.3);
  EXPECT_GT(after.at("spine1"), 0.3);
}

TEST(Wcmp, RefusalsSayWhy) {
  const auto message = [](const Action& action) {
    return RunInChild([&]() -> std::string {
      auto scene = SettledScene(Crossing());
      scene->Start(Replication(0));
      try {
        scene->Apply(action);
      } catch (const InputError& error) {
        return error.what();
      }
      return "accepted";
    });
  };
  EXPECT_EQ(message({{{"leaf0.weight.spine1", -1}}}),
            "leaf0.weight.spine1: -1 is not a weight: a number of at least 0");
  EXPECT_EQ(message({{{"leaf0.weight.spine1", 0}, {"leaf0.weight.spine0", 0}}}),
            "all next hops of leaf0 would have weight 0");
  EXPECT_EQ(message({{{"leaf0.weight.host1", 1}}}),
            "leaf0.weight.host1: leaf0 never chooses 'host1'; it has spine0, "
            "spine1");
  EXPECT_EQ(message({{{"leaf0-host1.ecn_threshold", 2000}}}),
            "leaf0-host1.ecn_threshold: 2000 is not between 1 and 1000 "
            "packets, the queue's limit");
  EXPECT_THAT(message({{{"leaf9-host1.ecn_threshold", 20}}}),
              HasSubstr("no setting 'leaf9-host1.ecn_threshold'"));
}

// One port's threshold is its own.
TEST(EcnThreshold, IsSetPortByPort) {
  const auto queues = NumbersFromChild([] {
    Scenario scenario = DatacentreScenario(1, 1, 6);
    scenario.datacentre->traffic.kind = "permutation";
    scenario.datacentre->traffic.flows = 3;
    scenario.datacentre->topology.queue.discipline = "step-ecn";
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    scene->AdvanceTo(Milliseconds(5));
    scene->Apply({{{"leaf0-host2.ecn_threshold", 10}}});
    scene->AdvanceTo(Milliseconds(20));
    scene->Observe();
    scene->AdvanceTo(Milliseconds(40));
    const auto values = scene->Observe().values;
    return std::map<std::string, double>{
        {"set", values.at("interface.leaf0-host2.mark_rate")},
        {"other", values.at("interface.leaf0-host3.mark_rate")}};
  });
  EXPECT_GT(queues.at("set"), 0);
  EXPECT_EQ(queues.at("other"), 0);
}

// --- Framing and idle networks ----------------------------------------------

// 1448 of 1538 bytes on the wire: what a network card counts.
TEST(Framing, EthernetGoodputIsThatOfACard) {
  Scenario scenario = DatacentreScenario(2, 2, 2);
  scenario.run.duration = Milliseconds(100);
  scenario.datacentre->topology.framing = "ethernet";
  scenario.datacentre->traffic.kind = "incast";
  scenario.datacentre->traffic.flows = 1;
  const auto numbers = RunDatacentre(scenario);
  EXPECT_NEAR(numbers.at("goodput_mean") / 941.48e6, 1, 0.005);
  EXPECT_NEAR(numbers.at("utilisation_max"), 1, 0.005);
}

// Single flows of one initial window at most, far apart: completion takes
// exactly the time of an idle network, on every topology.
TEST(Slowdown, IsOneOnAnIdleNetwork) {
  for (const char* kind : {"leaf-spine", "fat-tree", "back-to-back"}) {
    for (const char* framing : {"ppp", "ethernet"}) {
      SCOPED_TRACE(std::string(kind) + " " + framing);
      Scenario scenario = DatacentreScenario(2, 2, 2);
      scenario.run.duration = Milliseconds(20);
      auto& topology = scenario.datacentre->topology;
      topology.kind = kind;
      topology.framing = framing;
      topology.fabric_link.rate = Gbps(4);
      auto& traffic = scenario.datacentre->traffic;
      traffic.kind = "trace";
      traffic.trace = testing::TempDir() + "idle.csv";
      std::ofstream(traffic.trace)
          << "time [s],from,to,bytes\n0,0,1,1\n0.002,1,0,1448\n"
             "0.004,0,1,1449\n0.006,0,1,14480\n0.008,1,0,7000\n";
      const auto numbers = RunDatacentre(scenario);
      EXPECT_EQ(numbers.at("flows_finished"), 5);
      EXPECT_NEAR(numbers.at("slowdown_mean"), 1, 1e-4);
      EXPECT_NEAR(numbers.at("slowdown_p99"), 1, 1e-4);
    }
  }
}

// --- Rounds -----------------------------------------------------------------

TEST(Rounds, EndWithTheirLastFlow) {
  Scenario scenario = DatacentreScenario(2, 2, 4);
  scenario.run.duration = Milliseconds(41);
  auto& traffic = scenario.datacentre->traffic;
  traffic.kind = "incast";
  traffic.flows = 7;
  traffic.request = DataSize(30000);
  traffic.interval = Milliseconds(10);
  traffic.stagger = Microseconds(20);
  const auto numbers = RunDatacentre(scenario);
  EXPECT_EQ(numbers.at("rounds_finished") + numbers.at("rounds_unfinished"), 5);
  EXPECT_GE(numbers.at("rounds_finished"), 4);
  // Seven answers over one link.
  const double least = 7 * 30000 * 8 / (1448.0 / 1502 * 1e9);
  EXPECT_GT(numbers.at("round_time_p50"), least);
  EXPECT_LT(numbers.at("round_time_p50"), 2 * least);
  EXPECT_GE(numbers.at("round_time_p99"), numbers.at("fct_p99"));
  EXPECT_GT(numbers.at("slowdown_p50.10kB_to_100kB"), 1);
}

}  // namespace
}  // namespace airlock
