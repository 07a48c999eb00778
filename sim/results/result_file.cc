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
constexpr int kVersionMinor = 1;

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

// A column of numbers in the table of decisions.
struct DecisionColumn {
  const char* name;
  const char* unit;
  const char* description;
  double ExplainedDecision::*value;
};

constexpr DecisionColumn kDecisionColumns[] = {
    {"time", "s", "simulated time", &ExplainedDecision::time_seconds},
    {"channel_before", "1", "IEEE number of the primary channel",
     &ExplainedDecision::channel_before},
    {"width_before", "Hz", "its width", &ExplainedDecision::width_before_hz},
    {"channel_after", "1", "that it was to have from then on",
     &ExplainedDecision::channel_after},
    {"width_after", "Hz", "its width", &ExplainedDecision::width_after_hz},
    {"utilisation_before", "1", "estimated, if nobody moved",
     &ExplainedDecision::utilisation_before},
    {"utilisation_after", "1", "estimated, under the new plan",
     &ExplainedDecision::utilisation_after},
    {"mean_before", "1", "mean over all access points",
     &ExplainedDecision::mean_before},
    {"mean_after", "1", "mean over all access points",
     &ExplainedDecision::mean_after},
};

// The same of texts.
struct DecisionText {
  const char* name;
  const char* description;
  std::string ExplainedDecision::*value;
};

constexpr DecisionText kDecisionTexts[] = {
    {"access_point", "empty: a decision that moved nobody",
     &ExplainedDecision::access_point},
    {"decided_by", "who decided", &ExplainedDecision::decided_by},
    {"reason", "why", &ExplainedDecision::reason},
};

// The decisions of all replications, one under the other; nothing where there
// is none.
void WriteDecisions(const RunRecord& record, Hdf5Writer* writer) {
  std::vector<int64_t> replications;
  std::vector<const ExplainedDecision*> decisions;
  for (const ReplicationRecord& replication : record.replications) {
    for (const ExplainedDecision& one : replication.decisions) {
      replications.push_back(replication.replication.value());
      decisions.push_back(&one);
    }
  }
  if (decisions.empty()) return;
  writer->Dataset("/decisions/replication", replications, "1",
                  "replication number");
  for (const DecisionColumn& column : kDecisionColumns) {
    std::vector<double> values;
    for (const auto* one : decisions) values.push_back(one->*column.value);
    writer->Dataset(std::string("/decisions/") + column.name, values,
                    column.unit, column.description);
  }
  for (const DecisionText& column : kDecisionTexts) {
    std::vector<std::string> values;
    for (const auto* one : decisions) values.push_back(one->*column.value);
    writer->Dataset(std::string("/decisions/") + column.name, values,
                    column.description);
  }
}

void ReadDecisions(const Hdf5Reader& reader,
                   std::vector<ReplicationRecord>* replications) {
  const std::vector<std::string> groups = reader.Children("/");
  if (std::count(groups.begin(), groups.end(), "decisions") == 0) return;
  const std::vector<int64_t> numbers =
      reader.Integers("/decisions/replication");
  std::vector<ExplainedDecision> decisions(numbers.size());
  const auto fill = [&](const char* name, auto read, auto member) {
    const std::string path = std::string("/decisions/") + name;
    const auto values = read(path);
    if (values.size() != numbers.size()) {
      reader.Fail(path, fmt::format("{} values for {} decisions", values.size(),
                                    numbers.size()));
    }
    for (size_t i = 0; i < values.size(); ++i) {
      decisions[i].*member = values[i];
    }
  };
  for (const DecisionColumn& column : kDecisionColumns) {
    fill(
        column.name,
        [&](const std::string& path) { return reader.Doubles(path); },
        column.value);
  }
  for (const DecisionText& column : kDecisionTexts) {
    fill(
        column.name,
        [&](const std::string& path) { return reader.Strings(path); },
        column.value);
  }
  std::map<int64_t, ReplicationRecord*> by_number;
  for (ReplicationRecord& one : *replications) {
    by_number[one.replication.value()] = &one;
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto found = by_number.find(numbers[i]);
    if (found == by_number.end()) {
      reader.Fail("/decisions/replication",
                  fmt::format("there is no replication {}", numbers[i]));
    }
    found->second->decisions.push_back(std::move(decisions[i]));
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
    WriteDecisions(record, &writer);
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
  ReadDecisions(reader, &record.replications);
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
