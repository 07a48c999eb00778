#include "sim/optimisation/search_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/optimisation/acquisition.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A failure may have been bad luck.
constexpr double kFailureNoise = 0.01;
constexpr int kFantasies = 16;
// Noise below this, in signal variances, counts as none.
constexpr double kNoNoise = 1e-6;
// Rounding leaves no smaller variance than this, in squares of the scale.
constexpr double kLeastVariance = 1e-18;

// The training set of one process, row by row.
struct Observations {
  std::vector<int> rows;  // of all evaluations
  std::vector<double> values;
  std::vector<double> noise;

  void Add(int row, double value, double noise_variance) {
    rows.push_back(row);
    values.push_back(value);
    noise.push_back(noise_variance);
  }
};

VectorXd ToVector(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), values.size());
}

GaussianProcess FitTo(const Observations& observations, const MatrixXd& points,
                      bool standardise) {
  MatrixXd x(observations.rows.size(), points.cols());
  for (int i = 0; i < x.rows(); ++i) {
    x.row(i) = points.row(observations.rows[i]);
  }
  GaussianProcessOptions options;
  options.standardise = standardise;
  GaussianProcess process(options);
  process.Fit(x, ToVector(observations.values), ToVector(observations.noise));
  return process;
}

// In units of the greatest value, so that squares neither overflow nor vanish.
void Rescale(Observations* observations) {
  double unit = 0;
  for (double value : observations->values) {
    unit = std::max(unit, std::abs(value));
  }
  if (unit == 0) return;
  for (double& value : observations->values) value /= unit;
  for (double& noise : observations->noise) noise = noise / unit / unit;
}

// y above the fence f = q3 + 1.5 (q3 - q1) becomes f + s log(1 + (y - f) / s),
// s = q3 - q1: the order stays, and so does the slope at the fence. Noise
// shrinks with the slope.
void DrawInOutliers(Observations* observations) {
  std::vector<double> sorted = observations->values;
  std::sort(sorted.begin(), sorted.end());
  const double q3 = QuantileOfSorted(sorted, 0.75);
  const double spread = q3 - QuantileOfSorted(sorted, 0.25);
  const double fence = q3 + 1.5 * spread;
  if (!(spread > 0)) return;
  for (size_t i = 0; i < sorted.size(); ++i) {
    double& value = observations->values[i];
    if (value <= fence) continue;
    const double ratio = (value - fence) / spread;
    value = fence + spread * std::log1p(ratio);
    observations->noise[i] /= (1 + ratio) * (1 + ratio);
  }
}

// log((e^x_1 + ... + e^x_n) / n)
double LogMean(const VectorXd& logs) {
  const double greatest = logs.maxCoeff();
  if (!std::isfinite(greatest)) return greatest;
  return greatest + std::log((logs.array() - greatest).exp().mean());
}

// A normal variable that the process predicts, and how it moves.
struct Outcome {
  double mean;
  double deviation;
  VectorXd mean_gradient;
  VectorXd deviation_gradient;
};

double Deviation(const GaussianProcess& process, double variance) {
  return process.scale() *
         std::sqrt(std::max(variance / process.scale() / process.scale(),
                            kLeastVariance));
}

Outcome Foresee(const GaussianProcess& process, const VectorXd& point,
                bool gradients) {
  const Prediction prediction = process.Predict(point, gradients);
  Outcome outcome;
  outcome.mean = prediction.mean;
  outcome.deviation = Deviation(process, prediction.variance);
  if (gradients) {
    outcome.mean_gradient = prediction.mean_gradient;
    outcome.deviation_gradient =
        prediction.variance_gradient / (2 * outcome.deviation);
  }
  return outcome;
}

// z = (level - mean) / deviation
VectorXd GradientOfZ(const Outcome& outcome, double z) {
  return -(outcome.mean_gradient + z * outcome.deviation_gradient) /
         outcome.deviation;
}

}  // namespace

SearchModel::SearchModel(const SearchSpace& space,
                         const std::vector<Evaluation>& evaluations,
                         int constraints)
    : points_(evaluations.size(), space.size()),
      means_(evaluations.size(), kNaN) {
  AIRLOCK_CHECK(!evaluations.empty());
  for (size_t i = 0; i < evaluations.size(); ++i) {
    points_.row(i) = space.ToUnit(evaluations[i].point).transpose();
  }
  FitObjective(evaluations);
  for (int i = 0; i < constraints; ++i) FitConstraint(evaluations, i);
  FitFailure(evaluations);
  FindIncumbent(evaluations);
}

void SearchModel::FitObjective(const std::vector<Evaluation>& evaluations) {
  Observations observations;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    if (evaluations[i].failed()) continue;
    observations.Add(static_cast<int>(i), evaluations[i].value,
                     evaluations[i].noise_variance);
  }
  if (observations.rows.empty()) return;
  Rescale(&observations);
  DrawInOutliers(&observations);
  objective_ = FitTo(observations, points_, true);
  for (int row : observations.rows) {
    means_[row] = objective_->Predict(points_.row(row), false).mean;
  }
}

void SearchModel::FitConstraint(const std::vector<Evaluation>& evaluations,
                                int which) {
  Observations observations;
  std::vector<double> sizes;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    if (evaluations[i].constraints.empty()) continue;
    const double value = evaluations[i].constraints[which];
    if (!std::isfinite(value)) continue;
    observations.Add(static_cast<int>(i), value, kNaN);
    sizes.push_back(std::abs(value));
  }
  if (observations.rows.empty()) return;
  std::sort(sizes.begin(), sizes.end());
  const double unit = QuantileOfSorted(sizes, 0.5);
  for (double& value : observations.values) {
    value = std::asinh(unit > 0 ? value / unit : value);
  }
  bounds_.push_back(FitTo(observations, points_, true));
}

void SearchModel::FitFailure(const std::vector<Evaluation>& evaluations) {
  Observations observations;
  bool any = false;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    bool failed = evaluations[i].failed();
    for (double constraint : evaluations[i].constraints) {
      failed = failed || !std::isfinite(constraint);
    }
    observations.Add(static_cast<int>(i), failed ? 1 : -1, kFailureNoise);
    any = any || failed;
  }
  if (any) bounds_.push_back(FitTo(observations, points_, false));
}

void SearchModel::FindIncumbent(const std::vector<Evaluation>& evaluations) {
  incumbent_ = points_.row(0).transpose();
  double least = std::numeric_limits<double>::infinity();
  bool feasible = false;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    if (evaluations[i].failed()) continue;
    // A feasible one is better than any that is not.
    const bool ahead = evaluations[i].feasible() && !feasible;
    const bool behind = !evaluations[i].feasible() && feasible;
    if (behind || (!ahead && !(means_[i] < least))) continue;
    feasible = evaluations[i].feasible();
    least = means_[i];
    incumbent_ = points_.row(i).transpose();
  }
  if (feasible) SetBests(evaluations);
}

void SearchModel::SetBests(const std::vector<Evaluation>& evaluations) {
  std::vector<int> feasible;  // among the objective's training points
  int row = 0;
  for (const Evaluation& evaluation : evaluations) {
    if (evaluation.failed()) continue;
    if (evaluation.feasible()) feasible.push_back(row);
    ++row;
  }
  if (objective_->RelativeNoise().maxCoeff() > kNoNoise) {
    fantasies_.emplace(*objective_, kFantasies);
    bests_ = fantasies_->values()(feasible, Eigen::all).colwise().minCoeff();
  } else {
    bests_ = VectorXd::Constant(1, objective_->Predict(incumbent_, false).mean);
  }
}

double SearchModel::LogImprovement(const VectorXd& point,
                                   VectorXd* gradient) const {
  Fantasies::At at;
  if (fantasies_.has_value()) {
    at = fantasies_->Predict(point);
  } else {
    const Prediction prediction = objective_->Predict(point, true);
    at = {VectorXd::Constant(1, prediction.mean), prediction.variance,
          prediction.mean_gradient, prediction.variance_gradient};
  }
  const double deviation = Deviation(*objective_, at.variance);
  const VectorXd deviation_gradient = at.variance_gradient / (2 * deviation);
  const int count = static_cast<int>(bests_.size());
  VectorXd logs(count), slopes(count);
  for (int i = 0; i < count; ++i) {
    const Differentiable h =
        LogUnitImprovement((bests_(i) - at.means(i)) / deviation);
    logs(i) = std::log(deviation) + h.value;
    slopes(i) = h.derivative;
  }
  const double value = LogMean(logs);
  if (gradient == nullptr) return value;
  *gradient = deviation_gradient / deviation;
  for (int i = 0; i < count; ++i) {
    const double z = (bests_(i) - at.means(i)) / deviation;
    const double share = std::exp(logs(i) - value) / count;
    *gradient -= share * slopes(i) / deviation *
                 (at.mean_gradients.col(i) + z * deviation_gradient);
  }
  return value;
}

VectorXd SearchModel::LogImprovement(const MatrixXd& points) const {
  MatrixXd means;
  VectorXd mean, variance;
  if (fantasies_.has_value()) {
    fantasies_->Predict(points, &means, &variance);
  } else {
    objective_->Predict(points, &mean, &variance);
    means = mean;
  }
  VectorXd improvement(points.rows()), logs(bests_.size());
  for (int i = 0; i < improvement.size(); ++i) {
    const double deviation = Deviation(*objective_, variance(i));
    for (int j = 0; j < logs.size(); ++j) {
      logs(j) = LogExpectedImprovement(means(i, j), deviation, bests_(j));
    }
    improvement(i) = LogMean(logs);
  }
  return improvement;
}

double SearchModel::LogAcquisition(const VectorXd& point,
                                   VectorXd* gradient) const {
  const bool gradients = gradient != nullptr;
  double sum = 0;
  if (gradients) gradient->setZero(point.size());
  if (bests_.size() > 0) sum += LogImprovement(point, gradient);
  for (const GaussianProcess& bound : bounds_) {
    const Outcome outcome = Foresee(bound, point, gradients);
    const double z = -outcome.mean / outcome.deviation;
    const Differentiable probability = LogNormalCdf(z);
    sum += probability.value;
    if (gradients) {
      *gradient += probability.derivative * GradientOfZ(outcome, z);
    }
  }
  return sum;
}

VectorXd SearchModel::LogAcquisition(const MatrixXd& points) const {
  VectorXd sum = VectorXd::Zero(points.rows());
  if (bests_.size() > 0) sum = LogImprovement(points);
  VectorXd mean, variance;
  for (const GaussianProcess& bound : bounds_) {
    bound.Predict(points, &mean, &variance);
    for (int i = 0; i < sum.size(); ++i) {
      sum(i) += LogNormalCdf(-mean(i) / Deviation(bound, variance(i))).value;
    }
  }
  return sum;
}

double SearchModel::ScaledImprovement(const VectorXd& point) const {
  if (bests_.size() == 0) return kNaN;
  return std::exp(LogImprovement(point, nullptr)) / objective_->scale();
}

}  // namespace airlock
