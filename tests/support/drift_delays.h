#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/quantile.h"
#include "twin/drift/detector.h"

namespace airlock::testing {

// What becomes of independent standard normals.
struct NormalChange {
  const char* name;
  double shift;   // of the mean
  double spread;  // standard deviation afterwards
};

inline const std::vector<NormalChange>& NormalChanges() {
  static const std::vector<NormalChange> changes = {
      {"+.5 sd", 0.5, 1}, {"+1 sd", 1, 1}, {"sd x2", 0, 2}};
  return changes;
}

struct DelayPlan {
  int64_t reference = 2000;  // samples
  int64_t references = 12;   // drawn and calibrated on
  int64_t streams = 34;      // watched with each
  // Samples before the change, in which an alarm is a false one and watching
  // goes on: about half a run length, for detectors that learn from the stream;
  // up to 64 more by chance, for those that look at every 32nd sample only.
  int64_t quiet = 500;
  int64_t longest = 1000;  // after the change
  uint64_t seed = 23;
};

// Samples from the change to the alarm that finds it; one more than `longest`
// where none does.
struct Delays {
  std::vector<double> samples;
  double MedianSamples() const { return Median(samples); }
  double ShareWithin(double most) const {
    double found = 0;
    for (const double each : samples) found += each <= most;
    return found / static_cast<double>(samples.size());
  }
};

// By the name of the change. Every detector meets the same streams.
inline std::map<std::string, Delays> MeasureDelays(const DriftOptions& options,
                                                   const DelayPlan& plan) {
  std::map<std::string, Delays> delays;
  for (int64_t r = 0; r < plan.references; ++r) {
    const RngTree tree(plan.seed + static_cast<uint64_t>(r));
    RngStream history = tree.Stream("test/history", Replication(0));
    DriftReference reference;
    reference.features = {"x"};
    for (int64_t t = 0; t < plan.reference; ++t) {
      reference.values.push_back(history.Normal(0, 1));
    }
    DriftOptions own = options;
    own.seed = static_cast<uint64_t>(r) + 1;
    const auto detector = CalibrateDriftDetector(reference, own);
    for (const NormalChange& change : NormalChanges()) {
      for (int64_t s = 0; s < plan.streams; ++s) {
        RngStream stream = tree.Stream("test/stream", Replication(s));
        detector->Reset();
        const int64_t quiet =
            plan.quiet + static_cast<int64_t>(stream.UniformInt(64));
        for (int64_t t = 0; t < quiet; ++t) {
          const double x = stream.Normal(0, 1);
          detector->Update(&x);
        }
        int64_t t = 1;
        for (; t <= plan.longest; ++t) {
          const double x = change.shift + stream.Normal(0, change.spread);
          if (detector->Update(&x) == DriftState::kDrift) break;
        }
        delays[change.name].samples.push_back(static_cast<double>(t));
      }
    }
  }
  return delays;
}

}  // namespace airlock::testing
