#include "sim/server/device.h"

#include <algorithm>
#include <cmath>

namespace airlock {
namespace {

// Preamble, start of frame, check sum and the gap behind, beyond the frame.
constexpr double kWireOverhead = 24;
constexpr double kDescriptorBytes = 16;
constexpr double kDescriptorsPerRead = 4;

}  // namespace

double PcieBytes(const MachineConfig& machine, int64_t frame_bytes) {
  const auto overhead = static_cast<double>(machine.pcie_overhead.value());
  const auto frame = static_cast<double>(frame_bytes);
  const double packets =
      std::ceil(frame / static_cast<double>(machine.pcie_payload.value()));
  const double descriptors =
      2 * kDescriptorBytes + overhead + overhead / kDescriptorsPerRead;
  return frame + packets * overhead + descriptors;
}

Device::Device(const MachineConfig& machine, int64_t ring)
    : machine_(&machine),
      ring_(static_cast<double>(ring)),
      latency_ns_(machine.nic_latency.value()) {}

double Device::PacketNs(int64_t frame_bytes) {
  if (frame_bytes != priced_) {
    const double wire = 8e9 *
                        (static_cast<double>(frame_bytes) + kWireOverhead) /
                        static_cast<double>(machine_->nic_rate.value());
    const double pcie = 8e9 * PcieBytes(*machine_, frame_bytes) /
                        static_cast<double>(machine_->pcie_bandwidth.value());
    price_ns_ = std::max({wire, pcie, 1e9 / machine_->nic_packet_rate});
    priced_ = frame_bytes;
  }
  return price_ns_;
}

int Device::Pass(PacketGroup* group) {
  int kept = 0;
  int64_t last_ns = 0;
  for (ServerPacket& packet : *group) {
    const auto passed =
        static_cast<double>(std::max<int64_t>(0, packet.at_ns - now_ns_));
    now_ns_ = std::max(now_ns_, packet.at_ns);
    // The queue drains evenly: as many packets are left as work is.
    const double left = std::max(0.0, work_ns_ - passed);
    queued_ = work_ns_ > 0 ? queued_ * left / work_ns_ : 0;
    work_ns_ = left;
    if (queued_ >= ring_) {
      ++lost_;
      continue;
    }
    work_ns_ += PacketNs(packet.bytes);
    queued_ += 1;
    packet.at_ns = std::max<int64_t>(
        last_ns, packet.at_ns + std::llround(work_ns_) + latency_ns_);
    last_ns = packet.at_ns;
    ++packets_;
    bytes_ += packet.bytes;
    group->begin()[kept++] = packet;
  }
  const int lost = group->size() - kept;
  group->Shorten(kept);
  passes_ += kept > 0 ? 1 : 0;
  return lost;
}

}  // namespace airlock
