#include "agents/learn/ppo.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agents/learn/action_heads.h"
#include "agents/learn/advantages.h"
#include "agents/learn/losses.h"
#include "agents/learn/mlp_ensemble.h"
#include "agents/learn/tensors.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kObservationClip = 10;
constexpr double kRewardClip = 10;

MlpEnsemble Network(int64_t inputs, const PpoOptions& options, int64_t outputs,
                    double last_gain, RngStream* rng) {
  std::vector<RngStream> one = {*rng};
  MlpEnsemble network(inputs, options.hidden, outputs, options.activation,
                      &one);
  network.MakeOrthogonal(std::sqrt(2.0), last_gain, &one);
  *rng = one[0];
  return network;
}

std::vector<at::Tensor> Joined(std::vector<std::vector<at::Tensor>> parts) {
  std::vector<at::Tensor> all;
  for (const auto& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

class Ppo::Networks {
 public:
  Networks(const EnvSpec& spec, const PpoOptions& options, uint64_t seed)
      : spec_(spec),
        options_(options),
        rng_(RngTree(seed).Stream("learn/ppo", Replication(0))),
        actor_(Network(inputs(), options,
                       spec.action.discrete() ? spec.action.all_choices()
                                              : spec.action.width(),
                       0.01, &rng_)),
        critic_(Network(inputs(), options, 1 + costs(), 1, &rng_)),
        log_deviation_(
            at::full({spec.action.discrete() ? 0 : spec.action.width()},
                     options.log_deviation, at::kDouble)
                .set_requires_grad(true)),
        parameters_(Joined({actor_.weights(),
                            actor_.biases(),
                            critic_.weights(),
                            critic_.biases(),
                            {log_deviation_}})),
        adam_(parameters_,
              torch::optim::AdamOptions(options.learning_rate).eps(1e-5)),
        moments_(inputs()),
        normaliser_(Normaliser::Identity(inputs())) {
    for (size_t c = 0; c < options.constraints.size(); ++c) {
      multipliers_.emplace_back(options.constraints[c]);
      cost_columns_.push_back(CostColumn(options, c, spec));
    }
  }

  Policy Acting() const {
    return Policy({spec_, normaliser_,
                   spec_.action.discrete() ? ActionDistribution::kCategorical
                                           : ActionDistribution::kGaussian,
                   VectorOf(log_deviation_), actor_.Copy(0)});
  }

  PpoProgress Update(const Rollout& rollout, double done);
  json Save();
  void Load(const json& state);

 private:
  // What an update learns from, a row each.
  struct Batch {
    at::Tensor x;        // normalised observations
    at::Tensor allowed;  // undefined where not masked
    at::Tensor action;
    at::Tensor log_probability;
    at::Tensor advantage;
    at::Tensor targets;  // of the critic, [rows][1 + costs]
    at::Tensor old;      // the actor's outputs before
    at::Tensor old_log_deviation;

    Batch Rows(const at::Tensor& rows) const;
  };

  int64_t inputs() const {
    return static_cast<int64_t>(spec_.observation.size());
  }
  int64_t costs() const {
    return static_cast<int64_t>(options_.constraints.size());
  }
  at::Tensor Normalised(const std::vector<double>& observations) const;
  at::Tensor Outputs(const MlpEnsemble& network, const at::Tensor& x) const {
    return network.Forward(x.unsqueeze(0), 0, nullptr).squeeze(0);
  }
  Advantages AdvantagesOf(const Rollout& rollout,
                          const std::vector<double>& signal,
                          const at::Tensor& values, const at::Tensor& next,
                          int64_t column) const;
  std::vector<double> ScaledRewards(const Rollout& rollout);
  void UpdateMultipliers(const Rollout& rollout);
  Batch BatchOf(const Rollout& rollout);
  ActionTerms Terms(const Batch& batch, const at::Tensor& outputs) const;
  at::Tensor Divergence(const Batch& batch, const at::Tensor& outputs) const;
  // A gradient step; adds to `progress`. The divergence of this minibatch.
  double Step(const Batch& batch, double clip, PpoProgress* progress);
  void UpdateNormaliser(const Rollout& rollout);

  EnvSpec spec_;
  PpoOptions options_;
  RngStream rng_;
  MlpEnsemble actor_;
  MlpEnsemble critic_;
  at::Tensor log_deviation_;
  std::vector<at::Tensor> parameters_;
  torch::optim::Adam adam_;
  RunningMoments moments_;
  Normaliser normaliser_;
  std::vector<LagrangeMultiplier> multipliers_;
  std::vector<size_t> cost_columns_;  // of the constraints
  std::unique_ptr<ReturnScale> return_scale_;
};

Ppo::Networks::Batch Ppo::Networks::Batch::Rows(const at::Tensor& rows) const {
  Batch some = *this;
  for (at::Tensor* tensor :
       {&some.x, &some.allowed, &some.action, &some.log_probability,
        &some.advantage, &some.targets, &some.old}) {
    if (tensor->defined()) *tensor = tensor->index_select(0, rows);
  }
  return some;
}

at::Tensor Ppo::Networks::Normalised(
    const std::vector<double>& observations) const {
  std::vector<double> x(observations.size());
  for (size_t at = 0; at < x.size(); at += static_cast<size_t>(inputs())) {
    normaliser_.Apply(observations.data() + at, x.data() + at);
  }
  return TensorOf(x, {static_cast<int64_t>(x.size()) / inputs(), inputs()});
}

Advantages Ppo::Networks::AdvantagesOf(const Rollout& rollout,
                                       const std::vector<double>& signal,
                                       const at::Tensor& values,
                                       const at::Tensor& next,
                                       int64_t column) const {
  return GeneralisedAdvantages(
      {rollout.steps, rollout.envs, signal, VectorOf(values.select(1, column)),
       VectorOf(next.select(1, column)), rollout.terminated, rollout.truncated},
      options_.gamma, options_.lambda);
}

std::vector<double> Ppo::Networks::ScaledRewards(const Rollout& rollout) {
  std::vector<double> reward = rollout.reward;
  if (!options_.normalise_rewards) return reward;
  if (!return_scale_) {
    return_scale_ = std::make_unique<ReturnScale>(rollout.envs, options_.gamma);
  }
  std::vector<uint8_t> ended = rollout.terminated;
  for (size_t i = 0; i < ended.size(); ++i) ended[i] |= rollout.truncated[i];
  for (size_t e = 0; e < rollout.restarted.size(); ++e) {
    if (rollout.restarted[e] != 0) {
      return_scale_->Restart(static_cast<int64_t>(e));
    }
  }
  return_scale_->Add(reward, ended);
  const double scale = return_scale_->scale();
  for (double& r : reward) {
    r = std::clamp(r / scale, -kRewardClip, kRewardClip);
  }
  return reward;
}

void Ppo::Networks::UpdateMultipliers(const Rollout& rollout) {
  if (rollout.episodes.empty()) return;
  for (size_t c = 0; c < multipliers_.size(); ++c) {
    double mean = 0;
    for (const EpisodeRecord& episode : rollout.episodes) {
      mean += episode.costs[cost_columns_[c]] /
              static_cast<double>(rollout.episodes.size());
    }
    multipliers_[c].Update(mean);
  }
}

Ppo::Networks::Batch Ppo::Networks::BatchOf(const Rollout& rollout) {
  const at::NoGradGuard no_gradients;
  const int64_t rows = rollout.rows();
  Batch batch;
  batch.x = Normalised(rollout.observation);
  if (!rollout.allowed.empty()) {
    batch.allowed = MaskOf(rollout.allowed, {rows, spec_.action.all_choices()});
  }
  batch.action = TensorOf(rollout.action, {rows, spec_.action.width()});
  batch.log_probability = TensorOf(rollout.log_probability, {rows});
  batch.old = Outputs(actor_, batch.x);
  batch.old_log_deviation = log_deviation_.detach().clone();
  const at::Tensor values = Outputs(critic_, batch.x);
  const at::Tensor next =
      Outputs(critic_, Normalised(rollout.next_observation));
  Advantages reward =
      AdvantagesOf(rollout, ScaledRewards(rollout), values, next, 0);
  if (options_.standardise_advantages) Standardise(&reward.advantage);
  std::vector<at::Tensor> targets = {TensorOf(reward.value_target, {rows})};
  double total = 1;
  for (int64_t c = 0; c < costs(); ++c) {
    std::vector<double> signal;
    const size_t kinds = spec_.costs.size();
    for (size_t r = 0; r < rollout.reward.size(); ++r) {
      signal.push_back(rollout.costs[r * kinds + cost_columns_[c]]);
    }
    const Advantages cost = AdvantagesOf(rollout, signal, values, next, c + 1);
    targets.push_back(TensorOf(cost.value_target, {rows}));
    // Centred, not scaled: its size is what the multiplier prices.
    double mean = 0;
    for (const double a : cost.advantage) mean += a / static_cast<double>(rows);
    const double price = multipliers_[c].value();
    for (int64_t r = 0; r < rows; ++r) {
      reward.advantage[r] -= price * (cost.advantage[r] - mean);
    }
    total += price;
  }
  for (double& a : reward.advantage) a /= total;
  batch.advantage = TensorOf(reward.advantage, {rows});
  batch.targets = at::stack(targets, 1);
  return batch;
}

ActionTerms Ppo::Networks::Terms(const Batch& batch,
                                 const at::Tensor& outputs) const {
  return spec_.action.discrete()
             ? CategoricalTerms(spec_.action, outputs, batch.allowed,
                                batch.action)
             : GaussianTerms(outputs, log_deviation_, batch.action);
}

at::Tensor Ppo::Networks::Divergence(const Batch& batch,
                                     const at::Tensor& outputs) const {
  return spec_.action.discrete()
             ? CategoricalDivergence(spec_.action, batch.old, outputs,
                                     batch.allowed)
             : GaussianDivergence(batch.old, batch.old_log_deviation, outputs,
                                  log_deviation_);
}

double Ppo::Networks::Step(const Batch& batch, double clip,
                           PpoProgress* progress) {
  const at::Tensor outputs = Outputs(actor_, batch.x);
  const ActionTerms terms = Terms(batch, outputs);
  const at::Tensor ratio =
      (terms.log_probability - batch.log_probability).exp();
  const at::Tensor divergence = Divergence(batch, outputs);
  const at::Tensor policy_loss =
      options_.objective == PolicyObjective::kClip
          ? ClippedPolicyLoss(ratio, batch.advantage, clip)
          : FocopsLoss(ratio, batch.advantage, divergence,
                       options_.focops_temperature, options_.focops_trust);
  const at::Tensor value_loss =
      (Outputs(critic_, batch.x) - batch.targets).square().mean(0).sum();
  const at::Tensor entropy = terms.entropy.mean();
  const at::Tensor loss = policy_loss + options_.value_weight * value_loss -
                          options_.entropy_weight * entropy;
  RequireFinite(loss, options_.learning_rate);
  adam_.zero_grad();
  loss.backward();
  ClipGradients(parameters_, options_.longest_gradient);
  adam_.step();
  progress->policy_loss += policy_loss.item<double>();
  progress->value_loss += value_loss.item<double>();
  progress->entropy += entropy.item<double>();
  const at::Tensor before = ratio.detach();
  progress->clipped +=
      ((before - 1).abs() > clip).to(at::kDouble).mean().item<double>();
  const double mean = divergence.detach().mean().item<double>();
  progress->divergence += mean;
  return mean;
}

void Ppo::Networks::UpdateNormaliser(const Rollout& rollout) {
  if (!options_.normalise_observations) return;
  moments_.Add(rollout.observation.data(), rollout.rows());
  normaliser_ = Normaliser::Of(moments_, kObservationClip);
}

PpoProgress Ppo::Networks::Update(const Rollout& rollout, double done) {
  UpdateMultipliers(rollout);
  const Batch batch = BatchOf(rollout);
  const double left = options_.anneal ? std::max(0.0, 1 - done) : 1;
  SetLearningRate(&adam_, options_.learning_rate * left);
  const double clip = options_.clip * left;
  const int64_t rows = rollout.rows();
  const int64_t batches = std::max<int64_t>(
      1, (rows + options_.minibatch - 1) / options_.minibatch);
  PpoProgress progress;
  int64_t steps = 0;
  bool far = false;
  for (int64_t e = 0; e < options_.epochs && !far; ++e) {
    const at::Tensor order = at::tensor(Shuffled(rows, &rng_), at::kLong);
    ++progress.epochs;
    for (int64_t b = 0; b < batches && !far; ++b) {
      const double divergence =
          Step(batch.Rows(order.slice(0, b * rows / batches,
                                      (b + 1) * rows / batches)),
               clip, &progress);
      ++steps;
      far = options_.target_divergence > 0 &&
            divergence > 1.5 * options_.target_divergence;
    }
  }
  for (double* mean :
       {&progress.policy_loss, &progress.value_loss, &progress.entropy,
        &progress.divergence, &progress.clipped}) {
    *mean /= static_cast<double>(steps);
  }
  for (const LagrangeMultiplier& one : multipliers_) {
    progress.multipliers.push_back(one.value());
  }
  UpdateNormaliser(rollout);
  return progress;
}

json Ppo::Networks::Save() {
  json multipliers = json::array();
  for (const auto& one : multipliers_) multipliers.push_back(one.State());
  json scale;
  if (return_scale_) scale = return_scale_->State();
  return {{"networks", SaveTensors(parameters_)},
          {"adam", SaveAdam(&adam_, parameters_)},
          {"moments", moments_.ToJson()},
          {"normaliser", normaliser_.ToJson()},
          {"multipliers", multipliers},
          {"return_scale", scale},
          {"drawn", rng_.position()}};
}

void Ppo::Networks::Load(const json& state) {
  try {
    LoadTensors(state.at("networks"), parameters_);
    LoadAdam(state.at("adam"), &adam_, parameters_);
    moments_ = RunningMoments::FromJson(state.at("moments"));
    normaliser_ = Normaliser::FromJson(state.at("normaliser"));
    const json& multipliers = state.at("multipliers");
    if (multipliers.size() != multipliers_.size() ||
        normaliser_.width() != inputs()) {
      throw InputError("checkpoint: of other options or another environment");
    }
    for (size_t c = 0; c < multipliers_.size(); ++c) {
      multipliers_[c].Restore(multipliers[c].get<std::vector<double>>());
    }
    return_scale_.reset();
    if (!state.at("return_scale").is_null()) {
      const auto scale = state.at("return_scale").get<std::vector<double>>();
      return_scale_ = std::make_unique<ReturnScale>(
          static_cast<int64_t>(scale.size()) - 3, options_.gamma);
      return_scale_->Restore(scale);
    }
    rng_.MoveTo(state.at("drawn"));
  } catch (const json::exception& e) {
    throw InputError(fmt::format("checkpoint of ppo: {}", e.what()));
  }
}

Ppo::Ppo(const EnvSpec& spec, const PpoOptions& options, uint64_t seed) {
  CheckOptions(options, spec);
  networks_ = std::make_unique<Networks>(spec, options, seed);
}
Ppo::~Ppo() = default;
Policy Ppo::Acting() const { return networks_->Acting(); }
PpoProgress Ppo::Update(const Rollout& rollout, double done) {
  return networks_->Update(rollout, done);
}
json Ppo::Save() const { return networks_->Save(); }
void Ppo::Load(const json& state) { networks_->Load(state); }

}  // namespace airlock
