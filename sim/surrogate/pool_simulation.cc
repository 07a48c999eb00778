#include "sim/surrogate/pool_simulation.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/collector/features.h"
#include "sim/surrogate/pool_model.h"
#include "sim/surrogate/pool_settings.h"
#include "sim/surrogate/sampled_scene.h"

namespace airlock {
namespace {

constexpr ServerCounter kCounters[] = {
    ServerCounter::kFlowsOn, ServerCounter::kFlows, ServerCounter::kCompleted};
constexpr ServerFeature kFeatures[] = {ServerFeature::kCompletionTime,
                                       ServerFeature::kFlowDuration};

class PoolScene : public SampledScene {
 public:
  PoolScene(const RunConfig& run, const BalancerConfig& balancer)
      : SampledScene(run),
        balancer_(balancer),
        trace_(ReadPoolTrace(balancer.load)),
        monitor_(balancer) {
    for (auto& counts : last_) counts.resize(balancer.servers.size());
  }

  void Apply(const Action& action) override {
    if (action.settings.empty()) return;
    std::vector<double> weights;
    for (size_t s = 0; s < pool_->servers(); ++s) {
      weights.push_back(pool_->weight(s));
    }
    weights = WithWeights(balancer_, action, std::move(weights));
    for (size_t s = 0; s < weights.size(); ++s) {
      pool_->SetWeight(s, weights[s]);
    }
  }

 private:
  std::vector<Column> Begin(const RngTree& tree,
                            Replication replication) override {
    pool_.emplace(balancer_, trace_ ? &*trace_ : nullptr, tree, replication,
                  &monitor_);
    std::vector<Column> columns;
    monitor_.Declare(&columns);
    for (const PoolServer& server : balancer_.servers) {
      for (const ServerCounter counter : kCounters) {
        columns.push_back(ServerCounterColumn(server.name, counter));
      }
      for (const ServerFeature feature : kFeatures) {
        const auto more = ServerFeatureColumns(server.name, feature);
        columns.insert(columns.end(), more.begin(), more.end());
      }
    }
    return columns;
  }

  void Simulate(SimTime until) override { pool_->AdvanceTo(Seconds(until)); }

  std::vector<double> Sample(size_t reader, SimTime /*now*/) override {
    std::vector<PoolServerState> states;
    for (size_t s = 0; s < pool_->servers(); ++s) {
      states.push_back(
          {pool_->BusyCoreSeconds(s), pool_->weight(s), pool_->up(s)});
    }
    std::vector<double> values;
    // The load at the sample's end.
    monitor_.Sample(reader, pool_->now(), pool_->ShareAt(pool_->now()), states,
                    &values);
    for (size_t s = 0; s < pool_->servers(); ++s) {
      AppendServer(reader, s, &values);
    }
    return values;
  }

  void AppendServer(size_t reader, size_t s, std::vector<double>* values) {
    const Pool::Counts now = pool_->counts(s);
    const Pool::Counts before =
        std::exchange(last_[reader][s], pool_->counts(s));
    values->push_back(static_cast<double>(pool_->flows_on(s)));
    values->push_back(static_cast<double>(now.begun - before.begun));
    values->push_back(static_cast<double>(now.completed - before.completed));
    const auto summary = SummaryValues(pool_->completion_times(s).Summarise(
        FromSeconds(pool_->now()), balancer_.reservoir.decay));
    for (size_t f = 0; f < std::size(kFeatures); ++f) {
      values->insert(values->end(), summary.begin(), summary.end());
    }
  }

  std::vector<std::string> WarmupColumns() const override {
    return monitor_.WarmupColumns();
  }

  std::vector<Metric> Metrics(SimTime warmup) const override {
    std::vector<Metric> metrics;
    monitor_.AddMetrics(Seconds(warmup), &metrics);
    return metrics;
  }

  int64_t events() const override { return pool_->events(); }

  const BalancerConfig balancer_;
  const std::optional<Trace> trace_;
  PoolMonitor monitor_;
  std::optional<Pool> pool_;
  std::vector<Pool::Counts> last_[2];  // by reader and server
};

}  // namespace

std::unique_ptr<Scene> CreatePoolScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  AIRLOCK_CHECK(scenario.datacentre && scenario.datacentre->balancer);
  return std::make_unique<PoolScene>(scenario.run,
                                     *scenario.datacentre->balancer);
}

}  // namespace airlock
