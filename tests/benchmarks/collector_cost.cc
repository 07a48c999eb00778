// What a collector costs: nanoseconds a packet and bytes a flow, by the number
// of flows that are on at once, each of twelve packets (handshake, request,
// eight acknowledgements, FIN), in random turns.
//
//   collector_cost [PACKETS]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "sim/collector/collector.h"

namespace airlock {
namespace {

constexpr uint32_t kPacketsOfFlow = 12;

struct Client {
  uint32_t address = 0;
  uint32_t sent = 0;  // packets of its flow
};

TcpSegment NextPacket(Client* client, uint32_t fresh_address) {
  TcpSegment segment;
  const uint32_t turn = client->sent++ % kPacketsOfFlow;
  if (turn == 0) client->address = fresh_address;
  segment.source = client->address;
  segment.source_port = 4711;
  segment.destination_port = 80;
  segment.has_timestamp = true;
  segment.echo = turn;
  segment.window = 1000;
  segment.flags = TcpSegment::kAck;
  segment.sequence = turn <= 2 ? turn : 401;
  segment.acknowledgement = turn <= 2 ? 1 : 1 + 2896 * (turn - 2);
  if (turn == 0) segment.flags = TcpSegment::kSyn;
  if (turn == 2) segment.sequence = 1, segment.payload = 400;
  if (turn == kPacketsOfFlow - 1) segment.flags |= TcpSegment::kFin;
  return segment;
}

void Measure(uint32_t flows, int64_t packets) {
  CollectorConfig config;
  for (int s = 0; s < 64; ++s) config.servers.push_back(fmt::format("s{}", s));
  config.flows = 2 * flows;
  Collector collector(config, RngStream(1));
  // The packets first, so that making them is not in the time.
  RngStream turns(2);
  std::vector<Client> clients(flows);
  std::vector<TcpSegment> segments;
  uint32_t fresh = 1;
  for (int64_t i = 0; i < packets; ++i) {
    segments.push_back(NextPacket(&clients[turns.UniformInt(flows)], fresh++));
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < packets; ++i) {
    const TcpSegment& segment = segments[static_cast<size_t>(i)];
    collector.Add(SimTime(100 * i), segment.source % 64, segment);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  const auto read_begin = std::chrono::steady_clock::now();
  std::vector<double> values;
  CollectorReader().Read(collector, SimTime(100 * packets), &values);
  const double read_seconds = std::chrono::duration<double>(
                                  std::chrono::steady_clock::now() - read_begin)
                                  .count();
  fmt::print(
      "{:>9} flows  {:6.1f} ns a packet  {:5.1f} B a flow  {:6.1f} us a "
      "server to summarise\n",
      flows, 1e9 * seconds / static_cast<double>(packets),
      static_cast<double>(collector.flows().bytes()) /
          static_cast<double>(config.flows),
      1e6 * read_seconds / 64);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  const int64_t packets = argc > 1 ? std::atoll(argv[1]) : 4000000;
  for (uint32_t flows : {100u, 1000u, 10000u, 100000u}) {
    airlock::Measure(flows, packets);
  }
}
