#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twin/registry/history.h"
#include "twin/registry/version_store.h"

namespace airlock {

// A folder that says which model is live: the champion. Plain files, described
// in FORMAT.md:
//
//   state.json       champion, previous champion, length and tail of the
//   history history/N.json   who changed the champion, when, why, on what
//   verdict versions/ID/     the files of a model, never changed lock held
//   while changing
//
// A change writes the version, then the history entry, and takes effect with
// the rename of state.json: a kill at any moment, or a reader at any moment,
// sees the champion and history of before or those of after. What a killed
// program left is ignored, and removed by the next change. Programs that change
// the registry at the same time wait for each other; one that waits longer than
// 10 s is told and changes nothing.
//
// Every function throws InputError naming the file if the registry is corrupt,
// and Error (kFailed) if a file cannot be read or written.
class Registry {
 public:
  // Does not touch the file system.
  explicit Registry(const std::string& folder);

  struct Change {
    HistoryEntry entry;     // of the change, or the one that it repeats
    ModelVersion champion;  // from now on
    bool changed = true;  // false: it was the champion already, nothing written
  };

  // Makes the candidate of a gate's output folder the champion. Creates the
  // registry if there is none (the folder missing or empty). Throws Error as
  // ReadPassingVerdict; then nothing changed.
  Change Promote(const std::string& gate_folder, const std::string& why);

  // Makes the previous champion the champion again. One step: a second rollback
  // without a promotion between is refused (kNo). Needs no gate.
  Change Rollback(const std::string& why);

  // The champion with its files checked; none before the first promotion.
  std::optional<ModelVersion> Champion() const;

  // The history in order, its chain checked.
  std::vector<HistoryEntry> History() const;

  // Checks everything: the chain, that replaying the history gives the state,
  // and every file of every version that the history names.
  void Verify() const;

 private:
  struct State {
    std::string champion;  // ModelDigest, or empty
    std::string previous;  // what Rollback goes to, or empty
    int64_t history_count = 0;
    std::string history_tail;  // hash of the last entry, or empty
  };

  State ReadState() const;
  // Throws InputError unless replaying `history` gives `state`.
  void CheckReplay(const std::vector<HistoryEntry>& history,
                   const State& state) const;
  void WriteState(const State& state) const;
  void CreateIfMissing() const;
  // With the lock held: removes leftovers, checks state and history.
  State PrepareChange(std::vector<HistoryEntry>* history) const;
  // Writes the history entry and commits `next` with it.
  HistoryEntry Commit(HistoryEntry entry, State next) const;

  std::string folder_;
  VersionStore versions_;
  HistoryStore history_;
};

}  // namespace airlock
