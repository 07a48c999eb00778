#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "agents/learn/agent_file.h"
#include "sim/base/error.h"

// A training from its first step to its last, which may be in several
// processes one after the other: whatever ends one of them, the next goes on
// from the last checkpoint, and what comes out has the same bits.
namespace airlock {

struct TrainingJob {
  AgentFile agent;
  uint64_t seed = 1;
  std::string folder;  // training_folder.h
  bool resume = false;
};

class Training {
 public:
  virtual ~Training() = default;

  // Called now and then with the steps done and of all.
  using Report = std::function<void(int64_t done, int64_t total)>;
  // Learns until all steps are done, or until `stop` says so after an update
  // (nothing is lost: a checkpoint is written). Leaves card and checkpoint
  // also where it ends early. kDone, or kInterrupted. Throws Error naming step
  // and cause where a reward, observation or loss is no number or workers die
  // again and again: the last checkpoint stays.
  virtual ExitCode Run(const std::function<bool()>& stop,
                       const Report& report) = 0;

  // The run card as it was last written.
  virtual const nlohmann::json& card() const = 0;
  // What a finished one achieved: the rest of a line, and lines.
  virtual std::string Summary() const = 0;
};

}  // namespace airlock
