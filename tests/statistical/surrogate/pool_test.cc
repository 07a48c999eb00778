#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sim/stats/interval.h"
#include "sim/stats/moments.h"
#include "sim/surrogate/pool_model.h"

// The pool against queueing theory.
namespace airlock {
namespace {

constexpr double kMean = 0.02;  // seconds of work

PoolServer Server(const std::string& name, int64_t cores = 1, double speed = 1,
                  double weight = 1) {
  return {name, cores, speed, weight, {}};
}

BalancerConfig OneServer(const std::string& work, int64_t cores, double load) {
  BalancerConfig balancer;
  balancer.servers = {Server("only", cores)};
  balancer.requests[0].work = work;
  balancer.requests[0].cv = 3;
  balancer.requests[0].tail = 2.5;
  balancer.load.share = Ratio(load);
  return balancer;
}

// Mean completion times of independent replications, warm-up left out.
std::vector<double> MeanTimes(const BalancerConfig& balancer, int runs,
                              double seconds) {
  std::vector<double> means;
  for (int r = 0; r < runs; ++r) {
    PoolMonitor monitor(balancer);
    Pool pool(balancer, nullptr, RngTree(11), Replication(r), &monitor);
    std::vector<double> values;
    std::vector<PoolServerState> states(balancer.servers.size());
    for (const double at : {0.1 * seconds, seconds}) {
      pool.AdvanceTo(at);
      monitor.Sample(0, at, 0, states, &values);
    }
    std::vector<Metric> metrics;
    monitor.AddMetrics(0.1 * seconds, &metrics);
    for (const Metric& metric : metrics) {
      if (metric.name == "pool.fct_mean") means.push_back(metric.value);
    }
  }
  return means;
}

// Whether the mean lies within 3.5 standard errors of `expected`, or 1 %.
void ExpectMean(const std::vector<double>& values, double expected) {
  const double error =
      StandardDeviation(values) / std::sqrt(static_cast<double>(values.size()));
  EXPECT_NEAR(Mean(values), expected, std::max(3.5 * error, 0.01 * expected));
  EXPECT_LT(error, 0.04 * expected);  // else the test could not fail
}

// Erlang's C formula: probability that all of `cores` are busy.
double ErlangC(int64_t cores, double load) {
  const double offered = load * static_cast<double>(cores);
  double blocking = 1;  // Erlang's B by its recursion
  for (int64_t c = 1; c <= cores; ++c) {
    blocking =
        offered * blocking / (static_cast<double>(c) + offered * blocking);
  }
  return blocking / (1 - load * (1 - blocking));
}

// M/G/1-PS: the mean is E[S] / (1 - rho), whatever the distribution of the work
// (Kleinrock, Queueing Systems, Vol. 2, 1976, section 4.4).
TEST(PoolTest, OneCoreIsProcessorSharingInsensitiveToTheWork) {
  for (const std::string work :
       {"constant", "exponential", "lognormal", "pareto"}) {
    for (const double load : {0.3, 0.6, 0.8}) {
      SCOPED_TRACE(work + " " + std::to_string(load));
      ExpectMean(MeanTimes(OneServer(work, 1, load), 12, 1500),
                 kMean / (1 - load));
    }
  }
}

// With exponential work the number of jobs of c cores is that of M/M/c, served
// in turn or shared; so is, by Little, the mean time.
TEST(PoolTest, CoresAreThoseOfErlang) {
  for (const int64_t cores : {2, 4, 12}) {
    for (const double load : {0.5, 0.8, 0.9}) {
      SCOPED_TRACE(std::to_string(cores) + " " + std::to_string(load));
      const double wait = ErlangC(cores, load) * kMean /
                          (static_cast<double>(cores) * (1 - load));
      ExpectMean(MeanTimes(OneServer("exponential", cores, load), 12,
                           3000 / static_cast<double>(cores)),
                 kMean + wait);
    }
  }
}

// Weights split a Poisson process into Poisson processes, so each server is a
// queue of its own: with weights by capacity, all at the pool's load.
TEST(PoolTest, WeightsSplitTheLoad) {
  BalancerConfig balancer = OneServer("exponential", 1, 0.7);
  balancer.servers = {Server("slow", 1, 0.5, 0.25), Server("fast", 1, 2, 1)};
  // The mean over flows: a fifth at 20/0.5 ms, the rest at 20/2 ms.
  const double expected = (0.2 * kMean / 0.5 + 0.8 * kMean / 2) / (1 - 0.7);
  ExpectMean(MeanTimes(balancer, 12, 1500), expected);
}

// Per-flow assignment beats any weights: with equal servers, the mean time is
// between that of one fast queue of all cores and that of the random split.
TEST(PoolTest, LeastConnectionsAreBetweenPoolingAndSplitting) {
  BalancerConfig balancer = OneServer("exponential", 1, 0.8);
  balancer.servers = {Server("a"), Server("b"), Server("c"), Server("d")};
  balancer.assignment = "least-connections";
  const std::vector<double> times = MeanTimes(balancer, 12, 400);
  const double pooled = kMean + ErlangC(4, 0.8) * kMean / (4 * (1 - 0.8));
  EXPECT_GT(Mean(times), pooled);
  EXPECT_LT(Mean(times), 0.6 * kMean / (1 - 0.8));
}

}  // namespace
}  // namespace airlock
