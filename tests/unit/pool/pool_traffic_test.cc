#include <gtest/gtest.h>

#include <cmath>

#include "sim/surrogate/pool_simulation.h"
#include "tests/support/pool_runs.h"

namespace airlock {
namespace {

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum;
}

// What a run's series say of a server: the sum of a counter, by name.
std::map<std::string, double> SumsOf(const ReplicationRecord& record) {
  std::map<std::string, double> sums;
  for (const Column& column : record.series.columns) {
    sums[column.name] = Sum(column.values);
    sums[column.name + ".last"] = column.values.back();
  }
  for (const Metric& metric : record.metrics) {
    sums[metric.name] = metric.value;
  }
  return sums;
}

// The whole run, with `course` in between; from a child.
std::map<std::string, double> SumsOfRun(
    const Scenario& scenario,
    const std::function<void(Scene&)>& course = [](Scene&) {}) {
  return NumbersFromChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    course(*scene);
    scene->AdvanceTo(scenario.run.duration);
    return SumsOf(scene->Finish());
  });
}

std::map<std::string, double> SumsOfSurrogate(Scenario scenario) {
  scenario.run.engine = "surrogate";
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  if (!resolved) throw Error(diagnostics.Format());
  auto scene = CreatePoolScene(*resolved);
  scene->Settle();
  scene->Start(Replication(0));
  scene->AdvanceTo(scenario.run.duration);
  return SumsOf(scene->Finish());
}

// In turns, so that every engine gives a request to the same server.
Scenario InTurns() {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 2), PoolServerOf("b", 4, 2)});
  scenario.datacentre->balancer->assignment = "round-robin";
  return scenario;
}

TEST(PoolTraffic, IsTheSurrogateWithANetworkBetween) {
  const Scenario scenario = InTurns();
  auto packet = SumsOfRun(scenario);
  auto surrogate = SumsOfSurrogate(scenario);
  // The same requests: as many, give or take those that begin as it ends.
  EXPECT_NEAR(packet["server.b.n_flow"], surrogate["server.b.n_flow"], 2);
  EXPECT_NEAR(packet["pool.server.a.utilisation"],
              surrogate["pool.server.a.utilisation"], 0.01);
  // Links of 2 us: four to a server, through the balancer, two back. That is
  // 12 us for the handshake, 12 us for request and answer, 16 us for 20 kB at
  // 10 Gb/s and part of a round trip, for the initial window is 14 kB.
  const double network = packet["pool.fct_p50"] - surrogate["pool.fct_p50"];
  EXPECT_GT(network, 40e-6);
  EXPECT_LT(network, 55e-6);
  EXPECT_NEAR(packet["pool.fct_p99"], surrogate["pool.fct_p99"], 0.002);
}

TEST(PoolTraffic, TheCollectorSeesEveryFlowOnce) {
  auto sums = SumsOfRun(InTurns());
  const double flows = sums["server.a.n_flow"] + sums["server.b.n_flow"];
  const double completed = sums["server.a.n_fct"] + sums["server.b.n_fct"];
  const double on =
      sums["server.a.n_flow_on.last"] + sums["server.b.n_flow_on.last"];
  EXPECT_GT(flows, 500);
  EXPECT_DOUBLE_EQ(flows, completed + on);
  // A request in one segment and no loss: nothing is sent twice.
  EXPECT_EQ(sums["server.a.n_rtr"], 0);
  EXPECT_EQ(sums["server.a.n_ooo"], 0);
  EXPECT_EQ(sums["server.a.n_cls"], 0);
  // SYN, handshake, request, FIN and the server's FIN, at least.
  EXPECT_GT(sums["server.a.n_packet"], 5 * sums["server.a.n_flow"]);
}

TEST(PoolTraffic, CompletionTimesOfTheCollectorAreTheClients) {
  Scenario scenario = InTurns();
  scenario.datacentre->balancer->reservoir.slots = 4096;  // all of them
  auto sums = SumsOfRun(scenario);
  const double mean =
      (sums["server.a.fct_mean.last"] + 2 * sums["server.b.fct_mean.last"]) / 3;
  // Flows of the warm-up are in the one and not in the other.
  EXPECT_NEAR(mean / sums["pool.fct_mean"], 1, 0.1);
  // What the server needs for a request is nearly all of its flow's time.
  EXPECT_NEAR(sums["server.a.pt_1st_mean.last"], sums["server.a.fct_mean.last"],
              0.001);
}

TEST(PoolTraffic, FlowsAreSharedByWeight) {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 8, 0.5), PoolServerOf("b", 8, 1.5),
                    PoolServerOf("c", 8, 0)});
  auto sums = SumsOfRun(scenario);
  const double flows = sums["server.a.n_flow"] + sums["server.b.n_flow"];
  // 4 standard deviations of a binomial share.
  EXPECT_NEAR(sums["server.a.n_flow"] / flows, 0.25,
              4 * std::sqrt(0.25 * 0.75 / flows));
  EXPECT_EQ(sums["server.c.n_packet"], 0);
}

TEST(PoolTraffic, WeightsAreSetWhileItRuns) {
  const Scenario scenario =
      PoolScenario({PoolServerOf("a", 4), PoolServerOf("b", 4)});
  const std::string refusals = RunInChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    scene->AdvanceTo(Milliseconds(100));
    std::string text;
    const auto refused = [&](const std::map<std::string, double>& settings) {
      try {
        scene->Apply({settings});
      } catch (const InputError& error) {
        text += error.what() + std::string("\n");
      }
    };
    refused({{"server.a.weight", 0}, {"server.c.weight", 1}});
    refused({{"server.a.weight", 0}, {"server.b.weight", 2.5}});
    refused({{"server.a.weight", 0}, {"server.b.weight", 0}});
    refused({{"server.a.weight", 0}, {"ecn_threshold", 0}});
    // Nothing has changed so far.
    scene->Observe();
    scene->AdvanceTo(Milliseconds(400));
    const auto before = scene->Observe().values;
    text += before.at("server.a.n_flow") > 50 ? "a has flows\n" : "a has none";
    scene->Apply({{{"server.a.weight", 0}}});
    scene->AdvanceTo(Milliseconds(405));  // SYNs that were on their way
    scene->Observe();
    scene->AdvanceTo(Milliseconds(800));
    const auto after = scene->Observe().values;
    text += after.at("server.a.n_flow") == 0 ? "a has none\n" : "a has flows\n";
    text += after.at("server.b.n_flow") > 50 ? "b has flows\n" : "b has none";
    return text;
  });
  EXPECT_NE(refusals.find("this scenario has no setting 'server.c.weight'; it "
                          "has 'ecn_threshold'"),
            std::string::npos)
      << refusals;
  EXPECT_NE(refusals.find("server.b.weight: 2.5 is out of range (0 to 2)\n"
                          "all weights are 0: no server would get a flow\n"
                          "ecn_threshold: 0 is not between"),
            std::string::npos)
      << refusals;
  EXPECT_NE(refusals.find("a has flows\na has none\nb has flows\n"),
            std::string::npos)
      << refusals;
}

TEST(PoolTraffic, LeastConnectionsKeepsServersLevel) {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 2), PoolServerOf("b", 4)});
  scenario.datacentre->balancer->load.share = Ratio(0.9);
  auto hash = SumsOfRun(scenario);
  scenario.datacentre->balancer->assignment = "least-connections";
  auto least = SumsOfRun(scenario);
  EXPECT_LT(least["pool.fct_p99"], 0.5 * hash["pool.fct_p99"]);
  EXPECT_GT(least["pool.fairness"], hash["pool.fairness"]);
}

TEST(PoolTraffic, FlowsOfAFailedServerAreLostUntilTheBalancerKnows) {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 4), PoolServerOf("b", 4)});
  BalancerConfig& balancer = *scenario.datacentre->balancer;
  balancer.load.share = Ratio(0.4);
  balancer.health_check = Milliseconds(100);
  PoolEvent failure;
  failure.server = "a";
  failure.kind = "failure";
  failure.from = Milliseconds(500);
  failure.until = Milliseconds(1000);
  balancer.events = {failure};
  const std::string seen = RunInChild([&] {
    auto scene = SettledScene(scenario);
    scene->Start(Replication(0));
    std::string text;
    const auto interval = [&](int64_t until_ms) {
      scene->AdvanceTo(Milliseconds(until_ms));
      const auto values = scene->Observe().values;
      const auto sign = [&](const char* name) {
        return values.at(name) > 0 ? "+" : "0";
      };
      text += fmt::format("{} up {} failed {} flows {} done {}", until_ms,
                          sign("server.a.up"), sign("pool.failed_rate"),
                          sign("server.a.n_flow"), sign("server.a.n_fct"));
      if (until_ms > 500 && until_ms < 1500) {  // else whatever chance has
        text += fmt::format(" on {}", sign("server.a.n_flow_on"));
      }
      text += "\n";
    };
    for (int64_t ms : {499, 550, 600, 1099, 1100, 1500}) interval(ms);
    return text;
  });
  EXPECT_EQ(seen,
            "499 up + failed 0 flows + done +\n"
            "550 up + failed + flows + done 0 on +\n"
            "600 up 0 failed + flows + done 0 on 0\n"
            "1099 up 0 failed 0 flows 0 done 0 on 0\n"
            "1100 up + failed 0 flows 0 done 0 on 0\n"
            "1500 up + failed 0 flows + done +\n");
}

TEST(PoolTraffic, LostFlowsAreThoseOfTheSurrogate) {
  Scenario scenario = InTurns();
  PoolEvent failure;
  failure.server = "b";
  failure.kind = "failure";
  failure.from = Milliseconds(200);
  failure.until = Milliseconds(900);
  scenario.datacentre->balancer->events = {failure};
  auto packet = SumsOfRun(scenario);
  auto surrogate = SumsOfSurrogate(scenario);
  const double interval = Seconds(scenario.run.sample_interval);
  const double lost = surrogate["pool.failed_rate"] * interval;
  EXPECT_GT(lost, 50);
  // A flow that is on its way as the server fails may be lost in one only.
  EXPECT_NEAR(packet["pool.failed_rate"] * interval, lost, 3);
  EXPECT_NEAR(packet["pool.server.a.utilisation"],
              surrogate["pool.server.a.utilisation"], 0.02);
}

TEST(PoolTraffic, SlowServersAreSlow) {
  Scenario scenario = InTurns();
  PoolEvent slow;
  slow.server = "a";
  slow.from = Milliseconds(0);
  slow.until = Milliseconds(1000);
  slow.pace = Ratio(0.5);
  scenario.datacentre->balancer->load.share = Ratio(0.4);
  auto before = SumsOfRun(scenario);
  scenario.datacentre->balancer->events = {slow};
  auto after = SumsOfRun(scenario);
  // Of all samples: the metrics' warm-ups differ.
  EXPECT_NEAR(after["server.a.utilisation"] / before["server.a.utilisation"], 2,
              0.05);
  EXPECT_DOUBLE_EQ(after["server.b.utilisation"],
                   before["server.b.utilisation"]);
}

TEST(PoolTraffic, ItDependsOnSeedAndReplicationAlone) {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 2), PoolServerOf("b", 4)});
  scenario.run.duration = Milliseconds(500);
  const auto whole = [&](Scene& scene) {
    scene.AdvanceTo(scenario.run.duration);
  };
  const auto pieces = [&](Scene& scene) {
    for (int64_t ms : {1, 77, 250, 500}) {
      scene.AdvanceTo(Milliseconds(ms));
      scene.Observe();
    }
  };
  const std::string once = FingerprintOfRun(scenario, 3, whole);
  const auto digest = [](const std::string& text) {
    return text.substr(0, text.rfind('\n'));  // without the events
  };
  EXPECT_EQ(once, FingerprintOfRun(scenario, 3, whole));
  EXPECT_EQ(digest(once), digest(FingerprintOfRun(scenario, 3, pieces)));
  EXPECT_NE(once, FingerprintOfRun(scenario, 4, whole));
}

}  // namespace
}  // namespace airlock
