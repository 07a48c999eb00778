#pragma once

#include <cstdint>

#include "sim/scenario/servers_config.h"
#include "sim/server/packet_group.h"

namespace airlock {

// Bytes on the PCIe lanes for a frame: its data in packets of at most
// pcie_payload, and a descriptor that is read (four at a time) and written back
// (16 B each: Intel 82599 datasheet, 7.1), each with its overhead (Neugebauer
// et al., SIGCOMM 2018, section 3).
double PcieBytes(const MachineConfig& machine, int64_t frame_bytes);

// One direction of a network interface: wire, packet rate and PCIe as one
// server of deterministic speed with a finite queue in front.
class Device {
 public:
  Device(const MachineConfig& machine, int64_t ring);

  // Sends `group` through; its first instant does not come before that of the
  // group before. Of groups that overlap, a packet finds the work of all that
  // went through before. What finds the queue full is taken out of it, and the
  // rest gets new instants, the interface's latency included. Returns how many
  // were lost.
  int Pass(PacketGroup* group);

  int64_t packets() const { return packets_; }
  int64_t bytes() const { return bytes_; }
  int64_t lost() const { return lost_; }
  int64_t passes() const { return passes_; }  // groups

 private:
  double PacketNs(int64_t frame_bytes);

  const MachineConfig* machine_;
  double ring_;
  int64_t latency_ns_;
  int64_t now_ns_ = 0;
  double work_ns_ = 0;   // queued at now_ns_
  double queued_ = 0;    // the packets of it
  int64_t priced_ = -1;  // the frame of ...
  double price_ns_ = 0;  // ... this time
  int64_t packets_ = 0;
  int64_t bytes_ = 0;
  int64_t lost_ = 0;
  int64_t passes_ = 0;
};

}  // namespace airlock
