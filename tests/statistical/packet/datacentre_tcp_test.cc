#include <gtest/gtest.h>
#include <ns3/inet-socket-address.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/socket.h>
#include <ns3/udp-socket-factory.h>

#include <cmath>

#include "sim/packet/datacentre_network.h"
#include "sim/workload/flow_sizes.h"
#include "tests/support/datacentre_runs.h"

namespace airlock {
namespace {

// A segment of 1448 B travels with 52 B of IP and TCP and 2 B of PPP.
TEST(Tcp, SingleFlowFillsTheLink) {
  for (const char* kind : {"dctcp", "cubic", "newreno"}) {
    SCOPED_TRACE(kind);
    Scenario scenario = DatacentreScenario(2, 2, 2);
    scenario.run.duration = Milliseconds(200);
    scenario.datacentre->transport.kind = kind;
    scenario.datacentre->traffic.kind = "incast";
    scenario.datacentre->traffic.flows = 1;
    const auto numbers = RunDatacentre(scenario);
    EXPECT_NEAR(numbers.at("goodput_mean") / (1448.0 / 1502 * 1e9), 1, 0.01);
  }
}

TEST(Tcp, BackToBackHostsFillTheLink) {
  Scenario scenario = DatacentreScenario(1, 1, 1);
  scenario.datacentre->topology.kind = "back-to-back";
  scenario.run.duration = Milliseconds(200);
  scenario.datacentre->traffic.kind = "incast";
  scenario.datacentre->traffic.flows = 1;
  const auto numbers = RunDatacentre(scenario);
  EXPECT_NEAR(numbers.at("goodput_mean") / (1448.0 / 1502 * 1e9), 1, 0.01);
}

// Time in nanoseconds that a datagram of `payload` bytes takes from host 0 to
// the last host.
double DatagramNanoseconds(const DatacentreConfig& config, uint32_t payload) {
  return NumbersFromChild([&] {
           Ns3Datacentre network(config, 1);
           const int64_t last = network.hosts() - 1;
           const auto socket = [&](int64_t host) {
             return ns3::Socket::CreateSocket(
                 network.host(host), ns3::UdpSocketFactory::GetTypeId());
           };
           auto receiver = socket(last);
           receiver->Bind(
               ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 9));
           double arrival = -1;
           receiver->SetRecvCallback(ns3::Callback<void, ns3::Ptr<ns3::Socket>>(
               [&](ns3::Ptr<ns3::Socket>) {
                 arrival = static_cast<double>(network.Now().value());
               }));
           auto sender = socket(0);
           sender->Bind();
           constexpr double kStart = 1000;
           ns3::Simulator::Schedule(ns3::NanoSeconds(kStart), [&] {
             sender->SendTo(ns3::Create<ns3::Packet>(payload), 0,
                            ns3::InetSocketAddress(network.address(last), 9));
           });
           ns3::Simulator::Run();
           return std::map<std::string, double>{{"ns", arrival - kStart}};
         })
      .at("ns");
}

// The sum of L/R + d over the links, for rates at which L/R is whole.
TEST(Datagram, StoreAndForwardLatencyIsExact) {
  DatacentreConfig config = *DatacentreScenario(2, 3, 2).datacentre;
  config.topology.host_link = {Gbps(1), Nanoseconds(1300)};
  config.topology.fabric_link = {Gbps(8), Nanoseconds(700)};
  for (uint32_t payload : {100u, 1000u, 1470u}) {
    const double bytes = payload + 28 + 2;  // UDP, IP and PPP headers
    const double expected = 2 * (8 * bytes + 1300) + 2 * (bytes + 700);
    EXPECT_EQ(DatagramNanoseconds(config, payload), expected) << payload;
  }
  config.topology.kind = "back-to-back";
  EXPECT_EQ(DatagramNanoseconds(config, 1000), 8 * 1030 + 1300);
  // Preamble, header and frame check are ahead of a frame's end: 26 bytes.
  config.topology.framing = "ethernet";
  EXPECT_EQ(DatagramNanoseconds(config, 1000), 8 * (1028 + 26) + 1300);
}

// On a nearly idle network every flow takes the time of an idle one, but for
// the window's growth; the smallest, of one initial window, exactly.
TEST(Flows, SmallFlowsOnAnIdleNetworkTakeTheIdealTime) {
  Scenario scenario = DatacentreScenario(2, 2, 2);
  scenario.run.duration = Milliseconds(1000);
  scenario.datacentre->traffic.kind = "poisson";
  scenario.datacentre->traffic.sizes = "storage";
  scenario.datacentre->traffic.load = Ratio(0.02);
  const auto numbers = RunDatacentre(scenario);
  EXPECT_GT(numbers.at("flows_finished"), 50);
  EXPECT_NEAR(numbers.at("slowdown_p50"), 1, 1e-6);
  EXPECT_GE(numbers.at("slowdown_mean"), 1);
}

// Load is the payload offered to a host's link.
TEST(Flows, PoissonArrivalsOfferTheLoad) {
  constexpr int kReplications = 3;
  Scenario scenario = DatacentreScenario(2, 2, 2);
  scenario.run.duration = Milliseconds(300);
  scenario.datacentre->traffic.kind = "poisson";
  scenario.datacentre->traffic.sizes = "storage";
  scenario.datacentre->traffic.load = Ratio(0.2);
  double goodput = 0;
  double flows = 0;
  double seconds = 0;
  for (int64_t i = 0; i < kReplications; ++i) {
    const auto numbers = RunDatacentre(scenario, i);
    goodput += numbers.at("goodput_mean") / kReplications;
    flows += numbers.at("flows_finished") + numbers.at("flows_unfinished");
    seconds += numbers.at("measured_seconds");
    EXPECT_EQ(numbers.at("flows_failed"), 0);
  }
  // Of n flows, the count has a relative standard error of 1 / sqrt(n) and the
  // bytes, with sizes of a coefficient of variation of 4.7, one of 4.8 /
  // sqrt(n).
  const double offered = 4 * 0.2 * 1e9;
  const double rate = offered / 8 / FindFlowSizes("storage").MeanBytes();
  ASSERT_GT(flows, 1000);
  EXPECT_NEAR(flows / seconds / rate, 1, 4 / std::sqrt(flows));
  EXPECT_NEAR(goodput / offered, 1, 4 * 4.8 / std::sqrt(flows));
}

}  // namespace
}  // namespace airlock
