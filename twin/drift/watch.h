#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/drift/detector.h"
#include "twin/drift/monitor.h"

namespace airlock {

// One finding of `airlock drift watch`.
struct DriftAlarm {
  DriftState state = DriftState::kDrift;
  int64_t sample = 0;
  double time_seconds = 0;
  double statistic = 0;
  double threshold = 0;
  std::string feature;  // the one that moved most
  double feature_statistic = 0;
};

struct DriftWatch {
  int64_t samples = 0;
  std::vector<DriftAlarm> alarms;  // in time order; kDrift only
  int64_t warnings = 0;            // samples spent in kWarning
  bool drift() const { return !alarms.empty(); }
  std::string ToText() const;
  std::string ToJson() const;
};

// A monitor and its detector: what a node needs to watch a stream. One JSON
// file holds it, the detector's window included, so that a node that restarts
// goes on where it was.
class DriftTrigger {
 public:
  DriftTrigger(Monitor monitor, std::unique_ptr<DriftDetector> detector,
               std::string reference_digest);

  // Throws Error on I/O, InputError with the path for a file that is not a
  // trigger, is corrupt, or newer.
  static DriftTrigger Load(const std::string& path);
  void Save(const std::string& path) const;

  // Feeds every sample of `trace` and says what was found. The state moves on.
  DriftWatch Watch(const Trace& trace);

  const Monitor& monitor() const { return monitor_; }
  const DriftDetector& detector() const { return *detector_; }
  DriftDetector* mutable_detector() { return detector_.get(); }
  const std::string& reference_digest() const { return reference_digest_; }

 private:
  Monitor monitor_;
  std::unique_ptr<DriftDetector> detector_;
  std::string reference_digest_;
};

// `airlock drift calibrate`: learns from `reference` what no drift looks like.
DriftTrigger CalibrateDrift(const Trace& reference,
                            const MonitorOptions& monitor,
                            const DriftOptions& options);

}  // namespace airlock
