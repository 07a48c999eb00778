// airlock-collector: watches the packets that a load balancer sends on to its
// servers and shares what a node's source `frames` reads. Changes nothing and
// asks nobody. Needs CAP_NET_RAW; Linux only.
//
//   airlock-collector --server NAME=ADDRESS... --frames PATH
//       [--interface NAME] [--period TIME] [--slots N] [--decay X] [--seed N]

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/rng.h"
#include "sim/collector/collector.h"
#include "sim/collector/shared_frames.h"

namespace airlock {
namespace {

struct Arguments {
  std::map<uint32_t, size_t> servers;  // by address in host order
  CollectorConfig collector;
  std::string frames;
  std::string interface;  // empty: all
  SimTime period = Milliseconds(250);
  uint64_t seed = 1;
};

[[noreturn]] void FailUsage(const std::string& what) {
  throw Error(fmt::format("{}; usage: airlock-collector --server "
                          "NAME=ADDRESS... --frames PATH [--interface NAME] "
                          "[--period TIME] [--slots N] [--decay X] [--seed N]",
                          what),
              ExitCode::kUsage);
}

void AddServer(const std::string& text, Arguments* arguments) {
  const size_t equals = text.find('=');
  in_addr address{};
  if (equals == 0 || equals == std::string::npos ||
      inet_pton(AF_INET, text.c_str() + equals + 1, &address) != 1) {
    FailUsage(fmt::format("'{}' is not NAME=ADDRESS of IPv4", text));
  }
  std::vector<std::string>& names = arguments->collector.servers;
  const std::string name = text.substr(0, equals);
  const bool again = std::count(names.begin(), names.end(), name) > 0;
  if (again ||
      !arguments->servers.emplace(ntohl(address.s_addr), names.size()).second) {
    FailUsage(fmt::format("server '{}' comes twice", text));
  }
  names.push_back(name);
}

double NumberOf(const std::string& key, const std::string& text, double low,
                double high) {
  size_t end = 0;
  double value = 0;
  try {
    value = std::stod(text, &end);
  } catch (const std::exception&) {
  }
  if (end != text.size() || !(value >= low && value <= high)) {
    FailUsage(fmt::format("{} '{}' is not a number from {:g} to {:g}", key,
                          text, low, high));
  }
  return value;
}

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string key = argv[i];
    if (i + 1 == argc) FailUsage(fmt::format("'{}' has no value", key));
    const std::string value = argv[i + 1];
    if (key == "--server") {
      AddServer(value, &arguments);
    } else if (key == "--frames") {
      arguments.frames = value;
    } else if (key == "--interface") {
      arguments.interface = value;
    } else if (key == "--period") {
      if (!Parse(value, &arguments.period) ||
          arguments.period < Milliseconds(1)) {
        FailUsage(
            fmt::format("--period '{}' is not a time of 1ms or more", value));
      }
    } else if (key == "--slots") {
      arguments.collector.slots =
          static_cast<size_t>(NumberOf(key, value, 1, 65536));
    } else if (key == "--decay") {
      arguments.collector.decay = NumberOf(key, value, 1e-9, 1);
    } else if (key == "--seed") {
      arguments.seed = static_cast<uint64_t>(NumberOf(key, value, 0, 1e15));
    } else {
      FailUsage(fmt::format("'{}' is not expected", key));
    }
  }
  if (arguments.servers.empty()) FailUsage("no --server is given");
  if (arguments.frames.empty()) FailUsage("--frames is missing");
  return arguments;
}

SimTime Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return SimTime(now.tv_sec * 1'000'000'000 + now.tv_nsec);
}

// What all waits and ages are by: nobody sets it.
SimTime Now() { return Read(CLOCK_MONOTONIC); }

// The host's clock, for stamps.
SimTime HostTime() { return Read(CLOCK_REALTIME); }

// IP packets of an interface as they pass, the outgoing ones too, with the
// kernel's time, by Now().
class PacketSocket {
 public:
  explicit PacketSocket(const std::string& interface)
      : fd_(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   htons(ETH_P_ALL))) {
    if (fd_ < 0) Fail("cannot open a packet socket");
    const int yes = 1, room = 16 << 20;
    setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (interface.empty()) return;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (address.sll_ifindex == 0 ||
        bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Fail(fmt::format("cannot watch interface '{}'", interface));
    }
  }
  ~PacketSocket() { close(fd_); }
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;

  void Wait(SimTime most) const {
    pollfd ready{fd_, POLLIN, 0};
    const int64_t milliseconds = most.value() / 1'000'000 + 1;
    poll(&ready, 1,
         static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 100)));
  }

  // The next packet's first bytes, from the IP header on. False: none is there.
  bool Next(SimTime* time, const uint8_t** bytes, size_t* captured) {
    iovec part{packet_.data(), packet_.size()};
    alignas(cmsghdr) std::array<char, 256> control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd_, &message, 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      Fail("cannot read packets");
    }
    *time = Now();
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr;
         one = CMSG_NXTHDR(&message, one)) {
      if (one->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(one), sizeof stamp);
      // The kernel stamps by the host's clock; what it is ago is the same.
      const SimTime passed(stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec);
      *time = std::min(Now(), Now() - (HostTime() - passed));
    }
    *bytes = packet_.data();
    *captured = static_cast<size_t>(size);
    return true;
  }

  // That the kernel had no room for, since the last call.
  int64_t Lost() const {
    tpacket_stats counts{};
    socklen_t size = sizeof counts;
    getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &counts, &size);
    return counts.tp_drops;
  }

 private:
  [[noreturn]] static void Fail(const std::string& what) {
    throw Error(fmt::format("{}: {}", what, std::strerror(errno)));
  }

  const int fd_;
  std::array<uint8_t, 128> packet_;  // IP and TCP header with all options
};

// The collector of an interface's packets, and the frames that it fills.
class LiveCollector {
 public:
  explicit LiveCollector(const Arguments& arguments)
      : servers_(arguments.servers),
        packets_(arguments.interface),
        collector_(arguments.collector,
                   RngTree(arguments.seed).Stream("collector", Replication(0))),
        frames_(arguments.frames, CollectorColumns(arguments.collector.servers),
                kFrames) {}

  // Packets as they come, up to `end` by Now().
  void Watch(SimTime end) {
    SimTime time;
    const uint8_t* bytes = nullptr;
    size_t captured = 0;
    while (Now() < end) {
      ThrowIfInterrupted();
      packets_.Wait(end - Now());
      while (Now() < end && packets_.Next(&time, &bytes, &captured)) {
        newest_ = std::max(newest_, time);
        Take(bytes, captured);
      }
    }
    newest_ = std::max(newest_, end);
  }

  // What was seen since the last sample, stamped `time`.
  void Publish(SimTime time) {
    collector_.Expire(newest_);
    std::vector<double> values;
    reader_.Read(collector_, newest_, &values);
    frames_.Publish(time, values);
    const int64_t lost = packets_.Lost();
    if (lost == 0) return;
    std::fprintf(stderr, "airlock-collector: %lld packets were not seen\n",
                 static_cast<long long>(lost));
  }

 private:
  static constexpr size_t kFrames = 16;

  void Take(const uint8_t* bytes, size_t captured) {
    TcpSegment segment;
    if (ParseFrame(LinkType::kRawIp, bytes, captured, &segment) !=
        FrameKind::kTcp) {
      return;
    }
    const auto server = servers_.find(segment.destination);
    if (server == servers_.end()) return;
    collector_.Add(newest_, server->second, segment);
  }

  const std::map<uint32_t, size_t> servers_;
  PacketSocket packets_;
  Collector collector_;
  CollectorReader reader_;
  FrameWriter frames_;
  SimTime newest_;  // of a packet or sample, by Now(): never decreases
};

// Samples at whole periods of the host's clock as it was at the start, until a
// signal comes. To set that clock changes their stamps and not their pace.
void Collect(const Arguments& arguments) {
  LiveCollector collector(arguments);
  const SimTime period = arguments.period;
  SimTime next = Now() + period - SimTime(HostTime().value() % period.value());
  while (true) {
    collector.Watch(next);
    collector.Publish(HostTime() - (Now() - next));
    while (next <= Now()) next = next + period;
  }
}

int Main(int argc, char** argv) {
  InstallInterruptHandlers();
  try {
    Collect(ParseArguments(argc, argv));
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInterrupted) return 0;
    std::fprintf(stderr, "airlock-collector: %s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) { return airlock::Main(argc, argv); }
