#pragma once

#include <ns3/ipv4-address.h>
#include <ns3/node.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/engine/simulation.h"
#include "sim/packet/meters.h"
#include "sim/packet/series.h"
#include "sim/results/run_record.h"
#include "sim/scenario/scenario.h"

// The seam between the datacentre's network and the traffic on it. Private to
// sim/packet.
namespace airlock {

// Hosts, switches and links in ns-3, addressed and routed. What a traffic part
// may use of them.
class DatacentreNetwork {
 public:
  virtual ~DatacentreNetwork() = default;

  virtual int64_t hosts() const = 0;
  // `index` in [0, hosts()). The host has UDP and TCP.
  virtual ns3::Ptr<ns3::Node> host(int64_t index) const = 0;
  virtual ns3::Ipv4Address address(int64_t index) const = 0;
  virtual Bandwidth link_rate(int64_t index) const = 0;
  virtual int64_t leaf(int64_t index) const = 0;  // the host's switch
  // The time on an idle network from the first to the last bit of `payload`
  // bytes in TCP segments of at most `segment` bytes, handshake included.
  virtual SimTime IdealFlowTime(int64_t from, int64_t to, DataSize payload,
                                DataSize segment) const = 0;
  // Time since Start(), as all parts report it.
  virtual SimTime Now() const = 0;
};

// A source of traffic with its counters: the TCP workload, the service chain.
// Owned by the scene; the network outlives it. Calls come in the order below.
class TrafficPart {
 public:
  virtual ~TrafficPart() = default;

  // While settling: applications and sockets. Nothing may be sent and no random
  // number drawn yet.
  virtual void Install(DatacentreNetwork& network) = 0;
  // In the replication's process: takes random streams from `rng` by name and
  // schedules the traffic.
  virtual void Start(const RngTree& rng, Replication replication) = 0;
  // Appends this part's columns, without values. The same for every
  // replication of the scenario.
  virtual void Declare(std::vector<Column>* columns) const = 0;
  // Appends a value for each declared column, in the same order: over the time
  // `interval` (> 0) since this reader's last call.
  virtual void Sample(Reader reader, SimTime interval,
                      std::vector<double>* values) = 0;
  // Names of the settings that actions may change.
  virtual std::vector<std::string> Settings() const { return {}; }
  // Takes the settings that are this part's out of `action` and returns what
  // makes them so; empty if there were none. Throws InputError for a value that
  // cannot be. Nothing changes before the returned function is called.
  virtual std::function<void()> Prepare(Action* /*action*/) { return {}; }
  // Columns whose transient is the warm-up (MSER-5). Empty where the load is
  // not meant to be stationary.
  virtual std::vector<std::string> WarmupColumns() const = 0;
  // Appends this part's metrics over the time from `warmup` to now. `series`
  // is complete; its sample `first` is the first after the warm-up. The same
  // names in every replication; NaN where undefined.
  virtual void AddMetrics(const SeriesRecorder& series, SimTime warmup,
                          std::vector<Metric>* metrics) const = 0;
};

// The TCP workload `config.traffic`; nullptr for "none" (workload.cc).
std::unique_ptr<TrafficPart> CreateFabricTraffic(
    const DatacentreConfig& config);
// The servers behind a load balancer (pool_traffic.cc).
std::unique_ptr<TrafficPart> CreatePoolTraffic(const DatacentreConfig& config);
// The service chain between two hosts (chain.cc).
std::unique_ptr<TrafficPart> CreateChainTraffic(const ChainConfig& config);

}  // namespace airlock
