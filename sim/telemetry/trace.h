#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// What a column of a trace is.
enum class Role {
  kInput,    // set by the experimenter or the environment: load, contention
  kKpi,      // what the network's users feel: delivered rate, loss, latency
  kCounter,  // what a host, interface or AP counts
};

// What a column is about; `scope_id` of the column names which one.
enum class Scope {
  kSystem,
  kSocket,
  kCore,
  kFunction,
  kInterface,
  kAccessPoint,
  kStation,
  kFlow,
  kServer,   // of a pool behind a balancer
  kMachine,  // that runs network functions
};

// The names used in files: "input", "kpi", "counter"; "system", "socket",
// "core", "function", "interface", "ap", "station", "flow", "server",
// "machine".
const char* ToString(Role role);
const char* ToString(Scope scope);
bool Parse(const std::string& text, Role* role);
bool Parse(const std::string& text, Scope* scope);

// One measured quantity over time. Missing values are NaN.
struct Column {
  std::string name;  // unique in the trace: "delivered_rate", "core.0.user"
  Role role = Role::kCounter;
  std::string unit;  // "bit/s", "packet/s", "s", "B", "1", "1/s", ...
  Scope scope = Scope::kSystem;
  std::string scope_id;  // "0", "inspect", "fw-in"; empty for the system
  std::string description;
  std::vector<double> values;  // one a sample

  int64_t CountMissing() const;
};

// A time series of counters and KPIs, measured or simulated: the one form in
// which importers, engines, forecasters and drift detectors exchange samples.
// Invariants (Validate): time strictly increases and is finite, every column
// has one value a sample, column names are unique and not empty.
struct Trace {
  std::string source;  // "testbed", "pcm", "simulation/packet", ...
  std::string origin;  // one line on what was measured; may be empty
  std::vector<double> time_seconds;  // since the trace's own start
  std::vector<Column> columns;       // in the file's order
  // Free-form facts about how it was made (kernel, seed, change time, ...),
  // sorted by key.
  std::vector<std::pair<std::string, std::string>> attributes;

  int64_t samples() const { return static_cast<int64_t>(time_seconds.size()); }
  // nullptr if there is none.
  const Column* Find(const std::string& name) const;
  // Throws InputError naming the trace and the known columns of the same role
  // nearest to `name`.
  const Column& Get(const std::string& name) const;
  // Empty if there is none.
  std::string Attribute(const std::string& key) const;
  // Throws InputError with the first violated invariant, its column and sample.
  void Validate() const;
  // Samples [begin, end) of every column; attributes are kept, and the sample
  // numbers of `segment_starts` count from the new first one.
  Trace Slice(int64_t begin, int64_t end) const;
  // SHA-256 over names, roles, units, scopes, times and values.
  std::string Digest() const;
};

}  // namespace airlock
