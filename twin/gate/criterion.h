#pragma once

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
  std::string kind;
  std::string label;  // with what it was compared: "non-inferiority against
                      // incumbent"
  Outcome outcome = Outcome::kInconclusive;
  Interval interval;       // of the quantity that was judged; NaN: none
  double limit = 0;        // that it was compared with
  std::string unit = "1";  // of interval and limit
  int64_t n = 0;           // samples or replications behind it
  int64_t needed = 0;      // inconclusive: about how many would do; 0: unknown
  std::string reason;      // one sentence
};

enum class Stage { kMeasured, kTwin };

// A kind of criterion. Adding one is a row here and a function.
struct CriterionRow {
  const char* name;
  const char* description;
  std::vector<std::string> keys;  // of CriterionConfig that it uses
  Stage stage;
  bool needs_drift;
  // Asked of every candidate, whether the file lists it or not.
  bool always;
  CriterionResult (*judge)(const CriterionConfig&, const Evidence&);
};

// In the order in which they are judged and `airlock list criteria` prints.
const std::vector<CriterionRow>& Criteria();
// nullptr if there is none of the name.
const CriterionRow* FindCriterion(const std::string& name);

// Why the twin has nothing to say about the target KPI; empty if it has.
std::string DoubtAboutTwin(const Evidence& evidence);

// The gate's answer: reject if any rejects, else inconclusive if any is (or
// there are none), else promote. All must pass, so each keeps its own error
// rate (intersection-union test; Berger, Technometrics 24, 1982).
Outcome Combine(const std::vector<CriterionResult>& results);

}  // namespace airlock
