#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/signature.h"
#include "twin/registry/registry_state.h"

namespace airlock {

// One change of a registry. What does not belong to its action is empty.
struct HistoryEntry {
  int64_t number = 0;  // from 1
  // "promote", "rollback", "candidate", "pause", "resume", "trust", "distrust"
  std::string action;
  std::string who;   // user name
  std::string when;  // UTC, "2026-01-31T12:00:00Z"
  std::string why;
  // promote, rollback: the champion from then on; candidate: the candidate, or
  // empty if there is none from then on.
  std::string model_name;
  std::string model_digest;    // ModelDigest
  std::string receipt_digest;  // Receipt::digest
  std::string verdict_digest;  // VerdictDigest; promote and candidate
  Pause pause = Pause::kNo;
  std::vector<PublicKey> keys;  // trust, distrust
  std::string previous_hash;    // hash of the entry before; empty for the first
  std::string hash;             // SHA-256 of this entry's file

  AliasTarget target() const { return {model_digest, receipt_digest}; }
};

// The folder `history` of a registry: append-only files 000001.json, ..., each
// with the hash of the one before, so that no entry can be changed, dropped or
// moved without every later one changing. Private to twin/registry; Write and
// Clean need the registry's lock.
class HistoryStore {
 public:
  explicit HistoryStore(const std::string& registry_folder);

  // Writes `entry`; it counts once the registry's state says so. Sets its hash.
  void Write(HistoryEntry* entry) const;

  // Entries 1..count, the chain checked up to `tail` (the last one's hash;
  // empty if count is 0). Throws InputError naming the first file that is
  // missing, malformed or does not fit the chain.
  std::vector<HistoryEntry> Read(int64_t count, const std::string& tail) const;

  // Removes entries after `count`: changes that were never committed.
  void Clean(int64_t count) const;

 private:
  std::string PathOf(int64_t number) const;

  std::string folder_;
};

}  // namespace airlock
