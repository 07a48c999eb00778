#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "sim/surrogate/chain_recursion.h"

namespace airlock {
namespace {

constexpr double kServiceNs = 100e3;

struct Result {
  double latency;  // mean, s
  double loss;     // ratio
  double steps_per_second;
  std::vector<StationTotals> totals;
  double seconds;
};

ChainFunction Function(const std::string& distribution) {
  ChainFunction function;
  function.name = "f0";
  function.service.distribution = distribution;
  function.service.per_packet_ns = kServiceNs;
  function.ring = 1000000;
  return function;
}

ChainConfig OneFunction(const std::string& distribution, double rho) {
  ChainConfig chain;
  chain.functions = {Function(distribution)};
  chain.workload.packet_sizes = {{DataSize(1000), Ratio(1)}};
  chain.workload.load.rate =
      Bandwidth(std::llround(rho * 8000 / (kServiceNs * 1e-9)));
  return chain;
}

// Mean over all packets from an empty start.
Result Simulate(const ChainConfig& chain, double packets, uint64_t seed = 1) {
  const RngTree tree(seed);
  ChainCourse course(chain.workload, nullptr, tree, Replication(0));
  ChainMonitor monitor(chain);
  ChainRecursion recursion(chain, {}, &course, tree, Replication(0), &monitor);
  const double rate = course.LoadAt(0).packets_per_second;
  const int64_t end = static_cast<int64_t>(packets / rate * 1e9);
  const auto begin = std::chrono::steady_clock::now();
  recursion.AdvanceTo(end);
  const double wall =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  std::vector<Column> columns;
  monitor.Declare(&columns);
  std::vector<double> values;
  Result result;
  result.totals = recursion.Totals();
  monitor.Sample(0, end, result.totals, &course, &values);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == "latency_mean") result.latency = values[i];
    if (columns[i].name == "loss_ratio") result.loss = values[i];
  }
  result.steps_per_second = static_cast<double>(recursion.steps()) / wall;
  result.seconds = static_cast<double>(end) * 1e-9;
  return result;
}

class QueueTest : public ::testing::TestWithParam<double> {};

// W = E[S] / (1 - rho).
TEST_P(QueueTest, MM1) {
  const double rho = GetParam();
  const Result result = Simulate(OneFunction("exponential", rho), 4e6);
  EXPECT_NEAR(result.latency, kServiceNs * 1e-9 / (1 - rho),
              0.03 * kServiceNs * 1e-9 / (1 - rho));
  EXPECT_EQ(result.loss, 0);
  RecordProperty("packet_stations_per_second",
                 std::to_string(result.steps_per_second));
}

// Pollaczek-Khinchine: W = E[S] (1 + rho (1 + cv^2) / (2 (1 - rho))).
TEST_P(QueueTest, MG1) {
  const double rho = GetParam();
  for (const auto& [name, cv] :
       std::vector<std::pair<std::string, double>>{{"constant", 0},
                                                   {"gamma", 0.5},
                                                   {"gamma", 1.5},
                                                   {"lognormal", 0.8}}) {
    ChainConfig chain = OneFunction(name, rho);
    chain.functions[0].service.cv = cv;
    const Result result = Simulate(chain, 3e6);
    const double want =
        kServiceNs * 1e-9 * (1 + rho * (1 + cv * cv) / (2 * (1 - rho)));
    EXPECT_NEAR(result.latency, want, 0.03 * want) << name << " " << cv;
  }
}

// A wake-up of exponential mean w adds w to the sojourn time of M/G/1 with
// set-up (Levy and Kleinrock, Operations Research 34, 1986).
TEST_P(QueueTest, WakeupAddsItsMean) {
  const double rho = GetParam();
  ChainConfig chain = OneFunction("exponential", rho);
  chain.functions[0].wakeup = Microseconds(150);
  const double want = kServiceNs * 1e-9 / (1 - rho) + 150e-6;
  EXPECT_NEAR(Simulate(chain, 3e6).latency, want, 0.03 * want);
}

// Breakdowns at rate a with exponential repairs of mean d, whatever the server
// does, work resumed: completion time C of E[C] = E[S] (1 + a d), E[C^2] =
// (1 + a d)^2 E[S^2] + 2 a d^2 E[S], and wait lambda E[C^2] / (2 (1 - lambda
// E[C])) + a d^2 / (1 + a d) (Avi-Itzhak and Naor, Operations Research 11,
// 1963, model A).
TEST_P(QueueTest, StallsAreBreakdowns) {
  const double rho = 0.8 * GetParam();
  ChainConfig chain = OneFunction("exponential", rho);
  chain.functions[0].stall_interval = Milliseconds(4);
  chain.functions[0].stall_duration = Microseconds(700);
  const double s = kServiceNs * 1e-9;
  const double d = 700e-6;
  const double a = 1 / 4e-3;
  const double lambda = rho / s;
  const double c = s * (1 + a * d);
  const double c2 = (1 + a * d) * (1 + a * d) * 2 * s * s + 2 * a * d * d * s;
  const double want =
      c + lambda * c2 / (2 * (1 - lambda * c)) + a * d * d / (1 + a * d);
  EXPECT_NEAR(Simulate(chain, 6e6).latency, want, 0.03 * want);
}

INSTANTIATE_TEST_SUITE_P(Load, QueueTest, ::testing::Values(0.5, 0.8, 0.9));

// Loss of M/M/1/N with N = ring + 1 in service.
TEST(FiniteRing, LossOfMM1N) {
  for (const double rho : {0.7, 0.95, 1.3}) {
    for (const int ring : {1, 4, 20}) {
      ChainConfig chain = OneFunction("exponential", rho);
      chain.functions[0].ring = ring;
      const int n = ring + 1;
      const double want =
          (1 - rho) * std::pow(rho, n) / (1 - std::pow(rho, n + 1));
      const double sd = std::sqrt(want / 1e6);
      EXPECT_NEAR(Simulate(chain, 1e6).loss, want, 0.03 * want + 5 * sd)
          << rho << " " << ring;
    }
  }
}

// Burke: the output of M/M/1 is Poisson, so sojourn times add.
TEST(Tandem, SojournTimesAdd) {
  ChainConfig chain = OneFunction("exponential", 0.7);
  chain.functions.push_back(Function("exponential"));
  chain.functions[1].name = "f1";
  chain.functions[1].service.per_packet_ns = 0.5 * kServiceNs;
  chain.functions.push_back(Function("exponential"));
  chain.functions[2].name = "f2";
  const double s = kServiceNs * 1e-9;
  const double want = 2 * s / 0.3 + 0.5 * s / (1 - 0.35);
  const Result result = Simulate(chain, 3e6);
  EXPECT_NEAR(result.latency, want, 0.03 * want);
  // Little's law for the first ring: waiting = lambda Wq.
  const double waiting =
      static_cast<double>(result.totals[0].waiting_ns) * 1e-9 / result.seconds;
  EXPECT_NEAR(waiting, 0.7 * 0.7 / 0.3, 0.03 * 0.7 * 0.7 / 0.3);
  EXPECT_NEAR(
      static_cast<double>(result.totals[2].busy_ns) * 1e-9 / result.seconds,
      0.7, 0.01);
}

// Contention slows the service: the same as a slower function.
TEST(ContentionSlope, ScalesTheServiceTime) {
  ChainConfig chain = OneFunction("exponential", 0.5);
  chain.functions[0].contention_slope.cpu = 0.2;
  chain.functions[0].contention_slope.io = 0.1;
  chain.workload.contention.cpu = 2;
  chain.workload.contention.io = 2;
  const double want = 1.6 * kServiceNs * 1e-9 / (1 - 0.8);
  EXPECT_NEAR(Simulate(chain, 3e6).latency, want, 0.03 * want);
}

}  // namespace
}  // namespace airlock
