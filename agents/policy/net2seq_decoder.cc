#include "agents/policy/net2seq_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// ApplyLayer() of layers that are too narrow to be worth a call.
inline void ApplySmallLayer(const Net2SeqLayer& layer, const float* x,
                            bool relu, float* y) {
  const auto outputs = static_cast<int>(layer.weights.rows());
  const auto inputs = static_cast<int>(layer.weights.cols());
  const float* w = layer.weights.data();
  for (int o = 0; o < outputs; ++o) y[o] = layer.bias.data()[o];
  for (int i = 0; i < inputs; ++i, w += outputs) {
    for (int o = 0; o < outputs; ++o) y[o] += x[i] * w[o];
  }
  for (int o = 0; relu && o < outputs; ++o) y[o] = std::max(0.0F, y[o]);
}

}  // namespace

Net2SeqDecoder::Net2SeqDecoder(const Net2SeqNetwork* network,
                               Net2SeqScene* scene,
                               std::vector<uint8_t> allowed)
    : network_(network),
      scene_(scene),
      allowed_(std::move(allowed)),
      channels_(scene->channels().channels()),
      assignments_(scene->channels().assignments()),
      levels_(network->layout.bonding_levels),
      hidden_(network->layout.hidden) {
  if (scene->history() != network->layout.history) {
    throw InputError(fmt::format(
        "a net2seq policy that sees {} slots of load before the last one is "
        "given {}",
        network->layout.history, scene->history()));
  }
  if (scene->channels().bonding_levels() > levels_) {
    throw InputError(
        fmt::format("a net2seq policy of {} bonding levels is asked to plan {}",
                    levels_, scene->channels().bonding_levels()));
  }
  if (allowed_.empty()) return;
  AIRLOCK_CHECK(static_cast<int>(allowed_.size()) ==
                scene->size() * assignments_);
  for (int i = 0; i < scene->size(); ++i) {
    const auto first = allowed_.begin() + i * assignments_;
    if (std::find(first, first + assignments_, 1) != first + assignments_) {
      continue;
    }
    throw InputError(
        fmt::format("access point {}: no assignment is allowed", i));
  }
}

void Net2SeqDecoder::Pool(int first_embedding) {
  const int width = network_->layout.embedding;
  const auto count = static_cast<int>(rows_.embeddings.size());
  const int rest = static_cast<int>(rows_.rest.size() / rows_.rows);
  const int inputs = count * width + rest;
  const int slots = 1 + network_->layout.history;
  inputs_.assign(rows_.rows * inputs, 0.0F);
  std::vector<float> y(width);
  std::vector<float> of_silent(width);
  for (int e = 0; e < count; ++e) {
    const Net2SeqLayer& layer = network_->layers[first_embedding + e];
    const Net2SeqRows::Neighbours& from = rows_.embeddings[e];
    for (int o = 0; o < width; ++o)
      of_silent[o] = std::max(0.0F, layer.bias[o]);
    for (size_t n = 0; n < from.row.size(); ++n) {
      ApplySmallLayer(layer, &from.values[n * slots], true, y.data());
      float* to = &inputs_[from.row[n] * inputs + e * width];
      for (int o = 0; o < width; ++o) to[o] += y[o];
    }
    for (int64_t r = 0; r < rows_.rows; ++r) {
      float* to = &inputs_[r * inputs + e * width];
      for (int o = 0; o < width; ++o) {
        to[o] += from.silent[r] * of_silent[o];
      }
    }
  }
  for (int64_t r = 0; r < rows_.rows; ++r) {
    std::copy_n(&rows_.rest[r * rest], rest,
                &inputs_[r * inputs + count * width]);
  }
}

double Net2SeqDecoder::Evaluate(int first_embedding, int first_hidden,
                                bool with_change) {
  rows_.Clear(Net2SeqScene::kPlanEmbeddings);
  for (int i = 0; i < scene_->size(); ++i) {
    for (int k = 0; k < channels_; ++k) {
      scene_->AppendPlanRow(i, k, levels_, with_change, &rows_);
    }
  }
  Pool(first_embedding);
  const int64_t inputs = static_cast<int64_t>(inputs_.size()) / rows_.rows;
  std::vector<float> a(hidden_), b(hidden_);
  double sum = 0;
  for (int64_t r = 0; r < rows_.rows; ++r) {
    float y = 0;
    ApplyLayer(network_->layers[first_hidden], &inputs_[r * inputs], true,
               a.data());
    ApplyLayer(network_->layers[first_hidden + 1], a.data(), true, b.data());
    ApplyLayer(network_->layers[first_hidden + 2], b.data(), false, &y);
    sum += y;
  }
  return sum / static_cast<double>(rows_.rows);
}

double Net2SeqDecoder::Value() {
  scene_->Propose(scene_->plan());
  return Evaluate(kCriticEmbedding, kCriticHidden, false);
}

double Net2SeqDecoder::Judge(const std::vector<int>& plan) {
  scene_->Propose(plan);
  return Evaluate(kSelectorEmbedding, kSelectorHidden, true);
}

void Net2SeqDecoder::UpdateParts(const std::vector<int64_t>& changed,
                                 Scores* to) {
  rows_.Clear(Net2SeqScene::kActorEmbeddings);
  for (const int64_t row : changed) {
    scene_->AppendActorRow(static_cast<int>(row / channels_),
                           static_cast<int>(row % channels_), levels_, &rows_);
  }
  Pool(kActorEmbedding);
  const int64_t inputs = static_cast<int64_t>(inputs_.size()) / rows_.rows;
  work_.resize(hidden_);
  for (size_t n = 0; n < changed.size(); ++n) {
    ApplyLayer(network_->layers[kActorPrimary], &inputs_[n * inputs], true,
               work_.data());
    for (int b = 0; b < levels_; ++b) {
      ApplyColumns(network_->layers[kActorMiddle], b * hidden_, hidden_,
                   work_.data(),
                   &to->parts[(changed[n] * levels_ + b) * hidden_]);
    }
  }
}

void Net2SeqDecoder::UpdateScores(int ap, int channel, Scores* to) {
  const Net2SeqChannels& channels = scene_->channels();
  const Net2SeqLayer& middle = network_->layers[kActorMiddle];
  std::vector<float>& h = work_;
  h.resize(hidden_);
  const auto part = [&](int k, int b) {
    return &to->parts[((ap * channels_ + k) * levels_ + b) * hidden_];
  };
  const float* own = part(channel, 0);
  for (int o = 0; o < hidden_; ++o) h[o] = middle.bias[o] + own[o];
  for (int b = 1; b < channels.bonding_levels(); ++b) {
    const std::vector<int>& partners = channels.Partners(channel, b);
    for (const int k : partners) {
      const float* more = part(k, b);
      const float share = 1 / static_cast<float>(partners.size());
      for (int o = 0; o < hidden_; ++o) h[o] += share * more[o];
    }
  }
  for (float& value : h) value = std::max(0.0F, value);
  float scores[8];
  ApplyLayer(network_->layers[kActorScores], h.data(), false, scores);
  for (int b = 0; b < channels.bonding_levels(); ++b) {
    const int position = channels.PositionOf(channel, b);
    if (position >= 0) {
      to->scores[ap * assignments_ + position] = scores[b];
    }
  }
}

void Net2SeqDecoder::UpdateLogits(int ap, Scores* to) {
  const auto pool = static_cast<size_t>(network_->layout.pool);
  const float* const scores = &to->scores[ap * assignments_];
  std::vector<float>& best = best_;
  best.clear();
  for (int a = 0; a < assignments_; ++a) {
    if (Allowed(ap, a)) best.push_back(scores[a]);
  }
  const size_t kept = std::min(pool, best.size());
  std::partial_sort(best.begin(), best.begin() + kept, best.end(),
                    std::greater<>());
  best.resize(kept);
  best.resize(pool, best.back());  // fewer than there is room for
  best.insert(best.begin(), 0.0F);
  float four[4];
  for (int a = 0; a < assignments_; ++a) {
    best[0] = scores[a];
    ApplySmallLayer(network_->layers[kActorPooled], best.data(), true, four);
    ApplySmallLayer(network_->layers[kActorOutput], four, false,
                    &to->logits[ap * assignments_ + a]);
  }
}

void Net2SeqDecoder::Update(std::vector<uint8_t>* flags, Scores* to) {
  std::vector<int64_t> changed;
  for (int64_t row = 0; row < rows(); ++row) {
    if ((*flags)[row]) changed.push_back(row);
  }
  if (changed.empty()) return;
  UpdateParts(changed, to);
  // A channel's score sees those that it bonds with.
  const Net2SeqChannels& channels = scene_->channels();
  for (const int64_t row : changed) {
    const auto ap = static_cast<int>(row / channels_);
    const auto k = static_cast<int>(row % channels_);
    for (int other = 0; other < channels_; ++other) {
      for (int b = 1; b < channels.bonding_levels(); ++b) {
        const std::vector<int>& partners = channels.Partners(other, b);
        if (std::find(partners.begin(), partners.end(), k) != partners.end()) {
          (*flags)[ap * channels_ + other] = 1;
        }
      }
    }
  }
  for (int i = 0; i < scene_->size(); ++i) {
    bool any = false;
    for (int k = 0; k < channels_; ++k) {
      if (!(*flags)[i * channels_ + k]) continue;
      UpdateScores(i, k, to);
      any = true;
    }
    if (any) UpdateLogits(i, to);
  }
  std::fill(flags->begin(), flags->end(), 0);
}

void Net2SeqDecoder::Begin() {
  scene_->Reset();
  if (!begun_) {
    begin_.parts.resize(rows() * levels_ * hidden_);
    begin_.scores.resize(scene_->size() * assignments_);
    begin_.logits.resize(scene_->size() * assignments_);
    flags_.assign(rows(), 1);
    Update(&flags_, &begin_);
    begun_ = true;
  }
  now_ = begin_;
}

Net2SeqStep Net2SeqDecoder::Choose(const Scores& scores, RngStream* rng) const {
  double most = kNever;
  int best = -1;
  const int count = scene_->size() * assignments_;
  const auto open = [&](int n) {
    const int ap = n / assignments_;
    return !scene_->done(ap) && Allowed(ap, n % assignments_);
  };
  for (int n = 0; n < count; ++n) {
    if (!open(n) || !(scores.logits[n] > most)) continue;
    most = scores.logits[n];
    best = n;
  }
  if (best < 0) throw Error("a net2seq policy's scores are not numbers");
  double sum = 0;
  for (int n = 0; n < count; ++n) {
    if (open(n)) sum += std::exp(scores.logits[n] - most);
  }
  if (rng != nullptr) {
    double left = rng->Uniform() * sum;
    for (int n = 0; n < count; ++n) {
      if (!open(n)) continue;
      const double mass = std::exp(scores.logits[n] - most);
      if (mass > 0) best = n;
      left -= mass;
      if (left < 0) break;
    }
  }
  return {best / assignments_, best % assignments_,
          scores.logits[best] - most - std::log(sum)};
}

std::vector<Net2SeqStep> Net2SeqDecoder::Decode(RngStream* rng) {
  Begin();
  std::vector<Net2SeqStep> steps;
  for (int n = 0; n < scene_->size(); ++n) {
    const Net2SeqStep step = Choose(now_, rng);
    const int former = scene_->at(step.ap);
    scene_->Configure(step.ap, step.assignment);
    steps.push_back(step);
    scene_->MarkChanged(step.ap, former, &flags_);
    Update(&flags_, &now_);
  }
  return steps;
}

std::vector<double> Net2SeqDecoder::LogProbabilities() {
  std::vector<uint8_t> flags(rows(), 0);
  Scores scores;
  scores.parts.resize(rows() * levels_ * hidden_);
  scores.scores.resize(scene_->size() * assignments_);
  scores.logits.resize(scene_->size() * assignments_);
  for (int64_t row = 0; row < rows(); ++row) {
    flags[row] = !scene_->done(static_cast<int>(row / channels_));
  }
  Update(&flags, &scores);
  const Net2SeqStep first = Choose(scores, nullptr);
  const double norm =
      scores.logits[first.ap * assignments_ + first.assignment] -
      first.log_probability;
  std::vector<double> result;
  for (int n = 0; n < scene_->size() * assignments_; ++n) {
    const int ap = n / assignments_;
    const bool open = !scene_->done(ap) && Allowed(ap, n % assignments_);
    result.push_back(open ? scores.logits[n] - norm : kNever);
  }
  return result;
}

}  // namespace airlock
