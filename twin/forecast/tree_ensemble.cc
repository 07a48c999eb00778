#include "twin/forecast/tree_ensemble.h"

#include <algorithm>

#include "twin/forecast/learned_json.h"

namespace airlock {
namespace {

using nlohmann::json;

void CheckTree(const RegressionTree& tree) {
  const size_t size = tree.left.size();
  if (size == 0) throw InputError("forecaster trees: a tree is empty");
  if (tree.right.size() != size || tree.feature.size() != size ||
      tree.threshold.size() != size) {
    throw InputError(fmt::format(
        "forecaster trees: a tree has {} left and {} right children, {} "
        "features and {} thresholds",
        size, tree.right.size(), tree.feature.size(), tree.threshold.size()));
  }
  const int nodes = static_cast<int>(size);
  for (int node = 0; node < nodes; ++node) {
    const int left = tree.left[static_cast<size_t>(node)];
    const int right = tree.right[static_cast<size_t>(node)];
    if (left < 0) continue;
    if (left <= node || right <= node || left >= nodes || right >= nodes ||
        tree.feature[static_cast<size_t>(node)] < 0) {
      throw InputError(fmt::format(
          "forecaster trees: node {} has children {} and {} of {} nodes", node,
          left, right, nodes));
    }
  }
}

json TreeToJson(const RegressionTree& tree) {
  // Floats are exact as doubles, and so is their text.
  return {{"left", tree.left},
          {"right", tree.right},
          {"feature", tree.feature},
          {"threshold",
           std::vector<double>(tree.threshold.begin(), tree.threshold.end())}};
}

RegressionTree TreeFromJson(const json& saved) {
  RegressionTree tree;
  tree.left = saved.at("left").get<std::vector<int>>();
  tree.right = saved.at("right").get<std::vector<int>>();
  tree.feature = saved.at("feature").get<std::vector<int>>();
  tree.threshold = saved.at("threshold").get<std::vector<float>>();
  return tree;
}

}  // namespace

int64_t RegressionTree::Depth() const {
  std::vector<int64_t> depth(left.size(), 1);
  int64_t deepest = 1;
  for (size_t node = 0; node < left.size(); ++node) {
    deepest = std::max(deepest, depth[node]);
    if (left[node] < 0) continue;
    depth[static_cast<size_t>(left[node])] = depth[node] + 1;
    depth[static_cast<size_t>(right[node])] = depth[node] + 1;
  }
  return deepest;
}

size_t RegressionTree::Leaf(const double* x) const {
  size_t node = 0;
  while (left[node] >= 0) {
    const bool go_left = static_cast<float>(x[feature[node]]) < threshold[node];
    node = static_cast<size_t>(go_left ? left[node] : right[node]);
  }
  return node;
}

TreeEnsemble::TreeEnsemble(double mean, double scale,
                           std::vector<RegressionTree> trees)
    : mean_(mean), scale_(scale), trees_(std::move(trees)) {
  for (const RegressionTree& tree : trees_) {
    CheckTree(tree);
    operations_ += tree.Depth();
    for (size_t node = 0; node < tree.left.size(); ++node) {
      if (tree.left[node] < 0) continue;
      inputs_ = std::max<int64_t>(inputs_, tree.feature[node] + int64_t{1});
    }
  }
}

std::unique_ptr<Forecaster> TreeEnsemble::Load(const std::string& text) {
  return ParseLearned("trees", text, [](const json& learned) {
    std::vector<RegressionTree> trees;
    for (const json& saved : learned.at("trees")) {
      trees.push_back(TreeFromJson(saved));
    }
    return std::make_unique<TreeEnsemble>(learned.at("mean").get<double>(),
                                          learned.at("scale").get<double>(),
                                          std::move(trees));
  });
}

float TreeEnsemble::Sum(const double* x) const {
  float sum = 0;
  for (const RegressionTree& tree : trees_) sum += tree.Value(x);
  return sum;
}

double TreeEnsemble::Predict(const double* x, double) const {
  return mean_ + scale_ * static_cast<double>(Sum(x));
}

std::string TreeEnsemble::Save() const {
  json trees = json::array();
  for (const RegressionTree& tree : trees_) trees.push_back(TreeToJson(tree));
  return json{{"mean", mean_}, {"scale", scale_}, {"trees", trees}}.dump();
}

}  // namespace airlock
