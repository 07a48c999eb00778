#pragma once

#include <vector>

#include "sim/workload/flow_sizes.h"
#include "sim/packet/tcp_flows.h"
#include "sim/packet/workload.h"

namespace airlock {

// The TCP workload of a scenario: opens the flows and measures goodput, flow
// completion times and fairness.
class FabricTraffic : public TrafficPart {
 public:
  // Series are named with `prefix` in front ("fabric." beside a chain, whose
  // own KPIs have the plain names). `kind` is not "none".
  FabricTraffic(const DatacentreConfig& config, const WorkloadKind& kind,
                const std::string& prefix);

  void Install(DatacentreNetwork& network) override;
  void Start(const RngTree& rng, Replication replication) override;
  void Declare(std::vector<Column>* columns) const override;
  void Sample(Reader reader, SimTime interval,
              std::vector<double>* values) override;
  std::vector<std::string> WarmupColumns() const override;
  void AddMetrics(const SeriesRecorder& series, SimTime warmup,
                  std::vector<Metric>* metrics) const override;

 private:
  // The arrivals at one host.
  struct Source {
    RngStream stream;
    double mean_gap_seconds;
  };

  void StartArrivals(const RngTree& rng, Replication replication);
  void ScheduleArrival(int64_t host);
  void Arrive(int64_t host);
  void OnFinished(const TcpFlow& flow);
  double Slowdown(const TcpFlow& flow) const;
  void AddCompletionMetrics(SimTime warmup, std::vector<Metric>* metrics) const;
  void AddFairness(size_t first, std::vector<Metric>* metrics) const;

  DatacentreConfig config_;
  const WorkloadKind& kind_;
  std::string prefix_;
  const FlowSizes* sizes_ = nullptr;
  DatacentreNetwork* network_ = nullptr;
  TcpFlows flows_;
  std::vector<Source> sources_;  // by host
  CountMeter offered_bytes_;
  CountMeter delivered_bytes_;
  CountMeter started_;
  ValueMeter completion_seconds_;
  // Bytes received of each long-lived flow at the end of each sample.
  std::vector<std::vector<double>> received_;
};

}  // namespace airlock
