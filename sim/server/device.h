#pragma once

#include <cstdint>

#include "sim/scenario/servers_config.h"
#include "sim/server/packet_group.h"

namespace airlock {

// Bytes on the PCIe lanes for a frame: its data in packets of at most
// pcie_payload, and a descriptor read and written back (16 B each, the former
// four at a time: Intel 82599 datasheet, 7.1), each with its overhead
// (Neugebauer et al., SIGCOMM 2018, section 3).
double PcieBytes(const MachineConfig& machine, double frame_bytes);

// One direction of a network interface: wire, packet rate and PCIe as one
// server of deterministic speed with a finite queue in front.
class Device {
 public:
  Device(const MachineConfig& machine, int64_t ring);

  // Sends `group` through, at its first instant, which never decreases: what
  // finds the queue full is lost and counted, the rest leaves with new
  // instants, the interface's latency included. False if nothing is left.
  bool Pass(PacketGroup* group);

  int64_t packets() const { return packets_; }
  int64_t bytes() const { return bytes_; }
  double pcie_bytes() const { return pcie_bytes_; }
  int64_t lost() const { return lost_; }
  int64_t passes() const { return passes_; }  // groups

 private:
  const MachineConfig* machine_;
  double ring_;
  int64_t now_ns_ = 0;
  double work_ns_ = 0;  // queued, at now_ns_
  int64_t packets_ = 0;
  int64_t bytes_ = 0;
  double pcie_bytes_ = 0;
  int64_t lost_ = 0;
  int64_t passes_ = 0;
};

}  // namespace airlock
