#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/signature.h"

namespace airlock {

// What an alias stands for: a model, and the receipt that speaks for it. Both
// digests are empty where the alias stands for nothing.
struct AliasTarget {
  std::string model;    // ModelDigest
  std::string receipt;  // Receipt::digest

  bool empty() const { return model.empty(); }
  friend bool operator==(const AliasTarget& a, const AliasTarget& b) {
    return a.model == b.model && a.receipt == b.receipt;
  }
  friend bool operator!=(const AliasTarget& a, const AliasTarget& b) {
    return !(a == b);
  }
};

// Whether a registry is paused. Nothing is promoted while it is; rollback,
// candidate and trust go on.
enum class Pause {
  kNo,
  kKeep,      // nodes keep the champion that they run
  kFallback,  // nodes act by their fallback until the registry is resumed
};
const char* ToString(Pause pause);  // "no", "keep", "fallback"
// And back. Throws InputError.
Pause PauseOf(const std::string& text);

// All that is in force in a registry: its state.json.
struct RegistryState {
  // Number of the last change, from 1; rises with every change and never
  // falls. A reader that saw a greater one looks at another registry, or at an
  // old copy put in its place.
  int64_t sequence = 0;
  std::string history_tail;  // hash of that change's entry; empty before any
  AliasTarget champion;      // what is live
  AliasTarget previous;      // what a rollback goes to
  AliasTarget candidate;     // what runs in shadow
  Pause pause = Pause::kNo;
  std::vector<PublicKey> trusted;  // whose receipts count, by id
};

bool operator==(const RegistryState& a, const RegistryState& b);

// Reads FOLDER/state.json. Throws InputError if there is none, it is malformed
// or of another major version.
RegistryState ReadRegistryState(const std::string& folder);

// Replaces it in one step. Private to twin/registry; needs the registry's lock.
void WriteRegistryState(const RegistryState& state, const std::string& folder);

// Tells a registry's reader when something changed, at the cost of one stat(2)
// a call while nothing does.
class RegistryWatch {
 public:
  explicit RegistryWatch(const std::string& folder) : folder_(folder) {}

  // The state if it is another one than at the last call, always at the first;
  // else nothing. Throws InputError as ReadRegistryState, each time until the
  // file is right again.
  std::optional<RegistryState> Poll();

 private:
  std::string folder_;
  struct stat seen_ {};
  std::string seen_text_;
  bool seen_any_ = false;
};

}  // namespace airlock
