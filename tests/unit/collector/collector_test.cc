#include "sim/collector/collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace airlock {
namespace {

constexpr uint8_t kSyn = TcpSegment::kSyn;
constexpr uint8_t kAck = TcpSegment::kAck;
constexpr uint8_t kFin = TcpSegment::kFin;
constexpr uint8_t kReset = TcpSegment::kReset;

// Packets of clients, one method a packet; times in milliseconds.
class Watched {
 public:
  explicit Watched(CollectorConfig config = {})
      : collector(WithServers(std::move(config)), RngStream(1)) {}

  PacketClass Send(double ms, uint8_t flags, uint32_t sequence,
                   uint32_t acknowledgement, uint32_t payload = 0,
                   uint16_t port = 1000, size_t server = 0) {
    TcpSegment segment;
    segment.source = 7;
    segment.source_port = port;
    segment.destination_port = 80;
    segment.flags = flags;
    segment.sequence = sequence;
    segment.acknowledgement = acknowledgement;
    segment.payload = payload;
    segment.window = window;
    segment.window_shift = 2;
    segment.has_timestamp = echo != 0;
    segment.echo = echo;
    return collector.Add(FromSeconds(ms / 1000), server, segment);
  }
  uint64_t Count(ServerCounter counter, size_t server = 0) const {
    return collector.server(server).counters[Index(counter)];
  }
  // The only sample of a feature; NaN if there is none.
  double Sample(ServerFeature feature, size_t server = 0) const {
    double found = std::nan("");
    const Reservoir& reservoir =
        collector.server(server).reservoirs[Index(feature)];
    for (size_t slot = 0; slot < reservoir.slots(); ++slot) {
      if (reservoir.filled(slot)) found = reservoir.value(slot);
    }
    return found;
  }

  Collector collector;
  uint16_t window = 100;
  uint32_t echo = 0;

 private:
  static CollectorConfig WithServers(CollectorConfig config) {
    config.servers = {"a", "b"};
    config.slots = 1;  // the last sample
    return config;
  }
};

TEST(Collector, FollowsAFlowFromSynToFin) {
  Watched w;
  w.echo = 0;
  EXPECT_EQ(w.Send(0, kSyn, 99, 0), PacketClass::kSyn);
  w.echo = 5000;  // the server's clock at the SYN-ACK
  EXPECT_EQ(w.Send(2, kAck, 100, 501), PacketClass::kFirstAck);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kHandshake), 0.002);
  EXPECT_EQ(w.Send(3, kAck, 100, 501, 40), PacketClass::kData);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 1u);
  w.echo = 5033;  // the server answers 30 ms after the request
  w.window = 90;
  EXPECT_EQ(w.Send(36, kAck, 140, 1501), PacketClass::kAck);
  EXPECT_NEAR(w.Sample(ServerFeature::kProcessingFirst), 0.030, 1e-12);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kPacketBytes), 1000);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kWindow), 360);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kWindowChange), -40);
  w.echo = 5037;
  EXPECT_EQ(w.Send(40, kAck, 140, 3501), PacketClass::kAck);
  EXPECT_NEAR(w.Sample(ServerFeature::kProcessingLater), 0.004, 1e-12);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kFlowBytes), 3000);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kFlowDuration), 0.040);
  EXPECT_EQ(w.Send(41, kAck, 140, 3501), PacketClass::kDuplicate);
  EXPECT_EQ(w.Send(50, kFin | kAck, 140, 3501), PacketClass::kFin);
  EXPECT_DOUBLE_EQ(w.Sample(ServerFeature::kCompletionTime), 0.050);
  EXPECT_NEAR(w.Sample(ServerFeature::kPacketGapOfFlow), 0.009, 1e-12);
  // The server's FIN.
  EXPECT_EQ(w.Send(52, kAck, 141, 3502), PacketClass::kAck);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kFlows), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kPackets), 8u);
  EXPECT_EQ(w.Count(ServerCounter::kNormalAcks), 3u);
  EXPECT_EQ(w.Count(ServerCounter::kDuplicates), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kUnknown), 0u);
}

TEST(Collector, SortsWhatWasLostOrOvertaken) {
  Watched w;
  w.Send(0, kSyn, 0xfffffff0, 0);
  EXPECT_EQ(w.Send(1, kSyn, 0xfffffff0, 0), PacketClass::kRetransmission);
  w.Send(2, kAck, 0xfffffff1, 1);
  // Numbers go round the end of 2^32.
  EXPECT_EQ(w.Send(3, kAck, 0xfffffff1, 1, 100), PacketClass::kData);
  EXPECT_EQ(w.Send(4, kAck, 185, 1, 100), PacketClass::kOutOfOrder);
  EXPECT_EQ(w.Send(5, kAck, 85, 1, 100), PacketClass::kRetransmission);
  EXPECT_EQ(w.Send(6, kAck, 285, 1, 100), PacketClass::kData);
  EXPECT_EQ(w.Send(7, kAck, 385, 900), PacketClass::kAck);
  EXPECT_EQ(w.Send(8, kAck, 385, 500), PacketClass::kOutOfOrder);
  // A FIN beyond a gap ends the flow, once.
  EXPECT_EQ(w.Send(9, kFin | kAck, 500, 900), PacketClass::kOutOfOrder);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 1u);
  EXPECT_EQ(w.Send(10, kFin | kAck, 500, 900), PacketClass::kRetransmission);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kRetransmissions), 3u);
  EXPECT_EQ(w.Count(ServerCounter::kOutOfOrder), 3u);
}

TEST(Collector, FlowsThatAreNotKnownAreCounted) {
  Watched w;
  EXPECT_EQ(w.Send(0, kAck, 1, 1), PacketClass::kUnknown);
  w.Send(1, kSyn, 0, 0);
  // The same client at another server: no flow of that one.
  EXPECT_EQ(w.Send(2, kAck, 1, 1, 0, 1000, 1), PacketClass::kUnknown);
  EXPECT_EQ(w.Count(ServerCounter::kUnknown, 0), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kUnknown, 1), 1u);
}

TEST(Collector, ResetsEndFlows) {
  Watched w;
  w.Send(0, kSyn, 0, 0);
  EXPECT_EQ(w.Send(1, kReset, 1, 0), PacketClass::kReset);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 0u);  // nothing was answered
  w.Send(2, kSyn, 0, 0);
  w.Send(3, kAck, 1, 1);
  w.Send(4, kAck, 1, 50);
  EXPECT_EQ(w.Send(5, kReset | kAck, 1, 50), PacketClass::kReset);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 1u);
}

TEST(Collector, ANewSynOfTheSamePortIsANewFlow) {
  Watched w;
  w.Send(0, kSyn, 10, 0);
  EXPECT_EQ(w.Send(5, kSyn, 77, 0), PacketClass::kSyn);  // another flow
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kFlows), 2u);
  // The balancer chooses another server.
  EXPECT_EQ(w.Send(6, kSyn, 90, 0, 0, 1000, 1), PacketClass::kSyn);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn, 0), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn, 1), 1u);
  // After a FIN the port is free, whatever its sequence number.
  w.Send(7, kFin | kAck, 91, 1, 0, 1000, 1);
  EXPECT_EQ(w.Send(8, kSyn, 90, 0, 0, 1000, 1), PacketClass::kSyn);
}

TEST(Collector, IdleFlowsAreForgottenInTime) {
  CollectorConfig config;
  config.idle_timeout = Milliseconds(100);
  config.closed_timeout = Milliseconds(10);
  Watched w(config);
  w.Send(0, kSyn, 0, 0, 0, 1);
  w.Send(50, kSyn, 0, 0, 0, 2);
  w.collector.Expire(Milliseconds(100));
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 2u);
  w.collector.Expire(Milliseconds(101));
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 1u);
  w.Send(140, kFin | kAck, 1, 1, 0, 2);
  EXPECT_EQ(w.collector.flows().size(), 1u);
  w.collector.Expire(Milliseconds(151));
  EXPECT_EQ(w.collector.flows().size(), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted), 1u);
}

TEST(Collector, AServerThatIsGoneTakesItsFlowsAlong) {
  Watched w;
  w.Send(0, kSyn, 0, 0, 0, 1, 0);
  w.Send(1, kSyn, 0, 0, 0, 2, 1);
  w.Send(2, kSyn, 0, 0, 0, 3, 0);
  w.collector.Forget(0);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn, 0), 0u);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn, 1), 1u);
  EXPECT_EQ(w.Count(ServerCounter::kCompleted, 0), 0u);
  EXPECT_EQ(w.Send(3, kAck, 1, 1, 0, 1, 0), PacketClass::kUnknown);
  EXPECT_EQ(w.Send(4, kAck, 1, 1, 0, 2, 1), PacketClass::kFirstAck);
}

TEST(Collector, AFullTableDropsClosedFlowsFirst) {
  CollectorConfig config;
  config.flows = 2;
  Watched w(config);
  w.Send(0, kSyn, 0, 0, 0, 1);
  w.Send(1, kSyn, 0, 0, 0, 2);
  w.Send(2, kFin | kAck, 1, 1, 0, 2);
  w.Send(3, kSyn, 0, 0, 0, 3);  // in the place of the second
  EXPECT_EQ(w.Send(4, kAck, 1, 1, 0, 1), PacketClass::kFirstAck);
  w.Send(5, kSyn, 0, 0, 0, 4);  // in that of the third, idle for longest
  EXPECT_EQ(w.Send(6, kAck, 1, 1, 0, 3), PacketClass::kUnknown);
  EXPECT_EQ(w.Send(7, kAck, 1, 2, 0, 1), PacketClass::kAck);
  EXPECT_EQ(w.Count(ServerCounter::kFlowsOn), 2u);
  EXPECT_EQ(w.Count(ServerCounter::kFlows), 4u);
}

TEST(Collector, ReadersCountOnTheirOwn) {
  Watched w;
  CollectorReader first, second;
  const std::vector<Column> columns = CollectorColumns({"a", "b"});
  const auto value = [&](CollectorReader* reader, const std::string& name) {
    std::vector<double> values;
    reader->Read(w.collector, Milliseconds(10), &values);
    EXPECT_EQ(values.size(), columns.size());
    for (size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].name == name) return values[c];
    }
    ADD_FAILURE() << name;
    return 0.0;
  };
  w.Send(0, kSyn, 0, 0);
  w.Send(4, kSyn, 0, 0, 0, 2, 1);
  EXPECT_EQ(value(&first, "server.a.n_packet"), 1);
  w.Send(6, kAck, 1, 1);
  EXPECT_EQ(value(&first, "server.a.n_packet"), 1);
  EXPECT_EQ(value(&first, "server.a.n_flow_on"), 1);
  EXPECT_EQ(value(&second, "server.a.n_packet"), 2);
  EXPECT_EQ(value(&first, "server.a.n_packet"), 0);
  EXPECT_EQ(value(&first, "balancer.iat_f_lb_mean"), 0.004);
  EXPECT_EQ(value(&first, "server.a.lat_synack_p90_decay"), 0.006);
  EXPECT_TRUE(std::isnan(value(&first, "server.b.lat_synack_mean")));
}

}  // namespace
}  // namespace airlock
