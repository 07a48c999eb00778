#include "sim/packet/wlan_walk.h"

#include <ns3/simulator.h>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/scenario/wlan_layout.h"

namespace airlock {

NS_OBJECT_ENSURE_REGISTERED(StationWalk);

ns3::TypeId StationWalk::GetTypeId() {
  static ns3::TypeId id = ns3::TypeId("airlock::StationWalk")
                              .SetParent<ns3::MobilityModel>()
                              .AddConstructor<StationWalk>();
  return id;
}

void StationWalk::Start() {
  started_ = true;
  origin_ = FromNs3(ns3::Simulator::Now());
}

SimTime StationWalk::RunTime() const {
  return started_ ? FromNs3(ns3::Simulator::Now()) - origin_ : SimTime();
}

ns3::Vector StationWalk::DoGetPosition() const {
  const Position at = PositionAt(station_, RunTime());
  return ns3::Vector(at.x.value(), at.y.value(), 0);
}

void StationWalk::DoSetPosition(const ns3::Vector&) {
  AIRLOCK_CHECK(false, "its path says where it is");
}

// The channels of a WLAN ask for positions only.
ns3::Vector StationWalk::DoGetVelocity() const {
  const SimTime step = Microseconds(1000);
  const Position a = PositionAt(station_, RunTime());
  const Position b = PositionAt(station_, RunTime() + step);
  return ns3::Vector((b.x.value() - a.x.value()) / Seconds(step),
                     (b.y.value() - a.y.value()) / Seconds(step), 0);
}

}  // namespace airlock
