#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/testbed/counter_table.h"

namespace airlock::testbed {

// Root queueing disciplines of the named interfaces, in the namespace the
// caller is in.
std::unique_ptr<CounterSource> MakeQdiscSource(
    const std::vector<std::string>& interfaces, CounterTable* table);

// A named nftables counter that packets pass at some depth of the chain, and
// how many rules they evaluate from there to the next one.
struct RuleCheckpoint {
  std::string counter;
  double rules_behind;
};

// Named counters of table `inet airlock` in the namespace the caller is in:
// `entered`, `passed` and the checkpoints, as counters of the firewall.
std::unique_ptr<CounterSource> MakeFirewallSource(
    const std::vector<RuleCheckpoint>& checkpoints, CounterTable* table);

}  // namespace airlock::testbed
