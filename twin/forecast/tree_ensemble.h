#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"

namespace airlock {

// One regression tree, its nodes in the order of the arrays; node 0 is the
// root, children come after their parent. A leaf has left < 0 and its value in
// `threshold`. x goes left if x[feature] < threshold, in single precision.
struct RegressionTree {
  std::vector<int> left;
  std::vector<int> right;
  std::vector<int> feature;
  std::vector<float> threshold;

  size_t Leaf(const double* x) const;  // the node where the walk ends
  int64_t Depth() const;               // nodes on the longest walk
  float Value(const double* x) const { return threshold[Leaf(x)]; }
};

// mean + scale * (sum of trees), walked in the order and precision (float) of
// the library that grew them, so that no such library is needed here and a
// prediction takes about a microsecond.
class TreeEnsemble : public Forecaster {
 public:
  // Throws InputError if a tree is empty or a walk might not end.
  TreeEnsemble(double mean, double scale, std::vector<RegressionTree> trees);
  static std::unique_ptr<Forecaster> Load(const std::string& text);

  std::string name() const override { return "trees"; }
  int64_t inputs() const override { return inputs_; }
  double Predict(const double* x, double last_target) const override;
  int64_t operations() const override { return operations_; }
  std::string Save() const override;

  // The sum of the trees alone.
  float Sum(const double* x) const;

 private:
  double mean_;
  double scale_;
  std::vector<RegressionTree> trees_;
  int64_t inputs_ = 0;
  int64_t operations_ = 0;
};

}  // namespace airlock
