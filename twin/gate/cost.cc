#include "twin/gate/cost.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

// Bytes of the heap that are in use.
int64_t HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<int64_t>(heap.uordblks + heap.hblkhd);
}

int64_t HeapBytesOf(const ForecastModel& model) {
  const std::string text = model.ToText();
  const int64_t before = HeapBytes();
  const ForecastModel copy = ForecastModel::FromText(text, "the candidate");
  return std::max<int64_t>(0, HeapBytes() - before);
}

}  // namespace

std::string ToText(const WallClock& record) {
  json late = json::object();
  for (const auto& [stream, questions] : record.late) {
    late[std::to_string(stream)] = questions;
  }
  return json{{"filetype", "gate-wall-clock"},
              {"version", {1, 0}},
              {"latency_seconds", record.latency_seconds},
              {"timed_calls", record.timed_calls},
              {"resident_bytes", record.resident_bytes},
              {"start_seconds", record.start_seconds},
              {"late", late}}
      .dump();
}

WallClock WallClockFromText(const std::string& text, const std::string& name) {
  try {
    const json body = json::parse(text);
    WallClock record;
    if (body.at("filetype") != "gate-wall-clock" ||
        body.at("version").at(0) != 1) {
      throw InputError(name + ": not a gate's wall_clock.json of version 1");
    }
    body.at("latency_seconds").get_to(record.latency_seconds);
    body.at("timed_calls").get_to(record.timed_calls);
    body.at("resident_bytes").get_to(record.resident_bytes);
    body.at("start_seconds").get_to(record.start_seconds);
    for (const auto& [stream, questions] : body.at("late").items()) {
      questions.get_to(record.late[std::stoll(stream)]);
    }
    return record;
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", name, CauseOf(error)));
  }
}

Trace Prolonged(const Trace& trace, int64_t samples) {
  const int64_t once = trace.samples();
  Trace longer = trace;
  longer.attributes.clear();
  longer.time_seconds.clear();
  for (Column& column : longer.columns) column.values.clear();
  const double interval =
      once < 2 ? 1 : trace.time_seconds[1] - trace.time_seconds[0];
  const double turn = trace.time_seconds.back() - trace.time_seconds[0];
  for (int64_t i = 0; i < samples; ++i) {
    const auto from = static_cast<size_t>(i % once);
    longer.time_seconds.push_back(trace.time_seconds[from] +
                                  static_cast<double>(i / once) *
                                      (turn + interval));
    for (size_t c = 0; c < trace.columns.size(); ++c) {
      longer.columns[c].values.push_back(trace.columns[c].values[from]);
    }
  }
  return longer;
}

WallClock TimeModel(const ForecastModel& model, const Trace& trace,
                    int64_t calls) {
  const SampleTable table = model.Samples(trace);
  WallClock record;
  record.resident_bytes = HeapBytesOf(model);
  record.latency_seconds.reserve(static_cast<size_t>(calls));
  double sink = 0;
  for (int64_t i = 0; i < calls && table.rows() > 0; ++i) {
    const int64_t row = i % table.rows();
    const double last = table.last_target[static_cast<size_t>(row)];
    const auto begin = std::chrono::steady_clock::now();
    sink += model.PredictSample(table.Row(row), std::isnan(last) ? 0 : last,
                                nullptr);
    record.latency_seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  // Keeps the calls from being optimised away.
  volatile double keep = sink;
  static_cast<void>(keep);
  return record;
}

int64_t CountSlower(const std::vector<double>& latency_seconds,
                    double limit_seconds) {
  return std::count_if(latency_seconds.begin(), latency_seconds.end(),
                       [&](double s) { return s > limit_seconds; });
}

}  // namespace airlock
