#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/sequential.h"
#include "sim/stats/tail.h"
#include "twin/gate/criteria/comparison.h"
#include "twin/gate/criteria/families.h"

namespace airlock {
namespace {

constexpr int64_t kFewestReplications = 10;

std::vector<double> Times(double factor, std::vector<double> values) {
  for (double& value : values) value *= factor;
  return values;
}

std::vector<double> Above(const std::vector<double>& values, double limit) {
  std::vector<double> above;
  for (double value : values) above.push_back(value > limit ? 1 : 0);
  return above;
}

// --- tail-quantile ----------------------------------------------------------

// The quantile of values that are worse the larger they are. Independent values
// are ranked; of dependent ones as many ranks count as the times above the
// quantile are worth.
Interval WorseQuantile(const KpiSamples& samples,
                       const std::vector<double>& values, double quantile,
                       double alpha) {
  const Interval at = QuantileInterval(values, quantile, 1 - 2 * alpha);
  if (!samples.autocorrelated) return at;
  return EffectiveQuantileInterval(
      values, quantile, 1 - 2 * alpha,
      WorthOf(samples, Above(values, at.estimate)));
}

// Judges `beyond`, an interval of how far a quantile is beyond its limit; shown
// as beyond / scale + limit, times `sign`.
void JudgeBeyond(const Interval& beyond, double scale, double sign,
                 double limit, bool relative, const std::string& what,
                 CriterionResult* result) {
  const auto shown = [&](double value) { return sign * value / scale + limit; };
  result->interval = {shown(beyond.estimate),
                      shown(sign > 0 ? beyond.low : beyond.high),
                      shown(sign > 0 ? beyond.high : beyond.low)};
  result->limit = limit;
  const std::string unit = relative ? "%" : result->unit;
  const Interval& i = result->interval;
  result->reason =
      fmt::format("{} {} ({} to {}), limit {}", what,
                  AmountText(i.estimate, unit), AmountText(i.low, unit),
                  AmountText(i.high, unit), AmountText(limit, unit));
  if (!beyond.known()) {
    *result = Undecided(*result, what + " could not be estimated");
  } else if (beyond.high < 0) {
    result->outcome = Outcome::kPromote;
  } else if (beyond.low > 0) {
    result->outcome = Outcome::kReject;
  } else {
    result->outcome = Outcome::kInconclusive;
    result->reason += ": the interval holds the limit";
  }
}

// How many samples there must be for the quantile to have an upper bound, and
// for an interval that is too wide, from its half width falling with the root.
int64_t NeededForQuantile(const Interval& beyond, double quantile, double alpha,
                          int64_t n, double worth) {
  const int64_t fewest = FewestForQuantile(quantile, 1 - alpha);
  const double each = static_cast<double>(n) / worth;
  if (std::isinf(beyond.high) || std::isinf(beyond.low)) {
    return static_cast<int64_t>(std::ceil(each * static_cast<double>(fewest)));
  }
  const double shrink = beyond.half_width() / std::abs(beyond.estimate);
  const double needed = static_cast<double>(n) * std::max(1.0, shrink * shrink);
  return needed < 1e12 ? static_cast<int64_t>(std::ceil(needed)) : 0;
}

// What a criterion of the tail is about.
struct TailQuestion {
  bool compares = false;  // with another model, not with a limit
  Amount amount;          // margin or limit
  const KpiSamples* samples = nullptr;
  std::string why;  // there is no answer; empty: there is one
};

TailQuestion AskOfTail(const CriterionConfig& config, const Evidence& evidence,
                       CriterionResult* result) {
  TailQuestion tail;
  tail.compares = config.limit.empty();
  result->label = LabelOf(config, tail.compares);
  result->confidence = config.confidence.value();
  tail.amount = *ParseAmount(tail.compares ? config.margin : config.limit);
  tail.samples = FindSamples(config, evidence,
                             tail.compares ? config.against : "", &tail.why);
  if (tail.samples != nullptr) tail.why = WrongUnit(tail.amount, *tail.samples);
  return tail;
}

CriterionResult JudgeTailQuantile(const CriterionConfig& config,
                                  const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const TailQuestion tail = AskOfTail(config, evidence, &result);
  const auto& [compares, amount, samples, why] = tail;
  result.limit = amount.value;
  if (!why.empty()) return Undecided(result, why);
  const KpiSeries& candidate = samples->models.at("candidate");
  if (!amount.relative) result.unit = candidate.unit;
  result.n = static_cast<int64_t>(candidate.values.size());
  const double sign = SignOf(DirectionOf(config, *samples));
  const double quantile = config.quantile.value();
  if (!(quantile < 1)) {
    return Undecided(result,
                     "the worst value has no interval: ask for "
                     "'worst-replication'");
  }
  const double alpha = LookAlpha(1 - config.confidence.value(), result.n,
                                 evidence, samples->source);
  const std::vector<double> worse = Times(sign, candidate.values);
  Interval beyond = WorseQuantile(*samples, worse, quantile, alpha);
  double scale = 1;
  double limit = amount.value;
  std::string statistic = fmt::format("p{:.4g} of", 100 * quantile);
  if (!compares) {
    beyond = IntervalOfDifference(beyond,
                                  {sign * limit, sign * limit, sign * limit});
  } else {
    const std::vector<double> other =
        Times(sign, samples->models.at(config.against).values);
    const Interval of_other = WorseQuantile(*samples, other, quantile, alpha);
    limit *= sign;
    statistic = "change of the " + statistic;
    if (amount.relative) {
      if (!(sign * of_other.estimate > 0) || !(limit > -1)) {
        return Undecided(result,
                         "the other's quantile is not above 0, so no change is "
                         "relative to it");
      }
      scale = sign * of_other.estimate;
      beyond = IntervalOfDifference(beyond, of_other, 1 + limit);
    } else {
      beyond = IntervalOfDifference(beyond, of_other);
      beyond.estimate -= sign * limit;
      beyond.low -= sign * limit;
      beyond.high -= sign * limit;
    }
  }
  JudgeBeyond(beyond, scale, sign, limit, amount.relative && compares,
              QuantityOf(config, statistic.c_str()), &result);
  if (result.outcome == Outcome::kInconclusive) {
    result.needed = NeededForQuantile(
        beyond, quantile, alpha, result.n,
        WorthOf(*samples, Above(worse, sign * candidate.values[0])));
  }
  return result;
}

// --- violation-rate ---------------------------------------------------------

// Violations among so many independent samples.
struct Counted {
  int64_t violations = 0;
  int64_t trials = 0;
};

Counted CountViolations(const KpiSamples& samples,
                        const std::vector<double>& beyond) {
  const auto n = static_cast<double>(beyond.size());
  double violations = 0;
  for (double value : beyond) violations += value > 0 ? 1 : 0;
  std::vector<double> flags = beyond;
  for (double& value : flags) value = value > 0 ? 1 : 0;
  // Without a violation the flags are constant; the values are not.
  const double worth = WorthOf(samples, violations > 0 ? flags : beyond);
  return {static_cast<int64_t>(std::ceil(violations * worth / n)),
          static_cast<int64_t>(std::floor(worth))};
}

// Fills interval, p- or e-value; the share must be shown to be below the limit.
void JudgeShare(const Counted& counted, const CriterionConfig& config,
                const Evidence& evidence, KpiSource source,
                CriterionResult* result) {
  const double alpha = 1 - config.confidence.value();
  const int64_t k = counted.violations;
  const int64_t n = counted.trials;
  const double limit = config.at_most.value();
  result->interval.estimate =
      static_cast<double>(k) / static_cast<double>(std::max<int64_t>(1, n));
  if (IsSequential(evidence, source)) {
    result->e_value = std::exp(ShareBelowLogEvidence(k, n, limit));
    result->p_value = std::min(1.0, 1 / result->e_value);
    result->p_reject =
        std::min(1.0, std::exp(-ShareAboveLogEvidence(k, n, limit)));
    result->interval.high = ShareUpperSequence(k, n, alpha);
    result->interval.low = 1 - ShareUpperSequence(n - k, n, alpha);
  } else {
    result->p_value = BinomialCdf(k, n, limit);
    result->p_reject = BinomialCdf(n - k, n, 1 - limit);
    result->interval.high = ClopperPearsonUpper(k, n, 1 - alpha);
    result->interval.low = 1 - ClopperPearsonUpper(n - k, n, 1 - alpha);
  }
  if (result->p_value < alpha) {
    result->outcome = Outcome::kPromote;
  } else if (result->p_reject < alpha) {
    result->outcome = Outcome::kReject;
  }
  // The power if there is no violation at all.
  result->power = std::pow(1 - limit, static_cast<double>(n)) < alpha ? 1 : 0;
}

// The fewest trials in which the same share would be shown to be below.
int64_t TrialsNeeded(const Counted& counted, double limit, double alpha) {
  const double share = static_cast<double>(counted.violations) /
                       std::max(1.0, static_cast<double>(counted.trials));
  if (!(share < limit)) return 0;
  const auto settles = [&](int64_t n) {
    const auto k =
        static_cast<int64_t>(std::ceil(share * static_cast<double>(n) - 1e-9));
    return BinomialCdf(k, n, limit) < alpha;
  };
  int64_t n = std::max<int64_t>(1, counted.trials);
  while (!settles(n)) {
    if (n > 1000000000) return 0;
    n += std::max<int64_t>(1, n / 100);
  }
  return n;
}

CriterionResult JudgeViolationRate(const CriterionConfig& config,
                                   const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.label = LabelOf(config, false);
  result.limit = config.at_most.value();
  result.confidence = config.confidence.value();
  std::string why;
  const KpiSamples* const samples = FindSamples(config, evidence, "", &why);
  const Amount limit = *ParseAmount(config.limit);
  if (samples != nullptr) why = WrongUnit(limit, *samples);
  if (!why.empty()) return Undecided(result, why);
  const double sign = SignOf(DirectionOf(config, *samples));
  std::vector<double> beyond =
      Times(sign, samples->models.at("candidate").values);
  for (double& value : beyond) value -= sign * limit.value;
  const Counted counted = CountViolations(*samples, beyond);
  result.n = static_cast<int64_t>(beyond.size());
  JudgeShare(counted, config, evidence, samples->source, &result);
  const double each =
      static_cast<double>(result.n) / static_cast<double>(counted.trials);
  result.reason = fmt::format(
      "{} is beyond {} in {:.3g} % of {} samples, at most {:.3g} % with "
      "confidence {:.4g} %; limit {:.3g} %",
      config.kpi, config.limit, 100 * result.interval.estimate, result.n,
      100 * result.interval.high, 100 * result.confidence, 100 * result.limit);
  if (result.outcome == Outcome::kInconclusive) {
    result.needed = static_cast<int64_t>(
        std::ceil(each * static_cast<double>(TrialsNeeded(
                             counted, result.limit, 1 - result.confidence))));
  }
  return result;
}

// --- worst-replication ------------------------------------------------------

// By how much each value is beyond what it may be; above 0 it is.
std::vector<double> BeyondEach(const KpiSamples& samples,
                               const CriterionConfig& config, double sign) {
  const std::vector<double>& candidate = samples.models.at("candidate").values;
  std::vector<double> beyond = Times(sign, candidate);
  if (!config.limit.empty()) {
    const double limit = ParseAmount(config.limit)->value;
    for (double& value : beyond) value -= sign * limit;
    return beyond;
  }
  const Amount margin = *ParseAmount(config.margin);
  const std::vector<double>& other = samples.models.at(config.against).values;
  for (size_t i = 0; i < beyond.size(); ++i) {
    const double allowed =
        margin.relative ? margin.value * std::abs(other[i]) : margin.value;
    beyond[i] -= sign * other[i] + allowed;
  }
  return beyond;
}

CriterionResult JudgeWorst(const CriterionConfig& config,
                           const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const TailQuestion tail = AskOfTail(config, evidence, &result);
  const auto& [compares, amount, samples, no_answer] = tail;
  result.limit = 0;
  std::string why = no_answer;
  if (samples != nullptr && compares && !samples->paired) {
    why = "values that are no pairs cannot be compared one by one";
  }
  if (!why.empty()) return Undecided(result, why);
  const std::vector<double> beyond =
      BeyondEach(*samples, config, SignOf(DirectionOf(config, *samples)));
  result.n = static_cast<int64_t>(beyond.size());
  result.unit = samples->models.at("candidate").unit;
  const auto worst = std::max_element(beyond.begin(), beyond.end());
  result.interval.estimate = *worst;
  const double share =
      1 - std::pow(1 - result.confidence, 1 / static_cast<double>(result.n));
  const std::string shown =
      fmt::format("the worst of {} ({}) is {} {} what {} allows", result.n,
                  samples->source == KpiSource::kTwin
                      ? fmt::format("replication {}", worst - beyond.begin())
                      : fmt::format("sample {}", worst - beyond.begin()),
                  AmountText(std::abs(*worst), result.unit).substr(1),
                  *worst > 0 ? "beyond" : "within",
                  compares ? config.margin : config.limit);
  const int64_t needed = std::max(kFewestReplications, config.at_least);
  if (*worst > 0) {
    result.outcome = Outcome::kReject;
    result.reason = shown;
  } else if (result.n < needed) {
    result.needed = needed;
    return Undecided(result, fmt::format("{}; {} are needed", shown, needed));
  } else {
    result.outcome = Outcome::kPromote;
    result.reason = fmt::format(
        "{}; at most {:.2g} % are beyond it with confidence {:.4g} %", shown,
        100 * share, 100 * result.confidence);
  }
  return result;
}

}  // namespace

std::vector<CriterionRow> TailCriteria() {
  return {
      {"tail-quantile",
       "the KPI's `quantile` on its worse side at most `margin` worse than "
       "that of `against`, or within `limit`; distribution-free",
       {"kpi", "on", "against", "better", "margin", "limit", "quantile",
        "confidence", "guardrail"},
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeTailQuantile},
      {"violation-rate",
       "the share of the KPI's values beyond `limit` below `at_most`, by an "
       "exact upper bound",
       {"kpi", "on", "better", "limit", "at_most", "confidence", "guardrail"},
       {"limit", "at_most"},
       Stage::kMeasured,
       false,
       false,
       JudgeViolationRate},
      {"worst-replication",
       "no value of the KPI more than `margin` worse than the one of `against` "
       "in the same replication, or none beyond `limit`; of `at_least` values, "
       "10 or more",
       {"kpi", "on", "against", "better", "margin", "limit", "at_least",
        "confidence"},
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeWorst},
  };
}

}  // namespace airlock
