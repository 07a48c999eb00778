// airlock-worker: runs the replications of one scenario, or actors in its
// network. Started by `airlock` or `airlock-learner`; reads one request from
// standard input and writes its answers to standard output (protocol.h).

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agents/baselines/agent_table.h"
#include "agents/noise/noisy_env.h"
#include "agents/rollout/actor_requests.h"
#include "agents/rollout/episode_actors.h"
#include "sim/base/error.h"
#include "sim/base/forked_process.h"
#include "sim/base/frame.h"
#include "sim/engine/observed_simulation.h"
#include "sim/packet/scene.h"
#include "sim/server/run_servers.h"
#include "sim/surrogate/surrogate_scene.h"
#include "sim/telemetry/wlan_columns.h"
#include "twin/worker/control.h"
#include "twin/worker/network_env.h"
#include "twin/worker/protocol.h"
#include "twin/worker/what_if.h"

namespace airlock {
namespace {

using nlohmann::json;

std::unique_ptr<Scene> CreateScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  if (scenario.run.engine == "surrogate") {
    const bool servers = scenario.datacentre && scenario.datacentre->servers;
    return servers ? CreateServersScene(resolved)
                   : CreateSurrogateScene(resolved);
  }
  return scenario.wlan ? CreateWlanScene(resolved)
                       : CreateDatacentreScene(resolved);
}

// Appends what `controller` (a Controller or RecordedControl) decided now, as
// it came out: a veto took it back.
template <typename Decider>
void NoteDecisions(Decider* controller, const WhatIfShield& shield,
                   ReplicationRecord* record) {
  const auto note = [&](auto decided, auto* all) {
    for (auto& one : decided) {
      if (shield.vetoed_last()) {
        one.TakeBack("what-if", "a trial branch was worse");
      }
      all->push_back(std::move(one));
    }
  };
  note(controller->TakeDecisions(), &record->decisions);
  note(controller->TakeSettings(), &record->settings);
}

// Appends what was seen at one decision; columns that come later are missing
// before. `series` knows the units of those that it has.
void AddObservation(const Observation& seen, const Trace& series,
                    Trace* trace) {
  const auto before = trace->time_seconds.size();
  trace->time_seconds.push_back(Seconds(seen.time));
  std::map<std::string, size_t> known;
  for (size_t c = 0; c < trace->columns.size(); ++c) {
    trace->columns[c].values.push_back(kMissing);
    known[trace->columns[c].name] = c;
  }
  for (const auto& [name, value] : seen.values) {
    const auto [at, added] = known.emplace(name, trace->columns.size());
    if (added) {
      const Column* const same = series.Find(name);
      Column column = same != nullptr ? *same : DescribeWlanColumn(name);
      column.values.assign(before + 1, kMissing);
      trace->columns.push_back(std::move(column));
    }
    trace->columns[at->second].values.back() = value;
  }
}

// What a replication's agent saw.
Trace ObservationTrace(const std::vector<Observation>& seen,
                       const Trace& series) {
  Trace trace;
  trace.source = series.source;
  trace.origin = "what the scenario's agent saw at its decisions";
  for (const Observation& one : seen) AddObservation(one, series, &trace);
  return trace;
}

// Runs one replication to its end, with the scenario's controller, or `instead`
// if there is one, deciding at its interval. In the replication's own process.
// `observations`: what the scenario's controller saw comes with the answer.
json RunReplication(Scene* scene, const Scenario& scenario,
                    const std::optional<ControllerCall>& instead,
                    bool observations, Replication number, int answers) {
  const auto begin = std::chrono::steady_clock::now();
  const std::unique_ptr<Controller> controller =
      CreateAgent(scenario.controller.agent, scenario, number);
  std::optional<RecordedControl> control;
  if (instead) {
    control.emplace(*instead, scenario, number);
  }
  scene->Start(number);
  WhatIfShield shield(scene, scenario, number);
  const ObservationConfig& observation = instead && instead->observation
                                             ? *instead->observation
                                             : scenario.controller.observation;
  ObservedSimulation observed(&shield, observation,
                              static_cast<uint64_t>(scenario.run.seed), number);
  const SimTime end = scenario.run.duration;
  double reported = 0;
  ReplicationRecord decided;  // nothing but decisions
  std::vector<Observation> seen;
  while (scene->Now() < end) {
    scene->AdvanceTo(
        std::min(end, scene->Now() + scenario.controller.interval));
    if (scene->Now() < end && control) {
      control->Step(&observed);
      NoteDecisions(&*control, shield, &decided);
    } else if (scene->Now() < end) {
      const Observation now = observed.Observe();
      if (observations) seen.push_back(now);
      observed.Apply(controller->Decide(now));
      NoteDecisions(controller.get(), shield, &decided);
    }
    const double fraction = Seconds(scene->Now()) / Seconds(end);
    if (fraction - reported < 0.02) continue;
    reported = fraction;
    WriteFrame(answers, {{"type", "progress"},
                         {"replication", number.value()},
                         {"fraction", fraction}});
  }
  ReplicationRecord record = scene->Finish();
  for (Metric& metric : control ? control->Metrics() : controller->Metrics()) {
    record.metrics.push_back(std::move(metric));
  }
  for (Metric& metric : shield.Metrics()) {
    record.metrics.push_back(std::move(metric));
  }
  record.decisions = std::move(decided.decisions);
  record.settings = std::move(decided.settings);
  record.replication = number;
  record.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  json answer = {{"type", "record"}, {"record", ToJson(record)}};
  if (observations) {
    answer["observations"] = ToJson(ObservationTrace(seen, record.series));
  }
  if (control) answer["control"] = ToJson(control->Finish());
  return answer;
}

struct Child {
  std::unique_ptr<ForkedProcess> process;
  int64_t replication = 0;
  bool finished = false;
};

// Forks children of the settled scene, `jobs` at a time, and passes their
// answers on.
class ReplicationPool {
 public:
  ReplicationPool(Scene* scene, const Scenario& scenario,
                  std::optional<ControllerCall> instead, bool observations)
      : scene_(scene),
        scenario_(scenario),
        instead_(std::move(instead)),
        observations_(observations) {}

  // False after an error, which has then been passed on.
  bool Run(int64_t first, int64_t count, int64_t jobs);

 private:
  void StartChild(int64_t replication);
  bool Serve(Child* child);

  Scene* scene_;
  const Scenario& scenario_;
  std::optional<ControllerCall> instead_;
  const bool observations_;
  std::vector<Child> children_;
};

void ReplicationPool::StartChild(int64_t replication) {
  const auto work = [this, replication](int, int answers) {
    const json failure = FrameOf([&] {
      WriteFrame(answers,
                 RunReplication(scene_, scenario_, instead_, observations_,
                                Replication(replication), answers));
      return json();
    });
    if (!failure.is_null()) WriteFrame(answers, failure);
  };
  children_.push_back(
      {std::make_unique<ForkedProcess>(work), replication, false});
}

// A child that ends before, or in, an answer.
json EndedEarly(const Child& child) {
  return ErrorFrame(
      fmt::format("replication {} ended without a result ({})",
                  child.replication, child.process->DescribeEnd()),
      ExitCode::kFailed);
}

// Passes one answer on; false if it was an error.
bool ReplicationPool::Serve(Child* child) {
  json answer;
  bool got = false;
  try {
    got = ReadFrame(child->process->answers(), &answer);
  } catch (const Error&) {  // half an answer
  }
  if (!got) answer = EndedEarly(*child);
  WriteFrame(STDOUT_FILENO, answer);
  if (answer.at("type") == "error") return false;
  child->finished = answer.at("type") == "record";
  return true;
}

bool ReplicationPool::Run(int64_t first, int64_t count, int64_t jobs) {
  int64_t next = first;
  while (next < first + count || !children_.empty()) {
    while (next < first + count &&
           static_cast<int64_t>(children_.size()) < jobs) {
      StartChild(next++);
    }
    std::vector<pollfd> waiting;
    for (const Child& child : children_) {
      waiting.push_back({child.process->answers(), POLLIN, 0});
    }
    if (poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error(fmt::format("cannot wait for replications: {}",
                              std::strerror(errno)));
    }
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0 && !Serve(&children_[i])) return false;
    }
    children_.erase(
        std::remove_if(children_.begin(), children_.end(),
                       [](const Child& child) { return child.finished; }),
        children_.end());
  }
  return true;
}

// Answers what is asked of actors in the scenario's network until the other
// side has gone.
void ServeActors(const json& request, const Scenario& scenario, Scene* scene) {
  const NetworkTaskRow& task = NetworkTaskNamed(request.at("task"));
  const NoiseOptions noise =
      ParseNoise(request.at("noise"), request.at("noise_seed"));
  const bool noisy = !NoiseItems(noise).empty();
  ActorOptions options;
  options.create = [&]() -> std::unique_ptr<Env> {
    auto env =
        std::make_unique<NetworkEnv>(scene, scenario, task.create(scenario));
    if (!noisy) return env;
    return std::make_unique<NoisyEnv>(std::move(env), noise);
  };
  request.at("envs").get_to(options.envs);
  request.at("seed").get_to(options.seed);
  request.at("time_limit").get_to(options.time_limit);
  const EnvSpec spec = options.create()->spec();
  scene->Settle();
  const std::unique_ptr<Actors> actors =
      EpisodeActors(options, request.at("jobs"));
  std::unique_ptr<Policy> policy;
  WriteFrame(STDOUT_FILENO, {{"type", "spec"}, {"spec", ToJson(spec)}});
  json next;
  while (ReadFrame(STDIN_FILENO, &next)) {
    WriteFrame(STDOUT_FILENO, FrameOf([&] {
                 return AnswerActorRequest(next, actors.get(), &policy);
               }));
  }
}

void ServeRequest() {
  json request;
  if (!ReadFrame(STDIN_FILENO, &request)) {
    throw Error("no request; this program is started by airlock",
                ExitCode::kUsage);
  }
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> resolved =
      ResolveText(request.at("scenario"), request.at("name"), &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  const std::unique_ptr<Scene> scene = CreateScene(*resolved);
  if (request.value("type", "") == "actors") {
    ServeActors(request, resolved->scenario(), scene.get());
    return;
  }
  scene->Settle();
  std::optional<ControllerCall> instead;
  if (request.contains("controller")) {
    instead = ControllerCallFromJson(request.at("controller"));
  }
  ReplicationPool pool(scene.get(), resolved->scenario(), std::move(instead),
                       request.value("observations", false));
  // After an error the children die with us.
  pool.Run(request.at("first"), request.at("count"), request.at("jobs"));
}

int Main() {
  if (isatty(STDIN_FILENO)) {
    std::fputs("airlock-worker: runs simulations for airlock; start airlock\n",
               stderr);
    return static_cast<int>(ExitCode::kUsage);
  }
  const json answer = FrameOf([] {
    ServeRequest();
    return json();
  });
  if (!answer.is_null()) WriteFrame(STDOUT_FILENO, answer);
  std::fflush(nullptr);
  // ns-3's own teardown takes longer than it is worth.
  _exit(answer.is_null() ? 0 : answer.at("exit_code").get<int>());
}

}  // namespace
}  // namespace airlock

int main() { return airlock::Main(); }
