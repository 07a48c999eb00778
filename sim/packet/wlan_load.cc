#include "sim/packet/wlan_load.h"

#include "sim/results/hdf5_file.h"

namespace airlock {

WlanLoadCourse::WlanLoadCourse(const WlanConfig& config, const RngTree& rng,
                               Replication replication)
    : access_points_(config.access_points.size()) {
  if (config.load.profile == "constant") return;
  LoadSite site;
  for (const AccessPointConfig& ap : config.access_points) {
    site.names.push_back(ap.name);
    site.x.push_back(ap.position.x.value());
    site.y.push_back(ap.position.y.value());
  }
  site.slot_seconds = Seconds(config.load.slot);
  if (config.load.profile == "trace") {
    trace_ = ReadTrace(config.load.trace);
    site.trace = &*trace_;
  }
  course_ = FindLoadProfile(config.load.profile)
                .create(site, rng.Stream("wlan/load", replication));
}

std::vector<double> WlanLoadCourse::Next() {
  std::vector<double> factors(access_points_, 1.0);
  if (course_ == nullptr) return factors;
  const Eigen::ArrayXd loads = course_->Next();
  for (size_t i = 0; i < factors.size(); ++i) {
    factors[i] = loads[static_cast<Eigen::Index>(i)];
  }
  return factors;
}

}  // namespace airlock
