#include "sim/surrogate/chain_monitor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double PerSecond(int64_t count, double seconds) {
  return static_cast<double>(count) / seconds;
}

double Share(int64_t part, int64_t rest) {
  return part + rest > 0
             ? static_cast<double>(part) / static_cast<double>(part + rest)
             : kNaN;
}

}  // namespace

std::vector<double> QuantilesInPlace(std::vector<float>* values,
                                     const std::vector<double>& p) {
  std::vector<double> result;
  auto sorted_to = values->begin();  // all before are the smallest
  for (const double probability : p) {
    if (values->empty()) {
      result.push_back(kNaN);
      continue;
    }
    const double position =
        probability * static_cast<double>(values->size() - 1);
    const auto at = values->begin() + static_cast<int64_t>(position);
    if (at >= sorted_to) std::nth_element(sorted_to, at, values->end());
    const double low = *at;
    const double fraction = position - std::floor(position);
    double high = low;
    if (fraction > 0) high = *std::min_element(at + 1, values->end());
    result.push_back(low + fraction * (high - low));
    sorted_to = at;
  }
  return result;
}

ChainMonitor::ChainMonitor(const ChainConfig& chain)
    : stationary_(chain.workload.load.kind == "constant") {
  for (const auto& function : chain.functions) {
    functions_.push_back(function.name);
  }
  now_.totals.resize(functions_.size());
  series_.push_back(now_);
  controller_ = now_;
}

void ChainMonitor::Declare(std::vector<Column>* columns) const {
  const auto add = [columns](const char* name, Role role, const char* unit,
                             const char* description) {
    Column column;
    column.name = name;
    column.role = role;
    column.unit = unit;
    column.description = description;
    columns->push_back(std::move(column));
  };
  const Role input = Role::kInput;
  add("load_target_rate", input, "bit/s", "load that the source aims at");
  add("packet_size", input, "B", "mean Ethernet frame that the source aims at");
  add("contention_cpu", input, "1", "level of processor contention");
  add("contention_cache", input, "1", "level of cache contention");
  add("contention_memory", input, "1", "level of memory contention");
  add("contention_io", input, "1", "level of input/output contention");
  const Role kpi = Role::kKpi;
  add("offered_rate", kpi, "bit/s", "frames sent by the source");
  add("delivered_rate", kpi, "bit/s", "frames that reached the sink");
  add("offered_packet_rate", kpi, "packet/s", "packets sent by the source");
  add("delivered_packet_rate", kpi, "packet/s", "packets at the sink");
  add("lost_packet_rate", kpi, "packet/s", "packets lost on the way");
  add("loss_ratio", kpi, "1", "lost / (lost + delivered)");
  add("latency_mean", kpi, "s", "source to sink, of delivered packets");
  add("latency_p50", kpi, "s", "median of the latency");
  add("latency_p95", kpi, "s", "95th percentile of the latency");
  add("latency_p99", kpi, "s", "99th percentile of the latency");
  for (const auto& name : functions_) {
    const std::pair<const char*, std::pair<const char*, const char*>>
        metrics[] = {
            {"busy", {"1", "share of time from taking packets to handing on"}},
            {"packets", {"packet/s", "packets handed on"}},
            {"ring_drops", {"packet/s", "packets that found the ring full"}},
            {"ring_mean", {"packet", "mean number of packets in the ring"}},
            {"batch_size", {"packet", "mean packets taken at once"}},
        };
    for (const auto& [metric, text] : metrics) {
      Column column;
      column.name = "function." + name + "." + metric;
      column.scope = Scope::kFunction;
      column.scope_id = name;
      column.unit = text.first;
      column.description = text.second;
      columns->push_back(std::move(column));
    }
  }
}

std::vector<std::string> ChainMonitor::WarmupColumns() const {
  if (!stationary_) return {};
  return {"delivered_rate", "latency_mean"};
}

ChainMonitor::Latency ChainMonitor::LatencyBetween(int64_t begin,
                                                   int64_t end) const {
  std::vector<float> values(latency_seconds_.begin() + begin,
                            latency_seconds_.begin() + end);
  double sum = 0;
  for (const float value : values) sum += value;
  const double mean =
      values.empty() ? kNaN : sum / static_cast<double>(values.size());
  const std::vector<double> quantiles =
      QuantilesInPlace(&values, {0.50, 0.95, 0.99});
  return {mean, quantiles[0], quantiles[1], quantiles[2]};
}

void ChainMonitor::Sample(size_t reader, int64_t now_ns,
                          const std::vector<StationTotals>& totals,
                          ChainCourse* course, std::vector<double>* values) {
  AIRLOCK_CHECK(totals.size() == functions_.size());
  now_.at_ns = now_ns;
  now_.delivered = static_cast<int64_t>(latency_seconds_.size());
  now_.totals = totals;
  const Checkpoint last = reader == 0 ? series_.back() : controller_;
  (reader == 0 ? series_.emplace_back() : controller_) = now_;
  AIRLOCK_CHECK(now_ns > last.at_ns);
  const double seconds = static_cast<double>(now_ns - last.at_ns) * 1e-9;

  const LoadStep& load = course->LoadAt(last.at_ns);
  const Contention& level = course->ContentionAt(last.at_ns);
  values->insert(values->end(),
                 {load.bits_per_second, load.mean_bytes, level.cpu, level.cache,
                  level.memory, level.io});

  const int64_t delivered = now_.delivered - last.delivered;
  const int64_t lost = now_.lost - last.lost;
  const Latency latency = LatencyBetween(last.delivered, now_.delivered);
  values->insert(
      values->end(),
      {8 * PerSecond(now_.offered_bytes - last.offered_bytes, seconds),
       8 * PerSecond(now_.delivered_bytes - last.delivered_bytes, seconds),
       PerSecond(now_.offered - last.offered, seconds),
       PerSecond(delivered, seconds), PerSecond(lost, seconds),
       Share(lost, delivered), latency.mean, latency.p50, latency.p95,
       latency.p99});

  for (size_t i = 0; i < functions_.size(); ++i) {
    const StationTotals& now = now_.totals[i];
    const StationTotals& before = last.totals[i];
    const int64_t batches = now.batches - before.batches;
    values->insert(
        values->end(),
        {static_cast<double>(now.busy_ns - before.busy_ns) * 1e-9 / seconds,
         PerSecond(now.served - before.served, seconds),
         PerSecond(now.drops - before.drops, seconds),
         static_cast<double>(now.waiting_ns - before.waiting_ns) * 1e-9 /
             seconds,
         batches > 0
             ? PerSecond(now.taken - before.taken, static_cast<double>(batches))
             : 0});
  }
}

void ChainMonitor::AddMetrics(int64_t warmup_ns,
                              std::vector<Metric>* metrics) const {
  size_t first = 0;
  while (first + 1 < series_.size() && series_[first].at_ns < warmup_ns) {
    ++first;
  }
  const Checkpoint& begin = series_[first];
  const Checkpoint& end = series_.back();
  const double seconds = static_cast<double>(end.at_ns - begin.at_ns) * 1e-9;
  const auto rate = [seconds](int64_t count) {
    return seconds > 0 ? PerSecond(count, seconds) : kNaN;
  };
  const Latency latency = LatencyBetween(begin.delivered, end.delivered);
  const auto add = [metrics](const std::string& name, const char* unit,
                             const char* description, double value) {
    metrics->push_back({name, unit, description, value});
  };
  add("chain.offered_rate", "bit/s", "frames sent by the source",
      8 * rate(end.offered_bytes - begin.offered_bytes));
  add("chain.delivered_rate", "bit/s", "frames that reached the sink",
      8 * rate(end.delivered_bytes - begin.delivered_bytes));
  add("chain.delivered_packet_rate", "packet/s", "packets at the sink",
      rate(end.delivered - begin.delivered));
  add("chain.loss_ratio", "1", "lost / (lost + delivered)",
      Share(end.lost - begin.lost, end.delivered - begin.delivered));
  add("chain.latency_mean", "s", "source to sink", latency.mean);
  add("chain.latency_p50", "s", "median", latency.p50);
  add("chain.latency_p95", "s", "95th percentile", latency.p95);
  add("chain.latency_p99", "s", "99th percentile", latency.p99);
  for (size_t i = 0; i < functions_.size(); ++i) {
    const StationTotals& now = end.totals[i];
    const StationTotals& before = begin.totals[i];
    const std::string prefix = "chain.function." + functions_[i];
    add(prefix + ".busy", "1", "share of time in service",
        rate(now.busy_ns - before.busy_ns) * 1e-9);
    add(prefix + ".ring_mean", "packet", "mean packets in the ring",
        rate(now.waiting_ns - before.waiting_ns) * 1e-9);
    add(prefix + ".ring_drops", "packet/s", "packets that found it full",
        rate(now.drops - before.drops));
  }
}

}  // namespace airlock
