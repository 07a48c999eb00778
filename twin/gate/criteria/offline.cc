#include <fmt/format.h>

#include <cmath>

#include "sim/stats/interval.h"
#include "twin/gate/criteria/families.h"
#include "twin/gate/criteria/judging.h"

// What a policy is worth by what another one did (agents/evaluation).
namespace airlock {
namespace {

std::string Numbers(const OfflineAnswer& answer) {
  std::string text;
  for (const OfflineEstimate& one : answer.estimates) {
    text += fmt::format("{}{} {:.4g} +- {:.2g}", text.empty() ? "" : ", ",
                        one.estimator, one.value.estimate, one.standard_error);
  }
  return fmt::format("{}; {:.1f} effective of {} episodes", text,
                     answer.effective_samples, answer.episodes);
}

// The reward an episode, more is better: the candidate's by DR minus what the
// log's policy earned, against -margin.
CriterionResult JudgeOfflineValue(const CriterionConfig& config,
                                  const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.label = "offline-value against the log's policy";
  result.confidence = config.confidence.value();
  if (!evidence.offline) return Undecided(result, evidence.offline_missing);
  const OfflineAnswer& answer = *evidence.offline;
  result.n = answer.episodes;
  if (!answer.refusal.empty()) return Undecided(result, answer.refusal);
  const Amount margin = *ParseAmount(config.margin);
  if (!margin.relative && margin.unit != "1") {
    return Undecided(result, "a margin of rewards is a share or has unit 1");
  }
  const double logged = answer.logged.value.estimate;
  const double scale = margin.relative ? std::abs(logged) : 1;
  if (!(scale > 0)) {
    return Undecided(result,
                     "the log's policy earned nothing: write a margin in "
                     "rewards");
  }
  const OfflineEstimate& better = answer.improvement;
  const double degrees = static_cast<double>(answer.episodes) - 1;
  result.limit = -margin.value;
  result.interval =
      TInterval(better.value.estimate / scale, better.standard_error / scale,
                degrees, 2 * result.confidence - 1);
  const double t = (result.interval.estimate - result.limit) /
                   (better.standard_error / scale);
  result.p_value = 1 - StudentTCdf(t, degrees);
  result.p_reject = StudentTCdf(t, degrees);
  result.reason = Numbers(answer);
  if (result.interval.low > result.limit) {
    result.outcome = Outcome::kPromote;
  } else if (result.interval.high < result.limit) {
    result.outcome = Outcome::kReject;
  } else {
    return Undecided(result, result.reason + ": too few episodes to tell");
  }
  return result;
}

}  // namespace

std::vector<CriterionRow> OfflineCriteria() {
  return {
      {"offline-value",
       "by logged decisions (doubly robust) the candidate earns at most "
       "`margin` less than the policy that made them; no answer below 50 "
       "effective episodes or where estimators disagree",
       {"margin", "confidence"},
       {},
       Stage::kMeasured,
       false,
       false,
       JudgeOfflineValue},
  };
}

}  // namespace airlock
