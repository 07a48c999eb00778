#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/testbed/counter_table.h"

namespace airlock::testbed {

// The sources under /proc that this host has; what it lacks goes to *missing
// as one line each.
std::vector<std::unique_ptr<CounterSource>> MakeHostSources(
    CounterTable* table, std::vector<std::string>* missing);

// The way packets take through an interface of the chain.
enum class Direction { kReceive, kSend };

struct WatchedInterface {
  std::string name;
  Direction direction;
  // Also a counter of this function, as `packets_metric`, when not empty.
  std::string function;
  std::string packets_metric;
};

// Statistics of the interfaces of the namespace the caller is in, bound to it
// for good.
std::unique_ptr<CounterSource> MakeInterfaceSource(
    const std::vector<WatchedInterface>& interfaces, CounterTable* table);

// Selected /proc/net/snmp counters of the namespace the caller is in, as
// counters of `function`: {section, field, metric} each.
struct SnmpField {
  std::string section;
  std::string field;
  std::string metric;
};
std::unique_ptr<CounterSource> MakeSnmpSource(
    const std::string& function, const std::vector<SnmpField>& fields,
    CounterTable* table);

// CPU time, faults and context switches of the process behind a function.
std::unique_ptr<CounterSource> MakeProcessSource(const std::string& function,
                                                 int pid, CounterTable* table);

}  // namespace airlock::testbed
