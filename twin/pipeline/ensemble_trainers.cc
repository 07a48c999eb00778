#include "twin/pipeline/ensemble_trainers.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <string>

#include "sim/base/error.h"
#include "sim/stats/moments.h"
#include "twin/forecast/weighted_sum.h"
#include "twin/pipeline/learners.h"
#include "twin/pipeline/walk_forward.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr const char* kParts[] = {"ridge", "linear-boost", "xgboost", "mlp"};

std::unique_ptr<Forecaster> TrainLinearBoost(const SampleTable& training,
                                             const ForecasterOptions& options) {
  ForecasterOptions line, trees;
  trees.seed = options.seed;
  for (const auto& [name, value] : options.parameters) {
    (name == "penalty" ? line : trees).parameters[name] = value;
  }
  std::vector<WeightedSum::Part> parts;
  parts.push_back({1, TrainForecaster("ridge", training, line)});
  SampleTable rest = training;
  for (int64_t row = 0; row < rest.rows(); ++row) {
    const size_t r = static_cast<size_t>(row);
    rest.y[r] -=
        parts[0].forecaster->Predict(rest.Row(row), rest.last_target[r]);
  }
  parts.push_back({1, TrainForecaster("xgboost", rest, trees)});
  return std::make_unique<WeightedSum>(0, std::move(parts));
}

// For every row what a forecaster says that was trained on the other blocks.
std::vector<double> OutOfBlock(const std::string& part,
                               const SampleTable& training, int64_t blocks,
                               int64_t gap, const ForecasterOptions& options) {
  std::vector<double> predicted(static_cast<size_t>(training.rows()));
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = training.rows() * block / blocks;
    const int64_t end = training.rows() * (block + 1) / blocks;
    const int64_t first = training.origin[static_cast<size_t>(begin)];
    const int64_t last = training.origin[static_cast<size_t>(end - 1)];
    std::vector<int64_t> beside;
    for (int64_t row = 0; row < training.rows(); ++row) {
      const int64_t origin = training.origin[static_cast<size_t>(row)];
      if (origin < first - gap || origin > last + gap) beside.push_back(row);
    }
    const SampleTable others = KeepRows(training, beside);
    if (others.rows() == 0) {
      throw InputError(fmt::format(
          "forecaster stack: {} rows leave nothing to learn from beside a "
          "block of {} and a gap of {} samples",
          training.rows(), end - begin, gap));
    }
    const auto forecaster = TrainForecaster(part, others, options);
    for (int64_t row = begin; row < end; ++row) {
      const size_t r = static_cast<size_t>(row);
      predicted[r] =
          forecaster->Predict(training.Row(row), training.last_target[r]);
    }
  }
  return predicted;
}

std::unique_ptr<Forecaster> TrainStack(const SampleTable& training,
                                       const ForecasterOptions& options) {
  const auto& parameters = options.parameters;
  const auto blocks = static_cast<int64_t>(parameters.at("blocks"));
  if (training.rows() < 2 * blocks) {
    throw InputError(
        fmt::format("forecaster stack: {} rows are too few for {} blocks",
                    training.rows(), blocks));
  }
  ForecasterOptions of_part;
  of_part.seed = options.seed;
  const double mean = Mean(training.y);
  std::vector<std::string> names;
  std::vector<std::vector<double>> predicted;
  for (const char* part : kParts) {
    if (parameters.at(part) == 0) continue;
    names.push_back(part);
    predicted.push_back(OutOfBlock(part, training, blocks,
                                   static_cast<int64_t>(parameters.at("gap")),
                                   of_part));
    for (double& value : predicted.back()) value -= mean;
  }
  if (names.empty()) throw InputError("forecaster stack: it has no part");
  std::vector<double> y = training.y;
  for (double& value : y) value -= mean;
  const std::vector<double> weights = StackWeights(predicted, y);
  double total = 0;
  std::vector<WeightedSum::Part> parts;
  for (size_t k = 0; k < names.size(); ++k) {
    total += weights[k];
    if (weights[k] == 0) continue;
    parts.push_back({weights[k], TrainForecaster(names[k], training, of_part)});
  }
  return std::make_unique<WeightedSum>((1 - total) * mean, std::move(parts));
}

// Least squares in the parts of `chosen` (bits), others 0: free, or with the
// weights' sum held at 1 by a Lagrange multiplier.
VectorXd Restricted(const MatrixXd& gram, const VectorXd& product,
                    unsigned chosen, bool sum_is_one) {
  std::vector<int64_t> index;
  for (int64_t k = 0; k < product.size(); ++k) {
    if (chosen >> k & 1u) index.push_back(k);
  }
  const auto count = static_cast<int64_t>(index.size());
  const int64_t size = count + (sum_is_one ? 1 : 0);
  MatrixXd left = MatrixXd::Zero(size, size);
  VectorXd right = VectorXd::Ones(size);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) left(i, j) = gram(index[i], index[j]);
    if (sum_is_one) left(i, count) = left(count, i) = 1;
    right[i] = product[index[i]];
  }
  const VectorXd solution = left.completeOrthogonalDecomposition().solve(right);
  VectorXd weights = VectorXd::Zero(product.size());
  for (int64_t i = 0; i < count; ++i) weights[index[i]] = solution[i];
  return weights;
}

}  // namespace

std::vector<double> StackWeights(
    const std::vector<std::vector<double>>& predicted,
    const std::vector<double>& y) {
  const auto parts = static_cast<int64_t>(predicted.size());
  MatrixXd gram(parts, parts);
  VectorXd product(parts);
  // In units of the target's mean square, so that the multiplier fits beside.
  double scale = 0;
  for (const double value : y) scale += value * value;
  if (!(scale > 0)) return std::vector<double>(predicted.size(), 0);
  for (int64_t i = 0; i < parts; ++i) {
    Eigen::Map<const VectorXd> a(predicted[i].data(), y.size());
    for (int64_t j = 0; j < parts; ++j) {
      Eigen::Map<const VectorXd> b(predicted[j].data(), y.size());
      gram(i, j) = a.dot(b) / scale;
    }
    product[i] = a.dot(Eigen::Map<const VectorXd>(y.data(), y.size())) / scale;
  }
  VectorXd best = VectorXd::Zero(parts);
  double least = 0;  // of w'Gw - 2w'b, which is 0 without any part
  for (unsigned chosen = 1; chosen < 1u << parts; ++chosen) {
    for (const bool sum_is_one : {false, true}) {
      const VectorXd weights = Restricted(gram, product, chosen, sum_is_one);
      if (weights.minCoeff() < 0 || weights.sum() > 1 + 1e-12) continue;
      const double loss = weights.dot(gram * weights - 2 * product);
      if (!(loss < least)) continue;
      least = loss;
      best = weights;
    }
  }
  return {best.data(), best.data() + parts};
}

TrainerEntry LinearBoostTrainer() {
  TrainerEntry entry = XgboostTrainer();
  entry.name = "linear-boost";
  entry.description = "ridge, and boosted trees of what it leaves";
  entry.parameters.push_back({"penalty", 0, 0, 1e6});
  entry.search.push_back({"penalty", 1e-6, 10, true});
  entry.train = TrainLinearBoost;
  return entry;
}

TrainerEntry StackTrainer() {
  return {"stack",
          "ridge and xgboost (or others: linear-boost=1, mlp=1), weighted by "
          "blocks of time left out",
          {{"blocks", 5, 2, 50},
           {"gap", 10, 0, 1e6},
           {"ridge", 1, 0, 1},
           {"linear-boost", 0, 0, 1},
           {"xgboost", 1, 0, 1},
           {"mlp", 0, 0, 1}},
          {},
          TrainStack};
}

}  // namespace airlock
