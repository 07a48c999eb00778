#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/datacentre_runs.h"

namespace airlock {
namespace {

struct Case {
  int64_t flows;
  int64_t threshold;
};

class DctcpQueue : public ::testing::TestWithParam<Case> {};

// Alizadeh et al., "Data center TCP (DCTCP)", SIGCOMM'10, section 3.3: with N
// flows and threshold K, the queue swings between Qmax = K + N (eq. 10) and
// Qmax - A, A = sqrt(2 N (C RTT + K)) / 2 (eq. 8), in packets. The peak may
// exceed Qmax a little where flows are not in step and windows are a few
// packets.
TEST_P(DctcpQueue, SwingsBelowThresholdPlusFlows) {
  const double n = static_cast<double>(GetParam().flows);
  const double k = static_cast<double>(GetParam().threshold);
  Scenario scenario = DatacentreScenario(2, 2, 8);
  scenario.run.duration = Milliseconds(250);
  scenario.datacentre->topology.queue.ecn_threshold = GetParam().threshold;
  scenario.datacentre->traffic.kind = "incast";
  scenario.datacentre->traffic.flows = GetParam().flows;
  const auto numbers = RunDatacentre(scenario);

  // Four links of 12.016 us and 1 us there, acknowledgements of 0.432 us back.
  const double rtt_packets = (4 * (12.016 + 1) + 4 * (0.432 + 1)) / 12.016;
  const double swing = std::sqrt(2 * n * (rtt_packets + k)) / 2;
  EXPECT_GE(numbers.at("queue_p99"), k);
  EXPECT_LE(numbers.at("queue_p99"), k + n + 6);
  // One packet more is on the wire, which the theory counts.
  EXPECT_GE(numbers.at("queue_mean") + 1, k + n - swing);
  EXPECT_LE(numbers.at("queue_mean"), k + n);
  EXPECT_EQ(numbers.at("drops"), 0);
  EXPECT_GT(numbers.at("marks"), 0);
  EXPECT_NEAR(numbers.at("goodput_mean") / 1e6, 1448.0 / 1502 * 1000, 2);
}

INSTANTIATE_TEST_SUITE_P(Cases, DctcpQueue,
                         ::testing::Values(Case{2, 20}, Case{2, 65},
                                           Case{10, 20}),
                         [](const auto& info) {
                           return "N" + std::to_string(info.param.flows) + "K" +
                                  std::to_string(info.param.threshold);
                         });

// The contrast: without marks, CUBIC keeps more than half of the buffer full,
// ten times what DCTCP keeps, for the same goodput.
TEST(CubicQueue, StandsInADropTailBuffer) {
  Scenario scenario = DatacentreScenario(2, 2, 4);
  scenario.run.duration = Milliseconds(600);
  scenario.run.sample_interval = Milliseconds(4);
  scenario.datacentre->topology.queue.discipline = "drop-tail";
  scenario.datacentre->transport.kind = "cubic";
  scenario.datacentre->traffic.kind = "incast";
  scenario.datacentre->traffic.flows = 2;
  const auto numbers = RunDatacentre(scenario);
  EXPECT_GT(numbers.at("queue_mean"), 500);
  EXPECT_GT(numbers.at("queue_p99"), 700);
  EXPECT_EQ(numbers.at("marks"), 0);
  EXPECT_NEAR(numbers.at("goodput_mean") / 964.05e6, 1, 0.01);
}

}  // namespace
}  // namespace airlock
