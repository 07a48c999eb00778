#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/base/units.h"
#include "sim/collector/tcp_segment.h"

struct pcap;

namespace airlock {

// A packet of a capture.
struct CapturedPacket {
  SimTime time;                    // since 1970
  const uint8_t* bytes = nullptr;  // until the next packet is read
  size_t captured = 0;             // how many there are
};

// A pcap or pcapng file, read packet by packet.
class CaptureFile {
 public:
  // Throws InputError if it cannot be read, is no capture, or of links that we
  // cannot read.
  explicit CaptureFile(const std::string& path);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  // False at the end. Throws InputError naming the packet where the file is cut
  // or broken.
  bool Next(CapturedPacket* packet);

  LinkType link() const { return link_; }
  int64_t packets() const { return packets_; }  // read so far

 private:
  struct Close {
    void operator()(pcap* capture) const;
  };

  std::string path_;
  std::unique_ptr<pcap, Close> capture_;
  LinkType link_ = LinkType::kEthernet;
  int64_t packets_ = 0;
};

}  // namespace airlock
