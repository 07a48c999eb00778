#include <fmt/format.h>

#include "twin/gate/criteria/families.h"
#include "twin/gate/criteria/judging.h"

namespace airlock {
namespace {

// Of a controller: for every KPI that its criteria ask of the twin.
CriterionResult JudgeCredibleForAll(const CriterionConfig& config,
                                    const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  std::string names;
  for (const CriterionConfig& asked : evidence.file.criteria) {
    const KpiSamples* const samples =
        StageOf(asked) == Stage::kTwin
            ? evidence.Find(asked.kpi, KpiSource::kTwin)
            : nullptr;
    if (samples == nullptr) continue;
    const std::string& kpi =
        samples->credible_as.empty() ? samples->kpi : samples->credible_as;
    const std::string doubt = DoubtAboutTwin(evidence, kpi);
    if (!doubt.empty()) return Undecided(result, doubt);
    names += (names.empty() ? "" : ", ") + kpi;
    ++result.n;
  }
  if (names.empty()) {
    return Undecided(result, "no criterion asks for a KPI that the twin has");
  }
  result.outcome = Outcome::kPromote;
  result.reason = "the twin is credible for " + names;
  return result;
}

CriterionResult JudgeTwinCredible(const CriterionConfig& config,
                                  const Evidence& evidence) {
  if (evidence.file.is_control()) return JudgeCredibleForAll(config, evidence);
  const std::string& target = evidence.file.question.target;
  CriterionResult result = StartResult(config);
  result.label = fmt::format("twin-credible for {}", target);
  const std::string doubt = DoubtAboutTwin(evidence, target);
  if (!doubt.empty()) return Undecided(result, doubt);
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

}  // namespace

std::string DoubtAboutTwin(const Evidence& evidence, const std::string& kpi) {
  if (!evidence.twin_missing.empty()) return evidence.twin_missing;
  for (const Relaxation& relaxation : evidence.file.relax) {
    if (relaxation.criterion == "twin-credible") return "";
  }
  if (!evidence.profile) return "there is no calibration profile";
  const KpiFidelity* const fidelity = evidence.profile->Find(kpi);
  if (fidelity == nullptr) {
    return fmt::format("the calibration says nothing about {}", kpi);
  }
  if (!fidelity->credible) {
    return fmt::format("the twin is not credible for {}: {}", kpi,
                       fidelity->reason);
  }
  return "";
}

std::vector<CriterionRow> TwinCriteria() {
  return {
      {"twin-credible",
       "the calibrated twin is credible for the target KPI",
       {},
       {},
       Stage::kTwin,
       false,
       true,
       JudgeTwinCredible,
       [](const GateFile& file) { return !file.is_measured(); }},
  };
}

}  // namespace airlock
