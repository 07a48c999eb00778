#include "calibration/settings/held_out.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "calibration/fit/predictive.h"
#include "sim/optimisation/gaussian_process.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kQuantiles = 10;  // of a draw's discrepancy and noise

// The runs of all draws at a point that gave a value.
std::vector<double> RunsAt(const HeldOutRuns& runs, size_t k, Index point) {
  std::vector<double> values;
  for (const auto& draw : runs.values) {
    const double value = draw[k](0, point);
    if (!std::isnan(value)) values.push_back(value);
  }
  return values;
}

double MeanOf(const std::vector<double>& values) {
  if (values.empty()) return kNaN;
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of what would be measured at a point, sorted: each draw's run with quantiles
// of its discrepancy and noise.
std::vector<double> PredictiveDraws(const TaskOutput& output,
                                    const HeldOutRuns& runs, size_t k,
                                    Index point) {
  std::vector<double> draws;
  for (size_t d = 0; d < runs.values.size(); ++d) {
    const double value = runs.values[d][k](0, point);
    if (std::isnan(value)) continue;
    const HeldOutRuns::Spread& spread = runs.discrepancy[d][k];
    for (int q = 0; q < kQuantiles; ++q) {
      const double z = NormalQuantile((q + 0.5) / kQuantiles);
      draws.push_back(
          OffScale(output, OnScale(output, value) + spread.mean(point) +
                               z * std::sqrt(spread.variance(point))));
    }
  }
  std::sort(draws.begin(), draws.end());
  return draws;
}

// The mean over draws of the run with the discrepancy's mean.
double Corrected(const TaskOutput& output, const HeldOutRuns& runs, size_t k,
                 Index point) {
  std::vector<double> values;
  for (size_t d = 0; d < runs.values.size(); ++d) {
    const double value = runs.values[d][k](0, point);
    if (std::isnan(value)) continue;
    values.push_back(OffScale(
        output, OnScale(output, value) + runs.discrepancy[d][k].mean(point)));
  }
  return MeanOf(values);
}

size_t NearestRow(const MatrixXd& points, const Eigen::RowVectorXd& to) {
  Index best = 0;
  (points.rowwise() - to).rowwise().squaredNorm().minCoeff(&best);
  return static_cast<size_t>(best);
}

// A prediction for every held-out point.
using Predictions = std::vector<double>;

PredictionError ErrorOf(const std::string& column, const std::string& unit,
                        const std::string& method, size_t k,
                        const MeasuredPoints& points,
                        const Predictions& predictions, RngStream stream) {
  PredictionError error;
  error.quantity = column;
  error.unit = unit;
  error.method = method;
  error.median_in_fit = kNaN;
  std::vector<double> errors;
  for (size_t i = 0; i < points.held_out.size(); ++i) {
    for (double value : points.held_out[i].values[k]) {
      if (std::isnan(predictions[i])) continue;
      errors.push_back(std::abs(value - predictions[i]));
    }
  }
  error.samples = static_cast<int64_t>(errors.size());
  if (errors.size() < 2) return error;
  BootstrapOptions options;
  options.confidence = 0.9;
  options.method = BootstrapMethod::kPercentile;
  error.median = BootstrapInterval(errors, Median, options, &stream);
  error.mean = BootstrapInterval(errors, MeanOf, options, &stream);
  return error;
}

// A Gaussian process of the measured output over the inputs.
Predictions OverInputs(const TaskOutput& output, const OutputGroup& group,
                       const MatrixXd& inputs) {
  GaussianProcess process;
  process.Fit(group.inputs, group.observed,
              VectorXd::Constant(group.observed.size(), kNaN));
  VectorXd mean, variance;
  process.Predict(inputs, &mean, &variance);
  Predictions predictions;
  for (double value : mean) predictions.push_back(OffScale(output, value));
  return predictions;
}

}  // namespace

void JudgeHeldOut(const CalibrationTask& task, size_t k,
                  const MeasuredPoints& points, const HeldOutRuns& runs,
                  const Trace& trace, const FidelityLimits& limits,
                  CalibrationResult* result) {
  const TaskOutput& output = task.outputs[k];
  HeldOutKpi held;
  held.kpi = output.column;
  held.unit = trace.Get(output.column).unit;
  std::vector<double> pooled, central;
  double width = 0, widths = 0;
  for (size_t i = 0; i < points.held_out.size(); ++i) {
    const MeasuredPoint& point = points.held_out[i];
    const auto at = static_cast<Index>(i);
    const std::vector<double> replayed = RunsAt(runs, k, at);
    const std::vector<double> draws = PredictiveDraws(output, runs, k, at);
    for (double value : point.values[k]) {
      held.time_seconds.push_back(point.time_seconds);
      held.measured.push_back(value);
      held.predicted.push_back(MeanOf(replayed));
      pooled.insert(pooled.end(), replayed.begin(), replayed.end());
      // Nothing said where something was measured does not cover.
      central.push_back(draws.empty() ? 0 : CentralPart(draws, value));
      held.low.push_back(draws.empty() ? kNaN : QuantileOfSorted(draws, 0.05));
      held.high.push_back(draws.empty() ? kNaN : QuantileOfSorted(draws, 0.95));
      if (draws.empty()) continue;
      width += held.high.back() - held.low.back();
      ++widths;
    }
  }
  KpiFidelity fidelity =
      JudgeKpi(output.column, held.measured, pooled, central, limits);
  if (widths > 0 && fidelity.sd > 0) {
    fidelity.interval_width = width / widths / fidelity.sd;
  }
  result->profile.kpis.push_back(std::move(fidelity));
  result->held_out.push_back(std::move(held));
}

void AddBaselines(const CalibrationTask& task, size_t k,
                  const MeasuredPoints& points, const OutputGroup& group,
                  const HeldOutRuns& runs, const Trace& trace,
                  const RngTree& tree, CalibrationResult* result) {
  const TaskOutput& output = task.outputs[k];
  Predictions twin, corrected, mean, nearest, before;
  double sum = 0;
  for (double value : group.observed) sum += OffScale(output, value);
  double last = kNaN;
  for (size_t i = 0; i < points.held_out.size(); ++i) {
    const auto at = static_cast<Index>(i);
    twin.push_back(MeanOf(RunsAt(runs, k, at)));
    corrected.push_back(Corrected(output, runs, k, at));
    mean.push_back(sum / static_cast<double>(group.observed.size()));
    nearest.push_back(
        OffScale(output, group.observed(static_cast<Index>(
                             NearestRow(group.inputs, runs.inputs.row(at))))));
    before.push_back(last);
    const auto& values = points.held_out[i].values[k];
    if (!values.empty()) last = values.back();
  }
  const auto add = [&](const std::string& method, const Predictions& p) {
    result->errors.push_back(
        ErrorOf(output.column, trace.Get(output.column).unit, method, k, points,
                p, tree.Stream("calibration/errors", Replication(0))));
  };
  add("twin", twin);
  add("twin with its discrepancy", corrected);
  add("mean of the fitted rows", mean);
  add("nearest fitted point", nearest);
  add("Gaussian process over the inputs",
      OverInputs(output, group, runs.inputs));
  if (task.hold_out.column.empty()) add("value before", before);
}

}  // namespace airlock
