#include "tests/faults/gate/planted_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/base/signature.h"
#include "tests/support/error_of.h"
#include "twin/gate/replay.h"
#include "twin/registry/receipt.h"

// Candidates with planted faults: none may be promoted, and the gate has to
// say what is wrong with it; the good ones beside them are not rejected. The
// gate files ask for next to nothing, so that what rejects is mostly what a
// gate asks anyway.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

PlantedWorld& World() {
  static PlantedWorld world(1);
  return world;
}

// The criteria that reject, with the first one's reason.
std::vector<std::string> Rejecting(const GateVerdict& verdict,
                                   std::string* reason) {
  std::vector<std::string> kinds;
  for (const CriterionResult& result : verdict.criteria) {
    if (result.outcome != Outcome::kReject) continue;
    if (kinds.empty()) *reason = result.reason;
    kinds.push_back(result.kind);
  }
  return kinds;
}

void Show(const std::string& name, const GateVerdict& verdict) {
  std::string reason;
  const auto kinds = Rejecting(verdict, &reason);
  fmt::print("{:24} {:12} {:40} {}\n", name, ToString(verdict.verdict),
             fmt::format("{}", fmt::join(kinds, " ")), reason);
}

class BadForecastTest : public ::testing::TestWithParam<size_t> {};

TEST_P(BadForecastTest, IsNotPromoted) {
  const Planted planted = BadForecasts(World().folder().path())[GetParam()];
  const GateVerdict verdict = World().Judge(planted);
  Show(planted.name, verdict);
  EXPECT_NE(verdict.verdict, Outcome::kPromote) << verdict.ToText();
  std::string reason;
  bool caught = false;
  for (const std::string& kind : Rejecting(verdict, &reason)) {
    caught = caught || std::count(planted.caught_by.begin(),
                                  planted.caught_by.end(), kind) > 0;
  }
  EXPECT_TRUE(caught) << planted.name << "\n" << verdict.ToText();
}

std::string NameOf(const std::vector<Planted>& table, size_t index) {
  std::string name;
  for (const char c : table[index].name) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Faults, BadForecastTest,
                         ::testing::Range<size_t>(0, BadForecasts("").size()),
                         [](const auto& info) {
                           return NameOf(BadForecasts(""), info.param);
                         });

class GoodForecastTest : public ::testing::TestWithParam<size_t> {};

TEST_P(GoodForecastTest, IsPromoted) {
  const Planted planted = GoodForecasts(World().folder().path())[GetParam()];
  const GateVerdict verdict = World().Judge(planted);
  Show(planted.name, verdict);
  EXPECT_EQ(verdict.verdict, Outcome::kPromote) << verdict.ToText();
}

INSTANTIATE_TEST_SUITE_P(Good, GoodForecastTest,
                         ::testing::Range<size_t>(0, GoodForecasts("").size()),
                         [](const auto& info) {
                           return NameOf(GoodForecasts(""), info.param);
                         });

// Judges one, prints its row, and says whether one of `caught_by` rejects it.
bool IsCaught(const Planted& planted) {
  const GateVerdict verdict = World().Judge(planted);
  Show(planted.name, verdict);
  EXPECT_NE(verdict.verdict, Outcome::kPromote) << verdict.ToText();
  std::string reason;
  for (const std::string& kind : Rejecting(verdict, &reason)) {
    for (const std::string& expected : planted.caught_by) {
      if (kind == expected) return true;
    }
  }
  ADD_FAILURE() << planted.name << "\n" << verdict.ToText();
  return false;
}

TEST(PlantedControllerTest, TheBadAreRejectedAndTheGoodPromoted) {
  const std::string folder = World().folder().path();
  for (const Planted& bad : BadControllers(folder)) IsCaught(bad);
  for (const Planted& good : GoodControllers(folder)) {
    const GateVerdict verdict = World().Judge(good);
    Show(good.name, verdict);
    EXPECT_EQ(verdict.verdict, Outcome::kPromote) << verdict.ToText();
  }
}

TEST(PlantedTriggerTest, OneThatFiresNeverOrAlwaysIsRejected) {
  World().WriteSlower("slower", 1.3, [](int t) { return t >= 600; });
  World().WriteSlower("swings", 1.3,
                      [](int t) { return t >= 560 && t / 60 % 2 == 0; });
  for (const Planted& bad : BadTriggers(World().folder().path())) IsCaught(bad);
}

double Usual(int i) { return 10 + 2 * std::sin(2.4 * i) + 0.7 * std::cos(i); }

TEST(PlantedTableTest, ACanaryIsJudgedOnWhatWasMeasured) {
  const std::vector<PlantedTable> tables = {
      {"same", "", TableOf(Usual, [](int i) { return Usual(i + 5); })},
      {"slower", "non-inferiority",
       TableOf(Usual, [](int i) { return 1.5 * Usual(i); })},
      {"rare_and_far", "non-inferiority",
       TableOf(Usual, [](int i) { return Usual(i) * (i % 6 == 0 ? 100 : 1); })},
      {"frozen", "any",
       TableOf(Usual, [](int i) { return i < 20 ? Usual(i) : 9.876; })},
      {"missing", "any",
       TableOf(Usual, [](int i) { return i % 9 == 0 ? NAN : Usual(i); })},
      {"only_stable", "any",
       "replication,model,latency [ms]\n1,stable,10.5\n2,stable,11.5\n"},
  };
  for (const PlantedTable& planted : tables) {
    const std::string csv = World().folder() / (planted.name + ".csv");
    WriteFileAtomically(csv, planted.table);
    const std::string gate = World().folder() / (planted.name + ".gate.yaml");
    WriteFileAtomically(
        gate, "schema: 1\nname: " + planted.name +
                  "\nquestion: {kind: measured}\nmeasurements: {path: " + csv +
                  "}\ncandidate: {name: canary}\nincumbent: {name: stable}\n"
                  "criteria:\n  - {kind: non-inferiority, kpi: latency, on: "
                  "measured, margin: 25%}\n");
    Diagnostics diagnostics;
    const auto file = LoadGateFile(gate, {}, &diagnostics);
    ASSERT_TRUE(file.has_value()) << diagnostics.Format();
    const std::string out = World().folder() / (planted.name + ".out");
    std::filesystem::create_directories(out);
    const GateVerdict verdict = RunGate(*file, gate, out, {});
    Show("table_" + planted.name, verdict);
    if (planted.caught_by.empty()) {
      EXPECT_EQ(verdict.verdict, Outcome::kPromote) << verdict.ToText();
    } else {
      EXPECT_NE(verdict.verdict, Outcome::kPromote) << verdict.ToText();
    }
  }
}

// A model that is changed after the verdict was signed.
TEST(PlantedAlterationTest, AReceiptDoesNotHoldForAnotherArtefact) {
  const Planted good = {
      "signed", {}, Program(World().folder().path(), "good_linear.py"), ""};
  ASSERT_EQ(World().Judge(good).verdict, Outcome::kPromote);
  const std::string out = World().OutOf(good);
  const SigningKey key = SigningKey::Generate();
  SealVerdict(out, key);
  EXPECT_EQ(VerifyReceipt(out, {key.public_key()}).result, "PASSED");
  WriteFileAtomically(out + "/candidate/model.json",
                      ReadFile(out + "/candidate/model.json") + " ");
  try {
    VerifyReceipt(out, {key.public_key()});
    FAIL() << "it held";
  } catch (const ReceiptError& error) {
    EXPECT_EQ(error.fault(), ReceiptFault::kChangedFile) << error.what();
  }
}

class ReplayTest : public ::testing::Test {
 protected:
  ReplayResult Replay(const Planted& planted) {
    const TemporaryFolder scratch;
    return ReplayGate(World().OutOf(planted), scratch.path(), {1, nullptr});
  }
};

// A program whose latencies, memory and late answers no other run repeats.
TEST_F(ReplayTest, AVerdictIsTheSameByteByByte) {
  const std::string folder = World().folder().path();
  for (const Planted& planted :
       {Planted{
            "again_program",
            {},
            Program(folder, "good_linear.py"),
            "criteria:\n  - {kind: inference-latency, limit: 10s, quantile: "
            "99%}\n  - {kind: memory, limit: 1GB}\n"},
        Planted{"again_fitted", {}, "  forecaster: xgboost\n", ""},
        Planted{"again_late", {}, BadForecasts(folder)[17].candidate, ""}}) {
    World().Judge(planted);
    const ReplayResult result = Replay(planted);
    EXPECT_TRUE(result.same) << planted.name << ": " << result.difference;
  }
}

TEST_F(ReplayTest, WhatDiffersIsNamed) {
  const std::string folder = World().folder().path();
  // Another answer in every run.
  WriteFileAtomically(folder + "/random.py",
                      "import random\nfrom base import predict, serve\n"
                      "serve(lambda q, n: predict(q['values']) * "
                      "random.uniform(0.99, 1.01))\n");
  Planted restless{"restless", {}, Program(folder, "good_linear.py"), ""};
  std::string& lines = restless.candidate;
  lines.replace(lines.find("good_linear.py"), 14, "random.py");
  const size_t from = lines.find(AIRLOCK_SOURCE_DIR
                                 "/tests/faults/gate/candidates/good_linear");
  lines.replace(from, lines.find(',', from) - from, folder + "/random.py");
  World().Judge(restless);
  const ReplayResult result = Replay(restless);
  EXPECT_FALSE(result.same);
  EXPECT_THAT(result.difference, HasSubstr(" before, "));

  // An input that is another one now, and a verdict that was edited.
  WriteFileAtomically(folder + "/random.py", "print(1)\n");
  EXPECT_THAT(ErrorOf([&] { Replay(restless); }), HasSubstr("random.py"));
  const std::string summary = World().OutOf(restless) + "/summary.json";
  std::string text = ReadFile(summary);
  text.replace(text.find("restless"), 8, "restLess");
  WriteFileAtomically(summary, text);
  EXPECT_THAT(ErrorOf([&] { Replay(restless); }), HasSubstr("was changed"));
}

}  // namespace
}  // namespace airlock::testing
