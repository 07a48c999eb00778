#include "data/testbed/sink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <vector>

#include "data/testbed/frame.h"
#include "data/testbed/process.h"
#include "data/testbed/shared_state.h"

namespace airlock::testbed {

namespace {

constexpr int kBatch = 128;

FileDescriptor OpenSocket(int receive_buffer_bytes) {
  FileDescriptor fd(
      socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) throw SystemError("opening a UDP socket");
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_bytes,
                 sizeof(receive_buffer_bytes)) != 0) {
    throw SystemError("sizing the sink's receive buffer");
  }
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
    throw SystemError("asking for receive timestamps");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kSinkAddress);
  address.sin_port = htons(kSinkPort);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    throw SystemError("binding the sink");
  }
  return fd;
}

// Kernel receive time of a datagram on CLOCK_REALTIME, or 0.
int64_t ReceiveTimeNs(msghdr* message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp{};
      memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
      return int64_t{stamp.tv_sec} * 1000000000 + stamp.tv_nsec;
    }
  }
  return 0;
}

// The interval being filled.
struct OpenInterval {
  int64_t index = -1;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t lost = 0;
  std::vector<double> latencies;  // seconds
};

// Nearest-rank quantile of sorted values.
double Quantile(const std::vector<double>& sorted, double p) {
  const double rank = p * static_cast<double>(sorted.size());
  const size_t index = static_cast<size_t>(rank);
  return sorted[std::min(index, sorted.size() - 1)];
}

class Sink {
 public:
  Sink(const SinkOptions& options, SharedState* state)
      : options_(options),
        state_(state),
        socket_(OpenSocket(options.receive_buffer_bytes)) {
    for (int i = 0; i < kBatch; ++i) {
      parts_[i] = {texts_[i].data(), texts_[i].size()};
    }
    open_.latencies.reserve(1 << 17);
  }

  void Run() {
    int64_t next_poll = MonotonicNs();
    while (!StopRequested()) {
      state_->sink.polls.Add(1);
      const int64_t drained_at = MonotonicNs();
      Drain();
      CloseUntil(state_->IntervalOf(drained_at - options_.settle_ns));
      next_poll = std::max(next_poll + options_.poll_ns, MonotonicNs());
      SleepUntilNs(next_poll);
    }
  }

 private:
  void Drain() {
    // One offset a drain: steps of the wall clock stay within 2 ms.
    realtime_offset_ns_ = RealtimeNs() - MonotonicNs();
    for (int got = kBatch; got == kBatch;) {
      for (int i = 0; i < kBatch; ++i) {
        msghdr& header = messages_[i].msg_hdr;
        header = {};
        header.msg_iov = &parts_[i];
        header.msg_iovlen = 1;
        header.msg_control = controls_[i].data();
        header.msg_controllen = controls_[i].size();
      }
      got =
          recvmmsg(socket_.get(), messages_.data(), kBatch, MSG_TRUNC, nullptr);
      if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        throw SystemError("receiving");
      }
      for (int i = 0; i < got; ++i) Account(&messages_[i], i);
    }
  }

  void Account(mmsghdr* message, int slot) {
    SinkCounters& counters = state_->sink;
    ProbeHeader probe;
    memcpy(&probe, texts_[slot].data(), sizeof(probe));
    if (message->msg_len < sizeof(probe) || probe.magic != kProbeMagic) {
      counters.foreign.Add(1);
      return;
    }
    const uint64_t expected = counters.next_sequence.Get();
    const uint64_t gap =
        probe.sequence > expected ? probe.sequence - expected : 0;
    if (probe.sequence < expected) {
      counters.reordered.Add(1);
      return;  // counted as lost already
    }
    counters.next_sequence.Set(probe.sequence + 1);
    counters.lost.Add(gap);
    counters.packets.Add(1);
    counters.bytes.Add(probe.frame_bytes);

    int64_t received_ns = ReceiveTimeNs(&message->msg_hdr);
    received_ns =
        received_ns > 0 ? received_ns - realtime_offset_ns_ : MonotonicNs();
    const int64_t index = state_->IntervalOf(received_ns);
    if (index < 0) return;  // lead-in
    if (index > open_.index) CloseUntil(index);
    ++open_.packets;
    open_.bytes += probe.frame_bytes;
    open_.lost += gap;
    open_.latencies.push_back(static_cast<double>(received_ns - probe.sent_ns) *
                              1e-9);
  }

  // Closes all intervals before `index`, empty ones included.
  void CloseUntil(int64_t index) {
    if (index < 0) return;
    if (open_.index < 0) open_.index = 0;
    while (open_.index < index) {
      Publish();
      const int64_t next = open_.index + 1;
      open_.latencies.clear();
      open_.packets = open_.bytes = open_.lost = 0;
      open_.index = next;
    }
  }

  void Publish() {
    DeliveredInterval& out = state_->delivered[open_.index];
    std::vector<double>& values = open_.latencies;
    out.packets = open_.packets;
    out.bytes = open_.bytes;
    out.lost = open_.lost;
    if (!values.empty()) {
      std::sort(values.begin(), values.end());
      out.latency_mean = std::accumulate(values.begin(), values.end(), 0.0) /
                         static_cast<double>(values.size());
      out.latency_p50 = Quantile(values, 0.50);
      out.latency_p95 = Quantile(values, 0.95);
      out.latency_p99 = Quantile(values, 0.99);
    }
    out.closed.store(1, std::memory_order_release);
  }

  const SinkOptions options_;
  SharedState* const state_;
  FileDescriptor socket_;
  int64_t realtime_offset_ns_ = 0;
  OpenInterval open_;
  std::array<std::array<uint8_t, sizeof(ProbeHeader)>, kBatch> texts_;
  std::array<std::array<uint8_t, 64>, kBatch> controls_;
  std::array<iovec, kBatch> parts_;
  std::array<mmsghdr, kBatch> messages_;
};

}  // namespace

void RunSink(const SinkOptions& options, SharedState* state) {
  state->sink.pid.Set(static_cast<uint64_t>(getpid()));
  Sink sink(options, state);
  std::puts("ready");
  std::fflush(stdout);
  sink.Run();
}

}  // namespace airlock::testbed
