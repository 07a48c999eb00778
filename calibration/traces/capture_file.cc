#include "calibration/traces/capture_file.h"

#include <pcap/pcap.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "calibration/traces/text_file.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

std::optional<LinkType> LinkOf(int type) {
  switch (type) {
    case DLT_EN10MB:
      return LinkType::kEthernet;
    case DLT_PPP:
      return LinkType::kPpp;
    case DLT_RAW:
    case DLT_IPV4:
      return LinkType::kRawIp;
    case DLT_LINUX_SLL:
      return LinkType::kLinuxCooked;
    default:
      return std::nullopt;
  }
}

std::string NameOf(int type) {
  const char* name = pcap_datalink_val_to_name(type);
  return name != nullptr ? name : std::to_string(type);
}

}  // namespace

void CaptureFile::Close::operator()(pcap* capture) const {
  pcap_close(capture);
}

CaptureFile::CaptureFile(const std::string& path) : path_(path) {
  // libpcap's own words would not name the file.
  if (access(path.c_str(), R_OK) != 0) {
    throw InputError(
        fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  char reason[PCAP_ERRBUF_SIZE] = "";
  capture_.reset(pcap_open_offline_with_tstamp_precision(
      path.c_str(), PCAP_TSTAMP_PRECISION_NANO, reason));
  if (capture_ == nullptr) {
    FailAt(path, 0, 0, std::string("not a capture: ") + reason);
  }
  const int type = pcap_datalink(capture_.get());
  const auto link = LinkOf(type);
  if (!link) {
    FailAt(path, 0, 0,
           "packets of link type " + NameOf(type) +
               "; known: EN10MB (Ethernet), PPP, RAW, LINUX_SLL");
  }
  link_ = *link;
}

CaptureFile::~CaptureFile() = default;

bool CaptureFile::Next(CapturedPacket* packet) {
  constexpr int64_t kNanoseconds = 1000000000;
  pcap_pkthdr* header = nullptr;
  const uint8_t* bytes = nullptr;
  const int result = pcap_next_ex(capture_.get(), &header, &bytes);
  if (result == PCAP_ERROR_BREAK) return false;
  if (result != 1) {
    FailAt(path_, 0, 0,
           fmt::format("packet {}: {}", packets_ + 1,
                       pcap_geterr(capture_.get())));
  }
  ++packets_;
  // With this precision tv_usec has nanoseconds.
  packet->time =
      SimTime(static_cast<int64_t>(header->ts.tv_sec) * kNanoseconds +
              static_cast<int64_t>(header->ts.tv_usec));
  packet->bytes = bytes;
  packet->captured = header->caplen;
  return true;
}

}  // namespace airlock
