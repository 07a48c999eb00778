#include "calibration/fit/replay.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/surrogate/chain_recursion.h"

namespace airlock {

namespace {

// Only what drives a load: slices stay small.
Trace InputsOf(const Trace& trace) {
  Trace inputs;
  inputs.time_seconds = trace.time_seconds;
  for (const char* name :
       {"offered_rate", "offered_packet_rate", "packet_size", "contention_cpu",
        "contention_cache", "contention_memory", "contention_io"}) {
    const Column* column = trace.Find(name);
    if (column != nullptr) inputs.columns.push_back(*column);
  }
  return inputs;
}

// Packets whose random numbers are kept: about 1 GB for a chain of three.
constexpr double kMostKept = 1e7;

// About as many as a replay of `inputs` sends.
double PacketsOf(const Trace& inputs) {
  const auto& times = inputs.time_seconds;
  const Column* packets = inputs.Find("offered_packet_rate");
  const Column& bits = inputs.Get("offered_rate");
  const double smallest = 8 * 64;  // bits of an Ethernet frame
  double total = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    double rate = packets != nullptr ? packets->values[i] : NAN;
    if (std::isnan(rate)) rate = bits.values[i] / smallest;
    if (std::isnan(rate)) continue;
    const double seconds = i > 0              ? times[i] - times[i - 1]
                           : times.size() > 1 ? times[1] - times[0]
                                              : 1;
    total += rate * seconds;
  }
  return total;
}

// When the sample begins, in ns since the trace's first sample began.
int64_t StartOf(const Trace& trace, int64_t sample) {
  if (sample == 0) return 0;
  const auto& times = trace.time_seconds;
  const double origin = times[0] - (times[1] - times[0]);
  return FromSeconds(times[static_cast<size_t>(sample - 1)] - origin).value();
}

}  // namespace

Replay::Replay(const Trace& trace, std::vector<Segment> segments,
               std::vector<std::string> columns, int64_t lead,
               std::optional<uint64_t> repeated)
    : segments_(std::move(segments)),
      columns_(std::move(columns)),
      repeated_(repeated),
      tapes_(segments_.size()) {
  const Trace inputs = InputsOf(trace);
  for (const Segment& segment : segments_) {
    AIRLOCK_CHECK(0 <= segment.begin && segment.begin < segment.end &&
                  segment.end <= trace.samples());
    const int64_t early = std::min(lead, segment.begin);
    leads_.push_back(early);
    inputs_.push_back(inputs.Slice(segment.begin - early, segment.end));
    begins_ns_.push_back(StartOf(trace, segment.begin - early));
    for (int64_t i = segment.begin; i < segment.end; ++i) samples_.push_back(i);
  }
  double packets = 0;
  for (const Trace& part : inputs_) packets += PacketsOf(part);
  if (packets > kMostKept) repeated_.reset();
}

std::vector<std::vector<double>> Replay::Run(const ChainConfig& chain,
                                             uint64_t seed) const {
  std::vector<std::vector<double>> values(columns_.size());
  for (size_t i = 0; i < segments_.size(); ++i) {
    RunSegment(chain, seed, i, &values);
  }
  return values;
}

void Replay::RunSegment(const ChainConfig& chain, uint64_t seed, size_t segment,
                        std::vector<std::vector<double>>* values) const {
  const Trace& inputs = inputs_[segment];
  ChainConfig replayed = chain;
  replayed.workload.load.kind = "trace";
  for (ChainFunction& function : replayed.functions) {
    function.quota_offset =
        function.quota_offset - Nanoseconds(begins_ns_[segment]);
  }
  const RngTree tree(seed);
  // A segment's random numbers depend on where it lies, not on which others
  // there are.
  const Replication replication(segments_[segment].begin);
  ChainTape* tape = nullptr;
  if (repeated_ == seed) {
    std::unique_ptr<ChainTape>& kept = tapes_[segment];
    if (kept == nullptr) {
      kept = std::make_unique<ChainTape>(replayed, &inputs, tree, replication);
    }
    tape = kept.get();
  }
  std::optional<ChainCourse> own;
  if (tape == nullptr) {
    own.emplace(replayed.workload, &inputs, tree, replication);
  }
  ChainCourse* const course = tape != nullptr ? tape->course() : &*own;
  ChainMonitor monitor(replayed);
  ChainRecursion recursion(replayed, {}, course, tree, replication, &monitor,
                           tape);
  std::vector<Column> declared;
  monitor.Declare(&declared);
  std::vector<size_t> wanted;
  for (const std::string& name : columns_) {
    const auto found =
        std::find_if(declared.begin(), declared.end(),
                     [&](const Column& column) { return column.name == name; });
    AIRLOCK_CHECK(found != declared.end(), "{}", name);
    wanted.push_back(static_cast<size_t>(found - declared.begin()));
  }
  std::vector<double> row;
  for (int64_t i = 0; i < inputs.samples(); ++i) {
    const LoadStep* next = course->Load(static_cast<size_t>(i + 1));
    const int64_t end = next != nullptr ? next->start_ns : course->end_ns();
    recursion.AdvanceTo(end - 1);
    row.clear();
    monitor.Sample(0, end - 1, recursion.Totals(), course, &row);
    if (i < leads_[segment]) continue;
    for (size_t k = 0; k < wanted.size(); ++k) {
      (*values)[k].push_back(row[wanted[k]]);
    }
  }
}

}  // namespace airlock
