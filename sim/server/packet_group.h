#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace airlock {

// A packet on its way through servers.
struct ServerPacket {
  int64_t at_ns = 0;    // where it goes next
  int64_t sent_ns = 0;  // by the source
  int32_t bytes = 0;    // Ethernet frame without checksum
  int32_t chain = 0;
  int32_t step = 0;  // of the chain that it goes to; -1: out of it
};

// Packets that move in one event, in the order of their instants. Only as many
// are copied as there are.
class PacketGroup {
 public:
  static constexpr int kMost = 32;

  PacketGroup() = default;
  PacketGroup(const PacketGroup& other) { *this = other; }
  PacketGroup& operator=(const PacketGroup& other) {
    size_ = other.size_;
    std::copy(other.begin(), other.end(), packets_.begin());
    return *this;
  }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kMost; }
  ServerPacket* begin() { return packets_.data(); }
  ServerPacket* end() { return packets_.data() + size_; }
  const ServerPacket* begin() const { return packets_.data(); }
  const ServerPacket* end() const { return packets_.data() + size_; }
  const ServerPacket& front() const { return packets_[0]; }
  void Add(const ServerPacket& packet) {
    packets_[static_cast<size_t>(size_++)] = packet;
  }
  void Clear() { size_ = 0; }
  void Shorten(int size) { size_ = size; }

 private:
  int size_ = 0;
  std::array<ServerPacket, kMost> packets_;
};

}  // namespace airlock
