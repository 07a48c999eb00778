#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "twin/forecast/linear_forecaster.h"
#include "twin/pipeline/learners.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Features and target about their means: imputation may have moved the
// features' means a little off 0.
struct Centred {
  MatrixXd x;
  VectorXd y;
  Eigen::RowVectorXd x_mean;
  double y_mean = 0;
};

Centred Centre(const SampleTable& training) {
  Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic,
                                 Eigen::RowMajor>>
      x(training.x.data(), training.rows(), training.columns);
  Eigen::Map<const VectorXd> y(training.y.data(), training.rows());
  Centred centred;
  centred.x_mean = x.colwise().mean();
  centred.x = x.rowwise() - centred.x_mean;
  centred.y_mean = y.mean();
  centred.y = y.array() - centred.y_mean;
  return centred;
}

std::unique_ptr<Forecaster> FromSolution(const Centred& centred,
                                         const VectorXd& solution) {
  return std::make_unique<LinearForecaster>(
      centred.y_mean - centred.x_mean.dot(solution),
      std::vector<double>(solution.data(), solution.data() + solution.size()));
}

std::unique_ptr<Forecaster> TrainLinear(const SampleTable& training,
                                        const ForecasterOptions&) {
  const Centred centred = Centre(training);
  return FromSolution(
      centred,
      Eigen::CompleteOrthogonalDecomposition<MatrixXd>(centred.x).solve(
          centred.y));
}

// The singular value decomposition X = U S V' of the centred features, which
// gives the ridge solution for every penalty.
class RidgePath {
 public:
  explicit RidgePath(const Centred& centred)
      : svd_(centred.x, Eigen::ComputeThinU | Eigen::ComputeThinV),
        projected_(svd_.matrixU().transpose() * centred.y),
        rows_(static_cast<double>(centred.y.size())),
        outside_(std::max(centred.y.squaredNorm() - projected_.squaredNorm(),
                          0.0)) {}

  VectorXd Solution(double penalty) const {
    const VectorXd& s = svd_.singularValues();
    VectorXd scaled(s.size());
    for (int64_t k = 0; k < s.size(); ++k) {
      const double denominator = s[k] * s[k] + penalty * rows_;
      scaled[k] = denominator > 0 ? s[k] * projected_[k] / denominator : 0;
    }
    return svd_.matrixV() * scaled;
  }

  // Mean squared error over the squared share of the degrees of freedom that
  // are left (Golub, Heath and Wahba 1979, equation 1.4); the mean takes one.
  double GeneralisedCrossValidation(double penalty) const {
    const VectorXd& s = svd_.singularValues();
    double squares = outside_;
    double freedom = rows_ - 1;
    for (int64_t k = 0; k < s.size(); ++k) {
      const double kept = s[k] * s[k] / (s[k] * s[k] + penalty * rows_);
      squares += (1 - kept) * (1 - kept) * projected_[k] * projected_[k];
      freedom -= kept;
    }
    if (!(freedom > 0)) return std::numeric_limits<double>::infinity();
    return rows_ * squares / (freedom * freedom);
  }

 private:
  Eigen::BDCSVD<MatrixXd> svd_;
  VectorXd projected_;
  double rows_;
  double outside_;  // squares of y that no combination of features reaches
};

// The penalty among a fine grid that generalises best.
double FindPenalty(const RidgePath& path) {
  constexpr double kLowest = -8, kHighest = 2, kStep = 0.125;  // log10
  double best = 0, least = std::numeric_limits<double>::infinity();
  for (double exponent = kHighest; exponent >= kLowest; exponent -= kStep) {
    const double penalty = std::pow(10, exponent);
    const double error = path.GeneralisedCrossValidation(penalty);
    if (!(error < least)) continue;
    least = error;
    best = penalty;
  }
  return best;
}

std::unique_ptr<Forecaster> TrainRidge(const SampleTable& training,
                                       const ForecasterOptions& options) {
  const Centred centred = Centre(training);
  const RidgePath path(centred);
  const double given = options.parameters.at("penalty");
  return FromSolution(centred,
                      path.Solution(given > 0 ? given : FindPenalty(path)));
}

}  // namespace

TrainerEntry LinearTrainer() {
  return {"linear", "ordinary least squares", {}, {}, TrainLinear};
}

TrainerEntry RidgeTrainer() {
  return {"ridge",
          "least squares with a penalty (penalty=0: found by generalised "
          "cross-validation)",
          {{"penalty", 0, 0, 1e6}},
          {{"penalty", 1e-6, 10, true}},
          TrainRidge};
}

}  // namespace airlock
