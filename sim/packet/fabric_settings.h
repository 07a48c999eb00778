#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/packet/datacentre_network.h"

namespace airlock {

// What a controller can set of a fabric: `ecn_threshold` of all switch ports,
// `PORT.ecn_threshold` of one ("leaf0-host3.ecn_threshold"), packets; and
// `SWITCH.weight.NEIGHBOUR`, the weight of a next hop where there are several
// ("leaf0.weight.spine1").
class FabricSettings {
 public:
  // Keeps a reference to `network`.
  explicit FabricSettings(Ns3Datacentre& network) : network_(network) {}

  // The forms above, as far as this network has such settings.
  std::vector<std::string> Names() const;
  // As TrafficPart::Prepare().
  std::function<void()> Prepare(Action* action) const;

 private:
  using Threshold = std::pair<const Port*, int64_t>;

  bool HasWeights() const;
  // The ports that `name` sets the threshold of; none if it is another setting.
  std::vector<const Port*> PortsOf(const std::string& name) const;
  static void CheckThreshold(const std::string& name, double value,
                             const std::vector<const Port*>& ports);

  Ns3Datacentre& network_;
};

}  // namespace airlock
