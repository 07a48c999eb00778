#include "sim/collector/tcp_segment.h"

#include <optional>

namespace airlock {
namespace {

constexpr uint16_t kEtherTypeIpv4 = 0x0800;
constexpr uint16_t kEtherTypeVlan = 0x8100;
constexpr uint16_t kEtherTypeServiceVlan = 0x88a8;
constexpr uint16_t kPppIpv4 = 0x0021;
constexpr uint8_t kTcp = 6;
constexpr size_t kTcpHeader = 20;

uint16_t Read16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

uint32_t Read32(const uint8_t* at) {
  return static_cast<uint32_t>(Read16(at)) << 16 | Read16(at + 2);
}

// Where the IP header begins; nothing if the frame is no IPv4, or too short to
// say.
std::optional<size_t> EthernetPayload(const uint8_t* bytes, size_t captured) {
  size_t type = 12;
  while (type + 2 <= captured) {
    const uint16_t value = Read16(bytes + type);
    if (value == kEtherTypeIpv4) return type + 2;
    if (value != kEtherTypeVlan && value != kEtherTypeServiceVlan) break;
    type += 4;
  }
  return std::nullopt;
}

std::optional<size_t> TypedPayload(const uint8_t* bytes, size_t captured,
                                   size_t type, uint16_t ipv4) {
  if (type + 2 > captured || Read16(bytes + type) != ipv4) return std::nullopt;
  return type + 2;
}

std::optional<size_t> IpOffset(LinkType link, const uint8_t* bytes,
                               size_t captured) {
  switch (link) {
    case LinkType::kEthernet:
      return EthernetPayload(bytes, captured);
    case LinkType::kPpp:
      return TypedPayload(bytes, captured, 0, kPppIpv4);
    case LinkType::kLinuxCooked:
      return TypedPayload(bytes, captured, 14, kEtherTypeIpv4);
    case LinkType::kRawIp:
      return 0;
  }
  return std::nullopt;
}

// The options in [at, end): kind, length, value (RFC 9293, 3.1). What is
// malformed ends the list.
void ReadOptions(const uint8_t* at, const uint8_t* end, TcpSegment* segment) {
  constexpr uint8_t kEnd = 0;
  constexpr uint8_t kNothing = 1;
  constexpr uint8_t kWindowScale = 3;
  constexpr uint8_t kTimestamp = 8;
  constexpr uint8_t kLargestShift = 14;  // RFC 7323, 2.3
  while (at < end && *at != kEnd) {
    if (*at == kNothing) {
      ++at;
      continue;
    }
    if (end - at < 2 || at[1] < 2 || at[1] > end - at) return;
    if (at[0] == kWindowScale && at[1] == 3) {
      segment->window_shift = at[2] < kLargestShift ? at[2] : kLargestShift;
    } else if (at[0] == kTimestamp && at[1] == 10) {
      segment->has_timestamp = true;
      segment->echo = Read32(at + 6);
    }
    at += at[1];
  }
}

// `ip_bytes`: of the IP packet behind its header, by the header's lengths.
FrameKind ParseTcp(const uint8_t* bytes, size_t captured, size_t ip_bytes,
                   TcpSegment* segment) {
  if (ip_bytes < kTcpHeader) return FrameKind::kMalformed;
  if (captured < kTcpHeader) return FrameKind::kCut;
  const size_t header = static_cast<size_t>(bytes[12] >> 4) * 4;
  if (header < kTcpHeader || header > ip_bytes) return FrameKind::kMalformed;
  if (captured < header) return FrameKind::kCut;
  segment->source_port = Read16(bytes);
  segment->destination_port = Read16(bytes + 2);
  segment->sequence = Read32(bytes + 4);
  segment->acknowledgement = Read32(bytes + 8);
  segment->flags = bytes[13];
  segment->window = Read16(bytes + 14);
  segment->payload = static_cast<uint32_t>(ip_bytes - header);
  ReadOptions(bytes + kTcpHeader, bytes + header, segment);
  return FrameKind::kTcp;
}

}  // namespace

FrameKind ParseFrame(LinkType link, const uint8_t* bytes, size_t captured,
                     TcpSegment* segment) {
  constexpr size_t kIpHeader = 20;
  constexpr uint16_t kMoreFragmentsAndOffset = 0x3fff;
  *segment = TcpSegment();
  const std::optional<size_t> offset = IpOffset(link, bytes, captured);
  if (!offset) return FrameKind::kOther;
  const uint8_t* ip = bytes + *offset;
  const size_t left = captured - *offset;
  if (left == 0) return FrameKind::kCut;
  if (ip[0] >> 4 != 4) return FrameKind::kOther;
  if (left < kIpHeader) return FrameKind::kCut;
  const size_t header = static_cast<size_t>(ip[0] & 0x0f) * 4;
  const size_t total = Read16(ip + 2);
  if (header < kIpHeader || total < header) return FrameKind::kMalformed;
  if (ip[9] != kTcp) return FrameKind::kOther;
  if ((Read16(ip + 6) & kMoreFragmentsAndOffset) != 0) {
    return FrameKind::kFragment;
  }
  if (left < header) return FrameKind::kCut;
  segment->source = Read32(ip + 12);
  segment->destination = Read32(ip + 16);
  return ParseTcp(ip + header, left - header, total - header, segment);
}

}  // namespace airlock
