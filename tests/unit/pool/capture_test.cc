#include <gtest/gtest.h>
#include <ns3/boolean.h>
#include <ns3/config.h>
#include <ns3/node-list.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/point-to-point-net-device.h>

#include <map>
#include <set>

#include "calibration/traces/importer.h"
#include "sim/base/file.h"
#include "sim/collector/features.h"
#include "tests/support/pool_runs.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

// Packets are lost before the balancer: large requests from three clients meet
// in a short queue.
Scenario LossyPool() {
  Scenario scenario = PoolScenario(
      {PoolServerOf("a", 2), PoolServerOf("b", 2), PoolServerOf("c", 4, 2)});
  scenario.run.duration = Milliseconds(250);
  scenario.datacentre->transport.kind = "newreno";
  TopologyConfig& topology = scenario.datacentre->topology;
  topology.host_link.rate = Mbps(500);
  topology.queue.discipline = "drop-tail";
  topology.queue.limit = 12;
  BalancerConfig& balancer = *scenario.datacentre->balancer;
  balancer.client_hosts = {1, 5, 6};
  balancer.requests[0].request_size = DataSize(60000);
  return scenario;
}

// The run, with a capture of the balancer's link in `path`: the sums of the
// collector's counters, and the last level of n_flow_on.
std::map<std::string, double> RunWithCapture(const Scenario& scenario,
                                             const std::string& path) {
  return NumbersFromChild([&] {
    ns3::Config::SetDefault("ns3::PcapFileWrapper::NanosecMode",
                            ns3::BooleanValue(true));
    auto scene = SettledScene(scenario);
    const auto node = ns3::NodeList::GetNode(0);
    for (uint32_t i = 0; i < node->GetNDevices(); ++i) {
      if (node->GetDevice(i)->IsPointToPoint()) {
        ns3::PointToPointHelper().EnablePcap(path, node->GetDevice(i), true,
                                             true);
      }
    }
    scene->Start(Replication(0));
    scene->AdvanceTo(scenario.run.duration);
    std::map<std::string, double> numbers;
    for (const Column& column : scene->Finish().series.columns) {
      double sum = 0;
      for (double value : column.values) sum += value;
      const bool level = column.name.find("n_flow_on") != std::string::npos;
      numbers[column.name] = level ? column.values.back() : sum;
    }
    scene.reset();  // closes the capture
    return numbers;
  });
}

// The counters once more, from the bytes of the capture and the definitions
// alone: a list of packets of each connection, looked at as a whole.
class PlainCount {
 public:
  explicit PlainCount(const std::string& pcap) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(pcap.data());
    for (size_t at = 24; at < pcap.size();) {
      const size_t captured = Little32(bytes + at + 8);
      const uint8_t* ip = bytes + at + 16 + 2;  // behind the PPP header
      const uint8_t* tcp = ip + 4 * (ip[0] & 15);
      Packet packet;
      packet.flags = tcp[13] & 0x1f;
      packet.sequence = Big(tcp + 4);
      packet.acknowledgement = Big(tcp + 8);
      packet.data = Big(ip) % 65536 - 4 * (ip[0] & 15) - 4 * (tcp[12] >> 4);
      packets_[Big(ip + 16)][{Big(ip + 12), Big(tcp) >> 16}].push_back(packet);
      at += 16 + captured;
    }
  }

  std::map<std::string, double> Of(const std::string& server,
                                   uint32_t address) const {
    std::map<std::string, double> counts;
    const auto count = [&](const char* what) -> double& {
      return counts["server." + server + "." + what];
    };
    for (const char* what : {"n_flow", "n_fct", "n_flow_on", "n_packet",
                             "n_norm_ack", "n_rtr", "n_dpk", "n_ooo"}) {
      count(what) = 0;
    }
    for (const auto& [client, packets] : packets_.at(address)) {
      // No port is used twice in so short a run.
      ++count("n_flow");
      count("n_packet") += static_cast<double>(packets.size());
      bool fin = false;
      for (const Packet& packet : packets) fin |= (packet.flags & 1) != 0;
      ++count(fin ? "n_fct" : "n_flow_on");
      for (size_t i = 1; i < packets.size(); ++i) {
        const char* what = Kind(packets, i);
        if (what != nullptr) ++count(what);
      }
    }
    return counts;
  }

 private:
  struct Packet {
    uint32_t flags, sequence, acknowledgement, data;
    // Sequence numbers begin at 0 in the simulator.
    uint32_t end() const {
      return sequence + data + ((flags & 3) != 0 ? 1 : 0);
    }
    bool pure() const { return data == 0 && (flags & 3) == 0; }
  };

  static uint32_t Big(const uint8_t* at) {
    return static_cast<uint32_t>(at[0] << 24 | at[1] << 16 | at[2] << 8 |
                                 at[3]);
  }
  static uint32_t Little32(const uint8_t* at) {
    return static_cast<uint32_t>(at[3] << 24 | at[2] << 16 | at[1] << 8 |
                                 at[0]);
  }

  // nullptr: none that has a counter of its own.
  static const char* Kind(const std::vector<Packet>& packets, size_t i) {
    const Packet& packet = packets[i];
    uint32_t end = 0;
    uint32_t acknowledged = 0;
    bool answered = false;
    for (size_t before = 0; before < i; ++before) {
      if (!packets[before].pure()) end = std::max(end, packets[before].end());
      if ((packets[before].flags & 16) == 0) continue;
      answered = true;
      acknowledged = std::max(acknowledged, packets[before].acknowledgement);
    }
    if (!packet.pure()) {
      return packet.sequence < end   ? "n_rtr"
             : packet.sequence > end ? "n_ooo"
                                     : nullptr;
    }
    if (!answered) return nullptr;
    return packet.acknowledgement > acknowledged   ? "n_norm_ack"
           : packet.acknowledgement < acknowledged ? "n_ooo"
                                                   : "n_dpk";
  }

  using Client = std::pair<uint32_t, uint32_t>;
  std::map<uint32_t, std::map<Client, std::vector<Packet>>> packets_;
};

TEST(Capture, OnlineOfflineAndPlainCountsAreEqual) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "balancer.pcap";
  auto online = RunWithCapture(LossyPool(), path);
  PcapOptions options;
  // The servers stand on the first hosts that are free: 2, 3 and 4.
  options.servers = {{"a", 0x0a000003}, {"b", 0x0a000004}, {"c", 0x0a000005}};
  options.interval = Milliseconds(50);
  const Trace offline = ImportTrace("pcap", path, options);
  const PlainCount plain(ReadFile(path));
  for (const PcapServer& server : options.servers) {
    auto counts = plain.Of(server.name, server.address);
    counts["server." + server.name + ".n_cls"] = 0;
    for (size_t c = 0; c < kServerCounters; ++c) {
      const Column column =
          ServerCounterColumn(server.name, static_cast<ServerCounter>(c));
      const auto& values = offline.Get(column.name).values;
      double sum = 0;
      for (double value : values) sum += value;
      const bool level = c == Index(ServerCounter::kFlowsOn);
      EXPECT_EQ(level ? values.back() : sum, online[column.name])
          << column.name;
      EXPECT_EQ(counts[column.name], online[column.name]) << column.name;
    }
  }
  // There was something to count.
  EXPECT_GT(online["server.c.n_rtr"], 20);
  EXPECT_GT(online["server.c.n_ooo"], 20);
  EXPECT_GT(online["server.c.n_dpk"], 5);
  EXPECT_GT(online["server.c.n_norm_ack"], 500);
}

}  // namespace
}  // namespace airlock
