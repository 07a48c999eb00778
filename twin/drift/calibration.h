#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "twin/drift/detector.h"
#include "twin/drift/prepared_feature.h"
#include "twin/drift/run_length.h"

namespace airlock {

// How the mean run length of one feature without drift grows with the threshold
// of its evidence: between simulated points, and beyond them, the logarithm of
// the run length is linear in the evidence (the tail of a first passage: Page
// 1954 for CUSUMs, Siegmund 1985).
class RunLengthCurve {
 public:
  RunLengthCurve() = default;
  // Both ascending; at least two points, or one for evidence that has only one
  // level.
  RunLengthCurve(std::vector<double> evidence, std::vector<double> run_length);

  double RunLengthAt(double evidence) const;  // NaN for NaN
  double EvidenceFor(double run_length) const;
  void Save(nlohmann::json* state) const;
  void Load(const nlohmann::json& state);

 private:
  std::vector<double> evidence_;
  std::vector<double> log_run_length_;
};

// Evidence may have few levels (a window of few samples, a stream of 0 and 1),
// and a threshold between two of them no effect: a part of 1e-6 at most, drawn
// anew for each sample, makes equal evidence differ, so that any run length can
// be had. `draw` is uniform on [0, 1).
inline double Resolved(double evidence, double draw) {
  const double resolved = evidence * (1 + 1e-6 * draw);
  return resolved == resolved ? resolved : evidence;
}

// Thresholds by simulation. References and streams without drift are drawn
// alike, and the statistic made anew on each reference (bootstrap of the
// reference and the stream: Efron 1979; used so for control charts by Gandy and
// Kvaloy 2013), so that what is not known for want of a longer reference is
// part of the run length.
struct Thresholds {
  std::vector<RunLengthCurve> curves;  // of each feature
  std::vector<double> alarm;
  std::vector<double> warning;
  DriftCalibration calibration;
};
Thresholds FindThresholds(const std::vector<PreparedFeature>& features,
                          const StatisticEntry& entry,
                          const StatisticParameters& parameters,
                          const DriftOptions& options);

}  // namespace airlock
