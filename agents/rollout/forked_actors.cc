#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "agents/rollout/local_actors.h"
#include "agents/rollout/rollout_frame.h"
#include "sim/base/forked_process.h"
#include "sim/base/frame.h"

namespace airlock {
namespace {

using nlohmann::json;

// What a worker is asked and answers:
//
//   {type: "run", policy?, steps, random_share, greedy}  ->  {type: "rollout"}
//   {type: "save"}         ->  {type: "state", state}
//   {type: "load", state}  ->  {type: "loaded"}
//
// `policy` is left out where it is the one before.
json Answer(const json& request, SomeActors* actors,
            std::unique_ptr<Policy>* policy) {
  const std::string type = request.at("type");
  if (type == "save") {
    return {{"type", "state"}, {"state", actors->Save()}};
  }
  if (type == "load") {
    actors->Load(request.at("state"));
    return {{"type", "loaded"}};
  }
  if (request.contains("policy")) {
    *policy = std::make_unique<Policy>(Policy::FromJson(request.at("policy")));
  }
  return ToFrame(actors->Run(**policy, request.at("steps"),
                             request.at("random_share"), request.at("greedy")));
}

void Serve(int requests, int answers, const ActorOptions& options,
           int64_t first, int64_t count) {
  std::signal(SIGINT, SIG_IGN);  // its parent's to obey
  std::unique_ptr<SomeActors> actors;
  std::unique_ptr<Policy> policy;
  json request;
  while (ReadFrame(requests, &request)) {
    WriteFrame(answers, FrameOf([&] {
                 if (!actors) {
                   actors = std::make_unique<SomeActors>(options, first, count);
                 }
                 return Answer(request, actors.get(), &policy);
               }));
  }
}

int64_t ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// What a worker says that has died in place of an answer.
struct WorkerDied {
  std::string how;
};

// Where a process forks no thread may run: what one holds would stay locked.
void RequireOneThread() {
  const int64_t threads = ThreadsOfThisProcess();
  if (threads > 1) {
    throw Error(fmt::format(
        "{} threads run already: none may where a process forks", threads));
  }
}

// The options of what takes the place of a worker that died.
ActorOptions Anew(ActorOptions options, int64_t first, int64_t generation) {
  if (generation == 0) return options;
  options.seed =
      RngTree(options.seed)
          .Stream(fmt::format("replacement/{}", first), Replication(generation))
          .Next64();
  return options;
}

// A process that holds environments `first` ... `first + count - 1`; the
// `generation`-th in their place. Throws WorkerDied where it is gone.
class Worker {
 public:
  Worker(const ActorOptions& all, int64_t first, int64_t count,
         int64_t generation)
      : first_(first),
        count_(count),
        generation_(generation),
        process_([&](int requests, int answers) {
          Serve(requests, answers, Anew(all, first, generation), first, count);
        }) {}

  int64_t first() const { return first_; }
  int64_t envs() const { return count_; }
  int64_t generation() const { return generation_; }
  void Ask(const json& request) {
    try {
      WriteFrame(process_.requests(), request);
    } catch (const Error&) {
      Died();
    }
  }
  json Answer() {
    json answer;
    if (!ReadFrame(process_.answers(), &answer)) Died();
    ThrowIfErrorFrame(answer);
    return answer;
  }

 private:
  [[noreturn]] void Died() {
    throw WorkerDied{fmt::format("the worker of environments {} to {} died: {}",
                                 first_, first_ + count_ - 1,
                                 process_.DescribeEnd("signal"))};
  }

  int64_t first_;
  int64_t count_;
  int64_t generation_;
  ForkedProcess process_;
};

class Forked : public Actors {
 public:
  Forked(const ActorOptions& options, int64_t workers)
      : options_(options), spec_(options.create()->spec()) {
    RequireOneThread();
    // A worker that is gone is an error of write(), not a signal.
    signal(SIGPIPE, SIG_IGN);
    workers = std::clamp<int64_t>(workers, 1, options.envs);
    for (int64_t w = 0; w < workers; ++w) {
      const int64_t first = w * options.envs / workers;
      workers_.push_back(std::make_unique<Worker>(
          options, first, (w + 1) * options.envs / workers - first, 0));
    }
    restarted_.resize(workers_.size());
  }

  const EnvSpec& spec() const override { return spec_; }
  int64_t envs() const override { return options_.envs; }
  int64_t lost_episodes() const override { return lost_episodes_; }
  std::vector<std::string> TakeLosses() override {
    return std::exchange(losses_, {});
  }

  Rollout Run(const Policy& policy, int64_t steps, double random_share,
              bool greedy) override {
    std::vector<Rollout> parts;
    for (const json& answer : AskAll({{"type", "run"},
                                      {"policy", policy.ToJson()},
                                      {"steps", steps},
                                      {"random_share", random_share},
                                      {"greedy", greedy}})) {
      parts.push_back(RolloutFromFrame(answer));
      const size_t w = parts.size() - 1;
      parts[w].restarted.assign(static_cast<size_t>(parts[w].envs),
                                std::exchange(restarted_[w], 0));
    }
    return SideBySide(parts);
  }
  json Save() override {
    json workers = json::array();
    std::vector<json> states = AskAll({{"type", "save"}});
    for (size_t w = 0; w < workers_.size(); ++w) {
      workers.push_back({{"generation", workers_[w]->generation()},
                         {"restarted", restarted_[w]},
                         {"state", std::move(states[w].at("state"))}});
    }
    return {{"lost_episodes", lost_episodes_}, {"workers", workers}};
  }
  void Load(const json& state) override {
    try {
      const json& workers = state.at("workers");
      if (workers.size() != workers_.size()) {
        throw InputError(fmt::format("saved by {} workers; these are {}",
                                     workers.size(), workers_.size()));
      }
      for (size_t w = 0; w < workers_.size(); ++w) {
        const int64_t generation = workers[w].at("generation");
        if (generation != workers_[w]->generation()) Replace(w, generation);
      }
      std::vector<json> requests;
      for (const json& one : workers) {
        requests.push_back({{"type", "load"}, {"state", one.at("state")}});
      }
      AskEach(requests);
      for (size_t w = 0; w < workers_.size(); ++w) {
        restarted_[w] = workers[w].at("restarted");
      }
      lost_episodes_ = state.at("lost_episodes");
    } catch (const json::exception& e) {
      throw InputError(
          fmt::format("not a saved state of workers: {}", e.what()));
    }
  }

 private:
  std::vector<json> AskAll(const json& request) {
    return AskEach(std::vector<json>(workers_.size(), request));
  }
  // All work at the same time; what a worker that dies was asked is asked of
  // the next in its place.
  std::vector<json> AskEach(const std::vector<json>& requests) {
    std::vector<std::string> died(workers_.size());
    for (size_t w = 0; w < workers_.size(); ++w) {
      try {
        workers_[w]->Ask(requests[w]);
      } catch (const WorkerDied& death) {
        died[w] = death.how;
      }
    }
    std::vector<json> answers(workers_.size());
    for (size_t w = 0; w < workers_.size(); ++w) {
      for (int attempt = 1;; ++attempt) {
        if (died[w].empty()) {
          try {
            answers[w] = workers_[w]->Answer();
            break;
          } catch (const WorkerDied& death) {
            died[w] = death.how;
          }
        }
        if (attempt == kAttempts) throw Error(died[w]);
        Mourn(w, died[w]);
        died[w].clear();
        try {
          workers_[w]->Ask(requests[w]);
        } catch (const WorkerDied& death) {
          died[w] = death.how;
        }
      }
    }
    return answers;
  }
  void Mourn(size_t w, const std::string& how) {
    const int64_t lost = workers_[w]->envs();
    lost_episodes_ += lost;
    losses_.push_back(fmt::format("{}; {} {} lost", how, lost,
                                  lost == 1 ? "episode is" : "episodes are"));
    Replace(w, workers_[w]->generation() + 1);
    restarted_[w] = 1;
  }
  void Replace(size_t w, int64_t generation) {
    RequireOneThread();
    const int64_t first = workers_[w]->first(), count = workers_[w]->envs();
    workers_[w].reset();
    workers_[w] = std::make_unique<Worker>(options_, first, count, generation);
  }

  static constexpr int kAttempts = 3;

  ActorOptions options_;
  EnvSpec spec_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<uint8_t> restarted_;  // by worker, since the last rollout
  int64_t lost_episodes_ = 0;
  std::vector<std::string> losses_;
};

}  // namespace

std::unique_ptr<Actors> ForkedActors(const ActorOptions& options,
                                     int64_t workers) {
  return std::make_unique<Forked>(options, workers);
}

}  // namespace airlock
