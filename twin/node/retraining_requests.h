#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "twin/node/drift_triggers.h"
#include "twin/node/node_file.h"
#include "twin/node/recent_samples.h"

namespace airlock {

// Writes requests for retraining: request-NNNNNN.json with the window of
// samples since the change in request-NNNNNN.csv (`airlock import csv`). A
// request is written when a trigger fires (`collecting`), again when the window
// is long enough (`ready`), and when another model acts (`superseded`), each
// time as a whole. One is open at a time: an alarm that repeats what was told
// opens none, nor does one of a change within the window that a ready request
// has; one of a later change does. Formats are in FORMAT.md.
class RetrainingRequests {
 public:
  // Makes the folder. Throws Error.
  RetrainingRequests(const RetrainingConfig& config, std::string node);

  bool enabled() const { return !config_.folder.empty(); }
  // A trigger fired. `model`: name and digest of the model that acts. True if
  // that opened a request. Throws Error on I/O.
  bool Alarm(const TriggerAlarm& alarm, const nlohmann::json& model,
             const RecentSamples& recent);
  // A sample was added. True if the request became ready.
  bool Collect(const RecentSamples& recent);
  // The model that it was about acts no more.
  void Supersede();

  // Written so far, and the newest one's file.
  int64_t written() const { return number_; }
  bool open() const { return !request_.is_null(); }
  std::string path() const;

  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved);

 private:
  void Write(const RecentSamples& recent, bool ready);

  RetrainingConfig config_;
  std::string node_;
  int64_t number_ = 0;
  nlohmann::json request_;  // null: none is open
  int64_t since_ = 0;       // sample
  bool ready_ = false;
};

}  // namespace airlock
