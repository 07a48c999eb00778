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
constexpr int kVersionMinor = 0;

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
