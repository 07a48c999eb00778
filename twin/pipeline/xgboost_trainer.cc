#include <xgboost/c_api.h>

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

std::unique_ptr<Forecaster> TrainXgboost(const SampleTable& training,
                                         const ForecasterOptions& options) {
  const size_t rows = static_cast<size_t>(training.rows());
  double mean = 0;
  for (const double y : training.y) mean += y / static_cast<double>(rows);
  double squares = 0;
  for (const double y : training.y) squares += (y - mean) * (y - mean);
  double scale = std::sqrt(squares / static_cast<double>(rows));
  if (!(scale > 0)) scale = 1;
  // Standardised targets: XGBoost computes in single precision.
  std::vector<float> labels;
  for (const double y : training.y) {
    labels.push_back(static_cast<float>((y - mean) / scale));
  }
  const std::vector<float> x(training.x.begin(), training.x.end());

  Matrix matrix;
  Try(XGDMatrixCreateFromMat(x.data(), rows,
                             static_cast<bst_ulong>(training.columns),
                             std::nanf(""), &matrix.handle));
  Try(XGDMatrixSetFloatInfo(matrix.handle, "label", labels.data(), rows));
  Booster booster;
  Try(XGBoosterCreate(&matrix.handle, 1, &booster.handle));
  SetParameters(options, &booster);
  const int rounds = static_cast<int>(options.parameters.at("rounds"));
  for (int round = 0; round < rounds; ++round) {
    ThrowIfInterrupted();
    Try(XGBoosterUpdateOneIter(booster.handle, round, matrix.handle));
  }
  auto trees = std::make_unique<TreeEnsemble>(mean, scale, TreesOf(booster));
  CheckAgainst(booster, matrix, training, *trees);
  return trees;
}

}  // namespace

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
           {"bins", 256, 8, 1024}},
          {{"rounds", 50, 600, true, true},
           {"depth", 2, 8, false, true},
           {"eta", 0.02, 0.3, true},
           {"min_child_weight", 1, 50, true},
           {"lambda", 0.1, 100, true},
           {"subsample", 0.5, 1},
           {"columns", 0.3, 1}},
          TrainXgboost};
}

}  // namespace airlock
