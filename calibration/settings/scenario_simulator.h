#pragma once

#include <Eigen/Dense>
#include <functional>
#include <string>
#include <vector>

#include "calibration/settings/calibration_task.h"
#include "calibration/settings/measured_points.h"
#include "sim/base/diagnostics.h"

namespace airlock {

// A scenario as a function: parameters and inputs of a task to its metrics, by
// the surrogate engine. Whatever that engine runs can be calibrated so.
class ScenarioSimulator {
 public:
  // `overrides`: as on the command line, below those of the task. `jobs`: runs
  // at a time.
  ScenarioSimulator(std::string scenario, std::vector<std::string> overrides,
                    const CalibrationTask& task, int jobs);

  // Runs the scenario once at the middle of the parameters and resolves it at
  // their ends and at all `points`: what is wrong is said at its place in the
  // scenario and in the task. False if there is any error.
  bool Check(const TaskFile& file, const std::vector<MeasuredPoint>& points,
             Diagnostics* diagnostics) const;

  // values[output](i, j): the output's metric, as it is, with the parameters of
  // row i (unit cube) at point j, in replication `first` + i, which goes with
  // the scenario's seed: rows have random numbers of their own, so that the
  // noise of runs is no bias that they share. NaN where the run has none.
  std::vector<Eigen::MatrixXd> Run(const Eigen::MatrixXd& parameters,
                                   const std::vector<MeasuredPoint>& points,
                                   int64_t first) const;

  int64_t runs() const { return runs_; }
  // Told after each run; from the calling thread only.
  void OnRun(std::function<void()> done) { done_ = std::move(done); }

 private:
  std::vector<std::string> OverridesAt(const Eigen::VectorXd& parameters,
                                       const MeasuredPoint& point) const;
  std::vector<double> RunOne(const Eigen::VectorXd& parameters,
                             const MeasuredPoint& point,
                             int64_t replication) const;
  bool CheckMetrics(const TaskFile& file, const MeasuredPoint& point,
                    Diagnostics* diagnostics) const;

  std::string scenario_;
  std::vector<std::string> overrides_;
  const CalibrationTask& task_;
  int jobs_;
  mutable int64_t runs_ = 0;
  std::function<void()> done_;
};

}  // namespace airlock
