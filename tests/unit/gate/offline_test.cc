#include <gmock/gmock.h>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "twin/gate/criterion.h"
#include "twin/gate/evidence.h"

// The value of a candidate by logged decisions, as a criterion.
namespace airlock {
namespace {

using ::testing::HasSubstr;

// An answer of 200 episodes: the log's policy earned 10, the candidate
// `improvement` more, with a standard error of 0.1.
Evidence Answered(double improvement, const std::string& refusal = "") {
  Evidence evidence;
  OfflineAnswer answer;
  answer.episodes = 200;
  answer.effective_samples = 120;
  answer.logged.value.estimate = 10;
  answer.improvement.value.estimate = improvement;
  answer.improvement.standard_error = 0.1;
  answer.estimates = {{"dr", 0.1, {10 + improvement, 0, 0}}};
  answer.refusal = refusal;
  evidence.offline = answer;
  return evidence;
}

CriterionResult Judge(const Evidence& evidence,
                      const std::string& margin = "0%") {
  CriterionConfig config;
  config.kind = "offline-value";
  config.margin = margin;
  const CriterionRow* const row = FindCriterion("offline-value");
  EXPECT_NE(row, nullptr);
  return row->judge(config, evidence);
}

TEST(OfflineCriterionTest, PromotesWhatIsSurelyNoWorse) {
  const CriterionResult result = Judge(Answered(0.3));
  EXPECT_EQ(result.outcome, Outcome::kPromote);
  EXPECT_NEAR(result.interval.estimate, 0.03, 1e-12);             // of 10
  EXPECT_NEAR(result.interval.low, 0.03 - 0.01 * 1.65255, 1e-6);  // t, 199
  EXPECT_LT(result.p_value, 0.01);
  EXPECT_THAT(result.reason, HasSubstr("120.0 effective of 200 episodes"));
  // 1.6525 standard errors are the bound.
  EXPECT_EQ(Judge(Answered(0.166)).outcome, Outcome::kPromote);
  EXPECT_EQ(Judge(Answered(0.165)).outcome, Outcome::kInconclusive);
  EXPECT_EQ(Judge(Answered(0.1), "1%").outcome, Outcome::kPromote);
}

TEST(OfflineCriterionTest, RejectsWhatIsSurelyWorse) {
  EXPECT_EQ(Judge(Answered(-0.3)).outcome, Outcome::kReject);
  EXPECT_EQ(Judge(Answered(-0.3), "2%").outcome, Outcome::kInconclusive);
  EXPECT_EQ(Judge(Answered(-0.3), "5%").outcome, Outcome::kPromote);
}

TEST(OfflineCriterionTest, WhatCannotBeSaidIsNoPass) {
  const CriterionResult refused =
      Judge(Answered(5, "12.0 effective samples of 200 episodes"));
  EXPECT_EQ(refused.outcome, Outcome::kInconclusive);
  EXPECT_THAT(refused.reason, HasSubstr("12.0 effective samples"));
  Evidence missing;
  missing.offline_missing = "the gate file names no log of decisions";
  EXPECT_EQ(Judge(missing).outcome, Outcome::kInconclusive);
  EXPECT_THAT(Judge(missing).reason, HasSubstr("names no log"));
  Evidence nothing = Answered(0.3);
  nothing.offline->logged.value.estimate = 0;
  EXPECT_EQ(Judge(nothing).outcome, Outcome::kInconclusive);
  EXPECT_THAT(Judge(Answered(0.3), "1ms").reason, HasSubstr("unit 1"));
}

TEST(OfflineCriterionTest, AGateFileNamesTheLog) {
  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "log.csv", "episode,step\n");
  WriteFileAtomically(folder / "table.csv", "replication,model\n");
  const std::string text =
      "schema: 1\n"
      "name: offline\n"
      "question: {kind: measured}\n"
      "candidate: {name: new}\n"
      "incumbent: {name: old}\n"
      "measurements: {path: table.csv}\n"
      "offline: {log: log.csv, gamma: 0.9}\n"
      "criteria:\n"
      "  - {kind: offline-value, margin: 2%}\n";
  WriteFileAtomically(folder / "gate.yaml", text);
  Diagnostics diagnostics;
  const auto file = LoadGateFile(folder / "gate.yaml", {}, &diagnostics);
  ASSERT_TRUE(file) << diagnostics.Format();
  EXPECT_EQ(file->offline->gamma, 0.9);
  EXPECT_THAT(file->offline->log, HasSubstr("log.csv"));
}

}  // namespace
}  // namespace airlock
