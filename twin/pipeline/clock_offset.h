#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// Counters and KPIs are often written by two programs with two clocks, and
// joined row by row. Then the counters of sample t + o tell of the same moment
// as the KPIs of sample t, and o, the clock offset, is a property of the set-up
// that can be seen in the trace.

struct ClockOffsetOptions {
  int64_t maximum = 5;  // samples searched either way; 0: no search
  // Both errors that are guarded against, see ClockOffset.
  double significance = 0.05;
  int64_t shuffles = 99;
  int64_t resamples = 200;
  // At most this many counters, evenly taken from those that vary.
  int64_t counters = 100;
  uint64_t seed = 1;
};

// How well the counters of `offset` samples later go with the KPI: the mean
// over counters of the squared correlation of both series' differences from
// one sample to the next (differences, so that slow common movements, which go
// with any offset, do not count).
struct OffsetScore {
  int64_t offset = 0;
  double score = 0;
};

struct ClockOffset {
  // What to use: the best offset if it is certain, else 0.
  int64_t samples = 0;
  int64_t best = 0;  // offset of the highest score
  // Chance that a series without relation scores as high at any of the offsets:
  // share of `shuffles` in which every segment of the KPI is turned around by
  // a random number of samples. 1 if the series do not vary.
  double chance = 1;
  // Share of `resamples`, drawn block by block with replacement, in which
  // another offset is the best: large where only one moment speaks for it, or
  // where the KPI answers to the counters over several samples.
  double rivals = 1;
  std::vector<OffsetScore> scores;  // by offset, from -maximum
  int64_t counters = 0;             // that were looked at
  int64_t blocks = 0;               // that were resampled
  bool significant = false;         // chance and rivals both are small
  std::string ToText() const;       // one line
};

// The clock offset of the counters (role counter, without those that never
// change) against the KPI `kpi`, from all samples of the trace: pass the
// training part. No difference and no pair is taken across the borders of
// segments (SegmentStarts of samples.h). Throws InputError if the KPI is not
// there, `maximum` is not within [0, kMaximumClockOffset] or the trace has
// fewer than 50 samples.
ClockOffset FindClockOffset(const Trace& trace, const std::string& kpi,
                            const ClockOffsetOptions& options);

}  // namespace airlock
