#include "agents/learn/training_run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/version.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kCheckpointFormat[] = "airlock-checkpoint-1";
constexpr char kCardFormat[] = "airlock-run-card-1";
constexpr int64_t kCurveRows = 100;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNan : sum / static_cast<double>(values.size());
}

// A number of a CSV or of a card; empty or null where there is none.
std::string Cell(double x) {
  return std::isfinite(x) ? fmt::format("{}", x) : "";
}
json NumberOr(double x) { return std::isfinite(x) ? json(x) : json(); }
// JSON has no NaN, and CBOR keeps it.
double NumberOf(const json& x) { return x.is_null() ? kNan : x.get<double>(); }

// "what" of a saved file differs from what is wanted.
[[noreturn]] void Other(const std::string& path, const std::string& what,
                        const std::string& saved, const std::string& wanted) {
  throw InputError(
      fmt::format("{}: a checkpoint of another {}: '{}', not '{}'; it cannot "
                  "be resumed",
                  path, what, saved, wanted));
}

// The first line in which two texts differ.
std::pair<std::string, std::string> FirstDifference(const std::string& a,
                                                    const std::string& b) {
  size_t start = 0;
  for (size_t i = 0; i <= std::max(a.size(), b.size()); ++i) {
    const char x = i < a.size() ? a[i] : '\0', y = i < b.size() ? b[i] : '\0';
    if (x != y) break;
    if (x == '\n') start = i + 1;
  }
  const auto line = [start](const std::string& text) {
    return start < text.size()
               ? text.substr(start, text.find('\n', start) - start)
               : std::string("nothing");
  };
  return {line(a), line(b)};
}

// The random numbers of evaluations, which training never sees.
uint64_t EvaluationSeed(uint64_t seed, const std::string& which) {
  return RngTree(seed).Stream("evaluation/" + which, Replication(0)).Next64();
}

}  // namespace

std::vector<double> EvaluatePolicy(
    const Policy& policy, const std::function<std::unique_ptr<Env>()>& create,
    int64_t episodes, uint64_t seed, int64_t time_limit) {
  ActorOptions options;
  options.create = create;
  options.envs = episodes;
  options.seed = seed;
  options.time_limit = time_limit;
  const auto actors = LocalActors(options);
  std::vector<double> rewards(static_cast<size_t>(episodes), kNan);
  for (int64_t left = episodes; left > 0;) {
    for (const EpisodeRecord& one : actors->Run(policy, 64, 0, true).episodes) {
      if (one.episode > 0) continue;
      rewards[one.env] = one.reward;
      --left;
    }
  }
  return rewards;
}

class TrainingRun::State {
 public:
  State(const TrainingTask& task, const TrainingJob& job);
  ExitCode Run(const std::function<bool()>& stop, const Report& report);
  const json& card() const { return card_; }

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
  std::string File(const std::string& name) const {
    return job_.folder + "/" + name;
  }
  // Whether `every` steps, or a multiple, were reached by the last update.
  bool Reached(int64_t every) const {
    return every > 0 &&
           steps() / every > (steps() - agent().steps_per_update()) / every;
  }

  void OpenFolder();
  void CheckTask() const;
  void Update();
  void Evaluate();
  void Finish();
  void AddCurveRow(double score);
  json Identity() const;
  void Save();
  void Load();
  std::string Curves() const;
  void WriteCard(ExitCode code, const std::string& cause);
  void Log(const std::string& what);

  TrainingTask task_;
  TrainingJob job_;
  std::string agent_text_;
  std::unique_ptr<Actors> actors_;
  std::unique_ptr<Learner> learner_;

  // What a checkpoint holds beside those.
  int64_t updates_ = 0;
  int64_t episodes_ = 0;
  std::vector<std::string> losses_;
  json best_policy_;  // null: none yet
  double best_score_ = kNan;
  std::vector<std::string> curve_names_;
  std::vector<std::vector<double>> curve_;
  // Since the last row of the curves.
  std::vector<double> returns_, lengths_;
  std::vector<double> sums_, counts_;
  json final_;  // evaluation at the end

  json card_;
  std::string log_;
  int64_t resumed_at_ = -1;
  int64_t saved_at_ = 0;  // steps of the last checkpoint
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

TrainingRun::State::State(const TrainingTask& task, const TrainingJob& job)
    : task_(task), job_(job), agent_text_(AgentFileText(job.agent)) {
  CheckTask();
  OpenFolder();
  ActorOptions options;
  options.create = task.create;
  options.envs = agent().environments;
  options.seed = job.seed;
  options.time_limit = agent().time_limit;
  actors_ = agent().workers > 0 ? ForkedActors(options, agent().workers)
                                : LocalActors(options);
  learner_ = MakeLearner(agent(), actors_->spec(), job.seed);
  if (job.resume && fs::exists(File("checkpoint"))) Load();
  // The card comes first: by it a folder is known.
  WriteCard(ExitCode::kFailed, "under way");
  WriteFileAtomically(File("agent.yaml"), agent_text_);
  Log(resumed_at_ < 0 ? "begins"
                      : fmt::format("goes on at step {}", resumed_at_));
}

// Before anything is written: an episode can begin at all.
void TrainingRun::State::CheckTask() const {
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

void TrainingRun::State::OpenFolder() {
  if (!job_.resume) {
    if (fs::exists(job_.folder)) {
      throw InputError(fmt::format(
          "{} exists; choose another folder, or pass --resume to go on with "
          "it or --overwrite to replace it",
          job_.folder));
    }
    return;
  }
  if (!fs::exists(File("card.json"))) {
    throw InputError(
        fmt::format("{} holds no training to resume (it has no "
                    "card.json)",
                    job_.folder));
  }
}

void TrainingRun::State::Update() {
  const double before = done();
  const Rollout rollout = actors_->Run(learner_->Acting(), agent().rollout,
                                       learner_->RandomShare(before), false);
  for (const std::string& loss : actors_->TakeLosses()) {
    losses_.push_back(fmt::format("step {}: {}", steps(), loss));
    Log(losses_.back());
  }
  for (const EpisodeRecord& episode : rollout.episodes) {
    ++episodes_;
    returns_.push_back(episode.reward);
    lengths_.push_back(static_cast<double>(episode.steps));
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
                             static_cast<double>(episodes_), MeanOf(returns_),
                             MeanOf(lengths_), score};
  for (size_t i = 0; i < sums_.size(); ++i)
    row.push_back(sums_[i] / counts_[i]);
  curve_.push_back(std::move(row));
  returns_.clear();
  lengths_.clear();
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
    score = MeanOf(EvaluatePolicy(
        acting, task_.create, agent().evaluation.episodes,
        EvaluationSeed(job_.seed, "selection"), agent().time_limit));
    // The later of equals has learnt from more.
    if (best_policy_.is_null() || score >= best_score_) {
      best_score_ = score;
      best_policy_ = acting.ToJson();
    }
  }
  const int64_t row = std::max<int64_t>(1, agent().updates() / kCurveRows);
  if (judged || last || updates_ % row == 0) AddCurveRow(score);
}

// Episodes of another seed than those that chose the best policy.
void TrainingRun::State::Finish() {
  const auto judge = [this](const Policy& policy) -> json {
    const std::vector<double> rewards =
        EvaluatePolicy(policy, task_.create, agent().evaluation.episodes,
                       EvaluationSeed(job_.seed, "final"), agent().time_limit);
    return {{"mean", MeanOf(rewards)}, {"rewards", rewards}};
  };
  final_ = {{"episodes", agent().evaluation.episodes},
            {"last", judge(learner_->Acting())}};
  final_["best"] = best_policy_.is_null()
                       ? final_["last"]
                       : judge(Policy::FromJson(best_policy_));
}

ExitCode TrainingRun::State::Run(const std::function<bool()>& stop,
                                 const Report& report) {
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
        Log(fmt::format("interrupted after step {}", steps()));
        WriteCard(ExitCode::kInterrupted, "interrupted");
        return ExitCode::kInterrupted;
      }
      if (!last && Reached(every)) {
        Save();
        WriteCard(ExitCode::kFailed, "under way");
      }
    }
    if (final_.is_null()) {
      Finish();
      Save();
      Log("done");
    }
    WriteCard(ExitCode::kDone, "done");
    return ExitCode::kDone;
  } catch (const Error& error) {
    const std::string cause =
        fmt::format("after step {} of {}: {}", steps(), total(), error.what());
    Log("stopped " + cause);
    WriteCard(error.code(), cause);
    throw Error(
        fmt::format("training stopped {}; {}", cause,
                    fs::exists(File("checkpoint"))
                        ? fmt::format("the checkpoint of step {} stays in {}",
                                      saved_at_, job_.folder)
                        : "there is no checkpoint yet"),
        error.code());
  }
}

json TrainingRun::State::Identity() const {
  return {{"task", task_.name},
          {"task_digest", task_.digest},
          {"agent", agent_text_},
          {"seed", job_.seed}};
}

void TrainingRun::State::Save() {
  json state = {{"format", kCheckpointFormat},
                {"identity", Identity()},
                {"actors", actors_->Save()},
                {"learner", learner_->Save()},
                {"updates", updates_},
                {"episodes", episodes_},
                {"losses", losses_},
                {"best_policy", best_policy_},
                {"best_score", NumberOr(best_score_)},
                {"curve_names", curve_names_},
                {"curve", curve_},
                {"returns", returns_},
                {"lengths", lengths_},
                {"sums", sums_},
                {"counts", counts_},
                {"final", final_}};
  const std::vector<uint8_t> bytes = json::to_cbor(state);
  const std::string text(bytes.begin(), bytes.end());
  const json last = learner_->Acting().ToJson();
  WriteFileAtomically(File("policy-last.json"), last.dump() + "\n");
  WriteFileAtomically(
      File("policy.json"),
      (best_policy_.is_null() ? last : best_policy_).dump() + "\n");
  WriteFileAtomically(File("curves.csv"), Curves());
  WriteFileAtomically(File("checkpoint"), Sha256(text) + "\n" + text);
  saved_at_ = steps();
}

void TrainingRun::State::Load() {
  const std::string path = File("checkpoint");
  const std::string text = ReadFile(path);
  constexpr size_t kDigest = 64;
  if (text.size() <= kDigest || text[kDigest] != '\n' ||
      Sha256(text.substr(kDigest + 1)) != text.substr(0, kDigest)) {
    throw InputError(path + ": damaged: its digest does not fit its content");
  }
  try {
    const json state = json::from_cbor(text.substr(kDigest + 1));
    const std::string format = state.at("format");
    if (format != kCheckpointFormat) {
      Other(path, "version", format, kCheckpointFormat);
    }
    const json& saved = state.at("identity");
    const json wanted = Identity();
    for (const char* what : {"task", "task_digest", "seed"}) {
      if (saved.at(what) == wanted.at(what)) continue;
      Other(path, what, saved.at(what).dump(), wanted.at(what).dump());
    }
    if (saved.at("agent") != agent_text_) {
      const auto [was, is] = FirstDifference(saved.at("agent"), agent_text_);
      Other(path, "agent file", was, is);
    }
    actors_->Load(state.at("actors"));
    learner_->Load(state.at("learner"));
    updates_ = state.at("updates");
    episodes_ = state.at("episodes");
    losses_ = state.at("losses").get<std::vector<std::string>>();
    best_policy_ = state.at("best_policy");
    best_score_ = NumberOf(state.at("best_score"));
    curve_names_ = state.at("curve_names").get<std::vector<std::string>>();
    curve_ = state.at("curve").get<std::vector<std::vector<double>>>();
    returns_ = state.at("returns").get<std::vector<double>>();
    lengths_ = state.at("lengths").get<std::vector<double>>();
    sums_ = state.at("sums").get<std::vector<double>>();
    counts_ = state.at("counts").get<std::vector<double>>();
    final_ = state.at("final");
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
  resumed_at_ = saved_at_ = steps();
  if (fs::exists(File("log.txt"))) log_ = ReadFile(File("log.txt"));
}

std::string TrainingRun::State::Curves() const {
  std::string text = "steps,episodes,mean_return,mean_length,evaluation";
  for (const std::string& name : curve_names_) text += "," + name;
  text += "\n";
  for (const std::vector<double>& row : curve_) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += (i > 0 ? "," : "") + Cell(row[i]);
    }
    text += "\n";
  }
  return text;
}

void TrainingRun::State::WriteCard(ExitCode code, const std::string& cause) {
  const std::chrono::duration<double> wall =
      std::chrono::steady_clock::now() - start_;
  const bool known = fs::exists(File("policy.json"));
  json libraries = LearningLibraries();
  libraries["airlock"] = Version() + " (" + GitCommit() + ")";
  card_ = {
      {"format", kCardFormat},
      {"task", task_.name},
      {"algorithm", agent().algorithm},
      {"seed", job_.seed},
      {"settings", agent_text_},
      {"digests",
       {{"task", task_.digest},
        {"agent", Sha256(agent_text_)},
        {"layout", actors_->spec().LayoutDigest()},
        {"policy", known ? json(Sha256OfFile(File("policy.json"))) : json()}}},
      {"libraries", libraries},
      {"steps", steps()},
      {"steps_wanted", total()},
      {"episodes", episodes_},
      {"lost_episodes", actors_->lost_episodes()},
      {"losses", losses_},
      {"deterministic", actors_->lost_episodes() == 0},
      {"best_evaluation", NumberOr(best_score_)},
      {"evaluation", final_},
      {"exit", {{"code", static_cast<int>(code)}, {"cause", cause}}},
      {"runtime",
       {{"wall_seconds", wall.count()},
        {"cpu_seconds", static_cast<double>(std::clock()) / CLOCKS_PER_SEC},
        {"resumed_at", resumed_at_ < 0 ? json() : json(resumed_at_)}}}};
  WriteFileAtomically(File("card.json"), card_.dump(2) + "\n");
}

void TrainingRun::State::Log(const std::string& what) {
  log_ += fmt::format("{:%FT%TZ}  {}\n", fmt::gmtime(std::time(nullptr)), what);
  WriteFileAtomically(File("log.txt"), log_);
}

TrainingRun::TrainingRun(const TrainingTask& task, const TrainingJob& job)
    : state_(std::make_unique<State>(task, job)) {}
TrainingRun::~TrainingRun() = default;
ExitCode TrainingRun::Run(const std::function<bool()>& stop,
                          const Report& report) {
  return state_->Run(stop, report);
}
const json& TrainingRun::card() const { return state_->card(); }

}  // namespace airlock
