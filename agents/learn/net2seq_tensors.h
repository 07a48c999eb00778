#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "agents/policy/net2seq_network.h"
#include "agents/policy/net2seq_scene.h"

// net2seq's networks as tensors of single precision, for training. For
// agents/learn only.
namespace airlock {

// The choices at several steps of several plans: of each step the rows of all
// access points that were not configured yet, channel by channel.
struct Net2SeqChoices {
  Net2SeqRows rows;
  std::vector<int64_t> access_points;  // of each step
  // Of each step: position of its choice among access points x assignments.
  std::vector<int64_t> chosen;
  std::vector<float> advantages;  // of each step, in regret: lower is better
  // Instead of choices: of each access point the assignment to imitate.
  std::vector<int64_t> taught;
};

// Plans whose regret a network predicts: rows of all access points.
struct Net2SeqPlans {
  Net2SeqRows rows;
  std::vector<int64_t> access_points;  // of each plan
  std::vector<float> targets;          // regret of an access point
};

class Net2SeqTensors {
 public:
  // Weights as `network` has them; they want gradients. Tables are those of
  // `channels`.
  Net2SeqTensors(const Net2SeqNetwork& network,
                 const Net2SeqChannels& channels);

  // [step, access point x assignment]: padded with -1e30 where a step has fewer
  // access points than others.
  at::Tensor LogProbabilities(const Net2SeqChoices& choices) const;
  // [plan]: the mean over access points and channels.
  at::Tensor Values(const Net2SeqPlans& plans, bool selector) const;

  // By layer: weights, inputs x outputs, and bias.
  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  // The weights, bit by bit; `network` has this layout.
  void CopyTo(Net2SeqNetwork* network) const;

 private:
  const at::Tensor& Weights(int layer) const { return parameters_[2 * layer]; }
  const at::Tensor& Bias(int layer) const { return parameters_[2 * layer + 1]; }
  at::Tensor Apply(int layer, const at::Tensor& x) const;
  at::Tensor Inputs(const Net2SeqRows& rows, int first_embedding) const;
  at::Tensor Pooled(const at::Tensor& scores) const;

  Net2SeqLayout layout_;
  int64_t channels_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> partners_;  // by bonding from 1: [channel, channel]
  at::Tensor places_;  // of each assignment among channels x bonding levels
};

}  // namespace airlock
