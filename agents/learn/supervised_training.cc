#include "agents/learn/supervised_training.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agents/learn/mlp_ensemble.h"
#include "sim/base/error.h"
#include "sim/base/rng.h"

namespace airlock {
namespace {

struct Standardisation {
  double mean = 0;
  double scale = 1;
};

Standardisation StandardisationOf(const TrainingExamples& examples,
                                  const std::vector<int64_t>& rows) {
  Standardisation s;
  const double n = static_cast<double>(rows.size());
  for (const int64_t row : rows) s.mean += examples.y[row] / n;
  double squares = 0;
  for (const int64_t row : rows) {
    squares += (examples.y[row] - s.mean) * (examples.y[row] - s.mean);
  }
  const double deviation = std::sqrt(squares / n);
  if (deviation > 0) s.scale = deviation;
  return s;
}

void Shuffle(std::vector<int64_t>* rows, RngStream* rng) {
  for (size_t i = rows->size(); i > 1; --i) {
    std::swap((*rows)[i - 1], (*rows)[rng->UniformInt(i)]);
  }
}

struct Partition {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};

Partition PartitionOf(int64_t rows, const MlpTraining& training) {
  std::vector<int64_t> all(static_cast<size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  int64_t gap = training.gap;
  if (training.validation == ValidationRows::kRandom) {
    RngStream rng =
        RngTree(training.seed).Stream("learn/validation", Replication(0));
    Shuffle(&all, &rng);
    gap = 0;
  }
  const auto held_out = static_cast<int64_t>(training.validation_share *
                                             static_cast<double>(rows));
  if (held_out == 0) return {all, {}};
  const auto begin = all.end() - held_out;
  return {{all.begin(), begin - gap}, {begin, all.end()}};
}

at::Tensor Rows(const std::vector<int64_t>& rows) {
  return at::tensor(rows, at::kLong);
}

// One training. All tensors have the member as their first dimension.
class Trainer {
 public:
  Trainer(const TrainingExamples& examples, const MlpTraining& training);

  TrainingResult Run();

 private:
  bool classifies() const { return training_.loss == Loss::kCrossEntropy; }
  // Mean loss by member over rows `rows` (members x count, flattened).
  at::Tensor LossOf(const at::Tensor& outputs, const at::Tensor& rows) const;
  at::Tensor Inputs(const at::Tensor& rows) const;
  void TrainEpoch(int64_t epoch);
  // Notes the members that got better; false once patience is out.
  bool Validate(int64_t epoch);
  void Keep(const at::Tensor& better);
  double LargestDifference(const std::vector<TrainedMlp>& members) const;

  const TrainingExamples& examples_;
  const MlpTraining& training_;
  Partition partition_;
  Standardisation target_;
  at::Tensor x_;  // rows x inputs
  at::Tensor y_;  // rows: standardised target, or class
  std::vector<RngStream> rngs_;
  MlpEnsemble ensemble_;
  torch::optim::AdamW optimizer_;

  std::vector<at::Tensor> best_;  // weights and biases
  at::Tensor best_loss_;          // by member
  std::vector<int64_t> best_epoch_;
};

std::vector<RngStream> MemberStreams(const MlpTraining& training) {
  std::vector<RngStream> streams;
  const RngTree tree(training.seed);
  for (int64_t m = 0; m < training.members; ++m) {
    streams.push_back(tree.Stream("learn/member", Replication(m)));
  }
  return streams;
}

torch::optim::AdamW OptimizerOf(const MlpEnsemble& ensemble,
                                const MlpTraining& training) {
  // Biases do not decay.
  const auto options = [&](double decay) {
    auto adam =
        std::make_unique<torch::optim::AdamWOptions>(training.learning_rate);
    adam->weight_decay(decay);
    return adam;
  };
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(ensemble.weights(), options(training.weight_decay));
  groups.emplace_back(ensemble.biases(), options(0));
  return torch::optim::AdamW(groups);
}

Trainer::Trainer(const TrainingExamples& examples, const MlpTraining& training)
    : examples_(examples),
      training_(training),
      partition_(PartitionOf(examples.rows(), training)),
      rngs_(MemberStreams(training)),
      ensemble_(examples.inputs, training.hidden,
                training.loss == Loss::kCrossEntropy ? training.classes : 1,
                training.activation, &rngs_),
      optimizer_(OptimizerOf(ensemble_, training)),
      best_loss_(at::full({training.members}, INFINITY, at::kDouble)),
      best_epoch_(training.members, 0) {
  if (!classifies()) target_ = StandardisationOf(examples, partition_.train);
  x_ = at::tensor(examples.x, at::kDouble)
           .view({examples.rows(), examples.inputs});
  y_ = (at::tensor(examples.y, at::kDouble) - target_.mean) / target_.scale;
  if (classifies()) y_ = y_.to(at::kLong);
}

at::Tensor Trainer::Inputs(const at::Tensor& rows) const {
  return x_.index_select(0, rows).view(
      {training_.members, -1, examples_.inputs});
}

at::Tensor Trainer::LossOf(const at::Tensor& outputs,
                           const at::Tensor& rows) const {
  const at::Tensor y =
      y_.index_select(0, rows).view({training_.members, -1, 1});
  if (classifies()) {
    return -at::log_softmax(outputs, 2).gather(2, y).mean({1, 2});
  }
  const at::Tensor error = y - outputs;
  switch (training_.loss) {
    case Loss::kSquared:
      return error.square().mean({1, 2});
    case Loss::kHuber:
      return at::huber_loss(outputs, y, at::Reduction::None,
                            training_.huber_delta)
          .mean({1, 2});
    default:
      return at::max(training_.tau * error, (training_.tau - 1) * error)
          .mean({1, 2});
  }
}

void Trainer::TrainEpoch(int64_t epoch) {
  double rate = training_.learning_rate;
  if (training_.schedule == LearningRateSchedule::kCosine) {
    rate *= 0.5 * (1 + std::cos(M_PI * static_cast<double>(epoch - 1) /
                                static_cast<double>(training_.epochs)));
  }
  for (auto& group : optimizer_.param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
  }
  const auto count = static_cast<int64_t>(partition_.train.size());
  std::vector<at::Tensor> orders;
  for (RngStream& rng : rngs_) {
    std::vector<int64_t> order = partition_.train;
    Shuffle(&order, &rng);
    orders.push_back(Rows(order));
  }
  const at::Tensor order = at::stack(orders);
  // Batches of equal size, give or take one.
  const int64_t batches = (count + training_.batch - 1) / training_.batch;
  for (int64_t b = 0; b < batches; ++b) {
    const at::Tensor rows =
        order.slice(1, b * count / batches, (b + 1) * count / batches)
            .reshape({-1});
    optimizer_.zero_grad();
    LossOf(ensemble_.Forward(Inputs(rows), training_.dropout, &rngs_), rows)
        .sum()
        .backward();
    optimizer_.step();
  }
}

void Trainer::Keep(const at::Tensor& better) {
  const at::Tensor mask = better.view({-1, 1, 1});
  size_t next = 0;
  for (const auto* tensors : {&ensemble_.weights(), &ensemble_.biases()}) {
    for (const at::Tensor& tensor : *tensors) {
      if (best_.size() == next) best_.push_back(tensor.detach().clone());
      best_[next] = at::where(mask, tensor.detach(), best_[next]);
      ++next;
    }
  }
}

bool Trainer::Validate(int64_t epoch) {
  const at::NoGradGuard no_gradients;
  const bool held_out = !partition_.validation.empty();
  const at::Tensor rows =
      Rows(held_out ? partition_.validation : partition_.train)
          .repeat({training_.members});
  const at::Tensor loss =
      LossOf(ensemble_.Forward(Inputs(rows), 0, nullptr), rows);
  if (!at::isfinite(loss).all().item<bool>()) {
    throw Error(
        fmt::format("training diverged in epoch {}; lower learning_rate ({})",
                    epoch, training_.learning_rate));
  }
  // Without validation rows the last epoch is the one to keep.
  const at::Tensor better =
      held_out ? loss < best_loss_ : at::ones_like(loss, at::kBool);
  best_loss_ = at::where(better, loss, best_loss_);
  Keep(better);
  int64_t latest = 0;
  for (int64_t m = 0; m < training_.members; ++m) {
    if (better[m].item<bool>()) best_epoch_[m] = epoch;
    latest = std::max(latest, best_epoch_[m]);
  }
  return epoch - latest < training_.patience;
}

double Trainer::LargestDifference(
    const std::vector<TrainedMlp>& members) const {
  const at::NoGradGuard no_gradients;
  const at::Tensor outputs =
      ensemble_
          .Forward(x_.unsqueeze(0).repeat({training_.members, 1, 1}), 0,
                   nullptr)
          .contiguous();
  const double* torch_says = outputs.data_ptr<double>();
  double largest = 0;
  for (const TrainedMlp& member : members) {
    std::vector<double> y(
        static_cast<size_t>(examples_.rows() * member.mlp.outputs()));
    std::vector<double> scratch(static_cast<size_t>(member.mlp.scratch_size()));
    member.mlp.EvaluateRows(examples_.x.data(), examples_.rows(), y.data(),
                            scratch.data());
    for (const double value : y) {
      const double ours = (value - target_.mean) / target_.scale;
      const double theirs = *torch_says++;
      largest = std::max(
          largest, std::abs(ours - theirs) / std::max(1.0, std::abs(theirs)));
    }
  }
  return largest;
}

TrainingResult Trainer::Run() {
  for (int64_t epoch = 1; epoch <= training_.epochs; ++epoch) {
    TrainEpoch(epoch);
    if (!Validate(epoch)) break;
  }
  {
    const at::NoGradGuard no_gradients;
    size_t next = 0;
    for (const auto* tensors : {&ensemble_.weights(), &ensemble_.biases()}) {
      for (at::Tensor tensor : *tensors) tensor.copy_(best_[next++]);
    }
  }
  TrainingResult result;
  for (int64_t m = 0; m < training_.members; ++m) {
    result.members.push_back({ensemble_.Export(m, target_.scale, target_.mean),
                              best_epoch_[m], best_loss_[m].item<double>()});
  }
  result.largest_difference = LargestDifference(result.members);
  if (!(result.largest_difference <= 1e-5)) {
    throw Error(fmt::format(
        "the network that was trained and the one that is kept differ by {}",
        result.largest_difference));
  }
  return result;
}

}  // namespace

TrainingResult TrainMlp(const TrainingExamples& examples,
                        const MlpTraining& training) {
  CheckTraining(examples, training);
  at::set_num_threads(1);
  return Trainer(examples, training).Run();
}

}  // namespace airlock
