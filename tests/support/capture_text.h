#pragma once

#include <cstdint>
#include <string>

namespace airlock {

// Bytes of captures, written by hand.
inline std::string Big16(uint32_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
inline std::string Big32(uint32_t value) {
  return Big16(value >> 16) + Big16(value & 0xffff);
}

// The beginning of a pcap file with big-endian numbers and microseconds.
inline std::string CaptureHeader(uint32_t link_type) {
  return Big32(0xa1b2c3d4) + Big16(2) + Big16(4) + Big32(0) + Big32(0) +
         Big32(65535) + Big32(link_type);
}

// A packet of `whole` bytes of which `bytes` were captured.
inline std::string CaptureRecord(int64_t microseconds, const std::string& bytes,
                                 size_t whole) {
  return Big32(static_cast<uint32_t>(microseconds / 1000000)) +
         Big32(static_cast<uint32_t>(microseconds % 1000000)) +
         Big32(static_cast<uint32_t>(bytes.size())) +
         Big32(static_cast<uint32_t>(whole)) + bytes;
}

// An IP packet without options from 10.9.9.9:`port` to `to`:80.
inline std::string TcpPacket(uint32_t to, uint16_t port, uint8_t flags,
                             uint32_t sequence, uint32_t acknowledgement,
                             const std::string& payload = "") {
  const std::string tcp = Big16(port) + Big16(80) + Big32(sequence) +
                          Big32(acknowledgement) + Big16(0x5000u | flags) +
                          Big16(1000) + Big32(0) + payload;
  return Big16(0x4500) + Big16(static_cast<uint32_t>(20 + tcp.size())) +
         Big16(1) + Big16(0x4000) + Big16(0x4006) + Big16(0) +
         Big32(0x0a090909) + Big32(to) + tcp;
}

}  // namespace airlock
