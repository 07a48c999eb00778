#pragma once

#include <limits>
#include <string>
#include <vector>

#include "twin/gate/amount.h"
#include "twin/gate/criterion.h"
#include "twin/gate/evidence.h"

// What the criteria share: whether samples can be judged at all, and how a
// quantity with an error is judged against its limit.
namespace airlock {

// A result of `config` that nothing has been decided about yet.
CriterionResult StartResult(const CriterionConfig& config);
// `result` without a decision, and why.
CriterionResult Undecided(CriterionResult result, const std::string& why);

KpiSource SourceOf(const CriterionConfig& config);
Better DirectionOf(const CriterionConfig& config, const KpiSamples& samples);
// +1 where lower is better, else -1: times it, larger is worse.
double SignOf(Better better);

// Why samples of `models` cannot be judged: there are none, one failed, is
// missing, infinite, older than it should be or frozen, nothing varies, units
// or clocks are unknown or differ, or pairs have no partner. Empty if they can.
std::string DefectOf(const KpiSamples& samples,
                     const std::vector<std::string>& models);

// The samples that `config` asks about, or why there are none that can be
// judged for the candidate and, where it is not empty, `other`: in the twin, a
// KPI that it is not credible for has none.
const KpiSamples* FindSamples(const CriterionConfig& config,
                              const Evidence& evidence,
                              const std::string& other, std::string* why);

// How many independent values a series is worth: all of them unless it is
// autocorrelated.
double WorthOf(const KpiSamples& samples, const std::vector<double>& values);

// One-sided error of a look at `n` replications for criteria without an
// evidence of their own: half of alpha at the last look, the other half evenly
// over the looks before (Bonferroni). All of alpha where there is one look.
double LookAlpha(double alpha, int64_t n, const Evidence& evidence,
                 KpiSource source);

// Whether this source is judged after every replication.
bool IsSequential(const Evidence& evidence, KpiSource source);

// How far the candidate is from a limit: acceptable where below 0. On the
// criterion's own scale, with Student's t or the evidence of a t mixture.
struct Gap {
  double estimate = 0;
  double standard_error = 0;
  double degrees_of_freedom = 0;
  int64_t n = 0;  // independent values behind it: pairs, batches, values an arm
  int64_t samples_each = 1;  // samples behind each of the n
  bool paired = true;

  // What a gap means for the reader, see ToShown().
  enum class Scale { kLog, kRelative, kAbsolute };
  Scale scale = Scale::kAbsolute;
  double orientation = 1;  // +1: the quantity must stay below the limit
  double limit = 0;        // as shown
  double mean_other = 1;   // of Scale::kRelative
  double ToShown(double gap) const;
  // The gap of a quantity that is shown as `shown`.
  double FromShown(double shown) const;
};

// What a test of a gap says.
struct GapTest {
  Interval gap;         // each side at the one-sided confidence
  double p_accept = 1;  // of "at or beyond the limit"
  double p_reject = 1;  // of "within the limit"
  // Of sequential evidence, of "at or beyond"; NaN: there is none.
  double e_value = std::numeric_limits<double>::quiet_NaN();
  double critical = 0;  // of t
  // Sequential: of promotion by the last replication, if things go on as they
  // are; NaN: not sequential.
  double chance = std::numeric_limits<double>::quiet_NaN();
  bool futile = false;  // that chance is below the plan's
};
// At the one-sided confidence of `config`; sequential where the source is.
GapTest TestGap(const Gap& gap, const CriterionConfig& config,
                const Evidence& evidence, KpiSource source);

// Fills the result from a gap and its test: interval as shown, outcome, p- or
// e-value, power if the quantity were `shown_at`, how many more are needed, and
// the reason, which starts with `what`.
void JudgeGap(const Gap& gap, const GapTest& test, double shown_at,
              const std::string& what, CriterionResult* result);

// How many independent values would probably (80 %) settle which side of the
// limit the estimate is on; 0 if that cannot be told.
int64_t NeededFor(const Gap& gap, double alpha, const Evidence& evidence,
                  KpiSource source);

}  // namespace airlock
