#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "agents/rollout/local_actors.h"
#include "agents/rollout/rollout_frame.h"
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

[[noreturn]] void Serve(int requests, int answers, const ActorOptions& options,
                        int64_t first, int64_t count) {
  std::unique_ptr<SomeActors> actors;
  std::unique_ptr<Policy> policy;
  try {
    json request;
    while (ReadFrame(requests, &request)) {
      WriteFrame(answers, FrameOf([&] {
                   if (!actors) {
                     actors =
                         std::make_unique<SomeActors>(options, first, count);
                   }
                   return Answer(request, actors.get(), &policy);
                 }));
    }
  } catch (const std::exception&) {
    // Half a request, or nobody listens: the other side has gone.
  }
  _exit(0);
}

int64_t ThreadsOfThisProcess() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

class Worker {
 public:
  Worker(const ActorOptions& options, int64_t first, int64_t count)
      : first_(first), count_(count) {
    std::array<int, 2> to, from;
    if (pipe2(to.data(), O_CLOEXEC) != 0 ||
        pipe2(from.data(), O_CLOEXEC) != 0) {
      throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    }
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) {
      throw Error(fmt::format("cannot fork: {}", std::strerror(errno)));
    }
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(0);
      signal(SIGINT, SIG_IGN);  // its parent's to obey
      close(to[1]);
      close(from[0]);
      Serve(to[0], from[1], options, first, count);
    }
    close(to[0]);
    close(from[1]);
    requests_ = to[1];
    answers_ = from[0];
  }
  ~Worker() {
    close(requests_);
    close(answers_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int64_t envs() const { return count_; }
  void Ask(const json& request) {
    try {
      WriteFrame(requests_, request);
    } catch (const Error&) {
      Died();
    }
  }
  json Answer() {
    json answer;
    if (!ReadFrame(answers_, &answer)) Died();
    ThrowIfErrorFrame(answer);
    return answer;
  }

 private:
  [[noreturn]] void Died() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    throw Error(
        fmt::format("the worker of environments {} to {} died: {}", first_,
                    first_ + count_ - 1,
                    WIFSIGNALED(status)
                        ? fmt::format("signal {}", WTERMSIG(status))
                        : fmt::format("exit code {}", WEXITSTATUS(status))));
  }

  int64_t first_;
  int64_t count_;
  pid_t pid_ = -1;
  int requests_ = -1;
  int answers_ = -1;
};

class Forked : public Actors {
 public:
  Forked(const ActorOptions& options, int64_t workers)
      : spec_(options.create()->spec()), envs_(options.envs) {
    const int64_t threads = ThreadsOfThisProcess();
    if (threads > 1) {
      throw Error(fmt::format(
          "{} threads run already: none may where a process forks", threads));
    }
    // A worker that is gone is an error of write(), not a signal.
    signal(SIGPIPE, SIG_IGN);
    workers = std::clamp<int64_t>(workers, 1, envs_);
    for (int64_t w = 0; w < workers; ++w) {
      const int64_t first = w * envs_ / workers;
      workers_.push_back(std::make_unique<Worker>(
          options, first, (w + 1) * envs_ / workers - first));
    }
  }

  const EnvSpec& spec() const override { return spec_; }
  int64_t envs() const override { return envs_; }

  Rollout Run(const Policy& policy, int64_t steps, double random_share,
              bool greedy) override {
    std::vector<Rollout> parts;
    for (const json& answer : AskAll({{"type", "run"},
                                      {"policy", policy.ToJson()},
                                      {"steps", steps},
                                      {"random_share", random_share},
                                      {"greedy", greedy}})) {
      parts.push_back(RolloutFromFrame(answer));
    }
    return SideBySide(parts);
  }
  json Save() override {
    json states = json::array();
    for (json& answer : AskAll({{"type", "save"}})) {
      states.push_back(std::move(answer.at("state")));
    }
    return states;
  }
  void Load(const json& state) override {
    if (!state.is_array() || state.size() != workers_.size()) {
      throw InputError(fmt::format("saved by {} workers; these are {}",
                                   state.is_array() ? state.size() : 1,
                                   workers_.size()));
    }
    for (size_t w = 0; w < workers_.size(); ++w) {
      workers_[w]->Ask({{"type", "load"}, {"state", state[w]}});
    }
    for (const auto& worker : workers_) worker->Answer();
  }

 private:
  std::vector<json> AskAll(const json& request) {
    for (const auto& worker : workers_) worker->Ask(request);
    std::vector<json> answers;
    for (const auto& worker : workers_) answers.push_back(worker->Answer());
    return answers;
  }

  EnvSpec spec_;
  int64_t envs_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

std::unique_ptr<Actors> ForkedActors(const ActorOptions& options,
                                     int64_t workers) {
  return std::make_unique<Forked>(options, workers);
}

}  // namespace airlock
