#include "twin/gate/criterion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "twin/gate/amount.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

using testing::HasSubstr;

const std::vector<double> kCandidate = {1.1, 1.3, 0.9, 1.2, 1.0, 1.4};
const std::vector<double> kIncumbent = {1.0, 1.2, 1.1, 0.9, 1.05, 1.15};

Evidence Of(const std::vector<double>& candidate,
            const std::vector<double>& incumbent, bool paired) {
  Evidence evidence;
  KpiSamples& samples = evidence.Samples("latency", KpiSource::kMeasured);
  samples.paired = paired;
  samples.models["candidate"] = {candidate, "s", "host", 0, 0};
  samples.models["incumbent"] = {incumbent, "s", "host", 0, 0};
  return evidence;
}

CriterionConfig Config(const char* kind, const char* margin = "0%") {
  CriterionConfig config;
  config.kind = kind;
  config.kpi = "latency";
  config.on = "measured";
  config.margin = margin;
  return config;
}

CriterionResult Judge(const CriterionConfig& config, const Evidence& evidence) {
  return FindCriterion(config.kind)->judge(config, evidence);
}

std::vector<double> LogNormal(int n, double mean, double cv, uint64_t key) {
  RngStream rng(key);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(rng.LogNormal(mean, cv));
  return values;
}

// --- numbers of SciPy -------------------------------------------------------

// ttest_ind(log c - log 1.25, log o, equal_var=False, alternative='less'), and
// the exponential of the 90 % interval of the difference.
TEST(NonInferiorityTest, TwoArmsAreWelchOnLogarithms) {
  const CriterionResult result = Judge(Config("non-inferiority", "25%"),
                                       Of(kCandidate, kIncumbent, false));
  EXPECT_NEAR(result.p_value, 0.042982237833696944, 1e-10);
  EXPECT_NEAR(result.interval.estimate, 0.07077290884567122, 1e-10);
  EXPECT_NEAR(result.interval.low, -0.0756733306625379, 1e-10);
  EXPECT_NEAR(result.interval.high, 0.24042144444414482, 1e-10);
  EXPECT_NEAR(result.p_value + result.p_reject, 1, 1e-12);
  EXPECT_EQ(result.outcome, Outcome::kPromote);
  EXPECT_EQ(result.n, 6);
  EXPECT_EQ(result.unit, "1");
}

// ttest_rel of the same; power by statsmodels.
TEST(NonInferiorityTest, PairsArePairedOnLogarithms) {
  const CriterionResult result =
      Judge(Config("non-inferiority", "25%"), Of(kCandidate, kIncumbent, true));
  EXPECT_NEAR(result.p_value, 0.04068336484426631, 1e-10);
  EXPECT_NEAR(result.interval.low, -0.07210293185786931, 1e-10);
  EXPECT_NEAR(result.interval.high, 0.23564850206229626, 1e-10);
  EXPECT_NEAR(result.power, 0.8504093265338214, 1e-6);
}

// ttest_rel(c - 0.3, o): an absolute margin knows no logarithms.
TEST(NonInferiorityTest, AbsoluteMarginsAreInTheKpisUnit) {
  const CriterionResult result = Judge(Config("non-inferiority", "300ms"),
                                       Of(kCandidate, kIncumbent, true));
  EXPECT_NEAR(result.p_value, 0.01790265688661339, 1e-10);
  EXPECT_NEAR(result.interval.low, -0.0698339090440205, 1e-10);
  EXPECT_NEAR(result.interval.high, 0.2365005757106871, 1e-10);
  EXPECT_EQ(result.unit, "s");
  EXPECT_NEAR(result.limit, 0.3, 1e-15);
  EXPECT_THAT(Judge(Config("non-inferiority", "3Mbps"),
                    Of(kCandidate, kIncumbent, true))
                  .reason,
              HasSubstr("speaks of bit/s, the samples are in s"));
}

// --- directions and kinds ---------------------------------------------------

// Where higher is better, everything turns round: the reciprocals of values
// whose lower is better are judged the same by a margin that is reciprocal.
TEST(NonInferiorityTest, HigherIsBetter) {
  std::vector<double> candidate, incumbent;
  for (double value : kCandidate) candidate.push_back(1 / value);
  for (double value : kIncumbent) incumbent.push_back(1 / value);
  CriterionConfig config = Config("non-inferiority", "20%");
  config.better = "higher";
  const CriterionResult result = Judge(config, Of(candidate, incumbent, true));
  EXPECT_NEAR(result.p_value, 0.04068336484426631, 1e-10);
  EXPECT_NEAR(result.limit, -0.2, 1e-15);
  EXPECT_NEAR(result.interval.low, 1 / (1 + 0.23564850206229626) - 1, 1e-10);
}

struct Expectation {
  const char* kind;
  const char* margin;
  double ratio;  // of the candidate's mean
  Outcome outcome;
};

class OutcomeTest : public testing::TestWithParam<Expectation> {};

// 200 values an arm of CV 0.2: the ratio is known to about 3 %.
TEST_P(OutcomeTest, IsAsTheTruthIs) {
  const Expectation& e = GetParam();
  const CriterionResult result = Judge(
      Config(e.kind, e.margin),
      Of(LogNormal(200, e.ratio, 0.2, 1), LogNormal(200, 1, 0.2, 2), false));
  EXPECT_EQ(result.outcome, e.outcome) << result.reason;
}

constexpr Outcome kPromote = Outcome::kPromote;
constexpr Outcome kReject = Outcome::kReject;
constexpr Outcome kInconclusive = Outcome::kInconclusive;

INSTANTIATE_TEST_SUITE_P(
    Kinds, OutcomeTest,
    testing::Values(Expectation{"non-inferiority", "10%", 1.0, kPromote},
                    Expectation{"non-inferiority", "10%", 1.3, kReject},
                    Expectation{"non-inferiority", "10%", 1.1, kInconclusive},
                    Expectation{"superiority", "0%", 0.8, kPromote},
                    Expectation{"superiority", "0%", 1.2, kReject},
                    Expectation{"minimum-gain", "8%", 0.8, kPromote},
                    Expectation{"minimum-gain", "8%", 1.0, kReject},
                    Expectation{"minimum-gain", "8%", 0.92, kInconclusive},
                    Expectation{"equivalence", "10%", 1.0, kPromote},
                    Expectation{"equivalence", "10%", 1.3, kReject},
                    Expectation{"equivalence", "10%", 0.7, kReject},
                    Expectation{"equivalence", "10%", 1.1, kInconclusive},
                    Expectation{"dispersion", "30%", 1.0, kPromote},
                    Expectation{"dispersion", "30%", 2.0, kReject},
                    Expectation{"tail-mean", "30%", 1.0, kPromote},
                    Expectation{"tail-mean", "30%", 2.0, kReject},
                    Expectation{"tail-quantile", "30%", 1.0, kPromote},
                    Expectation{"tail-quantile", "30%", 2.0, kReject}));

// --- what existing judges let pass ------------------------------------------

// The same median, a variance that blows up.
TEST(KnownComplaintsTest, VarianceBlowUp) {
  const Evidence evidence =
      Of(LogNormal(60, 1.0, 1.5, 3), LogNormal(60, 1.0, 0.1, 4), false);
  EXPECT_NE(Judge(Config("non-inferiority", "25%"), evidence).outcome,
            kPromote);
  EXPECT_EQ(Judge(Config("dispersion", "50%"), evidence).outcome, kReject);
}

// The means must agree too, where few large values hide from the logarithms.
TEST(KnownComplaintsTest, RareLargeValues) {
  std::vector<double> candidate = LogNormal(100, 0.9, 0.1, 5);
  for (size_t i = 0; i < 3; ++i) candidate[40 * i] *= 30;
  const CriterionResult result =
      Judge(Config("non-inferiority", "25%"),
            Of(candidate, LogNormal(100, 1.0, 0.1, 6), false));
  EXPECT_EQ(result.outcome, kInconclusive) << result.reason;
  EXPECT_THAT(result.reason, HasSubstr("the means differ"));
}

// Seven of ten points are a hundred times as large, and eight, and three.
TEST(KnownComplaintsTest, SevenOfTenAHundredTimesAsLarge) {
  const std::vector<double> incumbent = LogNormal(10, 1, 0.05, 7);
  for (size_t bad : {1, 3, 7, 8, 10}) {
    std::vector<double> candidate = LogNormal(10, 1, 0.05, 8);
    for (size_t i = 0; i < bad; ++i) candidate[i] *= 100;
    for (bool paired : {false, true}) {
      const CriterionResult result = Judge(Config("non-inferiority", "25%"),
                                           Of(candidate, incumbent, paired));
      EXPECT_NE(result.outcome, kPromote) << bad << ": " << result.reason;
      if (bad >= 7) {
        EXPECT_EQ(result.outcome, kReject) << bad << ": " << result.reason;
      }
    }
  }
}

// Errors in four of sixty intervals where there were none, or one.
TEST(KnownComplaintsTest, SparseErrorCounts) {
  for (int before : {0, 1}) {
    std::vector<double> candidate(60, 0.0), incumbent(60, 0.0);
    for (size_t i = 0; i < 4; ++i) candidate[10 * i + 5] = 2;
    if (before == 1) incumbent[7] = 1;
    Evidence evidence = Of(candidate, incumbent, false);
    evidence.kpis[0].discrete = true;
    for (const char* kind : {"non-inferiority", "tail-quantile", "tail-mean"}) {
      EXPECT_NE(Judge(Config(kind, "25%"), evidence).outcome, kPromote) << kind;
    }
    CriterionConfig rate = Config("violation-rate");
    rate.limit = "500ms";  // any error
    rate.at_most = Ratio(0.01);
    EXPECT_EQ(Judge(rate, evidence).outcome, kReject);
  }
}

// No error anywhere in ten intervals is no proof that there are few.
TEST(KnownComplaintsTest, NoErrorsYet) {
  Evidence evidence =
      Of(std::vector<double>(10, 0.0), std::vector<double>(10, 0.0), true);
  evidence.kpis[0].discrete = true;
  for (const char* margin : {"25%", "100ms"}) {
    const CriterionResult result =
        Judge(Config("non-inferiority", margin), evidence);
    EXPECT_EQ(result.outcome, kInconclusive) << result.reason;
  }
}

// The incumbent itself is not inferior to itself; but two values are too few to
// tell even that, where one looks after each.
TEST(SequentialTest, TheSameModelNeedsValuesToo) {
  CriterionConfig config = Config("non-inferiority", "25%");
  const std::vector<double> values = LogNormal(30, 1, 0.3, 21);
  EXPECT_EQ(Judge(config, Of(values, values, true)).outcome, kPromote);
  for (int64_t n : {3, 30}) {
    const std::vector<double> some(values.begin(), values.begin() + n);
    Evidence evidence = Of(some, some, true);
    evidence.kpis[0].source = KpiSource::kTwin;
    evidence.profile = CalibrationProfile();
    KpiFidelity fidelity;
    fidelity.kpi = "latency";
    fidelity.credible = true;
    evidence.profile->kpis.push_back(fidelity);
    evidence.looks = Looks{30, 0, {}};
    config.on = "twin";
    const CriterionResult result = Judge(config, evidence);
    EXPECT_EQ(result.outcome, n == 3 ? kInconclusive : kPromote)
        << result.reason;
  }
}

// Zero violations show a share below 5 % with 59 values, not with 58.
TEST(ViolationRateTest, NeedsTheClassicNumberOfValues) {
  CriterionConfig config = Config("violation-rate");
  config.limit = "10s";
  config.at_most = Ratio(0.05);
  for (int n : {58, 59}) {
    const CriterionResult result =
        Judge(config, Of(LogNormal(n, 1, 0.2, 9), {1, 2}, false));
    EXPECT_EQ(result.outcome, n == 59 ? kPromote : kInconclusive);
    EXPECT_EQ(result.needed, n == 59 ? 0 : 59);
  }
}

TEST(TailQuantileTest, NeedsEnoughValuesForABound) {
  CriterionConfig config = Config("tail-quantile", "50%");
  config.quantile = Ratio(0.99);
  const CriterionResult few = Judge(
      config, Of(LogNormal(100, 1, 0.2, 1), LogNormal(100, 1, 0.2, 2), false));
  EXPECT_EQ(few.outcome, kInconclusive);
  EXPECT_EQ(few.needed, 299);
  EXPECT_EQ(Judge(config, Of(LogNormal(2000, 1, 0.2, 1),
                             LogNormal(2000, 1, 0.2, 2), false))
                .outcome,
            kPromote);
}

TEST(WorstReplicationTest, NamesTheWorst) {
  std::vector<double> candidate = LogNormal(20, 1, 0.05, 1);
  std::vector<double> incumbent = candidate;
  for (double& value : incumbent) value *= 1.01;
  const CriterionConfig config = Config("worst-replication", "20%");
  EXPECT_EQ(Judge(config, Of(candidate, incumbent, true)).outcome, kPromote);
  candidate[13] *= 1.5;
  const CriterionResult result = Judge(config, Of(candidate, incumbent, true));
  EXPECT_EQ(result.outcome, kReject);
  EXPECT_THAT(result.reason, HasSubstr("sample 13"));
}

// --- sequential evidence ----------------------------------------------------

Evidence Looked(std::vector<double> candidate, std::vector<double> incumbent,
                int64_t most, double futility) {
  Evidence evidence = Of(candidate, incumbent, true);
  evidence.kpis[0].source = KpiSource::kTwin;
  CalibrationProfile profile;
  KpiFidelity fidelity;
  fidelity.kpi = "latency";
  fidelity.credible = true;
  profile.kpis.push_back(fidelity);
  evidence.profile = profile;
  evidence.looks = Looks{most, futility, {}};
  return evidence;
}

TEST(SequentialTest, IntervalIsWiderAndOutcomeIsThatOfTheEValue) {
  CriterionConfig config = Config("non-inferiority", "25%");
  config.on = "twin";
  Evidence evidence =
      Looked(LogNormal(20, 1.0, 0.2, 1), LogNormal(20, 1.0, 0.2, 2), 20, 0);
  const CriterionResult every = Judge(config, evidence);
  evidence.looks.reset();
  const CriterionResult once = Judge(config, evidence);
  EXPECT_EQ(every.interval.estimate, once.interval.estimate);
  EXPECT_GT(every.interval.high, once.interval.high);
  EXPECT_LT(every.interval.low, once.interval.low);
  EXPECT_TRUE(std::isnan(once.e_value));
  EXPECT_NEAR(every.p_value, std::min(1.0, 1 / every.e_value), 1e-12);
  EXPECT_EQ(every.outcome == kPromote, every.e_value > 20) << every.e_value;
}

TEST(SequentialTest, SaysWhatIsFutileAndHowManyAreNeeded) {
  CriterionConfig config = Config("non-inferiority", "25%");
  config.on = "twin";
  // Just at the margin: neither a promotion nor a rejection is in sight.
  const Evidence evidence = Looked(LogNormal(40, 1.27, 0.3, 11),
                                   LogNormal(40, 1.0, 0.3, 12), 60, 0.3);
  const CriterionResult result = Judge(config, evidence);
  EXPECT_EQ(result.outcome, kInconclusive) << result.reason;
  EXPECT_TRUE(result.futile) << result.power;
  EXPECT_LT(result.power, 0.3);
  EXPECT_TRUE(result.needed == 0 || result.needed > 60) << result.needed;
}

// --- together ---------------------------------------------------------------

CriterionResult WithOutcome(Outcome outcome) {
  CriterionResult result;
  result.outcome = outcome;
  return result;
}

TEST(CombineTest, AllMustPassAndNothingIsNoPass) {
  const CriterionResult pass = WithOutcome(kPromote);
  const CriterionResult fail = WithOutcome(kReject);
  const CriterionResult open = WithOutcome(kInconclusive);
  EXPECT_EQ(Combine({}), kInconclusive);
  EXPECT_EQ(Combine({pass, pass}), kPromote);
  EXPECT_EQ(Combine({pass, open}), kInconclusive);
  EXPECT_EQ(Combine({open, fail, pass}), kReject);
}

CriterionResult Guardrail(double p_reject) {
  CriterionResult result;
  result.guardrail = true;
  result.confidence = 0.95;
  result.p_reject = p_reject;
  result.outcome = p_reject < 0.05 ? kReject : kInconclusive;
  return result;
}

// .01 .02 .04 .6 become .04 .06 .08 .6.
TEST(HolmTest, GuardrailsShareTheirErrorRate) {
  std::vector<CriterionResult> results = {Guardrail(0.02), Guardrail(0.6),
                                          Guardrail(0.01), Guardrail(0.04)};
  results.push_back(WithOutcome(kReject));  // no guardrail, no p-value
  ApplyHolm(&results);
  EXPECT_EQ(results[0].outcome, kInconclusive);
  EXPECT_EQ(results[2].outcome, kReject);
  EXPECT_EQ(results[3].outcome, kInconclusive);
  EXPECT_EQ(results[4].outcome, kReject);
  EXPECT_NEAR(results[0].p_reject, 0.06, 1e-12);
  EXPECT_THAT(results[3].reason, HasSubstr("among 4 guardrails"));
}

TEST(AmountTest, ReadsSharesAndUnits) {
  EXPECT_TRUE(ParseAmount("10%")->relative);
  EXPECT_NEAR(ParseAmount("10%")->value, 0.1, 1e-15);
  EXPECT_EQ(ParseAmount("2ms")->unit, "s");
  EXPECT_NEAR(ParseAmount("2ms")->value, 0.002, 1e-15);
  EXPECT_NEAR(ParseAmount("0.5Mbps")->value, 5e5, 1e-9);
  EXPECT_EQ(ParseAmount("0.5Mbps")->unit, "bit/s");
  EXPECT_EQ(ParseAmount("0.5pp")->unit, "1");
  for (const char* text :
       {"", "10", "%", "ms", "2 ms", "nan%", "1e999s", "2parsec", "--1%"}) {
    EXPECT_FALSE(ParseAmount(text)) << text;
  }
}

TEST(AmountTest, IsShownWithItsPrefix) {
  EXPECT_EQ(AmountText(0.0021, "s"), "+2.1 ms");
  EXPECT_EQ(AmountText(-0.123, "%"), "-12.3 %");
  EXPECT_EQ(AmountText(2.5e9, "bit/s"), "+2.5 Gbit/s");
  EXPECT_EQ(AmountText(0, "s"), "+0 ns");
}

}  // namespace
}  // namespace airlock
