#pragma once

#include <cstddef>
#include <cstdint>

namespace airlock {

// What a passive observer reads of a packet of TCP over IPv4.
struct TcpSegment {
  static constexpr uint8_t kFin = 0x01;
  static constexpr uint8_t kSyn = 0x02;
  static constexpr uint8_t kReset = 0x04;
  static constexpr uint8_t kPush = 0x08;
  static constexpr uint8_t kAck = 0x10;

  uint32_t source = 0;  // addresses in host order
  uint32_t destination = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint16_t window = 0;  // as it stands in the header, not scaled
  uint8_t flags = 0;
  uint8_t window_shift = 0;  // of a SYN's option; 0 without
  uint32_t payload = 0;      // bytes, by the IP header's length
  bool has_timestamp = false;
  uint32_t echo = 0;  // TSecr of the timestamp option (RFC 7323)

  bool Has(uint8_t flag) const { return (flags & flag) != 0; }
};

// What stands before the IP header of a frame; by libpcap's link types.
enum class LinkType { kEthernet, kPpp, kRawIp, kLinuxCooked };

// What became of a frame.
enum class FrameKind {
  kTcp,        // *segment is filled
  kOther,      // not IPv4, or not TCP
  kFragment,   // not an IP packet's only fragment
  kCut,        // captured less than the TCP header with its options
  kMalformed,  // lengths that contradict each other
};

// Reads `captured` bytes of a frame. Nothing beyond them is touched, whatever
// they say.
FrameKind ParseFrame(LinkType link, const uint8_t* bytes, size_t captured,
                     TcpSegment* segment);

}  // namespace airlock
