#include <gtest/gtest.h>

#include "sim/surrogate/pool_simulation.h"
#include "tests/support/pool_runs.h"

// More requests than a client has ports, so that those of flows that a failed
// server lost come again.
namespace airlock {
namespace {

Scenario ManyRequests() {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 8), PoolServerOf("b", 8)});
  scenario.run.duration = Milliseconds(1200);
  BalancerConfig& balancer = *scenario.datacentre->balancer;
  balancer.assignment = "round-robin";
  balancer.load.share = Ratio(0.4);
  balancer.requests[0].work = "constant";
  balancer.requests[0].mean = Microseconds(100);
  balancer.requests[0].request_size = DataSize(100);
  balancer.requests[0].response_size = DataSize(100);
  PoolEvent failure;
  failure.server = "b";
  failure.kind = "failure";
  failure.from = Milliseconds(20);
  failure.until = Milliseconds(60);
  balancer.events = {failure};
  return scenario;
}

// Flows that the balancer got in the whole run.
double Flows(Scene& scene, const Scenario& scenario) {
  scene.Start(Replication(0));
  scene.AdvanceTo(scenario.run.duration);
  double flows = 0;
  for (const Column& column : scene.Finish().series.columns) {
    if (column.name != "server.a.n_flow" && column.name != "server.b.n_flow") {
      continue;
    }
    for (const double value : column.values) flows += value;
  }
  return flows;
}

TEST(PortReuse, ALostFlowsPortIsGoodForAnother) {
  Scenario scenario = ManyRequests();
  const auto packet = NumbersFromChild([&] {
    auto scene = SettledScene(scenario);
    return std::map<std::string, double>{{"flows", Flows(*scene, scenario)}};
  });
  scenario.run.engine = "surrogate";
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  ASSERT_TRUE(resolved) << diagnostics.Format();
  auto scene = CreatePoolScene(*resolved);
  scene->Settle();
  const double requests = Flows(*scene, scenario);
  EXPECT_GT(requests, 60000);  // of 55536 ports
  // A SYN that does not pass comes again after the end.
  EXPECT_NEAR(packet.at("flows"), requests, 20);
}

}  // namespace
}  // namespace airlock
