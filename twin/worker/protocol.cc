#include "twin/worker/protocol.h"

#include <utility>
#include <vector>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

json ToJson(const Column& column) {
  return {{"name", column.name},         {"role", ToString(column.role)},
          {"unit", column.unit},         {"scope", ToString(column.scope)},
          {"scope_id", column.scope_id}, {"description", column.description},
          {"values", column.values}};
}

Column ColumnFromJson(const json& j) {
  Column column;
  column.name = j.at("name");
  AIRLOCK_CHECK(Parse(j.at("role").get<std::string>(), &column.role));
  column.unit = j.at("unit");
  AIRLOCK_CHECK(Parse(j.at("scope").get<std::string>(), &column.scope));
  column.scope_id = j.at("scope_id");
  column.description = j.at("description");
  column.values = j.at("values").get<std::vector<double>>();
  return column;
}

json ToJson(const ExplainedDecision& one) {
  return {one.time_seconds,       one.access_point,      one.channel_before,
          one.width_before_hz,    one.channel_after,     one.width_after_hz,
          one.utilisation_before, one.utilisation_after, one.mean_before,
          one.mean_after,         one.decided_by,        one.reason};
}

ExplainedDecision DecisionFromJson(const json& j) {
  return {j.at(0), j.at(1), j.at(2), j.at(3), j.at(4),  j.at(5),
          j.at(6), j.at(7), j.at(8), j.at(9), j.at(10), j.at(11)};
}

json ToJson(const ExplainedSetting& one) {
  return {one.time_seconds, one.setting,    one.before, one.proposed,
          one.after,        one.decided_by, one.reason};
}

ExplainedSetting SettingFromJson(const json& j) {
  return {j.at(0), j.at(1), j.at(2), j.at(3), j.at(4), j.at(5), j.at(6)};
}

}  // namespace

json ToJson(const Trace& trace) {
  json columns = json::array();
  for (const Column& column : trace.columns) columns.push_back(ToJson(column));
  return {{"source", trace.source},
          {"origin", trace.origin},
          {"time", trace.time_seconds},
          {"columns", std::move(columns)},
          {"attributes", trace.attributes}};
}

Trace TraceFromJson(const json& j) {
  Trace trace;
  trace.source = j.at("source");
  trace.origin = j.at("origin");
  trace.time_seconds = j.at("time").get<std::vector<double>>();
  for (const json& column : j.at("columns")) {
    trace.columns.push_back(ColumnFromJson(column));
  }
  trace.attributes =
      j.at("attributes")
          .get<std::vector<std::pair<std::string, std::string>>>();
  return trace;
}

json ToJson(const ReplicationRecord& record) {
  json metrics = json::array();
  for (const Metric& metric : record.metrics) {
    metrics.push_back({{"name", metric.name},
                       {"unit", metric.unit},
                       {"description", metric.description},
                       {"value", metric.value}});
  }
  json decisions = json::array();
  for (const ExplainedDecision& one : record.decisions) {
    decisions.push_back(ToJson(one));
  }
  json settings = json::array();
  for (const ExplainedSetting& one : record.settings) {
    settings.push_back(ToJson(one));
  }
  return {{"replication", record.replication.value()},
          {"warmup_seconds", record.warmup_seconds},
          {"simulated_seconds", record.simulated_seconds},
          {"events", record.events},
          {"wall_seconds", record.wall_seconds},
          {"metrics", std::move(metrics)},
          {"decisions", std::move(decisions)},
          {"settings", std::move(settings)},
          {"series", ToJson(record.series)}};
}

ReplicationRecord ReplicationRecordFromJson(const json& j) {
  ReplicationRecord record;
  record.replication = Replication(j.at("replication").get<int64_t>());
  record.warmup_seconds = j.at("warmup_seconds");
  record.simulated_seconds = j.at("simulated_seconds");
  record.events = j.at("events");
  record.wall_seconds = j.at("wall_seconds");
  for (const json& m : j.at("metrics")) {
    record.metrics.push_back(
        {m.at("name"), m.at("unit"), m.at("description"), m.at("value")});
  }
  for (const json& one : j.at("decisions")) {
    record.decisions.push_back(DecisionFromJson(one));
  }
  for (const json& one : j.at("settings")) {
    record.settings.push_back(SettingFromJson(one));
  }
  record.series = TraceFromJson(j.at("series"));
  return record;
}

}  // namespace airlock
