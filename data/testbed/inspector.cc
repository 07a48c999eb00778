#include "data/testbed/inspector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "data/testbed/flow_table.h"
#include "data/testbed/frame.h"
#include "data/testbed/process.h"
#include "data/testbed/shared_state.h"
#include "data/testbed/signatures.h"

namespace airlock::testbed {

namespace {

constexpr int kFrameSlotBytes = 2048;
constexpr int kSlotsPerBlock = 32;
constexpr int kBatchLimit = 64;
constexpr int kPollMilliseconds = 20;
constexpr int64_t kStatisticsEveryNs = 5000000;

sockaddr_ll AddressOf(const std::string& interface, uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (address.sll_ifindex == 0) throw SystemError("interface " + interface);
  return address;
}

FileDescriptor OpenPacketSocket(const std::string& interface,
                                uint16_t protocol) {
  FileDescriptor fd(
      socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(protocol)));
  if (!fd.valid()) throw SystemError("opening a packet socket");
  const sockaddr_ll address = AddressOf(interface, protocol);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    throw SystemError("binding to " + interface);
  }
  return fd;
}

// The receive ring of a packet socket (TPACKET_V2: one slot a frame). Owns the
// socket and the mapping.
class ReceiveRing {
 public:
  ReceiveRing(const std::string& interface, int frames)
      : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)),
        frames_(frames) {
    if (!socket_.valid()) throw SystemError("opening a packet socket");
    const int version = TPACKET_V2;
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_VERSION, &version,
                   sizeof(version)) != 0) {
      throw SystemError("asking for TPACKET_V2");
    }
    tpacket_req request{};
    request.tp_frame_size = kFrameSlotBytes;
    request.tp_frame_nr = static_cast<unsigned>(frames);
    request.tp_block_size = kFrameSlotBytes * kSlotsPerBlock;
    request.tp_block_nr = static_cast<unsigned>(frames / kSlotsPerBlock);
    if (setsockopt(socket_.get(), SOL_PACKET, PACKET_RX_RING, &request,
                   sizeof(request)) != 0) {
      throw SystemError("setting up the receive ring");
    }
    const size_t bytes = size_t(frames) * kFrameSlotBytes;
    void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                      socket_.get(), 0);
    if (base == MAP_FAILED) throw SystemError("mapping the receive ring");
    base_ = static_cast<uint8_t*>(base);
    const sockaddr_ll address = AddressOf(interface, ETH_P_IP);
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) != 0) {
      throw SystemError("binding to " + interface);
    }
  }
  ~ReceiveRing() { munmap(base_, size_t(frames_) * kFrameSlotBytes); }
  ReceiveRing(const ReceiveRing&) = delete;
  ReceiveRing& operator=(const ReceiveRing&) = delete;

  // The oldest frame, or null when the ring is empty.
  tpacket2_hdr* Front() const {
    auto* slot = reinterpret_cast<tpacket2_hdr*>(base_ + size_t(next_) *
                                                             kFrameSlotBytes);
    const uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);
    return (status & TP_STATUS_USER) != 0 ? slot : nullptr;
  }

  // Gives the slot of the oldest frame back to the kernel.
  void Pop() {
    auto* slot = reinterpret_cast<tpacket2_hdr*>(base_ + size_t(next_) *
                                                             kFrameSlotBytes);
    __atomic_store_n(&slot->tp_status, uint32_t{TP_STATUS_KERNEL},
                     __ATOMIC_RELEASE);
    next_ = (next_ + 1) % frames_;
  }

  // Waits for a frame; false on a timeout or a signal.
  bool Wait() const {
    pollfd wanted{socket_.get(), POLLIN, 0};
    return poll(&wanted, 1, kPollMilliseconds) > 0;
  }

  // Packets and drops since the last call.
  tpacket_stats TakeStatistics() const {
    tpacket_stats stats{};
    socklen_t size = sizeof(stats);
    getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats;
  }

 private:
  FileDescriptor socket_;
  uint8_t* base_ = nullptr;
  const int frames_;
  int next_ = 0;
};

struct DetectionModuleDeleter {
  void operator()(ndpi_detection_module_struct* module) const {
    ndpi_exit_detection_module(module);
  }
};
using DetectionModule =
    std::unique_ptr<ndpi_detection_module_struct, DetectionModuleDeleter>;

DetectionModule MakeDetectionModule() {
  DetectionModule module(ndpi_init_detection_module(ndpi_no_prefs));
  if (!module) throw std::runtime_error("libndpi does not start");
  NDPI_PROTOCOL_BITMASK all;
  NDPI_BITMASK_SET_ALL(all);
  ndpi_set_protocol_detection_bitmask2(module.get(), &all);
  ndpi_finalize_initialization(module.get());
  return module;
}

class Inspector {
 public:
  Inspector(const InspectorOptions& options, SharedState* state)
      : options_(options),
        state_(state),
        active_groups_(options.signature_groups),
        ring_(options.input, options.ring_frames),
        output_(OpenPacketSocket(options.output, 0)),
        detection_(MakeDetectionModule()) {
    const int groups = std::max(options.signature_groups, options.grown_groups);
    const SignatureSet set =
        MakeSignatures(options.seed, groups, options.signatures_per_group);
    for (const auto& group : set.groups) automata_.emplace_back(group);
    PublishSignatures();
  }

  void Run() {
    InspectorCounters& counters = state_->inspector;
    while (!StopRequested()) {
      if (ring_.Front() == nullptr) {
        if (!ring_.Wait()) {
          Housekeeping(MonotonicNs());
          continue;
        }
        counters.wakeups.Add(1);
      }
      const int64_t begin = MonotonicNs();
      const int served = ServeBatch();
      const int64_t end = MonotonicNs();
      if (served > 0) {
        counters.busy_ns.Add(static_cast<uint64_t>(end - begin));
        counters.batches.Add(1);
        if (served == kBatchLimit) counters.full_batches.Add(1);
      }
      Housekeeping(end);
    }
  }

 private:
  int ServeBatch() {
    int served = 0;
    for (; served < kBatchLimit; ++served) {
      tpacket2_hdr* slot = ring_.Front();
      if (slot == nullptr) break;
      const auto* frame = reinterpret_cast<uint8_t*>(slot) + slot->tp_mac;
      Serve(frame, slot->tp_snaplen);
      ring_.Pop();
    }
    return served;
  }

  void Serve(const uint8_t* frame, size_t bytes) {
    InspectorCounters& counters = state_->inspector;
    counters.packets.Add(1);
    counters.bytes.Add(bytes);
    if (bytes > kHeaderBytes) Inspect(frame, bytes);
    if (send(output_.get(), frame, bytes, 0) < 0) counters.send_errors.Add(1);
  }

  void Inspect(const uint8_t* frame, size_t bytes) {
    InspectorCounters& counters = state_->inspector;
    const uint8_t* ip = frame + kEthernetBytes;
    const size_t ip_bytes = bytes - kEthernetBytes;
    FlowKey key;
    memcpy(&key.source, ip + 12, 4);
    memcpy(&key.destination, ip + 16, 4);
    memcpy(&key.source_port, ip + kIpBytes, 2);
    memcpy(&key.destination_port, ip + kIpBytes + 2, 2);
    bool inserted = false;
    bool evicted = false;
    Flow* flow = flows_.Find(key, counters.packets.Get(), &inserted, &evicted);
    if (inserted) counters.flows.Add(1);
    if (evicted) counters.evictions.Add(1);
    if (options_.detect_protocols && !flow->detected) {
      Detect(flow, ip, ip_bytes);
    }
    ++flow->packets;

    const uint8_t* payload = frame + kHeaderBytes;
    const size_t payload_bytes = bytes - kHeaderBytes;
    uint64_t matches = 0;
    for (int i = 0; i < active_groups_; ++i) {
      flow->automaton[i] = automata_[i].Scan(payload, payload_bytes,
                                             flow->automaton[i], &matches);
    }
    counters.matches.Add(matches);
    counters.payload_bytes.Add(payload_bytes);
  }

  void Detect(Flow* flow, const uint8_t* ip, size_t bytes) {
    InspectorCounters& counters = state_->inspector;
    const int64_t begin = MonotonicNs();
    const ndpi_protocol protocol =
        ndpi_detection_process_packet(detection_.get(), flow->detection, ip,
                                      static_cast<unsigned short>(bytes),
                                      static_cast<uint64_t>(begin / 1000000));
    if (protocol.app_protocol != NDPI_PROTOCOL_UNKNOWN) {
      flow->detected = true;
    } else if (static_cast<int>(flow->packets) + 1 >=
               options_.detection_packets) {
      uint8_t guessed = 0;
      ndpi_detection_giveup(detection_.get(), flow->detection, 1, &guessed);
      flow->detected = true;
    }
    counters.dpi_packets.Add(1);
    counters.dpi_ns.Add(static_cast<uint64_t>(MonotonicNs() - begin));
  }

  // Work outside of packets: ring statistics and the growth of the set.
  void Housekeeping(int64_t now) {
    if (now - statistics_at_ >= kStatisticsEveryNs) {
      statistics_at_ = now;
      const tpacket_stats stats = ring_.TakeStatistics();
      state_->inspector.ring_packets.Add(stats.tp_packets);
      state_->inspector.ring_drops.Add(stats.tp_drops);
    }
    const int64_t start = state_->start_ns.load(std::memory_order_acquire);
    if (options_.grown_groups > active_groups_ && start > 0 &&
        now >= start + static_cast<int64_t>(options_.grow_at_seconds * 1e9)) {
      active_groups_ = options_.grown_groups;
      PublishSignatures();
    }
  }

  void PublishSignatures() {
    state_->inspector.signatures.Set(
        static_cast<uint64_t>(active_groups_) *
        static_cast<uint64_t>(options_.signatures_per_group));
  }

  const InspectorOptions options_;
  SharedState* const state_;
  int active_groups_;
  ReceiveRing ring_;
  FileDescriptor output_;
  DetectionModule detection_;
  FlowTable flows_;
  std::vector<PatternAutomaton> automata_;
  int64_t statistics_at_ = 0;
};

}  // namespace

void RunInspector(const InspectorOptions& options, SharedState* state) {
  if (options.ring_frames <= 0 || options.ring_frames % kSlotsPerBlock != 0) {
    throw UsageError("the ring needs a multiple of 32 slots");
  }
  if (options.signature_groups < 1 ||
      std::max(options.signature_groups, options.grown_groups) >
          kMaxSignatureGroups) {
    throw UsageError("signature groups outside 1..32");
  }
  state->inspector.pid.Set(static_cast<uint64_t>(getpid()));
  Inspector inspector(options, state);
  std::puts("ready");
  std::fflush(stdout);
  inspector.Run();
}

}  // namespace airlock::testbed
