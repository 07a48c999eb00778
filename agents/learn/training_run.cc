#include "agents/learn/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "agents/learn/policy_evaluation.h"
#include "agents/learn/training_folder.h"
#include "sim/base/json.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int64_t kCurveRows = 100;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A number of a CSV; empty where there is none.
std::string Cell(double x) {
  return std::isfinite(x) ? fmt::format("{}", x) : "";
}

// The random numbers of evaluations, which training never sees.
uint64_t EvaluationSeed(uint64_t seed, const std::string& which) {
  return RngTree(seed).Stream("evaluation/" + which, Replication(0)).Next64();
}

}  // namespace

class TrainingRun::State {
 public:
  State(const TrainingTask& task, const TrainingJob& job);
  ExitCode Run(const std::function<bool()>& stop,
               const Training::Report& report);
  const json& card() const { return folder_.card(); }

 private:
  const AgentFile& agent() const { return job_.agent; }
  int64_t total() const {
    return agent().updates() * agent().steps_per_update();
  }
  int64_t steps() const { return updates_ * agent().steps_per_update(); }
  double done() const {
    return static_cast<double>(updates_) /
           static_cast<double>(agent().updates());
  }
  // Whether `every` steps, or a multiple, were reached by the last update.
  bool Reached(int64_t every) const {
    return every > 0 &&
           steps() / every > (steps() - agent().steps_per_update()) / every;
  }

  void CheckTask() const;
  void Update();
  void Evaluate();
  PolicyEvaluation Judge(const Policy& policy, const std::string& which);
  void Finish();
  void AddCurveRow(double score);
  void Save();
  void Load();
  std::string Curves() const;
  json SafetyFacts() const;  // null: there is no shield
  json Facts() const;

  TrainingTask task_;
  TrainingJob job_;
  TrainingFolder folder_;
  std::unique_ptr<Actors> actors_;
  std::unique_ptr<Learner> learner_;

  // What a checkpoint holds beside those.
  int64_t updates_ = 0;
  int64_t episodes_ = 0;
  std::vector<std::string> losses_;
  json best_policy_;  // null: none yet
  double best_score_ = kNan;
  double best_excess_ = 0;
  std::vector<std::string> curve_names_;
  std::vector<std::vector<double>> curve_;
  // Since the last row of the curves.
  std::vector<double> returns_, lengths_;
  std::vector<std::vector<double>> costs_;
  std::vector<double> sums_, counts_;
  SafetyTally judged_safety_;  // in evaluations; the task's tally has all
  json final_;                 // evaluation at the end

  int64_t saved_at_ = 0;  // steps of the last checkpoint
};

TrainingRun::State::State(const TrainingTask& task, const TrainingJob& job)
    : task_(task),
      job_(job),
      folder_(job.folder, job.resume,
              {task.name, task.digest, job.agent.algorithm,
               AgentFileText(job.agent), job.seed}) {
  CheckTask();
  if (task.tally) task.tally->Set({});  // not what another run has counted
  TaskActors actors;
  actors.envs = agent().environments;
  actors.seed = job.seed;
  actors.time_limit = agent().time_limit;
  actors.workers = agent().workers;
  actors.noise = agent().noise.Options();
  actors_ = MakeActors(task, actors);
  learner_ = MakeLearner(agent(), actors_->spec(), job.seed);
  if (job.resume && folder_.has_checkpoint()) Load();
  folder_.Begin(Facts());
}

// Before anything is written: an episode can begin at all.
void TrainingRun::State::CheckTask() const {
  if (task_.network) return;  // a run of it ends, and its masks allow all
  try {
    const VectorEnv probe(task_.create, 0, 1, job_.seed, agent().time_limit);
    if (probe.time_limit() == 0 && agent().evaluation.episodes > 0) {
      throw InputError(fmt::format(
          "{} has no time limit, so that an evaluation may never end; set "
          "time_limit",
          task_.name));
    }
  } catch (const InputError&) {
    throw;
  } catch (const Error& error) {
    throw InputError(fmt::format("before training: {}", error.what()));
  }
}

void TrainingRun::State::Update() {
  const double before = done();
  const Rollout rollout = actors_->Run(learner_->Acting(), agent().rollout,
                                       learner_->RandomShare(before), false);
  for (const std::string& loss : actors_->TakeLosses()) {
    losses_.push_back(fmt::format("step {}: {}", steps(), loss));
    folder_.Log(losses_.back());
  }
  for (const EpisodeRecord& episode : rollout.episodes) {
    ++episodes_;
    returns_.push_back(episode.reward);
    lengths_.push_back(static_cast<double>(episode.steps));
    costs_.push_back(episode.costs);
  }
  const Learner::Progress progress = learner_->Update(rollout, before);
  ++updates_;
  if (curve_names_.empty()) {
    for (const auto& [name, value] : progress) curve_names_.push_back(name);
  }
  sums_.resize(progress.size());
  counts_.resize(progress.size());
  for (size_t i = 0; i < progress.size(); ++i) {
    if (!std::isfinite(progress[i].second)) continue;
    sums_[i] += progress[i].second;
    counts_[i] += 1;
  }
}

void TrainingRun::State::AddCurveRow(double score) {
  std::vector<double> row = {static_cast<double>(steps()),
                             static_cast<double>(episodes_), Mean(returns_),
                             Mean(lengths_), score};
  for (size_t i = 0; i < sums_.size(); ++i)
    row.push_back(sums_[i] / counts_[i]);
  for (size_t c = 0; c < actors_->spec().costs.size(); ++c) {
    std::vector<double> sums;
    for (const std::vector<double>& costs : costs_) sums.push_back(costs[c]);
    row.push_back(Mean(sums));
  }
  curve_.push_back(std::move(row));
  returns_.clear();
  lengths_.clear();
  costs_.clear();
  sums_.clear();
  counts_.clear();
}

void TrainingRun::State::Evaluate() {
  const bool last = updates_ == agent().updates();
  const bool judged = Reached(agent().evaluation.every) ||
                      (last && agent().evaluation.every > 0);
  double score = kNan;
  if (judged) {
    const Policy acting = learner_->Acting();
    const PolicyEvaluation evaluation = Judge(acting, "selection");
    score = evaluation.mean();
    const double excess = evaluation.excess();
    // The later of equals has learnt from more.
    if (best_policy_.is_null() || excess < best_excess_ ||
        (excess == best_excess_ && score >= best_score_)) {
      best_score_ = score;
      best_excess_ = excess;
      best_policy_ = acting.ToJson();
    }
  }
  const int64_t row = std::max<int64_t>(1, agent().updates() / kCurveRows);
  if (judged || last || updates_ % row == 0) AddCurveRow(score);
}

PolicyEvaluation TrainingRun::State::Judge(const Policy& policy,
                                           const std::string& which) {
  const PolicyEvaluation evaluation =
      EvaluatePolicy(policy, task_, agent(), EvaluationSeed(job_.seed, which));
  judged_safety_ = judged_safety_ + evaluation.safety;
  return evaluation;
}

// Episodes of another seed than those that chose the best policy.
void TrainingRun::State::Finish() {
  const auto judge = [this](const Policy& policy) {
    return ToJson(Judge(policy, "final"));
  };
  final_ = {{"episodes", agent().evaluation.episodes},
            {"sampled", agent().evaluation.sampled},
            {"last", judge(learner_->Acting())}};
  final_["best"] = best_policy_.is_null()
                       ? final_["last"]
                       : judge(Policy::FromJson(best_policy_));
}

ExitCode TrainingRun::State::Run(const std::function<bool()>& stop,
                                 const Training::Report& report) {
  const int64_t every = agent().checkpoint_every > 0
                            ? agent().checkpoint_every
                            : std::max<int64_t>(1, total() / 10);
  try {
    while (updates_ < agent().updates()) {
      Update();
      Evaluate();
      if (report) report(steps(), total());
      const bool last = updates_ == agent().updates();
      if (!last && stop && stop()) {
        Save();
        folder_.Log(fmt::format("interrupted after step {}", steps()));
        folder_.WriteCard(ExitCode::kInterrupted, "interrupted", Facts());
        return ExitCode::kInterrupted;
      }
      if (!last && Reached(every)) {
        Save();
        folder_.WriteCard(ExitCode::kFailed, "under way", Facts());
      }
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
        fmt::format("after step {} of {}: {}", steps(), total(), error.what());
    folder_.Log("stopped " + cause);
    folder_.WriteCard(error.code(), cause, Facts());
    throw Error(
        fmt::format("training stopped {}; {}", cause,
                    folder_.has_checkpoint()
                        ? fmt::format("the checkpoint of step {} stays in {}",
                                      saved_at_, job_.folder)
                        : "there is no checkpoint yet"),
        error.code());
  }
}

void TrainingRun::State::Save() {
  json state = {{"actors", actors_->Save()},
                {"learner", learner_->Save()},
                {"updates", updates_},
                {"episodes", episodes_},
                {"losses", losses_},
                {"best_policy", best_policy_},
                {"best_score", NumberOrNull(best_score_)},
                {"best_excess", best_excess_},
                {"curve_names", curve_names_},
                {"curve", curve_},
                {"returns", returns_},
                {"lengths", lengths_},
                {"costs", costs_},
                {"safety", SafetyFacts()},
                {"sums", sums_},
                {"counts", counts_},
                {"final", final_}};
  const json last = learner_->Acting().ToJson();
  folder_.Write("policy-last.json", last.dump() + "\n");
  folder_.Write("policy.json",
                (best_policy_.is_null() ? last : best_policy_).dump() + "\n");
  folder_.Write("curves.csv", Curves());
  folder_.SaveCheckpoint(state);
  saved_at_ = steps();
}

void TrainingRun::State::Load() {
  const json state = folder_.LoadCheckpoint();
  try {
    actors_->Load(state.at("actors"));
    learner_->Load(state.at("learner"));
    updates_ = state.at("updates");
    episodes_ = state.at("episodes");
    losses_ = state.at("losses").get<std::vector<std::string>>();
    best_policy_ = state.at("best_policy");
    best_score_ = NumberOrMissing(state.at("best_score"));
    best_excess_ = state.at("best_excess");
    curve_names_ = state.at("curve_names").get<std::vector<std::string>>();
    curve_ = state.at("curve").get<std::vector<std::vector<double>>>();
    returns_ = state.at("returns").get<std::vector<double>>();
    lengths_ = state.at("lengths").get<std::vector<double>>();
    costs_ = state.at("costs").get<std::vector<std::vector<double>>>();
    if (task_.tally) {
      const json& safety = state.at("safety");
      judged_safety_ = SafetyTallyFromJson(safety.at("evaluation"));
      task_.tally->Set(judged_safety_ +
                       SafetyTallyFromJson(safety.at("training")));
    }
    sums_ = state.at("sums").get<std::vector<double>>();
    counts_ = state.at("counts").get<std::vector<double>>();
    final_ = state.at("final");
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("{}: {}", folder_.File("checkpoint"), e.what()));
  }
  saved_at_ = steps();
  folder_.GoesOn(saved_at_);
}

std::string TrainingRun::State::Curves() const {
  std::string text = "steps,episodes,mean_return,mean_length,evaluation";
  for (const std::string& name : curve_names_) text += "," + name;
  for (const std::string& cost : actors_->spec().costs) text += ",cost_" + cost;
  text += "\n";
  for (const std::vector<double>& row : curve_) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "," : "") + Cell(row[i]);
    }
    text += "\n";
  }
  return text;
}

json TrainingRun::State::SafetyFacts() const {
  if (!task_.tally) return nullptr;
  return {{"training", ToJson(task_.tally->Read() - judged_safety_)},
          {"evaluation", ToJson(judged_safety_)}};
}

// What the card says beside what any training's does.
json TrainingRun::State::Facts() const {
  return {{"digests", {{"layout", actors_->spec().LayoutDigest()}}},
          {"libraries", LearningLibraries()},
          {"steps", steps()},
          {"steps_wanted", total()},
          {"episodes", episodes_},
          {"lost_episodes", actors_->lost_episodes()},
          {"losses", losses_},
          {"deterministic", actors_->lost_episodes() == 0},
          {"best_evaluation", NumberOrNull(best_score_)},
          {"evaluation", final_},
          {"safety", SafetyFacts()}};
}

TrainingRun::TrainingRun(const TrainingTask& task, const TrainingJob& job)
    : state_(std::make_unique<State>(task, job)) {}
TrainingRun::~TrainingRun() = default;
ExitCode TrainingRun::Run(const std::function<bool()>& stop,
                          const Report& report) {
  return state_->Run(stop, report);
}
const json& TrainingRun::card() const { return state_->card(); }

std::string TrainingRun::Summary() const {
  const json& judged = card().at("evaluation");
  return fmt::format(
      "{} steps, {} episodes ({} lost)\n"
      "  mean return of {} episodes{}: last policy {:.2f}, best policy {:.2f}\n"
      "{}{}",
      card().at("steps").get<int64_t>(), card().at("episodes").get<int64_t>(),
      card().at("lost_episodes").get<int64_t>(),
      judged.at("episodes").get<int64_t>(),
      judged.at("sampled").get<bool>() ? "" : " without chance",
      judged.at("last").at("mean").get<double>(),
      judged.at("best").at("mean").get<double>(), CostLines(judged.at("best")),
      SafetyLines(card().at("safety")));
}

}  // namespace airlock
