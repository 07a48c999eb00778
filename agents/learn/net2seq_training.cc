#include "agents/learn/net2seq_training.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "agents/baselines/planner_comparison.h"
#include "agents/baselines/planners/net2seq.h"
#include "agents/learn/net2seq_shards.h"
#include "agents/learn/tensors.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kCheckpointFormat[] = "airlock-net2seq-checkpoint";
constexpr int kCheckpointVersion = 1;

// Every field of Net2SeqTraining with its name and range.
template <typename T, typename Visit>
void ForEachField(T* training, Visit visit) {
  visit("history", &training->history, 0, 16);
  visit("hidden", &training->hidden, 1, 4096);
  visit("gamma", &training->gamma, 0, 0.999);
  visit("iterations", &training->iterations, 1, 1e9);
  visit("imitation_iterations", &training->imitation_iterations, 0, 1e9);
  visit("batch", &training->batch, 1, 100000);
  visit("plans", &training->plans, 1, 1000);
  visit("steps", &training->steps, 0, 100000);
  visit("learning_rate", &training->learning_rate, 0, 1);
  visit("last_learning_rate", &training->last_learning_rate, 0, 1);
  visit("entropy_weight", &training->entropy_weight, 0, 10);
  visit("longest_gradient", &training->longest_gradient, 1e-6, 1e6);
  visit("slots_per_network", &training->slots_per_network, 1, 1e6);
  visit("shards", &training->shards, 1, 64);
  visit("processes", &training->processes, 1, 64);
  visit("validation_interval", &training->validation_interval, 1, 1e9);
  visit("validation_slots", &training->validation_slots, 2, 144);
  visit("checkpoint_interval", &training->checkpoint_interval, 1, 1e9);
  visit("seed", &training->seed, 0, 1e15);
}

template <typename V>
void ReadField(const json& from, const char* key, V* value, double least,
               double most) {
  const auto found = from.find(key);
  if (found == from.end()) return;
  const bool fits = std::is_floating_point_v<V> ? found->is_number()
                                                : found->is_number_integer();
  const double number = fits ? found->get<double>() : 0;
  if (!fits || !(number >= least && number <= most)) {
    throw InputError(
        fmt::format("net2seq training: {} is {}; {} from {} to {} "
                    "is allowed",
                    key, found->dump(),
                    std::is_floating_point_v<V> ? "a number" : "a whole number",
                    least, most));
  }
  *value = found->get<V>();
}

void Check(const Net2SeqTraining& training, const Scenario& scenario) {
  if (training.batch % training.shards != 0) {
    throw InputError(
        fmt::format("net2seq training: a batch of {} has no {} equal shards",
                    training.batch, training.shards));
  }
  if (training.processes > training.shards) {
    throw InputError(fmt::format("net2seq training: {} processes for {} shards",
                                 training.processes, training.shards));
  }
  if (training.imitation_iterations > training.iterations) {
    throw InputError(
        fmt::format("net2seq training: {} iterations imitate, and there are {}",
                    training.imitation_iterations, training.iterations));
  }
  if (!scenario.wlan || !scenario.wlan->generated ||
      scenario.wlan->generated->count != "fixed" ||
      !scenario.wlan->generated->redraw) {
    throw InputError(
        "net2seq is trained on a WLAN whose networks are generated, a new one "
        "each time: wlan.generated with `count: fixed` and `redraw: true`");
  }
}

Net2SeqOrigin OriginOf(const Net2SeqTraining& training,
                       const Scenario& scenario) {
  const ChannelTable table = AllowedChannels(*scenario.wlan);
  const AirtimeChoices choices = ChoicesOf(scenario.wlan->airtime);
  Net2SeqOrigin origin;
  origin.gamma = training.gamma;
  for (int k = 0; k < table.channels(); ++k) {
    origin.channels.push_back(table.Number(k));
  }
  origin.law = ToString(choices.law);
  origin.own_load = choices.own_load;
  origin.change_weight = choices.change_weight;
  origin.threshold_dbm = choices.threshold_dbm;
  origin.load_profile = scenario.wlan->load.profile;
  origin.access_points = scenario.wlan->generated->access_points;
  origin.seed = training.seed;
  origin.imitation_iterations = training.imitation_iterations;
  return origin;
}

// Weights uniform within 1 / sqrt(inputs), as torch's Linear draws them.
Net2SeqNetwork FirstNetwork(const Net2SeqTraining& training,
                            const Scenario& scenario) {
  Net2SeqLayout layout;
  layout.bonding_levels = AllowedChannels(*scenario.wlan).bonding_levels();
  layout.history = training.history;
  layout.hidden = training.hidden;
  Net2SeqNetwork network(layout);
  network.origin = OriginOf(training, scenario);
  RngStream rng = RngTree(static_cast<uint64_t>(training.seed))
                      .Stream("net2seq/weights", Replication(0));
  for (Net2SeqLayer& layer : network.layers) {
    const double bound =
        1 / std::sqrt(static_cast<double>(layer.weights.cols()));
    for (float& weight : layer.weights.reshaped()) {
      weight = static_cast<float>(rng.Uniform(-bound, bound));
    }
    for (float& bias : layer.bias) {
      bias = static_cast<float>(rng.Uniform(-bound, bound));
    }
  }
  return network;
}

// One training run: weights, optimiser, and the best network so far.
class Run {
 public:
  Run(const Net2SeqTraining& training, const Scenario& scenario,
      const std::string& folder)
      : training_(training),
        scenario_(scenario),
        folder_(folder),
        network_(FirstNetwork(training, scenario)),
        shards_(training, scenario, network_),
        tensors_(network_, Net2SeqChannels(AllowedChannels(*scenario.wlan))),
        adam_(tensors_.parameters(),
              torch::optim::AdamOptions(training.learning_rate)) {}

  void Train(const std::function<void(const Net2SeqProgress&)>& report);
  void Resume();
  Net2SeqOutcome Outcome();

 private:
  std::string CheckpointPath() const { return folder_ + "/checkpoint.cbor"; }
  void Step();
  void Clip();
  void Validate();
  void Report(const std::function<void(const Net2SeqProgress&)>& report);
  void Save();
  [[noreturn]] void Stop(const std::string& cause) const;

  const Net2SeqTraining training_;
  const Scenario scenario_;
  const std::string folder_;
  Net2SeqNetwork network_;
  Net2SeqShards shards_;
  Net2SeqTensors tensors_;
  torch::optim::Adam adam_;
  int64_t iteration_ = 0;
  int64_t saved_at_ = -1;     // the last checkpoint's iteration
  Net2SeqShards::Sums sums_;  // over the iterations since the last report
  int64_t summed_ = 0;        // these
  std::optional<Net2SeqNetwork> best_;
  double validation_ = std::numeric_limits<double>::quiet_NaN();
  double best_validation_ = std::numeric_limits<double>::quiet_NaN();
  std::vector<Net2SeqProgress> curve_;
};

void Run::Stop(const std::string& cause) const {
  const std::string checkpoint =
      saved_at_ < 0 ? "there is no checkpoint yet"
                    : fmt::format(
                          "the last good checkpoint is {} after {} "
                          "iterations",
                          CheckpointPath(), saved_at_);
  throw Error(fmt::format("net2seq training stopped in iteration {}: {}; {}",
                          iteration_ + 1, cause, checkpoint));
}

void Run::Clip() {
  const auto& all = tensors_.parameters();
  const int begins[] = {kActorEmbedding, kCriticEmbedding, kSelectorEmbedding,
                        kNet2SeqLayers};
  const char* const names[] = {"actor", "critic", "Selector"};
  for (int part = 0; part < 3; ++part) {
    const std::vector<at::Tensor> parameters(
        all.begin() + 2 * begins[part], all.begin() + 2 * begins[part + 1]);
    const double length = ClipGradients(parameters, training_.longest_gradient);
    if (!std::isfinite(length)) {
      Stop(fmt::format("the gradient of the {} is not a number", names[part]));
    }
  }
}

void Run::Step() {
  std::vector<at::Tensor> gradients;
  Net2SeqShards::Sums sums;
  try {
    sums = shards_.Compute(iteration_, tensors_.parameters(), &gradients);
  } catch (const Error& error) {
    Stop(error.what());
  }
  if (!std::isfinite(sums.regret)) Stop("the regret is not a number");
  for (size_t i = 0; i < gradients.size(); ++i) {
    tensors_.parameters()[i].mutable_grad() = gradients[i];
  }
  Clip();
  const double part = static_cast<double>(iteration_) /
                      static_cast<double>(training_.iterations);
  SetLearningRate(&adam_, (1 - part) * training_.learning_rate +
                              part * training_.last_learning_rate);
  adam_.step();
  sums_.regret += sums.regret;
  sums_.entropy += sums.entropy;
  sums_.critic_error += sums.critic_error;
  sums_.selector_error += sums.selector_error;
  ++summed_;
  sums_.cpu_seconds = sums.cpu_seconds;
}

void Run::Validate() {
  tensors_.CopyTo(&network_);
  network_.origin.iterations = iteration_;
  validation_ =
      ValidateNet2Seq(network_, scenario_, 0, training_.validation_slots);
  if (best_validation_ <= validation_) return;
  best_validation_ = validation_;
  best_ = network_;
  WriteFileAtomically(folder_ + "/best.json", best_->ToJson().dump() + "\n");
}

void Run::Report(const std::function<void(const Net2SeqProgress&)>& report) {
  const auto count = static_cast<double>(summed_);
  Net2SeqProgress progress;
  progress.iteration = iteration_;
  progress.regret = sums_.regret / count;
  progress.entropy = sums_.entropy / count;
  progress.critic_error = std::sqrt(sums_.critic_error / count);
  progress.selector_error = std::sqrt(sums_.selector_error / count);
  progress.cpu_seconds = sums_.cpu_seconds;
  progress.validation = validation_;
  progress.best_validation = best_validation_;
  curve_.push_back(progress);
  sums_ = {};
  summed_ = 0;
  if (report) report(progress);
}

void Run::Train(const std::function<void(const Net2SeqProgress&)>& report) {
  while (iteration_ < training_.iterations) {
    Step();
    ++iteration_;
    const bool last = iteration_ == training_.iterations;
    if (last || iteration_ % training_.validation_interval == 0) {
      Validate();
      Report(report);
    }
    if (last || iteration_ % training_.checkpoint_interval == 0) Save();
  }
}

json JsonOf(const Net2SeqProgress& progress) {
  return {{"iteration", progress.iteration},
          {"regret", progress.regret},
          {"entropy", progress.entropy},
          {"critic_error", progress.critic_error},
          {"selector_error", progress.selector_error},
          {"cpu_seconds", progress.cpu_seconds},
          {"validation", NumberOrNull(progress.validation)},
          {"best_validation", NumberOrNull(progress.best_validation)}};
}

Net2SeqProgress ProgressOf(const json& from) {
  Net2SeqProgress progress;
  progress.iteration = from.at("iteration");
  progress.regret = from.at("regret");
  progress.entropy = from.at("entropy");
  progress.critic_error = from.at("critic_error");
  progress.selector_error = from.at("selector_error");
  progress.cpu_seconds = from.at("cpu_seconds");
  progress.validation = NumberOrMissing(from.at("validation"));
  progress.best_validation = NumberOrMissing(from.at("best_validation"));
  return progress;
}

void Run::Save() {
  json positions = json::array();
  for (const Net2SeqPosition& position : shards_.positions()) {
    positions.push_back({{"instance", position.instance},
                         {"slot", position.slot},
                         {"plan", position.plan}});
  }
  json curve = json::array();
  for (const Net2SeqProgress& one : curve_) {
    curve.push_back(JsonOf(one));
  }
  const json saved = {{"format", kCheckpointFormat},
                      {"version", kCheckpointVersion},
                      {"training", airlock::ToJson(training_)},
                      {"iteration", iteration_},
                      {"weights", SaveTensors(tensors_.parameters())},
                      {"adam", SaveAdam(&adam_, tensors_.parameters())},
                      {"positions", positions},
                      {"sums",
                       {sums_.regret, sums_.entropy, sums_.critic_error,
                        sums_.selector_error, summed_}},
                      {"validation", NumberOrNull(validation_)},
                      {"best_validation", NumberOrNull(best_validation_)},
                      {"best", best_ ? best_->ToJson() : json()},
                      {"curve", curve}};
  const std::vector<uint8_t> bytes = json::to_cbor(saved);
  WriteFileAtomically(CheckpointPath(),
                      std::string(bytes.begin(), bytes.end()));
  saved_at_ = iteration_;
}

void Run::Resume() {
  const std::string path = CheckpointPath();
  const std::string bytes = ReadFile(path);
  try {
    const json saved = json::from_cbor(bytes);
    if (saved.at("format") != kCheckpointFormat ||
        saved.at("version") != kCheckpointVersion) {
      throw InputError(fmt::format(
          "checkpoint of format {} version {}; {} version {} is read here",
          saved.at("format").dump(), saved.at("version").dump(),
          kCheckpointFormat, kCheckpointVersion));
    }
    Net2SeqTraining as_now = Net2SeqTrainingFromJson(saved.at("training"));
    as_now.processes = training_.processes;
    as_now.checkpoint_interval = training_.checkpoint_interval;
    const json theirs = airlock::ToJson(as_now);
    const json ours = airlock::ToJson(training_);
    for (const auto& item : ours.items()) {
      if (theirs.at(item.key()) == item.value()) continue;
      throw InputError(fmt::format("checkpoint: {} was {} and is now {}",
                                   item.key(), theirs.at(item.key()).dump(),
                                   item.value().dump()));
    }
    LoadTensors(saved.at("weights"), tensors_.parameters());
    LoadAdam(saved.at("adam"), &adam_, tensors_.parameters());
    std::vector<Net2SeqPosition> positions;
    for (const json& one : saved.at("positions")) {
      positions.push_back({one.at("instance"), one.at("slot"),
                           one.at("plan").get<std::vector<int>>()});
    }
    shards_.MoveTo(positions);
    iteration_ = saved.at("iteration");
    saved_at_ = iteration_;
    const json& sums = saved.at("sums");
    sums_.regret = sums.at(0);
    sums_.entropy = sums.at(1);
    sums_.critic_error = sums.at(2);
    sums_.selector_error = sums.at(3);
    summed_ = sums.at(4);
    validation_ = NumberOrMissing(saved.at("validation"));
    best_validation_ = NumberOrMissing(saved.at("best_validation"));
    if (!saved.at("best").is_null()) {
      best_ = Net2SeqNetwork::FromJson(saved.at("best"));
    }
    for (const json& one : saved.at("curve")) {
      curve_.push_back(ProgressOf(one));
    }
  } catch (const json::exception& error) {
    throw InputError(path + ": " + CauseOf(error));
  } catch (const InputError& error) {
    throw InputError(path + ": " + error.what());
  }
}

Net2SeqOutcome Run::Outcome() {
  AIRLOCK_CHECK(best_.has_value());
  return {*best_, curve_};
}

}  // namespace

Net2SeqTraining Net2SeqTrainingFromJson(const json& from) {
  Net2SeqTraining training;
  std::set<std::string> known;
  ForEachField(&training, [&](const char* key, auto*, double, double) {
    known.insert(key);
  });
  if (!from.is_object()) {
    throw InputError("net2seq training: not an object");
  }
  for (const auto& item : from.items()) {
    if (known.count(item.key()) > 0) continue;
    throw InputError(
        fmt::format("net2seq training: unknown key '{}'; known "
                    "are {}",
                    item.key(), fmt::join(known, ", ")));
  }
  ForEachField(&training,
               [&](const char* key, auto* value, double least, double most) {
                 ReadField(from, key, value, least, most);
               });
  return training;
}

json ToJson(const Net2SeqTraining& training) {
  json to;
  ForEachField(&training, [&](const char* key, const auto* value, double,
                              double) { to[key] = *value; });
  return to;
}

Net2SeqOutcome TrainNet2Seq(
    const Net2SeqTraining& training, const Scenario& scenario,
    const std::string& folder, bool resume,
    const std::function<void(const Net2SeqProgress&)>& report) {
  // What was not read is checked too.
  Net2SeqTrainingFromJson(ToJson(training));
  Check(training, scenario);
  Run run(training, scenario, folder);
  if (resume) run.Resume();
  run.Train(report);
  return run.Outcome();
}

double ValidateNet2Seq(const Net2SeqNetwork& network, const Scenario& scenario,
                       int64_t plans, int64_t slots) {
  const InstanceSet& set = FindInstanceSet("validation");
  PlannerCase setting;
  setting.scenario = scenario;
  setting.scenario.run.seed = set.first_seed;
  setting.scenario.run.replications = set.instances;
  setting.slots = slots;
  setting.scenario.wlan->airtime.dropped_slots =
      std::min(set.dropped_slots, slots - 1);
  const auto shared = std::make_shared<const Net2SeqNetwork>(network);
  setting.decorate = [&](std::unique_ptr<ChannelPlanner>,
                         const PlannerSetup& setup, Replication) {
    return std::make_unique<Net2SeqPlanner>(setup, shared, plans);
  };
  const PlannerScore score = ScorePlanner("static", setting);
  double sum = 0;
  for (const double regret : score.regret) sum += regret;
  return sum / static_cast<double>(score.regret.size());
}

}  // namespace airlock
