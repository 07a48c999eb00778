#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "sim/telemetry/trace.h"
#include "twin/drift/detector.h"
#include "twin/drift/monitor.h"
#include "twin/drift/null_model.h"
#include "twin/drift/whitening.h"

namespace airlock::testing {

// Run lengths on what was measured, out of sample: one half is calibrated on,
// the other watched.

// A trace as a drift trigger sees it that was fitted on its first half; one
// series a feature. The first half holds the residuals of the reference, the
// second those of the time to come.
inline std::vector<std::vector<double>> MonitoredSeries(
    const Trace& trace, const MonitorOptions& options) {
  const int64_t half = trace.samples() / 2;
  DriftReference reference;
  const Monitor monitor =
      Monitor::Fit(trace.Slice(0, half), options, &reference);
  std::vector<double> rows = reference.values;
  const MonitoredSamples later =
      monitor.Apply(trace.Slice(half - monitor.lags(), trace.samples()));
  rows.insert(rows.end(), later.values.begin(), later.values.end());
  std::vector<std::vector<double>> series(reference.features.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    series[i % series.size()].push_back(rows[i]);
  }
  return series;
}

// Whether the whole series keeps its level and spread, once its own past has
// been taken off: what no detector had a part in.
inline bool IsSteady(const std::vector<double>& series) {
  return LooksSteady(Whiten(series, 1).innovations, 0.05);
}

// Samples watched until the first alarm of every stream, and how many alarms.
struct Watched {
  double samples = 0;
  double alarms = 0;
};

// From a fresh start at sample `from` to the first alarm or the end.
inline void WatchOnce(const std::vector<double>& stream, size_t from,
                      DriftDetector* detector, Watched* watched) {
  detector->Reset();
  for (size_t t = from; t < stream.size(); ++t) {
    watched->samples += 1;
    if (detector->Update(&stream[t]) == DriftState::kDrift) {
      watched->alarms += 1;
      return;
    }
  }
}

inline std::unique_ptr<DriftDetector> CalibratedOn(
    const std::vector<double>& series, const DriftOptions& options) {
  DriftReference reference;
  reference.features = {"x"};
  reference.values = series;
  return CalibrateDriftDetector(reference, options);
}

// In the order of time; streams start every `step` samples of the second half.
inline Watched WatchInOrder(const std::vector<double>& series, size_t step,
                            const DriftOptions& options) {
  const auto half = static_cast<int64_t>(series.size() / 2);
  const auto detector =
      CalibratedOn({series.begin(), series.begin() + half}, options);
  const std::vector<double> rest(series.begin() + half, series.end());
  Watched watched;
  for (size_t from = 0; from + step <= rest.size(); from += step) {
    WatchOnce(rest, from, detector.get(), &watched);
  }
  return watched;
}

struct BlockPlan {
  size_t block = 100;   // consecutive samples that stay together
  int64_t halves = 5;   // random ones, each calibrated on
  int64_t streams = 4;  // orders of the other half, watched with each
};

// In blocks in random order: what was measured, made stationary. Its values and
// its dependence within a block are those of the series, and no half differs
// from the other but by chance.
inline Watched WatchInBlocks(const std::vector<double>& series,
                             const BlockPlan& plan,
                             const DriftOptions& options) {
  RngStream rng = RngTree(31).Stream("test/blocks", Replication(0));
  const auto shuffle = [&rng](auto begin, auto end) {
    for (auto left = end - begin; left > 1; --left) {
      std::swap(begin[left - 1],
                begin[rng.UniformInt(static_cast<uint64_t>(left))]);
    }
  };
  std::vector<size_t> blocks(series.size() / plan.block);
  for (size_t b = 0; b < blocks.size(); ++b) blocks[b] = b;
  const auto half = static_cast<int64_t>(blocks.size() / 2);
  const auto join = [&](auto begin, auto end) {
    std::vector<double> joined;
    for (; begin != end; ++begin) {
      const auto first =
          series.begin() + static_cast<int64_t>(*begin * plan.block);
      joined.insert(joined.end(), first,
                    first + static_cast<int64_t>(plan.block));
    }
    return joined;
  };
  Watched watched;
  for (int64_t h = 0; h < plan.halves; ++h) {
    shuffle(blocks.begin(), blocks.end());
    DriftOptions own = options;
    own.seed = static_cast<uint64_t>(h) + 1;
    const auto detector =
        CalibratedOn(join(blocks.begin(), blocks.begin() + half), own);
    for (int64_t s = 0; s < plan.streams; ++s) {
      shuffle(blocks.begin() + half, blocks.end());
      WatchOnce(join(blocks.begin() + half, blocks.end()), 0, detector.get(),
                &watched);
    }
  }
  return watched;
}

// Mean samples to an alarm over all (maximum likelihood, streams without an
// alarm being censored), with its 95 % interval over features: a ratio of sums
// by the delta method. Features of one trace are not independent, so it is
// rather too narrow.
inline Interval PooledRunLength(const std::vector<Watched>& features) {
  double samples = 0, alarms = 0;
  for (const Watched& each : features) {
    samples += each.samples;
    alarms += each.alarms;
  }
  Interval interval;
  interval.estimate = samples / std::max(alarms, 0.5);
  double squares = 0;
  for (const Watched& each : features) {
    const double rest = each.samples - interval.estimate * each.alarms;
    squares += rest * rest;
  }
  const double error = std::sqrt(squares) / std::max(alarms, 0.5);
  interval.low = interval.estimate - NormalQuantile(0.975) * error;
  interval.high = interval.estimate + NormalQuantile(0.975) * error;
  return interval;
}

}  // namespace airlock::testing
