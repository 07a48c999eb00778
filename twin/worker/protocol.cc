#include "twin/worker/protocol.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr uint32_t kLargestFrame = 1u << 30;

void WriteAll(int fd, const void* bytes, size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = write(fd, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw Error(
          fmt::format("cannot write a frame: {}", std::strerror(errno)));
    }
    next += written;
    count -= static_cast<size_t>(written);
  }
}

// Waits until `fd` has something to read, or ends. A signal that comes just
// before the wait does not cut it short, so it is looked for now and then.
void WaitFor(int fd) {
  constexpr int kMilliseconds = 100;
  pollfd waiting = {fd, POLLIN, 0};
  while (poll(&waiting, 1, kMilliseconds) <= 0) ThrowIfInterrupted();
}

// Bytes read: `count`, or fewer at the end of the stream.
size_t ReadAll(int fd, void* bytes, size_t count) {
  char* next = static_cast<char*>(bytes);
  size_t got = 0;
  while (got < count) {
    WaitFor(fd);
    const ssize_t n = read(fd, next + got, count - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw Error(fmt::format("cannot read a frame: {}", std::strerror(errno)));
    }
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  return got;
}

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

}  // namespace

void WriteFrame(int fd, const json& value) {
  const std::vector<uint8_t> body = json::to_cbor(value);
  if (body.size() > kLargestFrame) {
    throw Error(fmt::format(
        "a result of {} MB is too large to hand over (at most {} MB); make the "
        "run shorter or its interval longer",
        body.size() >> 20, kLargestFrame >> 20));
  }
  const auto size = static_cast<uint32_t>(body.size());
  WriteAll(fd, &size, sizeof size);
  WriteAll(fd, body.data(), body.size());
}

bool ReadFrame(int fd, json* value) {
  uint32_t size = 0;
  const size_t head = ReadAll(fd, &size, sizeof size);
  if (head == 0) return false;
  if (head < sizeof size || size > kLargestFrame) {
    throw Error("cannot read a frame: its head is damaged");
  }
  std::vector<uint8_t> body(size);
  if (ReadAll(fd, body.data(), size) < size) {
    throw Error("cannot read a frame: it ends early");
  }
  *value = json::from_cbor(body);
  return true;
}

json ToJson(const ReplicationRecord& record) {
  json metrics = json::array();
  for (const Metric& metric : record.metrics) {
    metrics.push_back({{"name", metric.name},
                       {"unit", metric.unit},
                       {"description", metric.description},
                       {"value", metric.value}});
  }
  return {{"replication", record.replication.value()},
          {"warmup_seconds", record.warmup_seconds},
          {"simulated_seconds", record.simulated_seconds},
          {"events", record.events},
          {"wall_seconds", record.wall_seconds},
          {"metrics", std::move(metrics)},
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
  record.series = TraceFromJson(j.at("series"));
  return record;
}

}  // namespace airlock
