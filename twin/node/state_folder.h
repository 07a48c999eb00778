#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace airlock {

// The folder in which a node keeps what outlives it: node.json (the state), the
// triggers' files that it names, samples-N.csv and decisions.csv. One node has
// it at a time: an exclusive flock(2) on its file `lock`.
class StateFolder {
 public:
  // Makes the folder. Throws Error if that fails or another node has it.
  explicit StateFolder(const std::string& path);
  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  const std::string& path() const { return path_; }

  // The state that was saved last; nothing if there is none. Throws InputError
  // if it is corrupt or of another version.
  std::optional<nlohmann::json> Load() const;
  // Files that a state names are written first, under a stem that alternates,
  // so that the state before keeps its own; then the state replaces it at once.
  std::string NextStem() const;
  void Save(const nlohmann::json& body);

  // decisions.csv: a line each, below the header; bytes beyond what the state
  // knows (-1: all are known) are dropped.
  void OpenDecisions(int64_t bytes, const std::string& header);
  void AddDecision(const std::string& line);
  int64_t decision_bytes() const { return decision_bytes_; }

 private:
  std::string path_;
  int lock_ = -1;
  int decisions_ = -1;
  int64_t decision_bytes_ = 0;
  int64_t saves_ = 0;
};

}  // namespace airlock
