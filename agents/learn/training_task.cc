#include "agents/learn/training_task.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "agents/env/env_table.h"
#include "agents/learn/scenario_task.h"
#include "agents/noise/noisy_env.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/config/reader.h"
#include "sim/stats/seed_statistics.h"

namespace airlock {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

bool IsReferenceTask(const std::string& name) {
  const auto& all = ReferenceTasks();
  return std::any_of(all.begin(), all.end(), [&](const ReferenceTask& task) {
    return task.name == name;
  });
}

bool IsScenario(const std::string& name) {
  const std::string ending = fs::path(name).extension();
  return ending == ".yaml" || ending == ".yml" || fs::exists(name);
}

std::string KnownScenarioTasks() {
  std::vector<std::string> names;
  for (const ScenarioTaskRow& row : ScenarioTasks()) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// What net2seq learns on. Its environments are its own.
std::optional<TrainingTask> GeneratedNetworks(const ResolvedScenario& scenario,
                                              Diagnostics* diagnostics) {
  try {
    CheckGenerates(scenario.scenario());
  } catch (const InputError& error) {
    scenario.Report("wlan", error.what(), "", diagnostics);
    return std::nullopt;
  }
  TrainingTask task;
  task.name = scenario.path();
  task.digest = scenario.sha256();
  return task;
}

// Finds the task; what the agent file has to do with it goes to `report`.
std::optional<TrainingTask> FindTask(const TrainingOrder& order,
                                     const AgentFile& agent,
                                     const Reporter& report,
                                     std::optional<ResolvedScenario>* scenario,
                                     Diagnostics* diagnostics) {
  const bool net2seq = agent.algorithm == kNet2Seq;
  if (IsReferenceTask(order.task)) {
    if (net2seq || agent.task) {
      report.Error(net2seq ? "algorithm" : "task",
                   fmt::format("{} is learnt in scenarios; {} is a reference "
                               "task",
                               net2seq ? kNet2Seq : *agent.task, order.task));
      return std::nullopt;
    }
    if (!order.scenario_overrides.empty()) {
      throw InputError(
          fmt::format("{} is a reference task, no scenario; '{}' "
                      "is a key of none",
                      order.task, order.scenario_overrides[0]));
    }
    return FindReferenceTask(order.task);
  }
  if (!IsScenario(order.task)) FindReferenceTask(order.task);
  *scenario = LoadScenario(order.task, order.scenario_overrides, diagnostics);
  if (!*scenario) return std::nullopt;
  if (net2seq) return GeneratedNetworks(**scenario, diagnostics);
  if (!agent.task) {
    report.Error("task",
                 fmt::format("missing: what is to be learnt in {}", order.task),
                 "one of " + KnownScenarioTasks());
    return std::nullopt;
  }
  return ScenarioTask(**scenario, agent, report, diagnostics);
}

// What `order.against` says; null: nothing is asked for. Throws InputError for
// what cannot be compared with, before anything is trained.
json EarlierSeeds(const TrainingOrder& order, const TrainingTask& task) {
  if (order.against.empty()) return nullptr;
  const std::string path = order.against + "/seeds.json";
  if (!fs::exists(path)) {
    throw InputError(fmt::format(
        "--against {}: there are no trainings of several seeds (no seeds.json)",
        order.against));
  }
  if (order.seeds < kFewestRuns) {
    throw InputError(
        fmt::format("--against compares {} seeds or more; --seeds is {}",
                    kFewestRuns, order.seeds));
  }
  try {
    json earlier = json::parse(ReadFile(path));
    if (earlier.at("task_digest") == task.digest) return earlier;
    throw InputError(
        fmt::format("{}: trained on another task, {}, or on what it was before",
                    path, earlier.at("task").get<std::string>()));
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
}

}  // namespace

std::unique_ptr<Actors> MakeActors(const TrainingTask& task,
                                   const TaskActors& options) {
  if (task.network) {
    NetworkTask network = *task.network;
    network.noise = NoiseItems(options.noise);
    network.noise_seed = options.noise.seed;
    network.time_limit = options.time_limit;
    return WorkerActors(network, options.envs, options.seed,
                        std::max<int64_t>(1, options.workers));
  }
  ActorOptions actors;
  actors.create = task.create;
  actors.envs = options.envs;
  actors.seed = options.seed;
  actors.time_limit = options.time_limit;
  if (!NoiseItems(options.noise).empty()) {
    actors.create = [create = task.create, noise = options.noise] {
      return std::make_unique<NoisyEnv>(create(), noise);
    };
  }
  return options.workers > 0 ? ForkedActors(actors, options.workers)
                             : LocalActors(actors);
}

TrainingTask FindReferenceTask(const std::string& name) {
  const ReferenceTask& row = ReferenceTaskNamed(name);
  TrainingTask task;
  task.name = row.name;
  task.create = row.create;
  task.spec = row.create()->spec();
  Digest digest;
  digest.Add(row.name);
  digest.Add(task.spec.LayoutDigest());
  task.digest = digest.Hex();
  return task;
}

json ToJson(const TrainingOrder& order) {
  return {{"task", order.task},
          {"agent", order.agent},
          {"overrides", order.overrides},
          {"scenario_overrides", order.scenario_overrides},
          {"folder", order.folder},
          {"seed", order.seed},
          {"seeds", order.seeds},
          {"against", order.against},
          {"resume", order.resume},
          {"overwrite", order.overwrite},
          {"json", order.json}};
}

TrainingOrder TrainingOrderFromJson(const json& saved) {
  TrainingOrder order;
  order.task = saved.at("task");
  order.agent = saved.at("agent");
  order.overrides = saved.at("overrides").get<std::vector<std::string>>();
  order.scenario_overrides =
      saved.at("scenario_overrides").get<std::vector<std::string>>();
  order.folder = saved.at("folder");
  order.seed = saved.at("seed");
  order.seeds = saved.at("seeds");
  order.against = saved.at("against");
  order.resume = saved.at("resume");
  order.overwrite = saved.at("overwrite");
  order.json = saved.at("json");
  return order;
}

std::optional<TrainingSubject> LoadTrainingSubject(const TrainingOrder& order,
                                                   Diagnostics* diagnostics) {
  TrainingSubject subject;
  auto agent =
      LoadAgentFile(order.agent, order.overrides, nullptr, diagnostics);
  if (!agent) return std::nullopt;
  Diagnostics none;  // it was good just now
  const auto document = ReadDocument(order.agent, order.overrides, &none);
  auto task =
      FindTask(order, *agent, Reporter(&document->root, "", diagnostics),
               &subject.scenario, diagnostics);
  if (!task) return std::nullopt;
  subject.task = std::move(*task);
  if (agent->algorithm != kNet2Seq) {
    agent = LoadAgentFile(order.agent, order.overrides, &subject.task.spec,
                          diagnostics);
    if (!agent) return std::nullopt;
  }
  subject.agent = std::move(*agent);
  subject.earlier = EarlierSeeds(order, subject.task);
  return subject;
}

void PrepareTrainingFolder(const TrainingOrder& order) {
  if (!fs::exists(order.folder) || order.resume) return;
  const bool ours = fs::exists(order.folder + "/card.json") ||
                    fs::exists(order.folder + "/seeds.json");
  if (!order.overwrite) {
    throw InputError(fmt::format(
        "{} exists; choose another folder, or pass --resume to go on with a "
        "training or --overwrite to replace it",
        order.folder));
  }
  if (!ours && !fs::is_empty(order.folder)) {
    throw InputError(fmt::format(
        "{} holds no training (no card.json, no seeds.json) and is not "
        "replaced",
        order.folder));
  }
  fs::remove_all(order.folder);
}

}  // namespace airlock
