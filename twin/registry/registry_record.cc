#include "twin/registry/registry_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShortestDigest = 4;

// Every key that was ever trusted.
std::vector<PublicKey> AllKeys(const std::vector<HistoryEntry>& history) {
  std::vector<PublicKey> keys;
  for (const HistoryEntry& entry : history) {
    keys.insert(keys.end(), entry.keys.begin(), entry.keys.end());
  }
  return keys;
}

ReceiptRecord ReadReceipt(const ReceiptStore& store, const HistoryEntry& entry,
                          const std::vector<PublicKey>& keys,
                          const RegistryState& state) {
  ReceiptRecord record;
  record.receipt = OpenReceipt(store.ReceiptText(entry.receipt_digest),
                               store.FolderOf(entry.receipt_digest), keys);
  record.summary = store.Summary(record.receipt);
  record.gate_text = store.GateText(record.receipt);
  record.when = entry.when;
  record.who = entry.who;
  for (const PublicKey& key : state.trusted) {
    record.counts = record.counts || key.id() == record.receipt.key_id;
  }
  return record;
}

void AddEntry(const HistoryEntry& entry, const ReceiptStore& receipts,
              const VersionStore& versions, const std::vector<PublicKey>& keys,
              RegistryRecord* record) {
  auto found = std::find_if(record->versions.begin(), record->versions.end(),
                            [&](const VersionRecord& known) {
                              return known.version.digest == entry.model_digest;
                            });
  if (found == record->versions.end()) {
    VersionRecord version;
    version.number = static_cast<int64_t>(record->versions.size()) + 1;
    version.version = versions.Load(entry.model_digest);
    for (const auto& [alias, target] :
         {std::pair("champion", record->state.champion),
          std::pair("previous", record->state.previous),
          std::pair("candidate", record->state.candidate)}) {
      if (target.model == entry.model_digest) version.aliases.push_back(alias);
    }
    record->versions.push_back(std::move(version));
    found = record->versions.end() - 1;
  }
  found->history.push_back(entry);
  const bool known =
      std::any_of(found->receipts.begin(), found->receipts.end(),
                  [&](const ReceiptRecord& receipt) {
                    return receipt.receipt.digest == entry.receipt_digest;
                  });
  if (known) return;
  found->receipts.push_back(ReadReceipt(receipts, entry, keys, record->state));
}

}  // namespace

const VersionRecord& RegistryRecord::Find(const std::string& id) const {
  const VersionRecord* found = nullptr;
  int matches = 0;
  for (const VersionRecord& version : versions) {
    const bool by_alias =
        std::count(version.aliases.begin(), version.aliases.end(), id) > 0;
    const bool by_digest = id.size() >= kShortestDigest &&
                           version.version.digest.rfind(id, 0) == 0;
    if (!by_alias && !by_digest && id != std::to_string(version.number)) {
      continue;
    }
    found = &version;
    ++matches;
  }
  if (matches == 1) return *found;
  std::string known;
  for (const VersionRecord& version : versions) {
    known += fmt::format("{}{} {:.12}", known.empty() ? "" : ", ",
                         version.number, version.version.digest);
  }
  throw InputError(fmt::format(
      "{}: '{}' is {} of its versions (a number, an alias or the start, of at "
      "least {} digits, of a digest); known: {}",
      folder, id, matches == 0 ? "none" : "not only one", kShortestDigest,
      known.empty() ? "none" : known));
}

RegistryRecord ReadRegistryRecord(const std::string& folder) {
  const Registry registry(folder);
  registry.Verify();
  RegistryRecord record;
  record.folder = folder;
  const fs::path whole = fs::absolute(folder).lexically_normal();
  record.name =
      (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  record.state = registry.State();
  record.history = registry.History();
  const ReceiptStore receipts(folder);
  const VersionStore versions(folder);
  const std::vector<PublicKey> keys = AllKeys(record.history);
  for (const HistoryEntry& entry : record.history) {
    if (entry.model_digest.empty()) continue;
    AddEntry(entry, receipts, versions, keys, &record);
  }
  return record;
}

int64_t MillisecondsOf(const std::string& utc) {
  std::tm parts{};
  const char* const end = strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return 0;
  return static_cast<int64_t>(timegm(&parts)) * 1000;
}

}  // namespace airlock
