#include "sim/packet/tcp_defaults.h"

#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/double.h>
#include <ns3/string.h>
#include <ns3/tcp-dctcp.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/uinteger.h>

#include "sim/packet/named_table.h"
#include "sim/packet/ns3_time.h"

namespace airlock {

const std::vector<TransportKind>& TransportKinds() {
  static const std::vector<TransportKind> kTable = {
      {"dctcp", "ns3::TcpDctcp", "window falls by the share of marked packets"},
      {"cubic", "ns3::TcpCubic",
       "window grows by the time since the last loss"},
      {"newreno", "ns3::TcpNewReno", "window halves at a loss"},
  };
  return kTable;
}

// TCP's defaults of ns-3 (segments of 536 B, 128 KiB buffers, 1 s timers) are
// those of a wide-area host of the 1990s.
void SetTcpDefaults(const TransportConfig& transport, bool ecn) {
  using ns3::Config::SetDefault;
  const TransportKind& kind =
      FindByName(TransportKinds(), "transport.kind", transport.kind);
  const auto number = [](int64_t value) {
    return ns3::UintegerValue(static_cast<uint64_t>(value));
  };
  SetDefault("ns3::TcpL4Protocol::SocketType",
             ns3::TypeIdValue(ns3::TypeId::LookupByName(kind.ns3_type)));
  SetDefault("ns3::TcpSocket::SegmentSize", number(transport.segment.value()));
  SetDefault("ns3::TcpSocket::SndBufSize", number(transport.buffer.value()));
  SetDefault("ns3::TcpSocket::RcvBufSize", number(transport.buffer.value()));
  SetDefault("ns3::TcpSocket::InitialCwnd", number(transport.initial_window));
  SetDefault("ns3::TcpSocket::ConnTimeout",
             ns3::TimeValue(ToNs3(transport.connection_timeout)));
  SetDefault("ns3::TcpSocketBase::MinRto",
             ns3::TimeValue(ToNs3(transport.min_rto)));
  SetDefault("ns3::TcpSocket::DelAckTimeout",
             ns3::TimeValue(ToNs3(transport.delayed_ack_timeout)));
  SetDefault("ns3::TcpSocket::DelAckCount",
             number(transport.delayed_ack_segments));
  SetDefault("ns3::TcpSocket::ConnCount", number(transport.syn_retries));
  SetDefault("ns3::TcpSocket::DataRetries", number(transport.data_retries));
  SetDefault("ns3::TcpSocketBase::MaxSegLifetime",
             ns3::DoubleValue(Seconds(transport.segment_lifetime)));
  SetDefault("ns3::TcpSocketBase::Sack", ns3::BooleanValue(transport.sack));
  SetDefault("ns3::TcpDctcp::DctcpShiftG",
             ns3::DoubleValue(transport.dctcp_gain));
  SetDefault("ns3::TcpSocketBase::UseEcn",
             ns3::StringValue(ecn ? "On" : "Off"));
}

}  // namespace airlock
