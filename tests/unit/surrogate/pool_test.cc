#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sim/scenario/resolve.h"
#include "sim/surrogate/pool_assignment.h"
#include "sim/surrogate/pool_model.h"
#include "sim/surrogate/pool_settings.h"
#include "sim/surrogate/pool_simulation.h"
#include "sim/surrogate/pool_workload.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

PoolServer Server(const std::string& name, double weight = 1) {
  return {name, 1, 1, weight, {}};
}

BalancerConfig TwoServers(const std::string& assignment) {
  BalancerConfig balancer;
  balancer.servers = {Server("a", 1), Server("b", 0.5)};
  balancer.assignment = assignment;
  return balancer;
}

std::vector<size_t> Assigned(const std::string& rule, int flows) {
  PoolAssignment assignment(TwoServers(rule));
  std::vector<size_t> servers;
  for (int i = 0; i < flows; ++i) {
    servers.push_back(*assignment.Begin((i + 0.5) / flows));
  }
  return servers;
}

TEST(PoolAssignmentTest, FollowsTheWeights) {
  EXPECT_THAT(Assigned("weighted-hash", 6), ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(Assigned("round-robin", 6), ElementsAre(0, 1, 0, 0, 1, 0));
  EXPECT_THAT(Assigned("least-connections", 6), ElementsAre(0, 0, 1, 0, 0, 1));
}

TEST(PoolAssignmentTest, LeavesOutWhoIsDownOrWeighsNothing) {
  for (const std::string rule :
       {"weighted-hash", "round-robin", "least-connections"}) {
    SCOPED_TRACE(rule);
    PoolAssignment assignment(TwoServers(rule));
    assignment.SetUp(0, false);
    EXPECT_EQ(assignment.Begin(0.1), 1u);
    assignment.SetWeight(1, 0);
    EXPECT_EQ(assignment.Begin(0.1), std::nullopt);
    assignment.SetUp(0, true);
    EXPECT_EQ(assignment.Begin(0.9), 0u);
  }
}

TEST(PoolAssignmentTest, LeastConnectionsKnowsWhatEnded) {
  PoolAssignment assignment(TwoServers("least-connections"));
  assignment.SetWeight(1, 1);
  EXPECT_EQ(assignment.Begin(0), 0u);
  EXPECT_EQ(assignment.Begin(0), 1u);
  EXPECT_EQ(assignment.Begin(0), 0u);
  assignment.End(1);
  EXPECT_EQ(assignment.Begin(0), 1u);
}

// The mean load over [0, seconds), by its steps.
double MeanLoad(const PoolLoad& load, double seconds) {
  PoolLoadCourse course(load, nullptr, RngTree(3), Replication(0));
  double sum = 0;
  for (double at = 0; at < seconds;) {
    const PoolLoadCourse::Step step = course.At(at);
    const double until = std::min(step.until, seconds);
    EXPECT_GT(until, at);
    sum += step.share * (until - at);
    at = until;
  }
  return sum / seconds;
}

TEST(PoolWorkloadTest, LoadsHaveTheMeanOfTheirKind) {
  PoolLoad load;
  load.share = Ratio(0.4);
  load.peak = Ratio(0.8);
  load.period = Milliseconds(10000);
  for (const auto& [kind, mean] :
       {std::make_pair("constant", 0.4), std::make_pair("steps", 0.6),
        std::make_pair("flash-crowd", 0.44), std::make_pair("diurnal", 0.6)}) {
    SCOPED_TRACE(kind);
    load.kind = kind;
    EXPECT_NEAR(MeanLoad(load, 200), mean, 1e-9);
  }
}

// Quotients of instants by these periods round below a whole number.
TEST(PoolWorkloadTest, StepsEndWhateverThePeriod) {
  for (const int64_t period : {1, 100, 700, 1100}) {
    for (const std::string kind :
         {"constant", "steps", "flash-crowd", "diurnal"}) {
      SCOPED_TRACE(fmt::format("{}, {} ms", kind, period));
      PoolLoad load;
      load.kind = kind;
      load.period = Milliseconds(period);
      PoolLoadCourse course(load, nullptr, RngTree(3), Replication(0));
      for (double at = 0; at < 60;) {
        const double until = course.At(at).until;
        ASSERT_GT(until, at);
        at = until;
      }
    }
  }
}

TEST(PoolWorkloadTest, ATraceIsItsSamples) {
  Trace trace;
  trace.time_seconds = {1, 2, 4};
  trace.columns.resize(1);
  trace.columns[0].name = "load";
  trace.columns[0].values = {0.2, 0.8, 0.5};
  PoolLoad load;
  load.kind = "trace";
  PoolLoadCourse course(load, &trace, RngTree(1), Replication(0));
  EXPECT_EQ(course.At(0).share, 0.2);
  EXPECT_EQ(course.At(0.5).until, 1);
  EXPECT_EQ(course.At(1).share, 0.8);
  EXPECT_EQ(course.At(3).share, 0.5);
  EXPECT_EQ(course.At(400).share, 0.5);  // the last stays
  trace.columns[0].values[1] = std::nan("");
  EXPECT_THAT(ErrorOf([&] {
                PoolLoadCourse(load, &trace, RngTree(1), Replication(0));
              }),
              HasSubstr("column load, sample 1: nan is no share"));
  trace.time_seconds.clear();
  trace.columns[0].values.clear();
  EXPECT_THAT(ErrorOf([&] {
                PoolLoadCourse(load, &trace, RngTree(1), Replication(0));
              }),
              HasSubstr("column load has no samples"));
}

TEST(PoolWorkloadTest, RequestsHaveTheirRateAndWork) {
  for (const std::string work :
       {"constant", "exponential", "lognormal", "pareto"}) {
    SCOPED_TRACE(work);
    BalancerConfig balancer = TwoServers("weighted-hash");
    balancer.requests[0].work = work;
    balancer.requests[0].tail = 4;
    balancer.model.overhead = Milliseconds(5);
    PoolWorkload workload(balancer, nullptr, RngTree(8), Replication(0));
    constexpr int kRequests = 100000;
    double sum = 0;
    double last = 0;
    for (int i = 0; i < kRequests; ++i) {
      const PoolRequest request = workload.Next();
      EXPECT_GE(request.at, last);
      last = request.at;
      sum += request.work;
    }
    EXPECT_NEAR(sum / kRequests, 0.025, 0.0003);  // 20 ms, and the overhead
    EXPECT_NEAR(kRequests / last, 0.7 * 2 / 0.02, 1);
  }
}

TEST(PoolWorkloadTest, KindsHaveTheirShares) {
  BalancerConfig balancer = TwoServers("weighted-hash");
  balancer.requests = {RequestClass{"page"}, RequestClass{"report"}};
  balancer.requests[0].share = Ratio(3);
  PoolWorkload workload(balancer, nullptr, RngTree(8), Replication(0));
  int pages = 0;
  for (int i = 0; i < 10000; ++i) pages += workload.Next().kind == 0;
  EXPECT_NEAR(pages, 7500, 200);
}

BalancerConfig Failing() {
  BalancerConfig balancer = TwoServers("weighted-hash");
  balancer.servers[1].weight = 1;
  balancer.events = {
      {"a", "failure", Milliseconds(10000), Milliseconds(20000)}};
  balancer.health_check = Milliseconds(1000);
  return balancer;
}

TEST(PoolTest, FlowsOfAFailedServerAreLostUntilItIsNoticed) {
  Pool pool(Failing(), nullptr, RngTree(1), Replication(0), nullptr);
  pool.AdvanceTo(10.5);
  EXPECT_TRUE(pool.up(0));
  EXPECT_EQ(pool.flows_on(0), 0);
  EXPECT_GT(pool.counts(0).failed, 10);  // 35 a second for half a second
  pool.AdvanceTo(11.5);
  EXPECT_FALSE(pool.up(0));
  const Pool::Counts down = pool.counts(0);
  pool.AdvanceTo(20.5);
  EXPECT_EQ(pool.counts(0).begun, down.begun);
  EXPECT_EQ(pool.counts(0).failed, down.failed);
  pool.AdvanceTo(22);
  EXPECT_TRUE(pool.up(0));
  EXPECT_GT(pool.counts(0).completed, down.completed);
}

// Every flow that began is on, complete or failed, at any time.
TEST(PoolTest, CountsAddUp) {
  Pool pool(Failing(), nullptr, RngTree(2), Replication(0), nullptr);
  for (double at = 0.5; at < 30; at += 0.5) {
    pool.AdvanceTo(at);
    for (size_t s = 0; s < 2; ++s) {
      const Pool::Counts& counts = pool.counts(s);
      EXPECT_EQ(counts.begun,
                counts.completed + counts.failed + pool.flows_on(s));
    }
  }
}

TEST(PoolTest, OverlappingSlowDownsMultiply) {
  BalancerConfig balancer = TwoServers("weighted-hash");
  balancer.servers.resize(1);
  balancer.requests[0].work = "constant";
  balancer.requests[0].mean = Milliseconds(1000);
  balancer.load.share = Ratio(0.001);  // hardly ever two at a time
  balancer.events = {
      {"a", "slow-down", SimTime(0), Milliseconds(3600000), Ratio(0.5)},
      {"a", "slow-down", Milliseconds(1), Milliseconds(3600000), Ratio(0.2)}};
  PoolMonitor monitor(balancer);
  Pool pool(balancer, nullptr, RngTree(1), Replication(0), &monitor);
  pool.AdvanceTo(3500);
  ASSERT_GT(pool.counts(0).completed, 0);
  EXPECT_NEAR(pool.completion_times(0).DecayedMean(FromSeconds(3500), 1), 10,
              0.5);
}

TEST(PoolTest, RequestsAreTheSameWhateverTheWeights) {
  const BalancerConfig balancer = TwoServers("weighted-hash");
  Pool one(balancer, nullptr, RngTree(1), Replication(0), nullptr);
  Pool other(balancer, nullptr, RngTree(1), Replication(0), nullptr);
  other.SetWeight(0, 0.1);
  one.AdvanceTo(100);
  other.AdvanceTo(100);
  EXPECT_EQ(one.counts(0).begun + one.counts(1).begun,
            other.counts(0).begun + other.counts(1).begun);
  EXPECT_GT(one.counts(0).begun, other.counts(0).begun);
}

TEST(PoolSettingsTest, WrongSettingsAreRefusedWhole) {
  const BalancerConfig balancer = TwoServers("weighted-hash");
  const auto set = [&](const Action& action) {
    return WithWeights(balancer, action, {1, 0.5});
  };
  EXPECT_THAT(set({{{"server.b.weight", 2}}}), ElementsAre(1, 2));
  EXPECT_EQ(ErrorOf([&] {
              set({{{"server.c.weight", 1}}});
            }),
            "this scenario has no setting 'server.c.weight': a pool has "
            "server.NAME.weight");
  EXPECT_EQ(ErrorOf([&] {
              set({{{"server.a.weight", -0.5}}});
            }),
            "server.a.weight: -0.5 is out of range (0 to 2)");
  EXPECT_EQ(ErrorOf([&] {
              set({{{"server.a.weight", std::nan("")}}});
            }),
            "server.a.weight: nan is out of range (0 to 2)");
  EXPECT_EQ(ErrorOf([&] {
              set({{{"server.a.weight", 0}, {"server.b.weight", 0}}});
            }),
            "all weights are 0: no server would get a flow");
}

ReplicationRecord Finished(const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(AIRLOCK_SOURCE_DIR
                                     "/scenarios/datacentre/load-balancer.yaml",
                                     overrides, &diagnostics);
  EXPECT_TRUE(scenario) << diagnostics.Format();
  const auto scene = CreatePoolScene(*scenario);
  scene->Settle();
  scene->Start(Replication(0));
  scene->AdvanceTo(Milliseconds(150000));
  scene->Apply({{{"server.a.weight", 0.5}}});
  scene->AdvanceTo(scenario->scenario().run.duration);
  return scene->Finish();
}

double MetricOf(const ReplicationRecord& record, const std::string& name) {
  for (const Metric& metric : record.metrics) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(PoolSimulationTest, SamplesAndMetricsTellTheSame) {
  const ReplicationRecord record = Finished({});
  record.series.Validate();
  double offered = 0;
  double late = 0;
  double ended = 0;
  const auto column = [&](const std::string& name) {
    return record.series.Get(name).values;
  };
  for (int64_t i = 0; i < record.series.samples(); ++i) {
    offered += column("pool.offered_rate")[i];
    const double ends =
        column("pool.completed_rate")[i] + column("pool.failed_rate")[i];
    ended += ends;
    if (ends > 0) late += column("pool.late")[i] * ends;
  }
  const double samples = static_cast<double>(record.series.samples());
  EXPECT_NEAR(MetricOf(record, "pool.offered_rate"), offered / samples, 1e-9);
  EXPECT_NEAR(MetricOf(record, "pool.late"), late / ended, 1e-9);
  EXPECT_LT(MetricOf(record, "pool.served"), 1);  // one server fails
  EXPECT_EQ(column("server.c.up")[200], 0);
  EXPECT_EQ(column("server.a.weight")[100], 2);
  EXPECT_EQ(column("server.a.weight")[200], 0.5);
  EXPECT_GT(column("server.a.utilisation")[100], 0.5);
  EXPECT_EQ(record.warmup_seconds, 0);  // the pool changes: nothing is dropped
}

TEST(PoolSimulationTest, EqualSeedsGiveEqualRecords) {
  const auto digest = [](const std::vector<std::string>& overrides) {
    RunRecord record;
    record.replications = {Finished(overrides)};
    return record.Digest();
  };
  const std::string one = digest({});
  EXPECT_EQ(digest({}), one);
  EXPECT_NE(digest({"run.seed=2"}), one);
}

TEST(JainFairnessTest, IsOneForEqualAndOneNthForOne) {
  EXPECT_DOUBLE_EQ(JainFairness({3, 3, 3}), 1);
  EXPECT_DOUBLE_EQ(JainFairness({1, 0, 0, 0}), 0.25);
  EXPECT_TRUE(std::isnan(JainFairness({0, 0})));
}

}  // namespace
}  // namespace airlock
