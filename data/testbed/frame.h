#pragma once

#include <cstddef>
#include <cstdint>

namespace airlock::testbed {

// Addresses of the chain; the orchestrator configures the same ones.
inline constexpr uint32_t kGeneratorAddress = 0x0a4d0002;  // 10.77.0.2
inline constexpr uint32_t kSinkAddress = 0x0a4d0102;       // 10.77.1.2
inline constexpr uint16_t kSinkPort = 9000;
inline constexpr uint8_t kGeneratorMac[6] = {0x02, 0x41, 0x4c, 0, 0, 0x01};
inline constexpr uint8_t kFirewallMac[6] = {0x02, 0x41, 0x4c, 0, 0, 0x04};

inline constexpr size_t kEthernetBytes = 14;
inline constexpr size_t kIpBytes = 20;
inline constexpr size_t kUdpBytes = 8;
inline constexpr size_t kHeaderBytes = kEthernetBytes + kIpBytes + kUdpBytes;

// First bytes of every UDP payload, host byte order (both ends are one host).
struct ProbeHeader {
  uint32_t magic;
  uint32_t frame_bytes;  // Ethernet header to end of payload, no FCS
  uint64_t sequence;     // 0, 1, 2, ... over the whole recording
  int64_t sent_ns;       // CLOCK_MONOTONIC just before the send call
};
inline constexpr uint32_t kProbeMagic = 0x41524c4b;
inline constexpr size_t kMinFrameBytes = kHeaderBytes + sizeof(ProbeHeader);
inline constexpr size_t kMaxFrameBytes = 1514;

}  // namespace airlock::testbed
