#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/forecast/feature.h"

namespace airlock {

// What a model learns from and is judged on: one row for each prediction
// origin, in time order. Row r is about origin `origin[r]` = t (a sample of the
// trace): `x` holds the features at t + shift, `y` the target at t + horizon,
// `last_target` the newest target known at t (at t - 1 for horizon 0, at t
// otherwise). Unknown values are NaN.
// `whole[r]` is 0 if a feature of row r lies beyond the ends of its segment
// (SegmentStarts): such a row is neither learnt from nor predicted. Empty: all
// are whole.
struct SampleTable {
  int64_t columns = 0;
  std::vector<double> x;  // row-major, rows() * columns
  std::vector<double> y;
  std::vector<double> last_target;
  std::vector<int64_t> origin;
  std::vector<uint8_t> whole;

  bool IsWhole(int64_t row) const {
    return whole.empty() || whole[static_cast<size_t>(row)] != 0;
  }
  int64_t rows() const { return static_cast<int64_t>(y.size()); }
  const double* Row(int64_t row) const { return x.data() + row * columns; }
};

// Where the samples of the trace begin anew, sorted, the first is 0 (empty for
// an empty trace): at the samples that the attribute `segment_starts` lists (a
// file that strings experiments together), and after an interval longer than
// 1.5 times the median interval (samples were lost; a lag across the hole would
// not be one). Throws InputError if the attribute is not a list of numbers.
std::vector<int64_t> SegmentStarts(const Trace& trace);

// One row for every sample of the trace; values beyond the ends of its segment
// are NaN, and so are values at a time-out. With an empty `target`, y and
// last_target are NaN (prediction only). Throws InputError if a column is
// missing or its unit is not the feature's.
SampleTable BuildSamples(const Trace& trace,
                         const std::vector<Feature>& features,
                         const std::string& target, int64_t horizon,
                         const SampleOptions& options = {});

// A split in time: [0, train_end) is for training, [test_begin, samples) for
// the test; the samples between are used for neither.
struct SplitOptions {
  double train_fraction = 0.6;
  int64_t gap = 10;  // samples
};
struct Split {
  int64_t train_end = 0;
  int64_t test_begin = 0;
};
// Throws InputError if a part would have fewer than 20 samples, or the fraction
// is not within (0, 1), or the gap is negative.
Split SplitInTime(int64_t samples, const SplitOptions& options);

// Rows whose features and target all lie in [0, train_end): no label of the
// training reaches into the gap.
SampleTable TrainingRows(const SampleTable& all, const Split& split,
                         int64_t horizon);
// Rows whose features all lie in [test_begin, samples); `lags` is the longest
// look back of a feature.
SampleTable TestRows(const SampleTable& all, const Split& split, int64_t lags);

}  // namespace airlock
