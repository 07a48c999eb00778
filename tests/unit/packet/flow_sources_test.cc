#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "sim/packet/flow_metrics.h"
#include "sim/packet/workload.h"
#include "sim/workload/flow_sizes.h"

namespace airlock {
namespace {

// Hosts of 1 Gb/s in racks, without ns-3 behind them.
class Racks : public DatacentreNetwork {
 public:
  Racks(int64_t racks, int64_t hosts) : racks_(racks), per_rack_(hosts) {}

  int64_t hosts() const override { return racks_ * per_rack_; }
  ns3::Ptr<ns3::Node> host(int64_t) const override { return nullptr; }
  ns3::Ipv4Address address(int64_t) const override { return {}; }
  Bandwidth link_rate(int64_t) const override { return Gbps(1); }
  int64_t leaf(int64_t index) const override {
    return hosts() + index / per_rack_;
  }
  SimTime IdealFlowTime(int64_t, int64_t, DataSize, DataSize) const override {
    return {};
  }
  SimTime Now() const override { return {}; }

 private:
  int64_t racks_;
  int64_t per_rack_;
};

std::unique_ptr<FlowSource> Source(const FabricWorkload& config,
                                   const DatacentreNetwork& network) {
  return FindWorkload(config.kind)
      .create(config, network, RngTree(1), Replication(0));
}

std::string TemporaryFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

// Of flows up to `seconds`: their number by pair of racks, and bytes sent.
struct Counted {
  std::map<std::pair<int64_t, int64_t>, double> flows;
  double all = 0;
  double bytes = 0;
};

Counted Count(const FabricWorkload& config, const Racks& network,
              double seconds) {
  Counted counted;
  const auto source = Source(config, network);
  SimTime last;
  while (const auto flow = source->Next()) {
    EXPECT_GE(flow->start, last);
    last = flow->start;
    if (Seconds(last) > seconds) break;
    EXPECT_NE(flow->from, flow->to);
    ++counted.flows[{network.leaf(flow->from) - network.hosts(),
                     network.leaf(flow->to) - network.hosts()}];
    ++counted.all;
    counted.bytes += static_cast<double>(flow->size->value());
  }
  return counted;
}

TEST(FlowSources, RackMatrixIsFollowed) {
  const Racks network(3, 2);
  FabricWorkload config;
  config.kind = "rack-matrix";
  config.sizes_file = TemporaryFile("size.txt", "1000 0\n1000 100\n");
  config.matrix = TemporaryFile("racks.csv", "1,2,0\n0,3,1\n5,0,4\n");
  config.load = Ratio(0.5);
  // Rack 2 sends 9 of 16: half of its 2 Gb/s.
  constexpr double kSeconds = 0.1;
  const Counted counted = Count(config, network, kSeconds);
  const double expected = 1e9 * 16 / 9 / 8 / 1000 * kSeconds;
  EXPECT_NEAR(counted.all / expected, 1, 4 / std::sqrt(expected));
  const double amounts[] = {1, 2, 0, 0, 3, 1, 5, 0, 4};
  double chi_square = 0;
  for (int64_t i = 0; i < 9; ++i) {
    const auto found = counted.flows.find({i / 3, i % 3});
    const double flows = found == counted.flows.end() ? 0 : found->second;
    const double mean = counted.all * amounts[i] / 16;
    if (mean == 0) {
      EXPECT_EQ(flows, 0);
    } else {
      chi_square += (flows - mean) * (flows - mean) / mean;
    }
  }
  EXPECT_LT(chi_square, 20.52);  // 99.9 % of chi-square with 5 degrees
}

TEST(FlowSources, PoissonOffersTheLoadOfUsersSizes) {
  const Racks network(2, 2);
  FabricWorkload config;
  config.kind = "poisson";
  config.sizes_file = TemporaryFile("sizes.txt", "500 50\n1500 100\n");
  config.load = Ratio(0.3);
  constexpr double kSeconds = 0.1;
  const Counted counted = Count(config, network, kSeconds);
  EXPECT_NEAR(counted.bytes * 8 / (0.3 * 4e9 * kSeconds), 1,
              6 / std::sqrt(counted.all));
}

TEST(FlowSources, TraceIsTheFile) {
  FabricWorkload config;
  config.kind = "trace";
  config.trace = TemporaryFile(
      "flows.csv", "time [s],from,to,bytes\n0,0,3,10\n1e-3,2,1,20\n");
  const auto source = Source(config, Racks(2, 2));
  const auto first = source->Next();
  const auto second = source->Next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->to, 3);
  EXPECT_EQ(second->start, Milliseconds(1));
  EXPECT_EQ(second->from, 2);
  EXPECT_EQ(second->size, DataSize(20));
  EXPECT_FALSE(source->Next());
}

// Rounds of finite requests begin an interval apart, spread over the stagger;
// each is drawn anew; long-lived flows have one round.
TEST(FlowSources, RoundsRepeat) {
  const Racks network(4, 4);
  FabricWorkload config;
  config.kind = "incast";
  config.flows = 5;
  config.receiver = 3;
  config.request = DataSize(1000);
  config.interval = Milliseconds(2);
  config.stagger = Microseconds(10);
  const auto source = Source(config, network);
  std::map<int64_t, std::vector<int64_t>> senders;
  for (int i = 0; i < 20; ++i) {
    const auto flow = source->Next();
    ASSERT_TRUE(flow);
    EXPECT_EQ(flow->round, i / 5);
    EXPECT_EQ(flow->to, 3);
    const SimTime begin = Milliseconds(2 * flow->round);
    EXPECT_GE(flow->start, begin);
    EXPECT_LT(flow->start, begin + Microseconds(10));
    senders[flow->round].push_back(flow->from);
  }
  EXPECT_NE(senders[0], senders[1]);
  config.interval.reset();
  config.request.reset();
  const auto once = Source(config, network);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(once->Next()->size);
  EXPECT_FALSE(once->Next());
}

TEST(FlowSources, AllToAllIsEveryPair) {
  FabricWorkload config;
  config.kind = "all-to-all";
  config.stagger = SimTime();
  const auto source = Source(config, Racks(2, 3));
  std::map<std::pair<int64_t, int64_t>, int> pairs;
  while (const auto flow = source->Next()) ++pairs[{flow->from, flow->to}];
  EXPECT_EQ(pairs.size(), 30u);
  for (const auto& [pair, count] : pairs) {
    EXPECT_NE(pair.first, pair.second);
    EXPECT_EQ(count, 1);
  }
}

TEST(FlowMetrics, AreBySize) {
  const std::vector<FlowOutcome> flows = {{DataSize(9999), 1.0, 2.0},
                                          {DataSize(10000), 3.0, 4.0},
                                          {DataSize(99999), 5.0, 8.0},
                                          {DataSize(50000), {}, 0},
                                          {DataSize(20000000), {}, 0}};
  std::vector<Metric> metrics;
  AddCompletionMetrics(flows, &metrics);
  std::map<std::string, double> value;
  for (const Metric& metric : metrics) value[metric.name] = metric.value;
  EXPECT_EQ(value.at("slowdown_p50.under_10kB"), 2);
  EXPECT_EQ(value.at("fct_p50.10kB_to_100kB"), 4);
  EXPECT_EQ(value.at("slowdown_p50.10kB_to_100kB"), 6);
  EXPECT_EQ(value.at("flows_finished.10kB_to_100kB"), 2);
  EXPECT_DOUBLE_EQ(value.at("flows_unfinished_share.10kB_to_100kB"), 1.0 / 3);
  EXPECT_EQ(value.at("flows_unfinished_share.over_10MB"), 1);
  EXPECT_TRUE(std::isnan(value.at("fct_p99.over_10MB")));
  EXPECT_TRUE(std::isnan(value.at("flows_unfinished_share.1MB_to_10MB")));
  EXPECT_EQ(value.at("flows_unfinished"), 2);
  EXPECT_DOUBLE_EQ(value.at("flows_unfinished_share"), 0.4);
  EXPECT_EQ(value.at("fct_mean"), 3);
}

}  // namespace
}  // namespace airlock
