#pragma once

#include <limits>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/stats/interval.h"
#include "twin/gate/gate_file.h"

namespace airlock {

struct Evidence;

// What a criterion, and the gate as a whole, answers. Evidence that is missing
// is kInconclusive, never kPromote.
enum class Outcome { kPromote, kReject, kInconclusive };
const char* ToString(Outcome outcome);  // "promote", "reject", "inconclusive"
ExitCode ExitCodeOf(Outcome outcome);

// The answer of one criterion.
struct CriterionResult {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::string kind;
  std::string label;  // with what it was compared: "non-inferiority against
                      // incumbent"
  Outcome outcome = Outcome::kInconclusive;
  Interval interval;       // of the quantity that was judged; NaN: none
  double limit = 0;        // that it was compared with
  std::string unit = "1";  // of interval and limit; "1" of a relative change
  double confidence = kUnknown;  // one-sided, of each end of the interval
  int64_t n = 0;                 // samples or replications behind it
  int64_t needed = 0;  // inconclusive: about how many would do; 0: unknown
  // Of "the candidate is at or beyond the limit": promote where below 1 -
  // confidence. And of "it is within", which rejects.
  double p_value = kUnknown;
  double p_reject = kUnknown;
  // In place of p_value where every replication was looked at: promote where
  // above 1 / (1 - confidence).
  double e_value = kUnknown;
  // Of this n, if nothing had changed (for a gain: if it were as estimated);
  // sequentially: the chance of promotion by the last replication.
  double power = kUnknown;
  bool guardrail = false;
  // Judged sequentially: promotion by the last replication has become unlikely.
  bool futile = false;
  std::string reason;  // one sentence
};

enum class Stage { kMeasured, kTwin };

// A kind of criterion. Adding one is a row and a function in a file of
// criteria/.
struct CriterionRow {
  const char* name;
  const char* description;
  std::vector<std::string> keys;      // of CriterionConfig that it uses
  std::vector<std::string> required;  // of these, that the file must give
  Stage stage;  // of kinds with the key `on`, that says it: StageOf()
  bool needs_drift;
  // Asked of every candidate, whether the file lists it or not.
  bool always;
  CriterionResult (*judge)(const CriterionConfig&, const Evidence&);
  // Where it is always asked: of which gate files (nullptr: of all).
  bool (*applies)(const GateFile&) = nullptr;
};

// In the order in which they are judged and `airlock list criteria` prints.
const std::vector<CriterionRow>& Criteria();
// nullptr if there is none of the name.
const CriterionRow* FindCriterion(const std::string& name);
Stage StageOf(const CriterionConfig& config);

// Why the twin has nothing to say about a KPI; empty if it has.
std::string DoubtAboutTwin(const Evidence& evidence, const std::string& kpi);

// What the file asks and what is always asked, in the order of Criteria();
// without the twin its criteria are inconclusive. Guardrails reject only where
// they do after Holm.
std::vector<CriterionResult> JudgeAll(const Evidence& evidence, bool with_twin);

// Whether more replications of the twin are not worth having: of the criteria
// that rest on it all promote, one rejects, or one has become futile.
bool TwinHasSettled(const Evidence& evidence);

// The gate's answer: reject if any rejects, else inconclusive if any is (or
// there are none), else promote. All must pass, so each keeps its own error
// rate (intersection-union test; Berger, Technometrics 24, 1982).
Outcome Combine(const std::vector<CriterionResult>& results);

// A guardrail that rejects, but would not if the p-values of all guardrails'
// rejections were adjusted after Holm, becomes inconclusive: many guardrails
// together reject a harmless candidate no more often than one may. Promotion
// asks every guardrail as it asks every other criterion.
void ApplyHolm(std::vector<CriterionResult>* results);

}  // namespace airlock
