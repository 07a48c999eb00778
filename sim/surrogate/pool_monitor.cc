#include "sim/surrogate/pool_monitor.h"

#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/scenario/balancer_checks.h"
#include "sim/surrogate/chain_monitor.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double Share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole)
                   : kNaN;
}

struct ServerColumn {
  const char* name;
  Role role;
  const char* description;
};

constexpr ServerColumn kServerColumns[] = {
    {"weight", Role::kInput, "weight that the balancer has for it"},
    {"up", Role::kCounter, "1: the balancer's health check finds it serving"},
    {"utilisation", Role::kCounter, "mean share of its cores in use; modelled"},
};

}  // namespace

double JainFairness(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return sum * sum / (static_cast<double>(values.size()) * squares);
}

PoolMonitor::PoolMonitor(const BalancerConfig& balancer)
    : agreement_(balancer.agreement),
      stationary_(balancer.load.kind == "constant" && balancer.events.empty()) {
  for (const PoolServer& server : balancer.servers) {
    names_.push_back(server.name);
    cores_.push_back(static_cast<double>(server.cores));
    capacities_.push_back(CapacityOf(server));
  }
  now_.begun_at.resize(names_.size());
  now_.busy.resize(names_.size());
  series_.push_back(now_);
  controller_ = now_;
}

void PoolMonitor::Begin(std::optional<size_t> server) {
  ++now_.begun;
  if (server) ++now_.begun_at[*server];
}

void PoolMonitor::Complete(double seconds) {
  ++now_.completed;
  completion_seconds_.push_back(static_cast<float>(seconds));
  if (agreement_ && seconds > Seconds(agreement_->completion)) ++now_.late;
}

void PoolMonitor::Declare(std::vector<Column>* columns) const {
  const auto add = [columns](const std::string& name, Role role,
                             const char* unit, const char* description) {
    Column column;
    column.name = name;
    column.role = role;
    column.unit = unit;
    column.description = description;
    columns->push_back(std::move(column));
  };
  add("pool.load", Role::kInput, "1", "share of the capacity aimed at");
  const Role kpi = Role::kKpi;
  add("pool.offered_rate", kpi, "flow/s", "flows that began");
  add("pool.completed_rate", kpi, "flow/s", "flows that were completed");
  add("pool.failed_rate", kpi, "flow/s", "flows refused or lost");
  add("pool.fct_mean", kpi, "s", "completion time of flows that ended");
  add("pool.fct_p50", kpi, "s", "median of the completion time");
  add("pool.fct_p95", kpi, "s", "95th percentile of the completion time");
  add("pool.fct_p99", kpi, "s", "99th percentile of the completion time");
  add("pool.late", kpi, "1",
      "share of the flows that failed or took longer than agreed");
  for (const std::string& name : names_) {
    for (const ServerColumn& row : kServerColumns) {
      add("server." + name + "." + row.name, row.role, "1", row.description);
      columns->back().scope = Scope::kServer;
      columns->back().scope_id = name;
    }
  }
}

std::vector<std::string> PoolMonitor::WarmupColumns() const {
  if (!stationary_) return {};
  return {"pool.completed_rate", "pool.fct_mean"};
}

PoolMonitor::Times PoolMonitor::TimesBetween(const Checkpoint& from,
                                             const Checkpoint& to) const {
  std::vector<float> values(completion_seconds_.begin() + from.completed,
                            completion_seconds_.begin() + to.completed);
  double sum = 0;
  for (const float value : values) sum += value;
  const double mean =
      values.empty() ? kNaN : sum / static_cast<double>(values.size());
  const std::vector<double> quantiles =
      QuantilesInPlace(&values, {0.50, 0.95, 0.99});
  return {mean, quantiles[0], quantiles[1], quantiles[2]};
}

void PoolMonitor::Sample(size_t reader, double seconds, double load,
                         const std::vector<PoolServerState>& servers,
                         std::vector<double>* values) {
  AIRLOCK_CHECK(servers.size() == names_.size());
  now_.at = seconds;
  for (size_t i = 0; i < servers.size(); ++i) {
    now_.busy[i] = servers[i].busy_core_seconds;
  }
  const Checkpoint last = reader == 0 ? series_.back() : controller_;
  (reader == 0 ? series_.emplace_back() : controller_) = now_;
  const double passed = seconds - last.at;
  AIRLOCK_CHECK(passed > 0);
  const auto rate = [passed](int64_t count) {
    return static_cast<double>(count) / passed;
  };
  const Times times = TimesBetween(last, now_);
  const int64_t completed = now_.completed - last.completed;
  const int64_t failed = now_.failed - last.failed;
  values->insert(values->end(),
                 {load, rate(now_.begun - last.begun), rate(completed),
                  rate(failed), times.mean, times.p50, times.p95, times.p99,
                  Share(now_.late - last.late, completed + failed)});
  for (size_t i = 0; i < servers.size(); ++i) {
    values->insert(values->end(),
                   {servers[i].weight, servers[i].up ? 1.0 : 0.0,
                    (now_.busy[i] - last.busy[i]) / (passed * cores_[i])});
  }
}

double PoolMonitor::ViolatedSamples(size_t first) const {
  if (!agreement_) return kNaN;
  int64_t violated = 0;
  int64_t judged = 0;
  for (size_t i = first + 1; i < series_.size(); ++i) {
    const Checkpoint& a = series_[i - 1];
    const Checkpoint& b = series_[i];
    const double late =
        Share(b.late - a.late, b.completed - a.completed + b.failed - a.failed);
    if (std::isnan(late)) continue;
    ++judged;
    if (late > agreement_->allowed.value()) ++violated;
  }
  return Share(violated, judged);
}

void PoolMonitor::AddServers(const Checkpoint& from, const Checkpoint& to,
                             std::vector<Metric>* metrics) const {
  const double seconds = to.at - from.at;
  std::vector<double> utilisations;
  double work = 0;
  double capacity = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    const double busy = to.busy[i] - from.busy[i];
    utilisations.push_back(busy / (seconds * cores_[i]));
    work += busy / cores_[i] * capacities_[i];
    capacity += capacities_[i] * seconds;
  }
  metrics->push_back({"pool.utilisation", "1",
                      "mean share of the capacity in use; modelled",
                      work / capacity});
  metrics->push_back({"pool.fairness", "1",
                      "Jain's index of the servers' utilisations",
                      JainFairness(utilisations)});
  for (size_t i = 0; i < names_.size(); ++i) {
    const std::string prefix = "pool.server." + names_[i];
    metrics->push_back({prefix + ".utilisation", "1",
                        "mean share of its cores in use; modelled",
                        utilisations[i]});
    metrics->push_back(
        {prefix + ".share", "1", "of the flows that began",
         Share(to.begun_at[i] - from.begun_at[i], to.begun - from.begun)});
  }
}

void PoolMonitor::AddMetrics(double warmup_seconds,
                             std::vector<Metric>* metrics) const {
  size_t first = 0;
  while (first + 1 < series_.size() && series_[first].at < warmup_seconds) {
    ++first;
  }
  const Checkpoint& from = series_[first];
  const Checkpoint& to = series_.back();
  const double seconds = to.at - from.at;
  const int64_t completed = to.completed - from.completed;
  const int64_t ended = completed + to.failed - from.failed;
  const Times times = TimesBetween(from, to);
  const auto add = [metrics](const char* name, const char* unit,
                             const char* description, double value) {
    metrics->push_back({name, unit, description, value});
  };
  add("pool.offered_rate", "flow/s", "flows that began",
      seconds > 0 ? static_cast<double>(to.begun - from.begun) / seconds
                  : kNaN);
  add("pool.served", "1", "share of the ended flows that were completed",
      Share(completed, ended));
  add("pool.fct_mean", "s", "flow completion time", times.mean);
  add("pool.fct_p50", "s", "median", times.p50);
  add("pool.fct_p95", "s", "95th percentile", times.p95);
  add("pool.fct_p99", "s", "99th percentile", times.p99);
  if (agreement_) {
    add("pool.late", "1",
        "share of the flows that failed or took longer than agreed",
        Share(to.late - from.late, ended));
    add("pool.violations", "1",
        "share of the samples in which more flows than allowed were late",
        ViolatedSamples(first));
  }
  AddServers(from, to, metrics);
}

}  // namespace airlock
