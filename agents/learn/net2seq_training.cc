#include "agents/learn/net2seq_training.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "agents/baselines/planner_comparison.h"
#include "agents/baselines/planners/net2seq.h"
#include "agents/learn/learner.h"
#include "agents/learn/net2seq_shards.h"
#include "agents/learn/tensors.h"
#include "agents/learn/training_folder.h"
#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kRival[] = "turboca";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Net2SeqOrigin OriginOf(const Net2SeqOptions& options, const Scenario& scenario,
                       uint64_t seed) {
  const ChannelTable table = AllowedChannels(*scenario.wlan);
  const AirtimeChoices choices = ChoicesOf(scenario.wlan->airtime);
  Net2SeqOrigin origin;
  origin.gamma = options.gamma;
  for (int k = 0; k < table.channels(); ++k) {
    origin.channels.push_back(table.Number(k));
  }
  origin.law = ToString(choices.law);
  origin.own_load = choices.own_load;
  origin.change_weight = choices.change_weight;
  origin.threshold_dbm = choices.threshold_dbm;
  origin.load_profile = scenario.wlan->load.profile;
  origin.access_points = scenario.wlan->generated->access_points;
  origin.seed = static_cast<int64_t>(seed);
  origin.imitation_iterations = options.imitation_iterations;
  return origin;
}

PlannerCase CaseOf(const Scenario& scenario, const InstanceSet& set,
                   int64_t slots) {
  PlannerCase setting;
  setting.scenario = scenario;
  setting.scenario.run.seed = set.first_seed;
  setting.scenario.run.replications = set.instances;
  setting.slots = slots;
  setting.scenario.wlan->airtime.dropped_slots =
      std::min(set.dropped_slots, slots - 1);
  return setting;
}

// What an agent is rewarded with is minus the regret.
json ScoreOf(std::vector<double> regret) {
  for (double& value : regret) value = -value;
  return {{"mean", Mean(regret)}, {"rewards", regret}};
}

}  // namespace

Net2SeqNetwork FirstNetwork(const Net2SeqOptions& options,
                            const Scenario& scenario, uint64_t seed) {
  CheckOptions(options);
  CheckGenerates(scenario);
  Net2SeqLayout layout;
  layout.bonding_levels = AllowedChannels(*scenario.wlan).bonding_levels();
  layout.history = static_cast<int>(options.history);
  layout.hidden = static_cast<int>(options.hidden);
  Net2SeqNetwork network(layout);
  network.origin = OriginOf(options, scenario, seed);
  RngStream rng = RngTree(seed).Stream("net2seq/weights", Replication(0));
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

std::vector<double> JudgeNet2Seq(const Net2SeqNetwork& network,
                                 const Scenario& scenario, int64_t plans,
                                 const InstanceSet& set, int64_t slots) {
  PlannerCase setting = CaseOf(scenario, set, slots);
  const auto shared = std::make_shared<const Net2SeqNetwork>(network);
  setting.decorate = [&](std::unique_ptr<ChannelPlanner>,
                         const PlannerSetup& setup, Replication) {
    return std::make_unique<Net2SeqPlanner>(setup, shared, plans);
  };
  return ScorePlanner("static", setting).regret;
}

class Net2SeqRun::State {
 public:
  State(const TrainingTask& task, const Scenario& scenario,
        const TrainingJob& job)
      : options_(job.agent.net2seq),
        scenario_(scenario),
        folder_(job.folder, job.resume,
                {task.name, task.digest, job.agent.algorithm,
                 AgentFileText(job.agent), job.seed}),
        network_(FirstNetwork(options_, scenario, job.seed)),
        shards_(options_, job.agent.noise.Options(), job.seed, scenario,
                network_),
        tensors_(network_, Net2SeqChannels(AllowedChannels(*scenario.wlan))),
        adam_(tensors_.parameters(),
              torch::optim::AdamOptions(options_.learning_rate)) {
    if (job.resume && folder_.has_checkpoint()) Load();
    folder_.Begin(Facts());
  }

  ExitCode Run(const std::function<bool()>& stop,
               const Training::Report& report);
  const TrainingFolder& folder() const { return folder_; }

 private:
  int64_t steps() const { return iteration_ * options_.batch; }
  void Train(const std::function<bool()>& stop, const Training::Report& report);
  void Step();
  void Clip();
  void Validate();
  void AddCurveRow();
  json Judgment(const Net2SeqNetwork& network) const;
  void Finish();
  void Save();
  void Load();
  std::string Curves() const;
  json Facts() const;

  const Net2SeqOptions options_;
  const Scenario scenario_;
  TrainingFolder folder_;
  Net2SeqNetwork network_;
  Net2SeqShards shards_;
  Net2SeqTensors tensors_;
  torch::optim::Adam adam_;
  double cpu_seconds_ = 0;  // of all processes
  int64_t saved_at_ = -1;   // the last checkpoint's iteration

  // What a checkpoint holds beside weights, optimiser and positions.
  int64_t iteration_ = 0;
  Net2SeqShards::Sums sums_;  // over the iterations since the last row
  int64_t summed_ = 0;        // these
  json best_;                 // null: none yet
  double validation_ = kNan;
  double best_validation_ = kNan;
  std::vector<std::vector<double>> curve_;
  json final_;
};

void Net2SeqRun::State::Clip() {
  const auto& all = tensors_.parameters();
  const int begins[] = {kActorEmbedding, kCriticEmbedding, kSelectorEmbedding,
                        kNet2SeqLayers};
  const char* const names[] = {"actor", "critic", "Selector"};
  for (int part = 0; part < 3; ++part) {
    const std::vector<at::Tensor> parameters(
        all.begin() + 2 * begins[part], all.begin() + 2 * begins[part + 1]);
    const double length = ClipGradients(parameters, options_.longest_gradient);
    if (!std::isfinite(length)) {
      throw Error(
          fmt::format("the gradient of the {} is not a number", names[part]));
    }
  }
}

void Net2SeqRun::State::Step() {
  std::vector<at::Tensor> gradients;
  const Net2SeqShards::Sums sums =
      shards_.Compute(iteration_, tensors_.parameters(), &gradients);
  if (!std::isfinite(sums.regret)) throw Error("the regret is not a number");
  for (size_t i = 0; i < gradients.size(); ++i) {
    tensors_.parameters()[i].mutable_grad() = gradients[i];
  }
  Clip();
  const double part = static_cast<double>(iteration_) /
                      static_cast<double>(options_.iterations);
  SetLearningRate(&adam_, (1 - part) * options_.learning_rate +
                              part * options_.last_learning_rate);
  adam_.step();
  sums_.regret += sums.regret;
  sums_.entropy += sums.entropy;
  sums_.critic_error += sums.critic_error;
  sums_.selector_error += sums.selector_error;
  ++summed_;
  cpu_seconds_ = sums.cpu_seconds;
  ++iteration_;
}

void Net2SeqRun::State::Validate() {
  tensors_.CopyTo(&network_);
  network_.origin.iterations = iteration_;
  validation_ =
      Mean(JudgeNet2Seq(network_, scenario_, 0, FindInstanceSet("validation"),
                        options_.validation_slots));
  if (best_validation_ <= validation_) return;
  best_validation_ = validation_;
  best_ = network_.ToJson();
  folder_.Write("policy.json", best_.dump() + "\n");
}

void Net2SeqRun::State::AddCurveRow() {
  const auto count = static_cast<double>(summed_);
  curve_.push_back(
      {static_cast<double>(steps()), static_cast<double>(iteration_),
       sums_.regret / count, sums_.entropy / count,
       std::sqrt(sums_.critic_error / count),
       std::sqrt(sums_.selector_error / count), validation_, best_validation_});
  sums_ = {};
  summed_ = 0;
}

json Net2SeqRun::State::Judgment(const Net2SeqNetwork& network) const {
  return ScoreOf(JudgeNet2Seq(network, scenario_, Net2SeqPlanner::kPlans,
                              FindInstanceSet("test"),
                              options_.validation_slots));
}

// On networks that no choice was made by.
void Net2SeqRun::State::Finish() {
  const InstanceSet& set = FindInstanceSet("test");
  final_ = {{"episodes", set.instances},
            {"slots", options_.validation_slots},
            {"last", Judgment(network_)},
            {"best", Judgment(Net2SeqNetwork::FromJson(best_))}};
  const PlannerScore rival =
      ScorePlanner(kRival, CaseOf(scenario_, set, options_.validation_slots));
  final_[kRival] = ScoreOf(rival.regret);
  const auto regret = [this](const char* whose) {
    auto values = final_.at(whose).at("rewards").get<std::vector<double>>();
    for (double& value : values) value = -value;
    return values;
  };
  const Interval difference =
      RelativeDifference(regret("best"), regret(kRival));
  final_["regret_against_turboca"] = {{"estimate", difference.estimate},
                                      {"low", difference.low},
                                      {"high", difference.high}};
}

void Net2SeqRun::State::Train(const std::function<bool()>& stop,
                              const Training::Report& report) {
  while (iteration_ < options_.iterations) {
    Step();
    const bool last = iteration_ == options_.iterations;
    if (last || iteration_ % options_.validation_interval == 0) {
      Validate();
      AddCurveRow();
    }
    if (report) report(steps(), options_.iterations * options_.batch);
    const bool stopped = !last && stop && stop();
    if (last || stopped || iteration_ % options_.checkpoint_interval == 0) {
      Save();
      folder_.WriteCard(ExitCode::kFailed, "under way", Facts());
    }
    if (stopped) return;
  }
}

ExitCode Net2SeqRun::State::Run(const std::function<bool()>& stop,
                                const Training::Report& report) {
  try {
    Train(stop, report);
    if (iteration_ < options_.iterations) {
      folder_.Log(fmt::format("interrupted after iteration {}", iteration_));
      folder_.WriteCard(ExitCode::kInterrupted, "interrupted", Facts());
      return ExitCode::kInterrupted;
    }
    if (final_.is_null()) {
      Finish();
      Save();
      folder_.Log("done");
    }
    folder_.WriteCard(ExitCode::kDone, "done", Facts());
    return ExitCode::kDone;
  } catch (const Error& error) {
    const std::string cause =
        fmt::format("in iteration {} of {}: {}", iteration_ + 1,
                    options_.iterations, error.what());
    folder_.Log("stopped " + cause);
    folder_.WriteCard(error.code(), cause, Facts());
    throw Error(
        fmt::format("training stopped {}; {}", cause,
                    saved_at_ < 0
                        ? "there is no checkpoint yet"
                        : fmt::format("the checkpoint of iteration {} stays "
                                      "in {}",
                                      saved_at_, folder_.path())),
        error.code());
  }
}

void Net2SeqRun::State::Save() {
  json positions = json::array();
  for (const Net2SeqPosition& position : shards_.positions()) {
    positions.push_back({{"instance", position.instance},
                         {"slot", position.slot},
                         {"plan", position.plan}});
  }
  json curve = json::array();
  for (const std::vector<double>& row : curve_) {
    json cells = json::array();
    for (const double cell : row) cells.push_back(NumberOrNull(cell));
    curve.push_back(cells);
  }
  folder_.Write("curves.csv", Curves());
  folder_.SaveCheckpoint({{"iteration", iteration_},
                          {"weights", SaveTensors(tensors_.parameters())},
                          {"adam", SaveAdam(&adam_, tensors_.parameters())},
                          {"positions", positions},
                          {"sums",
                           {sums_.regret, sums_.entropy, sums_.critic_error,
                            sums_.selector_error, summed_}},
                          {"validation", NumberOrNull(validation_)},
                          {"best_validation", NumberOrNull(best_validation_)},
                          {"best", best_},
                          {"curve", curve},
                          {"final", final_}});
  saved_at_ = iteration_;
}

void Net2SeqRun::State::Load() {
  const json saved = folder_.LoadCheckpoint();
  try {
    LoadTensors(saved.at("weights"), tensors_.parameters());
    LoadAdam(saved.at("adam"), &adam_, tensors_.parameters());
    std::vector<Net2SeqPosition> positions;
    for (const json& one : saved.at("positions")) {
      positions.push_back({one.at("instance"), one.at("slot"),
                           one.at("plan").get<std::vector<int>>()});
    }
    shards_.MoveTo(positions);
    iteration_ = saved_at_ = saved.at("iteration");
    const json& sums = saved.at("sums");
    sums_.regret = sums.at(0);
    sums_.entropy = sums.at(1);
    sums_.critic_error = sums.at(2);
    sums_.selector_error = sums.at(3);
    summed_ = sums.at(4);
    validation_ = NumberOrMissing(saved.at("validation"));
    best_validation_ = NumberOrMissing(saved.at("best_validation"));
    best_ = saved.at("best");
    for (const json& cells : saved.at("curve")) {
      curve_.emplace_back();
      for (const json& cell : cells) {
        curve_.back().push_back(NumberOrMissing(cell));
      }
    }
    final_ = saved.at("final");
  } catch (const json::exception& error) {
    throw InputError(folder_.File("checkpoint") + ": " + CauseOf(error));
  }
  // The last evaluation judges what the weights are now.
  tensors_.CopyTo(&network_);
  network_.origin.iterations = iteration_;
  folder_.GoesOn(steps());
}

std::string Net2SeqRun::State::Curves() const {
  std::string text =
      "steps,iteration,regret,entropy,critic_error,selector_error,validation,"
      "best_validation\n";
  for (const std::vector<double>& row : curve_) {
    text += fmt::format("{}\n", fmt::join(row, ","));
  }
  return text;
}

json Net2SeqRun::State::Facts() const {
  return {{"libraries", LearningLibraries()},
          {"iterations", iteration_},
          {"steps", steps()},
          {"steps_wanted", options_.iterations * options_.batch},
          {"best_evaluation", NumberOrNull(-best_validation_)},
          {"evaluation", final_},
          {"runtime", {{"cpu_seconds", cpu_seconds_}}}};
}

Net2SeqRun::Net2SeqRun(const TrainingTask& task, const Scenario& scenario,
                       const TrainingJob& job)
    : state_(std::make_unique<State>(task, scenario, job)) {}
Net2SeqRun::~Net2SeqRun() = default;

ExitCode Net2SeqRun::Run(const std::function<bool()>& stop,
                         const Report& report) {
  return state_->Run(stop, report);
}

const json& Net2SeqRun::card() const { return state_->folder().card(); }

std::string Net2SeqRun::Summary() const {
  const json& judged = card().at("evaluation");
  const json& against = judged.at("regret_against_turboca");
  return fmt::format(
      "{} iterations, {} decisions\n"
      "  regret per access point and slot on {} test networks, {} slots: "
      "{:.4f}; turboca {:.4f}: {:+.2f} % [{:+.2f}, {:+.2f}]\n",
      card().at("iterations").get<int64_t>(), card().at("steps").get<int64_t>(),
      judged.at("episodes").get<int64_t>(), judged.at("slots").get<int64_t>(),
      -judged.at("best").at("mean").get<double>(),
      -judged.at(kRival).at("mean").get<double>(),
      100 * against.at("estimate").get<double>(),
      100 * against.at("low").get<double>(),
      100 * against.at("high").get<double>());
}

}  // namespace airlock
