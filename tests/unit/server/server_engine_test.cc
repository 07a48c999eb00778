#include "sim/server/server_engine.h"

#include <gtest/gtest.h>

#include "sim/base/error.h"
#include "tests/unit/server/servers_support.h"

namespace airlock {
namespace {

ServersConfig OneFunction(double service_ns, double packets_per_second) {
  ServersConfig servers;
  servers.machines = {PlainMachine()};
  servers.functions = {PlainFunction("f", service_ns)};
  servers.functions[0].batch = 1;
  servers.chains = {PlainChain("c", {"f"}, packets_per_second)};
  return servers;
}

// Pollaczek and Khinchine, with single packets a poll: the sojourn in a queue
// of Poisson arrivals and constant service is s (1 + rho / (2 (1 - rho))).
TEST(ServerEngineTest, QueueOfConstantServiceIsMD1) {
  for (const char* event : {"batch", "packet"}) {
    for (const double load : {0.5, 0.8, 0.9}) {
      ServersConfig servers = OneFunction(1000, load * 1e6);
      servers.machines[0].rx_ring = 100000;
      servers.event = event;
      const auto metrics = MetricsOf(RunFor(servers, Milliseconds(1500)));
      // The interface twice: 500 + 24 bytes at 400 Gb/s.
      const double devices = 2 * 8 * 524 / 400e9;
      const double expected = 1e-6 * (1 + load / (2 * (1 - load)));
      EXPECT_NEAR(metrics.at("chain.latency_mean") - devices, expected,
                  0.03 * expected)
          << event << " " << load;
      EXPECT_NEAR(metrics.at("chain.function.f.busy"), load, 0.005);
      EXPECT_EQ(metrics.at("chain.loss_ratio"), 0);
    }
  }
}

// Gamma service of cv 1 is exponential: M/M/1.
TEST(ServerEngineTest, ExponentialServiceIsMM1) {
  ServersConfig servers = OneFunction(1000, 0.7e6);
  servers.machines[0].rx_ring = 100000;
  servers.functions[0].cv = 1;
  servers.event = "packet";
  const auto metrics = MetricsOf(RunFor(servers, Milliseconds(2000)));
  EXPECT_NEAR(metrics.at("chain.latency_mean"), 1e-6 / 0.3, 0.05e-6 / 0.3);
}

// Beyond saturation a core delivers exactly what its time is worth.
TEST(ServerEngineTest, SaturationRateIsExact) {
  for (const int64_t batch : {1, 8, 32}) {
    ServersConfig servers = OneFunction(333.3, 6e6);
    servers.functions[0].instructions.per_batch = 200;  // 100 ns
    servers.functions[0].batch = batch;
    const auto metrics = MetricsOf(RunFor(servers));
    const double each = 333.3e-9 + 100e-9 / static_cast<double>(batch);
    EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 1 / each,
                1e-4 / each);
    EXPECT_NEAR(metrics.at("chain.function.f.busy"), 1, 1e-4);
    EXPECT_NEAR(metrics.at("chain.function.f.batch_size"),
                static_cast<double>(batch), 1e-9);
  }
}

// Where nothing is removed as warm-up, packets are offered, delivered, lost or
// inside.
TEST(ServerEngineTest, NoPacketIsLostUnseen) {
  for (const char* event : {"batch", "packet"}) {
    for (const char* overload : {"drop", "throttle"}) {
      ServersConfig servers;
      servers.machines = {PlainMachine(), PlainMachine()};
      servers.machines[1].name = "m1";
      servers.machines[0].nic_rate = Gbps(20);
      servers.functions = {PlainFunction("a", 300), PlainFunction("b", 900),
                           PlainFunction("c", 400), PlainFunction("d", 500)};
      servers.functions[0].cores = {0, 1};
      servers.functions[2].machine = "m1";
      servers.functions[1].ring = 50;
      servers.functions[3].cv = 0.5;
      servers.chains = {PlainChain("line", {"a", "b", "c"}, 1.5e6),
                        PlainChain("graph", {}, 1e6)};
      servers.chains[1].edges = {{"a", "c", Ratio(0.4)},
                                 {"a", "d", Ratio(0.6)},
                                 {"c", "d", Ratio(0.5)},
                                 {"c", "out", Ratio(0.5)}};
      servers.event = event;
      for (auto& chain : servers.chains) chain.overload = overload;
      ServerEngine engine(servers, {nullptr, nullptr}, RngTree(3),
                          Replication(0));
      for (int64_t ms = 1; ms <= 40; ++ms) {
        engine.AdvanceTo(ms * 1000000);
        int64_t offered = 0;
        int64_t settled = engine.PacketsInside();
        int64_t lost = 0;
        for (const ChainTotals& chain : engine.chains()) {
          offered += chain.offered;
          settled += chain.delivered + chain.lost;
          lost += chain.lost;
        }
        ASSERT_EQ(offered, settled) << ms;
        if (ms == 40) {
          EXPECT_GT(lost, 1000);
        }
      }
    }
  }
}

TEST(ServerEngineTest, GraphSplitsPacketsByItsShares) {
  ServersConfig servers;
  servers.machines = {PlainMachine()};
  servers.functions = {PlainFunction("a", 100), PlainFunction("b", 100),
                       PlainFunction("c", 100)};
  servers.chains = {PlainChain("graph", {}, 1e6)};
  servers.chains[0].edges = {{"a", "b", Ratio(0.3)},
                             {"a", "out", Ratio(0.7)},
                             {"b", "c", Ratio(0.25)},
                             {"b", "out", Ratio(0.75)}};
  const auto metrics = MetricsOf(RunFor(servers));
  const double offered = metrics.at("chain.offered_packet_rate");
  EXPECT_NEAR(metrics.at("chain.function.b.packets") / offered, 0.3, 0.01);
  EXPECT_NEAR(metrics.at("chain.function.c.packets") / offered, 0.075, 0.005);
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate") / offered, 1, 1e-3);
}

// Two functions on one core share its time; run-to-completion spends the same
// work without turning from one to the other.
TEST(ServerEngineTest, SharedCoreAndRunToCompletion) {
  ServersConfig servers;
  servers.machines = {PlainMachine()};
  servers.functions = {PlainFunction("a", 200), PlainFunction("b", 300)};
  for (auto& f : servers.functions) {
    f.cores = {0};
    f.shared_core = true;
  }
  servers.chains = {PlainChain("c", {"a", "b"}, 4e6)};
  servers.switch_time = SimTime(0);
  auto metrics = MetricsOf(RunFor(servers));
  // Round robin by batch: equal packets at both, once the rings are full.
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 2e6, 2e4);
  servers.switch_time = Microseconds(1);
  metrics = MetricsOf(RunFor(servers));
  // 32 packets of each take 16 us, and two turns another 2.
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 32e6 / 18, 3e4);
  servers.chains[0].mode = "run-to-completion";
  metrics = MetricsOf(RunFor(servers));
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 2e6, 2e3);
}

// A busy program on the same core leaves a function half of the time, in
// slices that show in its latency.
TEST(ServerEngineTest, CompetitorTakesTurnsOnTheCore) {
  ServersConfig servers = OneFunction(1000, 0.3e6);
  servers.functions[0].cores = {0};
  servers.functions[0].shared_core = true;
  servers.machines[0].rx_ring = 100000;
  CompetitorConfig hog;
  hog.name = "hog";
  hog.cores = {0};
  hog.shared_core = true;
  servers.competitors = {hog};
  servers.time_slice = Milliseconds(3);
  auto metrics = MetricsOf(RunFor(servers, Milliseconds(600)));
  EXPECT_NEAR(metrics.at("chain.loss_ratio"), 0, 1e-6);
  // Half of the packets come while the program runs, and wait for up to 3 ms.
  EXPECT_GT(metrics.at("chain.latency_p99"), 2.5e-3);
  servers.chains = {PlainChain("c", {"f"}, 2e6)};
  metrics = MetricsOf(RunFor(servers, Milliseconds(600)));
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 0.5e6, 0.01e6);
}

// Discarding where packets enter saves the work of the functions before the
// slow one.
TEST(ServerEngineTest, ThrottlingSavesWorkUpstream) {
  ServersConfig servers;
  servers.machines = {PlainMachine()};
  servers.functions = {PlainFunction("fast", 200), PlainFunction("slow", 1000)};
  servers.chains = {PlainChain("c", {"fast", "slow"}, 3e6)};
  const auto drop = MetricsOf(RunFor(servers));
  servers.chains[0].overload = "throttle";
  const auto throttle = MetricsOf(RunFor(servers));
  EXPECT_NEAR(drop.at("chain.delivered_packet_rate"), 1e6, 1e3);
  EXPECT_NEAR(throttle.at("chain.delivered_packet_rate"), 1e6, 1e3);
  EXPECT_NEAR(drop.at("chain.function.fast.busy"), 0.6, 0.01);
  EXPECT_NEAR(throttle.at("chain.function.fast.busy"), 0.2, 0.01);
}

TEST(ServerEngineTest, InterfaceLimitsByWirePacketsAndPcie) {
  ServersConfig servers = OneFunction(10, 30e6);
  servers.chains = {PlainChain("c", {"f"}, 30e6, 60)};
  servers.functions[0].batch = 32;
  servers.machines[0].nic_rate = Gbps(10);
  auto metrics = MetricsOf(RunFor(servers, Milliseconds(20)));
  // 60 bytes are 84 on the wire.
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 10e9 / (8 * 84), 2e4);
  servers.machines[0].nic_packet_rate = 9e6;
  metrics = MetricsOf(RunFor(servers, Milliseconds(20)));
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 9e6, 2e4);
  servers.machines[0].nic_packet_rate = 1e9;
  servers.machines[0].pcie_bandwidth = Gbps(5);
  metrics = MetricsOf(RunFor(servers, Milliseconds(20)));
  // Data 60 + 26; descriptors 2 x 16 + 26 + 26 / 4.
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"),
              5e9 / (8 * (86 + 64.5)), 2e4);
}

// Flows keep to their instance: with few, shares are uneven.
TEST(ServerEngineTest, FlowsSpreadOverInstances) {
  ServersConfig servers = OneFunction(1000, 3e6);
  servers.functions[0].cores = {0, 1, 2, 3};
  servers.chains[0].flows = 1000000;
  auto metrics = MetricsOf(RunFor(servers));
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 3e6, 1e5);
  EXPECT_NEAR(metrics.at("chain.function.f.busy"), 3, 0.1);
  servers.chains[0].flows = 1;
  metrics = MetricsOf(RunFor(servers));
  EXPECT_NEAR(metrics.at("chain.delivered_packet_rate"), 1e6, 1e4);
}

TEST(ServerEngineTest, EqualSeedsGiveEqualRuns) {
  ServersConfig servers = OneFunction(500, 1.5e6);
  servers.functions[0].cv = 0.5;
  servers.counters.multiplexing = true;
  const auto digest = [&](int64_t seed) {
    return RunFor(servers, Milliseconds(50), seed).series.Digest();
  };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

// --- Actions ----------------------------------------------------------------

ServersConfig Movable() {
  ServersConfig servers;
  servers.machines = {PlainMachine(), PlainMachine()};
  servers.machines[1].name = "m1";
  servers.machines[1].cores_per_socket = 2;
  servers.functions = {PlainFunction("f", 1000), PlainFunction("g", 100)};
  servers.functions[0].cores = {0};
  servers.functions[1].cores = {1};
  servers.chains = {PlainChain("c", {"f", "g"}, 1.8e6)};
  servers.chains[0].flows = 1000000;
  servers.rescale_time = Milliseconds(5);
  servers.migration_time = Milliseconds(20);
  return servers;
}

TEST(ServerEngineTest, MoreCoresServeMoreAfterARest) {
  const ServersConfig servers = Movable();
  ServerEngine engine(servers, {nullptr}, RngTree(1), Replication(0));
  engine.AdvanceTo(100000000);
  const int64_t before = engine.chains()[0].delivered;
  EXPECT_NEAR(static_cast<double>(before), 0.1e6, 1e3);
  engine.SetCores(0, 2);
  EXPECT_EQ(engine.placement()[0].cores, (std::vector<int64_t>{0, 2}));
  engine.AdvanceTo(104000000);
  // It rests; what g had goes out.
  EXPECT_LT(engine.chains()[0].delivered - before, 1200);
  engine.AdvanceTo(200000000);
  EXPECT_NEAR(static_cast<double>(engine.chains()[0].delivered - before),
              1.8e6 * 0.095, 3e3);
  const ChainTotals& chain = engine.chains()[0];
  EXPECT_EQ(chain.offered,
            chain.delivered + chain.lost + engine.PacketsInside());
}

TEST(ServerEngineTest, MovesToAnotherMachine) {
  const ServersConfig servers = Movable();
  ServerEngine engine(servers, {nullptr}, RngTree(1), Replication(0));
  engine.AdvanceTo(50000000);
  engine.SetMachine(0, 1);
  EXPECT_EQ(engine.placement()[0].machine, 1);
  const int64_t before = engine.chains()[0].delivered;
  engine.AdvanceTo(69000000);
  EXPECT_LT(engine.chains()[0].delivered - before, 1200);
  engine.AdvanceTo(170000000);
  EXPECT_NEAR(static_cast<double>(engine.chains()[0].delivered - before), 0.1e6,
              2e3);
  EXPECT_GT(engine.receiver(1).packets(), 90000);
  const ChainTotals& chain = engine.chains()[0];
  EXPECT_EQ(chain.offered,
            chain.delivered + chain.lost + engine.PacketsInside());
}

TEST(ServerEngineTest, ImpossiblePlacementsChangeNothing) {
  ServersConfig servers = Movable();
  servers.machines[1].memory = DataSize(300000000);
  ServerEngine engine(servers, {nullptr}, RngTree(1), Replication(0));
  const auto fails = [](const std::function<void()>& call,
                        const std::string& text) {
    try {
      call();
      ADD_FAILURE() << "no error: " << text;
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()), text);
    }
  };
  fails([&] { engine.SetCores(0, 0); }, "f needs at least one core, not 0");
  fails([&] { engine.SetCores(0, 8); },
        "f cannot have 8 cores: m0 has 6 free and its own");
  fails([&] { engine.SetMachine(0, 2); },
        "there is no machine 2; they are 0 to 1");
  engine.SetCores(0, 3);
  fails([&] { engine.SetMachine(0, 1); }, "f needs 3 cores, and m1 has 2 free");
  engine.SetCores(0, 2);
  fails([&] { engine.SetMachine(0, 1); },
        "f on 2 cores of m1 needs 512MiB of memory with what runs there; it "
        "has 300MB");
  EXPECT_EQ(engine.placement()[0].machine, 0);
  EXPECT_EQ(engine.placement()[0].cores.size(), 2u);
}

}  // namespace
}  // namespace airlock
