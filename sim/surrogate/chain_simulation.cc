#include "sim/surrogate/chain_simulation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "sim/base/error.h"
#include "sim/stats/batch_means.h"

namespace airlock {

namespace {

// IPv4 and UDP without Ethernet, plus the point-to-point header: what a frame
// occupies on the packet engine's links beyond its own size.
constexpr int64_t kLinkOverhead = 2 - 14;

constexpr size_t kSeries = 0;
constexpr size_t kController = 1;

class SurrogateScene : public Scene {
 public:
  SurrogateScene(const RunConfig& run, const DatacentreConfig& datacentre)
      : run_(run),
        chain_(*datacentre.chain),
        links_(ChainLinks(datacentre.topology, chain_)),
        trace_(ReadChainTrace(chain_)),
        monitor_(chain_) {
    monitor_.Declare(&columns_);
    series_.source = "simulation/surrogate";
    series_.columns = columns_;
  }

  void Settle() override {}

  void Start(Replication replication) override {
    started_ = std::chrono::steady_clock::now();
    replication_ = replication;
    const RngTree tree(static_cast<uint64_t>(run_.seed));
    course_.emplace(chain_.workload, trace_ ? &*trace_ : nullptr, tree,
                    replication);
    recursion_.emplace(chain_, links_, &*course_, tree, replication, &monitor_);
  }

  SimTime Now() const override { return now_; }

  void AdvanceTo(SimTime time) override {
    AIRLOCK_CHECK(time >= now_);
    while (sampled_ + run_.sample_interval <= time) {
      sampled_ = sampled_ + run_.sample_interval;
      recursion_->AdvanceTo(sampled_.value());
      const std::vector<double> values = Sample(kSeries, sampled_);
      series_.time_seconds.push_back(Seconds(sampled_));
      for (size_t i = 0; i < values.size(); ++i) {
        series_.columns[i].values.push_back(values[i]);
      }
    }
    recursion_->AdvanceTo(time.value());
    now_ = time;
  }

  Observation Observe() override {
    Observation observation;
    observation.time = now_;
    std::vector<double> values(columns_.size(),
                               std::numeric_limits<double>::quiet_NaN());
    if (now_ > observed_) values = Sample(kController, now_);
    observed_ = now_;
    for (size_t i = 0; i < columns_.size(); ++i) {
      observation.values[columns_[i].name] = values[i];
    }
    return observation;
  }

  void Apply(const Action& action) override {
    if (action.settings.empty()) return;
    throw InputError("this scenario has no setting '" +
                     action.settings.begin()->first +
                     "': the surrogate engine has none");
  }

  ReplicationRecord Finish() override {
    ReplicationRecord record;
    record.replication = replication_;
    const int64_t drop = WarmupSamples();
    const SimTime warmup = run_.sample_interval * drop;
    record.warmup_seconds = Seconds(warmup);
    record.simulated_seconds = Seconds(now_);
    record.events = recursion_->steps();
    record.wall_seconds = std::chrono::duration<double>(
                              std::chrono::steady_clock::now() - started_)
                              .count();
    monitor_.AddMetrics(warmup.value(), &record.metrics);
    record.series = std::move(series_);
    return record;
  }

 private:
  std::vector<double> Sample(size_t reader, SimTime now) {
    std::vector<double> values;
    monitor_.Sample(reader, now.value(), recursion_->Totals(), &*course_,
                    &values);
    return values;
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
  const ChainConfig chain_;
  const std::vector<LinkHop> links_;
  const std::optional<Trace> trace_;
  ChainMonitor monitor_;
  std::vector<Column> columns_;  // without values
  Trace series_;
  Replication replication_;
  std::optional<ChainCourse> course_;
  std::optional<ChainRecursion> recursion_;
  SimTime now_;
  SimTime sampled_;   // end of the last sample
  SimTime observed_;  // the last Observe()
  std::chrono::steady_clock::time_point started_;
};

}  // namespace

std::vector<LinkHop> ChainLinks(const TopologyConfig& topology,
                                const ChainConfig& chain) {
  const QueueConfig& queue = topology.queue;
  // The chain's packets cannot carry a mark. `step-ecn` drops all of them at
  // the threshold; `red-ecn` begins to drop there, which counts as all here.
  const int64_t limit = MarksEcn(queue)
                            ? std::min(queue.limit, queue.ecn_threshold)
                            : queue.limit;
  const auto hop = [limit](const LinkConfig& link) {
    return LinkHop{link.rate, link.delay, limit, kLinkOverhead};
  };
  std::vector<LinkHop> links = {hop(topology.host_link)};
  if (topology.kind == "back-to-back") return links;
  const int64_t hosts = topology.hosts_per_leaf;
  if (chain.source_host / hosts != chain.server_host / hosts) {
    links.push_back(hop(topology.fabric_link));
    links.push_back(hop(topology.fabric_link));
  }
  links.push_back(hop(topology.host_link));
  return links;
}

std::unique_ptr<Scene> CreateChainScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  if (!scenario.datacentre || !scenario.datacentre->chain) {
    throw InputError(resolved.path() +
                     ": the surrogate engine runs service chains only; this "
                     "scenario has none (use run.engine: packet)");
  }
  return std::make_unique<SurrogateScene>(scenario.run, *scenario.datacentre);
}

}  // namespace airlock
