#include "twin/gate/criterion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/batch_means.h"
#include "sim/stats/moments.h"
#include "twin/gate/amount.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

constexpr int64_t kFewestBatches = 10;
constexpr int64_t kMostBatches = 30;
constexpr int64_t kFewestReplications = 3;

CriterionResult Start(const CriterionConfig& config) {
  CriterionResult result;
  result.kind = config.kind;
  result.label = config.kind;
  return result;
}

CriterionResult Inconclusive(CriterionResult result, const std::string& why) {
  result.outcome = Outcome::kInconclusive;
  result.reason = why;
  return result;
}

// Judges result->interval, which must stay below result->limit. Where it holds
// the limit, `needed` comes from its half width falling with the root of n.
void JudgeBelow(CriterionResult* result, const std::string& what) {
  const Interval& i = result->interval;
  const std::string shown = fmt::format(
      "{} {:+.1f} % ({:+.1f} to {:+.1f} %), limit {:+.1f} %", what,
      100 * i.estimate, 100 * i.low, 100 * i.high, 100 * result->limit);
  if (!i.known()) {
    *result = Inconclusive(*result, what + " could not be estimated");
  } else if (i.high < result->limit) {
    result->outcome = Outcome::kPromote;
    result->reason = shown;
  } else if (i.low > result->limit) {
    result->outcome = Outcome::kReject;
    result->reason = shown;
  } else {
    const double distance = std::abs(result->limit - i.estimate);
    const double shrink = i.half_width() / std::max(distance, 1e-12);
    const double needed = std::ceil(static_cast<double>(result->n) *
                                    std::max(1.0, shrink * shrink));
    result->needed = needed < 1e12 ? static_cast<int64_t>(needed) : 0;
    *result = Inconclusive(*result, shown + ": the interval holds the limit");
  }
}

// The interval of mean(candidate) / mean(other) - 1 about the limit: that of
// mean(candidate - (1 + limit) * other) / mean(other) + limit, whose test of
// "beyond the limit" is exact in the means (Fieller's argument).
Interval RelativeChange(const Interval& difference, double mean_other,
                        double limit) {
  return {difference.estimate / mean_other + limit,
          difference.low / mean_other + limit,
          difference.high / mean_other + limit};
}

std::vector<double> Beyond(const std::vector<double>& candidate,
                           const std::vector<double>& other, double limit) {
  std::vector<double> beyond(candidate.size());
  for (size_t i = 0; i < candidate.size(); ++i) {
    beyond[i] = candidate[i] - (1 + limit) * other[i];
  }
  return beyond;
}

// Compares mean absolute errors on the held-out part of the trace. Neighbouring
// samples are not independent: the interval is one of batch means, batches of
// at least twice the integrated autocorrelation time.
CriterionResult CompareHeldOut(const CriterionConfig& config,
                               const Evidence& evidence, double limit) {
  CriterionResult result = Start(config);
  result.label = fmt::format("{} against {}", config.kind, config.against);
  result.limit = limit;
  const KpiSamples* const samples =
      evidence.Find(config.kpi, KpiSource::kHeldOut);
  if (samples == nullptr || samples->models.count("candidate") == 0 ||
      samples->models.count(config.against) == 0 ||
      samples->models.at("candidate").values.empty()) {
    return Inconclusive(result, "there are no held-out predictions of both");
  }
  const std::vector<double>& errors = samples->models.at("candidate").values;
  const std::vector<double>& others = samples->models.at(config.against).values;
  const std::vector<double> beyond = Beyond(errors, others, limit);
  result.n = static_cast<int64_t>(beyond.size());
  if (HasMissing(beyond)) {
    return Inconclusive(result, "a prediction of one of them is no number");
  }
  const double correlation_time = static_cast<double>(result.n) /
                                  std::max(1.0, EffectiveSampleSize(beyond));
  const auto batches = std::min<int64_t>(
      kMostBatches, static_cast<int64_t>(static_cast<double>(result.n) /
                                         (2 * correlation_time)));
  if (batches < kFewestBatches) {
    result.needed =
        static_cast<int64_t>(std::ceil(kFewestBatches * 2 * correlation_time));
    return Inconclusive(
        result, fmt::format("{} held-out samples are worth {} independent "
                            "batches; {} are needed",
                            result.n, batches, kFewestBatches));
  }
  const double mean_other = Mean(others);
  if (!(mean_other > 0)) {
    return Inconclusive(result, "the other model makes no error at all");
  }
  const double two_sided = 2 * config.confidence.value() - 1;
  result.interval = RelativeChange(BatchMeans(beyond, batches, two_sided).mean,
                                   mean_other, limit);
  JudgeBelow(&result, "change of the mean absolute error");
  return result;
}

CriterionResult JudgeNonInferiority(const CriterionConfig& config,
                                    const Evidence& evidence) {
  return CompareHeldOut(config, evidence, ParseAmount(config.margin)->value);
}

CriterionResult JudgeSuperiority(const CriterionConfig& config,
                                 const Evidence& evidence) {
  return CompareHeldOut(config, evidence, -ParseAmount(config.margin)->value);
}

CriterionResult JudgeComplete(const CriterionConfig& config,
                              const Evidence& evidence) {
  CriterionResult result = Start(config);
  result.unit = "sample";
  result.n = evidence.candidate_asked;
  result.limit = static_cast<double>(std::max<int64_t>(20, config.at_least));
  result.interval.estimate = static_cast<double>(result.n);
  if (evidence.candidate_not_a_number > 0) {
    result.outcome = Outcome::kReject;
    result.reason = fmt::format("{} of {} predictions are not numbers",
                                evidence.candidate_not_a_number, result.n);
    return result;
  }
  const auto needed = static_cast<int64_t>(result.limit);
  if (result.n < needed) {
    result.needed = needed;
    return Inconclusive(
        result, fmt::format("{} held-out samples have an observed target and "
                            "a prediction; {} are needed",
                            result.n, needed));
  }
  result.outcome = Outcome::kPromote;
  result.reason = fmt::format("{} of {} held-out samples are judged", result.n,
                              evidence.held_out_samples);
  return result;
}

CriterionResult JudgeNoLeak(const CriterionConfig& config,
                            const Evidence& evidence) {
  CriterionResult result = Start(config);
  result.unit = "prediction";
  result.n = evidence.leak.predictions_checked;
  result.interval.estimate =
      static_cast<double>(evidence.leak.predictions_changed);
  if (evidence.leak.leaks) {
    result.outcome = Outcome::kReject;
    result.reason = evidence.leak.ToText();
  } else if (evidence.fit_leak && evidence.fit_leak->leaks) {
    result.outcome = Outcome::kReject;
    result.reason = evidence.fit_leak->ToText();
  } else if (evidence.candidate_trained_on_held_out > 0) {
    result.outcome = Outcome::kReject;
    result.reason = fmt::format(
        "leak: the candidate was fitted on the first {} of the held-out "
        "samples",
        evidence.candidate_trained_on_held_out);
  } else if (result.n == 0) {
    return Inconclusive(result, "no prediction could be checked");
  } else {
    result.outcome = Outcome::kPromote;
    result.reason = fmt::format(
        "{} predictions stay the same when the future changes", result.n);
  }
  return result;
}

CriterionResult JudgeTrainingRange(const CriterionConfig& config,
                                   const Evidence& evidence) {
  CriterionResult result = Start(config);
  result.n = evidence.candidate_asked;
  result.limit = config.at_most.value();
  result.interval.estimate = evidence.candidate_outside_share;
  if (result.n == 0) {
    return Inconclusive(result, "there are no held-out predictions");
  }
  result.outcome = evidence.candidate_outside_share <= result.limit
                       ? Outcome::kPromote
                       : Outcome::kReject;
  result.reason = fmt::format(
      "{:.1f} % of the held-out samples lie outside what the candidate was "
      "trained on; limit {:.1f} %",
      100 * evidence.candidate_outside_share, 100 * result.limit);
  return result;
}

// The trigger's run length without drift: the number of alarms on quiet data
// must be plausible for a Poisson process of the set rate (one-sided exact
// test; a trigger that starts afresh after each alarm is more regular than
// that, so the test rejects a good one less often than it may); and the change
// must be found in time.
CriterionResult JudgeDriftTrigger(const CriterionConfig& config,
                                  const Evidence& evidence) {
  CriterionResult result = Start(config);
  result.unit = "sample";
  result.limit = static_cast<double>(config.within);
  if (!evidence.drift) {
    return Inconclusive(result, evidence.drift_missing.empty()
                                    ? "there is no drift evidence"
                                    : evidence.drift_missing);
  }
  const DriftEvidence& drift = *evidence.drift;
  result.n = drift.quiet_samples + drift.early_samples;
  const int64_t alarms = drift.quiet_alarms + drift.early_alarms;
  if (drift.quiet_samples <= drift.window) {
    return Inconclusive(result,
                        fmt::format("{} samples without drift do not fill the "
                                    "trigger's window of {}",
                                    drift.quiet_samples, drift.window));
  }
  const double expected =
      static_cast<double>(result.n) / static_cast<double>(drift.run_length);
  result.interval.estimate = static_cast<double>(drift.delay_samples);
  const std::string quiet =
      fmt::format("{} alarms in {} samples without drift ({:.1f} expected)",
                  alarms, result.n, expected);
  if (PoissonTail(alarms, expected) < 1 - config.confidence.value()) {
    result.outcome = Outcome::kReject;
    result.reason = quiet + ": it fires too often";
  } else if (drift.delay_samples < 0 && drift.late_samples <= config.within) {
    return Inconclusive(
        result, fmt::format("{}; it did not fire in the {} samples after the "
                            "change, but it has {}",
                            quiet, drift.late_samples, config.within));
  } else if (drift.delay_samples < 0) {
    result.outcome = Outcome::kReject;
    result.reason = quiet + "; it never fired after the change";
  } else if (drift.delay_samples > config.within) {
    result.outcome = Outcome::kReject;
    result.reason = fmt::format(
        "{}; it fired {} samples after the change, "
        "limit {}",
        quiet, drift.delay_samples, config.within);
  } else {
    result.outcome = Outcome::kPromote;
    result.reason = fmt::format("{}; it fired {} samples after the change ({})",
                                quiet, drift.delay_samples, drift.explanation);
  }
  return result;
}

CriterionResult JudgeTwinCredible(const CriterionConfig& config,
                                  const Evidence& evidence) {
  const std::string& target = evidence.file.question.target;
  CriterionResult result = Start(config);
  result.label = fmt::format("twin-credible for {}", target);
  const std::string doubt = DoubtAboutTwin(evidence);
  if (!doubt.empty()) return Inconclusive(result, doubt);
  const KpiFidelity& kpi = *evidence.profile->Find(target);
  result.n = kpi.samples;
  result.limit = evidence.profile->limits.w1_over_sd;
  result.interval.estimate = kpi.w1_over_sd;
  result.outcome = Outcome::kPromote;
  result.reason = fmt::format(
      "W1/sd {:.3f}, p99 error {:.1f} %, coverage {:.1f} % of the 90 % "
      "interval on {} held-out samples",
      kpi.w1_over_sd, 100 * kpi.p99_error, 100 * kpi.coverage, kpi.samples);
  if (evidence.profile->trace_digest != evidence.trace_digest) {
    result.reason +=
        fmt::format(" of another trace, {}", evidence.profile->trace);
  }
  return result;
}

// Compares mean absolute errors in the twin, paired by replication: both models
// see the same replications.
CriterionResult JudgeTwinNonInferiority(const CriterionConfig& config,
                                        const Evidence& evidence) {
  CriterionResult result = Start(config);
  result.label = fmt::format("{} against {}", config.kind, config.against);
  result.limit = ParseAmount(config.margin)->value;
  const std::string doubt = DoubtAboutTwin(evidence);
  if (!doubt.empty()) return Inconclusive(result, doubt);
  const KpiSamples* const samples = evidence.Find(config.kpi, KpiSource::kTwin);
  if (samples == nullptr || samples->models.count("candidate") == 0 ||
      samples->models.count(config.against) == 0) {
    return Inconclusive(result, "a replication gave no error to compare");
  }
  const std::vector<double>& errors = samples->models.at("candidate").values;
  const std::vector<double>& others = samples->models.at(config.against).values;
  if (HasMissing(errors) || HasMissing(others)) {
    return Inconclusive(result, "a replication gave no error to compare");
  }
  result.n = static_cast<int64_t>(errors.size());
  if (result.n < kFewestReplications) {
    result.needed = kFewestReplications;
    return Inconclusive(
        result, fmt::format("{} replications; at least {} are needed", result.n,
                            kFewestReplications));
  }
  const double mean_other = Mean(others);
  if (!(mean_other > 0)) {
    return Inconclusive(result, "the other model makes no error at all");
  }
  const double two_sided = 2 * config.confidence.value() - 1;
  result.interval = RelativeChange(
      MeanInterval(Beyond(errors, others, result.limit), two_sided), mean_other,
      result.limit);
  JudgeBelow(&result, "change of the mean absolute error in the twin");
  return result;
}

}  // namespace

std::string DoubtAboutTwin(const Evidence& evidence) {
  const std::string& target = evidence.file.question.target;
  if (!evidence.twin_missing.empty()) return evidence.twin_missing;
  if (!evidence.profile) return "there is no calibration profile";
  const KpiFidelity* const kpi = evidence.profile->Find(target);
  if (kpi == nullptr) {
    return fmt::format("the calibration says nothing about {}", target);
  }
  if (!kpi->credible) {
    return fmt::format("the twin is not credible for {}: {}", target,
                       kpi->reason);
  }
  return "";
}

const char* ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPromote:
      return "promote";
    case Outcome::kReject:
      return "reject";
    case Outcome::kInconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

ExitCode ExitCodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPromote:
      return ExitCode::kDone;
    case Outcome::kReject:
      return ExitCode::kNo;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
  }
  return ExitCode::kInconclusive;
}

const std::vector<CriterionRow>& Criteria() {
  static const std::vector<CriterionRow> rows = {
      {"complete",
       "enough held-out samples (at_least, 20 or more), every prediction a "
       "number",
       {"at_least"},
       Stage::kMeasured,
       false,
       true,
       JudgeComplete},
      {"no-leak",
       "neither predictions nor the fit change when the future does",
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeNoLeak},
      {"non-inferiority",
       "held-out mean absolute error at most `margin` above that of `against`",
       {"against", "margin", "confidence"},
       Stage::kMeasured,
       false,
       false,
       JudgeNonInferiority},
      {"superiority",
       "held-out mean absolute error more than `margin` below that of "
       "`against`",
       {"against", "margin", "confidence"},
       Stage::kMeasured,
       false,
       false,
       JudgeSuperiority},
      {"training-range",
       "at most the share `at_most` of held-out samples outside the "
       "candidate's training range",
       {"at_most"},
       Stage::kMeasured,
       false,
       false,
       JudgeTrainingRange},
      {"drift-trigger",
       "no more alarms on quiet data than its run length allows, and one "
       "`within` so many samples after the known change",
       {"within", "confidence"},
       Stage::kMeasured,
       true,
       false,
       JudgeDriftTrigger},
      {"twin-credible",
       "the calibrated twin is credible for the target KPI",
       {},
       Stage::kTwin,
       false,
       true,
       JudgeTwinCredible},
      {"twin-non-inferiority",
       "mean absolute error in the twin at most `margin` above that of "
       "`against`, paired by replication",
       {"against", "margin", "confidence"},
       Stage::kTwin,
       false,
       false,
       JudgeTwinNonInferiority},
  };
  return rows;
}

const CriterionRow* FindCriterion(const std::string& name) {
  for (const CriterionRow& row : Criteria()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

Outcome Combine(const std::vector<CriterionResult>& results) {
  bool all_pass = !results.empty();
  for (const CriterionResult& result : results) {
    if (result.outcome == Outcome::kReject) return Outcome::kReject;
    all_pass = all_pass && result.outcome == Outcome::kPromote;
  }
  return all_pass ? Outcome::kPromote : Outcome::kInconclusive;
}

}  // namespace airlock
