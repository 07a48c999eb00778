#include <nlohmann/json.hpp>

#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/schema.h"
#include "calibration/traces/testbed_record.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

std::string Plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Everything that the record says and the columns do not: "profile.kind",
// "event.0", "change_time_seconds", ...
void AddRecordAttributes(const json& value, const std::string& key,
                         Trace* trace) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (key.empty() && (name == "columns" || name == "events")) continue;
      AddRecordAttributes(member, key.empty() ? name : key + "." + name, trace);
    }
  } else if (value.is_array() && !value.empty()) {
    for (size_t i = 0; i < value.size(); ++i) {
      AddRecordAttributes(value[i], fmt::format("{}.{}", key, i), trace);
    }
  } else if (!value.is_null()) {
    AddAttribute(trace, key, Plain(value));
  }
}

void AddEvents(const json& record, const std::string& path, Trace* trace) {
  const auto events = record.find("events");
  if (events == record.end()) return;
  for (size_t i = 0; events->is_array() && i < events->size(); ++i) {
    const json& event = (*events)[i];
    const auto time = event.is_object() ? event.find("time") : event.end();
    if (!event.is_object() || time == event.end() || !time->is_number()) {
      FailAt(path, 0, 0, fmt::format("events[{}] has no time", i));
    }
    AddAttribute(
        trace, fmt::format("event.{}", i),
        fmt::format("{} {}", time->dump(),
                    Member<std::string>(event, "what", path, "events: ")));
  }
}

json ReadRecord(const std::string& path) {
  const json record = ParseRecord(ReadTextFile(path));
  if (!record.is_object()) FailAt(path, 0, 0, "not a JSON object");
  const auto schema = Member<std::string>(record, "schema", path);
  if (schema != kTestbedSchema) {
    FailAt(path, 0, 0,
           fmt::format("schema {}; expected '{}'", Quoted(schema),
                       kTestbedSchema));
  }
  const auto version = Member<int64_t>(record, "version", path);
  if (version != kVersion) {
    FailAt(path, 0, 0,
           fmt::format("version {} of the trace format; this "
                       "program reads version {}",
                       version, kVersion));
  }
  return record;
}

// The record's columns against the CSV's header, both without the time.
std::vector<Column> ReadColumns(const json& record, const NumericTable& table,
                                const std::string& path) {
  const auto described = Member<json>(record, "columns", path);
  if (!described.is_array()) FailAt(path, 0, 0, "'columns' is not a list");
  if (table.names.front() != "time") {
    table.FailAtName(0, fmt::format("the first column is {}; expected 'time'",
                                    Quoted(table.names.front())));
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < described.size(); ++i) {
    columns.push_back(ReadColumn(described[i], i, path));
  }
  // Some records list the time itself as the first column.
  if (!columns.empty() && columns.front().name == "time") {
    columns.erase(columns.begin());
  }
  for (size_t c = 0; c + 1 < table.names.size() && c < columns.size(); ++c) {
    if (table.names[c + 1] == columns[c].name) continue;
    table.FailAtName(c + 1,
                     fmt::format("column {}; the record has '{}' here",
                                 Quoted(table.names[c + 1]), columns[c].name));
  }
  if (table.names.size() != columns.size() + 1) {
    FailAt(table.path, table.header_line, 0,
           fmt::format("{} columns and the time; the record has {} columns",
                       table.names.size() - 1, columns.size()));
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    columns[c].values = table.values[c + 1];
  }
  return columns;
}

}  // namespace

Trace ImportTestbed(const std::string& path) {
  const std::string record_path = RecordPathOf(path);
  if (record_path.empty()) {
    FailAt(path, 0, 0,
           "the name must end in .csv, .csv.xz or .csv.gz, with the "
           "trace's record in a .json file beside it");
  }
  const json record = ReadRecord(record_path);
  const TextFile file = ReadTextFile(path);
  const auto sha256 = Member<std::string>(record, "sha256", record_path);
  if (sha256 != file.sha256) {
    FailAt(path, 0, 0,
           fmt::format("the content's sha256 is {}; the record {} has {}: one "
                       "of the two was changed",
                       file.sha256, record_path, sha256));
  }
  const NumericTable table = ReadNumericTable(file, ',');
  const auto samples = Member<int64_t>(record, "samples", record_path);
  if (samples != static_cast<int64_t>(table.rows())) {
    FailAt(path, 0, 0,
           fmt::format("{} samples; the record {} has {}", table.rows(),
                       record_path, samples));
  }
  Trace trace;
  trace.origin = Member<std::string>(record, "name", record_path);
  trace.columns = ReadColumns(record, table, record_path);
  trace.time_seconds = table.TakeTime(0, 1, 1);
  AddRecordAttributes(record, "", &trace);
  AddEvents(record, record_path, &trace);
  return trace;
}

}  // namespace airlock
