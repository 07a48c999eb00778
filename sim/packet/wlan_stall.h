#pragma once

#include <ns3/event-id.h>
#include <ns3/wifi-phy-common.h>
#include <ns3/wifi-psdu.h>
#include <ns3/wifi-tx-vector.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/packet/wlan_airtime.h"
#include "sim/packet/wlan_network.h"

// Private to sim/packet.
namespace airlock {

// Looks out for stations with which their access point could exchange frames
// and does not: what is left of a channel switch that went wrong. Starvation is
// no stall: a sender that finds the channel busy, or whose frames nobody
// answers, tries. A stall is a second in which frames for a receiver wait all
// the time, the sender tries none of them and yet sends others often, or leaves
// the channel idle for most of it; or that an access point still counts a
// station as its own that has given it up.
//
// Never holds outside: devices and events refer to it, so it lives until the
// simulator is destroyed.
class StallWatch {
 public:
  explicit StallWatch(const std::vector<WlanCell>& cells);
  ~StallWatch();
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  // Watches from now on; called once, and again without effect. A stall throws
  // Error with the station's name out of the simulator.
  void Start();

 private:
  struct Link;
  struct Sender;

  Sender* SenderOf(const std::string& name,
                   ns3::Ptr<ns3::WifiNetDevice> device);
  void Look();
  void LookAt(Link* link) const;

  const std::vector<WlanCell>& cells_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace airlock
