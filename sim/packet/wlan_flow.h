#pragma once

#include <ns3/event-id.h>
#include <ns3/ipv4-address.h>
#include <ns3/node.h>
#include <ns3/wifi-net-device.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "sim/base/units.h"
#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// What a flow has counted since its start. A packet is offered when the
// application hands it over and delivered when the other application has all
// of it. It is lost when a later packet of the flow has overtaken it or when it
// is not there within 3 s (UDP), or when the socket's buffer has no room for it
// (TCP).
struct FlowCounts {
  int64_t offered = 0;  // packets
  int64_t delivered = 0;
  int64_t lost = 0;
  double latency_seconds = 0;  // sum over the delivered packets
};

// Where a flow runs. Both devices are in one BSS.
struct FlowEnds {
  ns3::Ptr<ns3::WifiNetDevice> source;
  ns3::Ptr<ns3::WifiNetDevice> sink;
  ns3::Ipv4Address sink_address;
  uint16_t port = 0;  // unique in the scene
};

// One application-to-application stream between an access point and a station.
// Constant rate: a packet every packet_size / rate. Saturated UDP: the sender's
// MAC queue always holds two full aggregates for this receiver (a few frames
// without aggregation). Saturated TCP: the socket's buffer is always full.
// Latency is measured from the application that sends to the one that
// receives. TCP is NewReno: ns-3 3.37's CUBIC lacks the Reno-friendly region
// in which the short round trips of a WLAN fall (RFC 8312, section 4.2).
//
// Never holds outside: sockets and events of ns-3 refer to it, so it stays in
// place until the simulator is destroyed.
class WlanFlow {
 public:
  // `latencies` takes the latency of each delivered packet in seconds, in the
  // order of delivery; it outlives the flow.
  WlanFlow(const WlanTraffic& traffic, const FlowEnds& ends,
           std::vector<double>* latencies);
  virtual ~WlanFlow() = default;
  WlanFlow(const WlanFlow&) = delete;
  WlanFlow& operator=(const WlanFlow&) = delete;

  // Begins to send after `delay`. Called once.
  void Start(SimTime delay);
  // Sends `factor` (>= 0) times the configured rate from now on; 0: nothing.
  // Not for saturated flows.
  void SetLoad(double factor);
  // Sends no more.
  void Stop();
  // As of now: also counts UDP packets that are overdue.
  FlowCounts Counts();
  const WlanTraffic& traffic() const { return traffic_; }
  DataSize packet_size() const { return traffic_.packet_size; }

  // "udp" or "tcp" by traffic.transport.
  static std::unique_ptr<WlanFlow> Create(const WlanTraffic& traffic,
                                          const FlowEnds& ends,
                                          std::vector<double>* latencies);

 protected:
  // Opens both sockets, at the start of the flow.
  virtual void Open() = 0;
  // One packet, at its due time.
  virtual void SendOne() = 0;
  // Sends while the buffer that saturation is about has room.
  virtual void Fill() = 0;
  // Calls GiveUpBefore() where packets can vanish.
  virtual void DropOverdue() {}
  bool stopped() const { return stopped_; }

  // Bookkeeping for the implementations. Returns the packet's sequence number:
  // 0, 1, ...
  int64_t NoteOffered();
  void NoteDelivered(int64_t sequence);
  void NoteRefused();

  // Counts as lost what was offered before `time` and is still on its way.
  void GiveUpBefore(SimTime time);

  const WlanTraffic traffic_;
  const FlowEnds ends_;

 private:
  void Begin();
  void Tick();
  // The next Tick(), after the share `left` of an interval.
  void ScheduleTick(double left);

  FlowCounts counts_;
  std::deque<SimTime> pending_;  // when packets first_pending_... were offered
  int64_t first_pending_ = 0;
  std::vector<double>* latencies_;
  const SimTime interval_;  // between packets, or between looks at the queue
  double load_ = 1;
  bool stopped_ = false;
  bool begun_ = false;
  ns3::EventId tick_;
  double left_ = 0;  // of the interval, while the load is 0
};

}  // namespace airlock
