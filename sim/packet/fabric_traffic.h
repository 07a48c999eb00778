#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/packet/flow_metrics.h"
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
  // Flows that begin together; `end` once all of them have ended.
  struct Round {
    SimTime start;
    int64_t left = 0;
    std::optional<SimTime> end;
  };

  void ScheduleNext();
  void Begin(const NewFlow& flow);
  // `index`: of the flow in flows_.
  void OnFinished(size_t index, const TcpFlow& flow);
  double Slowdown(const TcpFlow& flow) const;
  // Of the flows that began after the warm-up.
  std::vector<FlowOutcome> Outcomes(SimTime warmup) const;
  void AddRounds(SimTime warmup, std::vector<Metric>* metrics) const;
  void AddFairness(size_t first, std::vector<Metric>* metrics) const;

  DatacentreConfig config_;
  const WorkloadKind& kind_;
  bool flows_end_;
  std::string prefix_;
  DatacentreNetwork* network_ = nullptr;
  TcpFlows flows_;
  std::unique_ptr<FlowSource> source_;
  std::vector<Round> rounds_;
  std::vector<size_t> round_of_;  // by flow, of a workload in rounds that end
  CountMeter offered_bytes_;
  CountMeter delivered_bytes_;
  CountMeter started_;
  ValueMeter completion_seconds_;
  // Bytes received of each long-lived flow at the end of each sample.
  std::vector<std::vector<double>> received_;
};

}  // namespace airlock
