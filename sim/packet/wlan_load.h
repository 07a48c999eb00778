#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/base/rng.h"
#include "sim/scenario/scenario.h"
#include "sim/telemetry/trace.h"
#include "sim/workload/load_profiles.h"

// Private to sim/packet.
namespace airlock {

// The factors by which the flows of each access point are scaled, slot by slot:
// `wlan.load`, drawn from the stream "wlan/load".
class WlanLoadCourse {
 public:
  // Throws InputError where the trace lacks an access point.
  WlanLoadCourse(const WlanConfig& config, const RngTree& rng,
                 Replication replication);

  // Of the next slot, one for each access point.
  std::vector<double> Next();

 private:
  std::optional<Trace> trace_;
  std::unique_ptr<LoadCourse> course_;  // null: constant
  size_t access_points_;
};

}  // namespace airlock
