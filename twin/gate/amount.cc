#include "twin/gate/amount.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "calibration/traces/schema.h"

namespace airlock {
namespace {

struct UnitName {
  const char* spelled;  // in a gate file
  const char* base;     // of traces
};

// Every unit that an amount may have. What is not a base unit itself is
// converted by ToBaseUnit().
constexpr UnitName kUnits[] = {
    {"ns", "s"},          {"us", "s"},
    {"ms", "s"},          {"s", "s"},
    {"min", "s"},         {"bps", "bit/s"},
    {"kbps", "bit/s"},    {"Mbps", "bit/s"},
    {"Gbps", "bit/s"},    {"bit/s", "bit/s"},
    {"pps", "packet/s"},  {"kpps", "packet/s"},
    {"Mpps", "packet/s"}, {"packet/s", "packet/s"},
    {"B", "B"},           {"kB", "B"},
    {"KiB", "B"},         {"MB", "B"},
    {"MiB", "B"},         {"GB", "B"},
    {"W", "W"},           {"mW", "W"},
    {"J", "J"},           {"dB", "dB"},
    {"dBm", "dBm"},       {"1/s", "1/s"},
    {"packet", "packet"},
};

struct Prefix {
  double factor;
  const char* name;
};
constexpr Prefix kSmall[] = {{1, ""}, {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
constexpr Prefix kLarge[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};

std::string WithPrefix(double value, const std::string& unit) {
  const double size = std::abs(value);
  if (unit == "s") {
    for (const Prefix& prefix : kSmall) {
      if (size >= prefix.factor || prefix.factor == 1e-9) {
        return fmt::format("{:+.3g} {}s", value / prefix.factor, prefix.name);
      }
    }
  }
  for (const Prefix& prefix : kLarge) {
    if (size >= prefix.factor && std::isfinite(value)) {
      return fmt::format("{:+.3g} {}{}", value / prefix.factor, prefix.name,
                         unit);
    }
  }
  return fmt::format("{:+.3g} {}", value, unit);
}

}  // namespace

std::optional<Amount> ParseAmount(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const std::string unit(stop, end);
  if (unit == "%") return Amount{number / 100, true, ""};
  if (unit == "pp") return Amount{number / 100, false, "1"};
  for (const UnitName& known : kUnits) {
    if (unit != known.spelled) continue;
    return Amount{ToBaseUnit(unit).Apply(number), false, known.base};
  }
  return std::nullopt;
}

const char* AmountUnits() {
  return "% (of the other's), pp (percentage points), ns, us, ms, s, min, bps, "
         "kbps, Mbps, Gbps, pps, kpps, Mpps, B, kB, KiB, MB, MiB, GB, W, mW, "
         "J, dB, dBm, packet or 1/s";
}

std::string AmountText(double value, const std::string& unit) {
  if (unit == "%") return fmt::format("{:+.1f} %", 100 * value);
  if (unit == "1") return fmt::format("{:+.4g}", value);
  if (unit == "dB" || unit == "dBm")
    return fmt::format("{:+.3g} {}", value, unit);
  return WithPrefix(value, unit);
}

}  // namespace airlock
