#include "sim/surrogate/chain_recursion.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"

namespace airlock {

namespace {

constexpr size_t kChunk = 2048;  // packets; a chunk stays in the cache

}  // namespace

StationRecursion::StationRecursion(const ChainFunction& function,
                                   const std::vector<ContentionStep>* course,
                                   const RngTree& tree, Replication replication,
                                   ChainMonitor* monitor, GammaTape* tape)
    : ring_(function.ring),
      batch_(static_cast<size_t>(function.batch)),
      draws_(function, course, tree, replication, tape),
      monitor_(monitor),
      slots_(64),
      mask_(63) {
  AIRLOCK_CHECK(ring_ >= 1 && batch_ >= 1);
}

void StationRecursion::Arrive(const ChainPacket& packet) {
  const int64_t waiting = counters_.waiting();
  if (waiting >= ring_) {
    counters_.Drop();
    monitor_->Lose();
    return;
  }
  if (static_cast<size_t>(waiting) > mask_) {
    std::vector<ChainPacket> larger(2 * slots_.size());
    for (size_t i = 0; i < slots_.size(); ++i) {
      larger[i] = slots_[(head_ + i) & mask_];
    }
    slots_ = std::move(larger);
    mask_ = slots_.size() - 1;
    head_ = 0;
  }
  slots_[(head_ + static_cast<size_t>(waiting)) & mask_] = packet;
  counters_.Join(packet.arrival_ns);
  if (asleep_) {
    asleep_ = false;
    next_ns_ = packet.arrival_ns + draws_.WakeupNs();
  }
}

void StationRecursion::Decide() {
  const int64_t now = next_ns_;
  next_ns_ = draws_.AfterStall(now);
  if (next_ns_ > now) return;
  const size_t count =
      std::min(batch_, static_cast<size_t>(counters_.waiting()));
  if (count == 0) {
    asleep_ = true;
    next_ns_ = kNever;
    return;
  }
  double work = 0;
  for (size_t i = 0; i < count; ++i) {
    const ChainPacket& packet = slots_[head_++ & mask_];
    work += draws_.ServiceNs(now, packet.bytes);
    in_service_.push_back(packet);
  }
  counters_.Take(now, static_cast<int64_t>(count));
  next_ns_ = draws_.Finish(now, work);
}

void StationRecursion::Step(std::vector<ChainPacket>* out) {
  if (in_service_.empty()) {
    Decide();
    return;
  }
  // The decision that follows is a step of its own at the same instant, after
  // the arrivals of that instant.
  counters_.Complete(next_ns_, static_cast<int64_t>(in_service_.size()));
  for (ChainPacket& packet : in_service_) {
    packet.arrival_ns = next_ns_;
    out->push_back(packet);
  }
  in_service_.clear();
}

void StationRecursion::Advance(const std::vector<ChainPacket>& in,
                               int64_t until_ns,
                               std::vector<ChainPacket>* out) {
  for (const ChainPacket& packet : in) {
    while (next_ns_ < packet.arrival_ns) Step(out);
    Arrive(packet);
  }
  while (next_ns_ <= until_ns) Step(out);
}

LinkRecursion::LinkRecursion(const LinkHop& hop, ChainMonitor* monitor)
    : hop_(hop), monitor_(monitor) {}

void LinkRecursion::Advance(const std::vector<ChainPacket>& in,
                            int64_t until_ns, std::vector<ChainPacket>* out) {
  for (const ChainPacket& packet : in) {
    const int64_t now = packet.arrival_ns;
    while (!starts_ns_.empty() && starts_ns_.front() <= now) {
      starts_ns_.pop_front();
    }
    if (static_cast<int64_t>(starts_ns_.size()) >= hop_.limit) {
      monitor_->Lose();
      continue;
    }
    const int64_t start = std::max(now, free_ns_);
    if (start > now) starts_ns_.push_back(start);
    free_ns_ = start + TransmissionTime(DataSize(packet.bytes + hop_.overhead),
                                        hop_.rate)
                           .value();
    in_flight_.push_back(packet);
    in_flight_.back().arrival_ns = free_ns_ + hop_.delay.value();
  }
  while (!in_flight_.empty() && in_flight_.front().arrival_ns <= until_ns) {
    out->push_back(in_flight_.front());
    in_flight_.pop_front();
  }
}

ChainRecursion::ChainRecursion(const ChainConfig& chain,
                               const std::vector<LinkHop>& links,
                               ChainCourse* course, const RngTree& tree,
                               Replication replication, ChainMonitor* monitor,
                               ChainTape* tape)
    : tape_(tape), monitor_(monitor) {
  if (tape == nullptr) {
    source_.emplace(chain.workload, course, tree, replication);
  }
  for (const LinkHop& link : links) links_.emplace_back(link, monitor);
  for (const ChainFunction& function : chain.functions) {
    stations_.emplace_back(
        function, &course->contention(), tree, replication, monitor,
        tape == nullptr ? nullptr : tape->service(stations_.size()));
  }
}

int64_t ChainRecursion::NextNs() {
  if (source_) return source_->next_ns();
  const ChainPacket* packet = tape_->Packet(tape_at_);
  return packet == nullptr ? kNever : packet->sent_ns;
}

void ChainRecursion::Take() {
  in_.push_back(source_ ? source_->Take() : *tape_->Packet(tape_at_++));
  monitor_->Offer(in_.back().bytes);
}

void ChainRecursion::AdvanceTo(int64_t now_ns) {
  AIRLOCK_CHECK(now_ns >= now_ns_);
  while (true) {
    in_.clear();
    while (in_.size() < kChunk && NextNs() <= now_ns) Take();
    // All arrivals of an instant belong to one chunk.
    while (!in_.empty() && NextNs() == in_.back().sent_ns) Take();
    const bool last = NextNs() > now_ns;
    const int64_t until = last ? now_ns : in_.back().sent_ns;
    for (LinkRecursion& link : links_) {
      out_.clear();
      link.Advance(in_, until, &out_);
      steps_ += static_cast<int64_t>(in_.size());
      std::swap(in_, out_);
    }
    for (StationRecursion& station : stations_) {
      out_.clear();
      station.Advance(in_, until, &out_);
      steps_ += static_cast<int64_t>(in_.size());
      std::swap(in_, out_);
    }
    for (const ChainPacket& packet : in_) {
      monitor_->Deliver(packet.bytes, packet.arrival_ns - packet.sent_ns);
    }
    now_ns_ = until;
    if (last) return;
  }
}

std::vector<StationTotals> ChainRecursion::Totals() {
  std::vector<StationTotals> totals;
  for (StationRecursion& station : stations_) {
    totals.push_back(station.TotalsAt(now_ns_));
  }
  return totals;
}

}  // namespace airlock
