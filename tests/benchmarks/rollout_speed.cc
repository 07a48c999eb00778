// Decisions a second of a policy in environments, where policy and environments
// share a process and where they talk over a pipe at each step, as the
// published bridges between ns-3 and learners do; and what share of the time is
// what must be done: simulation on the packet engine, the policy network's
// arithmetic on the airtime model.
//   rollout_speed [ROUNDS [packet | airtime]]
// The two ways run in turn, so that ratios hold on a machine that does other
// things too: medians of the rounds, with the least and the largest. Over the
// pipe a step is one frame there, with the observations of all environments,
// and one back. Seconds of processor time are of both processes together.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/env/channel_env.h"
#include "agents/rollout/episode.h"
#include "sim/base/frame.h"
#include "sim/packet/scene.h"
#include "sim/surrogate/airtime_scenario.h"
#include "tests/support/reference_wlan.h"
#include "twin/worker/network_env.h"

namespace airlock {
namespace {

using nlohmann::json;
using Envs = std::vector<std::unique_ptr<Env>>;
using MakeEnvs = std::function<Envs()>;

double Cpu() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * now.tv_nsec;
}

double Wall() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A scene that says how long it simulated, in processor time.
class TimedScene : public Scene {
 public:
  explicit TimedScene(Scene* scene) : scene_(scene) {}
  void Settle() override { scene_->Settle(); }
  void Start(Replication replication) override {
    const double begin = Cpu();
    scene_->Start(replication);
    seconds += Cpu() - begin;
  }
  SimTime Now() const override { return scene_->Now(); }
  void AdvanceTo(SimTime time) override {
    const double begin = Cpu();
    scene_->AdvanceTo(time);
    seconds += Cpu() - begin;
  }
  Observation Observe() override { return scene_->Observe(); }
  void Apply(const Action& action) override { scene_->Apply(action); }
  ReplicationRecord Finish() override { return scene_->Finish(); }

  double seconds = 0;

 private:
  Scene* const scene_;
};

// Two hidden layers of tanh, weights drawn.
Policy RandomPolicy(const EnvSpec& spec, int64_t hidden) {
  RngStream rng(11);
  std::vector<MlpLayer> layers;
  int64_t inputs = static_cast<int64_t>(spec.observation.size());
  for (const int64_t outputs : {hidden, hidden, spec.action.all_choices()}) {
    MlpLayer layer;
    layer.inputs = inputs;
    layer.outputs = outputs;
    layer.bias.resize(static_cast<size_t>(outputs));
    for (int64_t i = 0; i < inputs * outputs; ++i) {
      layer.weights.push_back(
          rng.Normal(0, 1 / std::sqrt(static_cast<double>(inputs))));
    }
    if (layers.size() < 2) layer.activation = Activation::kTanh;
    layers.push_back(std::move(layer));
    inputs = outputs;
  }
  return Policy(
      {spec,
       Normaliser::Identity(static_cast<int64_t>(spec.observation.size())),
       ActionDistribution::kCategorical,
       {},
       Mlp(layers)});
}

struct Task {
  std::string name;
  MakeEnvs make;  // in the process that runs them
  Policy policy;
  int64_t envs = 1;
  int64_t steps = 1;  // of each, below the episode's end
  // Seconds of simulation so far; none: the share is the policy network's.
  std::function<double()> simulated;
};

struct Cost {
  double wall = 0;
  double cpu = 0;
  double share = 0;  // of the processor time, of what must be done
};

// What `work` returns, in a fork.
json InFork(const std::function<json()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw Error("no pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    WriteFrame(ends[1], FrameOf(work));
    _exit(0);
  }
  close(ends[1]);
  json answer;
  const bool got = ReadFrame(ends[0], &answer);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!got) throw Error("a fork ended early");
  ThrowIfErrorFrame(answer);
  return answer;
}

// Of evaluating the network on each row once.
double NetworkSeconds(const Policy& policy, const std::vector<double>& rows) {
  const size_t d = policy.spec().observation.size();
  std::vector<double> scratch(static_cast<size_t>(policy.scratch_size()));
  std::vector<double> out(
      static_cast<size_t>(policy.spec().action.all_choices()));
  const double begin = Cpu();
  for (size_t i = 0; i + d <= rows.size(); i += d) {
    policy.network().Evaluate(rows.data() + i, out.data(), scratch.data());
  }
  return Cpu() - begin;
}

Cost Together(const Task& task) {
  const json answer = InFork([&] {
    Envs envs = task.make();
    double cpu = 0, wall = 0, network = 0;
    for (size_t i = 0; i < envs.size(); ++i) {
      EpisodePlace place;
      place.env = static_cast<int64_t>(i);
      const double start = Cpu(), begin = Wall();
      Episode episode(std::move(envs[i]), place);
      const Rollout r = episode.Advance(task.policy, task.steps, 0, false);
      cpu += Cpu() - start;
      wall += Wall() - begin;
      // Once more at once, so that both meet the same machine.
      if (!task.simulated)
        network += NetworkSeconds(task.policy, r.observation);
    }
    if (task.simulated) network = task.simulated();
    return json{{"type", "cost"},
                {"wall", wall},
                {"cpu", cpu},
                {"share", network / cpu}};
  });
  return {answer.at("wall"), answer.at("cpu"), answer.at("share")};
}

// The environments' side of the pipe.
json Converse(const Task& task, int from, int to) {
  Envs envs = task.make();
  const EnvSpec& spec = task.policy.spec();
  const double start = Cpu(), begin = Wall();
  const size_t d = spec.observation.size();
  std::vector<double> seen(envs.size() * d), costs(spec.costs.size());
  std::vector<uint8_t> allowed;
  const auto m = static_cast<size_t>(spec.action.all_choices());
  if (spec.action.masked) allowed.resize(envs.size() * m);
  const auto width = static_cast<size_t>(spec.action.width());
  for (size_t i = 0; i < envs.size(); ++i) {
    envs[i]->Reset(RngTree(1).Stream(fmt::format("env/{}", i), Replication(0)));
  }
  for (int64_t s = 0; s < task.steps; ++s) {
    for (size_t i = 0; i < envs.size(); ++i) {
      envs[i]->Observe(seen.data() + i * d);
      if (spec.action.masked) envs[i]->Allow(allowed.data() + i * m);
    }
    WriteFrame(to, {{"observation", seen}, {"allowed", allowed}});
    json frame;
    if (!ReadFrame(from, &frame)) throw Error("the learner is gone");
    const auto actions = frame.get<std::vector<double>>();
    for (size_t i = 0; i < envs.size(); ++i) {
      envs[i]->Step(actions.data() + i * width, costs.data());
    }
  }
  return {{"type", "cost"}, {"cpu", Cpu() - start}, {"wall", Wall() - begin}};
}

Cost OverPipe(const Task& task) {
  int to[2], from[2];
  if (pipe(to) != 0 || pipe(from) != 0) throw Error("no pipe");
  const double cpu = Cpu();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    WriteFrame(from[1],
               FrameOf([&] { return Converse(task, to[0], from[1]); }));
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  const EnvSpec& spec = task.policy.spec();
  std::vector<double> scratch(static_cast<size_t>(task.policy.scratch_size()));
  const size_t d = spec.observation.size();
  const auto width = static_cast<size_t>(spec.action.width());
  const auto m = static_cast<size_t>(spec.action.all_choices());
  std::vector<RngStream> rng;
  for (int64_t i = 0; i < task.envs; ++i) {
    rng.push_back(
        RngTree(1).Stream(fmt::format("policy/{}", i), Replication(0)));
  }
  std::vector<double> actions(rng.size() * width);
  json frame;
  while (ReadFrame(from[0], &frame) && !frame.contains("type")) {
    const auto seen = frame.at("observation").get<std::vector<double>>();
    const auto allowed = frame.at("allowed").get<std::vector<uint8_t>>();
    for (size_t i = 0; i < rng.size(); ++i) {
      task.policy.Sample(seen.data() + i * d,
                         allowed.empty() ? nullptr : allowed.data() + i * m, 0,
                         &rng[i], actions.data() + i * width, scratch.data());
    }
    WriteFrame(to[1], actions);
  }
  waitpid(child, nullptr, 0);
  close(to[1]);
  close(from[0]);
  ThrowIfErrorFrame(frame);
  return {frame.at("wall"), Cpu() - cpu + frame.at("cpu").get<double>(), 0};
}

std::string Summary(std::vector<double> values, const std::string& form) {
  std::sort(values.begin(), values.end());
  return fmt::format("{} [{}, {}]",
                     fmt::format(fmt::runtime(form), values[values.size() / 2]),
                     fmt::format(fmt::runtime(form), values.front()),
                     fmt::format(fmt::runtime(form), values.back()));
}

void Measure(const Task& task, int rounds) {
  std::vector<double> shares, speeds, cpu_ratios, wall_ratios;
  for (int r = 0; r < rounds; ++r) {
    const Cost together = Together(task);
    const Cost pipe = OverPipe(task);
    const auto decisions = static_cast<double>(task.envs * task.steps);
    shares.push_back(100 * together.share);
    speeds.push_back(decisions / together.cpu);
    cpu_ratios.push_back(pipe.cpu / together.cpu);
    wall_ratios.push_back(pipe.wall / together.wall);
  }
  fmt::print(
      "{}\n  decisions a processor second   {}\n  time in {:<14}         "
      "{} %\n  over a pipe: processor time x  {}\n  over a pipe: time x        "
      "    {}\n",
      task.name, Summary(speeds, "{:.0f}"),
      task.simulated ? "simulation" : "the network", Summary(shares, "{:.1f}"),
      Summary(cpu_ratios, "{:.2f}"), Summary(wall_ratios, "{:.2f}"));
  std::fflush(stdout);
}

// A task on the packet engine: in a fork, since a scene lives once in a
// process.
void MeasurePacket(const std::string& task, const std::string& file,
                   const std::vector<std::string>& overrides, int64_t steps,
                   int rounds) {
  InFork([&] {
    Diagnostics diagnostics;
    const auto resolved =
        LoadScenario(std::string(AIRLOCK_SOURCE_DIR "/scenarios/wlan/") + file,
                     overrides, &diagnostics);
    if (!resolved) throw InputError(diagnostics.Format());
    const Scenario& scenario = resolved->scenario();
    const auto scene = CreateWlanScene(*resolved);
    TimedScene timed(scene.get());
    timed.Settle();
    const NetworkTaskRow& row = NetworkTaskNamed(task);
    const auto make = [&] {
      Envs envs;
      envs.push_back(
          std::make_unique<NetworkEnv>(&timed, scenario, row.create(scenario)));
      return envs;
    };
    Measure(
        {fmt::format("{} on the packet engine, {}, a decision every {}", task,
                     scenario.name, ToString(scenario.controller.interval)),
         make, RandomPolicy(make()[0]->spec(), 64), 1, steps,
         [&] { return timed.seconds; }},
        rounds);
    return json{{"type", "done"}};
  });
}

void MeasureAirtime(int64_t access_points, int64_t hidden, int rounds) {
  ChannelEnvOptions options;
  options.wlan = testing::ReferenceNetwork(access_points, 15);
  options.wlan.load.profile = "volatile";
  options.wlan = WithAccessPoints(options.wlan, 1);
  options.slots = 144;
  const auto make = [options] {
    Envs envs;
    for (int i = 0; i < 8; ++i) {
      envs.push_back(std::make_unique<ChannelEnv>(options));
    }
    return envs;
  };
  const EnvSpec spec = ChannelEnv(options).spec();
  Measure({fmt::format("channel manager on the airtime model, {} access "
                       "points, {}-{} network, 8 environments",
                       access_points, hidden, hidden),
           make, RandomPolicy(spec, hidden), 8, 100, nullptr},
          rounds);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  using namespace airlock;
  try {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
    const std::string which = argc > 2 ? argv[2] : "";
    if (which != "airtime") {
      MeasurePacket("channel-hop", "jammer.yaml", {}, 100, rounds);
      MeasurePacket("channel-plan", "quickstart.yaml",
                    {"run.duration=6s", "controller.interval=1s",
                     "wlan.traffic.rate_per_station=2Mbps"},
                    5, rounds);
    }
    if (which != "packet") {
      MeasureAirtime(20, 64, rounds);
      MeasureAirtime(20, 512, rounds);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "rollout_speed: %s\n", e.what());
    return 1;
  }
  return 0;
}
