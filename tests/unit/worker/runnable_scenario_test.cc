#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "twin/worker/run_batch.h"

// What is wrong with a trained agent's policy is said where the scenario names
// it, before anything runs.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

// What is found in a scenario of two access points with that controller.
std::string FoundWith(const std::string& controller,
                      const std::string& wlan = "") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.yaml";
  WriteFileAtomically(path,
                      "schema: 1\nname: a\ncontroller: {" + controller +
                          "}\nwlan:\n  region: US\n" + wlan +
                          "  access_points:\n"
                          "    - {name: one, position: {x: 0m, y: 0m}}\n"
                          "    - {name: two, position: {x: 9m, y: 0m}}\n");
  WriteFileAtomically(folder / "broken.json", "{\"format\": \"none\"}");
  Diagnostics diagnostics;
  LoadRunnableScenario(path, {}, &diagnostics);
  return diagnostics.Format();
}

TEST(RunnableScenarioTest, ATrainedAgentWithItsPolicyRuns) {
  EXPECT_EQ(FoundWith(std::string("agent: net2seq, policy: ") + kPolicy), "");
}

TEST(RunnableScenarioTest, APolicyIsMissedAtItsController) {
  EXPECT_THAT(FoundWith("agent: net2seq"),
              HasSubstr("error: controller.policy: agent 'net2seq' needs a "
                        "trained policy: name its file"));
  EXPECT_THAT(FoundWith("agent: net2seq"), HasSubstr("a.yaml:3:"));
}

TEST(RunnableScenarioTest, AWrongPolicyIsFoundAtItsPlace) {
  EXPECT_THAT(FoundWith("agent: net2seq, policy: broken.json"),
              HasSubstr("a.yaml:3:38: error: controller.policy: "));
  EXPECT_THAT(FoundWith("agent: net2seq, policy: broken.json"),
              HasSubstr("'airlock-net2seq' is read here"));
  EXPECT_THAT(FoundWith("agent: turboca, policy: broken.json"),
              HasSubstr("a.yaml:3:38: error: controller.policy: agent "
                        "'turboca' is not trained and takes no policy"));
  EXPECT_THAT(FoundWith("agent: net2seq, policy: none.json"),
              HasSubstr("a.yaml:3:38: error: controller.policy: "));
}

TEST(RunnableScenarioTest, ANetworkThatBondsMoreIsFoundAtThePolicy) {
  EXPECT_THAT(FoundWith(std::string("agent: net2seq, policy: ") + kPolicy,
                        "  max_width: 40MHz\n"),
              HasSubstr("a.yaml:3:38: error: controller.policy: the net2seq "
                        "policy was trained for 1 bonding levels; the network "
                        "may bond at 2"));
}

}  // namespace
}  // namespace airlock::testing
