#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/base/units.h"
#include "sim/collector/features.h"
#include "sim/collector/flow_table.h"
#include "sim/collector/reservoir.h"
#include "sim/collector/tcp_segment.h"

namespace airlock {

struct CollectorConfig {
  std::vector<std::string> servers;  // their names
  uint32_t flows = 65536;            // that are known at once
  // A flow without a packet for so long is forgotten.
  SimTime idle_timeout = Milliseconds(40000);
  SimTime closed_timeout = Milliseconds(1000);
  size_t slots = 128;              // of each reservoir
  double keep = 1;                 // probability that a sample is kept
  double decay = 0.9;              // of weights with age, a second
  SimTime tick = Milliseconds(1);  // of the servers' TCP timestamps
};

// What a packet was found to be, exactly one of these.
enum class PacketClass {
  kSyn,       // of a new flow
  kFirstAck,  // the handshake's last packet
  kData,      // in order, with or without an acknowledgement
  kFin,       // in order: the client has no more to send
  kReset,
  kAck,             // of new data
  kRetransmission,  // SYN, data or FIN that was there before
  kOutOfOrder,      // leaves a gap, or acknowledges less than one before
  kDuplicate,       // acknowledges what the last one did
  kUnknown,         // of a flow that is not known
};

// Watches the packets from clients to the servers of a pool, one after the
// other, and keeps what Aquarius keeps (features.h): nothing is asked of either
// end, and packets back to clients, which need not come this way, are not
// needed. A flow begins with its SYN and ends with the client's FIN, or its RST
// once it has acknowledged data: it then completes. Flows that are reset
// before, idle for too long, pushed out of a full table or that begin anew just
// leave; n_flow - n_fct - n_flow_on counts them. A FIN counts as a byte.
// Processing times come from the server's clock, which TCP timestamps echo: the
// SYN-ACK's echo and the flow's SYN tie it to the observer's, so they are good
// to a tick. Needs times that do not decrease.
class Collector {
 public:
  struct Server {
    std::array<uint64_t, kServerCounters> counters{};  // since the start
    std::vector<Reservoir> reservoirs;                 // by ServerFeature
    SimTime last_flow{-1};                             // -1: none yet
    SimTime last_packet{-1};
  };

  // `stream` drives the reservoirs.
  Collector(const CollectorConfig& config, RngStream stream);

  // A packet towards the server of that index.
  PacketClass Add(SimTime now, size_t server, const TcpSegment& segment);
  // The server is gone, and its open flows with it.
  void Forget(size_t server);
  // Forgets what has been idle for too long: n_flow_on is that of `now` then.
  void Expire(SimTime now);

  const CollectorConfig& config() const { return config_; }
  const Server& server(size_t index) const { return servers_[index]; }
  const Reservoir& flow_gaps() const { return flow_gaps_; }
  const FlowTable& flows() const { return flows_; }

 private:
  PacketClass AddSyn(SimTime now, uint32_t at, size_t server,
                     const TcpSegment& segment);
  void Begin(SimTime now, size_t server, const TcpSegment& segment);
  PacketClass AddToFlow(SimTime now, uint32_t at, const TcpSegment& segment);
  PacketClass AddSequence(SimTime now, FlowState* flow,
                          const TcpSegment& segment);
  void TakeFirstAck(SimTime now, FlowState* flow, const TcpSegment& segment);
  void TakeNewAck(SimTime now, FlowState* flow, const TcpSegment& segment);
  void TakeProcessingTime(SimTime now, FlowState* flow, uint32_t echo);
  void Leave(uint32_t at);  // without completing, if it is open
  void Complete(SimTime now, uint32_t at);
  void Offer(const FlowState& flow, ServerFeature feature, SimTime now,
             double value);
  uint64_t& Counter(size_t server, ServerCounter counter);

  CollectorConfig config_;
  RngStream stream_;
  ReservoirDraw draw_;  // of the packet at hand
  FlowTable flows_;
  std::vector<Server> servers_;
  Reservoir flow_gaps_;
  SimTime last_flow_{-1};
};

// Turns a collector into values for CollectorColumns(): counters since the last
// call, n_flow_on and reservoirs as they are. One reader a purpose, such as a
// time series.
class CollectorReader {
 public:
  // Appends one value a column.
  void Read(const Collector& collector, SimTime now,
            std::vector<double>* values);

 private:
  std::vector<std::array<uint64_t, kServerCounters>> before_;
};

}  // namespace airlock
