#include "agents/balancing/pool_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "agents/balancing/weight_rules.h"

namespace airlock {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

BalancerConfig TwoServers() {
  BalancerConfig balancer;
  balancer.servers = {{"a", 4, 1, 1, {}}, {"b", 2, 0.5, 0.5, {}}};
  return balancer;
}

std::map<std::string, double> Counters() {
  return {{"server.a.n_flow_on", 8},
          {"server.a.n_flow", 6},
          {"server.a.n_fct", 5},
          {"server.a.flow_duration_mean_decay", 0.2},
          {"server.a.up", 1},
          {"server.b.n_flow_on", 0},
          {"server.b.n_flow", 2},
          {"server.b.n_fct", 3},
          {"server.b.flow_duration_mean_decay", 0.1},
          {"server.b.up", 0}};
}

TEST(PoolViewTest, IsReadFromTheColumns) {
  const PoolView view = PoolViewOf(Counters(), PoolSetupOf(TwoServers()));
  ASSERT_EQ(view.servers.size(), 2u);
  EXPECT_EQ(view.servers[0].flows_on, 8);
  EXPECT_EQ(view.servers[0].begun, 6);
  EXPECT_EQ(view.servers[1].completed, 3);
  EXPECT_EQ(view.servers[1].duration, 0.1);
  EXPECT_TRUE(view.servers[0].up);
  EXPECT_FALSE(view.servers[1].up);
}

TEST(PoolViewTest, DoubtsWhatCannotBe) {
  const PoolSetup setup = PoolSetupOf(TwoServers());
  const auto doubt = [&](const std::string& column, double value) {
    auto counters = Counters();
    counters[column] = value;
    return DoubtOf(PoolViewOf(counters, setup), setup);
  };
  const double nan = std::nan("");
  EXPECT_EQ(doubt("server.a.n_flow", 6), "");
  EXPECT_EQ(doubt("server.b.n_flow_on", nan), "server b: no n_flow_on");
  EXPECT_EQ(doubt("server.a.n_fct", -1), "server a: n_fct is -1");
  EXPECT_EQ(doubt("server.b.flow_duration_mean_decay", -0.1),
            "server b: flow_duration is -0.1");
  // Before a server's first flow there is none.
  EXPECT_EQ(doubt("server.b.flow_duration_mean_decay", nan), "");
  EXPECT_EQ(DoubtOf(PoolViewOf({}, setup), setup), "server a: no n_flow_on");
}

TEST(PoolViewTest, FeaturesAreByCapacityAndFinite) {
  const PoolSetup setup = PoolSetupOf(TwoServers());
  PoolView view = PoolViewOf(Counters(), setup);
  view.weights = {1.5, 0.5};
  const auto fields = PoolFeatureFields(setup);
  std::vector<double> features(fields.size());
  WritePoolFeatures(view, setup, features.data());
  std::map<std::string, double> named;
  for (size_t i = 0; i < fields.size(); ++i) {
    named[fields[i].name] = features[i];
    EXPECT_GE(features[i], fields[i].low) << fields[i].name;
    EXPECT_LE(features[i], fields[i].high) << fields[i].name;
  }
  EXPECT_THAT(named["server.a.flows_by_capacity"], DoubleEq(std::log1p(2)));
  EXPECT_THAT(named["server.a.share_of_new"], DoubleEq(0.75));
  EXPECT_THAT(named["server.b.share_of_weight"], DoubleEq(0.25));
  EXPECT_THAT(named["server.b.duration_ratio"], DoubleEq(std::log(0.1 / 0.15)));
  EXPECT_THAT(named["server.b.ended_by_capacity"], DoubleEq(std::log1p(3)));
  EXPECT_EQ(named["server.b.up"], 0);
  EXPECT_THAT(named["pool.flows_by_capacity"], DoubleEq(std::log1p(8.0 / 5)));

  PoolView missing = PoolViewOf({}, setup);
  missing.weights = {1, 1};
  WritePoolFeatures(missing, setup, features.data());
  for (const double feature : features) EXPECT_TRUE(std::isfinite(feature));
}

std::vector<double> Weights(const std::string& agent, SimTime time) {
  BalancerConfig balancer = TwoServers();
  balancer.events = {
      {"a", "slow-down", Milliseconds(1000), Milliseconds(2000), Ratio(0.125)},
      {"b", "failure", Milliseconds(3000), Milliseconds(4000)}};
  const auto policy = FindWeightPolicy(agent)->create(balancer);
  return policy->Decide(time, PoolViewOf(Counters(), PoolSetupOf(balancer)));
}

TEST(WeightPoliciesTest, DecideAsTheySay) {
  EXPECT_THAT(Weights("ecmp", SimTime(0)), ElementsAre(1, 1));
  EXPECT_THAT(Weights("wcmp", SimTime(0)), ElementsAre(2, 0.5));
  // Eight flows and none: a ninth and one.
  EXPECT_THAT(Weights("lsq", SimTime(0)),
              ElementsAre(DoubleEq(2.0 / 9), DoubleEq(2)));
  EXPECT_THAT(Weights("true-capacity", SimTime(0)), ElementsAre(2, 0.5));
  EXPECT_THAT(Weights("true-capacity", Milliseconds(1500)), ElementsAre(1, 2));
  EXPECT_THAT(Weights("true-capacity", Milliseconds(3500)), ElementsAre(2, 0));
}

TEST(WeightPoliciesTest, NormalisedNeverSaysNobody) {
  const PoolSetup setup = PoolSetupOf(TwoServers());
  EXPECT_THAT(Normalised({0.1, 0.4}, setup), ElementsAre(0.5, 2));
  EXPECT_THAT(Normalised({0, -1}, setup), ElementsAre(2, 0.5));
}

}  // namespace
}  // namespace airlock
