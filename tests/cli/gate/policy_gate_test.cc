#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// A trained channel planner goes through the gate and into a registry with its
// policy, on the airtime model, where a day costs little.
namespace airlock::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

// A gate between net2seq and a planner that changes nothing.
std::string WriteGate(const std::string& folder, const std::string& candidate,
                      const std::string& wlan = "") {
  WriteFileAtomically(
      folder + "/twin.yaml",
      "extends: " AIRLOCK_SOURCE_DIR
      "/scenarios/wlan/generated.yaml\n"
      "run: {replications: 12, duration: 7200s}\n"
      "wlan: {generated: {access_points: 9, neighbours: 6}, airtime: "
      "{dropped_slots: 0}" +
          wlan + "}\n");
  WriteFileAtomically(
      folder + "/gate.yaml",
      "schema: 1\nname: planner\nquestion: {kind: control}\n"
      "candidate: {name: trained, agent: net2seq, policy: " +
          std::string(kPolicy) + candidate +
          "}\nincumbent: {name: fixed, agent: static}\n"
          "twin: {scenario: twin.yaml}\n"
          "relax: [{criterion: twin-credible, because: it is a test}]\n"
          "criteria:\n"
          "  - {kind: superiority, kpi: regret, on: twin, better: "
          "lower}\n"
          "  - {kind: constraints, at_least: 50}\n");
  return folder + "/gate.yaml";
}

TEST(PolicyGateTest, APromotedPlannerIsInTheRegistryWithItsPolicy) {
  const TemporaryFolder folder;
  const std::string gate = WriteGate(folder.path(), "");
  const ProgramResult judged = RunAirlock({"gate", gate, "-o", folder / "out"});
  ASSERT_EQ(judged.exit_code, 0) << judged.out << judged.err;

  const std::string digest = Sha256OfFile(kPolicy);
  const json summary = json::parse(ReadFile(folder / "out/summary.json"));
  std::string input, file;
  for (const json& each : summary.at("inputs")) {
    if (each.at("what") == "candidate's policy") input = each.at("sha256");
  }
  for (const json& each : summary.at("candidate").at("files")) {
    if (each.at("path") == "candidate.policy.json") file = each.at("sha256");
  }
  EXPECT_EQ(input, digest);
  EXPECT_EQ(file, digest);

  const ProgramResult promoted = RunAirlock(
      {"promote", folder / "out", "--registry", folder / "registry"});
  ASSERT_EQ(promoted.exit_code, 0) << promoted.out << promoted.err;
  std::string files;
  for (const auto& version :
       fs::directory_iterator(folder / "registry/versions")) {
    files = version.path() / "files";
  }
  EXPECT_EQ(ReadFile(files + "/candidate.policy.json"), ReadFile(kPolicy));
  EXPECT_EQ(json::parse(ReadFile(files + "/candidate.controller")),
            json({{"agent", "net2seq"}, {"policy", "candidate.policy.json"}}));
}

TEST(PolicyGateTest, TheCandidateAloneSeesThroughItsObservation) {
  const TemporaryFolder folder;
  const auto means = [&](const std::string& name, const std::string& noise) {
    const std::string gate = WriteGate(folder.path(), noise);
    const ProgramResult run = RunAirlock({"gate", gate, "-o", folder / name});
    EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 1 || run.exit_code == 4)
        << run.err;
    std::map<std::string, json> values;
    const json summary = json::parse(ReadFile(folder / name + "/summary.json"));
    for (const json& kpi : summary.at("kpis")) {
      if (kpi.at("kpi") != "regret") continue;
      for (const auto& model : kpi.at("models").items()) {
        values[model.key()] = model.value().at("values");
      }
    }
    return values;
  };
  const auto clean = means("clean", "");
  // Every value is lost: nothing is heard, nothing is loaded, nothing moves.
  const auto blind = means("blind", ", observation: {dropout: 100%}");
  EXPECT_EQ(clean.at("incumbent"), blind.at("incumbent"));
  EXPECT_NE(clean.at("candidate"), blind.at("candidate"));
  EXPECT_EQ(blind.at("candidate"), blind.at("incumbent"));
}

TEST(PolicyGateTest, AnUntrainedPlannerSwingsAndIsRejected) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(
      {"gate", WriteGate(folder.path(), ""), "-o", folder / "out", "--set",
       "candidate.policy=" AIRLOCK_SOURCE_DIR
       "/agents/policies/net2seq-untrained.json"});
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
  // Decisions are counted, not the many access points that one moves.
  const json summary = json::parse(ReadFile(folder / "out/summary.json"));
  const json& control = summary.at("behaviour").at("control");
  EXPECT_GT(control.at("reversals"), 0);
  EXPECT_LE(control.at("reversals"), control.at("changes"));
  EXPECT_LE(control.at("changes"), control.at("steps"));
}

TEST(PolicyGateTest, APolicyThatIsNotForTheTwinIsRefusedBeforeTheWork) {
  const TemporaryFolder folder;
  const std::string gate = WriteGate(folder.path(), "", ", max_width: 40MHz");
  const ProgramResult run = RunAirlock({"gate", gate, "-o", folder / "out"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("candidate: the net2seq policy was trained "
                                 "for 1 bonding levels"));
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace airlock::testing
