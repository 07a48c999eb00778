#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/testbed/counter_table.h"

namespace airlock::testbed {

// Counts perf events on every core, and on the process of one function, with
// perf_event_open. Events this host does not have are not declared; they go
// to *missing, one line each.
std::unique_ptr<CounterSource> MakePerfSource(
    const std::string& function, int pid, CounterTable* table,
    std::vector<std::string>* missing);

// Names of the hardware events that open on this host, and of those that do
// not.
void ProbeHardwareEvents(std::vector<std::string>* present,
                         std::vector<std::string>* absent);

}  // namespace airlock::testbed
