#include "sim/base/units.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace airlock {
namespace {

struct Unit {
  const char* name;
  double factor;  // base units in one of these
};

// Each table ascends; the first row is the base unit.
const std::vector<Unit>& UnitsOf(BandwidthTag) {
  static const std::vector<Unit> units = {
      {"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {"Tbps", 1e12}};
  return units;
}
const std::vector<Unit>& UnitsOf(DataSizeTag) {
  static const std::vector<Unit> units = {{"B", 1},         {"kB", 1e3},
                                          {"KiB", 1024},    {"MB", 1e6},
                                          {"MiB", 1048576}, {"GB", 1e9}};
  return units;
}
const std::vector<Unit>& UnitsOf(SimTimeTag) {
  static const std::vector<Unit> units = {{"ns", 1},     {"us", 1e3},
                                          {"ms", 1e6},   {"s", 1e9},
                                          {"min", 60e9}, {"h", 3600e9}};
  return units;
}
const std::vector<Unit>& UnitsOf(PowerDbmTag) {
  static const std::vector<Unit> units = {{"dBm", 1}};
  return units;
}
const std::vector<Unit>& UnitsOf(FrequencyTag) {
  static const std::vector<Unit> units = {
      {"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}};
  return units;
}
const std::vector<Unit>& UnitsOf(RatioTag) {
  static const std::vector<Unit> units = {{"%", 0.01}};
  return units;
}
const std::vector<Unit>& UnitsOf(LengthTag) {
  static const std::vector<Unit> units = {{"m", 1}, {"km", 1e3}};
  return units;
}
const std::vector<Unit>& UnitsOf(SpeedTag) {
  static const std::vector<Unit> units = {{"m/s", 1}, {"km/h", 1 / 3.6}};
  return units;
}

template <typename Tag>
bool ParseScaled(const std::string& text, double* scaled) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !std::isfinite(number)) return false;
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  for (const Unit& candidate : UnitsOf(Tag{})) {
    if (unit != candidate.name) continue;
    // 1/100 is not a binary fraction, 100 is: 30% must be the double 0.3.
    *scaled =
        candidate.factor == 0.01 ? number / 100 : number * candidate.factor;
    return true;
  }
  return false;
}

template <typename Tag>
bool ParseExact(const std::string& text, Quantity<Tag, int64_t>* value) {
  double scaled = 0;
  if (!ParseScaled<Tag>(text, &scaled)) return false;
  const double whole = std::round(scaled);
  // 2.3us is 2300 ns up to the rounding of 2.3 * 1000 in binary.
  if (std::abs(scaled - whole) > 1e-9 * std::max(1.0, std::abs(whole))) {
    return false;
  }
  if (std::abs(whole) > 9e18) return false;
  *value = Quantity<Tag, int64_t>(static_cast<int64_t>(whole));
  return true;
}

template <typename Tag>
bool ParseReal(const std::string& text, Quantity<Tag, double>* value) {
  double scaled = 0;
  if (!ParseScaled<Tag>(text, &scaled)) return false;
  *value = Quantity<Tag, double>(scaled);
  return true;
}

template <typename Tag>
std::string FormatExact(Quantity<Tag, int64_t> value) {
  const std::vector<Unit>& units = UnitsOf(Tag{});
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    const auto factor = static_cast<int64_t>(unit->factor);
    if (value.value() != 0 && value.value() % factor == 0) {
      return fmt::format("{}{}", value.value() / factor, unit->name);
    }
  }
  return fmt::format("{}{}", value.value(), units.front().name);
}

// The shortest decimal that parses back to the same double.
template <typename Tag>
std::string FormatReal(Quantity<Tag, double> value) {
  const std::vector<Unit>& units = UnitsOf(Tag{});
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    const double scaled = unit->factor == 0.01 ? value.value() * 100
                                               : value.value() / unit->factor;
    if (std::abs(scaled) < 1 && unit + 1 != units.rend()) continue;
    for (int digits = 15; digits <= 17; ++digits) {
      const std::string text =
          fmt::format("{:.{}g}{}", scaled, digits, unit->name);
      Quantity<Tag, double> back;
      if (ParseReal(text, &back) && back == value) return text;
    }
  }
  return fmt::format("{:.17g}{}", value.value() / units.front().factor,
                     units.front().name);
}

}  // namespace

SimTime FromSeconds(double seconds) {
  return SimTime(static_cast<int64_t>(std::llround(seconds * 1e9)));
}

SimTime TransmissionTime(DataSize size, Bandwidth rate) {
  return FromSeconds(static_cast<double>(size.value()) * 8 /
                     static_cast<double>(rate.value()));
}

std::string ToString(Bandwidth value) { return FormatExact(value); }
std::string ToString(DataSize value) { return FormatExact(value); }
std::string ToString(SimTime value) { return FormatExact(value); }
std::string ToString(PowerDbm value) { return FormatReal(value); }
std::string ToString(Frequency value) { return FormatReal(value); }
std::string ToString(Ratio value) { return FormatReal(value); }
std::string ToString(Length value) { return FormatReal(value); }
std::string ToString(Speed value) {
  return fmt::format("{}m/s", value.value());
}

bool Parse(const std::string& text, Bandwidth* value) {
  return ParseExact(text, value);
}
bool Parse(const std::string& text, DataSize* value) {
  return ParseExact(text, value);
}
bool Parse(const std::string& text, SimTime* value) {
  return ParseExact(text, value);
}
bool Parse(const std::string& text, PowerDbm* value) {
  return ParseReal(text, value);
}
bool Parse(const std::string& text, Frequency* value) {
  return ParseReal(text, value);
}
bool Parse(const std::string& text, Ratio* value) {
  return ParseReal(text, value);
}
bool Parse(const std::string& text, Length* value) {
  return ParseReal(text, value);
}
bool Parse(const std::string& text, Speed* value) {
  return ParseReal(text, value);
}

}  // namespace airlock
