#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The gates of scenarios/gates, and what promotion makes of their verdicts.
namespace airlock::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProgramResult RunGate(const std::string& name, const std::string& out,
                      const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"gate", "scenarios/gates/" + name, "-o",
                                      out};
  command.insert(command.end(), more.begin(), more.end());
  return RunAirlock(command);
}

// The trigger of the other gates that extend quickstart.yaml is quickstart's,
// which is tried there: a shorter run length is simulated sooner.
const char* const kQuickTrigger = "drift.run_length=500";

json SummaryOf(const std::string& folder) {
  return json::parse(ReadFile(folder + "/summary.json"));
}

std::string OutcomeOf(const json& summary, const std::string& kind) {
  for (const json& criterion : summary["criteria"]) {
    if (criterion["kind"] == kind) return criterion["outcome"];
  }
  return "missing";
}

std::string ChampionDigests(const std::string& registry) {
  return ReadFile(registry + "/state.json");
}

// Looked at after every replication, far fewer are needed, and which they are
// does not depend on how many ran at a time. The question is quickstart's,
// asked of the twin alone.
void CheckLooks(const std::string& folder, const std::string& profile) {
  const std::string gate = folder + "/looks.yaml";
  const std::string scenario = folder + "/surrogate.yaml";
  WriteFileAtomically(scenario, "extends: " AIRLOCK_SOURCE_DIR
                                "/scenarios/datacentre/rehearsal.yaml\n"
                                "run: {engine: surrogate}\n");
  WriteFileAtomically(
      gate, "schema: 1\nname: looks\ntrace: {path: " AIRLOCK_SOURCE_DIR
            "/data/sweep.csv.xz}\n"
            "candidate: {name: a, forecaster: xgboost, features: "
            "[function.inspect.busy, packet_size], offered_rate: true}\n"
            "incumbent: {name: b, forecaster: linear, features: [packet_size], "
            "offered_rate: true}\n"
            "twin: {scenario: " +
                scenario + ", profile: " + profile +
                "}\nevidence: {looks: every replication, most: 30}\n"
                "criteria: [{kind: twin-non-inferiority, against: incumbent, "
                "margin: 10%}]\n");
  json criteria, kpis;
  for (const char* jobs : {"1", "3"}) {
    const std::string out = folder + "/looks" + jobs;
    const ProgramResult looks =
        RunAirlock({"gate", gate, "-o", out, "--jobs", jobs});
    EXPECT_EQ(looks.exit_code, 0) << looks.out << looks.err;
    const json told = SummaryOf(out);
    for (const json& kpi : told["kpis"]) {
      if (kpi["source"] != "twin") continue;
      EXPECT_LT(kpi["models"]["candidate"]["n"], 15);
      if (!kpis.is_null()) {
        EXPECT_EQ(kpi, kpis);
      }
      kpis = kpi;
    }
    for (const json& criterion : told["criteria"]) {
      if (criterion["kind"] != "twin-non-inferiority") continue;
      EXPECT_GT(criterion["e_value"], 20);
      if (!criteria.is_null()) {
        EXPECT_EQ(criterion, criteria);
      }
      criteria = criterion;
    }
  }
  EXPECT_FALSE(kpis.is_null());
  EXPECT_FALSE(criteria.is_null());
}

TEST(GateTest, QuickstartIsPromotedAndCanBeTakenBack) {
  const TemporaryFolder folder;
  const ProgramResult gate = RunGate("quickstart.yaml", folder / "good");
  ASSERT_EQ(gate.exit_code, 0) << gate.out << gate.err;
  EXPECT_THAT(gate.out, HasSubstr("quickstart: promote"));
  const json summary = SummaryOf(folder / "good");
  EXPECT_EQ(summary["verdict"], "promote");
  for (const char* name : {"gate.resolved.yaml", "candidate.model",
                           "incumbent.model", "drift.trigger", "profile.yaml",
                           "scenario.resolved.yaml", "result.h5", "log.txt"}) {
    EXPECT_TRUE(fs::exists(folder / "good/" + name)) << name;
  }

  // Better on the trace, worse in the twin's flash crowd.
  const ProgramResult crowd =
      RunGate("flash_crowd.yaml", folder / "crowd",
              {"--set", "twin.profile=" + (folder / "good/profile.yaml"),
               "--set", kQuickTrigger});
  EXPECT_EQ(crowd.exit_code, 1) << crowd.out << crowd.err;
  const json rejected = SummaryOf(folder / "crowd");
  EXPECT_EQ(OutcomeOf(rejected, "superiority"), "promote");
  EXPECT_EQ(OutcomeOf(rejected, "twin-non-inferiority"), "reject");

  CheckLooks(folder.path(), folder / "good/profile.yaml");

  // Every key of the verdict is written down.
  const std::string format =
      ReadFile(AIRLOCK_SOURCE_DIR "/twin/gate/FORMAT.md");
  for (const json& level : {summary, summary["criteria"][0], summary["kpis"][0],
                            summary["kpis"][0]["models"]["candidate"]}) {
    for (auto key = level.begin(); key != level.end(); ++key) {
      EXPECT_THAT(format, HasSubstr("`" + key.key() + "`"));
    }
  }

  // The inputs are found from the folder in which the gate ran.
  const ProgramResult elsewhere =
      RunAirlockIn(folder.path(), {"promote", folder / "good", "--registry",
                                   folder / "none"});
  EXPECT_EQ(elsewhere.exit_code, 3);
  EXPECT_THAT(elsewhere.err, HasSubstr("as seen from the folder in which"));
  const ProgramResult rooted =
      RunAirlockIn(folder.path(),
                   {"promote", folder / "good", "--registry", folder / "rooted",
                    "--root", AIRLOCK_SOURCE_DIR});
  ASSERT_EQ(rooted.exit_code, 0) << rooted.err;

  // The trigger goes live with the model.
  std::vector<std::string> files;
  for (const json& file : summary["candidate"]["files"]) {
    files.push_back(file["path"]);
  }
  EXPECT_THAT(files, ElementsAre("candidate.model", "drift.trigger"));
  int triggers = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder / "rooted/versions")) {
    if (entry.path().filename() != "drift.trigger") continue;
    EXPECT_EQ(ReadFile(entry.path()), ReadFile(folder / "good/drift.trigger"));
    ++triggers;
  }
  EXPECT_EQ(triggers, 1);
  // `report` says what the gate said.
  EXPECT_THAT(gate.out, HasSubstr(RunAirlock({"report", folder / "good"}).out));

  const std::string registry = folder / "registry";
  const ProgramResult promoted =
      RunAirlock({"promote", folder / "good", "--registry", registry,
                  "--reason", "first"});
  ASSERT_EQ(promoted.exit_code, 0) << promoted.err;
  const std::string champion = ChampionDigests(registry);

  // Nothing to go back to; the champion stays.
  EXPECT_EQ(RunAirlock({"rollback", "--registry", registry}).exit_code, 1);
  EXPECT_EQ(ChampionDigests(registry), champion);

  const ProgramResult history =
      RunAirlock({"history", "--registry", registry, "--json"});
  ASSERT_EQ(history.exit_code, 0) << history.err;
  const json entries = json::parse(history.out);
  // The new registry first trusts the key.
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]["action"], "trust");
  EXPECT_EQ(entries[1]["why"], "first");
  EXPECT_EQ(entries[1]["verdict_digest"], summary["digest"]);

  // A verdict whose model is another one now promotes nothing.
  WriteFileAtomically(folder / "good/candidate.model",
                      ReadFile(folder / "good/incumbent.model"));
  const ProgramResult changed =
      RunAirlock({"promote", folder / "good", "--registry", registry});
  EXPECT_EQ(changed.exit_code, 3);
  EXPECT_THAT(changed.err, HasSubstr("candidate.model"));
  EXPECT_EQ(ChampionDigests(registry), champion);
}

TEST(GateTest, AModelThatLeaksTheFutureIsRejected) {
  const TemporaryFolder folder;
  const ProgramResult gate =
      RunGate("leaks_future.yaml", folder / "bad", {"--set", kQuickTrigger});
  ASSERT_EQ(gate.exit_code, 1) << gate.out << gate.err;
  const json summary = SummaryOf(folder / "bad");
  EXPECT_EQ(summary["verdict"], "reject");
  EXPECT_EQ(OutcomeOf(summary, "no-leak"), "reject");
  // By its held-out error alone it would have passed.
  EXPECT_EQ(OutcomeOf(summary, "superiority"), "promote");
  EXPECT_EQ(
      RunAirlock({"promote", folder / "bad", "--registry", folder / "registry"})
          .exit_code,
      1);
  EXPECT_FALSE(fs::exists(folder / "registry/state.json"));
}

// A model from elsewhere that was fitted on the samples it is to be judged on.
TEST(GateTest, ACandidateThatHasSeenTheHeldOutPartIsRejected) {
  const TemporaryFolder folder;
  const std::string trace = folder / "sweep.h5";
  ASSERT_EQ(RunAirlock({"import", "testbed", "data/sweep.csv.xz", "-o", trace})
                .exit_code,
            0);
  const auto outcome = [&](const std::string& train) {
    const std::string model = folder / "candidate-" + train;
    const ProgramResult fit =
        RunAirlock({"forecast", "fit", trace, "--forecaster", "linear",
                    "--features", "function.inspect.busy", "--set",
                    "split.train=" + train, "-o", model});
    EXPECT_EQ(fit.exit_code, 0) << fit.err;
    const std::string gate = folder / "gate-" + train + ".yaml";
    WriteFileAtomically(gate, "schema: 1\nname: seen\ntrace: {path: " + trace +
                                  ", format: airlock}\n"
                                  "candidate: {name: a, model: " +
                                  model +
                                  "}\nincumbent: {name: b, forecaster: "
                                  "constant}\ncriteria: [{kind: no-leak}]\n");
    const std::string out = folder / "out-" + train;
    const ProgramResult result = RunAirlock({"gate", gate, "-o", out});
    EXPECT_NE(result.exit_code, 3) << result.err;
    return OutcomeOf(SummaryOf(out), "no-leak");
  };
  EXPECT_EQ(outcome("60%"), "promote");
  EXPECT_EQ(outcome("90%"), "reject");
}

TEST(GateTest, TooFewSamplesAreInconclusive) {
  const TemporaryFolder folder;
  const ProgramResult gate = RunGate("too_few_samples.yaml", folder / "few");
  ASSERT_EQ(gate.exit_code, 4) << gate.out << gate.err;
  const json summary = SummaryOf(folder / "few");
  EXPECT_EQ(summary["verdict"], "inconclusive");
  EXPECT_EQ(OutcomeOf(summary, "complete"), "inconclusive");
  EXPECT_EQ(
      RunAirlock({"promote", folder / "few", "--registry", folder / "registry"})
          .exit_code,
      4);
  EXPECT_FALSE(fs::exists(folder / "registry/state.json"));
}

TEST(GateTest, WithoutATwinNothingIsPromoted) {
  const TemporaryFolder folder;
  const std::string gate = folder / "gate.yaml";
  WriteFileAtomically(gate,
                      "schema: 1\nname: no-twin\n"
                      "trace: {path: " AIRLOCK_SOURCE_DIR
                      "/data/sweep.csv.xz}\n"
                      "candidate: {name: a, forecaster: linear, features: "
                      "[function.inspect.busy], offered_rate: true}\n"
                      "incumbent: {name: b, forecaster: constant}\n"
                      "criteria:\n  - {kind: superiority, margin: 10%}\n");
  const ProgramResult result = RunAirlock({"gate", gate, "-o", folder / "out"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_EQ(OutcomeOf(SummaryOf(folder / "out"), "superiority"), "promote");
  EXPECT_THAT(result.out, HasSubstr("the gate file names no twin"));
  // The labels are one column, so that the reasons align.
  EXPECT_THAT(result.out, HasSubstr("\n  promote       complete          "));

  // What the gate made of its file runs as it is.
  const ProgramResult again =
      RunAirlock({"gate", folder / "out/gate.resolved.yaml", "-o",
                  folder / "again", "--json"});
  EXPECT_EQ(again.exit_code, 4) << again.err;
  const auto without_clock = [&](const std::string& name) {
    json criteria = json::array();
    for (const json& criterion : SummaryOf(folder / name)["criteria"]) {
      if (criterion["kind"] != "pace") criteria.push_back(criterion);
    }
    return criteria;
  };
  EXPECT_EQ(without_clock("again"), without_clock("out"));
}

TEST(GateTest, OperatingCharacteristicsNeedNoGateFile) {
  const TemporaryFolder folder;
  const std::string file = folder / "oc.json";
  const ProgramResult result = RunAirlock(
      {"gate", "--operating-characteristics", "--trials", "2", "-o", file});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("worst false promotion"));
  const json told = json::parse(ReadFile(file));
  EXPECT_EQ(told["rows"].size(), 135u);
  const std::string format =
      ReadFile(AIRLOCK_SOURCE_DIR "/twin/gate/FORMAT.md");
  for (const json& level : {told, told["rows"][0]}) {
    for (auto key = level.begin(); key != level.end(); ++key) {
      EXPECT_THAT(format, HasSubstr("`" + key.key() + "`"));
    }
  }
  // What is there stays.
  EXPECT_EQ(
      RunAirlock({"gate", "--operating-characteristics", "-o", file}).exit_code,
      2);
  EXPECT_EQ(RunAirlock({"gate", "scenarios/gates/quickstart.yaml",
                        "--operating-characteristics"})
                .exit_code,
            2);
}

// KPIs that were measured elsewhere, and the verdict once more.
TEST(GateTest, ACanaryIsJudgedOnItsTableAndTheVerdictRepeats) {
  const TemporaryFolder folder;
  const ProgramResult gate = RunGate("canary.yaml", folder / "canary");
  ASSERT_EQ(gate.exit_code, 0) << gate.out << gate.err;
  const ProgramResult again =
      RunAirlock({"gate", "--replay", folder / "canary"});
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
  EXPECT_THAT(again.out, HasSubstr("canary: the same verdict again, byte by "
                                   "byte: promote"));

  // An input that is another one now; a folder that is no gate's.
  const std::string table = folder / "canary.csv";
  WriteFileAtomically(
      table, ReadFile(AIRLOCK_SOURCE_DIR "/scenarios/gates/canary.csv"));
  ASSERT_EQ(RunGate("canary.yaml", folder / "copy",
                    {"--set", "measurements.path=" + table})
                .exit_code,
            0);
  WriteFileAtomically(table, ReadFile(table) + "40,canary,2400,900,1\n");
  const ProgramResult changed =
      RunAirlock({"gate", "--replay", folder / "copy"});
  EXPECT_EQ(changed.exit_code, 3);
  EXPECT_THAT(changed.err, HasSubstr("is another one than the gate in"));
  EXPECT_EQ(RunAirlock({"gate", "--replay", folder.path()}).exit_code, 3);
  EXPECT_EQ(RunAirlock({"gate"}).exit_code, 2);
}

TEST(GateTest, WrongGateFilesRunNothing) {
  struct Case {
    const char* set;
    const char* message;
  };
  const Case cases[] = {
      {"candidate.forecaster=xgbost", "did you mean 'xgboost'?"},
      {"criteria.0.kind=completeness", "'completeness'"},
      {"criteria.0.margin=5%", "'complete' does not use it"},
      {"criteria.1.margin=20", "'20' is no amount: write a number and %"},
      {"criteria.1.margin=-5%", "'-5%' is negative"},
      {"criteria.1.limit=5ms", "'superiority' does not use it"},
      {"criteria.1.against=itself", "only robustness"},
      {"criteria.4.kind=violation-rate", "'violation-rate' needs 'limit'"},
      {"evidence.boundary=planned", "needs looks: every replication"},
      {"trace.path=nowhere.csv", "nowhere.csv"},
      {"candidate.features=[\"counter/planet:*\"]", "planet"},
      {"split.train=1", "write a number and %"},
      {"colour=blue", "unknown key"},
      {"candidate.command=[python3]", "in more than one way"},
      {"candidate={name: a, command: [python3, m.py]}",
       "list what the program consists of"},
      {"candidate={name: a, agent: static}", "'agent' is for control"},
      {"question.kind=control", "'agent' is for control"},
      {"question.kind=canary", "write forecast, control or measured"},
      {"candidate.answer_within=2s", "only a program"},
      {"relax=[{criterion: no-leak}]", "relax.0.because: is missing"},
      {"relax=[{criterion: superiority, because: x}]", "is not always asked"},
      {"control={bounds: [{setting: a, low: 2, high: 1}]}", "is below 'low'"},
      {"drift.window=5", "drift.window: '5' is out of range"},
      {"drift.bins=101", "more bins than the window has samples"},
      {"drift.run_length=100", "must be above the window's 100 samples"},
      {"twin.scenario=scenarios/wlan/quickstart.yaml", "no service chain"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    const ProgramResult gate =
        RunGate("quickstart.yaml", folder / "out", {"--set", c.set});
    EXPECT_EQ(gate.exit_code, 3) << c.set << gate.err;
    EXPECT_THAT(gate.err, HasSubstr(c.message)) << c.set;
    EXPECT_EQ(folder.CountEntries(), 0) << c.set;
  }
}

}  // namespace
}  // namespace airlock::testing
