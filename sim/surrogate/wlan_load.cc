#include "sim/surrogate/wlan_load.h"

#include "sim/results/hdf5_file.h"

namespace airlock {

std::unique_ptr<Trace> ReadLoadTrace(const WlanConfig& wlan) {
  if (wlan.load.profile != "trace") return nullptr;
  return std::make_unique<Trace>(ReadTrace(wlan.load.trace));
}

std::unique_ptr<LoadCourse> CreateLoadCourse(const WlanConfig& wlan,
                                             const Trace* trace,
                                             const RngTree& rng,
                                             Replication replication) {
  return CreateLoadCourse(wlan, trace, rng.Stream("wlan/load", replication));
}

std::unique_ptr<LoadCourse> CreateLoadCourse(const WlanConfig& wlan,
                                             const Trace* trace,
                                             RngStream stream) {
  LoadSite site;
  for (const AccessPointConfig& ap : wlan.access_points) {
    site.names.push_back(ap.name);
    site.x.push_back(ap.position.x.value());
    site.y.push_back(ap.position.y.value());
  }
  site.slot_seconds = Seconds(wlan.load.slot);
  site.start_seconds = Seconds(wlan.time_of_day);
  site.trace = trace;
  return FindLoadProfile(wlan.load.profile).create(site, stream);
}

}  // namespace airlock
