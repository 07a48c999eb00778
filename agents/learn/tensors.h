#pragma once

#include <ATen/ATen.h>
#include <torch/optim/adam.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sim/base/rng.h"

// Between our arrays and torch's tensors, all of double precision. For
// agents/learn only.
namespace airlock {

// A copy with this shape.
at::Tensor TensorOf(const std::vector<double>& numbers,
                    const std::vector<int64_t>& shape);
// 1 where a flag is set, else 0, as booleans.
at::Tensor MaskOf(const std::vector<uint8_t>& flags,
                  const std::vector<int64_t>& shape);
std::vector<double> VectorOf(const at::Tensor& tensor);

// A column of whole numbers 0 ... count - 1 in random order.
std::vector<int64_t> Shuffled(int64_t count, RngStream* rng);

// Scales gradients so that together they are at most `most` long (Pascanu et
// al. 2013); returns how long they were.
double ClipGradients(const std::vector<at::Tensor>& parameters, double most);

void SetLearningRate(torch::optim::Adam* adam, double rate);

// Of networks and their optimiser, for a checkpoint: bytes, so every bit stays.
nlohmann::json SaveTensors(const std::vector<at::Tensor>& tensors);
// Throws InputError for tensors of other shapes.
void LoadTensors(const nlohmann::json& saved,
                 const std::vector<at::Tensor>& tensors);
nlohmann::json SaveAdam(torch::optim::Adam* adam,
                        const std::vector<at::Tensor>& parameters);
void LoadAdam(const nlohmann::json& saved, torch::optim::Adam* adam,
              const std::vector<at::Tensor>& parameters);

}  // namespace airlock
