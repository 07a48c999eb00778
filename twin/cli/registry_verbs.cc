#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/registry/registry.h"

namespace airlock {
namespace {

struct RegistryOptions {
  std::string gate_folder;
  std::string registry;
  std::string why;
  bool json = false;
};

void PrintChange(const char* done, const Registry::Change& change) {
  if (change.changed) {
    fmt::print("{}: {} is the champion ({})\n", done, change.champion.name,
               change.champion.digest);
  } else {
    fmt::print("nothing to do: {} is the champion already\n",
               change.champion.name);
  }
}

// `text` on one line of a table.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

ExitCode PrintHistory(const RegistryOptions& options) {
  const Registry registry(options.registry);
  registry.Verify();
  const std::vector<HistoryEntry> history = registry.History();
  if (options.json) {
    nlohmann::json entries = nlohmann::json::array();
    for (const HistoryEntry& e : history) {
      entries.push_back({{"number", e.number},
                         {"action", e.action},
                         {"who", e.who},
                         {"when", e.when},
                         {"why", e.why},
                         {"model", e.model_name},
                         {"model_digest", e.model_digest},
                         {"verdict_digest", e.verdict_digest},
                         {"hash", e.hash}});
    }
    fmt::print("{}\n", entries.dump(2));
    return ExitCode::kDone;
  }
  for (const HistoryEntry& e : history) {
    fmt::print("{:>4}  {}  {:<8}  {:<24}  {:.12}  {}  {}\n", e.number, e.when,
               e.action, OneLine(e.model_name), e.model_digest, OneLine(e.who),
               OneLine(e.why));
  }
  fmt::print("{} change{}, chain intact\n", history.size(),
             history.size() == 1 ? "" : "s");
  return ExitCode::kDone;
}

void AddRegistryOption(CLI::App* verb, RegistryOptions* options) {
  verb->add_option("--registry", options->registry, "folder of the registry")
      ->required();
}

void AddPromote(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "promote",
      "make a gate's candidate the champion; only with a passing "
      "verdict",
      "airlock promote out/quickstart --registry out/registry", [options] {
        PrintChange("promoted",
                    Registry(options->registry)
                        .Promote(options->gate_folder, options->why));
        return ExitCode::kDone;
      });
  verb->add_option("DIR", options->gate_folder, "folder of airlock gate")
      ->required();
  AddRegistryOption(verb, options.get());
  verb->add_option("--reason", options->why, "for the history");
}

void AddRollback(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "rollback", "make the previous champion the champion again",
      "airlock rollback --registry out/registry --reason \"latency alarms\"",
      [options] {
        PrintChange("rolled back",
                    Registry(options->registry).Rollback(options->why));
        return ExitCode::kDone;
      });
  AddRegistryOption(verb, options.get());
  verb->add_option("--reason", options->why, "for the history");
}

void AddHistory(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "history",
              "print who changed the champion, when and why; checks the chain",
              "airlock history --registry out/registry",
              [options] { return PrintHistory(*options); });
  AddRegistryOption(verb, options.get());
  verb->add_flag("--json", options->json, "print the entries as JSON");
}

}  // namespace

void AddRegistryVerbs(CLI::App* app, CommandLine* line) {
  AddPromote(app, line);
  AddRollback(app, line);
  AddHistory(app, line);
}

}  // namespace airlock
