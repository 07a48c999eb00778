#include "sim/server/server_counters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "calibration/traces/pcm_columns.h"
#include "tests/unit/server/servers_support.h"

namespace airlock {
namespace {

// Two functions on two cores of one socket, a competitor on the other.
ServersConfig Measured() {
  ServersConfig servers;
  servers.machines = {PlainMachine()};
  MachineConfig& machine = servers.machines[0];
  machine.sockets = 2;
  machine.cores_per_socket = 3;
  machine.turbo_one = Frequency(2.5e9);
  machine.turbo_all = Frequency(2.5e9);
  FunctionConfig f;
  f.name = "f";
  f.cores = {0};
  f.working_set = DataSize(4 << 20);
  FunctionConfig g = f;
  g.name = "g";
  g.cores = {1};
  CompetitorConfig reader;
  reader.name = "reader";
  reader.cores = {4};
  reader.working_set = DataSize(100 << 20);
  reader.write_share = Ratio(0.25);
  servers.functions = {f, g};
  servers.competitors = {reader};
  servers.chains = {PlainChain("c", {"f", "g"}, 1e6)};
  servers.counters.noise = 0;
  return servers;
}

// The mean of a column.
double MeanOf(const Trace& series, const std::string& name) {
  double sum = 0;
  for (const double value : series.Get(name).values) sum += value;
  return sum / static_cast<double>(series.samples());
}

TEST(ServerCountersTest, CountsFollowFromPacketsAndPolls) {
  const ServersConfig servers = Measured();
  const Trace series = RunFor(servers).series;
  const double dt = 0.01;
  const double packets = dt * MeanOf(series, "function.f.packets");
  const double polls = packets / MeanOf(series, "function.f.batch_size");
  const double busy = dt * MeanOf(series, "function.f.busy");
  const FunctionConfig& f = servers.functions[0];
  const auto of = [&](const BatchCost& cost) {
    return polls * cost.per_batch + packets * cost.per_packet;
  };
  const double cycles = dt * 2.5e9;
  const double instructions =
      of(f.instructions) + (dt - busy) * 2.5e9 * f.poll_ipc;
  EXPECT_NEAR(MeanOf(series, "function.f.cycles"), cycles, 1e-4 * cycles);
  EXPECT_NEAR(MeanOf(series, "function.f.instructions"), instructions,
              1e-3 * instructions);
  const double lines = of(f.packet_references) + of(f.state_references);
  EXPECT_NEAR(MeanOf(series, "function.f.L1-dcache-load-misses"), lines,
              1e-3 * lines);
  // 256 KiB of a 4 MiB working set are in the L2.
  const double l2_missed =
      of(f.packet_references) + of(f.state_references) * 15 / 16;
  EXPECT_NEAR(MeanOf(series, "function.f.cache-references"), l2_missed,
              1e-3 * l2_missed);
  EXPECT_EQ(MeanOf(series, "function.f.cache-misses"), 0);
}

TEST(ServerCountersTest, MetricsAreConsistent) {
  const Trace series = RunFor(Measured()).series;
  const auto at = [&](const std::string& name) {
    return series.Get(name).values.back();
  };
  const double ticks = 0.01 * 2e9;
  for (const std::string core : {"core.0.", "core.1.", "core.4."}) {
    EXPECT_NEAR(at(core + "ipc"), at(core + "inst") / at(core + "acyc"), 1e-9);
    EXPECT_NEAR(at(core + "exec"), at(core + "inst") / ticks, 1e-9);
    EXPECT_NEAR(at(core + "freq"), at(core + "acyc") / ticks, 1e-9);
    EXPECT_NEAR(at(core + "afreq"), 1.25, 1e-9);
    EXPECT_NEAR(at(core + "l3mpi"), at(core + "l3miss") / at(core + "inst"),
                1e-12);
    EXPECT_NEAR(at(core + "l3hit"),
                1 - at(core + "l3miss") / at(core + "l2miss"), 1e-9);
  }
  // A core without a program is halted.
  EXPECT_EQ(at("core.2.inst"), 0);
  EXPECT_EQ(at("core.2.freq"), 0);
  EXPECT_TRUE(std::isnan(at("core.2.ipc")));
  for (const std::string metric : {"inst", "acyc", "l2miss", "l3miss", "lmb"}) {
    const double cores = at("core.3." + metric) + at("core.4." + metric) +
                         at("core.5." + metric);
    EXPECT_NEAR(at("socket.1." + metric), cores, 1e-9 * cores) << metric;
    EXPECT_NEAR(at("system." + metric),
                at("socket.0." + metric) + at("socket.1." + metric),
                1e-9 * at("system." + metric));
  }
  EXPECT_NEAR(at("socket.1.exec"), at("socket.1.inst") / (3 * ticks), 1e-9);
  EXPECT_NEAR(at("socket.1.read"), 64 * at("socket.1.l3miss"), 1);
  EXPECT_NEAR(at("socket.1.write"), 0.25 * at("socket.1.read"), 1);
  EXPECT_GT(at("socket.1.read"), 1e6);
  EXPECT_NEAR(at("socket.1.l3occ"), 30 * 1024 * 1024, 1000);
  EXPECT_NEAR(at("core.4.l3occ"), 30 * 1024 * 1024, 1000);
  EXPECT_EQ(at("socket.0.read"), 0);
}

// 500 bytes are seven whole lines and a part of one.
TEST(ServerCountersTest, DevicesMoveTheLinesOfFrames) {
  const Trace series = RunFor(Measured()).series;
  const double packets = 0.01 * MeanOf(series, "offered_packet_rate");
  EXPECT_NEAR(MeanOf(series, "socket.0.pcie_itom"), packets * 500 / 64,
              0.002 * packets * 8);
  EXPECT_NEAR(MeanOf(series, "socket.0.pcie_rfo"), packets * 1.5,
              0.01 * packets);
  EXPECT_NEAR(MeanOf(series, "socket.0.pcie_pcirdcur"),
              packets * (500.0 / 64 + 0.5), 0.01 * packets * 8);
  EXPECT_EQ(MeanOf(series, "socket.1.pcie_itom"), 0);
}

TEST(ServerCountersTest, NamesAndUnitsAreThoseOfImportedPcmFiles) {
  const Trace series = RunFor(Measured(), Milliseconds(20)).series;
  std::set<std::string> found;
  for (const std::string metric :
       {"EXEC", "IPC", "FREQ", "AFREQ", "L3MISS", "L2MISS", "L3HIT", "L2HIT",
        "L3MPI", "L2MPI", "L3OCC", "LMB", "RMB", "READ", "WRITE", "INST",
        "ACYC"}) {
    for (const std::string group : {"System", "Socket 0", "Core3 (Socket 1)"}) {
      const bool of_memory = metric == "READ" || metric == "WRITE";
      if (of_memory && group[0] == 'C') continue;
      const Column column = DescribePcmColumn(group, metric, false).column;
      const Column* ours = series.Find(column.name);
      ASSERT_NE(ours, nullptr) << column.name;
      EXPECT_EQ(ours->unit, column.unit) << column.name;
      EXPECT_EQ(ours->role, column.role);
      EXPECT_EQ(ours->scope, column.scope);
      EXPECT_EQ(ours->scope_id, column.scope_id);
      EXPECT_NE(ours->description.find("modelled"), std::string::npos);
    }
  }
  for (const std::string event : {"PCIRdCur", "ItoM", "RFO", "WiL"}) {
    const Column column = DescribePciColumn("0", event, "").column;
    ASSERT_NE(series.Find(column.name), nullptr) << column.name;
    EXPECT_EQ(series.Get(column.name).unit, column.unit);
  }
}

// Relative scatter of a column.
double Scatter(const Trace& series, const std::string& name) {
  const double mean = MeanOf(series, name);
  double sum = 0;
  for (const double value : series.Get(name).values) {
    sum += (value - mean) * (value - mean);
  }
  return std::sqrt(sum / static_cast<double>(series.samples() - 1)) / mean;
}

TEST(ServerCountersTest, NoiseAndMultiplexingHaveTheirSizes) {
  ServersConfig servers = Measured();
  servers.chains = {PlainChain("c", {"f", "g"}, 1e5)};
  servers.chains[0].arrivals = "periodic";
  servers.functions[0].cv = 0;
  servers.functions[1].cv = 0;
  const auto scatter = [&](const std::string& name) {
    return Scatter(RunFor(servers, Milliseconds(4000)).series, name);
  };
  EXPECT_LT(scatter("function.f.instructions"), 1e-3);
  servers.counters.noise = 0.02;
  // 400 samples: the scatter is known to 3.5 %.
  EXPECT_NEAR(scatter("core.0.inst"), 0.02, 0.004);
  EXPECT_NEAR(scatter("function.f.instructions"), 0.02, 0.003);
  servers.counters.noise = 0;
  servers.counters.multiplexing = true;
  servers.counters.enabled = Ratio(0.1);
  // 2.5 turns of 4 ms in a sample of 10.
  EXPECT_NEAR(scatter("function.f.instructions"),
              std::sqrt(9 * 0.08 * 0.08 / 2.5), 0.02);
  EXPECT_LT(scatter("function.f.cycles"), 1e-3);
  EXPECT_LT(scatter("core.0.inst"), 1e-3);
}

}  // namespace
}  // namespace airlock
