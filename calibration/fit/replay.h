#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/scenario.h"
#include "sim/surrogate/chain_tape.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Samples [begin, end) of a trace.
struct Segment {
  int64_t begin = 0;
  int64_t end = 0;
};

// Replays parts of a trace through a chain in the surrogate engine: same
// offered packets, sizes and contention, sample by sample.
class Replay {
 public:
  // `columns`: names of the surrogate's series that are wanted. Each segment
  // starts empty, `lead` samples early. `repeated`: the seed of runs of which
  // there will be many, whose random numbers are kept if they are not too many.
  Replay(const Trace& trace, std::vector<Segment> segments,
         std::vector<std::string> columns, int64_t lead,
         std::optional<uint64_t> repeated = std::nullopt);

  // Samples in all segments, in order.
  const std::vector<int64_t>& samples() const { return samples_; }
  const std::vector<Segment>& segments() const { return segments_; }

  // values[column][i]: the column at samples()[i]. Runs of the repeated seed
  // differ in their functions' parameters only.
  std::vector<std::vector<double>> Run(const ChainConfig& chain,
                                       uint64_t seed) const;

 private:
  void RunSegment(const ChainConfig& chain, uint64_t seed, size_t segment,
                  std::vector<std::vector<double>>* values) const;

  std::vector<Segment> segments_;
  std::vector<std::string> columns_;
  std::vector<Trace> inputs_;       // of each segment, with its lead
  std::vector<int64_t> leads_;      // samples of it
  std::vector<int64_t> begins_ns_;  // of the lead, since the trace's start
  std::vector<int64_t> samples_;
  std::optional<uint64_t> repeated_;
  // Of each segment, from the first run of the repeated seed on.
  mutable std::vector<std::unique_ptr<ChainTape>> tapes_;
};

}  // namespace airlock
