#include <gtest/gtest.h>

#include "sim/packet/scene.h"
#include "sim/surrogate/chain_simulation.h"
#include "tests/support/chain_run.h"

namespace airlock {
namespace {

// The two engines are written apart and share only the random numbers and the
// rules of chain_model.h, so on equal arrivals every column must agree.
void ExpectAgreement(const Scenario& scenario) {
  const auto packet = RunChain(scenario, 3, CreateDatacentreScene);
  const auto surrogate = RunChain(scenario, 3, CreateChainScene);
  int compared = 0;
  for (const auto& [name, text] : surrogate) {
    if (name.rfind("sum:", 0) != 0) continue;
    const double want = Number(surrogate, name);
    if (std::isnan(want)) continue;
    EXPECT_NEAR(Number(packet, name), want, 1e-6 * std::abs(want)) << name;
    ++compared;
  }
  EXPECT_GT(compared, 15);
}

Scenario Mixed() {
  Scenario scenario = ChainScenario(0.8);
  scenario.run.duration = Milliseconds(2000);
  ChainConfig& chain = *scenario.datacentre->chain;
  ChainFunction bridge = chain.functions[0];
  bridge.name = "bridge";
  bridge.service.distribution = "constant";
  bridge.service.per_packet_ns = 20000;
  bridge.service.per_byte_ns = 11;
  chain.functions.insert(chain.functions.begin(), bridge);
  chain.workload.packet_sizes = {{DataSize(128), Ratio(0.3)},
                                 {DataSize(512), Ratio(0.3)},
                                 {DataSize(1400), Ratio(0.4)}};
  return scenario;
}

TEST(ChainAgreement, Tandem) { ExpectAgreement(Mixed()); }

TEST(ChainAgreement, EverythingAtOnce) {
  Scenario scenario = Mixed();
  ChainConfig& chain = *scenario.datacentre->chain;
  chain.functions[0].batch = 8;
  chain.functions[0].ring = 20;
  chain.functions[0].wakeup = Microseconds(300);
  ChainFunction& inspect = chain.functions[1];
  inspect.service.distribution = "gamma";
  inspect.service.cv = 0.7;
  inspect.ring = 30;
  inspect.contention_slope.cpu = 0.3;
  inspect.stall_interval = Milliseconds(50);
  inspect.stall_slope.cpu = 20;
  inspect.stall_duration = Milliseconds(2);
  inspect.quota = Milliseconds(70);
  inspect.quota_period = Milliseconds(100);
  chain.workload.contention.cpu = 1;
  chain.workload.load.kind = "flash-crowd";
  chain.workload.load.peak = Mbps(160);
  chain.workload.load.period = Milliseconds(400);
  ExpectAgreement(scenario);
}

TEST(ChainAgreement, BurstsIntoBatches) {
  Scenario scenario = Mixed();
  ChainConfig& chain = *scenario.datacentre->chain;
  chain.workload.arrivals = "bursts";
  chain.workload.burst_interval = Milliseconds(3);
  chain.functions[0].batch = 32;
  chain.functions[1].batch = 4;
  chain.functions[1].service.distribution = "lognormal";
  ExpectAgreement(scenario);
}

// A slow link in front: queueing on the wire is part of the latency.
TEST(ChainAgreement, SlowLink) {
  Scenario scenario = Mixed();
  scenario.datacentre->topology.host_link.rate = Mbps(80);
  ExpectAgreement(scenario);
}

TEST(ChainAgreement, LeafSpine) {
  Scenario scenario = Mixed();
  TopologyConfig& topology = scenario.datacentre->topology;
  topology.kind = "leaf-spine";
  topology.fabric_link.rate = Gbps(10);
  scenario.datacentre->chain->server_host = 5;
  ExpectAgreement(scenario);
}

TEST(ChainDeterminism, EqualSeedsGiveEqualSeries) {
  Scenario scenario = Mixed();
  for (const auto& create : {std::function(CreateDatacentreScene),
                             std::function(CreateChainScene)}) {
    const auto first = RunChain(scenario, 0, create);
    EXPECT_EQ(first.at("series"), RunChain(scenario, 0, create).at("series"));
    EXPECT_NE(first.at("series"), RunChain(scenario, 1, create).at("series"));
  }
}

}  // namespace
}  // namespace airlock
