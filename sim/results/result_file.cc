#include <algorithm>
#include <map>
#include <set>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/results/hdf5_reader.h"
#include "sim/results/hdf5_writer.h"

namespace airlock {
namespace {

constexpr char kFileType[] = "result";
constexpr int kVersionMajor = 1;
constexpr int kVersionMinor = 2;

// Throws InputError if a replication has other metrics than the first.
void CheckMetrics(const RunRecord& record) {
  for (const ReplicationRecord& replication : record.replications) {
    const std::vector<Metric>& metrics = replication.metrics;
    const std::vector<Metric>& first = record.replications.front().metrics;
    bool same = metrics.size() == first.size();
    for (size_t i = 0; same && i < metrics.size(); ++i) {
      same = metrics[i].name == first[i].name &&
             metrics[i].unit == first[i].unit &&
             metrics[i].description == first[i].description;
    }
    if (same) continue;
    throw InputError(
        fmt::format("replication {} has other metrics than replication {}",
                    replication.replication.value(),
                    record.replications.front().replication.value()));
  }
}

// One value a replication.
template <typename Value, typename Function>
std::vector<Value> Gather(const RunRecord& record, Function value_of) {
  std::vector<Value> values;
  values.reserve(record.replications.size());
  for (const ReplicationRecord& replication : record.replications) {
    values.push_back(value_of(replication));
  }
  return values;
}

void WriteReplications(const RunRecord& record, Hdf5Writer* writer) {
  using R = ReplicationRecord;
  writer->Dataset(
      "/replications/number",
      Gather<int64_t>(record, [](const R& r) { return r.replication.value(); }),
      "1", "replication number");
  writer->Dataset(
      "/replications/warmup",
      Gather<double>(record, [](const R& r) { return r.warmup_seconds; }), "s",
      "simulated time that was removed as warm-up");
  writer->Dataset(
      "/replications/simulated",
      Gather<double>(record, [](const R& r) { return r.simulated_seconds; }),
      "s", "simulated time including the warm-up");
  writer->Dataset("/replications/events",
                  Gather<int64_t>(record, [](const R& r) { return r.events; }),
                  "1", "events that the engine processed");
  writer->Dataset(
      "/runtime/wall",
      Gather<double>(record, [](const R& r) { return r.wall_seconds; }), "s",
      "wall-clock time of the replication");
}

void WriteMetrics(const RunRecord& record, Hdf5Writer* writer) {
  writer->Group("/metrics");
  if (record.replications.empty()) return;
  const std::vector<Metric>& metrics = record.replications.front().metrics;
  for (size_t i = 0; i < metrics.size(); ++i) {
    if (metrics[i].name.find('\0') != std::string::npos) {
      throw InputError("a metric's name has a zero byte");
    }
    for (size_t j = 0; j < i; ++j) {
      if (metrics[j].name != metrics[i].name) continue;
      throw InputError(
          fmt::format("two metrics are named '{}'", metrics[i].name));
    }
    const std::string path = "/metrics/" + NameToLink(metrics[i].name);
    const auto value = [i](const ReplicationRecord& replication) {
      return replication.metrics[i].value;
    };
    writer->Dataset(path, Gather<double>(record, value), metrics[i].unit,
                    metrics[i].description);
    writer->Attribute(path, "index", static_cast<uint64_t>(i));
  }
}

// A table of rows that replications have, such as decisions: its columns of
// numbers and of texts.
template <typename Row>
struct NumberColumn {
  const char* name;
  const char* unit;
  const char* description;
  double Row::*value;
};
template <typename Row>
struct TextColumn {
  const char* name;
  const char* description;
  std::string Row::*value;
};
template <typename Row>
struct RowTable {
  const char* group;
  std::vector<Row> ReplicationRecord::*rows;
  std::vector<NumberColumn<Row>> numbers;
  std::vector<TextColumn<Row>> texts;
};

const RowTable<ExplainedDecision>& DecisionTable() {
  using Row = ExplainedDecision;
  static const RowTable<Row> table = {
      "decisions",
      &ReplicationRecord::decisions,
      {{"time", "s", "simulated time", &Row::time_seconds},
       {"channel_before", "1", "IEEE number of the primary channel",
        &Row::channel_before},
       {"width_before", "Hz", "its width", &Row::width_before_hz},
       {"channel_after", "1", "that it was to have from then on",
        &Row::channel_after},
       {"width_after", "Hz", "its width", &Row::width_after_hz},
       {"utilisation_before", "1", "estimated, if nobody moved",
        &Row::utilisation_before},
       {"utilisation_after", "1", "estimated, under the new plan",
        &Row::utilisation_after},
       {"mean_before", "1", "mean over all access points", &Row::mean_before},
       {"mean_after", "1", "mean over all access points", &Row::mean_after}},
      {{"access_point", "empty: a decision that moved nobody",
        &Row::access_point},
       {"decided_by", "who decided", &Row::decided_by},
       {"reason", "why", &Row::reason}}};
  return table;
}

const RowTable<ExplainedSetting>& SettingTable() {
  using Row = ExplainedSetting;
  static const RowTable<Row> table = {
      "settings",
      &ReplicationRecord::settings,
      {{"time", "s", "simulated time", &Row::time_seconds},
       {"before", "1", "in the setting's unit", &Row::before},
       {"proposed", "1", "by the agent, or by the fallback", &Row::proposed},
       {"after", "1", "that it was to have from then on", &Row::after}},
      {{"setting", "empty: a decision that changed nothing", &Row::setting},
       {"decided_by", "who decided", &Row::decided_by},
       {"reason", "why", &Row::reason}}};
  return table;
}

// The rows of all replications, one under the other; nothing where there is
// none.
template <typename Row>
void WriteRows(const RunRecord& record, const RowTable<Row>& table,
               Hdf5Writer* writer) {
  std::vector<int64_t> replications;
  std::vector<const Row*> rows;
  for (const ReplicationRecord& replication : record.replications) {
    for (const Row& one : replication.*table.rows) {
      replications.push_back(replication.replication.value());
      rows.push_back(&one);
    }
  }
  if (rows.empty()) return;
  const std::string path = fmt::format("/{}/", table.group);
  writer->Dataset(path + "replication", replications, "1",
                  "replication number");
  for (const NumberColumn<Row>& column : table.numbers) {
    std::vector<double> values;
    for (const Row* one : rows) values.push_back(one->*column.value);
    writer->Dataset(path + column.name, values, column.unit,
                    column.description);
  }
  for (const TextColumn<Row>& column : table.texts) {
    std::vector<std::string> values;
    for (const Row* one : rows) values.push_back(one->*column.value);
    writer->Dataset(path + column.name, values, column.description);
  }
}

template <typename Row>
void ReadRows(const Hdf5Reader& reader, const RowTable<Row>& table,
              std::vector<ReplicationRecord>* replications) {
  const std::vector<std::string> groups = reader.Children("/");
  if (std::count(groups.begin(), groups.end(), table.group) == 0) return;
  const std::string group = fmt::format("/{}/", table.group);
  const std::vector<int64_t> numbers = reader.Integers(group + "replication");
  std::vector<Row> rows(numbers.size());
  const auto fill = [&](const std::string& path, const auto& values,
                        auto member) {
    if (values.size() != numbers.size()) {
      reader.Fail(path, fmt::format("{} values for {} rows", values.size(),
                                    numbers.size()));
    }
    for (size_t i = 0; i < values.size(); ++i) rows[i].*member = values[i];
  };
  for (const NumberColumn<Row>& column : table.numbers) {
    fill(group + column.name, reader.Doubles(group + column.name),
         column.value);
  }
  for (const TextColumn<Row>& column : table.texts) {
    fill(group + column.name, reader.Strings(group + column.name),
         column.value);
  }
  std::map<int64_t, ReplicationRecord*> by_number;
  for (ReplicationRecord& one : *replications) {
    by_number[one.replication.value()] = &one;
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto found = by_number.find(numbers[i]);
    if (found == by_number.end()) {
      reader.Fail(group + "replication",
                  fmt::format("there is no replication {}", numbers[i]));
    }
    (found->second->*table.rows).push_back(std::move(rows[i]));
  }
}

std::string SeriesGroup(const ReplicationRecord& replication) {
  return fmt::format("/series/{}", replication.replication.value());
}

std::vector<ReplicationRecord> ReadReplications(const Hdf5Reader& reader) {
  const std::vector<int64_t> numbers = reader.Integers("/replications/number");
  const std::vector<double> warmup = reader.Doubles("/replications/warmup");
  const std::vector<double> simulated =
      reader.Doubles("/replications/simulated");
  const std::vector<int64_t> events = reader.Integers("/replications/events");
  const std::vector<double> wall = reader.Doubles("/runtime/wall");
  for (const size_t size :
       {warmup.size(), simulated.size(), events.size(), wall.size()}) {
    if (size == numbers.size()) continue;
    reader.Fail("/replications", "the columns have different lengths");
  }
  std::vector<ReplicationRecord> replications(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    replications[i].replication = Replication(numbers[i]);
    replications[i].warmup_seconds = warmup[i];
    replications[i].simulated_seconds = simulated[i];
    replications[i].events = events[i];
    replications[i].wall_seconds = wall[i];
  }
  return replications;
}

void ReadMetrics(const Hdf5Reader& reader,
                 std::vector<ReplicationRecord>* replications) {
  for (const std::string& link : reader.ChildrenByIndex("/metrics")) {
    const std::string path = "/metrics/" + link;
    const std::vector<double> values = reader.Doubles(path);
    if (values.size() != replications->size()) {
      reader.Fail(path, fmt::format("{} values for {} replications",
                                    values.size(), replications->size()));
    }
    Metric metric;
    metric.name = LinkToName(link);
    metric.unit = reader.Text(path, "units");
    metric.description = reader.Text(path, "description");
    for (size_t i = 0; i < values.size(); ++i) {
      metric.value = values[i];
      (*replications)[i].metrics.push_back(metric);
    }
  }
}

}  // namespace

void WriteRunRecord(const RunRecord& record, const std::string& path) {
  try {
    CheckMetrics(record);
    Hdf5Writer writer;
    writer.RootAttributes(kFileType, kVersionMajor, kVersionMinor,
                          record.provenance, record.Digest());
    writer.Attribute("/", "scenario_name", record.scenario_name);
    WriteReplications(record, &writer);
    WriteMetrics(record, &writer);
    WriteRows(record, DecisionTable(), &writer);
    WriteRows(record, SettingTable(), &writer);
    writer.Group("/series");
    std::set<int64_t> numbers;
    for (const ReplicationRecord& replication : record.replications) {
      const int64_t number = replication.replication.value();
      if (!numbers.insert(number).second) {
        throw InputError(fmt::format("replication {} comes twice", number));
      }
      replication.series.Validate();
      writer.Group(SeriesGroup(replication));
      writer.TraceContent(SeriesGroup(replication), replication.series);
    }
    WriteFileAtomically(path, writer.Image());
  } catch (const InputError& error) {
    throw InputError(
        fmt::format("cannot write the result {}: {}", path, error.what()));
  }
}

RunRecord ReadRunRecord(const std::string& path) {
  const Hdf5Reader reader(path);
  const FileHeader header = reader.Header(kFileType, kVersionMajor);
  RunRecord record;
  record.provenance = header.provenance;
  record.scenario_name = reader.Text("/", "scenario_name");
  record.replications = ReadReplications(reader);
  ReadMetrics(reader, &record.replications);
  ReadRows(reader, DecisionTable(), &record.replications);
  ReadRows(reader, SettingTable(), &record.replications);
  for (ReplicationRecord& replication : record.replications) {
    replication.series = reader.TraceContent(SeriesGroup(replication));
  }
  const std::string digest = record.Digest();
  if (digest != header.digest) {
    reader.Fail("/@digest", fmt::format("is {} but the content has {}",
                                        header.digest, digest));
  }
  return record;
}

}  // namespace airlock
