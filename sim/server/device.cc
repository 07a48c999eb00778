#include "sim/server/device.h"

#include <algorithm>
#include <cmath>

namespace airlock {
namespace {

// Preamble, start of frame, check sum and the gap behind, beyond the frame.
constexpr double kWireOverhead = 24;
constexpr double kDescriptorBytes = 16;
constexpr double kDescriptorsPerRead = 4;

double PacketNs(const MachineConfig& machine, double frame_bytes) {
  const double wire = 8e9 * (frame_bytes + kWireOverhead) /
                      static_cast<double>(machine.nic_rate.value());
  const double pcie = 8e9 * PcieBytes(machine, frame_bytes) /
                      static_cast<double>(machine.pcie_bandwidth.value());
  return std::max({wire, pcie, 1e9 / machine.nic_packet_rate});
}

}  // namespace

double PcieBytes(const MachineConfig& machine, double frame_bytes) {
  const auto overhead = static_cast<double>(machine.pcie_overhead.value());
  const double packets = std::ceil(
      frame_bytes / static_cast<double>(machine.pcie_payload.value()));
  const double descriptors =
      2 * kDescriptorBytes + overhead + overhead / kDescriptorsPerRead;
  return frame_bytes + packets * overhead + descriptors;
}

Device::Device(const MachineConfig& machine, int64_t ring)
    : machine_(&machine), ring_(static_cast<double>(ring)) {}

bool Device::Pass(PacketGroup* group) {
  const double frame =
      static_cast<double>(group->bytes) / static_cast<double>(group->packets);
  const double each = PacketNs(*machine_, frame);
  const auto passed = static_cast<double>(group->first_ns - now_ns_);
  AIRLOCK_CHECK(passed >= 0);
  now_ns_ = group->first_ns;
  work_ns_ = std::max(0.0, work_ns_ - passed);
  // The queue drains while the group comes in.
  const auto span = static_cast<double>(group->last_ns - group->first_ns);
  const double room = ring_ - work_ns_ / each + span / each;
  const auto fits = static_cast<int64_t>(std::ceil(std::max(0.0, room)));
  if (fits < group->packets) {
    lost_ += group->packets - fits;
    if (fits == 0) return false;
    *group = group->TakeFirst(fits);
  }
  const auto count = static_cast<double>(group->packets);
  const double latency = static_cast<double>(machine_->nic_latency.value());
  const double start = static_cast<double>(now_ns_) + work_ns_ + latency;
  work_ns_ += each * count;
  const auto last = static_cast<double>(group->last_ns) + latency + each;
  group->first_ns = std::llround(start + each);
  group->last_ns = std::max<int64_t>(
      group->first_ns, std::llround(std::max(last, start + each * count)));
  ++passes_;
  packets_ += group->packets;
  bytes_ += group->bytes;
  pcie_bytes_ += PcieBytes(*machine_, frame) * count;
  return true;
}

}  // namespace airlock
