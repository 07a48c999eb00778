#include "twin/node/balancer_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/base/error.h"
#include "sim/collector/features.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Without a value of these a decision is doubtful; a duration there is only
// once a flow has ended.
constexpr ServerCounter kNeeded[] = {
    ServerCounter::kFlowsOn, ServerCounter::kFlows, ServerCounter::kCompleted};

// "web2", "n_flow" of "server.web2.n_flow"; nothing of other columns.
struct ServerColumn {
  std::string server;
  std::string metric;
};
ServerColumn ServerColumnOf(const std::string& name) {
  constexpr std::string_view kPrefix = "server.";
  const size_t dot = name.rfind('.');
  if (name.rfind(kPrefix, 0) != 0 || dot < kPrefix.size()) return {};
  return {name.substr(kPrefix.size(), dot - kPrefix.size()),
          name.substr(dot + 1)};
}

bool IsNeeded(const std::string& metric) {
  return std::any_of(
      std::begin(kNeeded), std::end(kNeeded), [&](ServerCounter counter) {
        return metric == ServerCounterRows()[Index(counter)].name;
      });
}

// Counted since the sample before.
bool IsCount(const std::string& metric) {
  const auto& rows = ServerCounterRows();
  return metric != rows[Index(ServerCounter::kFlowsOn)].name &&
         std::any_of(rows.begin(), rows.end(),
                     [&](const FeatureRow& row) { return metric == row.name; });
}

ColumnRule RuleOf(const std::string& name) {
  const std::string metric = ServerColumnOf(name).metric;
  ColumnRule rule{OverSamples::kLast, IsNeeded(metric), -kInfinity, kInfinity};
  if (IsCount(metric)) rule.over = OverSamples::kSum;
  const auto begins = [&](const char* with) {
    return metric.rfind(with, 0) == 0;
  };
  if (begins("n_") || begins("fct_") || begins("flow_duration_")) rule.low = 0;
  if (metric == "up" || metric == "utilisation")
    rule = {rule.over, false, 0, 1};
  return rule;
}

void CheckColumns(const std::vector<std::string>& servers,
                  const Trace& columns) {
  std::vector<std::string> needed;
  for (const std::string& server : servers) {
    for (const ServerCounter counter : kNeeded) {
      needed.push_back(ServerCounterColumn(server, counter).name);
    }
    needed.push_back(fmt::format("server.{}.flow_duration_mean_decay", server));
  }
  std::vector<std::string> known;
  for (const Column& column : columns.columns) known.push_back(column.name);
  std::string missing;
  AddMissing(needed, known, &missing);
  if (!missing.empty()) {
    throw InputError(fmt::format("the source has no counter {}", missing));
  }
  for (const std::string& name : known) {
    const std::string server = ServerColumnOf(name).server;
    if (server.empty() ||
        std::count(servers.begin(), servers.end(), server) > 0) {
      continue;
    }
    throw InputError(fmt::format(
        "the source has a server '{}' that the scenario's pool has not{}",
        server, NearestText(server, servers)));
  }
}

}  // namespace

InputRules BalancerInputRules(std::vector<std::string> servers) {
  InputRules rules;
  rules.rule = RuleOf;
  rules.check = [servers = std::move(servers)](const Trace& columns) {
    CheckColumns(servers, columns);
  };
  return rules;
}

}  // namespace airlock
