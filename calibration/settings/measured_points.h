#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "calibration/settings/calibration_task.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// Rows of a trace that were measured under the same circumstances.
struct MeasuredPoint {
  std::vector<double> inputs;  // as in the trace, one an input
  std::vector<std::vector<double>>
      values;               // [output]: of each row that has one
  double time_seconds = 0;  // of the first row
};

struct MeasuredPoints {
  std::vector<MeasuredPoint> fit;
  std::vector<MeasuredPoint> held_out;  // in time order
  int64_t fit_rows = 0;                 // before points were chosen
  int64_t held_out_rows = 0;
};

// The rows of the trace that the task speaks of, split and joined; at most
// fit_points and judge_points of them, evenly over their order by inputs and by
// time. Errors at their place in the task: columns that the trace has not,
// values without a setting, too few points.
MeasuredPoints CollectPoints(const TaskFile& task, const Trace& trace,
                             Diagnostics* diagnostics);

// What comparisons see of a value of the output, and back.
double OnScale(const TaskOutput& output, double value);
double OffScale(const TaskOutput& output, double scaled);

// The inputs of points as the discrepancy sees them: each on its scale, with
// the range of `reference` as 0..1.
Eigen::MatrixXd ScaledInputs(const CalibrationTask& task,
                             const std::vector<MeasuredPoint>& points,
                             const std::vector<MeasuredPoint>& reference);

}  // namespace airlock
