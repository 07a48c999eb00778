#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "sim/server/packet_group.h"

namespace airlock {

// What happens next, by instant; at one instant packets move before cores
// decide, and otherwise first come, first served.
class EventQueue {
 public:
  enum class Kind : uint8_t { kSource, kReceive, kArrive, kSend, kDecide };
  struct Event {
    int64_t at_ns;
    uint64_t order;  // of kind, then of coming
    Kind kind;
    int32_t where;  // source, machine or core
    int32_t group;  // kept group, or -1
  };

  bool empty() const { return heap_.empty(); }
  int64_t next_ns() const { return heap_.top().at_ns; }
  int64_t count() const { return static_cast<int64_t>(taken_); }
  // Packets that the queue keeps.
  int64_t packets() const { return packets_; }

  void Push(int64_t at_ns, Kind kind, size_t where) {
    Insert(at_ns, kind, where, -1);
  }
  void Push(int64_t at_ns, Kind kind, size_t where, const PacketGroup& group) {
    if (free_.empty()) {
      free_.push_back(static_cast<int32_t>(groups_.size()));
      groups_.emplace_back();
    }
    const int32_t slot = free_.back();
    free_.pop_back();
    groups_[static_cast<size_t>(slot)] = group;
    packets_ += group.size();
    Insert(at_ns, kind, where, slot);
  }
  // `*group` is set where the event has one.
  Event Pop(PacketGroup* group) {
    const Event event = heap_.top();
    heap_.pop();
    ++taken_;
    if (event.group >= 0) {
      *group = groups_[static_cast<size_t>(event.group)];
      packets_ -= group->size();
      free_.push_back(event.group);
    }
    return event;
  }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.order > b.order;
    }
  };
  void Insert(int64_t at_ns, Kind kind, size_t where, int32_t group) {
    const uint64_t rank = kind == Kind::kDecide ? uint64_t{1} << 63 : 0;
    heap_.push(
        {at_ns, rank + pushed_++, kind, static_cast<int32_t>(where), group});
  }

  std::priority_queue<Event, std::vector<Event>, Later> heap_;
  std::vector<PacketGroup> groups_;
  std::vector<int32_t> free_;
  uint64_t pushed_ = 0;
  uint64_t taken_ = 0;
  int64_t packets_ = 0;
};

}  // namespace airlock
