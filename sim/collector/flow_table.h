#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/units.h"

namespace airlock {

// What a collector remembers of a flow: a client's address and port, and the
// service's port.
struct FlowState {
  uint64_t key = 0;
  SimTime start;                // its SYN
  SimTime last;                 // its last packet
  SimTime request;              // its last data in order
  uint32_t first_sequence = 0;  // the SYN's
  uint32_t next_sequence = 0;   // after all data that was seen
  uint32_t first_acknowledged = 0;
  uint32_t acknowledged = 0;
  uint32_t first_echo = 0;  // the server's clock when it answered the SYN
  uint32_t echo = 0;        // and at the last acknowledged data
  uint32_t window = 0;      // bytes
  uint32_t older = 0;       // neighbours in its list; FlowTable's
  uint32_t newer = 0;
  uint16_t server = 0;
  uint8_t window_shift = 0;
  bool closed : 1;         // completed, reset: what follows is only sorted
  bool answered : 1;       // the handshake's last packet was seen
  bool has_timestamp : 1;  // on the packet that answered
  bool waiting : 1;        // for the first data after a request
};

// A fixed number of flows, found by key in constant time. Flows that are open
// and flows that are closed are two lists, each in the order of their last
// packet, so that what is idle for too long is found without a search; where
// the table is full, the closed flow that has been idle for longest goes, or,
// if there is none, the open one. Positions stay valid until Remove().
class FlowTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // At least 1 flow.
  explicit FlowTable(uint32_t flows);

  // kNone if there is no such flow.
  uint32_t Find(uint64_t key) const;
  // A flow that is not there yet; only while !full().
  uint32_t Insert(uint64_t key, SimTime now);
  void Remove(uint32_t at);
  // A packet of the flow: it becomes the newest of its list.
  void Touch(uint32_t at, SimTime now);
  // Moves it to the closed flows, as the newest.
  void Close(uint32_t at);

  FlowState& flow(uint32_t at) { return flows_[at]; }
  // The flow that is idle for longest; kNone if the list is empty.
  uint32_t Oldest(bool closed) const { return lists_[closed].oldest; }
  bool full() const { return free_ == kNone; }
  size_t size() const { return size_; }
  // Of memory, all in all.
  size_t bytes() const;

 private:
  struct List {
    uint32_t oldest = kNone;
    uint32_t newest = kNone;
  };

  size_t Slot(uint64_t key) const;  // of the key, or the empty one for it
  void Append(uint32_t at);
  void Unlink(uint32_t at);

  std::vector<FlowState> flows_;
  std::vector<uint32_t> slots_;  // open addressing, at most half full
  std::array<List, 2> lists_;    // open, closed
  uint32_t free_ = kNone;        // first of those that `newer` chains
  size_t size_ = 0;
};

}  // namespace airlock
