#include "twin/gate/criteria/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/batch_means.h"
#include "sim/stats/moments.h"
#include "sim/stats/tail.h"
#include "sim/stats/two_sample.h"
#include "twin/gate/criteria/families.h"

namespace airlock {
namespace {

constexpr int64_t kFewestBatches = 10;
constexpr int64_t kMostBatches = 30;
constexpr int64_t kFewestValues = 3;

bool AllPositive(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return value > 0; });
}

bool IsConstant(const std::vector<double>& values) {
  return LongestSpell(values) == static_cast<int64_t>(values.size());
}

std::vector<double> Logarithms(const std::vector<double>& values) {
  std::vector<double> logarithms;
  logarithms.reserve(values.size());
  for (double value : values) logarithms.push_back(std::log(value));
  return logarithms;
}

// a[i] - factor * b[i] - shift
std::vector<double> Difference(const std::vector<double>& a, double factor,
                               const std::vector<double>& b, double shift) {
  std::vector<double> difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    difference[i] = a[i] - factor * b[i] - shift;
  }
  return difference;
}

// The means of batches so long that they are independent; empty, with how many
// samples would do, if there are fewer than ten.
std::vector<double> IndependentBatches(const std::vector<double>& values,
                                       std::string* why, int64_t* needed) {
  const auto n = static_cast<double>(values.size());
  const double correlation_time =
      n / std::max(1.0, EffectiveSampleSize(values));
  const auto batches = std::min<int64_t>(
      kMostBatches, static_cast<int64_t>(n / (2 * correlation_time)));
  if (batches < kFewestBatches) {
    *needed =
        static_cast<int64_t>(std::ceil(kFewestBatches * 2 * correlation_time));
    *why = fmt::format(
        "{} samples are worth {} independent batches; {} are needed",
        values.size(), batches, kFewestBatches);
    return {};
  }
  return BatchMeans(values, batches, 0.9).batch_means;
}

bool EnoughValues(size_t n, std::string* why, int64_t* needed) {
  if (static_cast<int64_t>(n) >= kFewestValues) return true;
  *needed = kFewestValues;
  *why = fmt::format("{} values; at least {} are needed", n, kFewestValues);
  return false;
}

// The mean of `values` and its error, as a gap of nothing yet.
Gap MeanOf(const std::vector<double>& values) {
  Gap gap;
  const auto n = static_cast<double>(values.size());
  gap.n = static_cast<int64_t>(values.size());
  gap.estimate = Mean(values);
  gap.standard_error = StandardDeviation(values) / std::sqrt(n);
  gap.degrees_of_freedom = n - 1;
  return gap;
}

// a - factor * b - shift, the means of two independent arms (Welch).
Gap ArmsApart(const std::vector<double>& a, double factor,
              std::vector<double> b, double shift) {
  for (double& value : b) value = factor * value + shift;
  const MeanDifference welch = WelchTest(b, a, 0.9);
  Gap gap;
  gap.n = static_cast<int64_t>(std::min(a.size(), b.size()));
  gap.paired = false;
  gap.estimate = welch.difference.estimate;
  gap.standard_error = welch.standard_error;
  gap.degrees_of_freedom = welch.degrees_of_freedom;
  return gap;
}

// The mean of a - factor * b - shift with its error, whichever way the values
// came about.
std::optional<Gap> MeanApart(const Compared& compared,
                             const std::vector<double>& a, double factor,
                             const std::vector<double>& b, double shift,
                             std::string* why, int64_t* needed) {
  if (!compared.autocorrelated) {
    if (!EnoughValues(std::min(a.size(), b.size()), why, needed)) {
      return std::nullopt;
    }
    if (compared.paired) return MeanOf(Difference(a, factor, b, shift));
    return ArmsApart(a, factor, b, shift);
  }
  if (compared.paired) {
    const std::vector<double> batches =
        IndependentBatches(Difference(a, factor, b, shift), why, needed);
    if (batches.empty()) return std::nullopt;
    Gap gap = MeanOf(batches);
    gap.samples_each = static_cast<int64_t>(a.size() / batches.size());
    return gap;
  }
  const std::vector<double> of_a = IndependentBatches(a, why, needed);
  if (of_a.empty()) return std::nullopt;
  const std::vector<double> of_b = IndependentBatches(b, why, needed);
  if (of_b.empty()) return std::nullopt;
  Gap gap = ArmsApart(of_a, factor, of_b, shift);
  gap.samples_each = static_cast<int64_t>(
      std::min(a.size() / of_a.size(), b.size() / of_b.size()));
  return gap;
}

void Orient(double orientation, double limit, Gap* gap) {
  gap->estimate *= orientation;
  gap->orientation = orientation;
  gap->limit = limit;
}

}  // namespace

std::optional<Gap> GapBetween(const Compared& compared, const Amount& margin,
                              double limit, double orientation, bool linear,
                              bool in_pairs, std::string* why,
                              int64_t* needed) {
  Compared as = compared;
  // Looked at as they come, two arms are pairs of the same number.
  as.paired = compared.paired || in_pairs;
  const std::vector<double>& a = as.candidate;
  const std::vector<double>& b = as.other;
  if (as.paired && a.size() != b.size()) {
    *why = fmt::format("{} and {} values are no pairs", a.size(), b.size());
    return std::nullopt;
  }
  std::optional<Gap> gap;
  if (!margin.relative) {
    gap = MeanApart(as, a, 1, b, limit, why, needed);
    if (gap) gap->scale = Gap::Scale::kAbsolute;
  } else if (!(limit > -1)) {
    *why = "a loss of everything is within the margin";
  } else if (!linear && !as.autocorrelated && AllPositive(a) &&
             AllPositive(b)) {
    gap = MeanApart(as, Logarithms(a), 1, Logarithms(b), std::log1p(limit), why,
                    needed);
    if (gap) gap->scale = Gap::Scale::kLog;
  } else if (!(Mean(b) > 0)) {
    *why = "the other's mean is not above 0, so no change is relative to it";
  } else {
    gap = MeanApart(as, a, 1 + limit, b, 0, why, needed);
    if (gap) gap->scale = Gap::Scale::kRelative;
    if (gap) gap->mean_other = Mean(b);
  }
  if (gap) Orient(orientation, limit, &*gap);
  return gap;
}

std::optional<Gap> GapFromLimit(const std::vector<double>& values,
                                bool autocorrelated, double limit,
                                double orientation, std::string* why,
                                int64_t* needed) {
  std::vector<double> independent = values;
  if (autocorrelated) {
    independent = IndependentBatches(values, why, needed);
    if (independent.empty()) return std::nullopt;
  } else if (!EnoughValues(values.size(), why, needed)) {
    return std::nullopt;
  }
  const double skewness = Skewness(independent);
  const double enough = 25 * skewness * skewness;
  const auto samples_each =
      static_cast<int64_t>(values.size() / independent.size());
  if (!(static_cast<double>(independent.size()) > enough)) {
    *needed = samples_each * (static_cast<int64_t>(enough) + 1);
    *why = fmt::format(
        "{} values of skewness {:.1f} are too few for an "
        "interval of their mean",
        independent.size(), skewness);
    return std::nullopt;
  }
  Gap gap = MeanOf(independent);
  gap.estimate -= limit;
  gap.samples_each = samples_each;
  Orient(orientation, limit, &gap);
  return gap;
}

CriterionResult JudgeOneSided(CriterionResult result, const Compared& compared,
                              const OneSided& question,
                              const CriterionConfig& config,
                              const Evidence& evidence, KpiSource source) {
  std::string why;
  result.limit = question.limit;
  result.n = static_cast<int64_t>(
      std::min(compared.candidate.size(), compared.other.size()));
  result.confidence = config.confidence.value();
  const std::optional<Gap> gap = GapBetween(
      compared, question.margin, question.limit, question.orientation,
      question.linear, IsSequential(evidence, source), &why, &result.needed);
  if (!gap) return Undecided(result, why);
  if (IsConstant(compared.candidate) && IsConstant(compared.other)) {
    return Undecided(result,
                     "nothing varies, so nothing is known of its error; judge "
                     "counts of rare events by their violation-rate");
  }
  const GapTest test = TestGap(*gap, config, evidence, source);
  JudgeGap(*gap, test, question.power_at.value_or(gap->ToShown(gap->estimate)),
           question.what, &result);
  // The ratio of geometric means does not see a spread that grows: the ratio of
  // the means themselves must lie within the limit as well.
  const double of_means = Mean(compared.candidate) / Mean(compared.other) - 1;
  if (result.outcome == Outcome::kPromote && gap->scale == Gap::Scale::kLog &&
      !(gap->FromShown(of_means) < 0)) {
    result.outcome = Outcome::kInconclusive;
    result.reason +=
        fmt::format("; but the means differ by {}", AmountText(of_means, "%"));
  }
  // Between two looks nobody asks.
  const bool goes_on = IsSequential(evidence, source) && !test.futile &&
                       gap->n < evidence.looks->most;
  if (result.outcome == Outcome::kInconclusive && !goes_on) {
    result.needed = NeededFor(*gap, 1 - result.confidence, evidence, source);
  }
  return result;
}

std::string WrongUnit(const Amount& amount, const KpiSamples& samples) {
  const std::string& unit = samples.models.at("candidate").unit;
  if (amount.relative || amount.unit == unit) return "";
  return fmt::format("the gate file speaks of {}, the samples are in {}",
                     amount.unit == "1" ? "percentage points" : amount.unit,
                     unit);
}

std::string LabelOf(const CriterionConfig& config, bool against) {
  std::string label = config.kind;
  if (config.kpi != "absolute_error") label += " of " + config.kpi;
  if (against) label += " against " + config.against;
  if (config.on != "held-out" && config.kind.rfind("twin", 0) != 0) {
    label += config.on == "twin" ? " in the twin" : ", " + config.on;
  }
  return label;
}

std::string QuantityOf(const CriterionConfig& config, const char* statistic) {
  return fmt::format(
      "{} {}{}", statistic,
      config.kpi == "absolute_error" ? "absolute error" : config.kpi,
      config.on == "twin" ? " in the twin" : "");
}

namespace {

// Both series as they are, judged by their means.
struct Asked {
  CriterionResult result;
  const KpiSamples* samples = nullptr;  // nullptr: undecided, `result` says why
  Amount margin;
  double sign = 1;
  Compared compared;
};

Asked Ask(const CriterionConfig& config, const Evidence& evidence) {
  Asked asked;
  asked.result = StartResult(config);
  asked.result.label = LabelOf(config, true);
  asked.margin = *ParseAmount(config.margin);
  asked.result.limit = asked.margin.value;
  std::string why;
  const KpiSamples* const samples =
      FindSamples(config, evidence, config.against, &why);
  if (samples != nullptr) why = WrongUnit(asked.margin, *samples);
  if (!why.empty()) {
    asked.result = Undecided(asked.result, why);
    return asked;
  }
  const KpiSeries& candidate = samples->models.at("candidate");
  asked.samples = samples;
  asked.sign = SignOf(DirectionOf(config, *samples));
  asked.compared = {candidate.values, samples->models.at(config.against).values,
                    samples->paired, samples->autocorrelated};
  if (!asked.margin.relative) asked.result.unit = candidate.unit;
  return asked;
}

CriterionResult JudgeMeans(const CriterionConfig& config,
                           const Evidence& evidence, bool gain) {
  const Asked asked = Ask(config, evidence);
  if (asked.samples == nullptr) return asked.result;
  OneSided question;
  question.margin = asked.margin;
  // Worse by at most the margin, or better by at least it.
  question.limit = (gain ? -1 : 1) * asked.sign * asked.margin.value;
  question.orientation = asked.sign;
  question.what = QuantityOf(config, "change of the mean");
  if (!gain) question.power_at = 0;
  return JudgeOneSided(asked.result, asked.compared, question, config, evidence,
                       asked.samples->source);
}

CriterionResult JudgeNonInferiority(const CriterionConfig& config,
                                    const Evidence& evidence) {
  return JudgeMeans(config, evidence, false);
}

CriterionResult JudgeGain(const CriterionConfig& config,
                          const Evidence& evidence) {
  return JudgeMeans(config, evidence, true);
}

CriterionResult JudgeTwinNonInferiority(const CriterionConfig& config,
                                        const Evidence& evidence) {
  CriterionConfig in_the_twin = config;
  in_the_twin.on = "twin";
  return JudgeNonInferiority(in_the_twin, evidence);
}

// Two one-sided tests: the change must lie above -margin and below it. The
// result is that of the limit it is nearer to.
CriterionResult JudgeEquivalence(const CriterionConfig& config,
                                 const Evidence& evidence) {
  const Asked asked = Ask(config, evidence);
  if (asked.samples == nullptr) return asked.result;
  CriterionResult sides[2];
  for (int i = 0; i < 2; ++i) {
    OneSided question;
    question.margin = asked.margin;
    question.orientation = i == 0 ? 1 : -1;
    question.limit = question.orientation * asked.margin.value;
    question.what = QuantityOf(config, "change of the mean");
    question.power_at = 0;
    sides[i] = JudgeOneSided(asked.result, asked.compared, question, config,
                             evidence, asked.samples->source);
  }
  CriterionResult& nearer = sides[sides[1].p_value > sides[0].p_value ? 1 : 0];
  nearer.power = std::max(0.0, sides[0].power + sides[1].power - 1);
  nearer.p_reject = std::min(sides[0].p_reject, sides[1].p_reject);
  nearer.futile = sides[0].futile || sides[1].futile;
  if (sides[0].outcome == Outcome::kReject ||
      sides[1].outcome == Outcome::kReject) {
    nearer.outcome = Outcome::kReject;
  }
  return nearer;
}

// Spread is the mean absolute deviation from the median, as in Brown and
// Forsythe's test, whose p-value of "equal spread" is told beside.
CriterionResult JudgeDispersion(const CriterionConfig& config,
                                const Evidence& evidence) {
  const Asked asked = Ask(config, evidence);
  if (asked.samples == nullptr) return asked.result;
  Compared spreads = asked.compared;
  spreads.candidate = DeviationsFromMedian(spreads.candidate);
  spreads.other = DeviationsFromMedian(spreads.other);
  OneSided question;
  question.margin = asked.margin;
  question.limit = asked.margin.value;  // more spread is worse, always
  question.linear = true;
  question.what = QuantityOf(config, "change of the spread of");
  question.power_at = 0;
  CriterionResult result = JudgeOneSided(
      asked.result, spreads, question, config, evidence, asked.samples->source);
  if (!asked.compared.autocorrelated) {
    result.reason += fmt::format(
        "; Brown-Forsythe p {:.2g}",
        BrownForsythe(asked.compared.other, asked.compared.candidate).p_value);
  }
  return result;
}

// The mean of the worst 1 - quantile of the values.
CriterionResult JudgeTailMean(const CriterionConfig& config,
                              const Evidence& evidence) {
  const Asked asked = Ask(config, evidence);
  if (asked.samples == nullptr) return asked.result;
  const double quantile = config.quantile.value();
  constexpr double kFewestInTail = 10;
  const double in_tail =
      (1 - quantile) * WorthOf(*asked.samples, asked.compared.candidate);
  if (!(in_tail >= kFewestInTail)) {
    CriterionResult result = asked.result;
    result.n = static_cast<int64_t>(asked.compared.candidate.size());
    if (quantile < 1) {
      result.needed = static_cast<int64_t>(
          std::ceil(static_cast<double>(result.n) * kFewestInTail / in_tail));
    }
    return Undecided(
        result,
        fmt::format("the worst {:.3g} % of {} samples are worth {:.1f} "
                    "independent ones; {} are needed",
                    100 * (1 - quantile), result.n, in_tail, kFewestInTail));
  }
  // The worst are the largest, after a change of sign where higher is better.
  const auto tail = [&](std::vector<double> values) {
    for (double& value : values) value *= asked.sign;
    values = TailMeanTerms(values, quantile);
    for (double& value : values) value *= asked.sign;
    return values;
  };
  Compared tails = asked.compared;
  tails.candidate = tail(tails.candidate);
  tails.other = tail(tails.other);
  OneSided question;
  question.margin = asked.margin;
  question.limit = asked.sign * asked.margin.value;
  question.orientation = asked.sign;
  question.linear = true;
  question.power_at = 0;
  question.what = QuantityOf(
      config, fmt::format("change of the mean of the worst {:.3g} % of",
                          100 * (1 - quantile))
                  .c_str());
  return JudgeOneSided(asked.result, tails, question, config, evidence,
                       asked.samples->source);
}

}  // namespace

std::vector<CriterionRow> ComparisonCriteria() {
  const std::vector<std::string> keys = {
      "kpi", "on", "against", "better", "margin", "confidence", "guardrail"};
  std::vector<std::string> tail_keys = keys;
  tail_keys.push_back("quantile");
  return {
      {"non-inferiority",
       "the mean of the KPI at most `margin` worse than that of `against`",
       keys,
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeNonInferiority},
      {"superiority",
       "the mean of the KPI better than that of `against`, by more than "
       "`margin`",
       keys,
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeGain},
      {"minimum-gain",
       "the same, and the gate file must name the `margin`",
       keys,
       {"margin"},
       Stage::kMeasured,
       false,
       false,
       JudgeGain},
      {"equivalence",
       "the mean of the KPI within `margin` of that of `against`, both ways",
       keys,
       {"margin"},
       Stage::kMeasured,
       false,
       false,
       JudgeEquivalence},
      {"dispersion",
       "the KPI's mean absolute deviation from its median at most `margin` "
       "above that of `against`",
       keys,
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeDispersion},
      {"tail-mean",
       "the mean of the worst values beyond `quantile` (conditional value at "
       "risk) at most `margin` worse than that of `against`",
       tail_keys,
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeTailMean},
      {"twin-non-inferiority",
       "the mean of the KPI in the twin at most `margin` worse than that of "
       "`against`, paired by replication",
       {"kpi", "against", "better", "margin", "confidence", "guardrail"},
       {},
       Stage::kTwin,
       false,
       false,
       JudgeTwinNonInferiority},
  };
}

}  // namespace airlock
