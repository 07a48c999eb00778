#include <gtest/gtest.h>

#include <cmath>

#include "sim/stats/interval.h"
#include "sim/surrogate/pool_simulation.h"
#include "tests/support/pool_runs.h"

// The fast engine of server pools against packets: completion times by load,
// with the one constant that the network adds fitted at a load of its own.
namespace airlock {
namespace {

constexpr int kReplications = 10;
constexpr const char* kTimes[] = {"pool.fct_mean", "pool.fct_p50",
                                  "pool.fct_p95", "pool.fct_p99"};

Scenario Pool(const std::string& assignment, double load) {
  Scenario scenario =
      PoolScenario({PoolServerOf("a", 2), PoolServerOf("b", 4, 2)});
  scenario.run.duration = Milliseconds(4000);
  scenario.run.sample_interval = Milliseconds(50);
  BalancerConfig& balancer = *scenario.datacentre->balancer;
  balancer.assignment = assignment;
  balancer.load.share = Ratio(load);
  balancer.client_hosts = {1, 5, 6};
  return scenario;
}

std::map<std::string, double> RunSurrogate(Scenario scenario,
                                           SimTime round_trips,
                                           int64_t replication) {
  scenario.run.engine = "surrogate";
  scenario.datacentre->balancer->model.round_trips = round_trips;
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  if (!resolved) throw Error(diagnostics.Format());
  auto scene = CreatePoolScene(*resolved);
  scene->Settle();
  scene->Start(Replication(replication));
  scene->AdvanceTo(scenario.run.duration);
  std::map<std::string, double> metrics;
  for (const Metric& metric : scene->Finish().metrics) {
    metrics[metric.name] = metric.value;
  }
  return metrics;
}

// What the network adds to the median, from requests of their own.
SimTime FittedRoundTrips() {
  Scenario scenario = Pool("round-robin", 0.3);
  scenario.run.seed = 99;
  const double packet = RunDatacentre(scenario, 0).at("pool.fct_p50");
  return FromSeconds(packet -
                     RunSurrogate(scenario, SimTime(0), 0).at("pool.fct_p50"));
}

// Relative differences packet - surrogate, by time and replication.
std::map<std::string, std::vector<double>> Differences(const Scenario& scenario,
                                                       SimTime round_trips) {
  std::map<std::string, std::vector<double>> differences;
  for (int replication = 0; replication < kReplications; ++replication) {
    auto packet = RunDatacentre(scenario, replication);
    auto surrogate = RunSurrogate(scenario, round_trips, replication);
    for (const char* time : kTimes) {
      differences[time].push_back(packet[time] / surrogate[time] - 1);
    }
  }
  return differences;
}

// Prints a row; returns the intervals.
std::map<std::string, Interval> Row(const std::string& assignment, double load,
                                    SimTime round_trips) {
  const auto differences = Differences(Pool(assignment, load), round_trips);
  std::map<std::string, Interval> intervals;
  std::string text = fmt::format("| {} | {:.1f} |", assignment, load);
  for (const char* time : kTimes) {
    const Interval interval = MeanInterval(differences.at(time), 0.95);
    intervals[time] = interval;
    text +=
        fmt::format(" {:+.2f} % [{:+.2f}, {:+.2f}] |", 100 * interval.estimate,
                    100 * interval.low, 100 * interval.high);
  }
  std::printf("%s\n", text.c_str());
  return intervals;
}

TEST(PoolEngines, AgreeOnCompletionTimes) {
  const SimTime round_trips = FittedRoundTrips();
  std::printf("round_trips: %s\n", ToString(round_trips).c_str());
  for (double load : {0.5, 0.7, 0.8, 0.9}) {
    // The same flows at the same servers: the network is all that differs.
    for (const auto& [time, interval] : Row("round-robin", load, round_trips)) {
      EXPECT_LT(std::max(-interval.low, interval.high), 0.02)
          << time << " at " << load;
    }
  }
  for (double load : {0.5, 0.7, 0.8, 0.9}) {
    // Other draws of the hash: equal in distribution.
    for (const auto& [time, interval] :
         Row("weighted-hash", load, round_trips)) {
      EXPECT_LT(interval.low, 0.02) << time << " at " << load;
      EXPECT_GT(interval.high, -0.02) << time << " at " << load;
    }
  }
}

}  // namespace
}  // namespace airlock
