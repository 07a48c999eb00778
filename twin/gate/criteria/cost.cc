#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/quantile.h"
#include "sim/stats/tail.h"
#include "twin/gate/criteria/comparison.h"
#include "twin/gate/criteria/families.h"

// What a candidate costs, and what it does when its inputs are disturbed.
namespace airlock {
namespace {

// --- robustness -------------------------------------------------------------

// One cell: the KPI under the fault against that of `against` under the same
// fault, or against the candidate's own without it.
CriterionResult JudgeCell(const RobustnessCell& cell,
                          const CriterionConfig& config,
                          const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const std::string other =
      config.against == "itself" ? "candidate_clean" : config.against;
  const KpiSamples& samples = cell.samples;
  const std::string what =
      fmt::format("{} of {}: {}", cell.fault, cell.level, samples.kpi);
  std::string why = DefectOf(samples, {"candidate", other});
  OneSided question;
  question.margin = *ParseAmount(config.margin);
  if (why.empty()) why = WrongUnit(question.margin, samples);
  if (!why.empty()) return Undecided(result, what + ": " + why);
  if (!question.margin.relative) {
    result.unit = samples.models.at("candidate").unit;
  }
  const double sign = SignOf(DirectionOf(config, samples));
  question.limit = sign * question.margin.value;
  question.orientation = sign;
  question.power_at = 0;
  question.what = "under " + what;
  result = JudgeOneSided(
      result,
      {samples.models.at("candidate").values, samples.models.at(other).values,
       samples.paired, samples.autocorrelated},
      question, config, evidence, samples.source);
  if (result.reason.rfind("under ", 0) != 0) {
    result.reason = "under " + what + ": " + result.reason;
  }
  return result;
}

int Severity(Outcome outcome) {
  return outcome == Outcome::kReject ? 2
                                     : (outcome == Outcome::kPromote ? 0 : 1);
}

// All cells must pass (intersection-union); harm in one is believed only after
// Holm over the cells. The answer is that of the worst.
CriterionResult JudgeRobustness(const CriterionConfig& config,
                                const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.label = fmt::format("robustness against {}", config.against);
  result.limit = ParseAmount(config.margin)->value;
  if (evidence.robustness.empty()) {
    return Undecided(result, evidence.robustness_missing.empty()
                                 ? "no fault was injected"
                                 : evidence.robustness_missing);
  }
  std::vector<CriterionResult> cells;
  for (const RobustnessCell& cell : evidence.robustness) {
    cells.push_back(JudgeCell(cell, config, evidence));
    cells.back().guardrail = true;
  }
  ApplyHolm(&cells);
  const auto worse = [](const CriterionResult& a, const CriterionResult& b) {
    const int x = Severity(a.outcome), y = Severity(b.outcome);
    // Where nothing is known about a cell, that is the worst of its kind.
    const double p = std::isnan(a.p_value) ? 2 : a.p_value;
    const double q = std::isnan(b.p_value) ? 2 : b.p_value;
    return x != y ? x < y : p < q;
  };
  CriterionResult worst = *std::max_element(cells.begin(), cells.end(), worse);
  worst.label = result.label;
  worst.guardrail = config.guardrail;
  worst.reason =
      fmt::format("the worst of {} faults: {}", cells.size(), worst.reason);
  return worst;
}

// --- cost -------------------------------------------------------------------

constexpr const char* kLatencyClock = "monotonic";

std::string DefectOfLatencies(const CostEvidence& cost) {
  KpiSamples samples;
  samples.kpi = "inference_latency";
  samples.autocorrelated = true;  // spells are judged by their length alone
  samples.models["candidate"] = {cost.latency_seconds, "s", cost.clock, 0, 0};
  std::string defect = DefectOf(samples, {"candidate"});
  if (!defect.empty()) return defect;
  if (cost.clock != kLatencyClock) {
    return fmt::format("latencies were taken with the clock '{}', not '{}'",
                       cost.clock, kLatencyClock);
  }
  const double least = *std::min_element(cost.latency_seconds.begin(),
                                         cost.latency_seconds.end());
  return least < 0 ? "a latency is negative" : "";
}

CriterionResult StartCostResult(const CriterionConfig& config,
                                const char* unit) {
  CriterionResult result = StartResult(config);
  result.unit = unit;
  result.limit = ParseAmount(config.limit)->value;
  return result;
}

std::string WhyNoCost(const Evidence& evidence) {
  return evidence.cost_missing.empty() ? "the cost was not measured"
                                       : evidence.cost_missing;
}

CriterionResult JudgeLatency(const CriterionConfig& config,
                             const Evidence& evidence) {
  CriterionResult result = StartCostResult(config, "s");
  result.confidence = config.confidence.value();
  const Amount limit = *ParseAmount(config.limit);
  if (!evidence.cost) return Undecided(result, WhyNoCost(evidence));
  const CostEvidence& cost = *evidence.cost;
  result.n = static_cast<int64_t>(cost.latency_seconds.size());
  if (cost.failed_calls > 0) {
    result.outcome = Outcome::kReject;
    result.reason = fmt::format("{} of {} calls failed", cost.failed_calls,
                                result.n + cost.failed_calls);
    return result;
  }
  if (limit.unit != "s") {
    return Undecided(result, "the limit of a latency is a time");
  }
  const std::string defect = DefectOfLatencies(cost);
  if (!defect.empty()) return Undecided(result, defect);
  const double quantile = config.quantile.value();
  const double worst = *std::max_element(cost.latency_seconds.begin(),
                                         cost.latency_seconds.end());
  const double alpha = 1 - result.confidence;
  result.interval = quantile < 1 ? QuantileInterval(cost.latency_seconds,
                                                    quantile, 1 - 2 * alpha)
                                 : Interval{worst, worst, worst};
  const Interval& i = result.interval;
  result.reason =
      fmt::format("p{:.4g} of {} calls {} ({} to {}), worst {}, limit {}",
                  100 * quantile, result.n, AmountText(i.estimate, "s"),
                  AmountText(i.low, "s"), AmountText(i.high, "s"),
                  AmountText(worst, "s"), AmountText(limit.value, "s"));
  const int64_t needed = quantile < 1
                             ? FewestForQuantile(quantile, result.confidence)
                             : std::max<int64_t>(100, config.at_least);
  if (i.low > limit.value) {
    result.outcome = Outcome::kReject;
  } else if (i.high < limit.value && result.n >= needed) {
    result.outcome = Outcome::kPromote;
  } else {
    result.needed = std::max(needed, result.n >= needed ? 4 * result.n : 0);
    return Undecided(result, result.reason + ": too few calls to tell");
  }
  return result;
}

CriterionResult JudgeBytes(const CriterionConfig& config,
                           const Evidence& evidence, const char* what,
                           int64_t CostEvidence::*bytes) {
  CriterionResult result = StartCostResult(config, "B");
  const Amount limit = *ParseAmount(config.limit);
  if (!evidence.cost) return Undecided(result, WhyNoCost(evidence));
  if (limit.unit != "B") {
    return Undecided(result, "the limit of a size is a number of bytes");
  }
  const int64_t size = (*evidence.cost).*bytes;
  if (size <= 0) return Undecided(result, "the size is not known");
  result.n = 1;
  const auto measured = static_cast<double>(size);
  result.interval = {measured, measured, measured};
  result.outcome =
      measured <= limit.value ? Outcome::kPromote : Outcome::kReject;
  result.reason = fmt::format("{} {}, limit {}", AmountText(measured, "B"),
                              what, AmountText(limit.value, "B"));
  return result;
}

CriterionResult JudgeMemory(const CriterionConfig& config,
                            const Evidence& evidence) {
  return JudgeBytes(config, evidence, "resident",
                    &CostEvidence::resident_bytes);
}

CriterionResult JudgeSize(const CriterionConfig& config,
                          const Evidence& evidence) {
  return JudgeBytes(config, evidence, "of artefact",
                    &CostEvidence::artefact_bytes);
}

}  // namespace

std::vector<CriterionRow> CostCriteria() {
  return {
      {"robustness",
       "under every injected fault the KPI at most `margin` worse than that "
       "of `against` under the same, or than the candidate's own without it "
       "(`itself`)",
       {"against", "better", "margin", "confidence", "guardrail"},
       {"margin"},
       Stage::kMeasured,
       false,
       false,
       JudgeRobustness},
      {"inference-latency",
       "the `quantile` of a prediction's time within `limit`, with the "
       "confidence of a distribution-free bound; `100%` judges the slowest "
       "call",
       {"limit", "quantile", "confidence", "at_least"},
       {"limit"},
       Stage::kMeasured,
       false,
       false,
       JudgeLatency},
      {"memory",
       "resident memory while predicting at most `limit`",
       {"limit"},
       {"limit"},
       Stage::kMeasured,
       false,
       false,
       JudgeMemory},
      {"artefact-size",
       "bytes of the candidate's files at most `limit`",
       {"limit"},
       {"limit"},
       Stage::kMeasured,
       false,
       false,
       JudgeSize},
  };
}

}  // namespace airlock
