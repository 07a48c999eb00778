#pragma once

#include <string>

#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

namespace airlock {

// Two machines of six cores, two chains of two functions: `parse` and `filter`
// of chain one, `parse2` and `filter2` of chain two.
inline std::string SmallServersText(const std::string& manager = "{}") {
  const auto function = [](const char* name, const char* machine,
                           const char* cores) {
    return std::string("      - {name: ") + name + ", machine: " + machine +
           ", cores: " + cores +
           ", instructions: {per_batch: 100, per_packet: 100000}, "
           "state_references: {per_packet: 500}, working_set: 4000000B}\n";
  };
  const auto chain = [](const char* name, const char* path, const char* kind) {
    return std::string("      - {name: ") + name + ", path: " + path +
           ", flows: 200000, load: {kind: " + kind +
           ", rate: 100Mbps, peak: 600Mbps, period: 40s}, packet_sizes: "
           "[{size: 1000B}], agreement: {}}\n";
  };
  return "schema: 1\nname: small\n"
         "run: {engine: surrogate, duration: 40s, sample_interval: 1s}\n"
         "controller: {interval: 1s}\n"
         "datacentre:\n  servers:\n    machines:\n"
         "      - {name: a, sockets: 1, cores_per_socket: 6, l3: 8000000B}\n"
         "      - {name: b, sockets: 1, cores_per_socket: 6, l3: 8000000B}\n"
         "    functions:\n" +
         function("parse", "a", "[0, 1]") +
         function("filter", "a", "[2, 3, 4]") +
         function("parse2", "b", "[0, 1]") + function("filter2", "b", "[2]") +
         "    chains:\n" + chain("one", "[parse, filter]", "diurnal") +
         chain("two", "[parse2, filter2]", "random-walk") +
         "    rescale_time: 500us\n    migration_time: 2ms\n"
         "    manager: " +
         manager + "\n";
}

inline Scenario SmallServers(const std::string& manager = "{}") {
  Diagnostics diagnostics;
  const auto scenario =
      ResolveText(SmallServersText(manager), "small.yaml", &diagnostics);
  AIRLOCK_CHECK(scenario.has_value(), "{}", diagnostics.Format());
  return scenario->scenario();
}

}  // namespace airlock
