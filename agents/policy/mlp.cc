#include "agents/policy/mlp.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr std::pair<const char*, Activation> kActivations[] = {
    {"identity", Activation::kIdentity},
    {"relu", Activation::kRelu},
    {"tanh", Activation::kTanh},
    {"silu", Activation::kSilu},
};

// Value by value with the C library's functions: a vectorised exponential has
// other last bits than the scalar one that takes over at the end of a row.
void Activate(Activation activation, double* y, int64_t count) {
  switch (activation) {
    case Activation::kIdentity:
      return;
    case Activation::kRelu:
      for (int64_t i = 0; i < count; ++i) y[i] = y[i] > 0 ? y[i] : 0;
      return;
    case Activation::kTanh:
      for (int64_t i = 0; i < count; ++i) y[i] = std::tanh(y[i]);
      return;
    case Activation::kSilu:  // x times its logistic function
      for (int64_t i = 0; i < count; ++i) y[i] /= 1 + std::exp(-y[i]);
      return;
  }
}

void CheckLayer(const MlpLayer& layer, size_t number) {
  const auto refuse = [number](const std::string& what) {
    throw InputError(fmt::format("network: layer {}: {}", number, what));
  };
  if (layer.inputs < 1 || layer.outputs < 1) {
    refuse(fmt::format("{} inputs and {} outputs; at least 1 of each",
                       layer.inputs, layer.outputs));
  }
  const size_t outputs = static_cast<size_t>(layer.outputs);
  const size_t inputs = static_cast<size_t>(layer.inputs);
  if (layer.bias.size() != outputs ||
      layer.weights.size() / inputs != outputs ||
      layer.weights.size() % inputs != 0) {
    refuse(fmt::format("{} weights and {} biases for {} inputs and {} outputs",
                       layer.weights.size(), layer.bias.size(), inputs,
                       outputs));
  }
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(layer.weights.begin(), layer.weights.end(), finite) ||
      !std::all_of(layer.bias.begin(), layer.bias.end(), finite)) {
    refuse("a weight is not a finite number");
  }
}

}  // namespace

const char* ToString(Activation activation) {
  for (const auto& [name, value] : kActivations) {
    if (value == activation) return name;
  }
  AIRLOCK_CHECK(false, "activation {}", static_cast<int>(activation));
}

bool Parse(const std::string& text, Activation* activation) {
  for (const auto& [name, value] : kActivations) {
    if (text != name) continue;
    *activation = value;
    return true;
  }
  return false;
}

int64_t Mlp::weights() const {
  int64_t count = 0;
  for (const Layer& layer : layers_) count += layer.weights.size();
  return count;
}

Mlp::Mlp(const std::vector<MlpLayer>& layers) {
  if (layers.empty()) throw InputError("network: it has no layers");
  for (size_t i = 0; i < layers.size(); ++i) {
    const MlpLayer& layer = layers[i];
    CheckLayer(layer, i + 1);
    if (i > 0 && layer.inputs != layers[i - 1].outputs) {
      throw InputError(fmt::format(
          "network: layer {}: {} inputs, but the layer before has {} outputs",
          i + 1, layer.inputs, layers[i - 1].outputs));
    }
    using RowMajor =
        Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    layers_.push_back(
        {Eigen::Map<const RowMajor>(layer.weights.data(), layer.outputs,
                                    layer.inputs),
         Eigen::Map<const Eigen::VectorXd>(layer.bias.data(), layer.outputs),
         layer.activation});
    if (i > 0) widest_ = std::max(widest_, layer.inputs);
  }
}

// Eight outputs at a time, whose sums stay in registers; each sum runs over the
// inputs in their order.
void Mlp::EvaluateLayer(const Layer& layer, const double* x, double* y) {
  constexpr int kTogether = 8;
  using Block = Eigen::Array<double, kTogether, 1>;
  const Eigen::MatrixXd& w = layer.weights;
  Eigen::Index o = 0;
  for (; o + kTogether <= w.rows(); o += kTogether) {
    Block sum = layer.bias.segment<kTogether>(o);
    for (Eigen::Index i = 0; i < w.cols(); ++i) {
      sum += x[i] * w.col(i).segment<kTogether>(o).array();
    }
    Eigen::Map<Block>(y + o) = sum;
  }
  for (; o < w.rows(); ++o) {
    double sum = layer.bias[o];
    for (Eigen::Index i = 0; i < w.cols(); ++i) sum += x[i] * w(o, i);
    y[o] = sum;
  }
  Activate(layer.activation, y, w.rows());
}

const double* Mlp::EvaluateFeatures(const double* x, double* scratch) const {
  double* next = scratch;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    EvaluateLayer(layers_[i], x, next);
    x = next;
    next = next == scratch ? scratch + widest_ : scratch;
  }
  return x;
}

void Mlp::EvaluateHead(const double* features, double* y) const {
  EvaluateLayer(layers_.back(), features, y);
}

void Mlp::Evaluate(const double* x, double* y, double* scratch) const {
  EvaluateHead(EvaluateFeatures(x, scratch), y);
}

void Mlp::EvaluateRows(const double* x, int64_t rows, double* y,
                       double* scratch) const {
  for (int64_t row = 0; row < rows; ++row) {
    Evaluate(x + row * inputs(), y + row * outputs(), scratch);
  }
}

std::vector<MlpLayer> Mlp::Layers() const {
  std::vector<MlpLayer> layers;
  for (const Layer& layer : layers_) {
    const Eigen::MatrixXd columns = layer.weights.transpose();
    layers.push_back(
        {layer.weights.cols(),
         layer.weights.rows(),
         {columns.data(), columns.data() + columns.size()},
         {layer.bias.data(), layer.bias.data() + layer.bias.size()},
         layer.activation});
  }
  return layers;
}

json Mlp::ToJson() const {
  json layers = json::array();
  for (MlpLayer& layer : Layers()) {
    layers.push_back({{"activation", ToString(layer.activation)},
                      {"inputs", layer.inputs},
                      {"outputs", layer.outputs},
                      {"weights", std::move(layer.weights)},
                      {"bias", std::move(layer.bias)}});
  }
  return {{"layers", std::move(layers)}};
}

Mlp Mlp::FromJson(const json& from) {
  std::vector<MlpLayer> layers;
  try {
    for (const json& j : from.at("layers")) {
      MlpLayer layer;
      layer.inputs = j.at("inputs").get<int64_t>();
      layer.outputs = j.at("outputs").get<int64_t>();
      layer.weights = j.at("weights").get<std::vector<double>>();
      layer.bias = j.at("bias").get<std::vector<double>>();
      const std::string activation = j.at("activation");
      if (!Parse(activation, &layer.activation)) {
        throw InputError(fmt::format(
            "network: layer {}: no activation '{}'; known: identity, relu, "
            "tanh, silu",
            layers.size() + 1, activation));
      }
      layers.push_back(std::move(layer));
    }
  } catch (const json::exception& error) {
    throw InputError(fmt::format("network: layer {}: {}", layers.size() + 1,
                                 CauseOf(error)));
  }
  return Mlp(layers);
}

}  // namespace airlock
