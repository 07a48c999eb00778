#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twin/registry/history.h"
#include "twin/registry/receipt.h"
#include "twin/registry/receipt_store.h"
#include "twin/registry/registry_state.h"
#include "twin/registry/version_store.h"

namespace airlock {

// A model with the receipt that speaks for it: every file checked, the receipt
// signed with a key that the registry trusts now, and about these very files.
struct SignedModel {
  ModelVersion version;
  Receipt receipt;
};

// Loads what an alias of `state` stands for from the registry in `folder`.
// Throws InputError naming the file that is missing or changed, ReceiptError if
// the receipt does not hold: of a distrusted key, say. With `must_pass` (what
// goes live) the receipt must say PASSED.
SignedModel LoadSignedModel(const std::string& folder,
                            const RegistryState& state,
                            const AliasTarget& target, bool must_pass);

// A folder that says which model is live, which runs in shadow, and whose
// receipts count. Plain files, described in FORMAT.md:
//
//   state.json       what is in force (RegistryState)
//   history/N.json   every change: who, when, why, by which receipt; a chain
//   versions/ID/     the files of a model, never changed
//   receipts/ID/     a receipt and the verdict that it seals, never changed
//   lock             held while changing
//
// A change writes version and receipt, then the history entry, and takes effect
// with the rename of state.json: a kill at any moment, or a reader at any
// moment, sees the state and history of before or those of after. What a killed
// program left is ignored, and removed by the next change.
//
// Of programs that change a registry at the same time one wins; the others are
// told. What was decided about one champion is not done to another: promote
// and rollback are refused (kNo) if the champion changed since they began. Who
// waits longer than 10 s for the lock is told and changes nothing.
//
// Every function throws InputError naming the file if the registry is corrupt,
// and Error (kFailed) if a file cannot be read or written.
class Registry {
 public:
  // Does not touch the file system.
  explicit Registry(const std::string& folder);

  struct Change {
    HistoryEntry entry;  // of the change, or the one that it repeats
    std::string model_name;
    std::string model_digest;
    bool changed = true;  // false: it was so already, nothing written
    std::vector<std::string> notes;  // for people
  };

  // Makes a registry that trusts `keys`, of which there is at least one. Throws
  // InputError if the folder is a registry that trusts a key or was changed, or
  // has other content.
  Change Init(const std::vector<PublicKey>& keys, const std::string& why);

  struct PromoteOptions {
    std::string why;
    // The key of the user: trusted by the first promotion into a registry that
    // is missing or trusts nobody yet, if the receipt is signed with it.
    std::optional<PublicKey> own_key;
    // If not empty, refused (kNo) unless the champion's digest starts so.
    std::string if_champion;
    // From where the gate was given its inputs' paths; empty: from here.
    std::string root;
  };
  // Makes the candidate of a gate's output folder the champion. Throws Error as
  // ReadPassingVerdict and VerifyReceipt, kNo if the registry is paused or
  // trusts nobody; then nothing changed.
  Change Promote(const std::string& gate_folder, const PromoteOptions& options);

  // Makes the previous champion the champion again. One step: a second rollback
  // without a promotion between is refused (kNo). Needs no gate, but a receipt
  // whose key is still trusted.
  Change Rollback(const std::string& why);

  // Lets the candidate of a gate's output folder run in shadow: its receipt
  // must hold, whatever the verdict. `root` as for a promotion.
  Change SetCandidate(const std::string& gate_folder, const std::string& why,
                      const std::string& root = "");
  // Nothing runs in shadow any more.
  Change ClearCandidate(const std::string& why);

  // `pause` is kKeep or kFallback, or kNo to resume.
  Change SetPause(Pause pause, const std::string& why);

  // Receipts signed with these keys count from now on.
  Change Trust(const std::vector<PublicKey>& keys, const std::string& why);
  // And no longer those with the key whose id starts with `key_id` (at least 8
  // digits). The champion stays the alias's target, but no longer loads.
  Change Distrust(const std::string& key_id, const std::string& why);

  RegistryState State() const { return ReadRegistryState(folder_); }
  // The champion, loaded; nothing before the first promotion.
  std::optional<SignedModel> Champion() const;

  // The history in order, its chain checked.
  std::vector<HistoryEntry> History() const;

  // Checks everything: the chain, that replaying the history gives the state,
  // every file of every version that it names, and that every promotion had a
  // receipt for those very files, signed with a key that was trusted then.
  void Verify() const;

 private:
  struct Locked;  // a registry that is being changed

  // Whether the champion's receipt still counts.
  bool ChampionLoads(const RegistryState& state) const;
  void CheckMayPromote(const RegistryState& state,
                       const PromoteOptions& options,
                       const std::vector<HistoryEntry>& history) const;
  AliasTarget Store(const GateRecord& record, const Receipt& receipt,
                    const std::string& gate_folder) const;
  Change Commit(Locked* locked, std::vector<HistoryEntry> entries) const;

  std::string folder_;
  VersionStore versions_;
  ReceiptStore receipts_;
  HistoryStore history_;
};

}  // namespace airlock
