#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/base/rng.h"
#include "sim/packet/wlan_flow.h"
#include "sim/packet/wlan_network.h"
#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// A flow's place in the network.
struct FlowPlace {
  size_t cell;
  size_t station;  // in the cell
  bool downlink;
};

// The flows of a WLAN: those of each station, down and up, in the order of the
// configuration.
//
// Never holds outside: sockets refer to it, so it stays in place until the
// simulator is destroyed.
class WlanFlows {
 public:
  // Before anything runs.
  WlanFlows(const WlanConfig& config, const std::vector<WlanCell>& cells);
  WlanFlows(const WlanFlows&) = delete;
  WlanFlows& operator=(const WlanFlows&) = delete;

  // Starts those of the stations that are there, in the next tenth of
  // `duration` or 100 ms; those of the others begin when they are associated,
  // and all end when their station leaves. Starts the network's course too.
  void Start(const RngTree& rng, Replication replication, SimTime duration,
             WlanNetwork* network);
  // One factor of the offered rates for each cell.
  void SetLoads(const std::vector<double>& factors);

  size_t size() const { return flows_.size(); }
  const FlowPlace& place(size_t flow) const { return places_[flow]; }
  DataSize packet_size(size_t flow) const {
    return flows_[flow]->packet_size();
  }
  FlowCounts Counts(size_t flow) const { return flows_[flow]->Counts(); }
  // Of the packets of a cell in seconds, as they are delivered.
  const std::vector<double>& latencies(size_t cell) const {
    return latencies_[cell];
  }

 private:
  void Add(const WlanTraffic& traffic, const WlanCell& cell, FlowPlace place);

  std::vector<std::vector<double>> latencies_;  // by cell
  std::vector<std::unique_ptr<WlanFlow>> flows_;
  std::vector<FlowPlace> places_;  // by flow
  std::vector<SimTime> staggers_;  // by flow
};

}  // namespace airlock
