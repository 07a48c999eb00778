#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// How the columns of several functions, cores or stations become one input. The
// slowest function decides what a chain delivers, whichever it is: a model that
// sees the extremes need not have met trouble in each of them.
enum class Aggregate { kNone, kMinimum, kMaximum, kMean, kSpread };
const char* ToString(Aggregate aggregate);          // "minimum", ...
Aggregate ParseAggregate(const std::string& text);  // InputError

// One input of a model: a column of the trace, `shift` samples after the
// prediction's origin, or an aggregate over several. 0 is the origin's own
// sample, -2 two samples before it. A positive shift looks into the future: it
// can be written (a candidate may be wrong), and CheckForLeak() of leak.h finds
// it.
struct Feature {
  std::string column;  // of an aggregate: "function.*.busy"
  int64_t shift = 0;
  std::string unit;
  Aggregate aggregate = Aggregate::kNone;
  std::vector<std::string> members;  // of an aggregate: two columns or more

  // The columns that it reads: `members`, or the one.
  std::vector<std::string> Columns() const;
  // "core.0.user", "core.0.user@-2", "minimum of function.*.busy@-1".
  std::string Label() const;
};

bool operator==(const Feature& a, const Feature& b);

// The feature's value at each sample, before it is shifted; of an aggregate NaN
// where a member is. kSpread is the population standard deviation. Throws
// InputError if a column is missing or in another unit.
std::vector<double> FeatureValues(const Trace& trace, const Feature& feature);

// Names columns of a trace: all that have the role and the scope (where given)
// and whose name matches `glob` (`*` any run of characters, `?` one).
struct FeaturePattern {
  std::optional<Role> role;
  std::optional<Scope> scope;
  std::string glob = "*";
  int64_t shift = 0;

  bool Matches(const Column& column) const;
  // The form that ParseFeaturePattern() reads.
  std::string ToText() const;
};

// Reads `[ROLE[/SCOPE]:]GLOB[@SHIFT]`: "counter:*", "counter/core:*.user",
// "offered_rate", "core.0.user@-2", "delivered_rate@+1". ROLE and SCOPE are
// spelled as in trace.h. Throws InputError that says which part is wrong.
FeaturePattern ParseFeaturePattern(const std::string& text);
std::vector<FeaturePattern> ParseFeaturePatterns(
    const std::vector<std::string>& texts);

// True for the columns that say how much traffic was sent into the network:
// `offered_rate`, `offered_packet_rate` and `load_target_rate`.
bool IsOfferedRate(const Column& column);

// True for counters that count the traffic itself rather than what it costs the
// host: role counter, and
//   - a unit of packets or bits ("packet", "packet/s", "bit", "bit/s"), or
//   - "B/s" in the scopes function, interface, flow, station and ap, or "B" in
//     the last four (elsewhere bytes are memory or disk), or
//   - scope function with the id "generate" or "sink": the load generator and
//     the receiver are measuring equipment, not part of the service.
// Such a counter at the chain's exit is the delivered rate, at its entry the
// offered rate.
bool IsTrafficCounter(const Column& column);

// How rows are read from a trace, when a model is made and when it predicts.
struct SampleOptions {
  // No row reaches across the border of two experiments or across a hole in
  // the time axis: see SegmentStarts() of samples.h.
  bool segments = true;
  // By column: the value at which a probe gives up. What is as high or higher
  // was not measured, and counts as missing.
  std::map<std::string, double> timeouts;
};

// A clock offset beyond this many samples either way is refused: it would hide
// a look into the future.
constexpr int64_t kMaximumClockOffset = 5;

// What is predicted, from what.
struct ForecastProblem {
  std::string target = "delivered_rate";
  // 0: infer the target from the counters of the same sample; k > 0: predict
  // it k samples ahead.
  int64_t horizon = 0;
  // Candidate features: those that any of `include` matches and none of
  // `exclude` does (an exclusion disregards shifts).
  std::vector<FeaturePattern> include = {{Role::kCounter, {}, "*", 0}};
  std::vector<FeaturePattern> exclude;
  // May the model see how much traffic is offered? If so the offered-rate
  // columns are features, and for horizon > 0 traffic counters too.
  // If not, neither, whatever `include` says.
  bool offered_rate = false;
  // Adds the target's own past: its last observed value (shift 0 for
  // horizon > 0, shift -1 at horizon 0).
  bool past_target = false;
  // Every feature of shift 0 is also taken at shifts -1 .. -lags. A counter that
  // a clock offset moves is taken `lags` samples to either side of where it is
  // moved to, as far as they are known: interval counters of two clocks overlap
  // in part.
  int64_t lags = 0;
  // The counters of sample t + clock_offset tell of the same moment as the
  // KPIs of sample t, because two programs with two clocks wrote them: added
  // to the shift of every column of role counter. If positive, a prediction
  // about origin t waits until that later sample is there.
  int64_t clock_offset = 0;
  SampleOptions samples;
  // Adds, wherever two or more features are the same counter of several
  // functions (cores, interfaces, ...), its aggregates over them.
  bool aggregates = false;
};

// A column that is not used, and why.
struct DroppedColumn {
  std::string column;
  std::string reason;
};

struct FeatureSelection {
  // In the trace's order, then by shift; then the aggregates.
  std::vector<Feature> features;
  std::vector<DroppedColumn> dropped;
};

// The features of `problem` in `trace`. At horizon 0 a wildcard never selects a
// KPI (they are measured with the target) nor a traffic counter (at the exit it
// is the target itself); a KPI that is named in full is taken, whether that
// leaks or not. Throws InputError if the target or a column with a time-out is
// missing, the horizon or the lags are negative, the clock offset is beyond
// kMaximumClockOffset, a name without a wildcard matches nothing, or no feature
// is left.
FeatureSelection SelectFeatures(const ForecastProblem& problem,
                                const Trace& trace);

}  // namespace airlock
