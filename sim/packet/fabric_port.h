#pragma once

#include <ns3/error-model.h>
#include <ns3/net-device.h>
#include <ns3/queue-disc.h>
#include <ns3/queue.h>

#include <string>
#include <vector>

#include "sim/topology/topology_config.h"

namespace airlock {

// Stands where a link's packets arrive and loses them while the link is down.
class LinkGate : public ns3::ErrorModel {
 public:
  static ns3::TypeId GetTypeId();

  void SetUp(bool up) { up_ = up; }
  // Packets lost since the start.
  int64_t lost() const { return lost_; }

 private:
  bool DoCorrupt(ns3::Ptr<ns3::Packet> packet) override;
  void DoReset() override {}

  bool up_ = true;
  int64_t lost_ = 0;
};

// What a frame takes on a link beside the bytes that ns-3 sends (IP and 2 of
// PPP). `ethernet`: header, frame check and preamble before the frame has
// arrived, 26 in all; the gap of 12 behind it (IEEE 802.3-2018, 3.1 and 4.4).
struct Framing {
  const char* name;  // topology.framing
  int64_t ahead;     // bytes
  int64_t behind;
};
const std::vector<Framing>& Framings();

// One end of a link: where packets wait. Owned by ns-3.
struct Port {
  std::string name;  // "leaf0-host3": at leaf0, towards host3
  bool on_switch = false;
  Bandwidth rate;              // undiminished
  int64_t frame_overhead = 0;  // bytes of a frame that ns-3 does not count
  QueueConfig queue;
  ns3::Ptr<ns3::NetDevice> device;
  ns3::Ptr<ns3::Queue<ns3::Packet>> device_queue;  // below:
  ns3::Ptr<ns3::QueueDisc> discipline;
  ns3::Ptr<LinkGate> gate;  // at the other end; nullptr: never down
};

// A way to manage a port's queue. A port's length counts the discipline and
// the packets that the device holds back below it, not the packet on the
// wire; both numbers of the configuration are of that length.
struct QueueDiscipline {
  const char* name;  // topology.queue.discipline
  ns3::Ptr<ns3::QueueDisc> (*create)(const QueueConfig& config);
  const char* description;
};
const std::vector<QueueDiscipline>& QueueDisciplines();

// Makes `packets` (>= 1) the threshold from now on. False if the port's
// discipline has no threshold.
bool SetEcnThreshold(const Port& port, int64_t packets);

}  // namespace airlock
