#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/surrogate/chain_model.h"
#include "sim/surrogate/chain_monitor.h"
#include "sim/surrogate/chain_tape.h"
#include "sim/surrogate/chain_workload.h"

namespace airlock {

// One function of the chain as a recursion over its packets, after Lindley
// (Proc. Cambridge Phil. Soc. 48, 1952) but with a finite ring, batches,
// wake-ups and stalls: the next decision or completion follows from the last,
// so merging it with the arrivals needs no event list.
class StationRecursion {
 public:
  // `monitor` hears of losses; it and `course` outlive this.
  StationRecursion(const ChainFunction& function,
                   const std::vector<ContentionStep>* course,
                   const RngTree& tree, Replication replication,
                   ChainMonitor* monitor, GammaTape* tape = nullptr);

  // Moves to `until_ns`. `in`: all arrivals since the last call up to and
  // including `until_ns`, in order. Appends to `out` what is handed on.
  void Advance(const std::vector<ChainPacket>& in, int64_t until_ns,
               std::vector<ChainPacket>* out);
  StationTotals TotalsAt(int64_t now_ns) { return counters_.At(now_ns); }

 private:
  void Arrive(const ChainPacket& packet);
  // The event at next_ns_.
  void Step(std::vector<ChainPacket>* out);
  void Decide();

  int64_t ring_;
  size_t batch_;
  StationDraws draws_;
  ChainMonitor* monitor_;
  StationCounters counters_;

  // Waiting packets: slots_[head_ & mask_], ...; the vector grows by doubling.
  std::vector<ChainPacket> slots_;
  size_t head_ = 0;
  size_t mask_;
  std::vector<ChainPacket> in_service_;
  bool asleep_ = true;
  int64_t next_ns_ = kNever;  // decision, or completion if in service
};

// A link in front of the chain: a queue of `limit` packets, a transmitter of
// `rate`, and propagation. Sizes grow by `overhead` bytes on the wire.
struct LinkHop {
  Bandwidth rate;
  SimTime delay;
  int64_t limit = 1000;
  int64_t overhead = 0;
};

class LinkRecursion {
 public:
  LinkRecursion(const LinkHop& hop, ChainMonitor* monitor);
  // As StationRecursion::Advance.
  void Advance(const std::vector<ChainPacket>& in, int64_t until_ns,
               std::vector<ChainPacket>* out);

 private:
  LinkHop hop_;
  ChainMonitor* monitor_;
  int64_t free_ns_ = 0;            // the transmitter is busy up to here
  std::deque<int64_t> starts_ns_;  // transmissions that have not begun
  std::deque<ChainPacket> in_flight_;
};

// The whole chain: source, links, functions, sink. Moves in chunks of packets,
// each through all stations.
class ChainRecursion {
 public:
  // All pointers outlive this. `tape`: of the same chain but for its service
  // times, seed and replication; its course is `course`.
  ChainRecursion(const ChainConfig& chain, const std::vector<LinkHop>& links,
                 ChainCourse* course, const RngTree& tree,
                 Replication replication, ChainMonitor* monitor,
                 ChainTape* tape = nullptr);

  void AdvanceTo(int64_t now_ns);
  std::vector<StationTotals> Totals();
  // Packets handled by links and functions so far.
  int64_t steps() const { return steps_; }

 private:
  // Instant of the source's next packet, kNever behind the last; takes it.
  int64_t NextNs();
  void Take();

  std::optional<PacketSource> source_;  // without a tape
  ChainTape* tape_;
  size_t tape_at_ = 0;
  ChainMonitor* monitor_;
  std::vector<LinkRecursion> links_;
  std::vector<StationRecursion> stations_;
  std::vector<ChainPacket> in_;
  std::vector<ChainPacket> out_;
  int64_t now_ns_ = 0;
  int64_t steps_ = 0;
};

}  // namespace airlock
