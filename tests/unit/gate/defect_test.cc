// Evidence that is missing or wrong is never a pass: every kind of criterion
// before every kind of defect.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "sim/base/rng.h"
#include "twin/gate/criteria/families.h"
#include "twin/gate/criterion.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> LogNormal(int n, double mean, uint64_t key) {
  RngStream rng(key);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) values.push_back(rng.LogNormal(mean, 0.2));
  return values;
}

KpiSamples Samples(const std::string& kpi, KpiSource source, int n) {
  KpiSamples samples;
  samples.kpi = kpi;
  samples.source = source;
  samples.credible_as = "delivered_rate";
  samples.autocorrelated = source == KpiSource::kHeldOut;
  samples.paired = source != KpiSource::kMeasured;
  samples.models["candidate"] = {LogNormal(n, 1.0, 1), "s", "host", 0, 0};
  samples.models["candidate_clean"] = {LogNormal(n, 1.0, 2), "s", "host", 0, 0};
  samples.models["incumbent"] = {LogNormal(n, 2.0, 3), "s", "host", 0, 0};
  return samples;
}

// A candidate that is better in every respect, of which every criterion says
// promote.
Evidence GoodEvidence() {
  Evidence evidence;
  evidence.file.question.target = "delivered_rate";
  evidence.kpis = {Samples("latency", KpiSource::kHeldOut, 600),
                   Samples("latency", KpiSource::kTwin, 40),
                   Samples("latency", KpiSource::kMeasured, 600)};
  evidence.held_out_samples = evidence.candidate_asked = 600;
  evidence.leak.predictions_checked = 1000;
  CoverageEvidence coverage;
  coverage.nominal = 0.9;
  RngStream rng(4);
  for (int i = 0; i < 600; ++i) {
    coverage.covered.push_back(rng.Uniform() < 0.9 ? 1 : 0);
  }
  evidence.coverage = coverage;
  for (const char* level : {"1%", "5%"}) {
    evidence.robustness.push_back(
        {"counter-noise", level, Samples("latency", KpiSource::kHeldOut, 600)});
  }
  CostEvidence cost;
  cost.latency_seconds = LogNormal(5000, 10e-6, 5);
  cost.clock = "monotonic";
  cost.artefact_bytes = 100000;
  cost.resident_bytes = 20000000;
  evidence.cost = cost;
  DriftEvidence drift;
  drift.run_length = 1000;
  drift.window = 100;
  drift.quiet_samples = 600;
  drift.early_samples = 400;
  drift.late_samples = 500;
  drift.delay_samples = 20;
  evidence.drift = drift;
  CalibrationProfile profile;
  KpiFidelity fidelity;
  fidelity.kpi = "delivered_rate";
  fidelity.samples = 700;
  fidelity.credible = true;
  profile.kpis.push_back(fidelity);
  evidence.profile = profile;
  return evidence;
}

// One criterion as a gate file would ask for it.
struct Asked {
  const char* name;
  CriterionConfig config;
  // Which samples it looks at; nullptr: something else than samples.
  KpiSamples* (*samples)(Evidence*);
};

CriterionConfig Config(const char* kind, const char* on = "held-out") {
  CriterionConfig config;
  config.kind = kind;
  config.kpi = "latency";
  config.on = on;
  config.at_most = Ratio(0.05);
  config.within = 50;
  return config;
}

KpiSamples* HeldOut(Evidence* evidence) { return &evidence->kpis[0]; }
KpiSamples* Twin(Evidence* evidence) { return &evidence->kpis[1]; }
KpiSamples* Measured(Evidence* evidence) { return &evidence->kpis[2]; }
KpiSamples* Cell(Evidence* evidence) {
  return &evidence->robustness[1].samples;
}

CriterionConfig WithMargin(CriterionConfig config, const char* margin) {
  config.margin = margin;
  return config;
}
CriterionConfig WithLimit(CriterionConfig config, const char* limit) {
  config.limit = limit;
  return config;
}
CriterionConfig AgainstItself(CriterionConfig config) {
  config.against = "itself";
  return config;
}

// Every kind that looks at samples of a KPI, from every source that matters.
std::vector<Asked> OfSamples() {
  return {
      {"NonInferiority", WithMargin(Config("non-inferiority"), "10%"), HeldOut},
      {"NonInferiorityAbsolute",
       WithMargin(Config("non-inferiority", "measured"), "100ms"), Measured},
      {"NonInferiorityInTheTwin",
       WithMargin(Config("non-inferiority", "twin"), "10%"), Twin},
      {"Superiority", Config("superiority", "measured"), Measured},
      {"MinimumGain", WithMargin(Config("minimum-gain"), "8%"), HeldOut},
      {"Equivalence", WithMargin(Config("equivalence", "measured"), "70%"),
       Measured},
      {"Dispersion", WithMargin(Config("dispersion", "measured"), "20%"),
       Measured},
      {"TailMean", WithMargin(Config("tail-mean", "measured"), "20%"),
       Measured},
      {"TailQuantile", WithMargin(Config("tail-quantile", "measured"), "20%"),
       Measured},
      {"TailQuantileLimit", WithLimit(Config("tail-quantile"), "3s"), HeldOut},
      {"ViolationRate", WithLimit(Config("violation-rate", "measured"), "3s"),
       Measured},
      {"WorstReplication",
       WithMargin(Config("worst-replication", "twin"), "50%"), Twin},
      {"WorstReplicationLimit",
       WithLimit(Config("worst-replication", "measured"), "9s"), Measured},
      {"ForecastAccuracy", WithLimit(Config("forecast-accuracy"), "1.5s"),
       HeldOut},
      {"TwinNonInferiority", WithMargin(Config("twin-non-inferiority"), "10%"),
       Twin},
      {"Robustness", WithMargin(Config("robustness"), "20%"), Cell},
      {"RobustnessItself",
       AgainstItself(WithMargin(Config("robustness"), "20%")), Cell},
  };
}

CriterionConfig WithAtLeast(CriterionConfig config, int64_t at_least) {
  config.at_least = at_least;
  return config;
}

// The kinds that look at something else.
std::vector<Asked> OfOther() {
  return {
      {"Complete", WithAtLeast(Config("complete"), 100), nullptr},
      {"NoLeak", Config("no-leak"), nullptr},
      {"TrainingRange", Config("training-range"), nullptr},
      {"IntervalCoverage", WithMargin(Config("interval-coverage"), "5pp"),
       nullptr},
      {"DriftTrigger", Config("drift-trigger"), nullptr},
      {"InferenceLatency", WithLimit(Config("inference-latency"), "1ms"),
       nullptr},
      {"Memory", WithLimit(Config("memory"), "50MB"), nullptr},
      {"ArtefactSize", WithLimit(Config("artefact-size"), "1MB"), nullptr},
      {"TwinCredible", Config("twin-credible"), nullptr},
  };
}

std::vector<Asked> All() {
  std::vector<Asked> all = OfSamples();
  for (const Asked& asked : OfOther()) all.push_back(asked);
  return all;
}

CriterionResult Judge(const CriterionConfig& config, const Evidence& evidence) {
  return FindCriterion(config.kind)->judge(config, evidence);
}

TEST(CriterionTest, EveryKindIsAsked) {
  std::set<std::string> asked;
  for (const Asked& each : All()) asked.insert(each.config.kind);
  for (auto* const family :
       {PredictionCriteria, ComparisonCriteria, TailCriteria, DriftCriteria,
        CostCriteria, TwinCriteria}) {
    for (const CriterionRow& row : family()) {
      EXPECT_EQ(asked.count(row.name), 1u) << row.name;
    }
  }
}

class EveryKindTest : public testing::TestWithParam<Asked> {};

TEST_P(EveryKindTest, GoodEvidencePasses) {
  const CriterionResult result = Judge(GetParam().config, GoodEvidence());
  EXPECT_EQ(result.outcome, Outcome::kPromote) << result.reason;
  EXPECT_NE(result.reason, "");
  EXPECT_GT(result.n, 0);
}

TEST_P(EveryKindTest, NoEvidenceIsNoPass) {
  Evidence nothing;
  nothing.twin_missing = "the gate file names no twin";
  const CriterionResult result = Judge(GetParam().config, nothing);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive);
  EXPECT_NE(result.reason, "");
}

std::string NameOf(const testing::TestParamInfo<Asked>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Kinds, EveryKindTest, testing::ValuesIn(All()),
                         NameOf);

// --- samples of a KPI -------------------------------------------------------

// What can be wrong with samples.
struct Defect {
  const char* name;
  void (*spoil)(KpiSamples*);
  const char* reason;
};

KpiSeries& Candidate(KpiSamples* samples) {
  return samples->models["candidate"];
}

std::vector<Defect> Defects() {
  return {
      {"OneMissing", [](KpiSamples* s) { Candidate(s).values[17] = kNan; },
       "1 of "},
      {"AllMissing",
       [](KpiSamples* s) {
         for (double& value : Candidate(s).values) value = kNan;
       },
       "are no number"},
      {"OneInfinite",
       [](KpiSamples* s) { Candidate(s).values[3] = -kInfinity; },
       "are no number"},
      {"Empty", [](KpiSamples* s) { Candidate(s).values.clear(); },
       "no samples of the candidate"},
      {"NoCandidate", [](KpiSamples* s) { s->models.erase("candidate"); },
       "no samples of the candidate"},
      {"AllEmpty",
       [](KpiSamples* s) {
         for (auto& [model, series] : s->models) series.values.clear();
       },
       "no samples of the candidate"},
      {"OneFailed", [](KpiSamples* s) { Candidate(s).errored = 1; },
       "measurements of the candidate failed"},
      {"AllFailed",
       [](KpiSamples* s) {
         Candidate(s).errored = 600;
         Candidate(s).values.clear();
       },
       "measurements of the candidate failed"},
      {"Stale", [](KpiSamples* s) { Candidate(s).stale = 5; }, "are stale"},
      {"Constant",
       [](KpiSamples* s) {
         for (double& value : Candidate(s).values) value = 0.5;
       },
       "are the same"},
      {"AllZero",
       [](KpiSamples* s) {
         for (double& value : Candidate(s).values) value = 0;
       },
       "are the same"},
      {"Frozen",
       [](KpiSamples* s) {
         auto& values = Candidate(s).values;
         for (size_t i = values.size() / 2; i < values.size(); ++i) {
           values[i] = values[0];
         }
       },
       "the source is frozen"},
      {"OtherUnit", [](KpiSamples* s) { Candidate(s).unit = "bit/s"; },
       "are in bit/s"},
      {"NoUnit", [](KpiSamples* s) { Candidate(s).unit = ""; },
       "unit of the candidate's samples is not known"},
      {"OtherClock", [](KpiSamples* s) { Candidate(s).clock = "elsewhere"; },
       "have the clock 'elsewhere'"},
      {"NoClock", [](KpiSamples* s) { Candidate(s).clock = ""; },
       "clock of the candidate's samples is not known"},
      {"OneValue",
       [](KpiSamples* s) {
         for (auto& [model, series] : s->models) series.values.resize(1);
       },
       ""},
  };
}

class DefectTest : public testing::TestWithParam<std::tuple<Asked, Defect>> {};

TEST_P(DefectTest, IsNeverAPass) {
  const auto& [asked, defect] = GetParam();
  Evidence evidence = GoodEvidence();
  defect.spoil(asked.samples(&evidence));
  const CriterionResult result = Judge(asked.config, evidence);
  EXPECT_EQ(result.outcome, Outcome::kInconclusive) << result.reason;
  EXPECT_THAT(result.reason, HasSubstr(defect.reason));
}

INSTANTIATE_TEST_SUITE_P(Samples, DefectTest,
                         testing::Combine(testing::ValuesIn(OfSamples()),
                                          testing::ValuesIn(Defects())),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  "_" + std::get<1>(info.param).name;
                         });

// What is wrong with the other model is as bad, for those that compare.
TEST(DefectOfTheOtherTest, IsNeverAPass) {
  for (const Asked& asked : OfSamples()) {
    const bool alone = asked.config.limit != "";
    const std::string other =
        asked.config.against == "itself" ? "candidate_clean" : "incumbent";
    for (const Defect& defect : Defects()) {
      Evidence evidence = GoodEvidence();
      KpiSamples* const samples = asked.samples(&evidence);
      // The defect is one of the candidate; let the other have it.
      std::swap(samples->models["candidate"], samples->models[other]);
      defect.spoil(samples);
      if (samples->models.count("candidate") == 0) {
        samples->models["candidate"] = samples->models[other];
        samples->models.erase(other);
      } else {
        std::swap(samples->models["candidate"], samples->models[other]);
      }
      const CriterionResult result = Judge(asked.config, evidence);
      if (alone && result.outcome == Outcome::kPromote) continue;
      EXPECT_EQ(result.outcome, Outcome::kInconclusive)
          << asked.name << " " << defect.name << ": " << result.reason;
    }
  }
}

TEST(DefectOfTheOtherTest, PairsNeedPartners) {
  for (const Asked& asked : OfSamples()) {
    Evidence evidence = GoodEvidence();
    KpiSamples* const samples = asked.samples(&evidence);
    samples->paired = true;
    Candidate(samples).values.pop_back();
    const CriterionResult result = Judge(asked.config, evidence);
    if (!asked.config.limit.empty()) continue;
    EXPECT_EQ(result.outcome, Outcome::kInconclusive) << asked.name;
    EXPECT_THAT(result.reason, HasSubstr("are no pairs")) << asked.name;
  }
}

TEST(DefectOfTheTwinTest, KpisOfATwinThatIsNotCredibleAreNone) {
  for (const Asked& asked : OfSamples()) {
    if (asked.samples != Twin) continue;
    Evidence evidence = GoodEvidence();
    evidence.profile->kpis[0].credible = false;
    evidence.profile->kpis[0].reason = "W1/sd 0.3 is above 0.1";
    EXPECT_THAT(Judge(asked.config, evidence).reason,
                HasSubstr("W1/sd 0.3 is above 0.1"));
    evidence = GoodEvidence();
    Twin(&evidence)->credible_as = "latency";
    EXPECT_THAT(Judge(asked.config, evidence).reason,
                HasSubstr("the calibration says nothing about latency"));
  }
}

// --- everything else --------------------------------------------------------

struct OtherDefect {
  const char* name;
  const char* kind;
  void (*spoil)(Evidence*);
  Outcome outcome;
  const char* reason;
};

class OtherDefectTest : public testing::TestWithParam<OtherDefect> {};

TEST_P(OtherDefectTest, IsNeverAPass) {
  Evidence evidence = GoodEvidence();
  GetParam().spoil(&evidence);
  for (const Asked& asked : All()) {
    if (asked.config.kind != std::string(GetParam().kind)) continue;
    const CriterionResult result = Judge(asked.config, evidence);
    EXPECT_EQ(result.outcome, GetParam().outcome) << result.reason;
    EXPECT_THAT(result.reason, HasSubstr(GetParam().reason));
  }
}

constexpr Outcome kReject = Outcome::kReject;
constexpr Outcome kInconclusive = Outcome::kInconclusive;

INSTANTIATE_TEST_SUITE_P(
    Defects, OtherDefectTest,
    testing::Values(
        OtherDefect{"NotANumber", "complete",
                    [](Evidence* e) { e->candidate_not_a_number = 1; }, kReject,
                    "1 of 600 predictions are not numbers"},
        OtherDefect{"TooFew", "complete",
                    [](Evidence* e) { e->candidate_asked = 99; }, kInconclusive,
                    "100 are needed"},
        OtherDefect{"Leak", "no-leak",
                    [](Evidence* e) { e->leak.leaks = true; }, kReject, ""},
        OtherDefect{"FitLeak", "no-leak",
                    [](Evidence* e) {
                      e->fit_leak = LeakReport();
                      e->fit_leak->leaks = true;
                    },
                    kReject, ""},
        OtherDefect{"TrainedOnHeldOut", "no-leak",
                    [](Evidence* e) { e->candidate_trained_on_held_out = 30; },
                    kReject, "the first 30 of the held-out samples"},
        OtherDefect{"NothingChecked", "no-leak",
                    [](Evidence* e) { e->leak.predictions_checked = 0; },
                    kInconclusive, "no prediction could be checked"},
        OtherDefect{"OutOfRange", "training-range",
                    [](Evidence* e) { e->candidate_outside_share = 0.2; },
                    kReject, "20.0 %"},
        OtherDefect{"RangeUnknown", "training-range",
                    [](Evidence* e) { e->candidate_outside_share = kNan; },
                    kInconclusive, "no held-out predictions"},
        OtherDefect{"CoverageUnknown", "interval-coverage",
                    [](Evidence* e) { e->coverage->covered[3] = kNan; },
                    kInconclusive, "not known whether they are covered"},
        OtherDefect{"NothingCovered", "interval-coverage",
                    [](Evidence* e) { e->coverage->covered.clear(); },
                    kInconclusive, "are needed"},
        OtherDefect{"NothingPromised", "interval-coverage",
                    [](Evidence* e) { e->coverage->nominal = kNan; },
                    kInconclusive, "promise is not known"},
        OtherDefect{"FewCovered", "interval-coverage",
                    [](Evidence* e) {
                      for (size_t i = 0; i < 300; ++i) {
                        e->coverage->covered[2 * i] = 0;
                      }
                    },
                    kReject, "limit 85.0 %"},
        OtherDefect{"FiresTooOften", "drift-trigger",
                    [](Evidence* e) { e->drift->quiet_alarms = 6; }, kReject,
                    "it fires too often"},
        // e^-expected is 0 in double precision here.
        OtherDefect{"FiresTooOftenForALongTime", "drift-trigger",
                    [](Evidence* e) {
                      e->drift->run_length = 10;
                      e->drift->quiet_samples = 20000;
                      e->drift->quiet_alarms = 5000;
                    },
                    kReject, "it fires too often"},
        OtherDefect{"TooShortToFire", "drift-trigger",
                    [](Evidence* e) { e->drift->quiet_samples = 100; },
                    kInconclusive, "do not fill the trigger's window"},
        OtherDefect{"EndsBeforeItMustFire", "drift-trigger",
                    [](Evidence* e) {
                      e->drift->delay_samples = -1;
                      e->drift->late_samples = 50;
                    },
                    kInconclusive, "in the 50 samples after the change"},
        OtherDefect{"NeverFires", "drift-trigger",
                    [](Evidence* e) { e->drift->delay_samples = -1; }, kReject,
                    "never fired"},
        OtherDefect{"FiresLate", "drift-trigger",
                    [](Evidence* e) { e->drift->delay_samples = 51; }, kReject,
                    "limit 50"},
        OtherDefect{"NotCredible", "twin-credible",
                    [](Evidence* e) { e->profile->kpis[0].credible = false; },
                    kInconclusive, "not credible"},
        OtherDefect{"OtherKpi", "twin-credible",
                    [](Evidence* e) { e->profile->kpis[0].kpi = "loss_ratio"; },
                    kInconclusive, "says nothing about delivered_rate"},
        OtherDefect{"NoProfile", "twin-credible",
                    [](Evidence* e) { e->profile.reset(); }, kInconclusive,
                    "no calibration profile"},
        OtherDefect{"RehearsalFailed", "twin-credible",
                    [](Evidence* e) {
                      e->twin_missing = "the twin cannot rehearse the question";
                    },
                    kInconclusive, "cannot rehearse"},
        OtherDefect{"NoLatencies", "inference-latency",
                    [](Evidence* e) { e->cost->latency_seconds.clear(); },
                    kInconclusive, "no samples"},
        OtherDefect{"OneLatencyIsNoNumber", "inference-latency",
                    [](Evidence* e) { e->cost->latency_seconds[7] = kNan; },
                    kInconclusive, "are no number"},
        OtherDefect{"LatenciesAreTheSame", "inference-latency",
                    [](Evidence* e) {
                      for (double& s : e->cost->latency_seconds) s = 1e-6;
                    },
                    kInconclusive, "are the same"},
        OtherDefect{"LatencyOfAnotherClock", "inference-latency",
                    [](Evidence* e) { e->cost->clock = "wall"; }, kInconclusive,
                    "the clock 'wall'"},
        OtherDefect{"NegativeLatency", "inference-latency",
                    [](Evidence* e) { e->cost->latency_seconds[7] = -1e-9; },
                    kInconclusive, "negative"},
        OtherDefect{"FailedCalls", "inference-latency",
                    [](Evidence* e) { e->cost->failed_calls = 3; }, kReject,
                    "3 of 5003 calls failed"},
        OtherDefect{"SlowTail", "inference-latency",
                    [](Evidence* e) {
                      for (size_t i = 0; i < 5000; i += 10) {
                        e->cost->latency_seconds[i] = 0.01 + 1e-9 * i;
                      }
                    },
                    kReject, "limit +1 ms"},
        OtherDefect{"FewCalls", "inference-latency",
                    [](Evidence* e) { e->cost->latency_seconds.resize(40); },
                    kInconclusive, "too few calls"},
        OtherDefect{"MemoryUnknown", "memory",
                    [](Evidence* e) { e->cost->resident_bytes = 0; },
                    kInconclusive, "not known"},
        OtherDefect{"TooMuchMemory", "memory",
                    [](Evidence* e) { e->cost->resident_bytes = 50000001; },
                    kReject, "limit +50 MB"},
        OtherDefect{"SizeUnknown", "artefact-size",
                    [](Evidence* e) { e->cost->artefact_bytes = -1; },
                    kInconclusive, "not known"},
        OtherDefect{"TooLarge", "artefact-size",
                    [](Evidence* e) { e->cost->artefact_bytes = 2000000; },
                    kReject, "limit +1 MB"},
        OtherDefect{"NoFaults", "robustness",
                    [](Evidence* e) { e->robustness.clear(); }, kInconclusive,
                    "no fault was injected"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace airlock
