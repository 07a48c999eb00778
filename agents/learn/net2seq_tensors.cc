#include "agents/learn/net2seq_tensors.h"

#include <algorithm>
#include <cstring>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kClosed = -1e30;  // the logit of what cannot be chosen

at::Tensor Copied(const std::vector<float>& from,
                  const std::vector<int64_t>& shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  AIRLOCK_CHECK(tensor.numel() == static_cast<int64_t>(from.size()), "{} {}",
                tensor.numel(), from.size());
  std::copy(from.begin(), from.end(), tensor.data_ptr<float>());
  return tensor;
}

at::Tensor Copied(const std::vector<int64_t>& from) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(from.size())}, at::kLong);
  std::copy(from.begin(), from.end(), tensor.data_ptr<int64_t>());
  return tensor;
}

}  // namespace

Net2SeqTensors::Net2SeqTensors(const Net2SeqNetwork& network,
                               const Net2SeqChannels& channels)
    : layout_(network.layout), channels_(channels.channels()) {
  for (const Net2SeqLayer& layer : network.layers) {
    // Our columns are torch's rows: the bytes are the same.
    at::Tensor weights =
        at::empty({layer.weights.cols(), layer.weights.rows()}, at::kFloat);
    std::memcpy(weights.data_ptr(), layer.weights.data(), weights.nbytes());
    at::Tensor bias = at::empty({layer.bias.size()}, at::kFloat);
    std::memcpy(bias.data_ptr(), layer.bias.data(), bias.nbytes());
    parameters_.push_back(weights.set_requires_grad(true));
    parameters_.push_back(bias.set_requires_grad(true));
  }
  for (int b = 1; b < layout_.bonding_levels; ++b) {
    at::Tensor mean = at::zeros({channels_, channels_}, at::kFloat);
    for (int k = 0; b < channels.bonding_levels() && k < channels_; ++k) {
      const std::vector<int>& partners = channels.Partners(k, b);
      for (const int other : partners) {
        mean.data_ptr<float>()[k * channels_ + other] =
            1 / static_cast<float>(partners.size());
      }
    }
    partners_.push_back(mean);
  }
  std::vector<int64_t> places;
  for (int a = 0; a < channels.assignments(); ++a) {
    const ChannelAssignment one = channels.assignment(a);
    places.push_back(one.channel * layout_.bonding_levels + one.bonding);
  }
  places_ = Copied(places);
}

void Net2SeqTensors::CopyTo(Net2SeqNetwork* network) const {
  AIRLOCK_CHECK(network->layout == layout_);
  for (size_t i = 0; i < network->layers.size(); ++i) {
    Net2SeqLayer& layer = network->layers[i];
    const at::Tensor weights = Weights(static_cast<int>(i)).detach();
    const at::Tensor bias = Bias(static_cast<int>(i)).detach();
    std::memcpy(layer.weights.data(), weights.data_ptr(), weights.nbytes());
    std::memcpy(layer.bias.data(), bias.data_ptr(), bias.nbytes());
  }
}

at::Tensor Net2SeqTensors::Apply(int layer, const at::Tensor& x) const {
  return at::addmm(Bias(layer), x, Weights(layer));
}

at::Tensor Net2SeqTensors::Inputs(const Net2SeqRows& rows,
                                  int first_embedding) const {
  std::vector<at::Tensor> parts;
  for (size_t e = 0; e < rows.embeddings.size(); ++e) {
    const Net2SeqRows::Neighbours& from = rows.embeddings[e];
    const int layer = first_embedding + static_cast<int>(e);
    const auto count = static_cast<int64_t>(from.row.size());
    const at::Tensor embedded = at::relu(
        Apply(layer, Copied(from.values, {count, 1 + layout_.history})));
    const at::Tensor heard =
        at::zeros({rows.rows, layout_.embedding}, at::kFloat)
            .index_add(0, Copied(from.row), embedded);
    parts.push_back(heard + Copied(from.silent, {rows.rows, 1}) *
                                at::relu(Bias(layer)));
  }
  const auto rest = static_cast<int64_t>(rows.rest.size()) / rows.rows;
  parts.push_back(Copied(rows.rest, {rows.rows, rest}));
  return at::cat(parts, 1);
}

// A score beside the best ones of its access point: [ap, assignment, 1 + pool].
at::Tensor Net2SeqTensors::Pooled(const at::Tensor& scores) const {
  const int64_t kept = std::min<int64_t>(layout_.pool, scores.size(1));
  at::Tensor best = std::get<0>(at::topk(scores, kept, 1));
  if (kept < layout_.pool) {
    const at::Tensor last = best.narrow(1, kept - 1, 1);
    best = at::cat({best, last.expand({-1, layout_.pool - kept})}, 1);
  }
  return at::cat(
      {scores.unsqueeze(2), best.unsqueeze(1).expand({-1, scores.size(1), -1})},
      2);
}

at::Tensor Net2SeqTensors::LogProbabilities(
    const Net2SeqChoices& choices) const {
  const int64_t hidden = layout_.hidden;
  const int64_t aps = choices.rows.rows / channels_;
  const at::Tensor primary =
      at::relu(Apply(kActorPrimary, Inputs(choices.rows, kActorEmbedding)));
  const at::Tensor& middle = Weights(kActorMiddle);
  at::Tensor h =
      at::addmm(Bias(kActorMiddle), primary, middle.narrow(0, 0, hidden));
  for (size_t b = 0; b < partners_.size(); ++b) {
    const auto first = static_cast<int64_t>(b + 1) * hidden;
    const at::Tensor more = primary.mm(middle.narrow(0, first, hidden));
    h = h + at::matmul(partners_[b], more.view({aps, channels_, hidden}))
                .view({-1, hidden});
  }
  const at::Tensor scores =
      Apply(kActorScores, at::relu(h)).view({aps, -1}).index_select(1, places_);
  const int64_t assignments = scores.size(1);
  const at::Tensor pooled =
      Pooled(scores).view({aps * assignments, 1 + layout_.pool});
  const at::Tensor logits =
      Apply(kActorOutput, at::relu(Apply(kActorPooled, pooled)))
          .view({aps, assignments});
  const auto steps = static_cast<int64_t>(choices.access_points.size());
  const int64_t most = *std::max_element(choices.access_points.begin(),
                                         choices.access_points.end());
  std::vector<int64_t> places;
  for (int64_t step = 0; step < steps; ++step) {
    for (int64_t i = 0; i < choices.access_points[step]; ++i) {
      places.push_back(step * most + i);
    }
  }
  return at::log_softmax(
      at::full({steps * most, assignments}, kClosed, at::kFloat)
          .index_copy(0, Copied(places), logits)
          .view({steps, most * assignments}),
      1);
}

at::Tensor Net2SeqTensors::Values(const Net2SeqPlans& plans,
                                  bool selector) const {
  const int embedding = selector ? kSelectorEmbedding : kCriticEmbedding;
  const int hidden = selector ? kSelectorHidden : kCriticHidden;
  const at::Tensor a = at::relu(Apply(hidden, Inputs(plans.rows, embedding)));
  const at::Tensor y =
      Apply(hidden + 2, at::relu(Apply(hidden + 1, a))).view({-1});
  std::vector<int64_t> plan_of_row;
  std::vector<float> share;
  for (size_t p = 0; p < plans.access_points.size(); ++p) {
    const int64_t rows = plans.access_points[p] * channels_;
    plan_of_row.insert(plan_of_row.end(), rows, static_cast<int64_t>(p));
    share.push_back(1 / static_cast<float>(rows));
  }
  const auto count = static_cast<int64_t>(share.size());
  return at::zeros({count}, at::kFloat).index_add(0, Copied(plan_of_row), y) *
         Copied(share, {count});
}

}  // namespace airlock
