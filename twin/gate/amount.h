#pragma once

#include <optional>
#include <string>

namespace airlock {

// How much of a KPI, as a gate file spells it: "10%" is a share of the other
// model's value, "2ms", "0.5Mbps", "64kB" are amounts of the KPI in its unit,
// and "0.5pp" (percentage points) is one of a KPI that is itself a share.
struct Amount {
  double value = 0;      // in `unit`; of a relative one 0.1 is 10 %
  bool relative = true;  // a share of the other model's value
  std::string unit;      // of an absolute one, as traces have it: "s", "1", ...
};

// Nothing if `text` is not a finite number followed by `%`, `pp` or a unit that
// trace columns use; a bare number is refused.
std::optional<Amount> ParseAmount(const std::string& text);

// For messages: what may follow the number.
const char* AmountUnits();

// "+2 ms" for 0.002 "s": `value` of a base unit with three digits, its sign,
// and the prefix that suits it.
std::string AmountText(double value, const std::string& unit);

}  // namespace airlock
