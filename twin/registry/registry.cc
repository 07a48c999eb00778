#include "twin/registry/registry.h"

#include <pwd.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/registry/folder_lock.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersionMajor = 1;
constexpr double kWaitSeconds = 10;

std::string UserName() {
  const passwd* const entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : fmt::format("{}", getuid());
}

std::string NowUtc() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void CreateFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return;
  throw Error(fmt::format("cannot create {}: {}", path, error.message()));
}

// Whether the folder has anything but the lock and what a killed creation left.
bool HasContent(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name != "lock" && name.rfind(".state.json.", 0) != 0) return true;
  }
  return false;
}

void RemoveHalfWrittenStates(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(".state.json.", 0) == 0) fs::remove(entry.path(), ignored);
  }
}

std::string ParentOf(const std::string& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path.parent_path()
                              : path.parent_path().parent_path())
      .string();
}

}  // namespace

Registry::Registry(const std::string& folder)
    : folder_(folder), versions_(folder), history_(folder) {}

Registry::State Registry::ReadState() const {
  const std::string path = folder_ + "/state.json";
  if (!fs::exists(path)) {
    throw InputError(
        fmt::format("{}: not a registry: it has no state.json", folder_));
  }
  const json object = ReadJsonFile(path);
  State state;
  try {
    if (object.at("filetype") != "registry-state") {
      throw InputError(fmt::format("{}: not a registry's state", path));
    }
    const auto version = object.at("version").get<std::vector<int64_t>>();
    if (version.size() != 2 || version[0] > kVersionMajor) {
      throw InputError(
          fmt::format("{}: written by a newer Airlock: this program reads "
                      "registry-state up to {}.x",
                      path, kVersionMajor));
    }
    object.at("champion").get_to(state.champion);
    object.at("previous").get_to(state.previous);
    object.at("history_count").get_to(state.history_count);
    object.at("history_tail").get_to(state.history_tail);
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
  return state;
}

void Registry::WriteState(const State& state) const {
  WriteFileAtomically(folder_ + "/state.json",
                      json{{"filetype", "registry-state"},
                           {"version", {kVersionMajor, 0}},
                           {"champion", state.champion},
                           {"previous", state.previous},
                           {"history_count", state.history_count},
                           {"history_tail", state.history_tail}}
                              .dump(2) +
                          "\n");
}

void Registry::CreateIfMissing() const {
  if (!fs::exists(folder_ + "/state.json")) {
    if (HasContent(folder_)) {
      throw InputError(fmt::format(
          "{}: not a registry: it has no state.json and is not empty",
          folder_));
    }
    // The state comes first: a history without a state is a loss, not a start.
    WriteState(State());
  }
  CreateFolder(folder_ + "/history");
  CreateFolder(folder_ + "/versions");
  SyncFolder(folder_);
}

Registry::State Registry::PrepareChange(
    std::vector<HistoryEntry>* history) const {
  RemoveHalfWrittenStates(folder_);
  versions_.Clean();
  State state = ReadState();
  history_.Clean(state.history_count);
  *history = history_.Read(state.history_count, state.history_tail);
  CheckReplay(*history, state);
  return state;
}

HistoryEntry Registry::Commit(HistoryEntry entry, State next) const {
  entry.number = next.history_count + 1;
  entry.previous_hash = next.history_tail;
  entry.who = UserName();
  entry.when = NowUtc();
  history_.Write(&entry);
  next.history_count = entry.number;
  next.history_tail = entry.hash;
  WriteState(next);
  return entry;
}

Registry::Change Registry::Promote(const std::string& gate_folder,
                                   const std::string& why) {
  const GateRecord verdict = ReadPassingVerdict(gate_folder);
  const bool is_new = !fs::exists(folder_);
  CreateFolder(folder_);
  if (is_new) SyncFolder(ParentOf(folder_));
  const FolderLock lock(folder_, kWaitSeconds);
  CreateIfMissing();
  std::vector<HistoryEntry> history;
  State state = PrepareChange(&history);
  Change change;
  change.champion =
      versions_.Store(verdict.candidate_name, verdict.files, gate_folder);
  if (change.champion.digest == state.champion) {
    change.entry = history.back();
    change.changed = false;
    return change;
  }
  HistoryEntry entry;
  entry.action = "promote";
  entry.why = why;
  entry.model_name = verdict.candidate_name;
  entry.model_digest = change.champion.digest;
  entry.verdict_digest = verdict.digest;
  entry.verdict = verdict.summary;
  state.previous = state.champion;
  state.champion = change.champion.digest;
  change.entry = Commit(std::move(entry), std::move(state));
  return change;
}

Registry::Change Registry::Rollback(const std::string& why) {
  ReadState();  // a folder that is no registry gets no lock file
  const FolderLock lock(folder_, kWaitSeconds);
  std::vector<HistoryEntry> history;
  State state = PrepareChange(&history);
  if (state.previous.empty()) {
    throw Error(
        fmt::format("{}: there is no previous champion to go back to", folder_),
        ExitCode::kNo);
  }
  Change change;
  change.champion = versions_.Load(state.previous);
  HistoryEntry entry;
  entry.action = "rollback";
  entry.why = why;
  entry.model_name = change.champion.name;
  entry.model_digest = change.champion.digest;
  state.champion = state.previous;
  state.previous.clear();
  change.entry = Commit(std::move(entry), std::move(state));
  return change;
}

std::optional<ModelVersion> Registry::Champion() const {
  const State state = ReadState();
  if (state.champion.empty()) return std::nullopt;
  return versions_.Load(state.champion);
}

std::vector<HistoryEntry> Registry::History() const {
  const State state = ReadState();
  return history_.Read(state.history_count, state.history_tail);
}

void Registry::CheckReplay(const std::vector<HistoryEntry>& history,
                           const State& state) const {
  std::string champion, previous;
  for (const HistoryEntry& entry : history) {
    const bool rollback = entry.action == "rollback";
    const bool fits =
        rollback ? !previous.empty() && entry.model_digest == previous
                 : entry.action == "promote" && !entry.verdict.is_null();
    if (!fits) {
      throw InputError(fmt::format(
          "{}/history/{:06}.json: '{}' of {} does not follow from the entries "
          "before",
          folder_, entry.number, entry.action, entry.model_digest));
    }
    previous = rollback ? "" : champion;
    champion = entry.model_digest;
  }
  if (champion != state.champion || previous != state.previous) {
    throw InputError(fmt::format(
        "{}/state.json: its champion is not the one that the history ends with",
        folder_));
  }
}

void Registry::Verify() const {
  const State state = ReadState();
  const std::vector<HistoryEntry> history =
      history_.Read(state.history_count, state.history_tail);
  CheckReplay(history, state);
  for (const HistoryEntry& entry : history) versions_.Load(entry.model_digest);
}

}  // namespace airlock
