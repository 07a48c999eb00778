#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"

namespace airlock {

// What a training is: one that differs in any of it cannot go on from another's
// checkpoint.
struct TrainingIdentity {
  std::string task;         // name of a reference task, or a scenario's path
  std::string task_digest;  // SHA-256 of what it is
  std::string algorithm;
  std::string agent;  // the settings' text, every field written out
  uint64_t seed = 1;
};

// The folder of a training, each of whose files is whole at any moment:
//   agent.yaml        the settings
//   checkpoint        everything that is needed to go on, with its digest
//   policy.json       the best policy of all evaluations, or the last
//   card.json         what was trained, how far, with which libraries, how it
//                     ended
//   log.txt           beginnings, interruptions, losses
// and what else is written to it.
class TrainingFolder {
 public:
  // Opens it for a training that begins or, with `resume`, goes on. Throws
  // InputError where it exists and shall not be resumed, or is no training's.
  TrainingFolder(const std::string& path, bool resume,
                 const TrainingIdentity& identity);

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  bool Has(const std::string& name) const;

  // The settings, and the card of a training under way: by it a folder is
  // known.
  void Begin(const nlohmann::json& facts);
  // A file of any name.
  void Write(const std::string& name, const std::string& text) const;

  void SaveCheckpoint(const nlohmann::json& state) const;
  bool has_checkpoint() const { return Has("checkpoint"); }
  // Throws InputError for a file that is damaged, of another version, or of a
  // training that is not this one, naming what differs.
  nlohmann::json LoadCheckpoint() const;
  // Where that training goes on, for the card and the log.
  void GoesOn(int64_t step);

  // The card: `facts` of the algorithm beside what is known here. Merges
  // "digests", "libraries" and "runtime" of `facts`.
  const nlohmann::json& WriteCard(ExitCode code, const std::string& cause,
                                  const nlohmann::json& facts);
  const nlohmann::json& card() const { return card_; }
  void Log(const std::string& what);

 private:
  const std::string path_;
  const TrainingIdentity identity_;
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
  nlohmann::json card_;
  nlohmann::json resumed_at_;
  std::string log_;
};

}  // namespace airlock
