#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/batch_means.h"
#include "sim/stats/moments.h"
#include "twin/gate/criteria/comparison.h"
#include "twin/gate/criteria/families.h"

namespace airlock {
namespace {

constexpr int64_t kFewestSamples = 20;

CriterionResult JudgeComplete(const CriterionConfig& config,
                              const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.unit = "sample";
  result.n = evidence.candidate_asked;
  const int64_t needed = std::max(kFewestSamples, config.at_least);
  result.limit = static_cast<double>(needed);
  result.interval.estimate = static_cast<double>(result.n);
  if (evidence.candidate_not_a_number > 0) {
    result.outcome = Outcome::kReject;
    result.reason = fmt::format("{} of {} predictions are not numbers",
                                evidence.candidate_not_a_number, result.n);
    return result;
  }
  if (result.n < needed) {
    result.needed = needed;
    return Undecided(
        result, fmt::format("{} held-out samples have an observed target and "
                            "a prediction; {} are needed",
                            result.n, needed));
  }
  result.outcome = Outcome::kPromote;
  result.reason = fmt::format("{} of {} held-out samples are judged", result.n,
                              evidence.held_out_samples);
  return result;
}

// A program is shown nothing but the past; what it may know otherwise is the
// file. It does where its answers are those of the file's target at the time
// rather than of what it was shown, or agree with what is observed to nine
// digits.
bool KnowsTheFile(const BehaviourEvidence& behaviour, std::string* how) {
  if (behaviour.output && behaviour.output->exact > 0 &&
      20 * behaviour.output->exact > behaviour.output->moved) {
    *how = fmt::format(
        "leak: {} of {} predictions of a target that moves are "
        "what was observed, to nine digits",
        behaviour.output->exact, behaviour.output->moved);
    return true;
  }
  if (!behaviour.lookup || behaviour.lookup->asked < 20) return false;
  const LookupEvidence& lookup = *behaviour.lookup;
  if (!(lookup.error_of_file < 0.5 * lookup.error_of_told)) return false;
  *how = fmt::format(
      "leak: shown the samples of other times, it predicts what "
      "the file has at the time (mean error {:.3g}) and not what "
      "it was shown (mean error {:.3g})",
      lookup.error_of_file, lookup.error_of_told);
  return true;
}

CriterionResult JudgeNoLeak(const CriterionConfig& config,
                            const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  if (KnowsTheFile(evidence.behaviour, &result.reason)) {
    result.outcome = Outcome::kReject;
    return result;
  }
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
    return Undecided(result, "no prediction could be checked");
  } else {
    result.outcome = Outcome::kPromote;
    result.reason =
        evidence.behaviour.lookup
            ? fmt::format(
                  "{} answers follow the samples that the program is "
                  "shown, which are of the past",
                  result.n)
            : fmt::format(
                  "{} predictions stay the same when the future "
                  "changes",
                  result.n);
  }
  return result;
}

CriterionResult JudgeTrainingRange(const CriterionConfig& config,
                                   const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.n = evidence.candidate_asked;
  result.limit = config.at_most.value();
  result.interval.estimate = evidence.candidate_outside_share;
  if (result.n == 0 || !std::isfinite(evidence.candidate_outside_share)) {
    return Undecided(result, "there are no held-out predictions");
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

// The candidate alone: the mean of the KPI beside an absolute limit.
CriterionResult JudgeAccuracy(const CriterionConfig& config,
                              const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.label = LabelOf(config, false);
  result.confidence = config.confidence.value();
  const Amount limit = *ParseAmount(config.limit);
  result.limit = limit.value;
  std::string why;
  const KpiSamples* const samples = FindSamples(config, evidence, "", &why);
  if (samples != nullptr) why = WrongUnit(limit, *samples);
  if (!why.empty()) return Undecided(result, why);
  const KpiSeries& candidate = samples->models.at("candidate");
  result.unit = candidate.unit;
  result.n = static_cast<int64_t>(candidate.values.size());
  const std::optional<Gap> gap =
      GapFromLimit(candidate.values, samples->autocorrelated, limit.value,
                   SignOf(DirectionOf(config, *samples)), &why, &result.needed);
  if (!gap) return Undecided(result, why);
  JudgeGap(*gap, TestGap(*gap, config, evidence, samples->source),
           gap->ToShown(gap->estimate), QuantityOf(config, "mean"), &result);
  if (result.outcome == Outcome::kInconclusive) {
    result.needed =
        NeededFor(*gap, 1 - result.confidence, evidence, samples->source);
  }
  return result;
}

// The share of held-out values that the candidate's intervals hold, with the
// exact interval of as many independent flags as they are worth.
CriterionResult JudgeCoverage(const CriterionConfig& config,
                              const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.confidence = config.confidence.value();
  const Amount margin = *ParseAmount(config.margin);
  if (!evidence.coverage) {
    return Undecided(result, "the candidate has no prediction intervals");
  }
  const CoverageEvidence& coverage = *evidence.coverage;
  result.limit = coverage.nominal - margin.value;
  result.n = static_cast<int64_t>(coverage.covered.size());
  const auto bad =
      std::count_if(coverage.covered.begin(), coverage.covered.end(),
                    [](double flag) { return flag != 0 && flag != 1; });
  if (bad > 0) {
    return Undecided(result,
                     fmt::format("of {} of {} values it is not known whether "
                                 "they are covered",
                                 bad, result.n));
  }
  if (!(coverage.nominal > 0 && coverage.nominal < 1)) {
    return Undecided(result, "what the intervals promise is not known");
  }
  const int64_t needed = std::max(kFewestSamples, config.at_least);
  if (result.n < needed) {
    result.needed = needed;
    return Undecided(result,
                     fmt::format("{} values; {} are needed", result.n, needed));
  }
  const double share = Mean(coverage.covered);
  const double worth = std::max(1.0, EffectiveSampleSize(coverage.covered));
  const auto trials = static_cast<int64_t>(worth);
  const auto held = static_cast<int64_t>(share * static_cast<double>(trials));
  const double alpha = 1 - result.confidence;
  result.interval = ClopperPearson(held, trials, 1 - 2 * alpha);
  result.interval.estimate = share;
  result.p_value = 1 - BinomialCdf(held - 1, trials, result.limit);
  result.p_reject = BinomialCdf(held, trials, result.limit);
  result.reason = fmt::format(
      "{:.1f} % of {} values lie in their {:.0f} % interval ({:.1f} to {:.1f} "
      "%), limit {:.1f} %",
      100 * share, result.n, 100 * coverage.nominal, 100 * result.interval.low,
      100 * result.interval.high, 100 * result.limit);
  if (result.interval.low > result.limit) {
    result.outcome = Outcome::kPromote;
  } else if (result.interval.high < result.limit) {
    result.outcome = Outcome::kReject;
  } else {
    const double distance = std::abs(share - result.limit);
    const double shrink = result.interval.half_width() / distance;
    const double more = static_cast<double>(result.n) * shrink * shrink;
    result.needed = more < 1e12 ? static_cast<int64_t>(std::ceil(more)) : 0;
    return Undecided(result, result.reason + ": the interval holds the limit");
  }
  return result;
}

}  // namespace

std::vector<CriterionRow> PredictionCriteria() {
  return {
      {"complete",
       "enough held-out samples (at_least, 20 or more), every prediction a "
       "number",
       {"at_least"},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeComplete,
       [](const GateFile& file) { return file.is_forecast(); }},
      {"no-leak",
       "neither predictions nor the fit change when the future does",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeNoLeak,
       [](const GateFile& file) { return file.is_forecast(); }},
      {"training-range",
       "at most the share `at_most` of held-out samples outside the "
       "candidate's training range",
       {"at_most"},
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeTrainingRange},
      {"forecast-accuracy",
       "the mean of the KPI within `limit`, whatever others do",
       {"kpi", "on", "better", "limit", "confidence", "guardrail"},
       {"limit"},
       Stage::kMeasured,
       false,
       false,
       JudgeAccuracy},
      {"interval-coverage",
       "the candidate's prediction intervals hold at most `margin` (in pp) "
       "less of the held-out values than they promise",
       {"margin", "confidence", "at_least", "guardrail"},
       {"margin"},
       Stage::kMeasured,
       false,
       false,
       JudgeCoverage},
  };
}

}  // namespace airlock
