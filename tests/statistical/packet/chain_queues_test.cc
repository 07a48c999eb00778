#include <gtest/gtest.h>

#include <cmath>

#include "sim/packet/scene.h"
#include "tests/support/chain_run.h"

namespace airlock {
namespace {

constexpr double kService = 100e-6;
// Propagation and 988 B at 100 Gbit/s: not the queue's.
constexpr double kLink = 100e-9 + 988 * 8 / 100e9;

class PacketQueueTest : public ::testing::TestWithParam<double> {};

TEST_P(PacketQueueTest, MM1) {
  const double rho = GetParam();
  Scenario scenario = ChainScenario(rho);
  scenario.run.duration = Milliseconds(rho > 0.85 ? 100000 : 30000);
  const auto result = RunChain(scenario, 0, CreateDatacentreScene);
  const double want = kService / (1 - rho);
  EXPECT_NEAR(Number(result, "chain.latency_mean") - kLink, want, 0.03 * want);
  EXPECT_EQ(Number(result, "chain.loss_ratio"), 0);
  EXPECT_NEAR(Number(result, "chain.function.inspect.busy"), rho, 0.02);
  RecordProperty("events", result.at("events"));
  RecordProperty("wall_seconds", result.at("wall_seconds"));
}

TEST_P(PacketQueueTest, MD1) {
  const double rho = GetParam();
  Scenario scenario = ChainScenario(rho);
  scenario.run.duration = Milliseconds(rho > 0.85 ? 100000 : 30000);
  scenario.datacentre->chain->functions[0].service.distribution = "constant";
  const auto result = RunChain(scenario, 0, CreateDatacentreScene);
  const double want = kService * (1 + rho / (2 * (1 - rho)));
  EXPECT_NEAR(Number(result, "chain.latency_mean") - kLink, want, 0.03 * want);
}

INSTANTIATE_TEST_SUITE_P(Load, PacketQueueTest, ::testing::Values(0.5, 0.8));
INSTANTIATE_TEST_SUITE_P(WideLoad, PacketQueueTest, ::testing::Values(0.9));

TEST(PacketFiniteRing, LossOfMM1N) {
  const double rho = 0.9;
  Scenario scenario = ChainScenario(rho);
  scenario.run.duration = Milliseconds(30000);
  scenario.datacentre->chain->functions[0].ring = 4;
  const auto result = RunChain(scenario, 0, CreateDatacentreScene);
  const double want = (1 - rho) * std::pow(rho, 5) / (1 - std::pow(rho, 6));
  EXPECT_NEAR(Number(result, "chain.loss_ratio"), want, 0.03 * want);
}

}  // namespace
}  // namespace airlock
