#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "twin/registry/registry.h"

namespace airlock {

// A receipt in a registry with the verdict that it seals.
struct ReceiptRecord {
  Receipt receipt;
  nlohmann::json summary;  // the gate's
  std::string gate_text;   // its gate.resolved.yaml; empty if it had none
  std::string when;        // of the entry that brought it
  std::string who;
  bool counts = false;  // signed with a key that is trusted now
};

// A model version with all that its registry knows about it.
struct VersionRecord {
  int64_t number = 0;  // from 1, in the order of first appearance
  ModelVersion version;
  std::vector<std::string> aliases;     // "champion", "previous", "candidate"
  std::vector<ReceiptRecord> receipts;  // oldest first
  std::vector<HistoryEntry> history;    // entries about it
};

// All of a registry, checked as Registry::Verify does: what lists, exports and
// cards are made of.
struct RegistryRecord {
  std::string folder;
  std::string name;  // the folder's last component
  RegistryState state;
  std::vector<HistoryEntry> history;
  std::vector<VersionRecord> versions;

  // The version whose digest, number or alias is `id` ("1f0c93d2", "3",
  // "champion"). Throws InputError that names what there is.
  const VersionRecord& Find(const std::string& id) const;
};

// Reads a registry. Throws InputError naming the file that is wrong.
RegistryRecord ReadRegistryRecord(const std::string& folder);

// "2026-01-31T12:00:00Z" as milliseconds since 1970; 0 for anything else.
int64_t MillisecondsOf(const std::string& utc);

}  // namespace airlock
