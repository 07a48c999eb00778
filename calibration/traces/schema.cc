#include "calibration/traces/schema.h"

#include <cmath>

#include "calibration/traces/csv.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

struct UnitRow {
  const char* unit;
  UnitConversion conversion;
};

const UnitRow kUnits[] = {
    {"ms", {"s", 1, 1e3}},          {"msec", {"s", 1, 1e3}},
    {"us", {"s", 1, 1e6}},          {"usec", {"s", 1, 1e6}},
    {"ns", {"s", 1, 1e9}},          {"sec", {"s", 1, 1}},
    {"min", {"s", 60, 1}},          {"bps", {"bit/s", 1, 1}},
    {"kbps", {"bit/s", 1e3, 1}},    {"kbit/s", {"bit/s", 1e3, 1}},
    {"Mbps", {"bit/s", 1e6, 1}},    {"Mbit/s", {"bit/s", 1e6, 1}},
    {"Gbps", {"bit/s", 1e9, 1}},    {"Gbit/s", {"bit/s", 1e9, 1}},
    {"pps", {"packet/s", 1, 1}},    {"kpps", {"packet/s", 1e3, 1}},
    {"Mpps", {"packet/s", 1e6, 1}}, {"%", {"1", 1, 100}},
    {"percent", {"1", 1, 100}},     {"ratio", {"1", 1, 1}},
    {"count", {"1", 1, 1}},         {"bytes", {"B", 1, 1}},
    {"Bytes", {"B", 1, 1}},         {"kB", {"B", 1e3, 1}},
    {"KB", {"B", 1024, 1}},  // as Linux and Intel PCM use it
    {"KiB", {"B", 1024, 1}},        {"MB", {"B", 1e6, 1}},
    {"MiB", {"B", 1048576, 1}},     {"GB", {"B", 1e9, 1}},
    {"GiB", {"B", 1073741824, 1}},  {"kB/s", {"B/s", 1e3, 1}},
    {"MB/s", {"B/s", 1e6, 1}},      {"GB/s", {"B/s", 1e9, 1}},
    {"kHz", {"Hz", 1e3, 1}},        {"MHz", {"Hz", 1e6, 1}},
    {"GHz", {"Hz", 1e9, 1}},        {"Joules", {"J", 1, 1}},
    {"mW", {"W", 1, 1e3}},
};

constexpr const char* kKpis[] = {"offered_rate",        "delivered_rate",
                                 "offered_packet_rate", "delivered_packet_rate",
                                 "lost_packet_rate",    "loss_ratio",
                                 "latency_mean",        "latency_p50",
                                 "latency_p95",         "latency_p99"};
constexpr const char* kInputs[] = {"load_target_rate",  "packet_size",
                                   "contention_cpu",    "contention_cache",
                                   "contention_memory", "contention_io"};

// `count` digits at the start of `text` as a number; false if there are fewer.
bool TakeDigits(std::string_view* text, size_t count, int* number) {
  if (text->size() < count) return false;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(count);
  *number = value;
  return true;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, counted
// in years that start in March so that the leap day is the last one.
int64_t DaysSinceEpoch(int year, int month, int day) {
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t month_from_march = (month + 9) % 12;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

bool IsDate(int year, int month, int day) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

}  // namespace

UnitConversion ToBaseUnit(const std::string& unit) {
  for (const UnitRow& row : kUnits) {
    if (unit == row.unit) return row.conversion;
  }
  return {unit, 1, 1};
}

void SetRoleAndScopeFromName(Column* column) {
  column->role = Role::kCounter;
  for (const char* const name : kKpis) {
    if (column->name == name) column->role = Role::kKpi;
  }
  for (const char* const name : kInputs) {
    if (column->name == name) column->role = Role::kInput;
  }
  const size_t first = column->name.find('.');
  const size_t second =
      first == std::string::npos ? first : column->name.find('.', first + 1);
  Scope scope = Scope::kSystem;
  if (first == std::string::npos ||
      !Parse(column->name.substr(0, first), &scope)) {
    return;
  }
  if (scope != Scope::kSystem && second != std::string::npos) {
    column->scope = scope;
    column->scope_id = column->name.substr(first + 1, second - first - 1);
  }
}

std::string MetricName(std::string_view text) {
  std::string name;
  bool gap = false;
  const auto add = [&](std::string_view part) {
    if (gap && !name.empty()) name += '_';
    gap = false;
    name += part;
  };
  for (const char c : text) {
    const char lower =
        c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = (lower >= 'a' && lower <= 'z') ||
                      (lower >= '0' && lower <= '9') || lower == '-';
    if (c == '%') {
      gap = true;
      add("percent");
      gap = true;
    } else if (kept) {
      add(std::string_view(&lower, 1));
    } else {
      gap = true;
    }
  }
  return name;
}

void AddAttribute(Trace* trace, const std::string& key,
                  const std::string& value) {
  trace->attributes.emplace_back(key, value);
}

void AddAttribute(Trace* trace, const std::string& key, double value) {
  trace->attributes.emplace_back(key, fmt::format("{}", value));
}

void AddWarning(Trace* trace, const std::string& warning) {
  for (auto& [key, text] : trace->attributes) {
    if (key != "warnings") continue;
    text += "\n" + warning;
    return;
  }
  AddAttribute(trace, "warnings", warning);
}

void StartTimeAtZero(Trace* trace) {
  if (trace->time_seconds.empty()) return;
  const double zero = trace->time_seconds.front();
  for (double& time : trace->time_seconds) time -= zero;
  AddAttribute(trace, "time_zero", fmt::format("{:.3f}", zero));
}

bool ParseDate(std::string_view text, double* seconds) {
  int year = 0, month = 0, day = 0;
  if (!TakeDigits(&text, 4, &year) || !TakeChar(&text, '-') ||
      !TakeDigits(&text, 2, &month) || !TakeChar(&text, '-') ||
      !TakeDigits(&text, 2, &day) || !text.empty() ||
      !IsDate(year, month, day)) {
    return false;
  }
  *seconds = static_cast<double>(DaysSinceEpoch(year, month, day)) * 86400;
  return true;
}

bool ParseTimeOfDay(std::string_view text, double* seconds) {
  int hour = 0, minute = 0, second = 0;
  if (!TakeDigits(&text, 2, &hour) || !TakeChar(&text, ':') ||
      !TakeDigits(&text, 2, &minute) || !TakeChar(&text, ':') ||
      !TakeDigits(&text, 2, &second) || hour > 23 || minute > 59 ||
      second > 60) {
    return false;
  }
  double fraction = 0;
  if (!text.empty() &&
      (text.front() != '.' || text.size() < 2 ||
       text.find_first_not_of("0123456789", 1) != std::string_view::npos ||
       !ParseNumber(text, &fraction))) {
    return false;
  }
  *seconds = hour * 3600 + minute * 60 + second + fraction;
  return true;
}

bool ParseDateTime(std::string_view text, double* seconds) {
  if (!text.empty() && text.back() == 'Z') text.remove_suffix(1);
  double day = 0, time = 0;
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ') ||
      !ParseDate(text.substr(0, 10), &day) ||
      !ParseTimeOfDay(text.substr(11), &time)) {
    return false;
  }
  *seconds = day + time;
  return true;
}

}  // namespace airlock
