#include "sim/collector/tcp_segment.h"

#include <gtest/gtest.h>

#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Bytes kEthernet = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
const Bytes kVlan = {2, 0,    0,    0, 0, 1,    2, 0, 0, 0,    0,
                     2, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x08, 0x00};
const Bytes kPpp = {0x00, 0x21};
const Bytes kCooked = {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, 0x08, 0x00};

// 20 bytes of IPv4 from 10.0.0.1 to 10.0.0.9, `total` bytes in all.
Bytes Ipv4(uint16_t total, uint8_t protocol = 6, uint16_t fragment = 0x4000) {
  return {0x45,
          0,
          static_cast<uint8_t>(total >> 8),
          static_cast<uint8_t>(total),
          0,
          1,
          static_cast<uint8_t>(fragment >> 8),
          static_cast<uint8_t>(fragment),
          64,
          protocol,
          0,
          0,
          10,
          0,
          0,
          1,
          10,
          0,
          0,
          9};
}

// 44 bytes: port 40000 to 80, with window scale 7 and echo 0x01020304.
Bytes Tcp(uint8_t flags) {
  return {0x9c, 0x40, 0,     80,   0xff, 0xff, 0xff, 0xf0, 0, 0,  0,
          5,    0xb0, flags, 0x10, 0x00, 0,    0,    0,    0, 2,  4,
          5,    0xa8, 1,     3,    3,    7,    1,    1,    8, 10, 0,
          0,    0,    9,     1,    2,    3,    4,    4,    2, 0,  0};
}

FrameKind Parse(LinkType link, const Bytes& bytes, TcpSegment* segment) {
  return ParseFrame(link, bytes.data(), bytes.size(), segment);
}

void ExpectThePacket(const TcpSegment& segment, uint32_t payload) {
  EXPECT_EQ(segment.source, 0x0a000001u);
  EXPECT_EQ(segment.destination, 0x0a000009u);
  EXPECT_EQ(segment.source_port, 40000);
  EXPECT_EQ(segment.destination_port, 80);
  EXPECT_EQ(segment.sequence, 0xfffffff0u);
  EXPECT_EQ(segment.acknowledgement, 5u);
  EXPECT_EQ(segment.window, 0x1000);
  EXPECT_EQ(segment.flags, TcpSegment::kSyn);
  EXPECT_EQ(segment.window_shift, 7);
  EXPECT_TRUE(segment.has_timestamp);
  EXPECT_EQ(segment.echo, 0x01020304u);
  EXPECT_EQ(segment.payload, payload);
}

TEST(TcpSegment, IsReadBehindEachKindOfLink) {
  const Bytes packet = Ipv4(64) + Tcp(TcpSegment::kSyn);
  const std::vector<std::pair<LinkType, Bytes>> frames = {
      {LinkType::kEthernet, kEthernet + packet},
      {LinkType::kEthernet, kVlan + packet},
      {LinkType::kPpp, kPpp + packet},
      {LinkType::kLinuxCooked, kCooked + packet},
      {LinkType::kRawIp, packet}};
  for (const auto& [link, bytes] : frames) {
    TcpSegment segment;
    ASSERT_EQ(Parse(link, bytes, &segment), FrameKind::kTcp);
    ExpectThePacket(segment, 0);
  }
}

TEST(TcpSegment, PayloadIsWhatTheHeadersSayNotWhatWasCaptured) {
  TcpSegment segment;
  // 1448 bytes that the capture left out.
  ASSERT_EQ(Parse(LinkType::kPpp,
                  kPpp + Ipv4(64 + 1448) + Tcp(TcpSegment::kSyn), &segment),
            FrameKind::kTcp);
  ExpectThePacket(segment, 1448);
  // A padded frame of the smallest size.
  ASSERT_EQ(
      Parse(LinkType::kEthernet,
            kEthernet + Ipv4(64) + Tcp(TcpSegment::kSyn) + Bytes(6), &segment),
      FrameKind::kTcp);
  ExpectThePacket(segment, 0);
}

TEST(TcpSegment, OtherPacketsAreTold) {
  const Bytes tcp = Tcp(0);
  TcpSegment segment;
  const auto kind = [&](const Bytes& packet) {
    return Parse(LinkType::kRawIp, packet, &segment);
  };
  EXPECT_EQ(kind(Ipv4(64, 17) + tcp), FrameKind::kOther);
  EXPECT_EQ(kind(Ipv4(64, 6, 0x2000) + tcp), FrameKind::kFragment);
  EXPECT_EQ(kind(Ipv4(64, 6, 0x0005) + tcp), FrameKind::kFragment);
  EXPECT_EQ(kind(Ipv4(30) + tcp), FrameKind::kMalformed);  // no TCP header
  EXPECT_EQ(kind(Ipv4(50) + tcp), FrameKind::kMalformed);  // options beyond it
  EXPECT_EQ(kind(Bytes{0x60} + Bytes(60)), FrameKind::kOther);  // IPv6
  EXPECT_EQ(Parse(LinkType::kEthernet, {1, 2, 3}, &segment), FrameKind::kOther);
}

TEST(TcpSegment, CutsAreTold) {
  const Bytes whole = Ipv4(64) + Tcp(TcpSegment::kSyn);
  TcpSegment segment;
  for (size_t captured = 0; captured < whole.size(); ++captured) {
    // Of the very size, so that tools see what is read beyond it.
    const Bytes bytes(whole.begin(),
                      whole.begin() + static_cast<ptrdiff_t>(captured));
    EXPECT_EQ(Parse(LinkType::kRawIp, bytes, &segment), FrameKind::kCut)
        << captured;
  }
}

TEST(TcpSegment, NoBytesAreTooStrange) {
  RngStream stream(3);
  const Bytes whole = Ipv4(64) + Tcp(TcpSegment::kSyn);
  for (int trial = 0; trial < 50000; ++trial) {
    Bytes bytes = whole;
    for (int flips = 0; flips < 4; ++flips) {
      bytes[stream.UniformInt(bytes.size())] =
          static_cast<uint8_t>(stream.Next64());
    }
    bytes.resize(stream.UniformInt(bytes.size() + 1));
    TcpSegment segment;
    if (Parse(LinkType::kRawIp, bytes, &segment) == FrameKind::kTcp) {
      EXPECT_LE(segment.payload, 65535u);
      EXPECT_LE(segment.window_shift, 14);
    }
  }
}

}  // namespace
}  // namespace airlock
