#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/registry/registry.h"
#include "twin/registry/registry_export.h"
#include "twin/registry/registry_index.h"
#include "twin/registry/registry_record.h"
#include "twin/registry/signing.h"

namespace airlock {
namespace {

struct RegistryOptions {
  std::string registry;
  std::string gate_folder;
  std::string why;
  std::string if_champion;
  std::string key_id;
  std::string id;
  std::string sql;
  std::string to;
  std::string out;
  std::string root;
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

void AddRoot(CLI::App* verb, const Options& options) {
  verb->add_option("--root", options->root,
                   "folder in which the gate ran, if not the current one");
}

void AddPromote(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddVerb(
      app, line, "promote",
      "make a gate's candidate the champion; only with a passing verdict and "
      "a receipt that the registry trusts",
      "airlock promote out/quickstart --registry out/registry", [options] {
        return PrintChange("promoted", "the champion",
                           Registry(options->registry)
                               .Promote(options->gate_folder,
                                        {options->why, UserPublicKey(),
                                         options->if_champion, options->root}));
      });
  verb->add_option("DIR", options->gate_folder, "folder of airlock gate")
      ->required();
  AddRegistryOption(verb, options);
  verb->add_option("--if-champion", options->if_champion,
                   "only if the champion's digest starts so");
  AddRoot(verb, options);
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
        return PrintChange("stored", "the candidate",
                           target.SetCandidate(options->gate_folder,
                                               options->why, options->root));
      });
  verb->add_option("DIR", options->gate_folder, "folder of airlock gate");
  verb->add_flag("--none", options->none, "nothing runs in shadow any more");
  AddRoot(verb, options);
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

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

// A value of a query as a cell of a table.
std::string CellOf(const nlohmann::json& value) {
  if (value.is_string()) return OneLine(value.get<std::string>());
  return value.is_null() ? "" : value.dump();
}

// The answer as a table with aligned columns, or as a list of objects.
ExitCode PrintQuery(const QueryResult& result, bool as_json) {
  if (as_json) {
    nlohmann::json rows = nlohmann::json::array();
    for (const std::vector<nlohmann::json>& row : result.rows) {
      nlohmann::json object = nlohmann::json::object();
      for (size_t i = 0; i < row.size(); ++i) {
        object[result.columns[i]] = row[i];
      }
      rows.push_back(std::move(object));
    }
    fmt::print("{}\n", rows.dump(2));
    return ExitCode::kDone;
  }
  std::vector<std::vector<std::string>> table = {result.columns};
  for (const std::vector<nlohmann::json>& row : result.rows) {
    std::vector<std::string> cells;
    for (const nlohmann::json& value : row) cells.push_back(CellOf(value));
    table.push_back(std::move(cells));
  }
  std::vector<size_t> widths(result.columns.size(), 0);
  for (const std::vector<std::string>& row : table) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const std::vector<std::string>& row : table) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:{}}  ", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
  return ExitCode::kDone;
}

constexpr char kListQuery[] = R"(
SELECT v.number AS version, substr(v.digest, 1, 16) AS digest, v.name,
       (SELECT group_concat(alias, ' ') FROM aliases a
        WHERE a.version = v.number) AS alias,
       r.verdict, v.promotions, v.first_seen
FROM versions v LEFT JOIN receipts r ON r.rowid =
  (SELECT max(rowid) FROM receipts WHERE version = v.number)
ORDER BY v.number)";

void AddQueries(CLI::App* registry, CommandLine* line) {
  auto list = std::make_shared<RegistryOptions>();
  CLI::App* verb = AddRegistryVerb(
      registry, line, "list", "print the versions of a registry",
      "list out/registry", list, [list] {
        return PrintQuery(QueryRegistry(list->registry, kListQuery),
                          list->json);
      });
  verb->add_flag("--json", list->json, "print the rows as JSON");

  auto query = std::make_shared<RegistryOptions>();
  verb = AddRegistryVerb(
      registry, line, "query",
      "ask a registry in SQL; the tables are in twin/registry/FORMAT.md",
      "query out/registry \"SELECT label, estimate FROM criteria\"", query,
      [query] {
        return PrintQuery(QueryRegistry(query->registry, query->sql),
                          query->json);
      });
  verb->add_option("SQL", query->sql, "one SELECT")->required();
  verb->add_flag("--json", query->json, "print the rows as JSON");
}

nlohmann::json ToJson(const VersionRecord& version) {
  nlohmann::json files = nlohmann::json::array();
  for (const ModelFile& file : version.version.files) {
    files.push_back({{"path", file.path}, {"sha256", file.sha256}});
  }
  nlohmann::json receipts = nlohmann::json::array();
  for (const ReceiptRecord& record : version.receipts) {
    receipts.push_back({{"digest", record.receipt.digest},
                        {"verdict", record.summary.at("verdict")},
                        {"key_id", record.receipt.key_id},
                        {"counts", record.counts},
                        {"when", record.when},
                        {"who", record.who},
                        {"criteria", record.summary.at("criteria")}});
  }
  nlohmann::json history = nlohmann::json::array();
  for (const HistoryEntry& entry : version.history) {
    history.push_back(ToJson(entry));
  }
  return {{"version", version.number},
          {"name", version.version.name},
          {"digest", version.version.digest},
          {"folder", version.version.folder},
          {"aliases", version.aliases},
          {"files", files},
          {"receipts", receipts},
          {"history", history}};
}

void PrintVersion(const VersionRecord& version) {
  fmt::print("version {}: {}\n  digest   {}\n  alias    {}\n  files    {}\n",
             version.number, OneLine(version.version.name),
             version.version.digest,
             version.aliases.empty() ? "none" : Joined(version.aliases),
             version.version.folder);
  for (const ModelFile& file : version.version.files) {
    fmt::print("    {:.16}  {}\n", file.sha256, OneLine(file.path));
  }
  for (const ReceiptRecord& record : version.receipts) {
    fmt::print(
        "  receipt  {:.16}  {}  {}  key {:.16}{}\n", record.receipt.digest,
        record.when, record.summary.at("verdict").get<std::string>(),
        record.receipt.key_id, record.counts ? "" : ", no longer trusted");
    for (const nlohmann::json& row : record.summary.at("criteria")) {
      fmt::print("    {:<12}  {}: {}\n", row.value("outcome", ""),
                 OneLine(row.value("label", row.value("kind", ""))),
                 OneLine(row.value("reason", "")));
    }
  }
  for (const HistoryEntry& entry : version.history) {
    fmt::print("  change   {:>4}  {}  {:<9}  {}  {}\n", entry.number,
               entry.when, entry.action, OneLine(entry.who),
               OneLine(entry.why));
  }
}

// The registry's own state, in a few lines.
ExitCode PrintState(const RegistryRecord& record, bool as_json) {
  const RegistryState& state = record.state;
  nlohmann::json keys = nlohmann::json::array();
  std::string key_text;
  for (const PublicKey& key : state.trusted) {
    keys.push_back(key.id());
    key_text += fmt::format("{}{:.16}", key_text.empty() ? "" : ", ", key.id());
  }
  const std::pair<const char*, const AliasTarget*> aliases[] = {
      {"champion", &state.champion},
      {"previous", &state.previous},
      {"candidate", &state.candidate}};
  if (as_json) {
    nlohmann::json object = {{"sequence", state.sequence},
                             {"history_tail", state.history_tail},
                             {"pause", ToString(state.pause)},
                             {"trusted_keys", keys}};
    for (const auto& [alias, target] : aliases) {
      object[alias] = nullptr;
      if (!target->empty()) {
        object[alias] = {{"model", target->model},
                         {"receipt", target->receipt}};
      }
    }
    fmt::print("{}\n", object.dump(2));
    return ExitCode::kDone;
  }
  for (const auto& [alias, target] : aliases) {
    fmt::print(
        "{:<10}  {}\n", alias,
        target->empty()
            ? "none"
            : fmt::format("{:.16}  {}", target->model,
                          OneLine(record.Find(target->model).version.name)));
  }
  fmt::print("pause       {}\ntrusts      {}\nchanges     {}\n",
             ToString(state.pause), key_text.empty() ? "no key" : key_text,
             state.sequence);
  return ExitCode::kDone;
}

void AddShow(CLI::App* registry, CommandLine* line) {
  auto show = std::make_shared<RegistryOptions>();
  CLI::App* verb = AddRegistryVerb(
      registry, line, "show",
      "print what is in force, or all about one version",
      "show out/registry champion", show, [show] {
        const RegistryRecord record = ReadRegistryRecord(show->registry);
        if (show->id.empty()) return PrintState(record, show->json);
        const VersionRecord& version = record.Find(show->id);
        if (show->json) {
          fmt::print("{}\n", ToJson(version).dump(2));
        } else {
          PrintVersion(version);
        }
        return ExitCode::kDone;
      });
  verb->add_option("ID", show->id,
                   "version: its number, alias or the start of its digest");
  verb->add_flag("--json", show->json, "print it as JSON");

  auto card = std::make_shared<RegistryOptions>();
  verb = AddRegistryVerb(
      registry, line, "card", "print the model card of a version, in Markdown",
      "card out/registry champion", card, [card] {
        const RegistryRecord record = ReadRegistryRecord(card->registry);
        fmt::print("{}", ModelCard(record, record.Find(card->id)));
        return ExitCode::kDone;
      });
  verb->add_option("ID", card->id,
                   "version: its number, alias or the start of its digest")
      ->required();
}

void AddExport(CLI::App* registry, CommandLine* line) {
  auto options = std::make_shared<RegistryOptions>();
  CLI::App* const verb = AddRegistryVerb(
      registry, line, "export", "write a registry in the form of another tool",
      "export out/registry --to mlflow -o out/mlflow", options, [options] {
        const RegistryRecord record = ReadRegistryRecord(options->registry);
        if (std::filesystem::exists(options->out)) {
          throw InputError(
              fmt::format("{} exists; choose another folder", options->out));
        }
        OutputFolder folder(options->out, false);
        if (options->to == "mlflow") {
          ExportToMlflow(record, folder.path(), options->out);
        } else {
          ExportToOran(record, folder.path());
        }
        folder.Commit();
        fmt::print("{}: {} versions\n", options->out, record.versions.size());
        return ExitCode::kDone;
      });
  verb->add_option("--to", options->to,
                   "mlflow: its file store; oran: bodies of model "
                   "registrations")
      ->required()
      ->check(CLI::IsMember({"mlflow", "oran"}));
  verb->add_option("-o,--out", options->out, "folder to write")->required();
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
  AddQueries(registry, line);
  AddShow(registry, line);
  AddExport(registry, line);
  AddVerifyRegistry(registry, line);
}

}  // namespace airlock
