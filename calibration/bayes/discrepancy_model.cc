#include "calibration/bayes/discrepancy_model.h"

#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/optimisation/kernel.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kLogTwoPi = 1.8378770664093453;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMedianLength = 0.5;
constexpr double kLengthSpread = 0.7;
constexpr int kStartTries = 50;  // draws, of which a chain starts at the best
constexpr double kNoiseShare = 1.0 / 3;  // of the tolerance

// Elements of `all` at `places`.
VectorXd Pick(const VectorXd& all, const std::vector<Index>& places) {
  VectorXd picked(static_cast<Index>(places.size()));
  for (size_t i = 0; i < places.size(); ++i) {
    picked(static_cast<Index>(i)) = all(places[i]);
  }
  return picked;
}

VectorXd Normals(Index count, RngStream* stream) {
  VectorXd z(count);
  for (Index i = 0; i < count; ++i) z(i) = stream->Normal(0, 1);
  return z;
}

}  // namespace

DiscrepancyModel::DiscrepancyModel(OutputFunction function, int parameters,
                                   std::vector<OutputGroup> groups,
                                   Discrepancy discrepancy)
    : function_(std::move(function)),
      parameters_(parameters),
      groups_(std::move(groups)),
      discrepancy_(discrepancy) {
  std::vector<double> mean, sd;
  const auto add = [&](double location, double spread) {
    mean.push_back(location);
    sd.push_back(spread);
    return parameters_ + static_cast<int>(mean.size()) - 1;
  };
  for (const OutputGroup& group : groups_) {
    AIRLOCK_CHECK(group.tolerance > 0 && group.observed.allFinite());
    Places places;
    if (discrepancy_ == Discrepancy::kGaussianProcess) {
      places.sd = add(std::log(group.tolerance), 1);
      places.length = add(std::log(kMedianLength), kLengthSpread);
    }
    if (group.noise_variance.hasNaN()) {
      places.noise = add(std::log(kNoiseShare * group.tolerance), 1);
    }
    places_.push_back(places);
  }
  dimensions_ = parameters_ + static_cast<int>(mean.size());
  prior_mean_ =
      Eigen::Map<VectorXd>(mean.data(), static_cast<Index>(mean.size()));
  prior_sd_ = Eigen::Map<VectorXd>(sd.data(), static_cast<Index>(sd.size()));
}

DiscrepancyModel DiscrepancyModel::WithObserved(
    const std::vector<VectorXd>& observed) const {
  DiscrepancyModel other = *this;
  for (size_t g = 0; g < groups_.size(); ++g) {
    other.groups_[g].observed = observed[g];
  }
  return other;
}

double DiscrepancyModel::DiscrepancySd(const VectorXd& point,
                                       size_t group) const {
  const int place = places_[group].sd;
  return place < 0 ? 0 : std::exp(point(place));
}

double DiscrepancyModel::NoiseSd(const VectorXd& point, size_t group) const {
  const int place = places_[group].noise;
  return place < 0 ? std::numeric_limits<double>::quiet_NaN()
                   : std::exp(point(place));
}

MatrixXd DiscrepancyModel::DiscrepancyCovariance(const VectorXd& point,
                                                 size_t group,
                                                 const MatrixXd& a,
                                                 const MatrixXd& b) const {
  const Places& places = places_[group];
  if (places.sd < 0) return MatrixXd::Zero(a.rows(), b.rows());
  KernelParameters kernel;
  kernel.length_scales =
      VectorXd::Constant(a.cols(), std::exp(point(places.length)));
  kernel.signal_variance = std::exp(2 * point(places.sd));
  return Covariances(Kernel::kMatern52, kernel, a, b);
}

MatrixXd DiscrepancyModel::ResidualCovariance(const VectorXd& point,
                                              size_t group,
                                              const VectorXd& variance) const {
  const OutputGroup& g = groups_[group];
  MatrixXd covariance = DiscrepancyCovariance(point, group, g.inputs, g.inputs);
  covariance.diagonal() += Pick(variance, g.outputs);
  if (places_[group].noise < 0) {
    covariance.diagonal() += g.noise_variance;
  } else {
    covariance.diagonal().array() += std::exp(2 * point(places_[group].noise));
  }
  return covariance;
}

VectorXd DiscrepancyModel::Residual(const VectorXd& mean, size_t group) const {
  return groups_[group].observed - Pick(mean, groups_[group].outputs);
}

double DiscrepancyModel::LogDensity(const VectorXd& point) const {
  const auto parameters = point.head(parameters_);
  if ((parameters.array() < 0).any() || (parameters.array() > 1).any()) {
    return -kInfinity;
  }
  const Eigen::ArrayXd z =
      (point.tail(prior_mean_.size()) - prior_mean_).array() /
      prior_sd_.array();
  double value = -0.5 * z.square().sum() - prior_sd_.array().log().sum() -
                 0.5 * kLogTwoPi * static_cast<double>(z.size());
  VectorXd mean, variance;
  function_(parameters, &mean, &variance);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const Eigen::LLT<MatrixXd> factor(ResidualCovariance(point, g, variance));
    if (factor.info() != Eigen::Success) return -kInfinity;
    const VectorXd residual = Residual(mean, g);
    value -= 0.5 * factor.matrixL().solve(residual).squaredNorm();
    value -= factor.matrixLLT().diagonal().array().log().sum();
    value -= 0.5 * kLogTwoPi * static_cast<double>(residual.size());
  }
  return std::isfinite(value) ? value : -kInfinity;
}

VectorXd DiscrepancyModel::PriorDraw(RngStream* stream) const {
  VectorXd point(dimensions_);
  for (int j = 0; j < parameters_; ++j) point(j) = stream->Uniform();
  for (Index j = 0; j < prior_mean_.size(); ++j) {
    point(parameters_ + j) = stream->Normal(prior_mean_(j), prior_sd_(j));
  }
  return point;
}

std::vector<VectorXd> DiscrepancyModel::Simulate(const VectorXd& point,
                                                 RngStream* stream) const {
  VectorXd mean, variance;
  function_(point.head(parameters_), &mean, &variance);
  std::vector<VectorXd> observed;
  for (size_t g = 0; g < groups_.size(); ++g) {
    MatrixXd lower;
    const MatrixXd covariance = ResidualCovariance(point, g, variance);
    AIRLOCK_CHECK(JitteredCholesky(covariance, covariance.diagonal().maxCoeff(),
                                   &lower) >= 0);
    observed.push_back(Pick(mean, groups_[g].outputs) +
                       lower * Normals(covariance.rows(), stream));
  }
  return observed;
}

PosteriorSample DiscrepancyModel::Sample(const MetropolisOptions& options,
                                         const RngTree& tree,
                                         const std::string& name) const {
  RngStream stream = tree.Stream(name + "/starts", Replication(0));
  MatrixXd starts(options.chains, dimensions_);
  for (int c = 0; c < options.chains; ++c) {
    VectorXd start;
    double best = -kInfinity;
    for (int i = 0; i < kStartTries || !std::isfinite(best); ++i) {
      const VectorXd draw = PriorDraw(&stream);
      const double value = LogDensity(draw);
      if (!(value > best)) continue;
      best = value;
      start = draw;
    }
    starts.row(c) = start.transpose();
  }
  VectorXd spread = VectorXd::Constant(dimensions_, 0.05);
  spread.tail(prior_sd_.size()) = 0.3 * prior_sd_;
  return SamplePosterior(
      [this](const VectorXd& point) { return LogDensity(point); }, starts,
      spread, options, tree, name);
}

void DiscrepancyModel::Foretell(const VectorXd& point, size_t group,
                                const MatrixXd& inputs, VectorXd* mean,
                                VectorXd* variance) const {
  if (discrepancy_ == Discrepancy::kNone) {
    *mean = VectorXd::Zero(inputs.rows());
    *variance = VectorXd::Zero(inputs.rows());
    return;
  }
  VectorXd output, output_variance;
  function_(point.head(parameters_), &output, &output_variance);
  const Eigen::LLT<MatrixXd> factor(
      ResidualCovariance(point, group, output_variance));
  AIRLOCK_CHECK(factor.info() == Eigen::Success);
  const MatrixXd cross =
      DiscrepancyCovariance(point, group, groups_[group].inputs, inputs);
  *mean = cross.transpose() * factor.solve(Residual(output, group));
  const MatrixXd half = factor.matrixL().solve(cross);
  const double sd = DiscrepancySd(point, group);
  *variance =
      (sd * sd - half.colwise().squaredNorm().transpose().array()).max(0.0);
}

}  // namespace airlock
