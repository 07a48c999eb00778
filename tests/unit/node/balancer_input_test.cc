#include "twin/node/balancer_input.h"

#include <gmock/gmock.h>

#include <cmath>

#include "sim/collector/features.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"
#include "twin/node/actuator.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// What a collector sees of two servers: sample i has i everywhere.
Trace TwoServers(int64_t samples) {
  Trace trace;
  trace.columns = CollectorColumns({"web1", "web2"});
  for (int64_t i = 0; i < samples; ++i) {
    trace.time_seconds.push_back(static_cast<double>(i));
    for (Column& column : trace.columns) {
      column.values.push_back(static_cast<double>(i));
    }
  }
  return trace;
}

std::vector<double>& Values(Trace* trace, const std::string& name) {
  for (Column& column : trace->columns) {
    if (column.name == name) return column.values;
  }
  throw Error("no column " + name);
}

TEST(BalancerInputTest, CountsAddUpAndTheRestIsTheLast) {
  Trace trace = TwoServers(4);
  Values(&trace, "server.web1.fct_mean")[3] = std::nan("");
  ControlInput input(BalancerInputRules({"web1", "web2"}));
  input.Bind(trace);
  for (int64_t i = 1; i < 4; ++i) {
    EXPECT_EQ(input.Take(trace, i).missing_share, 0);
  }
  const auto seen = input.Finish(4).values;
  for (const char* count : {"n_flow", "n_fct", "n_packet", "n_rtr"}) {
    EXPECT_EQ(seen.at(std::string("server.web1.") + count), 1 + 2 + 3);
  }
  EXPECT_EQ(seen.at("server.web1.n_flow_on"), 3);
  EXPECT_EQ(seen.at("server.web1.flow_duration_mean_decay"), 3);
  EXPECT_EQ(seen.at("server.web1.fct_mean"), 2);
}

TEST(BalancerInputTest, TellsWhatIsMissingAndWhatCannotBe) {
  Trace trace = TwoServers(2);
  Values(&trace, "server.web2.n_fct")[1] = std::nan("");
  Values(&trace, "server.web1.fct_p90")[1] = std::nan("");  // nobody needs it
  Values(&trace, "server.web1.n_flow")[1] = -1;
  ControlInput input(BalancerInputRules({"web1", "web2"}));
  input.Bind(trace);
  const SampleFaults faults = input.Take(trace, 1);
  EXPECT_NEAR(faults.missing_share, 1.0 / 6, 1e-12);
  EXPECT_EQ(faults.missing, "server.web2.n_fct");
  EXPECT_THAT(faults.outside, HasSubstr("server.web1.n_flow is -1"));
}

TEST(BalancerInputTest, NamesAnotherPool) {
  const Trace trace = TwoServers(1);
  const auto error = [&](const std::vector<std::string>& servers) {
    return ErrorOf(
        [&] { ControlInput(BalancerInputRules(servers)).Bind(trace); });
  };
  EXPECT_NO_THROW(
      ControlInput(BalancerInputRules({"web1", "web2"})).Bind(trace));
  EXPECT_THAT(error({"web1", "web2", "web3"}),
              HasSubstr("no counter 'server.web3.n_flow_on' (it has "));
  EXPECT_THAT(error({"web1"}),
              HasSubstr("a server 'web2' that the scenario's pool has not (it "
                        "has 'web1')"));
}

TEST(SettingGroupTest, IsCommittedWhole) {
  const testing::TemporaryFolder folder;
  ActuatorConfig config;
  config.kind = "file";
  config.path = folder / "weights.json";
  ActionTransaction<SettingGroup> transaction(
      config, MakeActuator<SettingGroup>(config));
  const SettingGroup weights = {{"web1", 2}, {"web2", 0.1}};
  EXPECT_EQ(transaction.Set(weights, {}).end, ActionOutcome::End::kCommitted);
  EXPECT_EQ(*transaction.committed(), weights);
  EXPECT_EQ(transaction.Set(weights, {}).end, ActionOutcome::End::kUnchanged);
}

TEST(SettingGroupTest, OfOtherServersIsNotVerified) {
  ActuatorConfig config;
  config.kind = "command";
  config.timeout = Milliseconds(5000);
  config.settle = config.verify_within = SimTime(0);
  config.apply = {"/bin/sh", "-c", "[ \"$0\" = web1=2,web2=0.5 ]", "{setting}"};
  config.read = {"/bin/echo",
                 R"({"configuration": {"web1": 2}, "state": {"web1": 2}})"};
  ActionTransaction<SettingGroup> transaction(
      config, MakeActuator<SettingGroup>(config));
  const ActionOutcome outcome =
      transaction.Set({{"web1", 2}, {"web2", 0.5}}, {{"web1", 1}});
  EXPECT_EQ(outcome.end, ActionOutcome::End::kUncertain);
  EXPECT_THAT(outcome.reason,
              HasSubstr("configuration: web1 2, web2 0.5 was applied, and web1 "
                        "2 is read back"));
  EXPECT_FALSE(transaction.committed());
  config.read = {"/bin/echo", R"({"configuration": 1, "state": 1})"};
  ActionTransaction<SettingGroup> scalar(config,
                                         MakeActuator<SettingGroup>(config));
  EXPECT_THAT(scalar.Set({{"web1", 2}, {"web2", 0.5}}, {}).reason,
              HasSubstr("{NAME: NUMBER, ...}"));
}

}  // namespace
}  // namespace airlock
