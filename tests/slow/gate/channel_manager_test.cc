#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The packet engine judges the shipped channel manager: some five minutes of
// processor time.
namespace airlock::testing {
namespace {

using nlohmann::json;

struct Judged {
  const char* gate;
  int exit_code;
};

class ChannelManagerGateTest : public ::testing::TestWithParam<Judged> {};

TEST_P(ChannelManagerGateTest, IsJudgedPacketByPacket) {
  const TemporaryFolder folder;
  const std::string gate =
      std::string("scenarios/gates/") + GetParam().gate + ".yaml";
  const ProgramResult run = RunAirlock({"gate", gate, "-o", folder / "out"});
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.out << run.err;
  const json summary = json::parse(ReadFile(folder / "out/summary.json"));
  for (const json& kpi : summary.at("kpis")) {
    for (const auto& model : kpi.at("models").items()) {
      EXPECT_EQ(model.value().at("n"), 10) << kpi.at("kpi");
    }
  }
  // Neither is rejected for what it was asked to keep to.
  for (const json& criterion : summary.at("criteria")) {
    if (criterion.at("kind") != "constraints") continue;
    EXPECT_EQ(criterion.at("outcome"), "promote") << criterion.at("reason");
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, ChannelManagerGateTest,
                         ::testing::Values(Judged{"channel-manager", 0},
                                           Judged{"channel-manager-noise", 1},
                                           Judged{"channel-manager-untrained",
                                                  1}),
                         [](const auto& instance) {
                           std::string name = instance.param.gate;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace airlock::testing
