#include <xgboost/c_api.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "twin/forecast/learners.h"
#include "twin/forecast/parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const std::vector<ForecasterParameter>& KnownParameters() {
  static const std::vector<ForecasterParameter> kKnown = {
      {"rounds", 200, 1, 10000}, {"depth", 4, 1, 12},
      {"eta", 0.1, 1e-4, 1},     {"min_child_weight", 1, 0, 1e6},
      {"lambda", 1, 0, 1e6},     {"gamma", 0, 0, 1e6},
      {"subsample", 1, 0.1, 1},  {"columns", 1, 0.05, 1},
      {"bins", 256, 8, 1024},
  };
  return kKnown;
}

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

// One regression tree; node 0 is the root. A leaf has left < 0 and its value
// in `threshold`. x goes left if x[feature] < threshold, in single precision.
struct Tree {
  std::vector<int> left;
  std::vector<int> right;
  std::vector<int> feature;
  std::vector<float> threshold;

  float Value(const double* x) const {
    size_t node = 0;
    while (left[node] >= 0) {
      const bool go_left =
          static_cast<float>(x[feature[node]]) < threshold[node];
      node = static_cast<size_t>(go_left ? left[node] : right[node]);
    }
    return threshold[node];
  }
};

// `text` is the text of an array member of `object`, checked for its length.
template <typename T>
std::vector<T> Member(const json& object, const char* name, size_t size) {
  auto values = object.at(name).get<std::vector<T>>();
  if (size != 0 && values.size() != size) {
    throw InputError(
        fmt::format("forecaster xgboost: '{}' has {} nodes, not {}", name,
                    values.size(), size));
  }
  return values;
}

// Children come after their parents, so that every walk ends.
void CheckTree(const Tree& tree) {
  const int nodes = static_cast<int>(tree.left.size());
  for (int node = 0; node < nodes; ++node) {
    const int left = tree.left[static_cast<size_t>(node)];
    const int right = tree.right[static_cast<size_t>(node)];
    if (left < 0) continue;
    if (left <= node || right <= node || left >= nodes || right >= nodes ||
        tree.feature[static_cast<size_t>(node)] < 0) {
      throw InputError(fmt::format(
          "forecaster xgboost: node {} has children {} and {} of {} nodes",
          node, left, right, nodes));
    }
  }
}

class XgboostForecaster : public Forecaster {
 public:
  explicit XgboostForecaster(const ForecasterOptions& options)
      : parameters_(ResolveParameters("xgboost", KnownParameters(),
                                      options.parameters)),
        seed_(options.seed) {}

  std::string name() const override { return "xgboost"; }
  void Fit(const SampleTable& training) override;
  double Predict(const double* x, double) const override {
    return mean_ + scale_ * static_cast<double>(Standardised(x));
  }
  std::string Save() const override;
  void Load(const std::string& text) override;

 private:
  float Standardised(const double* x) const {
    float sum = 0;
    for (const Tree& tree : trees_) sum += tree.Value(x);
    return sum;
  }
  void SetParameters(Booster* booster) const;
  void TakeTrees(const Booster& booster);
  void CheckAgainst(const Booster& booster, const Matrix& matrix,
                    const SampleTable& training) const;

  std::map<std::string, double> parameters_;
  uint64_t seed_;
  double mean_ = 0;
  double scale_ = 1;
  std::vector<Tree> trees_;
};

void XgboostForecaster::SetParameters(Booster* booster) const {
  booster->Set("objective", "reg:squarederror");
  booster->Set("booster", "gbtree");
  booster->Set("tree_method", "hist");
  booster->Set("nthread", "1");
  booster->Set("verbosity", "0");
  booster->Set("base_score", "0");
  booster->Set("seed", fmt::format("{}", seed_ & 0x7fffffff));
  booster->Set("max_depth", fmt::format("{:.0f}", parameters_.at("depth")));
  booster->Set("max_bin", fmt::format("{:.0f}", parameters_.at("bins")));
  booster->Set("eta", fmt::format("{}", parameters_.at("eta")));
  booster->Set("lambda", fmt::format("{}", parameters_.at("lambda")));
  booster->Set("gamma", fmt::format("{}", parameters_.at("gamma")));
  booster->Set("subsample", fmt::format("{}", parameters_.at("subsample")));
  booster->Set("min_child_weight",
               fmt::format("{}", parameters_.at("min_child_weight")));
  booster->Set("colsample_bytree",
               fmt::format("{}", parameters_.at("columns")));
}

void XgboostForecaster::Fit(const SampleTable& training) {
  const size_t rows = static_cast<size_t>(training.rows());
  mean_ = 0;
  for (const double y : training.y) mean_ += y / static_cast<double>(rows);
  double squares = 0;
  for (const double y : training.y) squares += (y - mean_) * (y - mean_);
  scale_ = std::sqrt(squares / static_cast<double>(rows));
  if (!(scale_ > 0)) scale_ = 1;
  // Standardised targets: XGBoost computes in single precision.
  std::vector<float> labels;
  for (const double y : training.y) {
    labels.push_back(static_cast<float>((y - mean_) / scale_));
  }
  const std::vector<float> x(training.x.begin(), training.x.end());

  Matrix matrix;
  Try(XGDMatrixCreateFromMat(x.data(), rows,
                             static_cast<bst_ulong>(training.columns),
                             std::nanf(""), &matrix.handle));
  Try(XGDMatrixSetFloatInfo(matrix.handle, "label", labels.data(), rows));
  Booster booster;
  Try(XGBoosterCreate(&matrix.handle, 1, &booster.handle));
  SetParameters(&booster);
  const int rounds = static_cast<int>(parameters_.at("rounds"));
  for (int round = 0; round < rounds; ++round) {
    ThrowIfInterrupted();
    Try(XGBoosterUpdateOneIter(booster.handle, round, matrix.handle));
  }
  TakeTrees(booster);
  CheckAgainst(booster, matrix, training);
}

void XgboostForecaster::TakeTrees(const Booster& booster) {
  bst_ulong length = 0;
  const char* text = nullptr;
  Try(XGBoosterSaveModelToBuffer(booster.handle, R"({"format":"json"})",
                                 &length, &text));
  const json model = json::parse(text, text + length);
  trees_.clear();
  for (const json& saved :
       model.at("learner").at("gradient_booster").at("model").at("trees")) {
    Tree tree;
    tree.left = saved.at("left_children").get<std::vector<int>>();
    tree.right = saved.at("right_children").get<std::vector<int>>();
    tree.feature = saved.at("split_indices").get<std::vector<int>>();
    tree.threshold = saved.at("split_conditions").get<std::vector<float>>();
    trees_.push_back(std::move(tree));
  }
}

// The trees, walked here, must say what XGBoost says.
void XgboostForecaster::CheckAgainst(const Booster& booster,
                                     const Matrix& matrix,
                                     const SampleTable& training) const {
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* predicted = nullptr;
  Try(XGBoosterPredictFromDMatrix(
      booster.handle, matrix.handle,
      R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":0,)"
      R"("strict_shape":false})",
      &shape, &dimensions, &predicted));
  for (int64_t row = 0; row < training.rows(); ++row) {
    const float ours = Standardised(training.Row(row));
    if (std::abs(ours - predicted[row]) > 1e-5f) {
      throw Error(fmt::format(
          "xgboost: its trees give {} where it predicts {} (row {}); this "
          "version saves models in a form that is not known here",
          ours, predicted[row], row));
    }
  }
}

std::string XgboostForecaster::Save() const {
  json trees = json::array();
  for (const Tree& tree : trees_) {
    // Floats are exact as doubles, and so is their text.
    trees.push_back({{"left", tree.left},
                     {"right", tree.right},
                     {"feature", tree.feature},
                     {"threshold", std::vector<double>(tree.threshold.begin(),
                                                       tree.threshold.end())}});
  }
  return json{{"mean", mean_}, {"scale", scale_}, {"trees", trees}}.dump();
}

void XgboostForecaster::Load(const std::string& text) {
  try {
    const json learned = json::parse(text);
    mean_ = learned.at("mean").get<double>();
    scale_ = learned.at("scale").get<double>();
    trees_.clear();
    for (const json& saved : learned.at("trees")) {
      Tree tree;
      tree.left = Member<int>(saved, "left", 0);
      tree.right = Member<int>(saved, "right", tree.left.size());
      tree.feature = Member<int>(saved, "feature", tree.left.size());
      tree.threshold = Member<float>(saved, "threshold", tree.left.size());
      if (tree.left.empty()) throw InputError("forecaster xgboost: empty tree");
      CheckTree(tree);
      trees_.push_back(std::move(tree));
    }
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("forecaster xgboost: not its parameters: {}", CauseOf(e)));
  }
}

}  // namespace

std::unique_ptr<Forecaster> MakeXgboostForecaster(
    const ForecasterOptions& options) {
  return std::make_unique<XgboostForecaster>(options);
}

}  // namespace airlock
