#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// One input of a model: a column of the trace, `shift` samples after the
// prediction's origin. 0 is the origin's own sample, -2 two samples before it.
// A positive shift looks into the future: it can be written (a candidate may be
// wrong), and CheckForLeak() of leak.h finds it.
struct Feature {
  std::string column;
  int64_t shift = 0;
  std::string unit;

  // "core.0.user", "core.0.user@-2", "delivered_rate@+1".
  std::string Label() const;
};

bool operator==(const Feature& a, const Feature& b);

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
  // Every feature of shift 0 is also taken at shifts -1 .. -lags.
  int64_t lags = 0;
};

// A column that is not used, and why.
struct DroppedColumn {
  std::string column;
  std::string reason;
};

struct FeatureSelection {
  std::vector<Feature> features;  // in the trace's order, then by shift
  std::vector<DroppedColumn> dropped;
};

// The features of `problem` in `trace`. At horizon 0 a wildcard never selects a
// KPI (they are measured with the target) nor a traffic counter (at the exit it
// is the target itself); a KPI that is named in full is taken, whether that
// leaks or not. Throws InputError if the target is missing, the horizon or the
// lags are negative, a name without a wildcard matches nothing, or no feature
// is left.
FeatureSelection SelectFeatures(const ForecastProblem& problem,
                                const Trace& trace);

}  // namespace airlock
