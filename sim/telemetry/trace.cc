#include "sim/telemetry/trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

#include "sim/base/diagnostics.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

struct RoleName {
  Role role;
  const char* name;
};
constexpr RoleName kRoles[] = {
    {Role::kInput, "input"}, {Role::kKpi, "kpi"}, {Role::kCounter, "counter"}};

struct ScopeName {
  Scope scope;
  const char* name;
};
constexpr ScopeName kScopes[] = {
    {Scope::kSystem, "system"},       {Scope::kSocket, "socket"},
    {Scope::kCore, "core"},           {Scope::kFunction, "function"},
    {Scope::kInterface, "interface"}, {Scope::kAccessPoint, "ap"},
    {Scope::kStation, "station"},     {Scope::kFlow, "flow"},
    {Scope::kServer, "server"},       {Scope::kMachine, "machine"}};

// The numbers of the list `starts` that lie in [begin, end), from `begin` on.
// A list that is not one stays as it is, for its reader to refuse.
std::string StartsFrom(int64_t begin, int64_t end, const std::string& starts) {
  std::istringstream list(starts);
  std::string kept;
  for (std::string word; list >> word;) {
    int64_t start = 0;
    const auto read =
        std::from_chars(word.data(), word.data() + word.size(), start);
    if (read.ec != std::errc() || *read.ptr != '\0') return starts;
    if (start < begin || start >= end) continue;
    kept += fmt::format("{}{}", kept.empty() ? "" : " ", start - begin);
  }
  return kept;
}

}  // namespace

const char* ToString(Role role) {
  for (const RoleName& row : kRoles) {
    if (row.role == role) return row.name;
  }
  return "counter";
}

const char* ToString(Scope scope) {
  for (const ScopeName& row : kScopes) {
    if (row.scope == scope) return row.name;
  }
  return "system";
}

bool Parse(const std::string& text, Role* role) {
  for (const RoleName& row : kRoles) {
    if (text != row.name) continue;
    *role = row.role;
    return true;
  }
  return false;
}

bool Parse(const std::string& text, Scope* scope) {
  for (const ScopeName& row : kScopes) {
    if (text != row.name) continue;
    *scope = row.scope;
    return true;
  }
  return false;
}

int64_t Column::CountMissing() const {
  return std::count_if(values.begin(), values.end(),
                       [](double value) { return std::isnan(value); });
}

const Column* Trace::Find(const std::string& name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const Column& Trace::Get(const std::string& name) const {
  const Column* const found = Find(name);
  if (found != nullptr) return *found;
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  const std::string nearest = NearestName(name, names);
  throw InputError(fmt::format(
      "the trace ({}) has no column '{}'{}", source, name,
      nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

std::string Trace::Attribute(const std::string& key) const {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return "";
}

void Trace::Validate() const {
  for (size_t i = 0; i < time_seconds.size(); ++i) {
    if (!std::isfinite(time_seconds[i])) {
      throw InputError(fmt::format("sample {}: the time is not a number", i));
    }
    if (i > 0 && time_seconds[i] <= time_seconds[i - 1]) {
      throw InputError(fmt::format(
          "sample {}: time {} s does not come after {} s of the sample before",
          i, time_seconds[i], time_seconds[i - 1]));
    }
  }
  std::set<std::string> names;
  for (const Column& column : columns) {
    if (column.name.empty()) throw InputError("a column has no name");
    if (!names.insert(column.name).second) {
      throw InputError(fmt::format("two columns are named '{}'", column.name));
    }
    if (column.values.size() != time_seconds.size()) {
      throw InputError(fmt::format("column '{}' has {} values for {} samples",
                                   column.name, column.values.size(),
                                   time_seconds.size()));
    }
  }
}

Trace Trace::Slice(int64_t begin, int64_t end) const {
  AIRLOCK_CHECK(0 <= begin && begin <= end && end <= samples(),
                "[{}, {}) of {}", begin, end, samples());
  Trace part = *this;
  part.time_seconds.assign(time_seconds.begin() + begin,
                           time_seconds.begin() + end);
  for (size_t c = 0; c < columns.size(); ++c) {
    part.columns[c].values.assign(columns[c].values.begin() + begin,
                                  columns[c].values.begin() + end);
  }
  for (auto& [key, value] : part.attributes) {
    if (key == "segment_starts") value = StartsFrom(begin, end, value);
  }
  return part;
}

std::string Trace::Digest() const {
  airlock::Digest digest;
  digest.Add(time_seconds);
  digest.Add(static_cast<int64_t>(columns.size()));
  for (const Column& column : columns) {
    digest.Add(column.name);
    digest.Add(std::string(ToString(column.role)));
    digest.Add(column.unit);
    digest.Add(std::string(ToString(column.scope)));
    digest.Add(column.scope_id);
    digest.Add(column.values);
  }
  return digest.Hex();
}

}  // namespace airlock
