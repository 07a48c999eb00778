#pragma once

#include <Eigen/Core>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// The loads of a WLAN's access points, slot by slot: the share of time that
// each one's traffic needs on one 20 MHz channel, 0 to 1 (a trace: as it says).
// Depends on the stream that it was made with and on nothing else, so every
// engine that takes the same stream sees the same course.
class LoadCourse {
 public:
  virtual ~LoadCourse() = default;
  // The loads of the next slot, one for each access point; the first call gives
  // slot 0. Throws InputError where the trace has ended.
  virtual Eigen::ArrayXd Next() = 0;
};

// What a course is about.
struct LoadSite {
  std::vector<std::string> names;  // of the access points
  // Positions in metres or any other unit: nearest neighbours count only.
  std::vector<double> x;
  std::vector<double> y;
  double slot_seconds = 600;
  double start_seconds = 0;      // of day, at which slot 0 begins: `diurnal`
  const Trace* trace = nullptr;  // `trace` only; must outlive the course
};

// A way in which loads change.
struct LoadProfileRow {
  const char* name;
  std::unique_ptr<LoadCourse> (*create)(const LoadSite& site, RngStream stream);
  const char* description;
};

// constant       1
// volatile       every AP starts at U[0, 1] and grows by U[0, 0.2] a slot; past
//                1 it starts again from what is left over: a saw-tooth. (The
//                reference says "saw-tooth with increments between 0 and 1".)
// volatile-triangle   the same, but turns at 1 and 0 instead: the other reading
// flash-crowd    0.1 + U[0, 0.2], anew for each AP and slot; three crowds, each
//                a random AP with its 4 nearest neighbours, add 0.7 for 3 to 9
//                slots and then come up elsewhere; an AP in two gets 0.7 once
// diurnal        quiet nights, a peak in the early afternoon, each AP its own
//                height and hour
// trace          the columns ap.NAME.load of a trace, 0 to 1000, averaged over
//                each slot; a sample covers the time since the one before, a
//                missing one is as the one before, and the first may not be
const std::vector<LoadProfileRow>& LoadProfiles();
// Throws InputError with the known names.
const LoadProfileRow& FindLoadProfile(const std::string& name);

}  // namespace airlock
