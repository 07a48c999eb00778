#include "sim/packet/fabric_traffic.h"

#include <ns3/simulator.h>

#include <limits>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kBitsPerByte = 8;

double Mean(const std::vector<double>& values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

std::unique_ptr<TrafficPart> CreateFabricTraffic(
    const DatacentreConfig& config) {
  const WorkloadKind& kind = FindWorkload(config.traffic.kind);
  if (kind.long_flows == nullptr && !kind.arrivals) return nullptr;
  return std::make_unique<FabricTraffic>(config, kind,
                                         config.chain ? "fabric." : "");
}

FabricTraffic::FabricTraffic(const DatacentreConfig& config,
                             const WorkloadKind& kind,
                             const std::string& prefix)
    : config_(config),
      kind_(kind),
      prefix_(prefix),
      flows_(
          config.transport.buffer,
          [this](const TcpFlow&, int64_t bytes) {
            delivered_bytes_.Add(static_cast<double>(bytes));
          },
          [this](const TcpFlow& flow) { OnFinished(flow); }) {
  if (kind_.arrivals) sizes_ = &FindFlowSizes(config.traffic.sizes);
}

void FabricTraffic::Install(DatacentreNetwork& network) {
  network_ = &network;
  flows_.Install(network);
}

void FabricTraffic::Start(const RngTree& rng, Replication replication) {
  RngStream ports = rng.Stream("workload/ports", replication);
  flows_.DrawPorts(&ports);
  if (kind_.arrivals) StartArrivals(rng, replication);
  if (kind_.long_flows == nullptr) return;
  const std::vector<LongFlow> flows =
      kind_.long_flows(config_.traffic, *network_, rng, replication);
  for (const LongFlow& flow : flows) {
    ns3::Simulator::Schedule(ToNs3(flow.start), [this, flow] {
      started_.Add(1);
      flows_.Open(flow.from, flow.to, std::nullopt);
    });
  }
}

void FabricTraffic::StartArrivals(const RngTree& rng, Replication replication) {
  for (int64_t host = 0; host < network_->hosts(); ++host) {
    const double bits_per_second =
        config_.traffic.load.value() *
        static_cast<double>(network_->link_rate(host).value());
    sources_.push_back(
        {rng.Stream(fmt::format("workload/poisson/{}", host), replication),
         kBitsPerByte * sizes_->MeanBytes() / bits_per_second});
    ScheduleArrival(host);
  }
}

void FabricTraffic::ScheduleArrival(int64_t host) {
  Source& source = sources_[static_cast<size_t>(host)];
  const SimTime gap =
      FromSeconds(source.stream.Exponential(source.mean_gap_seconds));
  ns3::Simulator::Schedule(ToNs3(gap), [this, host] { Arrive(host); });
}

void FabricTraffic::Arrive(int64_t host) {
  Source& source = sources_[static_cast<size_t>(host)];
  const DataSize size = sizes_->Draw(&source.stream);
  // Any other host, each equally likely.
  int64_t to = static_cast<int64_t>(
      source.stream.UniformInt(static_cast<uint64_t>(network_->hosts() - 1)));
  if (to >= host) ++to;
  started_.Add(1);
  offered_bytes_.Add(static_cast<double>(size.value()));
  flows_.Open(host, to, size);
  ScheduleArrival(host);
}

void FabricTraffic::OnFinished(const TcpFlow& flow) {
  completion_seconds_.Add(Seconds(*flow.end - flow.start));
}

void FabricTraffic::Declare(std::vector<Column>* columns) const {
  columns->push_back(KpiColumn(prefix_ + "delivered_rate", "bit/s",
                               "payload that TCP delivered"));
  if (!kind_.arrivals) return;
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
  if (kind_.arrivals) {
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
  return {prefix_ + "delivered_rate"};
}

double FabricTraffic::Slowdown(const TcpFlow& flow) const {
  const SimTime ideal = network_->IdealFlowTime(flow.from, flow.to, *flow.size,
                                                config_.transport.segment);
  return Seconds(*flow.end - flow.start) / Seconds(ideal);
}

void FabricTraffic::AddCompletionMetrics(SimTime warmup,
                                         std::vector<Metric>* metrics) const {
  std::vector<double> seconds;
  std::vector<double> slowdowns;
  double unfinished = 0;
  for (const TcpFlow& flow : flows_.flows()) {
    if (flow.start < warmup) continue;
    if (!flow.end) {
      ++unfinished;
      continue;
    }
    seconds.push_back(Seconds(*flow.end - flow.start));
    slowdowns.push_back(Slowdown(flow));
  }
  const std::vector<double> fct = Quantiles(seconds, {0.5, 0.95, 0.99});
  const std::vector<double> slow = Quantiles(slowdowns, {0.5, 0.95, 0.99});
  const std::string time = "flow completion time, SYN to last byte, ";
  const std::string ratio = "completion time over that on an idle network, ";
  metrics->push_back({"fct_mean", "s", time + "mean", Mean(seconds)});
  metrics->push_back({"fct_p50", "s", time + "median", fct[0]});
  metrics->push_back({"fct_p95", "s", time + "95th percentile", fct[1]});
  metrics->push_back({"fct_p99", "s", time + "99th percentile", fct[2]});
  metrics->push_back({"slowdown_mean", "1", ratio + "mean", Mean(slowdowns)});
  metrics->push_back({"slowdown_p50", "1", ratio + "median", slow[0]});
  metrics->push_back({"slowdown_p95", "1", ratio + "95th percentile", slow[1]});
  metrics->push_back({"slowdown_p99", "1", ratio + "99th percentile", slow[2]});
  metrics->push_back({"flows_finished", "1", "flows in the completion times",
                      static_cast<double>(seconds.size())});
  metrics->push_back({"flows_unfinished", "1",
                      "flows that began after the warm-up and did not end, "
                      "which the completion times leave out",
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
  if (kind_.arrivals) {
    AddCompletionMetrics(warmup, metrics);
  } else {
    AddFairness(static_cast<size_t>(first), metrics);
  }
}

}  // namespace airlock
