#pragma once

#include <vector>

#include "sim/scenario/fabric_config.h"

namespace airlock {

// A TCP congestion control.
struct TransportKind {
  const char* name;  // transport.kind
  const char* ns3_type;
  const char* description;
};
const std::vector<TransportKind>& TransportKinds();

// Sets ns-3's process-wide defaults of TCP. `ecn`: whether some queue marks.
// Throws InputError for an unknown kind.
void SetTcpDefaults(const TransportConfig& transport, bool ecn);

}  // namespace airlock
