#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "agents/baselines/agent_table.h"
#include "agents/env/env_table.h"
#include "agents/env/network_task.h"
#include "agents/learn/agent_file.h"
#include "agents/learn/scenario_task.h"
#include "calibration/traces/importer.h"
#include "sim/engine/engine_table.h"
#include "sim/scenario/resolve.h"
#include "sim/topology/capacity.h"
#include "sim/topology/topology.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/drift/detector.h"
#include "twin/gate/criterion.h"
#include "twin/node/node_file.h"
#include "twin/pipeline/pipeline_file.h"
#include "twin/pipeline/trainer.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

struct Row {
  std::string name;
  std::string description;
};

template <typename Table>
std::vector<Row> RowsOf(const Table& table) {
  std::vector<Row> rows;
  for (const auto& row : table) rows.push_back({row.name, row.description});
  return rows;
}

// Something that `airlock list` prints.
struct Axis {
  const char* name;
  const char* description;
  std::vector<Row> (*rows)();
};

const std::vector<Axis>& Axes() {
  static const std::vector<Axis> axes = {
      {"algorithms", "what `airlock train` learns with",
       [] { return RowsOf(Algorithms()); }},
      {"agents", "controllers that a scenario can name",
       [] { return RowsOf(Agents()); }},
      {"criteria", "what a gate file can ask",
       [] { return RowsOf(Criteria()); }},
      {"detectors", "drift detectors",
       [] { return RowsOf(ChangeStatistics()); }},
      {"engines", "fidelities at which a scenario runs",
       [] { return RowsOf(Engines()); }},
      {"forecasters", "kinds of forecasting models",
       [] { return RowsOf(Trainers()); }},
      {"importers", "measured formats that `airlock import` reads",
       [] { return RowsOf(Importers()); }},
      {"network-tasks", "what can be learnt in a scenario's simulated network",
       [] { return RowsOf(NetworkTasks()); }},
      {"node-actuators", "what carries a live node's settings out",
       [] { return RowsOf(ActuatorKinds()); }},
      {"node-fallbacks",
       "heuristics that act where a live node's model may not",
       [] { return RowsOf(Fallbacks()); }},
      {"node-rules", "how a live node's forecast becomes a setting",
       [] { return RowsOf(ActionRules()); }},
      {"node-sources", "where a live node's counters come from",
       [] { return RowsOf(SourceKinds()); }},
      {"scenario-tasks", "what `airlock train` learns in scenarios",
       [] { return RowsOf(ScenarioTasks()); }},
      {"tasks", "reference tasks that `airlock train` learns",
       [] { return RowsOf(ReferenceTasks()); }},
      {"topologies", "datacentre topologies",
       [] { return RowsOf(TopologyBuilders()); }},
  };
  return axes;
}

// A document that `airlock list` prints.
struct Text {
  const char* name;
  const char* description;
  std::string (*text)();
};

const std::vector<Text>& Texts() {
  static const std::vector<Text> texts = {
      {"keys", "reference of every key of a scenario file",
       ScenarioKeyReference},
      {"schema", "JSON Schema of scenario files, for editors",
       ScenarioJsonSchema},
      {"agent-keys", "reference of every key of an agent file",
       AgentKeyReference},
      {"agent-schema", "JSON Schema of agent files, for editors",
       AgentJsonSchema},
      {"gate-keys", "reference of every key of a gate file", GateKeyReference},
      {"gate-schema", "JSON Schema of gate files, for editors", GateJsonSchema},
      {"node-keys", "reference of every key of a node file", NodeKeyReference},
      {"node-schema", "JSON Schema of node files, for editors", NodeJsonSchema},
      {"pipeline-keys", "reference of every key of a pipeline file",
       PipelineKeyReference},
      {"pipeline-schema", "JSON Schema of pipeline files, for editors",
       PipelineJsonSchema},
  };
  return texts;
}

std::string KnownAxes() {
  std::string text;
  for (const Axis& axis : Axes()) {
    text += fmt::format("  {:15}  {}\n", axis.name, axis.description);
  }
  for (const Text& document : Texts()) {
    text += fmt::format("  {:15}  {}\n", document.name, document.description);
  }
  return text;
}

struct ListOptions {
  std::string axis;
  bool json = false;
};

ExitCode List(const ListOptions& options) {
  for (const Text& document : Texts()) {
    if (options.axis != document.name) continue;
    fmt::print("{}", document.text());
    return ExitCode::kDone;
  }
  for (const Axis& axis : Axes()) {
    if (options.axis != axis.name) continue;
    nlohmann::json rows = nlohmann::json::array();
    for (const Row& row : axis.rows()) {
      rows.push_back({{"name", row.name}, {"description", row.description}});
      if (!options.json) fmt::print("{:16}  {}\n", row.name, row.description);
    }
    if (options.json) fmt::print("{}\n", rows.dump(2));
    return ExitCode::kDone;
  }
  throw Error(fmt::format("nothing is listed under '{}'; known:\n{}",
                          options.axis, KnownAxes()),
              ExitCode::kUsage);
}

struct ScenarioOptions {
  std::vector<std::string> paths;
  std::vector<std::string> overrides;
};

ExitCode Check(const ScenarioOptions& options) {
  Diagnostics diagnostics;
  for (const std::string& path : options.paths) {
    if (LoadRunnableScenario(path, options.overrides, &diagnostics)) {
      fmt::print("{}: good\n", path);
    }
  }
  Tell(diagnostics.Format());
  return diagnostics.has_errors() ? ExitCode::kInput : ExitCode::kDone;
}

// What a scenario's fabric can carry, as a comment.
std::string FabricComment(const ResolvedScenario& resolved) {
  const auto& datacentre = resolved.scenario().datacentre;
  if (!datacentre) return "";
  const Topology topology = BuildTopology(datacentre->topology);
  if (topology.CountHosts() < 2) return "";
  const Bisection bisection = BisectionOf(topology);
  return fmt::format(
      "# fabric: {} hosts, {} switches, {} links; one half of the hosts sends "
      "the\n#   other {} and could {} ({:.3g}:1); leaves {:.3g}:1\n",
      topology.CountHosts(),
      static_cast<int64_t>(topology.nodes.size()) - topology.CountHosts(),
      topology.links.size(), ToString(bisection.rate),
      ToString(bisection.hosts), bisection.oversubscription,
      LeafOversubscription(topology));
}

ExitCode Show(const ScenarioOptions& options) {
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario = LoadRunnableScenario(
      options.paths.front(), options.overrides, &diagnostics);
  Tell(diagnostics.Format());
  if (!scenario) return ExitCode::kInput;
  fmt::print("{}{}", scenario->text(), FabricComment(*scenario));
  return ExitCode::kDone;
}

}  // namespace

void AddScenarioVerbs(CLI::App* app, CommandLine* line) {
  const auto add_overrides = [](CLI::App* verb, ScenarioOptions* options) {
    verb->add_option("--set", options->overrides,
                     "override one key: --set run.duration=2s")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
  };

  auto check = std::make_shared<ScenarioOptions>();
  CLI::App* verb = AddVerb(
      app, line, "check", "read and resolve scenarios; run nothing",
      "airlock check scenarios/wlan/*.yaml", [check] { return Check(*check); });
  verb->add_option("SCENARIO", check->paths, "scenario files")->required();
  add_overrides(verb, check.get());

  auto show = std::make_shared<ScenarioOptions>();
  verb =
      AddVerb(app, line, "show", "print the resolved scenario, defaults marked",
              "airlock show scenarios/wlan/office.yaml",
              [show] { return Show(*show); });
  verb->add_option("SCENARIO", show->paths, "scenario file")
      ->required()
      ->expected(1);
  add_overrides(verb, show.get());

  auto list = std::make_shared<ListOptions>();
  verb = AddVerb(app, line, "list", "print what there is of a kind",
                 "airlock list criteria", [list] { return List(*list); });
  verb->add_option("AXIS", list->axis, "one of:\n" + KnownAxes())->required();
  verb->add_flag("--json", list->json, "print the table as JSON");
}

}  // namespace airlock
