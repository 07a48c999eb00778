#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/server/packet_group.h"

namespace airlock {

// Packets that wait, in the order of their instants; grows as needed.
class PacketRing {
 public:
  bool empty() const { return size_ == 0; }
  int64_t size() const { return size_; }
  const ServerPacket& front() const { return slots_[head_ & mask_]; }
  const ServerPacket& At(int64_t i) const {
    return slots_[(head_ + static_cast<size_t>(i)) & mask_];
  }
  void PopFront() {
    ++head_;
    --size_;
  }
  // Behind all that come no later.
  void Insert(const ServerPacket& packet) {
    if (static_cast<size_t>(size_) == slots_.size()) Grow();
    size_t at = head_ + static_cast<size_t>(size_++);
    for (; at > head_ && slots_[(at - 1) & mask_].at_ns > packet.at_ns; --at) {
      slots_[at & mask_] = slots_[(at - 1) & mask_];
    }
    slots_[at & mask_] = packet;
  }

 private:
  void Grow() {
    std::vector<ServerPacket> larger(2 * slots_.size());
    for (size_t i = 0; i < slots_.size(); ++i) {
      larger[i] = slots_[(head_ + i) & mask_];
    }
    slots_ = std::move(larger);
    mask_ = slots_.size() - 1;
    head_ = 0;
  }

  std::vector<ServerPacket> slots_ = std::vector<ServerPacket>(64);
  size_t mask_ = 63;
  size_t head_ = 0;
  int64_t size_ = 0;
};

}  // namespace airlock
