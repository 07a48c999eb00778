#include "twin/gate/criterion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/rng.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

using testing::HasSubstr;

CriterionResult Judge(const CriterionConfig& config, const Evidence& evidence) {
  return FindCriterion(config.kind)->judge(config, evidence);
}

CriterionConfig Config(const std::string& kind) {
  CriterionConfig config;
  config.kind = kind;
  return config;
}

// Errors of mean `mean`, independent.
std::vector<double> Errors(int n, double mean, uint64_t key) {
  RngStream rng(key);
  std::vector<double> errors;
  for (int i = 0; i < n; ++i) errors.push_back(rng.LogNormal(mean, 0.3));
  return errors;
}

KpiSeries Series(std::vector<double> values) {
  return {std::move(values), "bit/s", "clock", 0, 0};
}

// Those of `model`; made if there are none.
std::vector<double>& HeldOut(Evidence* evidence, const std::string& model) {
  return evidence->Samples("absolute_error", KpiSource::kHeldOut)
      .models[model]
      .values;
}
std::vector<double>& Twin(Evidence* evidence, const std::string& model) {
  return evidence->Samples("absolute_error", KpiSource::kTwin)
      .models[model]
      .values;
}

// A candidate that is better than the incumbent in every respect.
Evidence GoodEvidence() {
  Evidence evidence;
  evidence.file.question.target = "delivered_rate";
  KpiSamples& held_out =
      evidence.Samples("absolute_error", KpiSource::kHeldOut);
  held_out.autocorrelated = true;
  held_out.credible_as = "delivered_rate";
  held_out.models["candidate"] = Series(Errors(600, 1.0, 1));
  held_out.models["incumbent"] = Series(Errors(600, 1.5, 2));
  held_out.models["persistence"] = Series(Errors(600, 3.0, 3));
  held_out.models["constant"] = Series(Errors(600, 5.0, 4));
  evidence.held_out_samples = 600;
  evidence.candidate_asked = 600;
  evidence.leak.predictions_checked = 1000;
  DriftEvidence drift;
  drift.quiet_samples = 600;
  drift.run_length = 1000;
  drift.window = 100;
  drift.early_samples = 400;
  drift.late_samples = 500;
  drift.delay_samples = 20;
  evidence.drift = drift;
  CalibrationProfile profile;
  KpiFidelity kpi;
  kpi.kpi = "delivered_rate";
  kpi.samples = 700;
  kpi.credible = true;
  profile.kpis.push_back(kpi);
  evidence.profile = profile;
  KpiSamples& twin = evidence.Samples("absolute_error", KpiSource::kTwin);
  twin.credible_as = "delivered_rate";
  twin.models["candidate"] = Series(Errors(10, 1.0, 5));
  twin.models["incumbent"] = Series(Errors(10, 3.0, 6));
  return evidence;
}

std::vector<CriterionConfig> AllCriteria() {
  std::vector<CriterionConfig> all;
  for (const CriterionRow& row : Criteria()) {
    CriterionConfig config = Config(row.name);
    config.margin = "5%";
    config.at_least = 100;
    config.at_most = Ratio(0.1);
    config.within = 50;
    all.push_back(config);
  }
  return all;
}

TEST(CriterionTest, GoodEvidencePassesEveryCriterion) {
  const Evidence evidence = GoodEvidence();
  for (const CriterionConfig& config : AllCriteria()) {
    const CriterionResult result = Judge(config, evidence);
    EXPECT_EQ(result.outcome, Outcome::kPromote)
        << config.kind << ": " << result.reason;
    EXPECT_NE(result.reason, "");
  }
}

TEST(CriterionTest, NoEvidencePassesNoCriterion) {
  Evidence nothing;
  nothing.twin_missing = "the gate file names no twin";
  for (const CriterionConfig& config : AllCriteria()) {
    const CriterionResult result = Judge(config, nothing);
    EXPECT_EQ(result.outcome, Outcome::kInconclusive) << config.kind;
    EXPECT_NE(result.reason, "") << config.kind;
  }
}

// What can be wrong with evidence; none of it is ever a pass.
struct Defect {
  const char* name;
  const char* kind;  // the criterion that must see it
  void (*spoil)(Evidence*);
  Outcome outcome;
  const char* reason;
};

class DefectTest : public testing::TestWithParam<Defect> {};

TEST_P(DefectTest, IsNeverAPass) {
  Evidence evidence = GoodEvidence();
  GetParam().spoil(&evidence);
  for (const CriterionConfig& config : AllCriteria()) {
    if (config.kind != GetParam().kind) continue;
    const CriterionResult result = Judge(config, evidence);
    EXPECT_EQ(result.outcome, GetParam().outcome) << result.reason;
    EXPECT_THAT(result.reason, HasSubstr(GetParam().reason));
  }
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    Defects, DefectTest,
    testing::Values(
        Defect{"NotANumber", "complete",
               [](Evidence* e) { e->candidate_not_a_number = 1; },
               Outcome::kReject, "1 of 600 predictions are not numbers"},
        Defect{"TooFew", "complete",
               [](Evidence* e) { e->candidate_asked = 99; },
               Outcome::kInconclusive, "100 are needed"},
        Defect{"Leak", "no-leak", [](Evidence* e) { e->leak.leaks = true; },
               Outcome::kReject, ""},
        Defect{"FitLeak", "no-leak",
               [](Evidence* e) {
                 e->fit_leak = LeakReport();
                 e->fit_leak->leaks = true;
               },
               Outcome::kReject, ""},
        Defect{"TrainedOnHeldOut", "no-leak",
               [](Evidence* e) { e->candidate_trained_on_held_out = 30; },
               Outcome::kReject, "the first 30 of the held-out samples"},
        Defect{"NothingChecked", "no-leak",
               [](Evidence* e) { e->leak.predictions_checked = 0; },
               Outcome::kInconclusive, "no prediction could be checked"},
        Defect{
            "Worse", "non-inferiority",
            [](Evidence* e) { HeldOut(e, "candidate") = Errors(600, 2.0, 7); },
            Outcome::kReject, "limit +5.0 %"},
        Defect{"TooCorrelated", "non-inferiority",
               [](Evidence* e) {
                 auto& errors = HeldOut(e, "candidate");
                 for (int i = 0; i < 600; ++i) {
                   errors[static_cast<size_t>(i)] = i < 300 ? 0.5 : 1.5;
                 }
               },
               Outcome::kInconclusive, "independent batches"},
        Defect{"OneIsNoNumber", "non-inferiority",
               [](Evidence* e) { HeldOut(e, "incumbent")[17] = kNan; },
               Outcome::kInconclusive, "no number"},
        Defect{"NoIncumbent", "non-inferiority",
               [](Evidence* e) { e->kpis[0].models.erase("incumbent"); },
               Outcome::kInconclusive, "no held-out predictions of both"},
        Defect{"Empty", "superiority",
               [](Evidence* e) {
                 HeldOut(e, "candidate").clear();
                 HeldOut(e, "incumbent").clear();
               },
               Outcome::kInconclusive, "no held-out predictions of both"},
        Defect{"OutOfRange", "training-range",
               [](Evidence* e) { e->candidate_outside_share = 0.2; },
               Outcome::kReject, "20.0 %"},
        Defect{"FiresTooOften", "drift-trigger",
               [](Evidence* e) { e->drift->quiet_alarms = 6; },
               Outcome::kReject, "it fires too often"},
        // e^-expected is 0 in double precision here.
        Defect{"FiresTooOftenForALongTime", "drift-trigger",
               [](Evidence* e) {
                 e->drift->run_length = 10;
                 e->drift->quiet_samples = 20000;
                 e->drift->quiet_alarms = 5000;
               },
               Outcome::kReject, "it fires too often"},
        Defect{"TooShortToFire", "drift-trigger",
               [](Evidence* e) { e->drift->quiet_samples = 100; },
               Outcome::kInconclusive, "do not fill the trigger's window"},
        Defect{"EndsBeforeItMustFire", "drift-trigger",
               [](Evidence* e) {
                 e->drift->delay_samples = -1;
                 e->drift->late_samples = 50;
               },
               Outcome::kInconclusive, "in the 50 samples after the change"},
        Defect{"NeverFires", "drift-trigger",
               [](Evidence* e) { e->drift->delay_samples = -1; },
               Outcome::kReject, "never fired"},
        Defect{"FiresLate", "drift-trigger",
               [](Evidence* e) { e->drift->delay_samples = 51; },
               Outcome::kReject, "limit 50"},
        Defect{"NotCredible", "twin-credible",
               [](Evidence* e) {
                 e->profile->kpis[0].credible = false;
                 e->profile->kpis[0].reason = "W1/sd 0.3 is above 0.1";
               },
               Outcome::kInconclusive, "W1/sd 0.3 is above 0.1"},
        Defect{"OtherKpi", "twin-credible",
               [](Evidence* e) { e->profile->kpis[0].kpi = "loss_ratio"; },
               Outcome::kInconclusive, "says nothing about delivered_rate"},
        Defect{"NoProfile", "twin-credible",
               [](Evidence* e) {
                 e->profile.reset();
                 e->twin_missing = "the gate file names no twin";
               },
               Outcome::kInconclusive, "names no twin"},
        Defect{"RehearsalFailed", "twin-credible",
               [](Evidence* e) {
                 e->kpis.pop_back();
                 e->twin_missing = "the twin cannot rehearse the question";
               },
               Outcome::kInconclusive, "cannot rehearse"},
        Defect{"WorseInATwinThatIsNotCredible", "twin-non-inferiority",
               [](Evidence* e) {
                 e->profile->kpis[0].credible = false;
                 for (double& error : Twin(e, "candidate")) error *= 6;
               },
               Outcome::kInconclusive, "not credible"},
        Defect{"WorseInTheTwin", "twin-non-inferiority",
               [](Evidence* e) {
                 for (double& error : Twin(e, "candidate")) error *= 6;
               },
               Outcome::kReject, "in the twin"},
        Defect{"ReplicationFailed", "twin-non-inferiority",
               [](Evidence* e) { Twin(e, "candidate")[3] = kNan; },
               Outcome::kInconclusive, "gave no error to compare"},
        Defect{"OneReplication", "twin-non-inferiority",
               [](Evidence* e) {
                 Twin(e, "candidate").resize(1);
                 Twin(e, "incumbent").resize(1);
               },
               Outcome::kInconclusive, "at least 3 are needed"}),
    [](const auto& info) { return info.param.name; });

CriterionResult WithOutcome(Outcome outcome) {
  CriterionResult result;
  result.outcome = outcome;
  return result;
}

TEST(CombineTest, AllMustPassAndNothingIsNoPass) {
  const CriterionResult pass = WithOutcome(Outcome::kPromote);
  const CriterionResult fail = WithOutcome(Outcome::kReject);
  const CriterionResult open = WithOutcome(Outcome::kInconclusive);
  EXPECT_EQ(Combine({}), Outcome::kInconclusive);
  EXPECT_EQ(Combine({pass, pass}), Outcome::kPromote);
  EXPECT_EQ(Combine({pass, open}), Outcome::kInconclusive);
  EXPECT_EQ(Combine({open, fail, pass}), Outcome::kReject);
}

}  // namespace
}  // namespace airlock
