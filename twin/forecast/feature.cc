#include "twin/forecast/feature.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <set>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

bool GlobMatches(const char* glob, const char* text) {
  if (*glob == '\0') return *text == '\0';
  if (*glob == '*') {
    return GlobMatches(glob + 1, text) ||
           (*text != '\0' && GlobMatches(glob, text + 1));
  }
  return *text != '\0' && (*glob == '?' || *glob == *text) &&
         GlobMatches(glob + 1, text + 1);
}

bool HasWildcard(const std::string& glob) {
  return glob.find_first_of("*?") != std::string::npos;
}

std::string ShiftSuffix(int64_t shift) {
  return shift == 0 ? "" : fmt::format("@{:+d}", shift);
}

bool ParseShift(const std::string& text, int64_t* shift) {
  const size_t skip = !text.empty() && text[0] == '+' ? 1 : 0;
  const char* begin = text.data() + skip;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(begin, end, *shift);
  return result.ec == std::errc() && result.ptr == end && begin != end;
}

void ParseRoleAndScope(const std::string& prefix, const std::string& whole,
                       FeaturePattern* pattern) {
  const size_t slash = prefix.find('/');
  const std::string role_text = prefix.substr(0, slash);
  if (role_text != "*") {
    Role role;
    if (!Parse(role_text, &role)) {
      throw InputError(fmt::format(
          "feature '{}': '{}' is not a role; write input, kpi, counter or *",
          whole, role_text));
    }
    pattern->role = role;
  }
  if (slash == std::string::npos) return;
  Scope scope;
  if (!Parse(prefix.substr(slash + 1), &scope)) {
    throw InputError(
        fmt::format("feature '{}': '{}' is not a scope; write system, socket, "
                    "core, function, interface, ap, station or flow",
                    whole, prefix.substr(slash + 1)));
  }
  pattern->scope = scope;
}

// The pattern without its shift matches one of `patterns` without theirs.
bool MatchesAny(const std::vector<FeaturePattern>& patterns,
                const Column& column) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&](const FeaturePattern& pattern) { return pattern.Matches(column); });
}

double ValueOf(Aggregate aggregate, const std::vector<double>& members) {
  double low = members.front(), high = low, sum = 0;
  for (const double value : members) {
    if (std::isnan(value)) return value;
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  const double mean = sum / static_cast<double>(members.size());
  double squares = 0;
  for (const double value : members) squares += (value - mean) * (value - mean);
  switch (aggregate) {
    case Aggregate::kNone:
      return members.front();
    case Aggregate::kMinimum:
      return low;
    case Aggregate::kMaximum:
      return high;
    case Aggregate::kMean:
      return mean;
    case Aggregate::kSpread:
      return std::sqrt(squares / static_cast<double>(members.size()));
  }
  return mean;
}

// "function.*.busy" for "function.inspect.busy"; empty for a column that is not
// named after one of several members of its scope.
std::string NameAcrossScope(const Column& column) {
  const std::string scope = std::string(ToString(column.scope)) + ".";
  const std::string prefix = scope + column.scope_id + ".";
  if (column.scope_id.empty() ||
      column.name.compare(0, prefix.size(), prefix) != 0) {
    return "";
  }
  return scope + "*." + column.name.substr(prefix.size());
}

// The aggregates of `features`, groups in the order of their first member.
std::vector<Feature> AggregatesOf(const std::vector<Feature>& features,
                                  const Trace& trace) {
  std::vector<Feature> groups;
  for (const Feature& feature : features) {
    const std::string name = NameAcrossScope(trace.Get(feature.column));
    if (name.empty()) continue;
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&](const Feature& each) {
          return each.column == name && each.shift == feature.shift &&
                 each.unit == feature.unit;
        });
    if (group != groups.end()) {
      group->members.push_back(feature.column);
    } else {
      groups.push_back({name,
                        feature.shift,
                        feature.unit,
                        Aggregate::kNone,
                        {feature.column}});
    }
  }
  std::vector<Feature> aggregates;
  for (Feature group : groups) {
    if (group.members.size() < 2) continue;
    for (const Aggregate each : {Aggregate::kMinimum, Aggregate::kMaximum,
                                 Aggregate::kMean, Aggregate::kSpread}) {
      group.aggregate = each;
      aggregates.push_back(group);
    }
  }
  return aggregates;
}

// Why a column that a pattern selected may not be used, or empty. `wildcard`
// says how it was selected.
std::string ReasonToDrop(const ForecastProblem& problem, const Column& column,
                         bool wildcard) {
  if (MatchesAny(problem.exclude, column)) return "excluded";
  if (!problem.offered_rate && IsOfferedRate(column)) {
    return "the offered rate may not be seen";
  }
  if (IsTrafficCounter(column)) {
    if (!problem.offered_rate) {
      return "counts the traffic, and the offered rate may not be seen";
    }
    if (problem.horizon == 0 && wildcard) {
      return "counts the traffic, which at horizon 0 may be the target";
    }
  }
  if (wildcard && problem.horizon == 0 && column.role == Role::kKpi &&
      !IsOfferedRate(column)) {
    return "a KPI, measured together with the target";
  }
  return "";
}

void CheckProblem(const ForecastProblem& problem, const Trace& trace) {
  trace.Get(problem.target);
  if (problem.horizon < 0 || problem.lags < 0) {
    throw InputError(fmt::format(
        "forecast of {}: horizon {} and lags {} must not be negative",
        problem.target, problem.horizon, problem.lags));
  }
  if (problem.horizon >= trace.samples() || problem.lags >= trace.samples()) {
    throw InputError(fmt::format(
        "forecast of {}: horizon {} and lags {} must be less than the "
        "{} samples to learn from",
        problem.target, problem.horizon, problem.lags, trace.samples()));
  }
  if (std::abs(problem.clock_offset) > kMaximumClockOffset) {
    throw InputError(fmt::format(
        "forecast of {}: clock offset {:+d} must lie within -{} and {} samples",
        problem.target, problem.clock_offset, kMaximumClockOffset,
        kMaximumClockOffset));
  }
  for (const FeaturePattern& pattern : problem.include) {
    if (!HasWildcard(pattern.glob)) trace.Get(pattern.glob);
  }
  for (const auto& [column, value] : problem.samples.timeouts) {
    trace.Get(column);
    if (std::isnan(value)) {
      throw InputError(fmt::format("time-out of {}: not a number", column));
    }
  }
}

// The patterns of the problem with those that its switches add.
std::vector<FeaturePattern> AllIncludes(const ForecastProblem& problem) {
  std::vector<FeaturePattern> patterns = problem.include;
  if (problem.offered_rate) {
    patterns.push_back({{}, {}, "*offered_*rate", 0});
    patterns.push_back({{}, {}, "load_target_rate*", 0});
  }
  if (problem.past_target) {
    const int64_t shift = problem.horizon == 0 ? -1 : 0;
    patterns.push_back({{}, {}, problem.target, shift});
  }
  return patterns;
}

}  // namespace

const char* ToString(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kNone:
      return "none";
    case Aggregate::kMinimum:
      return "minimum";
    case Aggregate::kMaximum:
      return "maximum";
    case Aggregate::kMean:
      return "mean";
    case Aggregate::kSpread:
      return "spread";
  }
  return "";
}

Aggregate ParseAggregate(const std::string& text) {
  for (const Aggregate each :
       {Aggregate::kNone, Aggregate::kMinimum, Aggregate::kMaximum,
        Aggregate::kMean, Aggregate::kSpread}) {
    if (text == ToString(each)) return each;
  }
  throw InputError(fmt::format("'{}' is no aggregate", text));
}

std::vector<std::string> Feature::Columns() const {
  return aggregate == Aggregate::kNone ? std::vector<std::string>{column}
                                       : members;
}

std::string Feature::Label() const {
  const std::string label = column + ShiftSuffix(shift);
  return aggregate == Aggregate::kNone
             ? label
             : fmt::format("{} of {}", ToString(aggregate), label);
}

bool operator==(const Feature& a, const Feature& b) {
  return a.column == b.column && a.shift == b.shift && a.unit == b.unit &&
         a.aggregate == b.aggregate && a.members == b.members;
}

std::vector<double> FeatureValues(const Trace& trace, const Feature& feature) {
  std::vector<const double*> columns;
  for (const std::string& name : feature.Columns()) {
    const Column& column = trace.Get(name);
    if (column.unit != feature.unit) {
      throw InputError(fmt::format("column {} is in '{}', the model needs '{}'",
                                   column.name, column.unit, feature.unit));
    }
    columns.push_back(column.values.data());
  }
  std::vector<double> values(static_cast<size_t>(trace.samples()));
  std::vector<double> members(columns.size());
  for (size_t t = 0; t < values.size(); ++t) {
    for (size_t k = 0; k < columns.size(); ++k) members[k] = columns[k][t];
    values[t] = ValueOf(feature.aggregate, members);
  }
  return values;
}

bool FeaturePattern::Matches(const Column& column) const {
  return (!role || *role == column.role) &&
         (!scope || *scope == column.scope) &&
         GlobMatches(glob.c_str(), column.name.c_str());
}

std::string FeaturePattern::ToText() const {
  std::string text;
  if (role || scope) {
    text = role ? ToString(*role) : "*";
    if (scope) text += std::string("/") + ToString(*scope);
    text += ":";
  }
  return text + glob + ShiftSuffix(shift);
}

FeaturePattern ParseFeaturePattern(const std::string& text) {
  FeaturePattern pattern;
  std::string rest = text;
  const size_t colon = rest.find(':');
  if (colon != std::string::npos) {
    ParseRoleAndScope(rest.substr(0, colon), text, &pattern);
    rest = rest.substr(colon + 1);
  }
  const size_t at = rest.rfind('@');
  if (at != std::string::npos) {
    if (!ParseShift(rest.substr(at + 1), &pattern.shift)) {
      throw InputError(fmt::format(
          "feature '{}': '{}' is not a shift; write a whole number of samples "
          "such as @-1",
          text, rest.substr(at + 1)));
    }
    rest = rest.substr(0, at);
  }
  if (rest.empty()) {
    throw InputError(fmt::format("feature '{}': no column name", text));
  }
  pattern.glob = rest;
  return pattern;
}

std::vector<FeaturePattern> ParseFeaturePatterns(
    const std::vector<std::string>& texts) {
  std::vector<FeaturePattern> patterns;
  for (const std::string& text : texts) {
    patterns.push_back(ParseFeaturePattern(text));
  }
  return patterns;
}

bool IsOfferedRate(const Column& column) {
  return column.name == "offered_rate" ||
         column.name == "offered_packet_rate" ||
         column.name == "load_target_rate";
}

bool IsTrafficCounter(const Column& column) {
  if (column.role != Role::kCounter) return false;
  const std::string& unit = column.unit;
  if (unit == "packet" || unit == "packet/s" || unit == "bit" ||
      unit == "bit/s") {
    return true;
  }
  if (column.scope == Scope::kFunction) {
    return unit == "B/s" || column.scope_id == "generate" ||
           column.scope_id == "sink";
  }
  if (unit != "B" && unit != "B/s") return false;
  return column.scope == Scope::kInterface || column.scope == Scope::kFlow ||
         column.scope == Scope::kStation || column.scope == Scope::kAccessPoint;
}

FeatureSelection SelectFeatures(const ForecastProblem& problem,
                                const Trace& trace) {
  CheckProblem(problem, trace);
  const std::vector<FeaturePattern> patterns = AllIncludes(problem);
  FeatureSelection selection;
  for (const Column& column : trace.columns) {
    const int64_t offset =
        column.role == Role::kCounter ? problem.clock_offset : 0;
    std::set<int64_t> shifts;
    std::string dropped;
    for (const FeaturePattern& pattern : patterns) {
      if (!pattern.Matches(column)) continue;
      const std::string reason =
          ReasonToDrop(problem, column, HasWildcard(pattern.glob));
      if (!reason.empty()) {
        dropped = reason;
        continue;
      }
      shifts.insert(pattern.shift + offset);
      if (pattern.shift != 0) continue;
      // With an offset the neighbours after it are known too.
      const int64_t newest =
          std::min(offset + problem.lags, std::max<int64_t>(offset, 0));
      for (int64_t shift = offset - problem.lags; shift <= newest; ++shift) {
        shifts.insert(shift);
      }
    }
    for (const int64_t shift : shifts) {
      Feature feature;
      feature.column = column.name;
      feature.shift = shift;
      feature.unit = column.unit;
      selection.features.push_back(feature);
    }
    if (shifts.empty() && !dropped.empty()) {
      selection.dropped.push_back({column.name, dropped});
    }
  }
  if (selection.features.empty()) {
    throw InputError(
        fmt::format("forecast of {}: no feature is left; of {} columns {}",
                    problem.target, trace.columns.size(),
                    selection.dropped.empty()
                        ? "none has a name that was asked for"
                        : fmt::format("{} were dropped, {} because: {}",
                                      selection.dropped.size(),
                                      selection.dropped.front().column,
                                      selection.dropped.front().reason)));
  }
  if (problem.aggregates) {
    for (Feature& each : AggregatesOf(selection.features, trace)) {
      selection.features.push_back(std::move(each));
    }
  }
  return selection;
}

}  // namespace airlock
