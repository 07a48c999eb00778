#include "agents/learn/sac.h"

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

std::vector<at::Tensor> ParametersOf(const MlpEnsemble& network) {
  std::vector<at::Tensor> all = network.weights();
  all.insert(all.end(), network.biases().begin(), network.biases().end());
  return all;
}

// What an actor does in a batch of states.
struct ActorSample {
  // Continuous: the drawn action in -1 ... 1 and its log density, [rows][w] and
  // [rows]. Discrete: all probabilities and their logs, [rows][choices].
  at::Tensor action;
  at::Tensor log_probability;
};

}  // namespace

class Sac::Networks {
 public:
  Networks(const EnvSpec& spec, const SacOptions& options, int64_t envs,
           uint64_t seed)
      : spec_(spec),
        options_(options),
        rngs_({RngTree(seed).Stream("learn/sac/actor", Replication(0)),
               RngTree(seed).Stream("learn/sac/critic", Replication(0)),
               RngTree(seed).Stream("learn/sac/critic", Replication(1))}),
        actor_(MakeActor()),
        critics_(MakeCritics()),
        targets_(MakeCritics()),
        log_temperature_(at::zeros({1}, at::kDouble).set_requires_grad(true)),
        actor_adam_(ParametersOf(actor_),
                    torch::optim::AdamOptions(options.learning_rate)),
        critic_adam_(ParametersOf(critics_),
                     torch::optim::AdamOptions(options.learning_rate)),
        temperature_adam_({log_temperature_},
                          torch::optim::AdamOptions(options.learning_rate)),
        memory_(spec, envs,
                {options.capacity, options.n_step, options.gamma, 0}) {
    Follow(1);
    target_entropy_ = options.target_entropy;
    if (target_entropy_ == 0) {
      target_entropy_ = discrete()
                            ? 0.98 * std::log(static_cast<double>(outputs()))
                            : -static_cast<double>(spec.action.width());
    }
  }

  Policy Acting() const {
    return Policy({spec_,
                   Normaliser::Identity(inputs()),
                   discrete() ? ActionDistribution::kCategorical
                              : ActionDistribution::kSquashedGaussian,
                   {},
                   actor_.Copy(0)});
  }

  SacProgress Update(const Rollout& rollout);
  json Save();
  void Load(const json& state);

 private:
  bool discrete() const { return spec_.action.discrete(); }
  int64_t inputs() const {
    return static_cast<int64_t>(spec_.observation.size());
  }
  int64_t outputs() const { return spec_.action.all_choices(); }
  double temperature() const {
    return std::exp(log_temperature_.item<double>());
  }
  MlpEnsemble MakeActor() {
    std::vector<RngStream> one = {rngs_[0]};
    MlpEnsemble actor(inputs(), options_.hidden,
                      discrete() ? outputs() : 2 * spec_.action.width(),
                      Activation::kRelu, &one);
    rngs_[0] = one[0];
    return actor;
  }
  MlpEnsemble MakeCritics() {
    std::vector<RngStream> two = {rngs_[1], rngs_[2]};
    return MlpEnsemble(inputs() + (discrete() ? 0 : spec_.action.width()),
                       options_.hidden, discrete() ? outputs() : 1,
                       Activation::kRelu, &two);
  }
  // Targets move by `share` to the critics (Lillicrap et al. 2016).
  void Follow(double share) {
    const at::NoGradGuard no_gradients;
    const auto from = ParametersOf(critics_), to = ParametersOf(targets_);
    for (size_t i = 0; i < from.size(); ++i) {
      to[i].detach().mul_(1 - share).add_(from[i].detach(), share);
    }
  }
  // Both critics' values, [2][rows][1 or choices].
  at::Tensor Values(const MlpEnsemble& critics, const at::Tensor& x,
                    const at::Tensor& action) const {
    const at::Tensor in = (discrete() ? x : at::cat({x, action}, 1))
                              .unsqueeze(0)
                              .expand({2, x.size(0), -1});
    return critics.Forward(in, 0, nullptr);
  }
  at::Tensor ScaledActions(const ReplayBatch& batch) const;
  ActorSample Act(const at::Tensor& x, const at::Tensor& allowed);
  at::Tensor SoftValue(const ActorSample& act, const at::Tensor& values) const;
  void Step(SacProgress* progress);
  // What is allowed of the choices; undefined where there is no mask.
  at::Tensor MaskFrom(const std::vector<uint8_t>& flags) const {
    return flags.empty() ? at::Tensor()
                         : MaskOf(flags, {options_.batch, outputs()});
  }
  double EntropyWanted(const at::Tensor& allowed) const;
  void StepActor(const at::Tensor& x, const at::Tensor& allowed,
                 SacProgress* progress);

  EnvSpec spec_;
  SacOptions options_;
  std::vector<RngStream> rngs_;  // actor and draws; each critic's first weights
  MlpEnsemble actor_;
  MlpEnsemble critics_;
  MlpEnsemble targets_;
  at::Tensor log_temperature_;
  torch::optim::Adam actor_adam_, critic_adam_, temperature_adam_;
  ReplayBuffer memory_;
  double target_entropy_ = 0;
  int64_t steps_ = 0;
  int64_t trained_at_ = 0;
};

// The box becomes -1 ... 1.
at::Tensor Sac::Networks::ScaledActions(const ReplayBatch& batch) const {
  const int64_t width = spec_.action.width();
  std::vector<double> scaled = batch.action;
  for (size_t i = 0; !discrete() && i < scaled.size(); ++i) {
    const EnvField& field = spec_.action.fields[i % width];
    scaled[i] = 2 * (scaled[i] - field.low) / (field.high - field.low) - 1;
  }
  return TensorOf(scaled, {options_.batch, width});
}

ActorSample Sac::Networks::Act(const at::Tensor& x, const at::Tensor& allowed) {
  const at::Tensor out = actor_.Forward(x.unsqueeze(0), 0, nullptr).squeeze(0);
  if (discrete()) {
    const at::Tensor log_p = at::log_softmax(Masked(out, allowed), 1);
    return {log_p.exp(), log_p};
  }
  const int64_t width = spec_.action.width();
  const at::Tensor mean = out.slice(1, 0, width);
  const at::Tensor log_deviation = out.slice(1, width).clamp(-20, 2);
  std::vector<double> normal(static_cast<size_t>(mean.numel()));
  for (double& z : normal) z = rngs_[0].Normal(0, 1);
  const at::Tensor z = TensorOf(normal, {mean.size(0), width});
  const at::Tensor u = mean + log_deviation.exp() * z;
  return {at::tanh(u), SquashedLogDensity(u, z, log_deviation)};
}

at::Tensor Sac::Networks::SoftValue(const ActorSample& act,
                                    const at::Tensor& values) const {
  return discrete()
             ? SoftValueOfChoices(values, act.log_probability, temperature())
             : SoftValueOfSample(values, act.log_probability, temperature());
}

// Where few choices are allowed there is less entropy to be had.
double Sac::Networks::EntropyWanted(const at::Tensor& allowed) const {
  if (!allowed.defined()) return target_entropy_;
  return target_entropy_ / std::log(static_cast<double>(outputs())) *
         allowed.sum(1).to(at::kDouble).log().mean().item<double>();
}

void Sac::Networks::StepActor(const at::Tensor& x, const at::Tensor& allowed,
                              SacProgress* progress) {
  const ActorSample act = Act(x, allowed);
  const at::Tensor loss =
      -SoftValue(act, discrete() ? Values(critics_, x, {}).detach()
                                 : Values(critics_, x, act.action))
           .mean();
  actor_adam_.zero_grad();
  loss.backward();
  actor_adam_.step();
  const at::Tensor entropy =
      -(discrete() ? (act.action * act.log_probability).sum(1)
                   : act.log_probability)
           .detach()
           .mean();
  const at::Tensor temperature_loss =
      log_temperature_.exp().sum() * (entropy - EntropyWanted(allowed));
  temperature_adam_.zero_grad();
  temperature_loss.backward();
  temperature_adam_.step();
  progress->actor_loss += loss.item<double>();
  progress->entropy += entropy.item<double>();
}

void Sac::Networks::Step(SacProgress* progress) {
  const int64_t rows = options_.batch;
  const ReplayBatch batch = memory_.Sample(rows, 0, &rngs_[0]);
  const at::Tensor x = TensorOf(batch.observation, {rows, inputs()});
  at::Tensor target;
  {
    const at::NoGradGuard no_gradients;
    const at::Tensor next = TensorOf(batch.next_observation, {rows, inputs()});
    const ActorSample act = Act(next, MaskFrom(batch.next_allowed));
    target = TensorOf(batch.reward, {rows}) +
             TensorOf(batch.discount, {rows}) *
                 SoftValue(act, Values(targets_, next, act.action));
  }
  const at::Tensor actions = ScaledActions(batch);
  at::Tensor values = Values(critics_, x, actions);
  values = discrete()
               ? values.gather(
                     2, actions.to(at::kLong).unsqueeze(0).expand({2, rows, 1}))
               : values;
  const at::Tensor loss =
      (values.squeeze(2) - target.unsqueeze(0)).square().mean(1).sum();
  RequireFinite(loss, options_.learning_rate);
  critic_adam_.zero_grad();
  loss.backward();
  critic_adam_.step();
  progress->critic_loss += loss.item<double>();
  StepActor(x, MaskFrom(batch.allowed), progress);
  Follow(options_.tau);
  ++progress->gradient_steps;
}

SacProgress Sac::Networks::Update(const Rollout& rollout) {
  memory_.Add(rollout);
  steps_ += rollout.rows();
  SacProgress progress;
  while (trained_at_ + options_.train_every <= steps_) {
    trained_at_ += options_.train_every;
    if (memory_.size() < std::max(options_.warm_up, int64_t{1})) continue;
    for (int64_t g = 0; g < options_.gradient_steps; ++g) Step(&progress);
  }
  if (progress.gradient_steps > 0) {
    for (double* mean :
         {&progress.critic_loss, &progress.actor_loss, &progress.entropy}) {
      *mean /= static_cast<double>(progress.gradient_steps);
    }
  }
  progress.temperature = temperature();
  return progress;
}

json Sac::Networks::Save() {
  return {
      {"actor", SaveTensors(ParametersOf(actor_))},
      {"critics", SaveTensors(ParametersOf(critics_))},
      {"targets", SaveTensors(ParametersOf(targets_))},
      {"temperature", SaveTensors({log_temperature_})},
      {"actor_adam", SaveAdam(&actor_adam_, ParametersOf(actor_))},
      {"critic_adam", SaveAdam(&critic_adam_, ParametersOf(critics_))},
      {"temperature_adam", SaveAdam(&temperature_adam_, {log_temperature_})},
      {"memory", memory_.Save()},
      {"drawn", rngs_[0].position()},
      {"steps", {steps_, trained_at_}}};
}

void Sac::Networks::Load(const json& state) {
  try {
    LoadTensors(state.at("actor"), ParametersOf(actor_));
    LoadTensors(state.at("critics"), ParametersOf(critics_));
    LoadTensors(state.at("targets"), ParametersOf(targets_));
    LoadTensors(state.at("temperature"), {log_temperature_});
    LoadAdam(state.at("actor_adam"), &actor_adam_, ParametersOf(actor_));
    LoadAdam(state.at("critic_adam"), &critic_adam_, ParametersOf(critics_));
    LoadAdam(state.at("temperature_adam"), &temperature_adam_,
             {log_temperature_});
    memory_.Load(state.at("memory"));
    rngs_[0].MoveTo(state.at("drawn"));
    steps_ = state.at("steps").at(0);
    trained_at_ = state.at("steps").at(1);
  } catch (const json::exception& e) {
    throw InputError(fmt::format("checkpoint of sac: {}", e.what()));
  }
}

Sac::Sac(const EnvSpec& spec, const SacOptions& options, int64_t envs,
         uint64_t seed) {
  CheckOptions(options, spec);
  networks_ = std::make_unique<Networks>(spec, options, envs, seed);
}
Sac::~Sac() = default;
Policy Sac::Acting() const { return networks_->Acting(); }
SacProgress Sac::Update(const Rollout& rollout) {
  return networks_->Update(rollout);
}
json Sac::Save() const { return networks_->Save(); }
void Sac::Load(const json& state) { networks_->Load(state); }

}  // namespace airlock
