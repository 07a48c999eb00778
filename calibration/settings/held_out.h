#pragma once

#include <Eigen/Dense>
#include <vector>

#include "calibration/bayes/discrepancy_model.h"
#include "calibration/fit/calibrate.h"
#include "calibration/settings/measured_points.h"
#include "sim/base/rng.h"

namespace airlock {

// What posterior draws say of the held-out points.
struct HeldOutRuns {
  // Of a draw and an output at each point, on the output's scale: what the
  // model is taken to be off by, and its variance with that of a row's noise.
  struct Spread {
    Eigen::VectorXd mean, variance;
  };

  Eigen::MatrixXd inputs;                            // scaled as those fitted
  std::vector<std::vector<Eigen::MatrixXd>> values;  // [draw][output](0, point)
  std::vector<std::vector<Spread>> discrepancy;      // [draw][output]
};

// Adds how well output `k` was foretold: KpiFidelity and the held-out rows.
void JudgeHeldOut(const CalibrationTask& task, size_t k,
                  const MeasuredPoints& points, const HeldOutRuns& runs,
                  const Trace& trace, const FidelityLimits& limits,
                  CalibrationResult* result);

// Adds the absolute errors of the twin, of the twin with its discrepancy, and
// of baselines that know no simulator.
void AddBaselines(const CalibrationTask& task, size_t k,
                  const MeasuredPoints& points, const OutputGroup& group,
                  const HeldOutRuns& runs, const Trace& trace,
                  const RngTree& tree, CalibrationResult* result);

}  // namespace airlock
