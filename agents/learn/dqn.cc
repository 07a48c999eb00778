#include "agents/learn/dqn.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agents/learn/losses.h"
#include "agents/learn/mlp_ensemble.h"
#include "agents/learn/replay_buffer.h"
#include "agents/learn/tensors.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

// A network for Q. A dueling one has V, A_1 ... A_n as outputs of one layer.
class QNetwork {
 public:
  QNetwork(int64_t inputs, int64_t choices, const DqnOptions& options,
           std::vector<RngStream>* rngs)
      : dueling_(options.dueling),
        network_(inputs, options.hidden, choices + (options.dueling ? 1 : 0),
                 Activation::kRelu, rngs) {}

  at::Tensor Forward(const at::Tensor& x) const {  // [rows][choices]
    const at::Tensor out =
        network_.Forward(x.unsqueeze(0), 0, nullptr).squeeze(0);
    return dueling_ ? DuelingValues(out) : out;
  }
  std::vector<at::Tensor> parameters() const {
    std::vector<at::Tensor> all = network_.weights();
    all.insert(all.end(), network_.biases().begin(), network_.biases().end());
    return all;
  }
  Mlp Folded() const {
    const Mlp plain = network_.Copy(0);
    if (!dueling_) return plain;
    std::vector<MlpLayer> layers = plain.Layers();
    MlpLayer& last = layers.back();
    const int64_t n = last.outputs - 1;
    const auto fold = [n](const std::vector<double>& from, int64_t width) {
      std::vector<double> to(static_cast<size_t>(n * width));
      for (int64_t i = 0; i < width; ++i) {
        double mean = 0;
        for (int64_t a = 1; a <= n; ++a) {
          mean += from[a * width + i] / static_cast<double>(n);
        }
        for (int64_t a = 0; a < n; ++a) {
          to[a * width + i] = from[i] + from[(a + 1) * width + i] - mean;
        }
      }
      return to;
    };
    last.weights = fold(last.weights, last.inputs);
    last.bias = fold(last.bias, 1);
    last.outputs = n;
    return Mlp(layers);
  }

 private:
  bool dueling_;
  MlpEnsemble network_;
};

void CopyParameters(const QNetwork& from, const QNetwork& to) {
  const at::NoGradGuard no_gradients;
  const auto a = from.parameters(), b = to.parameters();
  for (size_t i = 0; i < a.size(); ++i) b[i].detach().copy_(a[i].detach());
}

}  // namespace

class Dqn::Networks {
 public:
  Networks(const EnvSpec& spec, const DqnOptions& options, int64_t envs,
           uint64_t seed)
      : spec_(spec),
        options_(options),
        rngs_({RngTree(seed).Stream("learn/dqn", Replication(0))}),
        online_(inputs(), spec.action.all_choices(), options, &rngs_),
        target_(inputs(), spec.action.all_choices(), options, &rngs_),
        parameters_(online_.parameters()),
        adam_(parameters_, torch::optim::AdamOptions(options.learning_rate)),
        memory_(
            spec, envs,
            {options.capacity, options.n_step, options.gamma, options.alpha}) {
    CopyParameters(online_, target_);
  }

  Policy Acting() const {
    return Policy({spec_,
                   Normaliser::Identity(inputs()),
                   ActionDistribution::kGreedy,
                   {},
                   online_.Folded()});
  }

  DqnProgress Update(const Rollout& rollout, double done);
  json Save();
  void Load(const json& state);

 private:
  int64_t inputs() const {
    return static_cast<int64_t>(spec_.observation.size());
  }
  at::Tensor Targets(const ReplayBatch& batch, int64_t rows) const;
  void Step(double beta, DqnProgress* progress);

  EnvSpec spec_;
  DqnOptions options_;
  std::vector<RngStream> rngs_;
  QNetwork online_;
  QNetwork target_;
  std::vector<at::Tensor> parameters_;
  torch::optim::Adam adam_;
  ReplayBuffer memory_;
  int64_t steps_ = 0;  // of environments
  int64_t trained_at_ = 0;
  int64_t copied_at_ = 0;
};

at::Tensor Dqn::Networks::Targets(const ReplayBatch& batch,
                                  int64_t rows) const {
  const at::NoGradGuard no_gradients;
  const at::Tensor next = TensorOf(batch.next_observation, {rows, inputs()});
  at::Tensor allowed;
  if (!batch.next_allowed.empty()) {
    allowed = MaskOf(batch.next_allowed, {rows, spec_.action.all_choices()});
  }
  return QTargets(TensorOf(batch.reward, {rows}),
                  TensorOf(batch.discount, {rows}), target_.Forward(next),
                  options_.double_q ? online_.Forward(next) : at::Tensor(),
                  allowed);
}

void Dqn::Networks::Step(double beta, DqnProgress* progress) {
  const int64_t rows = options_.batch;
  const ReplayBatch batch = memory_.Sample(rows, beta, &rngs_[0]);
  const at::Tensor targets = Targets(batch, rows);
  const at::Tensor values =
      online_.Forward(TensorOf(batch.observation, {rows, inputs()}))
          .gather(1, TensorOf(batch.action, {rows, 1}).to(at::kLong))
          .squeeze(1);
  const at::Tensor loss =
      (at::huber_loss(values, targets, at::Reduction::None) *
       TensorOf(batch.weight, {rows}))
          .mean();
  RequireFinite(loss, options_.learning_rate);
  adam_.zero_grad();
  loss.backward();
  ClipGradients(parameters_, options_.longest_gradient);
  adam_.step();
  memory_.UpdatePriorities(batch.place, VectorOf(targets - values));
  progress->loss += loss.item<double>();
  progress->value += values.detach().mean().item<double>();
  ++progress->gradient_steps;
}

DqnProgress Dqn::Networks::Update(const Rollout& rollout, double done) {
  memory_.Add(rollout);
  steps_ += rollout.rows();
  DqnProgress progress;
  if (options_.anneal) {
    SetLearningRate(&adam_, options_.learning_rate * std::max(0.0, 1 - done));
  }
  const double beta =
      options_.beta + (1 - options_.beta) * std::clamp(done, 0.0, 1.0);
  while (trained_at_ + options_.train_every <= steps_) {
    trained_at_ += options_.train_every;
    if (memory_.size() < std::max(options_.warm_up, int64_t{1})) continue;
    for (int64_t g = 0; g < options_.gradient_steps; ++g) Step(beta, &progress);
  }
  if (copied_at_ + options_.target_every <= steps_) {
    copied_at_ = steps_;
    CopyParameters(online_, target_);
  }
  if (progress.gradient_steps > 0) {
    progress.loss /= static_cast<double>(progress.gradient_steps);
    progress.value /= static_cast<double>(progress.gradient_steps);
  }
  return progress;
}

json Dqn::Networks::Save() {
  return {{"online", SaveTensors(parameters_)},
          {"target", SaveTensors(target_.parameters())},
          {"adam", SaveAdam(&adam_, parameters_)},
          {"memory", memory_.Save()},
          {"drawn", rngs_[0].position()},
          {"steps", {steps_, trained_at_, copied_at_}}};
}

void Dqn::Networks::Load(const json& state) {
  try {
    LoadTensors(state.at("online"), parameters_);
    LoadTensors(state.at("target"), target_.parameters());
    LoadAdam(state.at("adam"), &adam_, parameters_);
    memory_.Load(state.at("memory"));
    rngs_[0].MoveTo(state.at("drawn"));
    steps_ = state.at("steps").at(0);
    trained_at_ = state.at("steps").at(1);
    copied_at_ = state.at("steps").at(2);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("checkpoint of dqn: {}", e.what()));
  }
}

Dqn::Dqn(const EnvSpec& spec, const DqnOptions& options, int64_t envs,
         uint64_t seed) {
  CheckOptions(options, spec);
  networks_ = std::make_unique<Networks>(spec, options, envs, seed);
  random_ = {options.random_first, options.random_last, options.random_share};
}
Dqn::~Dqn() = default;
Policy Dqn::Acting() const { return networks_->Acting(); }
double Dqn::RandomShare(double done) const {
  const double gone =
      random_.share > 0 ? std::min(1.0, done / random_.share) : 1;
  return random_.first + (random_.last - random_.first) * gone;
}
DqnProgress Dqn::Update(const Rollout& rollout, double done) {
  return networks_->Update(rollout, done);
}
json Dqn::Save() const { return networks_->Save(); }
void Dqn::Load(const json& state) { networks_->Load(state); }

}  // namespace airlock
