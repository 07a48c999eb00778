#include "sim/server/run_servers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "sim/base/error.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/server/servers_support.h"

namespace airlock {
namespace {

constexpr char kText[] = R"(schema: 1
name: small
run: {engine: surrogate, duration: 20ms, sample_interval: 10ms}
datacentre:
  servers:
    machines: [{name: m0}, {name: m1, sockets: 1, cores_per_socket: 1}]
    functions: [{name: firewall}, {name: nat}]
    chains:
      - name: web
        path: [firewall, nat]
        agreement: {throughput: 99%, latency_p99: 50us}
        load: )";

ResolvedScenario Resolved(const std::string& load) {
  Diagnostics diagnostics;
  auto resolved = ResolveText(kText + load + "\n", "small.yaml", &diagnostics);
  EXPECT_TRUE(resolved) << diagnostics.Format();
  return std::move(*resolved);
}

std::string Failure(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ServersSceneTest, AgreementIsViolatedWhereLatencyOrLossSaySo) {
  for (const auto& [load, violated] :
       {std::pair("{rate: 500Mbps}", 0.0), std::pair("{rate: 12Gbps}", 1.0)}) {
    const auto scene = CreateServersScene(Resolved(load));
    scene->Settle();
    scene->Start(Replication(0));
    scene->AdvanceTo(Milliseconds(20));
    const Trace series = scene->Finish().series;
    EXPECT_EQ(series.Get("chain.web.violated").values.back(), violated);
  }
}

// From the scenario to the packets: a neighbour that reads memory takes cache
// and bandwidth from a function that is beyond its capacity.
TEST(ServersSceneTest, NeighbourCostsPackets) {
  const auto delivered = [](int64_t working_set_mib, int64_t cores) {
    ServersConfig servers;
    servers.machines = {PlainMachine()};
    servers.machines[0].l3 = DataSize(11 << 20);
    servers.functions = {PlainFunction("f", 100)};
    servers.functions[0].state_references = {0, 10, 0};
    servers.functions[0].working_set = DataSize(8 << 20);
    servers.chains = {PlainChain("c", {"f"}, 10e6)};
    CompetitorConfig reader;
    reader.name = "reader";
    reader.working_set = DataSize(working_set_mib << 20);
    for (int64_t i = 1; i <= cores; ++i) reader.cores.push_back(i);
    if (cores > 0) servers.competitors = {reader};
    return MetricsOf(RunFor(servers, Milliseconds(50)))
        .at("chain.delivered_packet_rate");
  };
  const double alone = delivered(1, 0);
  EXPECT_NEAR(delivered(1, 1), alone, 0.001 * alone);  // both fit
  const double beside_one = delivered(16, 1);
  const double beside_six = delivered(16, 6);
  EXPECT_LT(beside_one, 0.95 * alone);
  EXPECT_LT(beside_six, 0.95 * beside_one);
}

TEST(ServersSceneTest, SettingsPlaceFunctions) {
  const auto scene = CreateServersScene(Resolved("{rate: 500Mbps}"));
  scene->Settle();
  scene->Start(Replication(0));
  scene->AdvanceTo(Milliseconds(10));
  EXPECT_EQ(scene->Observe().values.at("machines_used"), 1);
  scene->Apply({{{"function.nat.machine", 1}, {"function.firewall.cores", 2}}});
  scene->AdvanceTo(Milliseconds(20));
  const Observation seen = scene->Observe();
  EXPECT_EQ(seen.values.at("machines_used"), 2);
  EXPECT_EQ(seen.values.at("function.nat.machine"), 1);
  EXPECT_EQ(seen.values.at("function.firewall.cores"), 2);
  // It rests for 200 ms, and nothing gets through.
  EXPECT_EQ(seen.values.at("delivered_packet_rate"), 0);
  EXPECT_EQ(seen.values.at("chain.web.violated"), 1);
  EXPECT_EQ(Failure([&] {
              scene->Apply({{{"function.nat.core", 1}}});
            }),
            "this scenario has no setting 'function.nat.core'; it has "
            "function.NAME.cores and function.NAME.machine of its functions");
  EXPECT_EQ(Failure([&] {
              scene->Apply({{{"function.nat.cores", 1.5}}});
            }),
            "function.nat.cores: 1.5 is no whole number from 0 to 1000000");
}

TEST(ServersSceneTest, AnActionThatIsRefusedChangesNothing) {
  const auto scene = CreateServersScene(Resolved("{rate: 500Mbps}"));
  scene->Settle();
  scene->Start(Replication(0));
  scene->AdvanceTo(Milliseconds(10));
  const Observation before = scene->Observe();
  for (const double wrong : {1e300, std::numeric_limits<double>::infinity(),
                             std::nan(""), -1.0, 0.0, 1000.0}) {
    EXPECT_THROW(scene->Apply({{{"function.firewall.cores", 2},
                                {"function.nat.cores", wrong}}}),
                 InputError)
        << wrong;
  }
  // m1 has one core: nat alone could go there, both cannot.
  EXPECT_THROW(scene->Apply({{{"function.firewall.machine", 1},
                              {"function.nat.machine", 1}}}),
               InputError);
  scene->AdvanceTo(Milliseconds(20));
  const Observation seen = scene->Observe();
  for (const char* name :
       {"function.firewall.cores", "function.firewall.machine",
        "function.nat.cores", "function.nat.machine"}) {
    EXPECT_EQ(seen.values.at(name), before.values.at(name)) << name;
  }
  EXPECT_GT(seen.values.at("delivered_packet_rate"), 0);  // nobody rests
}

Trace LoadTrace(const std::string& function) {
  Trace trace;
  trace.source = "test";
  trace.time_seconds = {0.01, 0.02};
  Column rate{"offered_rate", Role::kInput, "bit/s", Scope::kSystem, "", "",
              {1e8, 3e8}};
  Column size{"packet_size", Role::kInput, "B", Scope::kSystem, "", "",
              {500, 500}};
  Column cycles{"function." + function + ".cycles",
                Role::kCounter,
                "1",
                Scope::kFunction,
                function,
                "",
                {1e6, 1e6}};
  trace.columns = {rate, size, cycles};
  return trace;
}

TEST(ServersSceneTest, TraceOfOtherFunctionsIsRefusedWithItsPlace) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/load.h5";
  WriteTrace(LoadTrace("nat"), path, CurrentProvenance());
  const std::string load = "{kind: trace, trace: " + path + "}";
  const auto scene = CreateServersScene(Resolved(load));
  scene->Settle();
  scene->Start(Replication(0));
  scene->AdvanceTo(Milliseconds(20));
  const Trace series = scene->Finish().series;
  EXPECT_EQ(series.Get("offered_packet_rate").values,
            (std::vector<double>{25000, 75000}));

  WriteTrace(LoadTrace("dpi"), path, CurrentProvenance());
  const std::string failure =
      Failure([&] { CreateServersScene(Resolved(load)); });
  EXPECT_NE(failure.find("small.yaml:12:36: error: datacentre.servers.chains.0."
                         "load.trace: the trace measured a function 'dpi' that "
                         "the servers do not have"),
            std::string::npos)
      << failure;
  EXPECT_NE(failure.find("they have firewall, nat"), std::string::npos);
}

}  // namespace
}  // namespace airlock
