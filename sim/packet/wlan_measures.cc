#include "sim/packet/wlan_measures.h"

#include <utility>

#include "sim/packet/meters.h"
#include "sim/packet/series.h"
#include "sim/stats/quantile.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// Counts over an interval, for any set of flows.
struct Traffic {
  FlowCounts counts;
  double offered_bits = 0;
  double delivered_bits = 0;
  std::vector<double> latencies;  // seconds; may be left empty

  void Add(const FlowCounts& from, const FlowCounts& to, DataSize packet) {
    const double bits = 8.0 * static_cast<double>(packet.value());
    counts.offered += to.offered - from.offered;
    counts.delivered += to.delivered - from.delivered;
    counts.lost += to.lost - from.lost;
    counts.latency_seconds += to.latency_seconds - from.latency_seconds;
    offered_bits += bits * static_cast<double>(to.offered - from.offered);
    delivered_bits += bits * static_cast<double>(to.delivered - from.delivered);
  }
  double loss_ratio() const {
    const double lost = static_cast<double>(counts.lost);
    return Share(lost, lost + static_cast<double>(counts.delivered));
  }
  double mean_latency() const {
    return Share(counts.latency_seconds, static_cast<double>(counts.delivered));
  }
};

// The values at the given shares; missing where there are no values.
std::vector<double> QuantilesOrMissing(const std::vector<double>& values,
                                       const std::vector<double>& shares) {
  if (values.empty()) return std::vector<double>(shares.size(), kMissing);
  return Quantiles(values, shares);
}

}  // namespace

// What the flows of a cell came to over an interval.
struct WlanMeasures::CellTraffic {
  Traffic all;
  Traffic downlink;
  std::vector<double> station_bits;  // delivered, both directions
};

WlanMeasures::WlanMeasures(WlanNetwork* network, const WlanFlows& flows,
                           const ChannelSwitching& switching,
                           const WlanInterferers& interferers,
                           const WlanSensing& sensing, SimTime beacon_interval)
    : network_(*network),
      flows_(flows),
      switching_(switching),
      sensing_(sensing) {
  DeclareKpis();
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    counters_.push_back(std::make_unique<BssCounters>(
        cell, network, interferers, beacon_interval));
    DeclareCell(cell);
  }
}

void WlanMeasures::DeclareKpis() {
  auto kpi = [this](const char* name, const char* unit, const char* text) {
    columns_.push_back(KpiColumn(name, unit, text));
  };
  kpi("offered_rate", "bit/s", "payload that applications hand over");
  kpi("delivered_rate", "bit/s", "payload that applications receive");
  kpi("offered_packet_rate", "packet/s", "packets handed over");
  kpi("delivered_packet_rate", "packet/s", "packets received");
  kpi("lost_packet_rate", "packet/s", "packets found lost");
  kpi("loss_ratio", "1", "lost of lost and delivered packets");
  kpi("latency_mean", "s", "application to application");
  kpi("latency_p50", "s", "application to application, median");
  kpi("latency_p95", "s", "application to application, 95th percentile");
  kpi("latency_p99", "s", "application to application, 99th percentile");
  kpi("overloaded_access_points", "1",
      "access points whose load exceeds their width");
}

void WlanMeasures::DeclareCell(size_t cell) {
  const WlanCell& bss = network_.cells()[cell];
  for (Column& column : counters_[cell]->AccessPointColumns()) {
    columns_.push_back(std::move(column));
  }
  auto add = [&](const char* metric, const char* unit, const char* text) {
    columns_.push_back(CounterColumn(Scope::kAccessPoint, bss.config.name,
                                     metric, unit, text));
  };
  add("offered_rate", "bit/s", "payload handed over in this BSS");
  add("delivered_rate", "bit/s", "payload received in this BSS");
  add("loss_ratio", "1", "lost of lost and delivered packets of this BSS");
  add("latency_mean", "s", "of this BSS");
  add("latency_p95", "s", "of this BSS, 95th percentile");
  for (const SwitchColumn& column : SwitchColumns()) {
    if (column.is_count) event_counts_.push_back(columns_.size());
    add(column.name, column.unit, column.description);
  }
  for (const int64_t channel : bss.config.sensed_channels) {
    add(SensedMetricName(channel).c_str(), "1",
        "share of time in which its wideband receiver finds that 20 MHz "
        "channel occupied");
  }
  for (size_t s = 0; s < bss.stations.size(); ++s) {
    station_rates_.push_back(columns_.size());
    columns_.push_back(CounterColumn(Scope::kStation, bss.stations[s].name,
                                     "delivered_rate", "bit/s",
                                     "payload received from and by it"));
    for (Column& column : counters_[cell]->StationColumns(s)) {
      columns_.push_back(std::move(column));
    }
  }
}

WlanSnapshot WlanMeasures::Take(SimTime now) const {
  WlanSnapshot snapshot;
  snapshot.time = now;
  for (size_t flow = 0; flow < flows_.size(); ++flow) {
    snapshot.flows.push_back(flows_.Counts(flow));
  }
  for (const auto& counters : counters_) {
    snapshot.bss.push_back(counters->Totals());
  }
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    snapshot.switches.push_back(switching_.Counts(cell));
  }
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    snapshot.latencies.push_back(flows_.latencies(cell).size());
    snapshot.sensed.push_back(sensing_.counts(cell));
  }
  return snapshot;
}

std::vector<WlanMeasures::CellTraffic> WlanMeasures::TrafficOf(
    const WlanSnapshot& from, const WlanSnapshot& to) const {
  std::vector<CellTraffic> cells(network_.cells().size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].station_bits.resize(network_.cells()[i].stations.size());
    const auto begin = flows_.latencies(i).begin();
    cells[i].all.latencies.assign(
        begin + static_cast<std::ptrdiff_t>(from.latencies[i]),
        begin + static_cast<std::ptrdiff_t>(to.latencies[i]));
  }
  for (size_t i = 0; i < flows_.size(); ++i) {
    CellTraffic& cell = cells[flows_.place(i).cell];
    Traffic flow;
    flow.Add(from.flows[i], to.flows[i], flows_.packet_size(i));
    cell.station_bits[flows_.place(i).station] += flow.delivered_bits;
    const DataSize packet = flows_.packet_size(i);
    cell.all.Add(from.flows[i], to.flows[i], packet);
    if (flows_.place(i).downlink) {
      cell.downlink.Add(from.flows[i], to.flows[i], packet);
    }
  }
  return cells;
}

std::vector<double> WlanMeasures::Values(const WlanSnapshot& from,
                                         const WlanSnapshot& to) const {
  const std::vector<CellTraffic> cells = TrafficOf(from, to);
  Traffic total;
  for (size_t i = 0; i < flows_.size(); ++i) {
    total.Add(from.flows[i], to.flows[i], flows_.packet_size(i));
  }
  for (const CellTraffic& cell : cells) {
    total.latencies.insert(total.latencies.end(), cell.all.latencies.begin(),
                           cell.all.latencies.end());
  }
  const double seconds = Seconds(to.time - from.time);
  std::vector<double> values = {
      total.offered_bits / seconds,
      total.delivered_bits / seconds,
      static_cast<double>(total.counts.offered) / seconds,
      static_cast<double>(total.counts.delivered) / seconds,
      static_cast<double>(total.counts.lost) / seconds,
      total.loss_ratio(),
      total.mean_latency()};
  for (double q : QuantilesOrMissing(total.latencies, {0.5, 0.95, 0.99})) {
    values.push_back(q);
  }
  const size_t overloaded_at = values.size();
  values.push_back(0);
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t cell_at = values.size();
    AppendCell(i, from, to, cells[i], &values);
    const double load = values[cell_at + BssCounters::kLoadColumn];
    const double width = values[cell_at + BssCounters::kWidthColumn];
    // Missing: nothing of what it was offered got through.
    const bool starved = std::isnan(load) && cells[i].downlink.offered_bits > 0;
    if (starved || load > width / 20e6) ++values[overloaded_at];
  }
  return values;
}

void WlanMeasures::AppendCell(size_t cell, const WlanSnapshot& from,
                              const WlanSnapshot& to,
                              const CellTraffic& traffic,
                              std::vector<double>* values) const {
  const double seconds = Seconds(to.time - from.time);
  // Of which nothing arrives, nobody knows what it would take.
  const Traffic& down = traffic.downlink;
  const double need =
      down.offered_bits > 0 ? Share(down.offered_bits, down.delivered_bits) : 1;
  const BssCounters& counters = *counters_[cell];
  for (double value : counters.AccessPointValues(from.bss[cell], to.bss[cell],
                                                 seconds, need)) {
    values->push_back(value);
  }
  const Traffic& all = traffic.all;
  values->insert(values->end(),
                 {all.offered_bits / seconds, all.delivered_bits / seconds,
                  all.loss_ratio(), all.mean_latency(),
                  QuantilesOrMissing(all.latencies, {0.95}).front()});
  for (double value :
       SwitchValues(to.switches[cell] - from.switches[cell], seconds)) {
    values->push_back(value);
  }
  const WlanSensing::Counts& heard = to.sensed[cell];
  for (size_t c = 0; c < heard.occupied.size(); ++c) {
    values->push_back(Share(
        static_cast<double>(heard.occupied[c] - from.sensed[cell].occupied[c]),
        static_cast<double>(heard.reports - from.sensed[cell].reports)));
  }
  for (size_t s = 0; s < traffic.station_bits.size(); ++s) {
    values->push_back(traffic.station_bits[s] / seconds);
    for (double value :
         counters.StationValues(s, from.bss[cell], to.bss[cell], seconds)) {
      values->push_back(value);
    }
  }
}

std::vector<Metric> WlanMeasures::Metrics(const WlanSnapshot& begin,
                                          const WlanSnapshot& from,
                                          const WlanSnapshot& to) const {
  std::vector<double> values =
      from.time < to.time ? Values(from, to)
                          : std::vector<double>(columns_.size(), kMissing);
  if (begin.time < to.time) {
    const std::vector<double> whole_run = Values(begin, to);
    for (const size_t i : event_counts_) values[i] = whole_run[i];
  }
  std::vector<Metric> metrics;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    metrics.push_back(
        {column.name, column.unit, column.description, values[i]});
  }
  std::vector<double> stations;
  for (const size_t i : station_rates_) stations.push_back(values[i]);
  metrics.push_back({"station_fairness", "1",
                     "Jain's index of the stations' delivered rates",
                     JainIndex(stations)});
  return metrics;
}

}  // namespace airlock
