#include "calibration/settings/credibility.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "calibration/bayes/rank_calibration.h"

namespace airlock {
namespace {

constexpr int64_t kManyRows = 50;
constexpr double kKnownNoise = 3;  // rows a point
constexpr double kGoodCoverage = 0.8;
constexpr int64_t kFewestARank = 5;  // expected, for chi square's limit

CredibilityFactor DataPedigree(const CredibilityEvidence& e) {
  const int64_t level = e.fit_rows < kManyRows    ? 1
                        : e.repeats < kKnownNoise ? 2
                                                  : 3;
  return {"data pedigree", level,
          fmt::format("{} measured rows at {} points, {:.1f} a point",
                      e.fit_rows, e.fit_points, e.repeats)};
}

bool RanksChecked(const SamplingRecord& s) {
  return s.rank_simulations >= FewestRankSimulations();
}
bool RanksUniform(const SamplingRecord& s) {
  return RanksChecked(s) && s.rank_chi_square <= s.rank_limit;
}

std::string RankEvidence(const SamplingRecord& s) {
  if (s.rank_simulations == 0) return "ranks not checked";
  if (!RanksChecked(s)) {
    return fmt::format(
        "ranks over {} simulations: too few to judge, at least {}",
        s.rank_simulations, FewestRankSimulations());
  }
  return fmt::format(
      "ranks over {} simulations: chi square {:.1f}, limit {:.1f}",
      s.rank_simulations, s.rank_chi_square, s.rank_limit);
}

CredibilityFactor Verification(const SamplingRecord& s) {
  int64_t level = s.emulator_coverage >= kGoodCoverage ? 2 : 1;
  if (RanksChecked(s)) level = RanksUniform(s) ? level + 1 : 0;
  return {"verification", level,
          fmt::format(
              "emulators cover {:.0f} % within two standard deviations, "
              "error {:.3f} of the spread; {}",
              100 * s.emulator_coverage, s.emulator_error, RankEvidence(s))};
}

CredibilityFactor Validation(const CalibrationProfile& p,
                             const CredibilityEvidence& e) {
  const auto all = static_cast<int64_t>(p.kpis.size());
  const auto good = static_cast<int64_t>(
      std::count_if(p.kpis.begin(), p.kpis.end(),
                    [](const KpiFidelity& k) { return k.credible; }));
  int64_t level = 0;
  if (p.held_out_samples > 0) level = good == 0 ? 1 : good < all ? 2 : 3;
  if (level == 3 && e.beyond && e.all_rows) level = 4;
  return {"validation", level,
          fmt::format("{} of {} KPIs within the limits on {} held-out rows{}",
                      good, all, p.held_out_samples,
                      e.beyond ? ", some beyond the fitted inputs" : "")};
}

CredibilityFactor InputPedigree(const CredibilityEvidence& e) {
  const int64_t level = e.told == 0 ? 1 : e.told < e.parameters ? 2 : 3;
  return {"input pedigree", level,
          fmt::format("the trace tells {} of {} parameters; the scenario's "
                      "other numbers are taken as they are",
                      e.told, e.parameters)};
}

CredibilityFactor Uncertainty(const CalibrationProfile& p,
                              const SamplingRecord& s) {
  int64_t good = 0, judged = 0;
  std::string coverage;
  for (const KpiFidelity& k : p.kpis) {
    coverage += (coverage.empty() ? "" : ", ") + k.kpi;
    if (k.sd == 0) {  // JudgeKpi() had too few rows
      coverage += " not judged";
      continue;
    }
    ++judged;
    good += k.coverage >= p.limits.coverage_low &&
                    k.coverage <= p.limits.coverage_high
                ? 1
                : 0;
    coverage += fmt::format(" {:.0f} %", 100 * k.coverage);
  }
  int64_t level = 0;
  if (judged > 0) {
    level = good == 0 ? 1 : good < static_cast<int64_t>(p.kpis.size()) ? 2 : 3;
  }
  if (level == 3 && RanksUniform(s)) level = 4;
  return {"uncertainty characterisation", level,
          "posterior, discrepancy and noise; 90 % intervals cover " + coverage};
}

CredibilityFactor Robustness(const CredibilityEvidence& e,
                             const SamplingRecord& s) {
  const std::string with =
      fmt::format("log evidence {:.2f} (standard error {:.2f}) with it",
                  s.log_evidence, e.log_evidence_error);
  if (std::isnan(e.shift)) {
    return {"results robustness", 1,
            "without the discrepancy term the sampler did not converge, so how "
            "far parameters move is not known; " +
                with};
  }
  const int64_t level = e.shift < 1 ? 3 : e.shift < 3 ? 2 : 1;
  return {"results robustness", level,
          fmt::format("without the discrepancy term parameters move by up to "
                      "{:.1f} standard deviations; {}, {:.2f} ({:.2f}) without",
                      e.shift, with, s.log_evidence_without_discrepancy,
                      e.log_evidence_error_without)};
}

CredibilityFactor Process(const CalibrationProfile& p,
                          const CredibilityEvidence& e) {
  const bool known = !p.scenario_sha256.empty() && !p.trace_digest.empty();
  return {"process management", known ? 2 : 1,
          fmt::format("Airlock {}, scenario and trace by SHA-256, {} runs by "
                      "seed",
                      p.airlock_version, e.repeatable_runs)};
}

}  // namespace

int64_t FewestRankSimulations() {
  return kFewestARank * (RankOptions().draws + 1);
}

std::vector<CredibilityFactor> AssessCredibility(
    const CalibrationProfile& profile, const CredibilityEvidence& evidence) {
  const SamplingRecord sampling = profile.sampling.value_or(SamplingRecord{});
  return {DataPedigree(evidence),
          Verification(sampling),
          Validation(profile, evidence),
          InputPedigree(evidence),
          Uncertainty(profile, sampling),
          Robustness(evidence, sampling),
          {"use history", 0, "new: nothing is recorded of its use"},
          Process(profile, evidence)};
}

}  // namespace airlock
