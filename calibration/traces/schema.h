#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// How a unit becomes the base unit that traces use: value * multiply / divide.
// One of the two is 1, so that a decimal prefix costs one rounding only.
struct UnitConversion {
  std::string unit;  // "s", "bit/s", "B", "1", ...
  double multiply = 1;
  double divide = 1;

  double Apply(double value) const { return value * multiply / divide; }
};

// "ms" -> {"s", 1, 1000}, "Mbit/s" -> {"bit/s", 1e6, 1}, "%" -> {"1", 1, 100}.
// A unit that is not in the table stays as it is.
UnitConversion ToBaseUnit(const std::string& unit);

// Role, scope and scope id that the agreed names carry: "delivered_rate" is a
// KPI, "load_target_rate" an input, "core.0.user" a counter of core 0. Any
// other name is a counter of the system.
void SetRoleAndScopeFromName(Column* column);

// `text` as the last part of a column name: lower case, '%' as "percent",
// every other run of characters that are no letters, digits or '-' as one '_'.
// "Mem Read (MB/s)" becomes "mem_read_mb_s".
std::string MetricName(std::string_view text);

void AddAttribute(Trace* trace, const std::string& key,
                  const std::string& value);
void AddAttribute(Trace* trace, const std::string& key, double value);
// Adds a line to the attribute "warnings".
void AddWarning(Trace* trace, const std::string& warning);

// Moves the times so that the first is 0 and tells the old zero in attribute
// `time_zero` as seconds since 1970.
void StartTimeAtZero(Trace* trace);

// "2024-03-05", "09:30:52.932" -> seconds since 1970-01-01 without regard to
// time zones. False if either is malformed or out of range.
bool ParseDate(std::string_view text, double* seconds);
bool ParseTimeOfDay(std::string_view text, double* seconds);
// "2024-03-05T09:30:52.932" or with a blank for the T; an ending Z is allowed.
bool ParseDateTime(std::string_view text, double* seconds);

}  // namespace airlock
