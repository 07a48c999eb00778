#include "sim/server/steady_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "agents/placement/placement_plan.h"
#include "sim/server/run_servers.h"
#include "tests/unit/placement/small_servers.h"

// What managers learn on, held against the engine that judges them.
namespace airlock {
namespace {

double MetricOf(const ReplicationRecord& record, const std::string& name) {
  for (const Metric& metric : record.metrics) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return std::nan("");
}

struct Both {
  ServersConfig servers;
  SteadyState model;
  ReplicationRecord engine;
};

// Constant loads, packets a second, on given cores.
Both Compare(const std::vector<double>& offered, const PlacementPlan& plan) {
  const Scenario scenario = SmallServers();
  Both both;
  both.servers = *scenario.datacentre->servers;
  const auto placed = PlacementsAfter(PlacePrograms(both.servers), plan);
  for (size_t f = 0; f < both.servers.functions.size(); ++f) {
    both.servers.functions[f].machine =
        both.servers.machines[static_cast<size_t>(placed[f].machine)].name;
    both.servers.functions[f].cores = placed[f].cores;
  }
  for (size_t c = 0; c < offered.size(); ++c) {
    LoadProfile& load = both.servers.chains[c].load;
    load.kind = "constant";
    load.rate = Bandwidth(static_cast<int64_t>(offered[c] * 8000));
  }
  RunConfig run = scenario.run;
  run.duration = Milliseconds(6000);
  run.sample_interval = Milliseconds(250);
  both.model = SteadyModel(both.servers).Solve(placed, offered);
  both.engine = RunServers(run, both.servers, Replication(0));
  return both;
}

// Largest errors over placements and loads that are below what cores can do.
TEST(SteadyStateTest, AgreesWithTheEngineWhereNothingIsOverloaded) {
  const std::vector<PlacementPlan> plans = {
      {{2, 3, 2, 1}, {0, 0, 1, 1}},   // the scenario's
      {{1, 2, 1, 2}, {0, 0, 0, 0}},   // all on one machine
      {{2, 2, 2, 2}, {0, 1, 1, 0}}};  // chains across machines
  double busy_error = 0, latency_error = 0, latency_sum = 0;
  int64_t latencies = 0;
  for (const PlacementPlan& plan : plans) {
    const SteadyModel model(*SmallServers().datacentre->servers);
    const auto placed = PlacementsAfter(PlacePrograms(model.servers()), plan);
    for (const double share : {0.3, 0.6, 0.8, 0.9}) {
      // So that each chain's busiest function is busy for `share`.
      std::vector<double> offered = {10000, 10000};
      for (int round = 0; round < 30; ++round) {
        const SteadyState state = model.Solve(placed, offered);
        for (size_t c = 0; c < 2; ++c) {
          const double busiest = std::max(state.functions[2 * c].busy,
                                          state.functions[2 * c + 1].busy);
          offered[c] *= std::sqrt(share / busiest);
        }
      }
      const Both both = Compare(offered, plan);
      for (size_t f = 0; f < 4; ++f) {
        const double engine =
            MetricOf(
                both.engine,
                "chain.function." + both.servers.functions[f].name + ".busy") /
            static_cast<double>(plan.cores[f]);
        busy_error = std::max(
            busy_error, std::abs(both.model.functions[f].busy / engine - 1));
      }
      for (size_t c = 0; c < 2; ++c) {
        const std::string chain = "chain." + both.servers.chains[c].name;
        const double engine = MetricOf(both.engine, chain + ".latency_p99");
        const double error =
            std::log(both.model.chains[c].latency_p99_seconds / engine);
        latency_error = std::max(latency_error, std::abs(error));
        latency_sum += std::abs(error);
        ++latencies;
        EXPECT_NEAR(MetricOf(both.engine, chain + ".delivered_packet_rate"),
                    both.model.chains[c].delivered,
                    0.01 * both.model.chains[c].delivered);
      }
    }
  }
  const double mean_error = latency_sum / static_cast<double>(latencies);
  RecordProperty("busy_error", std::to_string(busy_error));
  RecordProperty("latency_error", std::to_string(latency_error));
  RecordProperty("mean_latency_error", std::to_string(mean_error));
  EXPECT_LT(busy_error, 0.03);
  EXPECT_LT(mean_error, 0.15);
  EXPECT_LT(latency_error, 0.3);
}

// Beyond what cores can do: what is lost, and that a full ring is waited for.
TEST(SteadyStateTest, AgreesWithTheEngineUnderOverload) {
  const PlacementPlan plan{{1, 2, 2, 1}, {0, 0, 1, 1}};
  const Both both = Compare({70000, 90000}, plan);
  for (size_t c = 0; c < 2; ++c) {
    const std::string chain = "chain." + both.servers.chains[c].name;
    const double delivered =
        MetricOf(both.engine, chain + ".delivered_packet_rate");
    ASSERT_LT(delivered, 0.9 * both.model.chains[c].offered);
    EXPECT_NEAR(both.model.chains[c].delivered / delivered, 1, 0.03);
    const double latency = MetricOf(both.engine, chain + ".latency_p99");
    EXPECT_NEAR(both.model.chains[c].latency_p99_seconds / latency, 1, 0.15);
    EXPECT_FALSE(KeepsAgreement(both.servers.chains[c], both.model.chains[c]));
  }
}

}  // namespace
}  // namespace airlock
