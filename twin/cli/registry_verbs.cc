#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/registry/registry.h"
#include "twin/registry/signing.h"

namespace airlock {
namespace {

struct RegistryOptions {
  std::string registry;
  std::string gate_folder;
  std::string why;
  std::string if_champion;
  std::string key_id;
  std::vector<std::string> keys;
  bool fallback = false;
  bool none = false;
  bool json = false;
};
using Options = std::shared_ptr<RegistryOptions>;

ExitCode PrintChange(const std::string& done, const std::string& is,
                     const Registry::Change& change) {
  if (change.changed) {
    fmt::print("{}: {} is {} ({})\n", done, change.model_name, is,
               change.model_digest);
  } else {
    fmt::print("nothing to do: {} is {} already\n", change.model_name, is);
  }
  for (const std::string& note : change.notes) Tell(note + "\n");
  return ExitCode::kDone;
}

ExitCode PrintDone(const std::string& done, const Registry::Change& change) {
  fmt::print("{}\n", change.changed ? done : "nothing to do: it is so already");
  for (const std::string& note : change.notes) Tell(note + "\n");
  return ExitCode::kDone;
}

std::vector<PublicKey> ReadKeys(const std::vector<std::string>& paths) {
  std::vector<PublicKey> keys;
  for (const std::string& path : paths) keys.push_back(PublicKey::Read(path));
  return keys;
}

// `text` on one line of a table.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

nlohmann::json ToJson(const HistoryEntry& entry) {
  nlohmann::json keys = nlohmann::json::array();
  for (const PublicKey& key : entry.keys) keys.push_back(key.id());
  return {{"number", entry.number},
          {"action", entry.action},
          {"who", entry.who},
          {"when", entry.when},
          {"why", entry.why},
          {"model", entry.model_name},
          {"model_digest", entry.model_digest},
          {"receipt_digest", entry.receipt_digest},
          {"verdict_digest", entry.verdict_digest},
          {"pause", ToString(entry.pause)},
          {"keys", keys},
          {"hash", entry.hash}};
}

// What the entry is about: a model, or keys.
std::string AboutWhat(const HistoryEntry& entry) {
  if (!entry.model_digest.empty()) {
    return fmt::format("{:<24}  {:.12}", OneLine(entry.model_name),
                       entry.model_digest);
  }
  std::string about;
  if (entry.action == "candidate") about = "none";
  if (entry.action == "pause") about = ToString(entry.pause);
  for (const PublicKey& key : entry.keys) {
    about += fmt::format("{}key {:.16}", about.empty() ? "" : ", ", key.id());
  }
  return fmt::format("{:<38}", about);
}

ExitCode PrintHistory(const RegistryOptions& options) {
  const Registry registry(options.registry);
  registry.Verify();
  const std::vector<HistoryEntry> history = registry.History();
  if (options.json) {
    nlohmann::json entries = nlohmann::json::array();
    for (const HistoryEntry& entry : history) entries.push_back(ToJson(entry));
    fmt::print("{}\n", entries.dump(2));
    return ExitCode::kDone;
  }
  for (const HistoryEntry& entry : history) {
    fmt::print("{:>4}  {}  {:<9}  {}  {}  {}\n", entry.number, entry.when,
               entry.action, AboutWhat(entry), OneLine(entry.who),
               OneLine(entry.why));
  }
  fmt::print("{} change{}, chain intact\n", history.size(),
             history.size() == 1 ? "" : "s");
  return ExitCode::kDone;
}

void AddReason(CLI::App* verb, const Options& options) {
  verb->add_option("--reason", options->why, "for the history");
}

void AddRegistryOption(CLI::App* verb, const Options& options) {
  verb->add_option("--registry", options->registry, "folder of the registry")
      ->required();
}

void AddPromote(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "promote",
      "make a gate's candidate the champion; only with a passing verdict and "
      "a receipt that the registry trusts",
      "airlock promote out/quickstart --registry out/registry", [options] {
        return PrintChange(
            "promoted", "the champion",
            Registry(options->registry)
                .Promote(options->gate_folder, {options->why, UserPublicKey(),
                                                options->if_champion}));
      });
  verb->add_option("DIR", options->gate_folder, "folder of airlock gate")
      ->required();
  AddRegistryOption(verb, options);
  verb->add_option("--if-champion", options->if_champion,
                   "only if the champion's digest starts so");
  AddReason(verb, options);
}

void AddRollback(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "rollback", "make the previous champion the champion again",
      "airlock rollback --registry out/registry --reason \"latency alarms\"",
      [options] {
        return PrintChange("rolled back", "the champion",
                           Registry(options->registry).Rollback(options->why));
      });
  AddRegistryOption(verb, options);
  AddReason(verb, options);
}

void AddHistory(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "history",
              "print who changed the registry, when and why; checks the chain",
              "airlock history --registry out/registry",
              [options] { return PrintHistory(*options); });
  AddRegistryOption(verb, options);
  verb->add_flag("--json", options->json, "print the entries as JSON");
}

// A verb of `airlock registry`: the registry's folder comes first.
CLI::App* AddRegistryVerb(CLI::App* registry, CommandLine* line,
                          const std::string& name,
                          const std::string& description,
                          const std::string& example, const Options& options,
                          std::function<ExitCode()> run) {
  CLI::App* const verb = AddVerb(registry, line, name, description,
                                 "airlock registry " + example, std::move(run));
  verb->add_option("REGISTRY", options->registry, "folder of the registry")
      ->required();
  return verb;
}

void AddTrustVerbs(CLI::App* registry, CommandLine* line) {
  auto init = std::make_shared<RegistryOptions>();
  CLI::App* verb = AddRegistryVerb(
      registry, line, "init", "make a registry and say whose receipts count",
      "init out/registry --trust ci.key.pub", init, [init] {
        return PrintDone(
            fmt::format("made {}", init->registry),
            Registry(init->registry).Init(ReadKeys(init->keys), init->why));
      });
  verb->add_option("--trust", init->keys, "public key of airlock key new")
      ->required();
  AddReason(verb, init);

  auto trust = std::make_shared<RegistryOptions>();
  verb = AddRegistryVerb(
      registry, line, "trust", "let receipts signed with a key count",
      "trust out/registry ci.key.pub", trust, [trust] {
        return PrintDone(
            "trusted",
            Registry(trust->registry).Trust(ReadKeys(trust->keys), trust->why));
      });
  verb->add_option("KEY", trust->keys, "public key of airlock key new")
      ->required();
  AddReason(verb, trust);

  auto distrust = std::make_shared<RegistryOptions>();
  verb = AddRegistryVerb(
      registry, line, "distrust",
      "let receipts signed with a key count no longer, old ones included",
      "distrust out/registry 1f0c93d2 --reason \"laptop stolen\"", distrust,
      [distrust] {
        return PrintDone("no longer trusted",
                         Registry(distrust->registry)
                             .Distrust(distrust->key_id, distrust->why));
      });
  verb->add_option("ID", distrust->key_id, "start of the key's id")->required();
  AddReason(verb, distrust);
}

void AddCandidate(CLI::App* registry, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddRegistryVerb(
      registry, line, "candidate",
      "let a gate's candidate run in shadow, whatever the verdict",
      "candidate out/registry out/quickstart", options, [options] {
        Registry target(options->registry);
        if (options->none == !options->gate_folder.empty()) {
          Tell("airlock: name a gate's folder, or pass --none\n");
          return ExitCode::kUsage;
        }
        if (options->none) {
          return PrintDone("no candidate", target.ClearCandidate(options->why));
        }
        return PrintChange(
            "stored", "the candidate",
            target.SetCandidate(options->gate_folder, options->why));
      });
  verb->add_option("DIR", options->gate_folder, "folder of airlock gate");
  verb->add_flag("--none", options->none, "nothing runs in shadow any more");
  AddReason(verb, options);
}

void AddPauseVerbs(CLI::App* registry, CommandLine* line) {
  auto pause = std::make_shared<RegistryOptions>();
  CLI::App* verb = AddRegistryVerb(
      registry, line, "pause", "promote nothing until it is resumed",
      "pause out/registry --reason \"network freeze\"", pause, [pause] {
        const Pause how = pause->fallback ? Pause::kFallback : Pause::kKeep;
        return PrintDone(how == Pause::kKeep
                             ? "paused: nodes keep their champion"
                             : "paused: nodes act by their fallback",
                         Registry(pause->registry).SetPause(how, pause->why));
      });
  verb->add_flag("--fallback", pause->fallback,
                 "and nodes act by their fallback meanwhile");
  AddReason(verb, pause);

  auto resume = std::make_shared<RegistryOptions>();
  verb = AddRegistryVerb(
      registry, line, "resume", "end a pause", "resume out/registry", resume,
      [resume] {
        return PrintDone(
            "resumed",
            Registry(resume->registry).SetPause(Pause::kNo, resume->why));
      });
  AddReason(verb, resume);
}

void AddVerifyRegistry(CLI::App* registry, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  AddRegistryVerb(
      registry, line, "verify",
      "check every file, the chain, and the receipt of every promotion",
      "verify out/registry", options, [options] {
        const Registry registry(options->registry);
        registry.Verify();
        fmt::print("{}: {} changes, all of them hold\n", options->registry,
                   registry.State().sequence);
        return ExitCode::kDone;
      });
}

}  // namespace

void AddRegistryVerbs(CLI::App* app, CommandLine* line) {
  AddPromote(app, line);
  AddRollback(app, line);
  AddHistory(app, line);
  CLI::App* const registry = app->add_subcommand(
      "registry", "what is live, what runs in shadow, whose receipts count");
  registry->require_subcommand(1);
  AddTrustVerbs(registry, line);
  AddCandidate(registry, line);
  AddPauseVerbs(registry, line);
  AddVerifyRegistry(registry, line);
}

}  // namespace airlock
