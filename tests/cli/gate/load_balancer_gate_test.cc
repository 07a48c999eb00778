#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The shipped load balancer, and one that nobody has trained, at the gate on
// the fast engine.
namespace airlock::testing {
namespace {

using nlohmann::json;

struct Judged {
  const char* gate;
  int exit_code;
  const char* outcome;  // of the criteria on completion times
};

class LoadBalancerGateTest : public ::testing::TestWithParam<Judged> {};

TEST_P(LoadBalancerGateTest, IsJudgedOnTheFastEngine) {
  const TemporaryFolder folder;
  const std::string gate =
      std::string("scenarios/gates/") + GetParam().gate + ".yaml";
  const ProgramResult run = RunAirlock(
      {"gate", gate, "-o", folder / "out", "--set", "twin.replications=10"});
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.out << run.err;
  const json summary = json::parse(ReadFile(folder / "out/summary.json"));
  int judged = 0;
  for (const json& criterion : summary.at("criteria")) {
    const std::string kind = criterion.at("kind");
    SCOPED_TRACE(criterion.dump());
    if (kind == "superiority") {
      EXPECT_EQ(criterion.at("outcome"), GetParam().outcome);
      ++judged;
    } else if (kind == "constraints") {  // a shield is before both
      EXPECT_EQ(criterion.at("outcome"), "promote");
      ++judged;
    }
  }
  EXPECT_EQ(judged, 3);
}

INSTANTIATE_TEST_SUITE_P(
    Shipped, LoadBalancerGateTest,
    ::testing::Values(Judged{"load-balancer", 0, "promote"},
                      Judged{"load-balancer-broken", 1, "reject"}),
    [](const auto& instance) {
      std::string name = instance.param.gate;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

// Every decision says what it set and why; the run's metrics say what the
// shield did.
TEST(LoadBalancerRunTest, ExplainsItsDecisions) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(
      {"run", "scenarios/datacentre/load-balancer.yaml", "-o", folder / "out",
       "--replications", "2", "--set", "run.duration=100s", "--set",
       "controller.agent=load-balancer", "--set",
       "controller.policy=agents/policies/load-balancer.json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, ::testing::HasSubstr("balancer.unsafe"));
  const std::string decisions = ReadFile(folder / "out/decisions.csv");
  EXPECT_THAT(decisions, ::testing::HasSubstr("server.a.weight"));
  EXPECT_THAT(decisions, ::testing::HasSubstr(" flows on, "));
}

// A policy runs in the pool whose servers it was trained for, and nowhere else.
TEST(LoadBalancerRunTest, APolicyOfAnotherPoolIsRefused) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& set, const std::string& why) {
    const ProgramResult run = RunAirlock(
        {"run", "scenarios/datacentre/load-balancer.yaml", "-o", folder / "out",
         "--set", "controller.agent=load-balancer", "--set", set});
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_THAT(run.err, ::testing::HasSubstr(why));
    EXPECT_THAT(run.err, ::testing::HasSubstr("controller.policy"));
  };
  refused("run.seed=1", "agent 'load-balancer' needs a trained policy");
  refused("controller.policy=agents/policies/net2seq-20.json", "net2seq-20");
}

}  // namespace
}  // namespace airlock::testing
