#include <Eigen/Dense>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/forecast/learners.h"
#include "twin/forecast/parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

class LinearForecaster : public Forecaster {
 public:
  explicit LinearForecaster(const ForecasterOptions& options) {
    ridge_ = ResolveParameters("linear", {{"ridge", 1e-3, 0, 1e6}},
                               options.parameters)
                 .at("ridge");
  }

  std::string name() const override { return "linear"; }

  void Fit(const SampleTable& training) override {
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
        std::sqrt(ridge_ * static_cast<double>(rows)));
    Eigen::VectorXd target = Eigen::VectorXd::Zero(rows + columns);
    target.head(rows) = (y.array() - mean) / scale;
    const Eigen::VectorXd solution =
        Eigen::ColPivHouseholderQR<Eigen::MatrixXd>(augmented).solve(target) *
        scale;
    weights_.assign(solution.data(), solution.data() + columns);
    intercept_ = mean - centre.dot(solution);
  }

  double Predict(const double* x, double) const override {
    double value = intercept_;
    for (size_t k = 0; k < weights_.size(); ++k) value += weights_[k] * x[k];
    return value;
  }

  std::string Save() const override {
    return json{{"intercept", intercept_}, {"weights", weights_}}.dump();
  }

  void Load(const std::string& text) override {
    try {
      const json learned = json::parse(text);
      intercept_ = learned.at("intercept").get<double>();
      weights_ = learned.at("weights").get<std::vector<double>>();
    } catch (const json::exception& e) {
      throw InputError(
          fmt::format("forecaster linear: not its parameters: {}", CauseOf(e)));
    }
  }

 private:
  double ridge_;
  double intercept_ = 0;
  std::vector<double> weights_;
};

}  // namespace

std::unique_ptr<Forecaster> MakeLinearForecaster(
    const ForecasterOptions& options) {
  return std::make_unique<LinearForecaster>(options);
}

}  // namespace airlock
