#include "twin/registry/registry.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "twin/registry/folder_lock.h"
#include "twin/registry/transition.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr double kWaitSeconds = 10;
constexpr size_t kShortestKeyId = 8;

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

std::optional<RegistryState> StateIfAny(const std::string& folder) {
  if (!fs::exists(folder + "/state.json")) return std::nullopt;
  return ReadRegistryState(folder);
}

// Whether nobody has said yet whose receipts count.
bool IsFresh(const RegistryState& state) { return state.sequence == 0; }

void CheckMayBecomeRegistry(const std::string& folder) {
  // In this order: another program that makes one now writes the state first.
  if (!HasContent(folder) || fs::exists(folder + "/state.json")) return;
  throw InputError(fmt::format(
      "{}: not a registry: it has no state.json and is not empty", folder));
}

// Makes the folder of a registry that is to be changed, if there is none.
void CreateRegistryFolder(const std::string& folder) {
  const bool is_new = !fs::exists(folder);
  CreateFolder(folder);
  if (is_new) SyncFolder(ParentOf(folder));
  CheckMayBecomeRegistry(folder);  // what is not one gets no lock file
}

// Folders and an empty state, where they are missing. Needs the lock.
void CreateIfMissing(const std::string& folder) {
  CheckMayBecomeRegistry(folder);
  if (!fs::exists(folder + "/state.json")) {
    // The state comes first: a history without a state is a loss, not a start.
    WriteRegistryState(RegistryState(), folder);
  }
  for (const char* part : {"/history", "/versions", "/receipts"}) {
    CreateFolder(folder + part);
  }
  SyncFolder(folder);
}

// The state that the history ends with.
RegistryState Replay(const std::vector<HistoryEntry>& history,
                     const std::string& folder,
                     const std::function<void(const HistoryEntry&,
                                              const RegistryState&)>& check) {
  RegistryState state;
  for (const HistoryEntry& entry : history) {
    if (check) check(entry, state);
    try {
      state = After(std::move(state), entry);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}/history/{:06}.json: {}: {}", folder,
                                   entry.number, entry.action, error.what()));
    }
  }
  return state;
}

void CheckSame(const RegistryState& replayed, const RegistryState& state,
               const std::string& folder) {
  if (replayed == state) return;
  throw InputError(fmt::format(
      "{}/state.json: is not what the history ends with; one of the two was "
      "changed",
      folder));
}

Error Refusal(const std::string& what) { return Error(what, ExitCode::kNo); }

std::string NameOf(const AliasTarget& target) {
  return target.empty() ? "none" : target.model.substr(0, 16);
}

// Throws if the champion, or whom the registry trusts, is no longer what it was
// when this change was asked for.
void CheckNothingHappened(const RegistryState& seen, const RegistryState& state,
                          const std::string& folder) {
  if (seen.champion != state.champion) {
    throw Refusal(fmt::format(
        "{}: another program changed the champion meanwhile, from {} to {}; "
        "nothing was changed: judge against the new champion, or run the "
        "command again",
        folder, NameOf(seen.champion), NameOf(state.champion)));
  }
  if (seen.trusted != state.trusted) {
    throw Refusal(fmt::format(
        "{}: another program changed whose receipts count; nothing was "
        "changed: run the command again",
        folder));
  }
}

// The keys whose receipt makes the first or a later promotion.
std::vector<PublicKey> KeysFor(const RegistryState& state,
                               const std::optional<PublicKey>& own_key,
                               const std::string& folder) {
  if (!IsFresh(state) && !state.trusted.empty()) return state.trusted;
  if (!IsFresh(state)) {
    throw Refusal(fmt::format(
        "{0}: trusts no key any more; say whose receipts count: airlock "
        "registry trust {0} KEY.pub",
        folder));
  }
  if (own_key) return {*own_key};
  throw Refusal(fmt::format(
      "{0}: a new registry trusts nobody, and you have no signing key of your "
      "own; say whose receipts count: airlock registry init {0} --trust "
      "KEY.pub",
      folder));
}

// The receipt of the gate's folder, which must be signed with one of `keys`.
Receipt ReceiptOf(const std::string& gate_folder, const std::string& root,
                  const std::vector<PublicKey>& keys, bool fresh,
                  const std::string& folder) {
  try {
    return VerifyReceipt(gate_folder, keys, root);
  } catch (const ReceiptError& error) {
    if (error.fault() != ReceiptFault::kUnknownKey) throw;
    throw ReceiptError(
        error.fault(),
        fmt::format(fresh ? "{0}; a new registry trusts your own key alone; to "
                            "trust another one: airlock registry init {1} "
                            "--trust KEY.pub"
                          : "{0}; to trust its key: airlock registry trust {1} "
                            "KEY.pub",
                    error.what(), folder));
  }
}

// Puts `keys` into the entry. Throws InputError if one comes twice, or is among
// `trusted`.
void AddNewKeys(const std::vector<PublicKey>& keys,
                const std::vector<PublicKey>& trusted,
                const std::string& folder, HistoryEntry* entry) {
  const std::vector<PublicKey>& so_far = entry->keys;
  const auto is_in = [](const PublicKey& key,
                        const std::vector<PublicKey>& known) {
    return std::find(known.begin(), known.end(), key) != known.end();
  };
  for (const PublicKey& key : keys) {
    if (is_in(key, trusted) || is_in(key, entry->keys)) {
      throw InputError(
          fmt::format("{}: trusts the key {:.16} already", folder, key.id()));
    }
    entry->keys.push_back(key);
  }
}

HistoryEntry EntryOf(const std::string& action, const std::string& why) {
  HistoryEntry entry;
  entry.action = action;
  entry.why = why;
  return entry;
}

}  // namespace

SignedModel LoadSignedModel(const std::string& folder,
                            const RegistryState& state,
                            const AliasTarget& target, bool must_pass) {
  const ReceiptStore receipts(folder);
  const std::string name =
      receipts.FolderOf(target.receipt) + "/" + kReceiptName;
  SignedModel model;
  model.receipt =
      OpenReceipt(receipts.ReceiptText(target.receipt), name, state.trusted);
  if (model.receipt.model_digest() != target.model) {
    throw ReceiptError(
        ReceiptFault::kStatement,
        fmt::format("{}: is about another model than {}", name, target.model));
  }
  if (must_pass && model.receipt.result != "PASSED") {
    throw ReceiptError(
        ReceiptFault::kVerdict,
        fmt::format("{}: says {}, not PASSED", name, model.receipt.result));
  }
  model.version = VersionStore(folder).Load(target.model);
  return model;
}

// What a change starts from, once it holds the lock: leftovers are gone, state
// and history fit.
struct Registry::Locked {
  Locked(const Registry& registry, bool create)
      : lock(registry.folder_, kWaitSeconds) {
    const std::string& folder = registry.folder_;
    if (create) CreateIfMissing(folder);
    RemoveHalfWrittenStates(folder);
    registry.versions_.Clean();
    registry.receipts_.Clean();
    state = ReadRegistryState(folder);
    registry.history_.Clean(state.sequence);
    history = registry.history_.Read(state.sequence, state.history_tail);
    CheckSame(Replay(history, folder, nullptr), state, folder);
  }

  // What repeats an earlier change.
  Change Unchanged(const std::string& model_name) const {
    Change change;
    if (!history.empty()) change.entry = history.back();
    change.model_name = model_name;
    change.model_digest = state.champion.model;
    change.changed = false;
    return change;
  }

  FolderLock lock;
  RegistryState state;
  std::vector<HistoryEntry> history;
};

Registry::Registry(const std::string& folder)
    : folder_(folder), versions_(folder), receipts_(folder), history_(folder) {}

Registry::Change Registry::Commit(Locked* locked,
                                  std::vector<HistoryEntry> entries) const {
  RegistryState next = locked->state;
  Change change;
  for (HistoryEntry& entry : entries) {
    entry.number = next.sequence + 1;
    entry.previous_hash = next.history_tail;
    entry.who = UserName();
    entry.when = NowUtc();
    history_.Write(&entry);
    next = After(std::move(next), entry);
    change.entry = std::move(entry);
  }
  try {
    WriteRegistryState(next, folder_);
  } catch (const Error& error) {
    // Past the rename the change is in force, whatever came after it.
    if (!(ReadRegistryState(folder_) == next)) throw;
    throw Error(fmt::format(
        "{}; the change is in force all the same, but may not outlive a loss "
        "of power",
        error.what()));
  }
  locked->state = std::move(next);
  change.model_name = change.entry.model_name;
  change.model_digest = change.entry.model_digest;
  return change;
}

AliasTarget Registry::Store(const GateRecord& record, const Receipt& receipt,
                            const std::string& gate_folder) const {
  const ModelVersion version =
      versions_.Store(record.candidate_name, receipt.subject, gate_folder);
  receipts_.Store(receipt, gate_folder);
  return {version.digest, receipt.digest};
}

Registry::Change Registry::Init(const std::vector<PublicKey>& keys,
                                const std::string& why) {
  AIRLOCK_CHECK(!keys.empty(), "a registry that trusts nobody");
  HistoryEntry entry = EntryOf("trust", why);
  AddNewKeys(keys, {}, folder_, &entry);
  CreateRegistryFolder(folder_);
  Locked locked(*this, true);
  if (!IsFresh(locked.state)) {
    throw InputError(fmt::format(
        "{0}: is a registry already; to trust another key: airlock registry "
        "trust {0} KEY.pub",
        folder_));
  }
  return Commit(&locked, {std::move(entry)});
}

Registry::Change Registry::Promote(const std::string& gate_folder,
                                   const PromoteOptions& options) {
  const RegistryState seen = StateIfAny(folder_).value_or(RegistryState());
  const GateRecord record = ReadPassingVerdict(gate_folder, options.root);
  const std::vector<PublicKey> keys = KeysFor(seen, options.own_key, folder_);
  const Receipt receipt =
      ReceiptOf(gate_folder, options.root, keys, IsFresh(seen), folder_);

  CreateRegistryFolder(folder_);
  Locked locked(*this, true);
  const RegistryState& state = locked.state;
  if (state.champion.model == receipt.model_digest() && ChampionLoads(state)) {
    return locked.Unchanged(record.candidate_name);
  }
  CheckNothingHappened(seen, state, folder_);
  CheckMayPromote(state, options, locked.history);

  std::vector<HistoryEntry> entries;
  if (IsFresh(state)) {
    entries.push_back(EntryOf("trust", "first promotion"));
    entries.back().keys = keys;
  }
  const AliasTarget target = Store(record, receipt, gate_folder);
  entries.push_back(EntryOf("promote", options.why));
  entries.back().model_name = record.candidate_name;
  entries.back().model_digest = target.model;
  entries.back().receipt_digest = target.receipt;
  entries.back().verdict_digest = record.digest;
  Change change = Commit(&locked, std::move(entries));
  if (IsFresh(seen)) {
    change.notes.push_back(fmt::format(
        "{} is new: from now on it trusts your signing key, id {:.16}", folder_,
        keys.front().id()));
  }
  return change;
}

bool Registry::ChampionLoads(const RegistryState& state) const {
  try {
    LoadSignedModel(folder_, state, state.champion, true);
    return true;
  } catch (const ReceiptError&) {
    return false;  // a new receipt is needed
  }
}

void Registry::CheckMayPromote(const RegistryState& state,
                               const PromoteOptions& options,
                               const std::vector<HistoryEntry>& history) const {
  if (state.pause != Pause::kNo) {
    const auto pause = std::find_if(
        history.rbegin(), history.rend(),
        [](const HistoryEntry& entry) { return entry.action == "pause"; });
    throw Refusal(fmt::format(
        "{0}: paused by {1} since {2}{3}{4}; nothing is promoted until: "
        "airlock registry resume {0}",
        folder_, pause->who, pause->when, pause->why.empty() ? "" : ": ",
        pause->why));
  }
  const std::string& expected = options.if_champion;
  if (state.champion.model.compare(0, expected.size(), expected) != 0) {
    throw Refusal(fmt::format("{}: the champion is {}, not {}", folder_,
                              NameOf(state.champion), expected));
  }
}

Registry::Change Registry::Rollback(const std::string& why) {
  const RegistryState seen = State();
  Locked locked(*this, false);
  CheckNothingHappened(seen, locked.state, folder_);
  const AliasTarget target = locked.state.previous;
  if (target.empty()) {
    throw Refusal(fmt::format("{}: there is no previous champion to go back to",
                              folder_));
  }
  const SignedModel model =
      LoadSignedModel(folder_, locked.state, target, true);
  HistoryEntry entry = EntryOf("rollback", why);
  entry.model_name = model.version.name;
  entry.model_digest = target.model;
  entry.receipt_digest = target.receipt;
  return Commit(&locked, {std::move(entry)});
}

Registry::Change Registry::SetCandidate(const std::string& gate_folder,
                                        const std::string& why,
                                        const std::string& root) {
  const RegistryState seen = State();
  const GateRecord record = ReadGateRecord(gate_folder);
  const Receipt receipt =
      ReceiptOf(gate_folder, root, seen.trusted, false, folder_);
  Locked locked(*this, false);
  CheckNothingHappened(seen, locked.state, folder_);
  if (locked.state.champion.model == receipt.model_digest()) {
    throw Refusal(
        fmt::format("{}: {} is the champion; it cannot be its own candidate",
                    folder_, record.candidate_name));
  }
  const AliasTarget target = Store(record, receipt, gate_folder);
  if (locked.state.candidate == target) {
    Change change = locked.Unchanged(record.candidate_name);
    change.model_digest = target.model;
    return change;
  }
  HistoryEntry entry = EntryOf("candidate", why);
  entry.model_name = record.candidate_name;
  entry.model_digest = target.model;
  entry.receipt_digest = target.receipt;
  entry.verdict_digest = record.digest;
  return Commit(&locked, {std::move(entry)});
}

Registry::Change Registry::ClearCandidate(const std::string& why) {
  State();  // a folder that is no registry gets no lock file
  Locked locked(*this, false);
  if (locked.state.candidate.empty()) return locked.Unchanged("");
  return Commit(&locked, {EntryOf("candidate", why)});
}

Registry::Change Registry::SetPause(Pause pause, const std::string& why) {
  State();
  Locked locked(*this, false);
  if (locked.state.pause == pause) return locked.Unchanged("");
  HistoryEntry entry = EntryOf(pause == Pause::kNo ? "resume" : "pause", why);
  entry.pause = pause;
  return Commit(&locked, {std::move(entry)});
}

Registry::Change Registry::Trust(const std::vector<PublicKey>& keys,
                                 const std::string& why) {
  State();
  Locked locked(*this, false);
  HistoryEntry entry = EntryOf("trust", why);
  AddNewKeys(keys, locked.state.trusted, folder_, &entry);
  return Commit(&locked, {std::move(entry)});
}

Registry::Change Registry::Distrust(const std::string& key_id,
                                    const std::string& why) {
  State();
  Locked locked(*this, false);
  HistoryEntry entry = EntryOf("distrust", why);
  for (const PublicKey& key : locked.state.trusted) {
    if (key_id.size() < kShortestKeyId || key.id().rfind(key_id, 0) != 0) {
      continue;
    }
    entry.keys.push_back(key);
  }
  if (entry.keys.size() != 1) {
    std::string known;
    for (const PublicKey& key : locked.state.trusted) {
      known += fmt::format("{}{:.16}", known.empty() ? "" : ", ", key.id());
    }
    throw InputError(fmt::format(
        "{}: '{}' is not the start, of at least {} digits, of the id of one "
        "trusted key; trusted: {}",
        folder_, key_id, kShortestKeyId, known.empty() ? "none" : known));
  }
  Change change = Commit(&locked, {std::move(entry)});
  for (const auto& [alias, target] :
       {std::pair("champion", locked.state.champion),
        std::pair("previous champion", locked.state.previous),
        std::pair("candidate", locked.state.candidate)}) {
    if (target.empty()) continue;
    try {
      LoadSignedModel(folder_, locked.state, target, false);
    } catch (const ReceiptError&) {
      change.notes.push_back(fmt::format(
          "the receipt of the {} ({}) no longer counts: nodes will not load "
          "it; promote or roll back to a model whose receipt does",
          alias, NameOf(target)));
    }
  }
  return change;
}

std::optional<SignedModel> Registry::Champion() const {
  const RegistryState state = State();
  if (state.champion.empty()) return std::nullopt;
  return LoadSignedModel(folder_, state, state.champion, true);
}

std::vector<HistoryEntry> Registry::History() const {
  const RegistryState state = State();
  return history_.Read(state.sequence, state.history_tail);
}

void Registry::Verify() const {
  const RegistryState state = State();
  const auto check = [this](const HistoryEntry& entry,
                            const RegistryState& before) {
    if (entry.model_digest.empty()) return;
    const SignedModel model = LoadSignedModel(folder_, before, entry.target(),
                                              entry.action != "candidate");
    if (entry.verdict_digest.empty()) return;
    const std::string digest = VerdictDigest(receipts_.Summary(model.receipt));
    if (digest == entry.verdict_digest) return;
    throw InputError(fmt::format(
        "{}/history/{:06}.json: its receipt seals another verdict than it "
        "states",
        folder_, entry.number));
  };
  CheckSame(
      Replay(history_.Read(state.sequence, state.history_tail), folder_, check),
      state, folder_);
}

}  // namespace airlock
