#include <fmt/format.h>

#include "twin/gate/criteria/families.h"
#include "twin/gate/criteria/judging.h"

namespace airlock {
namespace {

// The trigger's run length without drift: the number of alarms on quiet data
// must be plausible for a Poisson process of the set rate (one-sided exact
// test; a trigger that starts afresh after each alarm is more regular than
// that, so the test rejects a good one less often than it may); and the change
// must be found in time.
CriterionResult JudgeDriftTrigger(const CriterionConfig& config,
                                  const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.unit = "sample";
  result.limit = static_cast<double>(config.within);
  if (!evidence.drift) {
    return Undecided(result, evidence.drift_missing.empty()
                                 ? "there is no drift evidence"
                                 : evidence.drift_missing);
  }
  const DriftEvidence& drift = *evidence.drift;
  result.n = drift.quiet_samples + drift.early_samples;
  const int64_t alarms = drift.quiet_alarms + drift.early_alarms;
  if (drift.quiet_samples <= drift.window) {
    return Undecided(result,
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
    return Undecided(
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

}  // namespace

std::vector<CriterionRow> DriftCriteria() {
  return {
      {"drift-trigger",
       "no more alarms on quiet data than its run length allows, and one "
       "`within` so many samples after the known change",
       {"within", "confidence"},
       {"within"},
       Stage::kMeasured,
       true,
       false,
       JudgeDriftTrigger},
  };
}

}  // namespace airlock
