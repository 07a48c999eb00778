#include "sim/server/contention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"
#include "tests/unit/server/servers_support.h"

namespace airlock {
namespace {

constexpr double kMiB = 1024 * 1024;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(ShareCacheTest, EverybodyFitsOrTheCacheIsFull) {
  EXPECT_EQ(ShareCache(10, {{1, 4, 1, -1}, {5, 6, 1, -1}}),
            (std::vector<double>{4, 6}));
  for (const double locality : {1.0, 0.5}) {
    const std::vector<double> bytes =
        ShareCache(10 * kMiB, {{1e6, 8 * kMiB, locality, -1},
                               {3e6, 8 * kMiB, locality, -1},
                               {0, 8 * kMiB, 1, -1}});
    EXPECT_NEAR(bytes[0] + bytes[1], 10 * kMiB, 100);
    EXPECT_GT(bytes[1], bytes[0]);
    EXPECT_LE(bytes[1], 8 * kMiB);
    EXPECT_EQ(bytes[2], 0);
  }
}

// With random replacement every line stays as long: occupancy goes by
// insertions, and the closed form for two users is a quadratic equation.
TEST(ShareCacheTest, UniformReferencesHaveTheClosedForm) {
  const double capacity = 10 * kMiB;
  const std::vector<double> bytes =
      ShareCache(capacity, {{1e6, 8 * kMiB, 1, -1}, {4e6, 8 * kMiB, 1, -1}});
  // x / W = k / (1 + k) with k proportional to the rate.
  const auto share = [&](double k) {
    return k / (1 + k) + 4 * k / (1 + 4 * k) - 1.25;
  };
  double low = 0;
  double high = 100;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (share(middle) < 0 ? low : high) = middle;
  }
  EXPECT_NEAR(bytes[0], 8 * kMiB * low / (1 + low), 100);
  const double inserted_0 = 1e6 * (1 - bytes[0] / (8 * kMiB));
  const double inserted_1 = 4e6 * (1 - bytes[1] / (8 * kMiB));
  EXPECT_NEAR(bytes[1] / bytes[0], inserted_1 / inserted_0, 1e-3);
}

TEST(ShareCacheTest, AnEqualUserIsAnEqualShare) {
  const std::vector<double> bytes =
      ShareCache(kMiB, std::vector<CacheUser>(4, {1e6, kMiB, 0.7, -1}));
  for (const double one : bytes) EXPECT_NEAR(one, kMiB / 4, 10);
}

Task FunctionTask(int64_t core, double rate) {
  Task task;
  task.core = core;
  task.instructions = {100, 300, 0.1};
  task.packet_references = {2, 4, 0};
  task.state_references = {0, 6, 0};
  task.working_set_bytes = 6 * kMiB;
  task.packets_per_second = rate;
  task.bytes_per_packet = 300;
  task.batches_per_packet = 0.2;
  return task;
}

Task Competitor(int64_t core, double working_set, double reads) {
  Task task;
  task.competitor = true;
  task.core = core;
  task.instructions = {0, 10, 0};
  task.state_references = {0, 1, 0};
  task.working_set_bytes = working_set;
  task.packets_per_second = reads;
  task.batches_per_packet = 0;
  return task;
}

// A batch takes the sum of what its instructions and lines take.
TEST(ContentionTest, TimeWithoutContentionIsTheFormula) {
  MachineConfig machine = PlainMachine();
  Task task = FunctionTask(0, 1e5);
  const MachineSolution solution = SolveContention(machine, {task}, {});
  const TaskSolution& alone = solution.tasks[0];
  const double l2 = 256.0 / (6 * 1024);
  EXPECT_NEAR(alone.l2_hit, l2, 1e-12);
  EXPECT_EQ(alone.l3_hit, 1);
  const double state_ns =
      l2 * machine.l2_latency_ns + (1 - l2) * machine.l3_latency_ns;
  EXPECT_NEAR(1e9 * alone.seconds.per_packet,
              300 / (2 * 2.0) + (4 * machine.l3_latency_ns + 6 * state_ns) / 4,
              1e-6);
  EXPECT_NEAR(1e9 * alone.seconds.per_batch,
              100 / (2 * 2.0) + 2 * machine.l3_latency_ns / 4, 1e-6);
  EXPECT_NEAR(1e9 * alone.seconds.per_byte, 0.1 / (2 * 2.0), 1e-9);
  EXPECT_NEAR(alone.packets_per_second, 1e5, 1e-3);
}

// The more a neighbour reads and the larger its working set, the fewer packets
// a function gets through; and the more so beyond the memory's bandwidth.
TEST(ContentionTest, PressureOnlySlowsDown) {
  MachineConfig machine = PlainMachine();
  machine.l3 = DataSize(static_cast<int64_t>(8 * kMiB));
  machine.memory_bandwidth = Gbps(30);
  const auto rate = [&](double working_set, double reads, int competitors) {
    std::vector<Task> tasks = {FunctionTask(0, kInfinite)};
    for (int i = 0; i < competitors; ++i) {
      tasks.push_back(Competitor(1 + i, working_set, reads));
    }
    return SolveContention(machine, tasks, {}).tasks[0].packets_per_second;
  };
  double last = rate(kMiB, 0, 0);
  const double alone = last;
  for (const double mib : {1., 2., 4., 8., 16., 64.}) {
    const double now = rate(mib * kMiB, kInfinite, 2);
    EXPECT_LE(now, last * (1 + 1e-9)) << mib;
    last = now;
  }
  EXPECT_LT(last, 0.8 * alone);
  last = alone;
  for (const double reads : {1e5, 1e6, 1e7, 3e7, 1e8}) {
    const double now = rate(16 * kMiB, reads, 2);
    EXPECT_LE(now, last * (1 + 1e-9)) << reads;
    last = now;
  }
  last = alone;
  for (int competitors = 1; competitors <= 7; ++competitors) {
    const double now = rate(16 * kMiB, kInfinite, competitors);
    EXPECT_LT(now, last) << competitors;
    last = now;
  }
}

TEST(ContentionTest, MemoryIsNeverUsedBeyondItsBandwidth) {
  MachineConfig machine = PlainMachine();
  machine.l3 = DataSize(static_cast<int64_t>(kMiB));
  machine.memory_bandwidth = Gbps(20);
  std::vector<Task> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(Competitor(i, 64 * kMiB, kInfinite));
  }
  const MachineSolution solution = SolveContention(machine, tasks, {});
  double lines = 0;
  for (const TaskSolution& task : solution.tasks) {
    lines += task.packets_per_second * (1 - task.l2_hit) * (1 - task.l3_hit);
  }
  const double used = lines * kLineBytes * 8 / 20e9;
  EXPECT_GT(used, 0.9);
  EXPECT_LT(used, 1);
  EXPECT_NEAR(used, solution.sockets[0].memory_use, 1e-3);
}

TEST(ContentionTest, FrequencyFallsWithActiveCores) {
  MachineConfig machine = PlainMachine();
  machine.turbo_one = Frequency(3e9);
  machine.turbo_all = Frequency(2.3e9);
  const auto frequency = [&](int cores) {
    std::vector<Task> tasks;
    for (int i = 0; i < cores; ++i) tasks.push_back(FunctionTask(i, 1e5));
    return SolveContention(machine, tasks, {}).sockets[0].frequency_hz;
  };
  EXPECT_NEAR(frequency(1), 3e9, 1);
  EXPECT_NEAR(frequency(8), 2.3e9, 1);
  EXPECT_NEAR(frequency(2) - frequency(3), 0.1e9, 1);
}

// Devices that write more than their ways hold make packets come from memory.
TEST(ContentionTest, LargeRingsLeakOutOfTheDevicesWays) {
  MachineConfig machine = PlainMachine();
  const auto hit = [&](double footprint) {
    return SolveContention(machine, {FunctionTask(0, 1e6)}, {1e7, footprint})
        .tasks[0]
        .packet_hit;
  };
  EXPECT_EQ(hit(kMiB), 1);
  EXPECT_EQ(hit(3 * kMiB), 1);  // 2 of 20 ways of 30 MiB
  EXPECT_NEAR(hit(6 * kMiB), 0.5, 0.01);
}

// Packets cross sockets at a price.
TEST(ContentionTest, OtherSocketIsFarther) {
  MachineConfig machine = PlainMachine();
  machine.sockets = 2;
  Task near = FunctionTask(0, 1e5);
  Task far = near;
  far.core = 8;
  far.socket = 1;
  const MachineSolution solution = SolveContention(machine, {near, far}, {});
  EXPECT_NEAR(1e9 * (solution.tasks[1].seconds.per_packet -
                     solution.tasks[0].seconds.per_packet),
              4 * machine.remote_latency_ns / 4, 1e-6);
}

// Drawn mixes: the iteration ends, and its end is a fixed point.
TEST(ContentionTest, FixedPointIsFoundForDrawnMixes) {
  RngStream stream(RngTree(7).Stream("mixes", Replication(0)));
  for (int mix = 0; mix < 300; ++mix) {
    MachineConfig machine = PlainMachine();
    machine.sockets = 2;
    machine.l3 = DataSize(static_cast<int64_t>(stream.Uniform(2, 30) * kMiB));
    machine.memory_bandwidth =
        Bandwidth(static_cast<int64_t>(stream.Uniform(10e9, 400e9)));
    std::vector<Task> tasks;
    const auto count = 1 + stream.UniformInt(15);
    for (uint64_t i = 0; i < count; ++i) {
      const auto core = static_cast<int64_t>(stream.UniformInt(16));
      Task task = stream.Uniform() < 0.6
                      ? FunctionTask(core, stream.Uniform(1e5, 2e7))
                      : Competitor(core, stream.Uniform(1, 50) * kMiB,
                                   stream.Uniform() < 0.5 ? kInfinite : 1e7);
      task.socket = core / 8;
      task.core_share = 0.25;
      task.working_set_bytes = stream.Uniform(0.1, 40) * kMiB;
      task.locality = stream.Uniform(0.3, 1);
      tasks.push_back(task);
    }
    const MachineSolution solution =
        SolveContention(machine, tasks, {1e7, kMiB});
    EXPECT_LT(solution.residual, 1e-5) << "mix " << mix;
    EXPECT_LT(solution.iterations, 150) << "mix " << mix;
    for (size_t i = 0; i < tasks.size(); ++i) {
      const TaskSolution& task = solution.tasks[i];
      EXPECT_TRUE(std::isfinite(task.packets_per_second));
      EXPECT_LE(task.packets_per_second,
                tasks[i].packets_per_second * (1 + 1e-6));
      EXPECT_GE(task.l3_hit, 0);
      EXPECT_LE(task.l3_hit, 1);
    }
  }
}

}  // namespace
}  // namespace airlock
