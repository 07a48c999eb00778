#include "sim/collector/collector.h"

#include "sim/base/error.h"

namespace airlock {
namespace {

uint64_t KeyOf(const TcpSegment& segment) {
  return static_cast<uint64_t>(segment.source) << 32 |
         static_cast<uint64_t>(segment.source_port) << 16 |
         segment.destination_port;
}

// How far `a` is beyond `b` in the circle of 2^32 numbers (RFC 9293, 3.4).
int32_t Beyond(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b); }

}  // namespace

Collector::Collector(const CollectorConfig& config, RngStream stream)
    : config_(config),
      stream_(stream),
      flows_(config.flows),
      flow_gaps_(config.slots) {
  AIRLOCK_CHECK(config.servers.size() <= UINT16_MAX, "servers");
  Server server;
  server.reservoirs.assign(kServerFeatures, Reservoir(config.slots));
  servers_.assign(config.servers.size(), server);
}

uint64_t& Collector::Counter(size_t server, ServerCounter counter) {
  return servers_[server].counters[Index(counter)];
}

void Collector::Offer(const FlowState& flow, ServerFeature feature, SimTime now,
                      double value) {
  servers_[flow.server].reservoirs[Index(feature)].Offer(draw_, now, value);
}

void Collector::Expire(SimTime now) {
  const auto expire = [&](bool closed, SimTime timeout) {
    uint32_t at = flows_.Oldest(closed);
    while (at != FlowTable::kNone && flows_.flow(at).last + timeout < now) {
      Leave(at);
      at = flows_.Oldest(closed);
    }
  };
  expire(false, config_.idle_timeout);
  expire(true, config_.closed_timeout);
}

void Collector::Forget(size_t server) {
  uint32_t at = flows_.Oldest(false);
  while (at != FlowTable::kNone) {
    const uint32_t next = flows_.flow(at).newer;
    if (flows_.flow(at).server == server) Leave(at);
    at = next;
  }
}

void Collector::Leave(uint32_t at) {
  const FlowState& flow = flows_.flow(at);
  if (!flow.closed) --Counter(flow.server, ServerCounter::kFlowsOn);
  flows_.Remove(at);
}

PacketClass Collector::Add(SimTime now, size_t server,
                           const TcpSegment& segment) {
  AIRLOCK_CHECK(server < servers_.size(), "server {}", server);
  Expire(now);
  draw_ = Reservoir::Draw(config_.slots, config_.keep, &stream_);
  Server& to = servers_[server];
  if (to.last_packet.value() >= 0) {
    to.reservoirs[Index(ServerFeature::kPacketGap)].Offer(
        draw_, now, Seconds(now - to.last_packet));
  }
  to.last_packet = now;
  ++Counter(server, ServerCounter::kPackets);

  const uint32_t at = flows_.Find(KeyOf(segment));
  if (segment.Has(TcpSegment::kSyn)) return AddSyn(now, at, server, segment);
  if (at == FlowTable::kNone || flows_.flow(at).server != server) {
    ++Counter(server, ServerCounter::kUnknown);
    return PacketClass::kUnknown;
  }
  return AddToFlow(now, at, segment);
}

PacketClass Collector::AddSyn(SimTime now, uint32_t at, size_t server,
                              const TcpSegment& segment) {
  if (at != FlowTable::kNone) {
    FlowState& flow = flows_.flow(at);
    if (!flow.closed && flow.server == server &&
        flow.first_sequence == segment.sequence) {
      Offer(flow, ServerFeature::kPacketGapOfFlow, now,
            Seconds(now - flow.last));
      flows_.Touch(at, now);
      ++Counter(server, ServerCounter::kRetransmissions);
      return PacketClass::kRetransmission;
    }
    Leave(at);
  }
  if (flows_.full()) {
    const uint32_t closed = flows_.Oldest(true);
    Leave(closed != FlowTable::kNone ? closed : flows_.Oldest(false));
  }
  Begin(now, server, segment);
  return PacketClass::kSyn;
}

void Collector::Begin(SimTime now, size_t server, const TcpSegment& segment) {
  FlowState& flow = flows_.flow(flows_.Insert(KeyOf(segment), now));
  flow.start = now;
  flow.server = static_cast<uint16_t>(server);
  flow.first_sequence = segment.sequence;
  flow.next_sequence = segment.sequence + 1;
  flow.window_shift = segment.window_shift;
  ++Counter(server, ServerCounter::kFlows);
  ++Counter(server, ServerCounter::kFlowsOn);
  Server& to = servers_[server];
  if (to.last_flow.value() >= 0) {
    Offer(flow, ServerFeature::kFlowGap, now, Seconds(now - to.last_flow));
  }
  if (last_flow_.value() >= 0) {
    flow_gaps_.Offer(draw_, now, Seconds(now - last_flow_));
  }
  to.last_flow = last_flow_ = now;
}

PacketClass Collector::AddToFlow(SimTime now, uint32_t at,
                                 const TcpSegment& segment) {
  FlowState& flow = flows_.flow(at);
  Offer(flow, ServerFeature::kPacketGapOfFlow, now, Seconds(now - flow.last));
  flows_.Touch(at, now);
  const bool acknowledges = segment.Has(TcpSegment::kAck);
  const bool first = acknowledges && !flow.answered;
  const int32_t ahead = acknowledges && !first
                            ? Beyond(segment.acknowledgement, flow.acknowledged)
                            : 0;
  if (first) TakeFirstAck(now, &flow, segment);
  if (ahead > 0) TakeNewAck(now, &flow, segment);

  if (segment.Has(TcpSegment::kReset)) {
    const bool had_data = flow.acknowledged != flow.first_acknowledged;
    if (had_data && !flow.closed) {
      Complete(now, at);
    } else {
      Leave(at);
    }
    return PacketClass::kReset;
  }
  if (segment.payload > 0 || segment.Has(TcpSegment::kFin)) {
    const PacketClass kind = AddSequence(now, &flow, segment);
    // Also where a gap before it is still to be filled.
    if (segment.Has(TcpSegment::kFin) && !flow.closed) {
      Complete(now, at);
    }
    return kind;
  }
  if (first) return PacketClass::kFirstAck;
  if (ahead > 0) {
    ++Counter(flow.server, ServerCounter::kNormalAcks);
    return PacketClass::kAck;
  }
  if (ahead == 0) {
    ++Counter(flow.server, ServerCounter::kDuplicates);
    return PacketClass::kDuplicate;
  }
  ++Counter(flow.server, ServerCounter::kOutOfOrder);
  return PacketClass::kOutOfOrder;
}

PacketClass Collector::AddSequence(SimTime now, FlowState* flow,
                                   const TcpSegment& segment) {
  const bool fin = segment.Has(TcpSegment::kFin);
  const int32_t ahead = Beyond(segment.sequence, flow->next_sequence);
  const uint32_t end = segment.sequence + segment.payload + (fin ? 1 : 0);
  if (Beyond(end, flow->next_sequence) > 0) flow->next_sequence = end;
  if (ahead < 0) {
    ++Counter(flow->server, ServerCounter::kRetransmissions);
    return PacketClass::kRetransmission;
  }
  if (ahead > 0) {
    ++Counter(flow->server, ServerCounter::kOutOfOrder);
    return PacketClass::kOutOfOrder;
  }
  if (segment.payload > 0) {
    flow->request = now;
    flow->waiting = true;
  }
  return fin ? PacketClass::kFin : PacketClass::kData;
}

void Collector::TakeFirstAck(SimTime now, FlowState* flow,
                             const TcpSegment& segment) {
  flow->answered = true;
  flow->first_acknowledged = flow->acknowledged = segment.acknowledgement;
  flow->has_timestamp = segment.has_timestamp;
  flow->first_echo = flow->echo = segment.echo;
  flow->window = static_cast<uint32_t>(segment.window) << flow->window_shift;
  Offer(*flow, ServerFeature::kHandshake, now, Seconds(now - flow->start));
}

void Collector::TakeNewAck(SimTime now, FlowState* flow,
                           const TcpSegment& segment) {
  const auto offer = [&](ServerFeature feature, double value) {
    Offer(*flow, feature, now, value);
  };
  const uint32_t window = static_cast<uint32_t>(segment.window)
                          << flow->window_shift;
  offer(ServerFeature::kPacketBytes,
        segment.acknowledgement - flow->acknowledged);
  offer(ServerFeature::kFlowBytes,
        segment.acknowledgement - flow->first_acknowledged);
  offer(ServerFeature::kWindow, window);
  offer(ServerFeature::kWindowChange,
        static_cast<double>(window) - static_cast<double>(flow->window));
  offer(ServerFeature::kFlowDuration, Seconds(now - flow->start));
  if (flow->has_timestamp && segment.has_timestamp) {
    TakeProcessingTime(now, flow, segment.echo);
  }
  flow->acknowledged = segment.acknowledgement;
  flow->window = window;
}

void Collector::TakeProcessingTime(SimTime now, FlowState* flow,
                                   uint32_t echo) {
  const double tick = Seconds(config_.tick);
  if (flow->waiting) {
    // The way to the server, which SYN and request take alike, drops out.
    const double sent = tick * Beyond(echo, flow->first_echo);
    Offer(*flow, ServerFeature::kProcessingFirst, now,
          sent - Seconds(flow->request - flow->start));
    flow->waiting = false;
  } else if (Beyond(echo, flow->echo) > 0) {
    Offer(*flow, ServerFeature::kProcessingLater, now,
          tick * Beyond(echo, flow->echo));
  }
  flow->echo = echo;
}

void Collector::Complete(SimTime now, uint32_t at) {
  const FlowState& flow = flows_.flow(at);
  ++Counter(flow.server, ServerCounter::kCompleted);
  --Counter(flow.server, ServerCounter::kFlowsOn);
  Offer(flow, ServerFeature::kCompletionTime, now, Seconds(now - flow.start));
  flows_.Close(at);
}

void CollectorReader::Read(const Collector& collector, SimTime now,
                           std::vector<double>* values) {
  const CollectorConfig& config = collector.config();
  before_.resize(config.servers.size());
  const auto append = [&](const Reservoir& reservoir) {
    for (double value : SummaryValues(reservoir.Summarise(now, config.decay))) {
      values->push_back(value);
    }
  };
  for (size_t s = 0; s < config.servers.size(); ++s) {
    const Collector::Server& server = collector.server(s);
    for (size_t c = 0; c < kServerCounters; ++c) {
      const bool level = c == Index(ServerCounter::kFlowsOn);
      values->push_back(static_cast<double>(server.counters[c] -
                                            (level ? 0 : before_[s][c])));
    }
    before_[s] = server.counters;
    for (const Reservoir& reservoir : server.reservoirs) append(reservoir);
  }
  append(collector.flow_gaps());
}

}  // namespace airlock
