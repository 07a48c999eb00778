#include "data/testbed/generator.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "data/testbed/frame.h"
#include "data/testbed/plan.h"
#include "data/testbed/process.h"
#include "data/testbed/random.h"
#include "data/testbed/shared_state.h"
#include "data/testbed/signatures.h"

namespace airlock::testbed {

namespace {

constexpr int kPayloads = 64;  // different payloads per size
constexpr uint16_t kFirstSourcePort = 10000;
constexpr uint32_t kSourcePorts = 50000;
constexpr int64_t kSleepAboveNs = 4000;  // nearer departures leave at once

void PutBig16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

void PutBig32(uint8_t* at, uint32_t value) {
  PutBig16(at, static_cast<uint16_t>(value >> 16));
  PutBig16(at + 2, static_cast<uint16_t>(value));
}

uint16_t InternetChecksum(const uint8_t* at, size_t bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes; i += 2) sum += (at[i] << 8) | at[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// A complete frame; source port, sequence and time are set per packet.
std::vector<uint8_t> MakeFrame(int frame_bytes, const std::string& payload) {
  std::vector<uint8_t> frame(frame_bytes, 0);
  uint8_t* ethernet = frame.data();
  memcpy(ethernet, kFirewallMac, 6);
  memcpy(ethernet + 6, kGeneratorMac, 6);
  PutBig16(ethernet + 12, ETH_P_IP);

  uint8_t* ip = ethernet + kEthernetBytes;
  ip[0] = 0x45;
  PutBig16(ip + 2, static_cast<uint16_t>(frame_bytes - kEthernetBytes));
  PutBig16(ip + 6, 0x4000);  // do not fragment
  ip[8] = 64;
  ip[9] = IPPROTO_UDP;
  PutBig32(ip + 12, kGeneratorAddress);
  PutBig32(ip + 16, kSinkAddress);
  PutBig16(ip + 10, InternetChecksum(ip, kIpBytes));

  uint8_t* udp = ip + kIpBytes;
  PutBig16(udp + 2, kSinkPort);
  PutBig16(udp + 4,
           static_cast<uint16_t>(frame_bytes - kEthernetBytes - kIpBytes));
  const size_t text_at = kHeaderBytes + sizeof(ProbeHeader);
  memcpy(ethernet + text_at, payload.data(), frame.size() - text_at);
  return frame;
}

class Generator {
 public:
  Generator(const GeneratorOptions& options, SharedState* state)
      : options_(options),
        plan_(ReadPlan(options.plan_path)),
        state_(state),
        arrivals_(options.seed, 2),
        packets_(options.seed, 3) {
    OpenSocket();
    BuildFrames();
    ports_.resize(options.flows);
    for (uint16_t& port : ports_) port = NewFlow();
  }

  void Run() {
    const int64_t step_ns = static_cast<int64_t>(plan_.step_seconds * 1e9);
    const int64_t steps = static_cast<int64_t>(plan_.steps.size());
    const int64_t end = options_.start_ns + steps * step_ns +
                        static_cast<int64_t>(options_.tail_seconds * 1e9);
    int64_t next = options_.start_ns -
                   static_cast<int64_t>(options_.lead_in_seconds * 1e9);
    while (next < end && !StopRequested()) {
      const int64_t index = std::clamp<int64_t>(
          (next - options_.start_ns) / step_ns, 0, steps - 1);
      const PlanStep& step = plan_.steps[index];
      if (step.packet_rate <= 0) {
        next = options_.start_ns + (index + 1) * step_ns;
        SleepUntilNs(next);
        continue;
      }
      SendAt(next, step);
      const double gap_ns = 1e9 / step.packet_rate;
      next += static_cast<int64_t>(options_.arrivals == Arrivals::kPoisson
                                       ? arrivals_.Exponential(gap_ns)
                                       : gap_ns);
    }
  }

 private:
  void OpenSocket() {
    // Protocol 0: this socket only sends, so no copies come back to it.
    socket_ = FileDescriptor(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    if (!socket_.valid()) throw SystemError("opening a packet socket");
    address_.sll_family = AF_PACKET;
    address_.sll_ifindex =
        static_cast<int>(if_nametoindex(options_.interface.c_str()));
    if (address_.sll_ifindex == 0) {
      throw SystemError("interface " + options_.interface);
    }
    if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address_),
             sizeof(address_)) != 0) {
      throw SystemError("binding to " + options_.interface);
    }
  }

  void BuildFrames() {
    const SignatureSet signatures =
        MakeSignatures(options_.seed, options_.signature_groups,
                       options_.signatures_per_group);
    RandomStream stream(options_.seed, 4);
    for (int i = 0; i < kPayloads; ++i) {
      const std::string payload =
          MakePayload(&stream, signatures, kMaxFrameBytes, i == 0);
      for (const int size : plan_.frame_sizes) {
        frames_.push_back(MakeFrame(size, payload));
      }
    }
  }

  uint16_t NewFlow() {
    state_->generator.flows.Add(1);
    return static_cast<uint16_t>(kFirstSourcePort +
                                 packets_.Below(kSourcePorts));
  }

  size_t DrawSize(const PlanStep& step) {
    double u = packets_.Uniform();
    for (size_t i = 0; i + 1 < step.size_shares.size(); ++i) {
      u -= step.size_shares[i];
      if (u <= 0) return i;
    }
    return step.size_shares.size() - 1;
  }

  void SendAt(int64_t due, const PlanStep& step) {
    GeneratorCounters& counters = state_->generator;
    const size_t size = DrawSize(step);
    uint16_t& port = ports_[packets_.Below(uint32_t(ports_.size()))];
    if (packets_.Uniform() * options_.flow_packets < 1) port = NewFlow();
    std::vector<uint8_t>& frame =
        frames_[packets_.Below(kPayloads) * plan_.frame_sizes.size() + size];

    int64_t now = MonotonicNs();
    if (due - now > kSleepAboveNs) {
      counters.sleeps.Add(1);
      SleepUntilNs(due);
      now = MonotonicNs();
    }
    PutBig16(frame.data() + kEthernetBytes + kIpBytes, port);
    const ProbeHeader probe{kProbeMagic, static_cast<uint32_t>(frame.size()),
                            sequence_, now};
    memcpy(frame.data() + kHeaderBytes, &probe, sizeof(probe));
    const ssize_t sent = send(socket_.get(), frame.data(), frame.size(), 0);
    const int64_t after = MonotonicNs();
    if (sent < 0) {
      counters.send_errors.Add(1);
      return;  // never entered the chain: not offered, number used again
    }
    ++sequence_;
    counters.packets.Add(1);
    counters.bytes.Add(frame.size());
    counters.send_ns.Add(static_cast<uint64_t>(after - now));
    counters.lateness_ns.Add(
        static_cast<uint64_t>(std::max<int64_t>(now - due, 0)));
    const int64_t interval = state_->IntervalOf(now);
    if (interval >= 0) {
      state_->offered[interval].packets.Add(1);
      state_->offered[interval].bytes.Add(frame.size());
    }
  }

  const GeneratorOptions options_;
  const Plan plan_;
  SharedState* const state_;
  RandomStream arrivals_;
  RandomStream packets_;
  FileDescriptor socket_;
  sockaddr_ll address_{};
  std::vector<std::vector<uint8_t>> frames_;  // payload-major, size-minor
  std::vector<uint16_t> ports_;
  uint64_t sequence_ = 0;
};

}  // namespace

void RunGenerator(const GeneratorOptions& options, SharedState* state) {
  state->generator.pid.Set(static_cast<uint64_t>(getpid()));
  Generator generator(options, state);
  std::puts("ready");
  std::fflush(stdout);
  generator.Run();
}

}  // namespace airlock::testbed
