#include "agents/learn/training_task.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "agents/env/env_table.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"

namespace airlock {

namespace fs = std::filesystem;
using nlohmann::json;

TrainingTask FindTrainingTask(const std::string& name) {
  const ReferenceTask& row = ReferenceTaskNamed(name);
  Digest digest;
  digest.Add(row.name);
  digest.Add(row.create()->spec().LayoutDigest());
  return {row.name, digest.Hex(), row.create};
}

json ToJson(const TrainingOrder& order) {
  return {{"task", order.task},
          {"agent", order.agent},
          {"overrides", order.overrides},
          {"scenario_overrides", order.scenario_overrides},
          {"folder", order.folder},
          {"seed", order.seed},
          {"seeds", order.seeds},
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
  order.resume = saved.at("resume");
  order.overwrite = saved.at("overwrite");
  order.json = saved.at("json");
  return order;
}

ResolvedScenario LoadTrainingScenario(const TrainingOrder& order) {
  Diagnostics diagnostics;
  const auto scenario =
      LoadScenario(order.task, order.scenario_overrides, &diagnostics);
  if (!scenario) throw InputError(diagnostics.Format());
  return *scenario;
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
