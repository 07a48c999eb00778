#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "twin/forecast/tree_ensemble.h"
#include "twin/pipeline/learners.h"

namespace airlock {
namespace {

using nlohmann::json;

void Try(int result) {
  if (result != 0) {
    throw Error(fmt::format("xgboost: {}", XGBGetLastError()));
  }
}

// The training data of XGBoost; freed on any exit.
struct Matrix {
  DMatrixHandle handle = nullptr;
  ~Matrix() { XGDMatrixFree(handle); }
};

// A model in training.
struct Booster {
  BoosterHandle handle = nullptr;
  ~Booster() { XGBoosterFree(handle); }
  void Set(const char* name, const std::string& value) {
    Try(XGBoosterSetParam(handle, name, value.c_str()));
  }
};

void SetParameters(const ForecasterOptions& options, Booster* booster) {
  const auto& parameters = options.parameters;
  booster->Set("objective", "reg:squarederror");
  booster->Set("booster", "gbtree");
  booster->Set("tree_method", "hist");
  booster->Set("nthread", "1");
  booster->Set("verbosity", "0");
  booster->Set("base_score", "0");
  booster->Set("seed", fmt::format("{}", options.seed & 0x7fffffff));
  booster->Set("max_depth", fmt::format("{:.0f}", parameters.at("depth")));
  booster->Set("max_bin", fmt::format("{:.0f}", parameters.at("bins")));
  booster->Set("eta", fmt::format("{}", parameters.at("eta")));
  booster->Set("lambda", fmt::format("{}", parameters.at("lambda")));
  booster->Set("gamma", fmt::format("{}", parameters.at("gamma")));
  booster->Set("subsample", fmt::format("{}", parameters.at("subsample")));
  booster->Set("min_child_weight",
               fmt::format("{}", parameters.at("min_child_weight")));
  booster->Set("colsample_bytree", fmt::format("{}", parameters.at("columns")));
}

std::vector<RegressionTree> TreesOf(const Booster& booster) {
  bst_ulong length = 0;
  const char* text = nullptr;
  Try(XGBoosterSaveModelToBuffer(booster.handle, R"({"format":"json"})",
                                 &length, &text));
  const json model = json::parse(text, text + length);
  std::vector<RegressionTree> trees;
  for (const json& saved :
       model.at("learner").at("gradient_booster").at("model").at("trees")) {
    RegressionTree tree;
    tree.left = saved.at("left_children").get<std::vector<int>>();
    tree.right = saved.at("right_children").get<std::vector<int>>();
    tree.feature = saved.at("split_indices").get<std::vector<int>>();
    tree.threshold = saved.at("split_conditions").get<std::vector<float>>();
    trees.push_back(std::move(tree));
  }
  return trees;
}

// The trees, walked here, must say what XGBoost says.
void CheckAgainst(const Booster& booster, const Matrix& matrix,
                  const SampleTable& training, const TreeEnsemble& trees) {
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* predicted = nullptr;
  Try(XGBoosterPredictFromDMatrix(
      booster.handle, matrix.handle,
      R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":0,)"
      R"("strict_shape":false})",
      &shape, &dimensions, &predicted));
  for (int64_t row = 0; row < training.rows(); ++row) {
    const float ours = trees.Sum(training.Row(row));
    if (std::abs(ours - predicted[row]) > 1e-5f) {
      throw Error(fmt::format(
          "xgboost: its trees give {} where it predicts {} (row {}); this "
          "version saves models in a form that is not known here",
          ours, predicted[row], row));
    }
  }
}

// The target of training, standardised: XGBoost computes in single precision.
struct Labels {
  double mean = 0;
  double scale = 1;
  std::vector<float> values;
};

Labels Standardise(const std::vector<double>& y) {
  const double count = static_cast<double>(y.size());
  Labels labels;
  for (const double value : y) labels.mean += value / count;
  double squares = 0;
  for (const double value : y) {
    squares += (value - labels.mean) * (value - labels.mean);
  }
  const double deviation = std::sqrt(squares / count);
  if (deviation > 0) labels.scale = deviation;
  for (const double value : y) {
    labels.values.push_back(
        static_cast<float>((value - labels.mean) / labels.scale));
  }
  return labels;
}

// The quantile of level `level` as the smallest value that has at least that
// share at or below it.
float Quantile(std::vector<float> values, double level) {
  const double rank = std::ceil(level * static_cast<double>(values.size())) - 1;
  const auto at = values.begin() + static_cast<int64_t>(std::max(rank, 0.0));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void TrainMean(const ForecasterOptions& options, const Matrix& matrix,
               Booster* booster) {
  const int rounds = static_cast<int>(options.parameters.at("rounds"));
  for (int round = 0; round < rounds; ++round) {
    ThrowIfInterrupted();
    Try(XGBoosterUpdateOneIter(booster->handle, round, matrix.handle));
  }
}

// The tree that the last round has grown.
RegressionTree NewestTree(const Booster& booster, int round) {
  Booster newest;
  Try(XGBoosterSlice(booster.handle, round, round + 1, 1, &newest.handle));
  return TreesOf(newest).at(0);
}

// Gives each leaf `eta` times the quantile of the residuals that end in it and
// adds that to the predictions.
void RefreshLeaves(const SampleTable& training, const Labels& labels,
                   double quantile, float eta, RegressionTree* tree,
                   std::vector<float>* predicted) {
  std::vector<std::vector<float>> residuals(tree->left.size());
  std::vector<size_t> leaf_of;
  for (int64_t row = 0; row < training.rows(); ++row) {
    const size_t leaf = tree->Leaf(training.Row(row));
    leaf_of.push_back(leaf);
    residuals[leaf].push_back(labels.values[static_cast<size_t>(row)] -
                              (*predicted)[static_cast<size_t>(row)]);
  }
  for (size_t node = 0; node < tree->left.size(); ++node) {
    if (tree->left[node] >= 0) continue;
    tree->threshold[node] =
        residuals[node].empty() ? 0 : eta * Quantile(residuals[node], quantile);
  }
  for (size_t row = 0; row < predicted->size(); ++row) {
    (*predicted)[row] += tree->threshold[leaf_of[row]];
  }
}

std::vector<RegressionTree> TrainQuantile(const SampleTable& training,
                                          const ForecasterOptions& options,
                                          const Matrix& matrix,
                                          const Labels& labels,
                                          Booster* booster) {
  const double quantile = options.parameters.at("quantile");
  const float eta = static_cast<float>(options.parameters.at("eta"));
  const int rounds = static_cast<int>(options.parameters.at("rounds"));
  const size_t rows = labels.values.size();
  // A tree of one leaf holds what the others start from.
  std::vector<RegressionTree> trees = {
      {{-1}, {-1}, {0}, {Quantile(labels.values, quantile)}}};
  std::vector<float> predicted(rows, trees[0].threshold[0]);
  std::vector<float> gradient(rows), hessian(rows, 1);
  for (int round = 0; round < rounds; ++round) {
    ThrowIfInterrupted();
    for (size_t row = 0; row < rows; ++row) {
      const bool below = labels.values[row] < predicted[row];
      gradient[row] = static_cast<float>((below ? 1.0 : 0.0) - quantile);
    }
    Try(XGBoosterBoostOneIter(booster->handle, matrix.handle, gradient.data(),
                              hessian.data(), rows));
    trees.push_back(NewestTree(*booster, round));
    RefreshLeaves(training, labels, quantile, eta, &trees.back(), &predicted);
  }
  return trees;
}

std::unique_ptr<Forecaster> TrainXgboost(const SampleTable& training,
                                         const ForecasterOptions& options) {
  const bst_ulong rows = static_cast<bst_ulong>(training.rows());
  const Labels labels = Standardise(training.y);
  const std::vector<float> x(training.x.begin(), training.x.end());
  Matrix matrix;
  Try(XGDMatrixCreateFromMat(x.data(), rows,
                             static_cast<bst_ulong>(training.columns),
                             std::nanf(""), &matrix.handle));
  Try(XGDMatrixSetFloatInfo(matrix.handle, "label", labels.values.data(),
                            rows));
  Booster booster;
  Try(XGBoosterCreate(&matrix.handle, 1, &booster.handle));
  SetParameters(options, &booster);
  if (options.parameters.at("quantile") > 0) {
    return std::make_unique<TreeEnsemble>(
        labels.mean, labels.scale,
        TrainQuantile(training, options, matrix, labels, &booster));
  }
  TrainMean(options, matrix, &booster);
  auto trees = std::make_unique<TreeEnsemble>(labels.mean, labels.scale,
                                              TreesOf(booster));
  CheckAgainst(booster, matrix, training, *trees);
  return trees;
}

}  // namespace

std::map<std::string, double> XgboostLibraryDefaults() {
  return {{"rounds", 100}, {"depth", 6}, {"eta", 0.3}};
}

TrainerEntry XgboostTrainer() {
  return {"xgboost",
          "gradient-boosted trees, histogram method (rounds=200, depth=4, "
          "eta=0.1)",
          {{"rounds", 200, 1, 10000},
           {"depth", 4, 1, 12},
           {"eta", 0.1, 1e-4, 1},
           {"min_child_weight", 1, 0, 1e6},
           {"lambda", 1, 0, 1e6},
           {"gamma", 0, 0, 1e6},
           {"subsample", 1, 0.1, 1},
           {"columns", 1, 0.05, 1},
           {"bins", 256, 8, 1024},
           {"quantile", 0, 0, 0.999}},
          {{"rounds", 50, 600, true, true, "eta", 2, 60},
           {"depth", 2, 8, false, true},
           {"eta", 0.02, 0.3, true},
           {"min_child_weight", 1, 50, true},
           {"lambda", 0.1, 100, true},
           {"subsample", 0.5, 1},
           {"columns", 0.3, 1}},
          TrainXgboost};
}

}  // namespace airlock
