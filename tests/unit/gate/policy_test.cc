#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "twin/gate/gate_file.h"
#include "twin/gate/input_files.h"

// A trained agent in a gate file.
namespace airlock::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

// A gate about `candidate`; line 5 is what it is.
std::optional<GateFile> Load(const std::string& candidate, std::string* found) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "twin.yaml", "schema: 1\n");
  WriteFileAtomically(folder / "broken.json", "{}");
  WriteFileAtomically(folder / "gate.yaml",
                      "schema: 1\nname: g\nquestion: {kind: control}\n"
                      "twin: {scenario: twin.yaml}\n"
                      "candidate: {name: a, " +
                          candidate +
                          "}\nincumbent: {name: b, agent: static}\n"
                          "criteria: [{kind: constraints}]\n");
  Diagnostics diagnostics;
  auto file = LoadGateFile(folder / "gate.yaml", {}, &diagnostics);
  *found = diagnostics.Format();
  return file;
}

std::string FoundWith(const std::string& candidate) {
  std::string found;
  EXPECT_FALSE(Load(candidate, &found)) << candidate;
  return found;
}

TEST(GatePolicyTest, ACandidateHasItsPolicyAndMaySeeByItself) {
  std::string found;
  const auto file = Load(std::string("agent: net2seq, policy: ") + kPolicy +
                             ", observation: {rssi_noise_db: 8, dropout: 10%}",
                         &found);
  ASSERT_TRUE(file) << found;
  EXPECT_EQ(file->candidate.policy, kPolicy);
  ASSERT_TRUE(file->candidate.observation.has_value());
  EXPECT_EQ(file->candidate.observation->rssi_noise_db, 8);
  EXPECT_EQ(file->candidate.observation->dropout.value(), 0.1);
  EXPECT_FALSE(file->incumbent.observation.has_value());
}

TEST(GatePolicyTest, WhatIsWrongIsSaidAtThePolicy) {
  EXPECT_THAT(FoundWith("agent: net2seq"),
              HasSubstr("candidate.policy: agent 'net2seq' needs a trained "
                        "policy: name its file"));
  EXPECT_THAT(FoundWith("agent: turboca, policy: broken.json"),
              HasSubstr("gate.yaml:5:46: error: candidate.policy: agent "
                        "'turboca' is not trained and takes no policy"));
  EXPECT_THAT(FoundWith("agent: net2seq, policy: broken.json"),
              HasSubstr("gate.yaml:5:46: error: candidate.policy: "));
  EXPECT_THAT(FoundWith("agent: net2seq, policy: none.json"),
              HasSubstr("gate.yaml:5:46: error: candidate.policy: "));
  EXPECT_THAT(FoundWith("command: [a], files: [broken.json], policy: "
                        "broken.json"),
              HasSubstr("candidate.policy: belongs to an 'agent', and none is "
                        "given"));
}

TEST(GatePolicyTest, AForecastHasNoObservationOfItsOwn) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "a.csv", "time,a\n0,1\n");
  WriteFileAtomically(folder / "gate.yaml",
                      "schema: 1\nname: g\ntrace: {path: a.csv}\n"
                      "candidate: {name: a, forecaster: constant, "
                      "observation: {delay: 1}}\n"
                      "incumbent: {name: b, forecaster: constant}\n"
                      "criteria: [{kind: complete, at_least: 60}]\n");
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadGateFile(folder / "gate.yaml", {}, &diagnostics));
  EXPECT_THAT(diagnostics.Format(),
              HasSubstr("candidate.observation: belongs to a question of kind "
                        "control"));
}

TEST(GatePolicyTest, AScenariosPolicyIsAmongItsFiles) {
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(
      AIRLOCK_SOURCE_DIR "/scenarios/wlan/channel-manager-packets.yaml",
      {std::string("controller.policy=") + kPolicy}, &diagnostics);
  ASSERT_TRUE(scenario) << diagnostics.Format();
  EXPECT_THAT(FilesOf(*scenario), Contains(kPolicy));
}

}  // namespace
}  // namespace airlock::testing
