#include "agents/rollout/worker_actors.h"

#include <fmt/format.h>

#include <utility>

#include "agents/rollout/rollout_frame.h"
#include "sim/base/child_process.h"
#include "sim/base/error.h"
#include "sim/base/frame.h"

namespace airlock {
namespace {

using nlohmann::json;

class InWorker : public Actors {
 public:
  InWorker(const NetworkTask& task, int64_t envs, uint64_t seed, int64_t jobs)
      : worker_(ProgramPath("airlock-worker", "AIRLOCK_WORKER")), envs_(envs) {
    spec_ = EnvSpecFromJson(Ask({{"type", "actors"},
                                 {"task", task.task},
                                 {"scenario", task.scenario},
                                 {"name", task.name},
                                 {"noise", task.noise},
                                 {"noise_seed", task.noise_seed},
                                 {"time_limit", task.time_limit},
                                 {"envs", envs},
                                 {"seed", seed},
                                 {"jobs", jobs}})
                                .at("spec"));
  }

  const EnvSpec& spec() const override { return spec_; }
  int64_t envs() const override { return envs_; }
  int64_t lost_episodes() const override { return lost_; }

  std::vector<std::string> TakeLosses() override {
    return std::exchange(losses_, {});
  }
  Rollout Run(const Policy& policy, int64_t steps, double random_share,
              bool greedy) override {
    json request = {{"type", "run"},
                    {"steps", steps},
                    {"random_share", random_share},
                    {"greedy", greedy}};
    json present = policy.ToJson();
    if (present != policy_) {
      policy_ = std::move(present);
      request["policy"] = policy_;
    }
    const json answer = Ask(request);
    answer.at("lost").get_to(lost_);
    for (const json& loss : answer.at("losses")) losses_.push_back(loss);
    return RolloutFromFrame(answer);
  }
  json Save() override { return Ask({{"type", "save"}}).at("state"); }
  void Load(const json& state) override {
    Ask({{"type", "load"}, {"state", state}}).at("lost").get_to(lost_);
  }

 private:
  json Ask(const json& request) {
    json answer;
    bool answered = false;
    try {
      WriteFrame(worker_.input(), request);
      answered = ReadFrame(worker_.output(), &answer);
    } catch (const Error&) {  // it is gone, in the middle of something
    }
    if (!answered) {
      throw Error(fmt::format("the worker that runs the networks ended: {}",
                              worker_.DescribeEnd()));
    }
    ThrowIfErrorFrame(answer);
    return answer;
  }

  ChildProcess worker_;
  EnvSpec spec_;
  int64_t envs_;
  int64_t lost_ = 0;
  std::vector<std::string> losses_;
  json policy_;  // the one that it was sent
};

}  // namespace

std::unique_ptr<Actors> WorkerActors(const NetworkTask& task, int64_t envs,
                                     uint64_t seed, int64_t jobs) {
  return std::make_unique<InWorker>(task, envs, seed, jobs);
}

}  // namespace airlock
