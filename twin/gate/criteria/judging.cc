#include "twin/gate/criteria/judging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/batch_means.h"
#include "sim/stats/moments.h"
#include "sim/stats/sequential.h"
#include "sim/stats/tail.h"
#include "twin/gate/criteria/families.h"

namespace airlock {
namespace {

// A spell of equal values so long that it would be seen by chance less often
// than this is a frozen source.
constexpr double kFrozenChance = 1e-3;
constexpr int64_t kShortestFrozen = 5;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Neighbours that repeat each other: under independence a spell of L values of
// a share q is expected n (1 - q) q^L times. Of dependent values, one of a
// quarter of the series.
bool IsFrozen(const std::vector<double>& values, bool autocorrelated) {
  const int64_t spell = LongestSpell(values);
  const auto n = static_cast<double>(values.size());
  if (spell < kShortestFrozen) return false;
  if (autocorrelated) return static_cast<double>(spell) > n / 4;
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const double share = static_cast<double>(LongestSpell(sorted)) / n;
  return n * (1 - share) * std::pow(share, static_cast<double>(spell)) <
         kFrozenChance;
}

bool IsConstant(const std::vector<double>& values) {
  return LongestSpell(values) == static_cast<int64_t>(values.size());
}

std::string DefectOfSeries(const KpiSamples& samples, const std::string& model,
                           const KpiSeries& series) {
  const auto n = static_cast<int64_t>(series.values.size());
  if (series.errored > 0) {
    return fmt::format("{} of {} measurements of the {} failed", series.errored,
                       n + series.errored, model);
  }
  if (n == 0) return fmt::format("there are no samples of the {}", model);
  const int64_t bad =
      std::count_if(series.values.begin(), series.values.end(),
                    [](double value) { return !std::isfinite(value); });
  if (bad > 0) {
    return fmt::format("{} of {} samples of the {} are no number", bad, n,
                       model);
  }
  if (series.stale > 0) {
    return fmt::format("{} of {} samples of the {} are stale", series.stale, n,
                       model);
  }
  if (series.unit.empty()) {
    return fmt::format("the unit of the {}'s samples is not known", model);
  }
  if (series.clock.empty()) {
    return fmt::format("the clock of the {}'s samples is not known", model);
  }
  if (samples.discrete) return "";
  if (n > 1 && IsConstant(series.values)) {
    return fmt::format("all {} samples of the {} are the same", n, model);
  }
  if (IsFrozen(series.values, samples.autocorrelated)) {
    return fmt::format(
        "{} samples of the {} in a row are the same: the source "
        "is frozen",
        LongestSpell(series.values), model);
  }
  return "";
}

}  // namespace

CriterionResult StartResult(const CriterionConfig& config) {
  CriterionResult result;
  result.kind = config.kind;
  result.label = config.kind;
  result.guardrail = config.guardrail;
  return result;
}

CriterionResult Undecided(CriterionResult result, const std::string& why) {
  result.outcome = Outcome::kInconclusive;
  result.reason = why;
  return result;
}

KpiSource SourceOf(const CriterionConfig& config) {
  for (KpiSource source : {KpiSource::kTwin, KpiSource::kMeasured}) {
    if (config.on == ToString(source)) return source;
  }
  return KpiSource::kHeldOut;
}

Better DirectionOf(const CriterionConfig& config, const KpiSamples& samples) {
  if (config.better == "lower") return Better::kLower;
  if (config.better == "higher") return Better::kHigher;
  return samples.better;
}

double SignOf(Better better) { return better == Better::kLower ? 1 : -1; }

std::string DefectOf(const KpiSamples& samples,
                     const std::vector<std::string>& models) {
  for (const std::string& model : models) {
    const auto found = samples.models.find(model);
    if (found == samples.models.end()) {
      return fmt::format("there are no samples of the {}", model);
    }
    std::string defect = DefectOfSeries(samples, model, found->second);
    if (!defect.empty()) return defect;
  }
  if (models.empty()) return "";
  const KpiSeries& first = samples.models.at(models[0]);
  // Also of models that are not asked about: samples that do not agree on what
  // they are cannot be told to be what they should.
  for (const auto& [model, series] : samples.models) {
    if (series.unit != first.unit) {
      return fmt::format("the {}'s samples are in {}, the {}'s in '{}'",
                         models[0], first.unit, model, series.unit);
    }
    if (series.clock != first.clock) {
      return fmt::format("the {}'s samples have the clock '{}', the {}'s '{}'",
                         models[0], first.clock, model, series.clock);
    }
  }
  for (const std::string& model : models) {
    const size_t n = samples.models.at(model).values.size();
    if (samples.paired && n != first.values.size()) {
      return fmt::format("{} samples of the {} and {} of the {} are no pairs",
                         first.values.size(), models[0], n, model);
    }
  }
  return "";
}

const KpiSamples* FindSamples(const CriterionConfig& config,
                              const Evidence& evidence,
                              const std::string& other, std::string* why) {
  const KpiSource source = SourceOf(config);
  const KpiSamples* const samples = evidence.Find(config.kpi, source);
  if (source == KpiSource::kTwin) {
    const std::string& rests_on =
        samples == nullptr || samples->credible_as.empty()
            ? (config.kpi == "absolute_error" ? evidence.file.question.target
                                              : config.kpi)
            : samples->credible_as;
    *why = DoubtAboutTwin(evidence, rests_on);
    if (!why->empty()) return nullptr;
  }
  if (samples == nullptr) {
    *why = fmt::format("there are no samples of {} {}", config.kpi,
                       source == KpiSource::kTwin ? "in the twin"
                       : source == KpiSource::kHeldOut
                           ? "on the held-out part of the trace"
                           : "among the measurements");
    return nullptr;
  }
  std::vector<std::string> models = {"candidate"};
  if (!other.empty()) models.push_back(other);
  *why = DefectOf(*samples, models);
  return why->empty() ? samples : nullptr;
}

double WorthOf(const KpiSamples& samples, const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (!samples.autocorrelated) return n;
  return std::max(1.0, EffectiveSampleSize(values));
}

bool IsSequential(const Evidence& evidence, KpiSource source) {
  return source == KpiSource::kTwin && evidence.looks.has_value();
}

double LookAlpha(double alpha, int64_t n, const Evidence& evidence,
                 KpiSource source) {
  if (!IsSequential(evidence, source)) return alpha;
  const int64_t most = evidence.looks->most;
  if (n >= most) return alpha / 2;
  return alpha / 2 / static_cast<double>(std::max<int64_t>(1, most - 1));
}

double Gap::ToShown(double gap) const {
  switch (scale) {
    case Scale::kLog:
      return std::exp(orientation * gap + std::log1p(limit)) - 1;
    case Scale::kRelative:
      return orientation * gap / mean_other + limit;
    case Scale::kAbsolute:
      return orientation * gap + limit;
  }
  return gap;
}

double Gap::FromShown(double shown) const {
  switch (scale) {
    case Scale::kLog:
      return orientation * (std::log1p(shown) - std::log1p(limit));
    case Scale::kRelative:
      return orientation * (shown - limit) * mean_other;
    case Scale::kAbsolute:
      return orientation * (shown - limit);
  }
  return shown;
}

namespace {

// Student's t at the level of a planned look; of none, infinite.
double PlannedCritical(double level, int64_t n) {
  return level > 0 ? StudentTQuantile(1 - level, static_cast<double>(n - 1))
                   : std::numeric_limits<double>::infinity();
}

// One look of several at pairs.
void LookAt(const Gap& gap, double t, double alpha, const Looks& looks,
            GapTest* test) {
  double at_last = 0;
  if (const auto level = looks.LevelAt(alpha, gap.n)) {
    test->critical = PlannedCritical(*level, gap.n);
    at_last = PlannedCritical(*looks.LevelAt(alpha, looks.most), looks.most);
  } else {
    const double spread = TMixtureSpread(looks.most, alpha);
    test->critical = TMixtureCritical(gap.n, alpha, spread);
    test->e_value = std::exp(TMixtureLogEvidence(t, gap.n, spread));
    test->p_accept = std::min(1.0, 1 / test->e_value);
    test->p_reject =
        std::min(1.0, std::exp(-TMixtureLogEvidence(-t, gap.n, spread)));
    at_last = gap.n >= looks.most ? test->critical
                                  : TMixtureCritical(looks.most, alpha, spread);
  }
  const double deviation =
      gap.standard_error * std::sqrt(static_cast<double>(gap.n));
  test->chance =
      PredictivePower(gap.estimate, deviation, gap.n, looks.most, at_last);
  // Of a rejection that is likely, one would rather know.
  const double of_reject =
      PredictivePower(-gap.estimate, deviation, gap.n, looks.most, at_last);
  test->futile = gap.n < looks.most && gap.n >= looks.FirstFutile() &&
                 test->chance < looks.futility && of_reject < 0.5;
}

}  // namespace

GapTest TestGap(const Gap& gap, const CriterionConfig& config,
                const Evidence& evidence, KpiSource source) {
  GapTest test;
  const double alpha = 1 - config.confidence.value();
  const double t = gap.estimate == 0 ? 0 : gap.estimate / gap.standard_error;
  test.p_accept = StudentTCdf(t, gap.degrees_of_freedom);
  test.p_reject = StudentTCdf(-t, gap.degrees_of_freedom);
  if (!IsSequential(evidence, source)) {
    test.critical = StudentTQuantile(1 - alpha, gap.degrees_of_freedom);
  } else {
    LookAt(gap, t, alpha, *evidence.looks, &test);
  }
  // Too few values to tell stay too few where they are all the same.
  const double half = !std::isfinite(test.critical) || gap.standard_error == 0
                          ? (std::isfinite(test.critical) ? 0 : kInfinity)
                          : test.critical * gap.standard_error;
  test.gap = {gap.estimate, gap.estimate - half, gap.estimate + half};
  return test;
}

int64_t NeededFor(const Gap& gap, double alpha, const Evidence& evidence,
                  KpiSource source) {
  const auto n = static_cast<double>(gap.n);
  const double deviation = gap.standard_error * std::sqrt(n);
  const double effect = std::abs(gap.estimate) / deviation;
  if (!(effect > 0) || !std::isfinite(effect)) return 0;
  if (!IsSequential(evidence, source) ||
      evidence.looks->LevelAt(alpha, 1).has_value()) {
    // Of two arms, `deviation` holds both; as RequiredSampleSize() would.
    return gap.samples_each * RequiredSampleSize(effect, 0.8, alpha, true);
  }
  const double spread = TMixtureSpread(evidence.looks->most, alpha);
  const double ahead = NormalQuantile(0.8);
  const auto settles = [&](int64_t count) {
    return effect * std::sqrt(static_cast<double>(count)) >=
           TMixtureCritical(count, alpha, spread) + ahead;
  };
  int64_t high = std::max<int64_t>(2, gap.n);
  constexpr int64_t kTooMany = 1000000;
  while (!settles(high)) {
    if (high > kTooMany) return 0;
    high *= 2;
  }
  int64_t low = std::max<int64_t>(1, high / 2);
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (settles(middle) ? high : low) = middle;
  }
  return high;
}

void JudgeGap(const Gap& gap, const GapTest& test, double shown_at,
              const std::string& what, CriterionResult* result) {
  const double a = gap.ToShown(test.gap.low);
  const double b = gap.ToShown(test.gap.high);
  result->interval = {gap.ToShown(gap.estimate), std::min(a, b),
                      std::max(a, b)};
  result->limit = gap.limit;
  result->p_value = test.p_accept;
  result->p_reject = test.p_reject;
  result->e_value = test.e_value;
  result->futile = test.futile;
  result->power = test.chance;
  if (std::isnan(test.chance)) {
    const double distance = -gap.FromShown(shown_at);
    result->power = TTestPower(std::max(0.0, distance), gap.standard_error,
                               gap.degrees_of_freedom, 1 - result->confidence);
  }
  const std::string unit =
      gap.scale == Gap::Scale::kAbsolute ? result->unit : "%";
  const Interval& i = result->interval;
  result->reason =
      fmt::format("{} {} ({} to {}), limit {}", what,
                  AmountText(i.estimate, unit), AmountText(i.low, unit),
                  AmountText(i.high, unit), AmountText(result->limit, unit));
  if (!test.gap.known()) {
    *result = Undecided(*result, what + " could not be estimated");
  } else if (test.gap.high < 0) {
    result->outcome = Outcome::kPromote;
  } else if (test.gap.low > 0) {
    result->outcome = Outcome::kReject;
  } else {
    result->outcome = Outcome::kInconclusive;
    result->reason += ": the interval holds the limit";
  }
}

}  // namespace airlock
