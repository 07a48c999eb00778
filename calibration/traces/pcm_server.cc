#include "calibration/traces/pcm_server.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "calibration/traces/schema.h"
#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kMebibyte = 1048576;

struct FieldRow {
  const char* field;  // as the server spells it
  const char* name;   // as ImportPcm() does
  UnitConversion conversion;
};

// intel/pcm, src/pcm-sensor-server.cpp: JSONPrinter. Occupancy is in KiB,
// bandwidth of cores in MiB, all else in plain units of the interval.
const FieldRow kFields[] = {
    {"Instructions Retired Any", "inst", {"1", 1, 1}},
    {"Clock Unhalted Thread", "acyc", {"1", 1, 1}},
    {"Clock Unhalted Ref", "clock_unhalted_ref", {"1", 1, 1}},
    {"L3 Cache Misses", "l3miss", {"1", 1, 1}},
    {"L3 Cache Hits", "l3_cache_hits", {"1", 1, 1}},
    {"L2 Cache Misses", "l2miss", {"1", 1, 1}},
    {"L2 Cache Hits", "l2_cache_hits", {"1", 1, 1}},
    {"L3 Cache Occupancy", "l3occ", {"B", 1024, 1}},
    {"Invariant TSC", "time_ticks", {"1", 1, 1}},
    {"SMI Count", "smi_count", {"1", 1, 1}},
    {"Thermal Headroom", "temp", {"degC", 1, 1}},
    {"Local Memory Bandwidth", "lmb", {"B", kMebibyte, 1}},
    {"Remote Memory Bandwidth", "rmb", {"B", kMebibyte, 1}},
    {"DRAM Writes", "write", {"B", 1, 1}},
    {"DRAM Reads", "read", {"B", 1, 1}},
    {"Persistent Memory Writes", "pmm_write", {"B", 1, 1}},
    {"Persistent Memory Reads", "pmm_read", {"B", 1, 1}},
    {"Embedded DRAM Writes", "hbm_write", {"B", 1, 1}},
    {"Embedded DRAM Reads", "hbm_read", {"B", 1, 1}},
    {"Memory Controller IO Requests", "io", {"B", 1, 1}},
    {"Memory Controller IA Requests", "ia", {"B", 1, 1}},
    {"Memory Controller GT Requests", "gt", {"B", 1, 1}},
    {"Package Joules Consumed", "proc_energy", {"J", 1, 1}},
    {"DRAM Joules Consumed", "dram_energy", {"J", 1, 1}},
};

// Beginnings of the names of link counters; the link's number follows.
const FieldRow kLinkFields[] = {
    {"Incoming Data Traffic On Link ", "data_in_upi", {"B", 1, 1}},
    {"Outgoing Data And Non-Data Traffic On Link ",
     "traffic_out_upi",
     {"B", 1, 1}},
    {"Utilization Incoming Data Traffic On Link ",
     "data_in_share_upi",
     {"1", 1, 1}},
    {"Utilization Outgoing Data And Non-Data Traffic On Link ",
     "traffic_out_share_upi",
     {"1", 1, 1}},
};

struct Owner {
  Scope scope = Scope::kSystem;
  std::string id;
};

class ServerTree {
 public:
  ServerTree(const std::string& name, Trace* trace)
      : name_(name), trace_(trace) {}

  void Read(const json& root);

 private:
  [[noreturn]] void Fail(const std::string& message) const {
    throw InputError(fmt::format("{}: {}", name_, message));
  }
  // The member of an object; where it is absent, a finding with its path.
  const json& Member(const json& object, const char* key,
                     const std::string& where) const;
  std::string Id(const json& object, const char* key,
                 const std::string& where) const;
  void ReadSocket(const json& socket, const std::string& where);
  // An object of objects of counters: "Core Counters", "Energy Counters" ...
  void ReadGroups(const json& groups, const Owner& owner,
                  const std::string& state_prefix, const std::string& where);
  void ReadLinks(const json& links);
  void Add(const Owner& owner, const std::string& metric,
           const UnitConversion& conversion, const std::string& description,
           double value);
  void AddRatios(const json& counters, const Owner& owner);

  std::string name_;
  Trace* trace_;
  std::map<std::string, size_t> seen_;
};

const json& ServerTree::Member(const json& object, const char* key,
                               const std::string& where) const {
  if (!object.is_object()) Fail(where + "not an object");
  const auto found = object.find(key);
  if (found == object.end()) Fail(fmt::format("{}has no '{}'", where, key));
  return *found;
}

std::string ServerTree::Id(const json& object, const char* key,
                           const std::string& where) const {
  const json& id = Member(object, key, where);
  if (!id.is_number_integer()) {
    Fail(fmt::format("{}'{}' is not a whole number", where, key));
  }
  return id.dump();
}

void ServerTree::Add(const Owner& owner, const std::string& metric,
                     const UnitConversion& conversion,
                     const std::string& description, double value) {
  Column column;
  column.role = Role::kCounter;
  column.scope = owner.scope;
  column.scope_id = owner.id;
  column.unit = conversion.unit;
  column.description = description;
  column.name =
      owner.id.empty()
          ? fmt::format("{}.{}", ToString(owner.scope), metric)
          : fmt::format("{}.{}.{}", ToString(owner.scope), owner.id, metric);
  if (!seen_.emplace(column.name, seen_.size()).second) {
    Fail(fmt::format("'{}' is there twice as {}", description, column.name));
  }
  column.values = {std::isfinite(value) ? conversion.Apply(value) : kMissing};
  trace_->columns.push_back(std::move(column));
}

// As pcm's getExecUsage, getIPC, getRelativeFrequency,
// getActiveRelativeFrequency, getL3CacheHitRatio and so on do.
void ServerTree::AddRatios(const json& counters, const Owner& owner) {
  const auto of = [&](const char* key) {
    const auto found = counters.find(key);
    return found != counters.end() && found->is_number() ? found->get<double>()
                                                         : kMissing;
  };
  const double instructions = of("Instructions Retired Any");
  const double cycles = of("Clock Unhalted Thread");
  const double reference = of("Clock Unhalted Ref");
  const double ticks = of("Invariant TSC");
  const UnitConversion plain{"1", 1, 1};
  const auto ratio = [&](const char* name, const char* description, double a,
                         double b) {
    if (std::isnan(a) || std::isnan(b)) return;
    Add(owner, name, plain, description, b > 0 ? a / b : kMissing);
  };
  ratio("exec", "instructions per nominal cycle", instructions, ticks);
  ratio("ipc", "instructions per cycle", instructions, cycles);
  ratio("freq", "frequency over nominal, idle included", cycles, ticks);
  ratio("afreq", "frequency over nominal when active", cycles, reference);
  for (const std::string level : {"3", "2"}) {
    const std::string cache = "L" + level + " Cache ";
    const double misses = of((cache + "Misses").c_str());
    const double hits = of((cache + "Hits").c_str());
    ratio(("l" + level + "hit").c_str(), "hit ratio", hits, hits + misses);
    ratio(("l" + level + "mpi").c_str(), "misses per instruction", misses,
          instructions);
  }
}

void ServerTree::ReadGroups(const json& groups, const Owner& owner,
                            const std::string& state_prefix,
                            const std::string& where) {
  if (!groups.is_object()) Fail(where + "not an object");
  for (const auto& [group, counters] : groups.items()) {
    if (!counters.is_object()) continue;  // "Thread ID", "Object" ...
    if (group == "Core Counters") AddRatios(counters, owner);
    for (const auto& [field, value] : counters.items()) {
      if (!value.is_number() && !value.is_null()) {
        if (value.is_string() && field == "Object") continue;
        Fail(fmt::format("{}{}: '{}' is {}; expected a number", where, group,
                         field, value.dump()));
      }
      const double number = NumberOrMissing(value);
      const size_t open = field.find("CStateResidency[");
      if (open == 0 && field.back() == ']') {
        Add(owner,
            fmt::format("{}c{}res", state_prefix,
                        field.substr(16, field.size() - 17)),
            {"1", 1, 1}, "share of time in this C-state", number);
        continue;
      }
      const FieldRow* known = nullptr;
      for (const FieldRow& row : kFields) {
        if (field == row.field) known = &row;
      }
      Add(owner, known != nullptr ? known->name : MetricName(field),
          known != nullptr ? known->conversion : UnitConversion{"1", 1, 1},
          field, number);
    }
  }
}

void ServerTree::ReadSocket(const json& socket, const std::string& where) {
  const Owner owner{Scope::kSocket, Id(socket, "Socket ID", where)};
  ReadGroups(Member(socket, "Core Aggregate", where), owner, "core_",
             where + "Core Aggregate: ");
  const auto uncore = socket.find("Uncore");
  if (uncore != socket.end()) {
    ReadGroups(*uncore, owner, "package_", where + "Uncore: ");
  }
  const json& cores = Member(socket, "Cores", where);
  if (!cores.is_array()) Fail(where + "'Cores' is not a list");
  for (size_t c = 0; c < cores.size(); ++c) {
    const std::string core = fmt::format("{}Cores[{}]: ", where, c);
    const json& threads = Member(cores[c], "Threads", core);
    if (!threads.is_array()) Fail(core + "'Threads' is not a list");
    for (size_t t = 0; t < threads.size(); ++t) {
      const std::string thread = fmt::format("{}Threads[{}]: ", core, t);
      ReadGroups(threads[t], {Scope::kCore, Id(threads[t], "OS ID", thread)},
                 "", thread);
    }
  }
}

void ServerTree::ReadLinks(const json& links) {
  constexpr std::string_view kSocket = "QPI Counters Socket ";
  for (const auto& [group, counters] : links.items()) {
    if (group.rfind(kSocket, 0) != 0 || !counters.is_object()) continue;
    const Owner owner{Scope::kSocket, group.substr(kSocket.size())};
    for (const auto& [field, value] : counters.items()) {
      if (!value.is_number() && !value.is_null()) continue;
      for (const FieldRow& row : kLinkFields) {
        if (field.rfind(row.field, 0) != 0) continue;
        Add(owner, row.name + field.substr(std::string(row.field).size()),
            row.conversion, field, NumberOrMissing(value));
      }
    }
  }
}

void ServerTree::Read(const json& root) {
  const json& sockets = Member(root, "Sockets", "the answer: ");
  if (!sockets.is_array() || sockets.empty()) {
    Fail("'Sockets' is not a list of sockets");
  }
  const auto aggregate = root.find("Core Aggregate");
  if (aggregate != root.end()) {
    ReadGroups(*aggregate, {}, "core_", "Core Aggregate: ");
  }
  const auto uncore = root.find("Uncore Aggregate");
  if (uncore != root.end()) {
    ReadGroups(*uncore, {}, "package_", "Uncore Aggregate: ");
  }
  for (size_t s = 0; s < sockets.size(); ++s) {
    ReadSocket(sockets[s], fmt::format("Sockets[{}]: ", s));
  }
  const auto links = root.find("QPI/UPI Links");
  if (links != root.end() && links->is_object()) ReadLinks(*links);
}

// The server prints what it could not divide as nan or inf, which is no JSON:
// null instead, outside of strings.
std::string WithoutNan(const std::string& text) {
  std::string result;
  result.reserve(text.size());
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
    size_t length = 0;
    if (!quoted) {
      for (const std::string_view word : {"-nan", "nan", "-inf", "inf"}) {
        if (length == 0 && text.compare(i, word.size(), word) == 0) {
          length = word.size();
        }
      }
    }
    if (length > 0) {
      result += "null";
      i += length;
    } else {
      result += text[i++];
    }
  }
  return result;
}

}  // namespace

Trace ReadPcmServerSample(const std::string& text, const std::string& name,
                          double time_seconds) {
  Trace trace;
  trace.source = "pcm-server";
  json root;
  try {
    root = json::parse(WithoutNan(text));
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", name, CauseOf(error)));
  }
  ServerTree(name, &trace).Read(root);
  trace.time_seconds = {time_seconds};
  return trace;
}

}  // namespace airlock
