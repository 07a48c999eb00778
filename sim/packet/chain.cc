#include "sim/packet/chain.h"

#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/udp-socket-factory.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"

namespace airlock {

namespace {

constexpr uint16_t kPort = 9;
// Ethernet, IPv4 and UDP headers of a frame whose size we are given.
constexpr int64_t kHeaderBytes = 14 + 20 + 8;
constexpr int64_t kSmallestFrame = 60;
constexpr int64_t kLargestFrame = 1514;

// The start of every payload.
struct Probe {
  int64_t sequence;
  int64_t sent_ns;
};
static_assert(kHeaderBytes + sizeof(Probe) <= kSmallestFrame);

}  // namespace

std::unique_ptr<TrafficPart> CreateChainTraffic(const ChainConfig& config) {
  return std::make_unique<ChainTraffic>(config);
}

ChainStation::ChainStation(const ChainFunction& function,
                           const std::vector<ContentionStep>* course,
                           const RngTree& rng, Replication replication,
                           std::function<SimTime()> now,
                           std::function<void(const ChainPacket&)> hand_on,
                           ChainMonitor* monitor)
    : ring_(static_cast<size_t>(function.ring)),
      batch_(static_cast<size_t>(function.batch)),
      draws_(function, course, rng, replication),
      now_(std::move(now)),
      hand_on_(std::move(hand_on)),
      monitor_(monitor) {}

void ChainStation::Arrive(const ChainPacket& packet) {
  if (waiting_.size() >= ring_) {
    counters_.Drop();
    monitor_->Lose();
    return;
  }
  waiting_.push_back(packet);
  counters_.Join(now_().value());
  if (!asleep_) return;
  asleep_ = false;
  ns3::Simulator::Schedule(ns3::NanoSeconds(draws_.WakeupNs()),
                           &ChainStation::Decide, this);
}

void ChainStation::Decide() {
  const int64_t now = now_().value();
  const int64_t free = draws_.AfterStall(now);
  if (free > now) {
    ns3::Simulator::Schedule(ns3::NanoSeconds(free - now),
                             &ChainStation::Decide, this);
    return;
  }
  if (waiting_.empty()) {
    asleep_ = true;
    return;
  }
  double work = 0;
  while (!waiting_.empty() && in_service_.size() < batch_) {
    in_service_.push_back(waiting_.front());
    waiting_.pop_front();
    work += draws_.ServiceNs(now, in_service_.back().bytes);
  }
  counters_.Take(now, static_cast<int64_t>(in_service_.size()));
  ns3::Simulator::Schedule(ns3::NanoSeconds(draws_.Finish(now, work) - now),
                           &ChainStation::Complete, this);
}

void ChainStation::Complete() {
  counters_.Complete(now_().value(), static_cast<int64_t>(in_service_.size()));
  for (const ChainPacket& packet : in_service_) hand_on_(packet);
  in_service_.clear();
  // After all arrivals of this instant.
  ns3::Simulator::ScheduleNow(&ChainStation::Decide, this);
}

StationTotals ChainStation::Totals() { return counters_.At(now_().value()); }

ChainTraffic::ChainTraffic(const ChainConfig& config)
    : config_(config), trace_(ReadChainTrace(config)), monitor_(config) {
  for (const PacketSizeShare& entry : config.workload.packet_sizes) {
    const int64_t size = entry.size.value();
    if (size < kSmallestFrame || size > kLargestFrame) {
      throw InputError(fmt::format(
          "chain workload: frames of {} B; the packet engine sends {} to {} B",
          size, kSmallestFrame, kLargestFrame));
    }
  }
}

void ChainTraffic::Install(DatacentreNetwork& network) {
  network_ = &network;
  const ns3::TypeId udp = ns3::UdpSocketFactory::GetTypeId();
  receiver_ = ns3::Socket::CreateSocket(network.host(config_.server_host), udp);
  AIRLOCK_CHECK(receiver_->Bind(ns3::InetSocketAddress(
                    ns3::Ipv4Address::GetAny(), kPort)) == 0);
  receiver_->SetRecvCallback(ns3::MakeCallback(&ChainTraffic::OnReceive, this));
  sender_ = ns3::Socket::CreateSocket(network.host(config_.source_host), udp);
  AIRLOCK_CHECK(sender_->Bind() == 0);
  AIRLOCK_CHECK(sender_->Connect(ns3::InetSocketAddress(
                    network.address(config_.server_host), kPort)) == 0);
}

void ChainTraffic::Start(const RngTree& rng, Replication replication) {
  course_.emplace(config_.workload, trace_ ? &*trace_ : nullptr, rng,
                  replication);
  source_.emplace(config_.workload, &*course_, rng, replication);
  for (size_t i = 0; i < config_.functions.size(); ++i) {
    stations_.push_back(std::make_unique<ChainStation>(
        config_.functions[i], &course_->contention(), rng, replication,
        [this] { return network_->Now(); },
        [this, i](const ChainPacket& packet) { Enter(i + 1, packet); },
        &monitor_));
  }
  ScheduleNext();
}

void ChainTraffic::ScheduleNext() {
  if (source_->next_ns() == kNever) return;
  const int64_t wait = source_->next_ns() - network_->Now().value();
  ns3::Simulator::Schedule(ns3::NanoSeconds(wait), &ChainTraffic::Send, this);
}

void ChainTraffic::Send() {
  const ChainPacket packet = source_->Take();
  const int64_t frame = std::clamp(packet.bytes, kSmallestFrame, kLargestFrame);
  const Probe probe{next_sequence_, packet.sent_ns};
  uint8_t bytes[sizeof(Probe)];
  std::memcpy(bytes, &probe, sizeof(probe));
  const auto payload = ns3::Create<ns3::Packet>(bytes, sizeof(bytes));
  payload->AddPaddingAtEnd(
      static_cast<uint32_t>(frame - kHeaderBytes - int64_t{sizeof(Probe)}));
  monitor_.Offer(frame);
  // UDP refuses nothing on an open route: queues drop behind it, and the
  // receiver sees the gap.
  AIRLOCK_CHECK(sender_->Send(payload) >= 0);
  ++next_sequence_;
  ScheduleNext();
}

void ChainTraffic::OnReceive(ns3::Ptr<ns3::Socket> socket) {
  while (const ns3::Ptr<ns3::Packet> received = socket->Recv()) {
    Probe probe;
    uint8_t bytes[sizeof(Probe)];
    received->CopyData(bytes, sizeof(bytes));
    std::memcpy(&probe, bytes, sizeof(probe));
    // One flow keeps its order, so a gap is what the network has lost.
    for (; expected_sequence_ < probe.sequence; ++expected_sequence_) {
      monitor_.Lose();
    }
    ++expected_sequence_;
    Enter(0, {network_->Now().value(), probe.sent_ns,
              int64_t{received->GetSize()} + kHeaderBytes});
  }
}

void ChainTraffic::Enter(size_t station, ChainPacket packet) {
  const int64_t now = network_->Now().value();
  packet.arrival_ns = now;
  if (station < stations_.size()) {
    stations_[station]->Arrive(packet);
  } else {
    monitor_.Deliver(packet.bytes, now - packet.sent_ns);
  }
}

void ChainTraffic::Declare(std::vector<Column>* columns) const {
  monitor_.Declare(columns);
}

void ChainTraffic::Sample(Reader reader, SimTime interval,
                          std::vector<double>* values) {
  AIRLOCK_CHECK(interval > SimTime());
  std::vector<StationTotals> totals;
  for (const auto& station : stations_) totals.push_back(station->Totals());
  monitor_.Sample(reader == Reader::kSeries ? 0 : 1, network_->Now().value(),
                  totals, &*course_, values);
}

std::vector<std::string> ChainTraffic::WarmupColumns() const {
  return monitor_.WarmupColumns();
}

void ChainTraffic::AddMetrics(const SeriesRecorder&, SimTime warmup,
                              std::vector<Metric>* metrics) const {
  monitor_.AddMetrics(warmup.value(), metrics);
}

}  // namespace airlock
