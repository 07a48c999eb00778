#include "sim/packet/fabric_traffic.h"

#include <ns3/simulator.h>

#include <limits>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kBitsPerByte = 8;

}  // namespace

std::unique_ptr<TrafficPart> CreateFabricTraffic(
    const DatacentreConfig& config) {
  const WorkloadKind& kind = FindWorkload(config.traffic.kind);
  if (kind.create == nullptr) return nullptr;
  return std::make_unique<FabricTraffic>(config, kind,
                                         config.chain ? "fabric." : "");
}

FabricTraffic::FabricTraffic(const DatacentreConfig& config,
                             const WorkloadKind& kind,
                             const std::string& prefix)
    : config_(config),
      kind_(kind),
      flows_end_(FlowsEnd(kind, config.traffic)),
      prefix_(prefix),
      flows_(
          config.transport.buffer,
          [this](const TcpFlow&, int64_t bytes) {
            delivered_bytes_.Add(static_cast<double>(bytes));
          },
          [this](size_t index, const TcpFlow& flow) {
            OnFinished(index, flow);
          }) {}

void FabricTraffic::Install(DatacentreNetwork& network) {
  network_ = &network;
  flows_.Install(network);
}

void FabricTraffic::Start(const RngTree& rng, Replication replication) {
  RngStream ports = rng.Stream("workload/ports", replication);
  flows_.DrawPorts(&ports);
  source_ = kind_.create(config_.traffic, *network_, rng, replication);
  ScheduleNext();
}

void FabricTraffic::ScheduleNext() {
  const std::optional<NewFlow> flow = source_->Next();
  if (!flow) return;
  ns3::Simulator::Schedule(ToNs3(flow->start - network_->Now()),
                           [this, flow = *flow] { Begin(flow); });
}

void FabricTraffic::Begin(const NewFlow& flow) {
  started_.Add(1);
  if (flow.size) offered_bytes_.Add(static_cast<double>(flow.size->value()));
  if (kind_.in_rounds && flows_end_) {
    rounds_.resize(static_cast<size_t>(flow.round) + 1);
    Round& round = rounds_.back();
    if (round.left == 0 && !round.end) round.start = network_->Now();
    ++round.left;
    round.end.reset();
    round_of_.push_back(rounds_.size() - 1);
  }
  flows_.Open(flow.from, flow.to, flow.size);
  ScheduleNext();
}

void FabricTraffic::OnFinished(size_t index, const TcpFlow& flow) {
  completion_seconds_.Add(Seconds(*flow.end - flow.start));
  if (round_of_.empty()) return;
  Round& round = rounds_[round_of_[index]];
  if (--round.left == 0) round.end = flow.end;
}

void FabricTraffic::Declare(std::vector<Column>* columns) const {
  columns->push_back(KpiColumn(prefix_ + "delivered_rate", "bit/s",
                               "payload that TCP delivered"));
  if (!flows_end_) return;
  Column offered =
      KpiColumn(prefix_ + "offered_rate", "bit/s", "payload of new flows");
  columns->push_back(offered);
  columns->push_back(
      KpiColumn(prefix_ + "flow_rate", "1/s", "flows that begin"));
  columns->push_back(KpiColumn(prefix_ + "fct_mean", "s",
                               "completion time of flows that end, mean"));
  columns->push_back(KpiColumn(prefix_ + "fct_p99", "s",
                               "completion time of flows that end, p99"));
}

void FabricTraffic::Sample(Reader reader, SimTime interval,
                           std::vector<double>* values) {
  const double seconds = Seconds(interval);
  values->push_back(kBitsPerByte * delivered_bytes_.Take(reader) / seconds);
  if (flows_end_) {
    values->push_back(kBitsPerByte * offered_bytes_.Take(reader) / seconds);
    values->push_back(started_.Take(reader) / seconds);
    const ValueMeter::Summary fct = completion_seconds_.Take(reader);
    values->push_back(fct.mean);
    values->push_back(fct.p99);
  } else if (reader == Reader::kSeries) {
    received_.emplace_back();
    for (const TcpFlow& flow : flows_.flows()) {
      received_.back().push_back(static_cast<double>(flow.received));
    }
  }
}

std::vector<std::string> FabricTraffic::WarmupColumns() const {
  if (!IsStationary(kind_, config_)) return {};
  return {prefix_ + "delivered_rate"};
}

double FabricTraffic::Slowdown(const TcpFlow& flow) const {
  const SimTime ideal = network_->IdealFlowTime(flow.from, flow.to, *flow.size,
                                                config_.transport.segment);
  return Seconds(*flow.end - flow.start) / Seconds(ideal);
}

std::vector<FlowOutcome> FabricTraffic::Outcomes(SimTime warmup) const {
  std::vector<FlowOutcome> outcomes;
  for (const TcpFlow& flow : flows_.flows()) {
    if (flow.start < warmup) continue;
    FlowOutcome& outcome = outcomes.emplace_back();
    outcome.size = *flow.size;
    if (!flow.end) continue;
    outcome.seconds = Seconds(*flow.end - flow.start);
    outcome.slowdown = Slowdown(flow);
  }
  return outcomes;
}

void FabricTraffic::AddRounds(SimTime warmup,
                              std::vector<Metric>* metrics) const {
  std::vector<double> seconds;
  double unfinished = 0;
  for (const Round& round : rounds_) {
    if (round.start < warmup) continue;
    if (round.end) {
      seconds.push_back(Seconds(*round.end - round.start));
    } else {
      ++unfinished;
    }
  }
  const std::vector<double> found = Quantiles(seconds, {0.5, 0.95, 0.99});
  const std::string time = "from a round's first SYN to its last byte, ";
  metrics->push_back({"round_time_p50", "s", time + "median", found[0]});
  metrics->push_back(
      {"round_time_p95", "s", time + "95th percentile", found[1]});
  metrics->push_back(
      {"round_time_p99", "s", time + "99th percentile", found[2]});
  metrics->push_back({"rounds_finished", "1", "rounds in these times",
                      static_cast<double>(seconds.size())});
  metrics->push_back({"rounds_unfinished", "1",
                      "rounds that began after the warm-up and did not end",
                      unfinished});
}

void FabricTraffic::AddFairness(size_t first,
                                std::vector<Metric>* metrics) const {
  std::vector<double> rates;
  if (first < received_.size()) {
    const std::vector<double>& end = received_.back();
    for (size_t flow = 0; flow < end.size(); ++flow) {
      // Flows that had not begun at the first sample had received nothing.
      const bool begun = first > 0 && flow < received_[first - 1].size();
      rates.push_back(end[flow] - (begun ? received_[first - 1][flow] : 0));
    }
  }
  metrics->push_back({"jain_fairness", "1",
                      "Jain's index of the flows' goodputs", JainIndex(rates)});
}

void FabricTraffic::AddMetrics(const SeriesRecorder& series, SimTime warmup,
                               std::vector<Metric>* metrics) const {
  const int64_t first = series.FirstAfter(warmup);
  metrics->push_back(
      {"goodput_mean", "bit/s", "payload that TCP delivered, all flows",
       MeanFrom(series.trace().Get(prefix_ + "delivered_rate"), first)});
  metrics->push_back({"flows_failed", "1", "connections that could not open",
                      static_cast<double>(flows_.failed())});
  if (flows_end_) {
    AddCompletionMetrics(Outcomes(warmup), metrics);
    if (kind_.in_rounds) AddRounds(warmup, metrics);
  } else {
    AddFairness(static_cast<size_t>(first), metrics);
  }
}

}  // namespace airlock
