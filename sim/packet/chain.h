#pragma once

#include <ns3/socket.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/packet/datacentre.h"
#include "sim/surrogate/chain_model.h"
#include "sim/surrogate/chain_monitor.h"
#include "sim/surrogate/chain_workload.h"

// The service chain at packet level. Private to sim/packet.
namespace airlock {

// A function of the chain as events: chain_model.h has its rules. ns-3 runs
// events of one instant in the order in which they were scheduled, and every
// arrival was scheduled before its instant, so a decision that is scheduled at
// an instant, for that instant, comes after the arrivals.
class ChainStation {
 public:
  // `now`: time since the start; `hand_on` takes a packet that is served.
  // Pointers outlive this.
  ChainStation(const ChainFunction& function,
               const std::vector<ContentionStep>* course, const RngTree& rng,
               Replication replication, std::function<SimTime()> now,
               std::function<void(const ChainPacket&)> hand_on,
               ChainMonitor* monitor);

  // A packet arrives now.
  void Arrive(const ChainPacket& packet);
  StationTotals Totals();

 private:
  void Decide();
  void Complete();

  const size_t ring_;
  const size_t batch_;
  StationDraws draws_;
  const std::function<SimTime()> now_;
  const std::function<void(const ChainPacket&)> hand_on_;
  ChainMonitor* const monitor_;
  StationCounters counters_;
  std::deque<ChainPacket> waiting_;
  std::vector<ChainPacket> in_service_;
  bool asleep_ = true;
};

// The chain's source on one host, over UDP through the network, and its
// functions and sink on the server.
class ChainTraffic : public TrafficPart {
 public:
  explicit ChainTraffic(const ChainConfig& config);

  void Install(DatacentreNetwork& network) override;
  void Start(const RngTree& rng, Replication replication) override;
  void Declare(std::vector<Column>* columns) const override;
  void Sample(Reader reader, SimTime interval,
              std::vector<double>* values) override;
  std::vector<std::string> WarmupColumns() const override;
  void AddMetrics(const SeriesRecorder& series, SimTime warmup,
                  std::vector<Metric>* metrics) const override;

 private:
  void ScheduleNext();
  void Send();
  void OnReceive(ns3::Ptr<ns3::Socket> socket);
  // At function `station`, or at the sink behind the last.
  void Enter(size_t station, ChainPacket packet);

  const ChainConfig config_;
  const std::optional<Trace> trace_;
  ChainMonitor monitor_;
  DatacentreNetwork* network_ = nullptr;
  ns3::Ptr<ns3::Socket> sender_;
  ns3::Ptr<ns3::Socket> receiver_;
  std::optional<ChainCourse> course_;
  std::optional<PacketSource> source_;
  std::vector<std::unique_ptr<ChainStation>> stations_;
  int64_t next_sequence_ = 0;
  int64_t expected_sequence_ = 0;
};

}  // namespace airlock
