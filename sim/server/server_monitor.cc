#include "sim/server/server_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double Share(double part, double whole) {
  return whole > 0 ? part / whole : kNaN;
}

ChainTotals Difference(const ChainTotals& now, const ChainTotals& before) {
  return {now.offered - before.offered,
          now.offered_bytes - before.offered_bytes,
          now.delivered - before.delivered,
          now.delivered_bytes - before.delivered_bytes, now.lost - before.lost};
}

ChainTotals Sum(const ChainTotals& a, const ChainTotals& b) {
  return {a.offered + b.offered, a.offered_bytes + b.offered_bytes,
          a.delivered + b.delivered, a.delivered_bytes + b.delivered_bytes,
          a.lost + b.lost};
}

// One KPI: how it is called and what it is of totals over `seconds`.
struct Kpi {
  const char* name;
  const char* unit;
  const char* description;
  double (*of)(const ChainTotals&, const LatencyHistogram&, double seconds);
};

const Kpi kKpis[] = {
    {"offered_rate", "bit/s", "frames sent by the source",
     [](const ChainTotals& t, const LatencyHistogram&, double s) {
       return 8 * static_cast<double>(t.offered_bytes) / s;
     }},
    {"delivered_rate", "bit/s", "frames that left the last machine",
     [](const ChainTotals& t, const LatencyHistogram&, double s) {
       return 8 * static_cast<double>(t.delivered_bytes) / s;
     }},
    {"offered_packet_rate", "packet/s", "packets sent by the source",
     [](const ChainTotals& t, const LatencyHistogram&, double s) {
       return static_cast<double>(t.offered) / s;
     }},
    {"delivered_packet_rate", "packet/s", "packets that left the last machine",
     [](const ChainTotals& t, const LatencyHistogram&, double s) {
       return static_cast<double>(t.delivered) / s;
     }},
    {"lost_packet_rate", "packet/s", "packets lost on the way",
     [](const ChainTotals& t, const LatencyHistogram&, double s) {
       return static_cast<double>(t.lost) / s;
     }},
    {"loss_ratio", "1", "lost / (lost + delivered)",
     [](const ChainTotals& t, const LatencyHistogram&, double) {
       return Share(static_cast<double>(t.lost),
                    static_cast<double>(t.lost + t.delivered));
     }},
    {"latency_mean", "s", "source to wire, of delivered packets",
     [](const ChainTotals&, const LatencyHistogram& l, double) {
       return l.MeanSeconds();
     }},
    {"latency_p50", "s", "median of the latency",
     [](const ChainTotals&, const LatencyHistogram& l, double) {
       return l.QuantileSeconds(0.5);
     }},
    {"latency_p95", "s", "95th percentile of the latency",
     [](const ChainTotals&, const LatencyHistogram& l, double) {
       return l.QuantileSeconds(0.95);
     }},
    {"latency_p99", "s", "99th percentile of the latency",
     [](const ChainTotals&, const LatencyHistogram& l, double) {
       return l.QuantileSeconds(0.99);
     }},
};

struct StationMetric {
  const char* name;
  const char* unit;
  const char* description;
  // `d`: totals over `seconds`.
  double (*of)(const InstanceTotals& d, double seconds);
};

const StationMetric kStationMetrics[] = {
    {"busy", "1", "time in polls that found packets, in cores",
     [](const InstanceTotals& d, double s) { return 1e-9 * d.busy_ns / s; }},
    {"packets", "packet/s", "packets handed on",
     [](const InstanceTotals& d, double s) {
       return static_cast<double>(d.packets) / s;
     }},
    {"ring_drops", "packet/s", "packets that found the ring full",
     [](const InstanceTotals& d, double s) {
       return static_cast<double>(d.drops) / s;
     }},
    {"ring_mean", "packet", "mean number of packets in the rings",
     [](const InstanceTotals& d, double s) { return 1e-9 * d.waiting_ns / s; }},
    {"batch_size", "packet", "mean packets taken at once",
     [](const InstanceTotals& d, double) {
       return d.polls > 0 ? static_cast<double>(d.packets) /
                                static_cast<double>(d.polls)
                          : 0;
     }},
};

InstanceTotals Difference(const InstanceTotals& now,
                          const InstanceTotals& before) {
  InstanceTotals d;
  d.drops = now.drops - before.drops;
  d.polls = now.polls - before.polls;
  d.packets = now.packets - before.packets;
  d.busy_ns = now.busy_ns - before.busy_ns;
  d.waiting_ns = now.waiting_ns - before.waiting_ns;
  return d;
}

}  // namespace

ServerMonitor::ServerMonitor(ServerEngine* engine, const RngTree& tree,
                             Replication replication)
    : engine_(engine), counters_(engine, tree, replication) {
  Snapshot start;
  start.chains.resize(engine->chains().size());
  start.stations.resize(engine->layout().stations.size());
  start.latencies.resize(engine->chains().size());
  start.violated.resize(engine->chains().size());
  series_.push_back(start);
  controller_ = start;
  Declare();
}

void ServerMonitor::Add(const std::string& name, Role role, const char* unit,
                        Scope scope, const std::string& id,
                        const std::string& description) {
  Column column;
  column.name = name;
  column.role = role;
  column.unit = unit;
  column.scope = scope;
  column.scope_id = id;
  column.description = description;
  columns_.push_back(std::move(column));
}

void ServerMonitor::DeclareKpis(const std::string& prefix,
                                const std::string& of) {
  for (const Kpi& kpi : kKpis) {
    Add(prefix + kpi.name, Role::kKpi, kpi.unit, Scope::kSystem, "",
        std::string(kpi.description) + of);
  }
}

void ServerMonitor::Declare() {
  Add("load_target_rate", Role::kInput, "bit/s", Scope::kSystem, "",
      "load that the sources aim at");
  Add("packet_size", Role::kInput, "B", Scope::kSystem, "",
      "mean Ethernet frame that the sources aim at");
  DeclareKpis("", "");
  Add("machines_used", Role::kKpi, "1", Scope::kSystem, "",
      "machines that functions run on");
  for (const ServiceChainConfig& chain : engine_->servers().chains) {
    DeclareKpis("chain." + chain.name + ".", ", of chain " + chain.name);
    if (!chain.agreement) continue;
    Add("chain." + chain.name + ".violated", Role::kKpi, "1", Scope::kSystem,
        "", "1 where the chain's agreement did not hold, else 0");
  }
  for (const StationPlan& station : engine_->layout().stations) {
    for (const StationMetric& metric : kStationMetrics) {
      Add("function." + station.name + "." + metric.name, Role::kCounter,
          metric.unit, Scope::kFunction, station.name, metric.description);
    }
    Add("function." + station.name + ".cores", Role::kCounter, "1",
        Scope::kFunction, station.name, "instances, each on a core");
    Add("function." + station.name + ".machine", Role::kCounter, "1",
        Scope::kFunction, station.name, "number of its machine, from 0");
  }
  counters_.Declare(&columns_);
}

std::vector<std::string> ServerMonitor::WarmupColumns() const {
  for (const ServiceChainConfig& chain : engine_->servers().chains) {
    if (chain.load.kind != "constant") return {};
  }
  for (const CompetitorConfig& c : engine_->servers().competitors) {
    if (c.start.value() > 0 || c.stop) return {};
  }
  return {"delivered_rate", "latency_mean"};
}

ServerMonitor::Snapshot ServerMonitor::Take(size_t reader,
                                            const Snapshot& last) const {
  Snapshot now;
  now.at_ns = engine_->now_ns();
  now.chains = engine_->chains();
  now.stations.resize(last.stations.size());
  for (const Instance& instance : engine_->instances()) {
    InstanceTotals& sum = now.stations[instance.station];
    sum.drops += instance.totals.drops;
    sum.polls += instance.totals.polls;
    sum.packets += instance.totals.packets;
    sum.busy_ns += instance.totals.busy_ns;
    sum.waiting_ns += instance.totals.waiting_ns;
  }
  now.latencies = engine_->TakeLatencies(reader);
  now.violated.resize(now.chains.size());
  for (size_t c = 0; c < now.chains.size(); ++c) {
    now.violated[c] =
        Violated(engine_->servers().chains[c],
                 Difference(now.chains[c], last.chains[c]), now.latencies[c]);
  }
  std::set<int64_t> used;
  const size_t functions = engine_->servers().functions.size();
  for (size_t f = 0; f < functions; ++f) {
    used.insert(engine_->placement()[f].machine);
  }
  now.machines_used = static_cast<double>(used.size());
  return now;
}

bool ServerMonitor::Violated(const ServiceChainConfig& chain,
                             const ChainTotals& part,
                             const LatencyHistogram& latency) const {
  if (!chain.agreement || part.offered == 0) return false;
  const double share = static_cast<double>(part.delivered) /
                       static_cast<double>(part.delivered + part.lost);
  if (share < chain.agreement->throughput.value()) return true;
  // Nothing delivered, nothing lost: all of it waits.
  if (latency.count() == 0) return true;
  return latency.QuantileSeconds(0.99) > Seconds(chain.agreement->latency_p99);
}

// What the sources aimed at from `at_ns` on.
void ServerMonitor::AddInputs(int64_t at_ns,
                              std::vector<double>* values) const {
  double bits = 0;
  double packets = 0;
  for (size_t c = 0; c < engine_->chains().size(); ++c) {
    const LoadStep& load = engine_->course(c)->LoadAt(at_ns);
    bits += load.bits_per_second;
    packets += load.packets_per_second;
  }
  values->push_back(bits);
  values->push_back(Share(bits / 8, packets));
}

std::vector<double> ServerMonitor::Sample(size_t reader) {
  const Snapshot last = reader == 0 ? series_.back() : controller_;
  const Snapshot now = Take(reader, last);
  AIRLOCK_CHECK(now.at_ns > last.at_ns);
  const double seconds = 1e-9 * static_cast<double>(now.at_ns - last.at_ns);
  std::vector<double> values;

  AddInputs(last.at_ns, &values);
  ChainTotals all;
  LatencyHistogram all_latencies;
  for (size_t c = 0; c < now.chains.size(); ++c) {
    all = Sum(all, Difference(now.chains[c], last.chains[c]));
    all_latencies.Merge(now.latencies[c]);
  }
  for (const Kpi& kpi : kKpis) {
    values.push_back(kpi.of(all, all_latencies, seconds));
  }
  values.push_back(now.machines_used);
  for (size_t c = 0; c < now.chains.size(); ++c) {
    const ChainTotals part = Difference(now.chains[c], last.chains[c]);
    for (const Kpi& kpi : kKpis) {
      values.push_back(kpi.of(part, now.latencies[c], seconds));
    }
    if (engine_->servers().chains[c].agreement) {
      values.push_back(now.violated[c] ? 1 : 0);
    }
  }
  for (size_t s = 0; s < now.stations.size(); ++s) {
    const InstanceTotals part = Difference(now.stations[s], last.stations[s]);
    for (const StationMetric& metric : kStationMetrics) {
      values.push_back(metric.of(part, seconds));
    }
    const size_t owner = engine_->layout().stations[s].parts[0].function;
    const Placement& placed = engine_->placement()[owner];
    values.push_back(static_cast<double>(placed.cores.size()));
    values.push_back(static_cast<double>(placed.machine));
  }
  counters_.Sample(reader, &values);
  AIRLOCK_CHECK(values.size() == columns_.size());
  if (reader == 0) {
    series_.push_back(now);
  } else {
    controller_ = now;
  }
  return values;
}

// What the samples behind the warm-up come to.
struct ServerMonitor::Whole {
  double seconds = 0;
  double intervals = 0;
  double violated = 0;       // intervals in which any agreement did not hold
  double machines_used = 0;  // summed over intervals
  std::vector<double> violations;  // intervals, by chain
  std::vector<ChainTotals> chains;
  std::vector<LatencyHistogram> latencies;  // by chain
  std::vector<InstanceTotals> stations;
};

ServerMonitor::Whole ServerMonitor::SumUp(int64_t warmup_ns) const {
  size_t first = 0;
  while (first + 1 < series_.size() && series_[first].at_ns < warmup_ns) {
    ++first;
  }
  const Snapshot& begin = series_[first];
  const Snapshot& end = series_.back();
  const size_t chains = begin.chains.size();
  Whole whole;
  whole.seconds = 1e-9 * static_cast<double>(end.at_ns - begin.at_ns);
  whole.intervals = static_cast<double>(series_.size() - 1 - first);
  whole.violations.resize(chains);
  whole.latencies.resize(chains);
  for (size_t i = first + 1; i < series_.size(); ++i) {
    const Snapshot& one = series_[i];
    const auto& violated = one.violated;
    for (size_t c = 0; c < chains; ++c) {
      whole.latencies[c].Merge(one.latencies[c]);
      whole.violations[c] += violated[c] ? 1 : 0;
    }
    const bool any = std::count(violated.begin(), violated.end(), true) > 0;
    whole.violated += any ? 1 : 0;
    whole.machines_used += one.machines_used;
  }
  for (size_t c = 0; c < chains; ++c) {
    whole.chains.push_back(Difference(end.chains[c], begin.chains[c]));
  }
  for (size_t s = 0; s < begin.stations.size(); ++s) {
    whole.stations.push_back(Difference(end.stations[s], begin.stations[s]));
  }
  return whole;
}

std::vector<Metric> ServerMonitor::Metrics(int64_t warmup_ns) const {
  const Whole whole = SumUp(warmup_ns);
  std::vector<Metric> metrics;
  const auto add = [&](const std::string& name, const char* unit,
                       const char* description, double value) {
    metrics.push_back({name, unit, description, value});
  };
  const auto add_kpis = [&](const std::string& prefix, const ChainTotals& part,
                            const LatencyHistogram& latency) {
    for (const Kpi& kpi : kKpis) {
      add(prefix + kpi.name, kpi.unit, kpi.description,
          whole.seconds > 0 ? kpi.of(part, latency, whole.seconds) : kNaN);
    }
  };
  ChainTotals all;
  LatencyHistogram all_latencies;
  for (const ChainTotals& chain : whole.chains) all = Sum(all, chain);
  for (const LatencyHistogram& one : whole.latencies) all_latencies.Merge(one);
  add_kpis("chain.", all, all_latencies);
  add("machines_used", "1", "mean number of machines in use",
      Share(whole.machines_used, whole.intervals));
  add("agreements.violated", "1",
      "share of intervals in which an agreement did not hold",
      Share(whole.violated, whole.intervals));
  for (size_t c = 0; c < whole.chains.size(); ++c) {
    const ServiceChainConfig& chain = engine_->servers().chains[c];
    const std::string prefix = "chain." + chain.name + ".";
    add_kpis(prefix, whole.chains[c], whole.latencies[c]);
    if (!chain.agreement) continue;
    add(prefix + "violated", "1", "share of intervals in which it did not hold",
        Share(whole.violations[c], whole.intervals));
  }
  for (size_t s = 0; s < whole.stations.size(); ++s) {
    const std::string prefix =
        "chain.function." + engine_->layout().stations[s].name + ".";
    for (const StationMetric& metric : kStationMetrics) {
      add(prefix + metric.name, metric.unit, metric.description,
          whole.seconds > 0 ? metric.of(whole.stations[s], whole.seconds)
                            : kNaN);
    }
  }
  return metrics;
}

}  // namespace airlock
