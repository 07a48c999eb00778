#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

enum class Activation { kIdentity, kRelu, kTanh, kSilu };
const char* ToString(Activation activation);
bool Parse(const std::string& text, Activation* activation);

// A layer y = f(W x + b). `weights` is outputs x inputs, row-major, as torch's
// Linear keeps it.
struct MlpLayer {
  int64_t inputs = 0;
  int64_t outputs = 0;
  std::vector<double> weights;
  std::vector<double> bias;
  Activation activation = Activation::kIdentity;
};

// A trained multi-layer perceptron, evaluated in double precision. Immutable.
// Equal layers and inputs give equal bits: every sum runs over the inputs in
// their order, one row at a time or many, wherever the numbers lie in memory,
// and the JSON form keeps every weight. Evaluation allocates nothing.
class Mlp {
 public:
  // Throws InputError naming the layer if there is none, a shape does not match
  // the one before, or a number is not finite.
  explicit Mlp(const std::vector<MlpLayer>& layers);

  // How many weights all layers have, without biases.
  int64_t weights() const;
  int64_t inputs() const { return layers_.front().weights.cols(); }
  int64_t outputs() const { return layers_.back().weights.rows(); }
  // Width of the penultimate layer: the inputs of the last one.
  int64_t features() const { return layers_.back().weights.cols(); }
  // Doubles that an evaluation needs as scratch.
  int64_t scratch_size() const { return 2 * widest_; }

  // `x`: inputs() values; `y`: outputs() values; `scratch`: scratch_size()
  // doubles of the caller's, not to be shared between threads.
  void Evaluate(const double* x, double* y, double* scratch) const;
  // The same in two steps: the penultimate layer's features() values, which lie
  // in `scratch` (in `x` if there is one layer only), and the last layer.
  const double* EvaluateFeatures(const double* x, double* scratch) const;
  void EvaluateHead(const double* features, double* y) const;
  // `rows` rows of inputs() values into rows of outputs() values, row-major.
  void EvaluateRows(const double* x, int64_t rows, double* y,
                    double* scratch) const;

  std::vector<MlpLayer> Layers() const;
  // {"layers": [{"activation", "inputs", "outputs", "weights", "bias"}]}.
  nlohmann::json ToJson() const;
  // Throws InputError that says what is missing or wrong.
  static Mlp FromJson(const nlohmann::json& json);

 private:
  struct Layer {
    Eigen::MatrixXd weights;  // outputs x inputs, one input's column together
    Eigen::VectorXd bias;
    Activation activation;
  };
  static void EvaluateLayer(const Layer& layer, const double* x, double* y);

  std::vector<Layer> layers_;
  int64_t widest_ = 0;  // hidden layer
};

}  // namespace airlock
