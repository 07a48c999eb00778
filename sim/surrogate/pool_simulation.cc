#include "sim/surrogate/pool_simulation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/collector/features.h"
#include "sim/stats/batch_means.h"
#include "sim/surrogate/pool_model.h"
#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

constexpr size_t kSeries = 0;
constexpr size_t kController = 1;

constexpr ServerCounter kCounters[] = {
    ServerCounter::kFlowsOn, ServerCounter::kFlows, ServerCounter::kCompleted};
constexpr ServerFeature kFeatures[] = {ServerFeature::kCompletionTime,
                                       ServerFeature::kFlowDuration};

class PoolScene : public Scene {
 public:
  PoolScene(const RunConfig& run, const BalancerConfig& balancer)
      : run_(run),
        balancer_(balancer),
        trace_(ReadPoolTrace(balancer.load)),
        monitor_(balancer) {
    monitor_.Declare(&columns_);
    for (const PoolServer& server : balancer.servers) {
      for (const ServerCounter counter : kCounters) {
        columns_.push_back(ServerCounterColumn(server.name, counter));
      }
      for (const ServerFeature feature : kFeatures) {
        const auto more = ServerFeatureColumns(server.name, feature);
        columns_.insert(columns_.end(), more.begin(), more.end());
      }
    }
    series_.source = "simulation/surrogate";
    series_.columns = columns_;
    for (auto& counts : last_) counts.resize(balancer.servers.size());
  }

  void Settle() override {}

  void Start(Replication replication) override {
    started_ = std::chrono::steady_clock::now();
    replication_ = replication;
    pool_.emplace(balancer_, trace_ ? &*trace_ : nullptr,
                  RngTree(static_cast<uint64_t>(run_.seed)), replication,
                  &monitor_);
  }

  SimTime Now() const override { return now_; }

  void AdvanceTo(SimTime time) override {
    AIRLOCK_CHECK(time >= now_);
    while (sampled_ + run_.sample_interval <= time) {
      sampled_ = sampled_ + run_.sample_interval;
      pool_->AdvanceTo(Seconds(sampled_));
      const std::vector<double> values = Sample(kSeries);
      series_.time_seconds.push_back(Seconds(sampled_));
      for (size_t i = 0; i < values.size(); ++i) {
        series_.columns[i].values.push_back(values[i]);
      }
    }
    pool_->AdvanceTo(Seconds(time));
    now_ = time;
  }

  Observation Observe() override {
    Observation observation;
    observation.time = now_;
    std::vector<double> values(columns_.size(),
                               std::numeric_limits<double>::quiet_NaN());
    if (now_ > observed_) values = Sample(kController);
    observed_ = now_;
    for (size_t i = 0; i < columns_.size(); ++i) {
      observation.values[columns_[i].name] = values[i];
    }
    return observation;
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

  ReplicationRecord Finish() override {
    ReplicationRecord record;
    record.replication = replication_;
    const SimTime warmup = run_.sample_interval * WarmupSamples();
    record.warmup_seconds = Seconds(warmup);
    record.simulated_seconds = Seconds(now_);
    record.events = pool_->events();
    record.wall_seconds = std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - started_)
                              .count();
    monitor_.AddMetrics(Seconds(warmup), &record.metrics);
    record.series = std::move(series_);
    return record;
  }

 private:
  std::vector<double> Sample(size_t reader) {
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

  // The longest warm-up by MSER-5 of the monitor's columns.
  int64_t WarmupSamples() const {
    constexpr int64_t kFewest = 20;  // four batches of five
    int64_t drop = 0;
    if (series_.samples() < kFewest) return drop;
    for (const std::string& name : monitor_.WarmupColumns()) {
      std::vector<double> values = series_.Get(name).values;
      for (double& value : values) {
        if (std::isnan(value)) value = 0;
      }
      drop = std::max(drop, Mser5(values).drop);
    }
    return drop;
  }

  const RunConfig run_;
  const BalancerConfig balancer_;
  const std::optional<Trace> trace_;
  PoolMonitor monitor_;
  std::vector<Column> columns_;  // without values
  Trace series_;
  Replication replication_;
  std::optional<Pool> pool_;
  std::vector<Pool::Counts> last_[2];  // by reader and server
  SimTime now_;
  SimTime sampled_;   // end of the last sample
  SimTime observed_;  // the last Observe()
  std::chrono::steady_clock::time_point started_;
};

}  // namespace

std::unique_ptr<Scene> CreatePoolScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  AIRLOCK_CHECK(scenario.datacentre && scenario.datacentre->balancer);
  return std::make_unique<PoolScene>(scenario.run,
                                     *scenario.datacentre->balancer);
}

}  // namespace airlock
