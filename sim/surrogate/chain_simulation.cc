#include "sim/surrogate/chain_simulation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "sim/base/error.h"
#include "sim/surrogate/sampled_scene.h"

namespace airlock {

namespace {

// IPv4 and UDP without Ethernet, plus the point-to-point header: what a frame
// occupies on the packet engine's links beyond its own size.
constexpr int64_t kLinkOverhead = 2 - 14;

class SurrogateScene : public SampledScene {
 public:
  SurrogateScene(const RunConfig& run, const DatacentreConfig& datacentre)
      : SampledScene(run),
        chain_(*datacentre.chain),
        links_(ChainLinks(datacentre.topology, chain_)),
        trace_(ReadChainTrace(chain_)),
        monitor_(chain_) {}

  void Apply(const Action& action) override {
    if (action.settings.empty()) return;
    throw InputError("this scenario has no setting '" +
                     action.settings.begin()->first +
                     "': the surrogate engine has none");
  }

 private:
  std::vector<Column> Begin(const RngTree& tree,
                            Replication replication) override {
    course_.emplace(chain_.workload, trace_ ? &*trace_ : nullptr, tree,
                    replication);
    recursion_.emplace(chain_, links_, &*course_, tree, replication, &monitor_);
    std::vector<Column> columns;
    monitor_.Declare(&columns);
    return columns;
  }

  void Simulate(SimTime until) override {
    recursion_->AdvanceTo(until.value());
  }

  std::vector<double> Sample(size_t reader, SimTime now) override {
    std::vector<double> values;
    monitor_.Sample(reader, now.value(), recursion_->Totals(), &*course_,
                    &values);
    return values;
  }

  std::vector<std::string> WarmupColumns() const override {
    return monitor_.WarmupColumns();
  }

  std::vector<Metric> Metrics(SimTime warmup) const override {
    std::vector<Metric> metrics;
    monitor_.AddMetrics(warmup.value(), &metrics);
    return metrics;
  }

  int64_t events() const override { return recursion_->steps(); }

  const ChainConfig chain_;
  const std::vector<LinkHop> links_;
  const std::optional<Trace> trace_;
  ChainMonitor monitor_;
  std::optional<ChainCourse> course_;
  std::optional<ChainRecursion> recursion_;
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
