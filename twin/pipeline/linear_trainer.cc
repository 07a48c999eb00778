#include <Eigen/Dense>
#include <cmath>

#include "twin/forecast/linear_forecaster.h"
#include "twin/pipeline/learners.h"

namespace airlock {
namespace {

std::unique_ptr<Forecaster> TrainLinear(const SampleTable& training,
                                        const ForecasterOptions& options) {
  const int64_t rows = training.rows();
  const int64_t columns = training.columns;
  Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic,
                                 Eigen::RowMajor>>
      x(training.x.data(), rows, columns);
  Eigen::Map<const Eigen::VectorXd> y(training.y.data(), rows);
  const double mean = y.mean();
  const double spread = std::sqrt((y.array() - mean).square().mean());
  const double scale = spread > 0 ? spread : 1;
  // Imputation may have moved the features' means a little off 0.
  const Eigen::RowVectorXd centre = x.colwise().mean();
  Eigen::MatrixXd augmented = Eigen::MatrixXd::Zero(rows + columns, columns);
  augmented.topRows(rows) = x.rowwise() - centre;
  augmented.bottomRows(columns).diagonal().setConstant(
      std::sqrt(options.parameters.at("ridge") * static_cast<double>(rows)));
  Eigen::VectorXd target = Eigen::VectorXd::Zero(rows + columns);
  target.head(rows) = (y.array() - mean) / scale;
  const Eigen::VectorXd solution =
      Eigen::ColPivHouseholderQR<Eigen::MatrixXd>(augmented).solve(target) *
      scale;
  return std::make_unique<LinearForecaster>(
      mean - centre.dot(solution),
      std::vector<double>(solution.data(), solution.data() + columns));
}

}  // namespace

TrainerEntry LinearTrainer() {
  return {"linear",
          "least squares with a slight ridge (ridge=0.001)",
          {{"ridge", 1e-3, 0, 1e6}},
          {{"ridge", 1e-8, 1, true}},
          TrainLinear};
}

}  // namespace airlock
