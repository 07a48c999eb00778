#include "sim/packet/wlan_flow.h"

#include <ns3/callback.h>
#include <ns3/inet-socket-address.h>
#include <ns3/seq-ts-header.h>
#include <ns3/simulator.h>
#include <ns3/socket.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/udp-socket-factory.h>
#include <ns3/wifi-mac-queue.h>
#include <ns3/wifi-mac.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"

namespace airlock {
namespace {

// A packet that takes longer counts as lost (Tmax of ITU-T Y.1540).
constexpr SimTime kOverdue = Milliseconds(3000);
// Saturated senders are woken by their queue; this is for what never got there.
constexpr SimTime kRefill = Milliseconds(10);

SimTime Now() { return FromNs3(ns3::Simulator::Now()); }

class UdpFlow : public WlanFlow {
 public:
  using WlanFlow::WlanFlow;

 protected:
  void Open() override {
    source_ = ns3::Socket::CreateSocket(ends_.source->GetNode(),
                                        ns3::UdpSocketFactory::GetTypeId());
    source_->Bind();
    source_->Connect(ns3::InetSocketAddress(ends_.sink_address, ends_.port));
    source_->ShutdownRecv();
    sink_ = ns3::Socket::CreateSocket(ends_.sink->GetNode(),
                                      ns3::UdpSocketFactory::GetTypeId());
    sink_->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), ends_.port));
    sink_->SetRecvCallback(ns3::MakeCallback(&UdpFlow::OnReceive, this));
    if (traffic_.saturated) WatchQueue();
  }

  void SendOne() override {
    ns3::SeqTsHeader header;
    header.SetSeq(static_cast<uint32_t>(NoteOffered()));
    const uint32_t size = static_cast<uint32_t>(packet_size().value());
    auto packet = ns3::Create<ns3::Packet>(size - header.GetSerializedSize());
    packet->AddHeader(header);
    source_->Send(packet);  // a full queue below is a loss like any other
  }

  void Fill() override {
    refill_ = false;
    if (stopped()) return;
    // A fixed number of tries: one may be lost on its way to the queue.
    const int64_t missing = target_ - queued_;
    for (int64_t i = 0; i < missing; ++i) SendOne();
  }

  void DropOverdue() override { GiveUpBefore(Now() - kOverdue); }

 private:
  void WatchQueue() {
    ns3::Ptr<ns3::WifiMac> mac = ends_.source->GetMac();
    peer_ = ends_.sink->GetMac()->GetAddress();
    if (mac->GetQosSupported()) {
      constexpr int64_t kLargestAmpdu = 65535;  // bytes; ns-3's default
      constexpr int64_t kMostMpdus = 64;        // the block ack window
      constexpr int64_t kHeaders = 78;  // delimiter, MAC, LLC, IPv4, UDP
      const int64_t aggregate = std::clamp<int64_t>(
          kLargestAmpdu / (packet_size().value() + kHeaders), 1, kMostMpdus);
      queue_ = mac->GetTxopQueue(ns3::AC_BE);
      target_ = 2 * aggregate;
    } else {
      queue_ = mac->GetTxopQueue(ns3::AC_BE_NQOS);
      target_ = 4;
    }
    // Saturation must not overflow the queue that it fills.
    const auto limit = queue_->GetMaxSize().GetValue() + target_;
    queue_->SetMaxSize(ns3::QueueSize(ns3::QueueSizeUnit::PACKETS,
                                      static_cast<uint32_t>(limit)));
    queue_->TraceConnectWithoutContext(
        "Enqueue", ns3::MakeCallback(&UdpFlow::OnEnqueue, this));
    // Also before a drop.
    queue_->TraceConnectWithoutContext(
        "Dequeue", ns3::MakeCallback(&UdpFlow::OnRemoval, this));
  }

  bool IsOurs(ns3::Ptr<const ns3::WifiMpdu> mpdu) const {
    return mpdu->GetHeader().IsData() && mpdu->GetHeader().GetAddr1() == peer_;
  }

  void OnEnqueue(ns3::Ptr<const ns3::WifiMpdu> mpdu) {
    if (IsOurs(mpdu)) ++queued_;
  }

  // The queue is in the middle of an operation: refill when it is done.
  void OnRemoval(ns3::Ptr<const ns3::WifiMpdu> mpdu) {
    if (!IsOurs(mpdu)) return;
    --queued_;
    if (refill_) return;
    refill_ = true;
    ns3::Simulator::ScheduleNow(&UdpFlow::Fill, this);
  }

  void OnReceive(ns3::Ptr<ns3::Socket> socket) {
    while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
      ns3::SeqTsHeader header;
      packet->RemoveHeader(header);
      NoteDelivered(header.GetSeq());
    }
  }

  ns3::Ptr<ns3::Socket> source_;
  ns3::Ptr<ns3::Socket> sink_;
  // Saturated only.
  ns3::Ptr<ns3::WifiMacQueue> queue_;
  ns3::Mac48Address peer_;
  int64_t queued_ = 0;  // packets of this flow
  int64_t target_ = 0;
  bool refill_ = false;
};

// The stream is cut into packets of packet_size bytes; one is delivered when
// its last byte is.
class TcpFlow : public WlanFlow {
 public:
  using WlanFlow::WlanFlow;

 protected:
  void Open() override {
    listener_ = ns3::Socket::CreateSocket(ends_.sink->GetNode(),
                                          ns3::TcpSocketFactory::GetTypeId());
    listener_->Bind(
        ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), ends_.port));
    listener_->Listen();
    listener_->ShutdownSend();
    listener_->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>,
                              const ns3::Address&>(),
        ns3::MakeCallback(&TcpFlow::OnAccept, this));
    source_ = ns3::Socket::CreateSocket(ends_.source->GetNode(),
                                        ns3::TcpSocketFactory::GetTypeId());
    source_->Bind();
    source_->Connect(ns3::InetSocketAddress(ends_.sink_address, ends_.port));
    source_->ShutdownRecv();
    if (traffic_.saturated) {
      source_->SetSendCallback(ns3::MakeCallback(&TcpFlow::OnRoom, this));
    }
  }

  void SendOne() override {
    const uint32_t size = static_cast<uint32_t>(packet_size().value());
    if (source_->GetTxAvailable() < size) {
      NoteRefused();
      return;
    }
    NoteOffered();
    source_->Send(ns3::Create<ns3::Packet>(size));
  }

  void Fill() override {
    const uint32_t size = static_cast<uint32_t>(packet_size().value());
    while (!stopped() && source_->GetTxAvailable() >= size) SendOne();
  }

 private:
  void OnRoom(ns3::Ptr<ns3::Socket>, uint32_t) { Fill(); }

  void OnAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    sink_ = socket;
    sink_->SetRecvCallback(ns3::MakeCallback(&TcpFlow::OnReceive, this));
  }

  void OnReceive(ns3::Ptr<ns3::Socket> socket) {
    while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
      if (packet->GetSize() == 0) return;
      received_ += packet->GetSize();
    }
    while ((complete_ + 1) * packet_size().value() <= received_) {
      NoteDelivered(complete_++);
    }
  }

  ns3::Ptr<ns3::Socket> source_;
  ns3::Ptr<ns3::Socket> listener_;
  ns3::Ptr<ns3::Socket> sink_;
  int64_t received_ = 0;  // bytes
  int64_t complete_ = 0;  // packets
};

}  // namespace

WlanFlow::WlanFlow(const WlanTraffic& traffic, const FlowEnds& ends,
                   std::vector<double>* latencies)
    : traffic_(traffic),
      ends_(ends),
      latencies_(latencies),
      interval_(traffic.saturated
                    ? kRefill
                    : TransmissionTime(traffic.packet_size,
                                       traffic.rate_per_station)) {}

std::unique_ptr<WlanFlow> WlanFlow::Create(const WlanTraffic& traffic,
                                           const FlowEnds& ends,
                                           std::vector<double>* latencies) {
  if (traffic.transport == "tcp") {
    return std::make_unique<TcpFlow>(traffic, ends, latencies);
  }
  AIRLOCK_CHECK(traffic.transport == "udp", "{}", traffic.transport);
  return std::make_unique<UdpFlow>(traffic, ends, latencies);
}

void WlanFlow::Start(SimTime delay) {
  ns3::Simulator::Schedule(ToNs3(delay), &WlanFlow::Begin, this);
}

void WlanFlow::Begin() {
  if (stopped_) return;
  Open();
  begun_ = true;
  if (load_ > 0) Tick();
}

void WlanFlow::Tick() {
  if (traffic_.saturated) {
    Fill();
  } else {
    SendOne();
  }
  ScheduleTick(1);
}

void WlanFlow::ScheduleTick(double left) {
  SimTime wait = interval_;
  if (left != 1 || load_ != 1) {
    wait = FromSeconds(Seconds(interval_) * left / load_);
  }
  tick_ = ns3::Simulator::Schedule(ToNs3(wait), &WlanFlow::Tick, this);
}

void WlanFlow::SetLoad(double factor) {
  AIRLOCK_CHECK(!traffic_.saturated && factor >= 0, "{}", factor);
  if (factor == load_) return;
  if (begun_ && !stopped_) {
    if (load_ > 0) {
      const ns3::Time rest = ns3::Simulator::GetDelayLeft(tick_);
      left_ = rest.GetSeconds() * load_ / Seconds(interval_);
      tick_.Cancel();
    }
    load_ = factor;
    if (load_ > 0) ScheduleTick(left_);
  }
  load_ = factor;
}

void WlanFlow::Stop() {
  stopped_ = true;
  tick_.Cancel();
}

FlowCounts WlanFlow::Counts() {
  DropOverdue();
  return counts_;
}

int64_t WlanFlow::NoteOffered() {
  ++counts_.offered;
  pending_.push_back(Now());
  return first_pending_ + static_cast<int64_t>(pending_.size()) - 1;
}

void WlanFlow::NoteDelivered(int64_t sequence) {
  if (sequence < first_pending_) return;  // was counted as lost
  while (first_pending_ < sequence) {
    pending_.pop_front();
    ++first_pending_;
    ++counts_.lost;
  }
  AIRLOCK_CHECK(!pending_.empty(), "packet {} was never sent", sequence);
  const double latency = Seconds(Now() - pending_.front());
  pending_.pop_front();
  ++first_pending_;
  ++counts_.delivered;
  counts_.latency_seconds += latency;
  latencies_->push_back(latency);
}

void WlanFlow::NoteRefused() {
  ++counts_.offered;
  ++counts_.lost;
}

void WlanFlow::GiveUpBefore(SimTime time) {
  while (!pending_.empty() && pending_.front() < time) {
    pending_.pop_front();
    ++first_pending_;
    ++counts_.lost;
  }
}

}  // namespace airlock
