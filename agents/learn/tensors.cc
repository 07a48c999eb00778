#include "agents/learn/tensors.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <numeric>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

// How torch's optimisers name a parameter's state.
std::string KeyOf(const at::Tensor& parameter) {
  return c10::guts::to_string(parameter.unsafeGetTensorImpl());
}

json BytesOf(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  json::binary_t::container_type bytes(plain.nbytes());
  std::memcpy(bytes.data(), plain.data_ptr(), bytes.size());
  return json::binary(std::move(bytes));
}

void FromBytes(const json& saved, const at::Tensor& tensor) {
  const auto& bytes = saved.get_binary();
  if (bytes.size() != tensor.nbytes()) {
    throw InputError(
        fmt::format("checkpoint: a tensor has {} bytes; the network's has {}",
                    bytes.size(), tensor.nbytes()));
  }
  const at::NoGradGuard no_gradients;
  at::Tensor read = at::empty_like(tensor, at::MemoryFormat::Contiguous);
  std::memcpy(read.data_ptr(), bytes.data(), bytes.size());
  tensor.detach().copy_(read);
}

}  // namespace

at::Tensor TensorOf(const std::vector<double>& numbers,
                    const std::vector<int64_t>& shape) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  AIRLOCK_CHECK(tensor.numel() == static_cast<int64_t>(numbers.size()));
  std::copy(numbers.begin(), numbers.end(), tensor.data_ptr<double>());
  return tensor;
}

at::Tensor MaskOf(const std::vector<uint8_t>& flags,
                  const std::vector<int64_t>& shape) {
  at::Tensor tensor = at::empty(shape, at::kBool);
  AIRLOCK_CHECK(tensor.numel() == static_cast<int64_t>(flags.size()));
  bool* to = tensor.data_ptr<bool>();
  for (const uint8_t flag : flags) *to++ = flag != 0;
  return tensor;
}

std::vector<double> VectorOf(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  const double* const from = plain.data_ptr<double>();
  return {from, from + plain.numel()};
}

std::vector<int64_t> Shuffled(int64_t count, RngStream* rng) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[rng->UniformInt(i)]);
  }
  return order;
}

double ClipGradients(const std::vector<at::Tensor>& parameters, double most) {
  const at::NoGradGuard no_gradients;
  double squares = 0;
  for (const at::Tensor& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    squares += parameter.grad().square().sum().item<double>();
  }
  const double length = std::sqrt(squares);
  if (length > most) {
    for (const at::Tensor& parameter : parameters) {
      if (parameter.grad().defined()) {
        parameter.grad().mul_(most / (length + 1e-6));
      }
    }
  }
  return length;
}

void SetLearningRate(torch::optim::Adam* adam, double rate) {
  for (auto& group : adam->param_groups()) {
    static_cast<torch::optim::AdamOptions&>(group.options()).lr(rate);
  }
}

json SaveTensors(const std::vector<at::Tensor>& tensors) {
  json saved = json::array();
  for (const at::Tensor& tensor : tensors) saved.push_back(BytesOf(tensor));
  return saved;
}

void LoadTensors(const json& saved, const std::vector<at::Tensor>& tensors) {
  if (!saved.is_array() || saved.size() != tensors.size()) {
    throw InputError(fmt::format("checkpoint: {} tensors; the networks have {}",
                                 saved.is_array() ? saved.size() : 0,
                                 tensors.size()));
  }
  for (size_t i = 0; i < tensors.size(); ++i) FromBytes(saved[i], tensors[i]);
}

json SaveAdam(torch::optim::Adam* adam,
              const std::vector<at::Tensor>& parameters) {
  json saved = json::array();
  for (const at::Tensor& parameter : parameters) {
    const auto found = adam->state().find(KeyOf(parameter));
    if (found == adam->state().end()) {  // no step yet
      saved.push_back(nullptr);
      continue;
    }
    auto& state = static_cast<torch::optim::AdamParamState&>(*found->second);
    saved.push_back({{"step", state.step()},
                     {"mean", BytesOf(state.exp_avg())},
                     {"square", BytesOf(state.exp_avg_sq())}});
  }
  return saved;
}

void LoadAdam(const json& saved, torch::optim::Adam* adam,
              const std::vector<at::Tensor>& parameters) {
  if (!saved.is_array() || saved.size() != parameters.size()) {
    throw InputError("checkpoint: an optimiser of other networks");
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string key = KeyOf(parameters[i]);
    adam->state().erase(key);
    if (saved[i].is_null()) continue;
    auto state = std::make_unique<torch::optim::AdamParamState>();
    state->step(saved[i].at("step").get<int64_t>());
    state->exp_avg(at::zeros_like(parameters[i].detach()));
    state->exp_avg_sq(at::zeros_like(parameters[i].detach()));
    FromBytes(saved[i].at("mean"), state->exp_avg());
    FromBytes(saved[i].at("square"), state->exp_avg_sq());
    adam->state()[key] = std::move(state);
  }
}

}  // namespace airlock
