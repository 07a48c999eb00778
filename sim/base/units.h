#pragma once

#include <string>

#include "sim/base/quantity.h"

namespace airlock {

struct BandwidthTag {};
struct DataSizeTag {};
struct SimTimeTag {};
struct PowerDbmTag {};
struct FrequencyTag {};
struct RatioTag {};
struct LengthTag {};
struct SpeedTag {};

using Bandwidth = Quantity<BandwidthTag, int64_t>;  // bits per second
using DataSize = Quantity<DataSizeTag, int64_t>;    // bytes
using SimTime = Quantity<SimTimeTag, int64_t>;      // nanoseconds
using PowerDbm = Quantity<PowerDbmTag, double>;     // dBm
using Frequency = Quantity<FrequencyTag, double>;   // hertz
using Ratio = Quantity<RatioTag, double>;           // 1 (30% is 0.3)
using Length = Quantity<LengthTag, double>;         // metres
using Speed = Quantity<SpeedTag, double>;           // metres per second

constexpr SimTime Nanoseconds(int64_t n) { return SimTime(n); }
constexpr SimTime Microseconds(int64_t n) { return SimTime(n * 1000); }
constexpr SimTime Milliseconds(int64_t n) { return SimTime(n * 1000000); }
constexpr double Seconds(SimTime t) {
  return static_cast<double>(t.value()) * 1e-9;
}
// Rounds to the nearest nanosecond.
SimTime FromSeconds(double seconds);

constexpr Bandwidth Mbps(int64_t n) { return Bandwidth(n * 1000000); }
constexpr Bandwidth Gbps(int64_t n) { return Bandwidth(n * 1000000000); }

// The time that `size` occupies a link of `rate` (> 0), rounded to the nearest
// nanosecond.
SimTime TransmissionTime(DataSize size, Bandwidth rate);

// Exact text with the largest unit that keeps the number whole, as a scenario
// file spells it: "25Gbps", "1500B", "500ns", "-62dBm", "30%", "5.18GHz".
// Parsing the text gives the same value (a ratio to within one unit in the last
// place: not every double is a hundredth of another).
std::string ToString(Bandwidth value);
std::string ToString(DataSize value);
std::string ToString(SimTime value);
std::string ToString(PowerDbm value);
std::string ToString(Frequency value);
std::string ToString(Ratio value);
std::string ToString(Length value);
std::string ToString(Speed value);

// Parse `text` as ns-3 spells units (number then unit, no blank): true and
// `*value` set, or false and `*value` unchanged. Accepted units are those of
// AllowedUnits(). A value that is not a whole number of the base unit (bits per
// second, bytes, nanoseconds) is refused: a conversion never loses precision.
bool Parse(const std::string& text, Bandwidth* value);
bool Parse(const std::string& text, DataSize* value);
bool Parse(const std::string& text, SimTime* value);
bool Parse(const std::string& text, PowerDbm* value);
bool Parse(const std::string& text, Frequency* value);
bool Parse(const std::string& text, Ratio* value);
bool Parse(const std::string& text, Length* value);
bool Parse(const std::string& text, Speed* value);

// For messages: the quantity's name with its article ("a bandwidth") and its
// units ("bps, kbps, Mbps, Gbps or Tbps").
template <typename Q>
struct QuantityName;
#define AIRLOCK_QUANTITY_NAME(type, noun, allowed) \
  template <>                                      \
  struct QuantityName<type> {                      \
    static constexpr const char* kNoun = noun;     \
    static constexpr const char* kUnits = allowed; \
  }
AIRLOCK_QUANTITY_NAME(Bandwidth, "a bandwidth",
                      "bps, kbps, Mbps, Gbps or Tbps");
AIRLOCK_QUANTITY_NAME(DataSize, "a data size", "B, kB, KiB, MB, MiB or GB");
AIRLOCK_QUANTITY_NAME(SimTime, "a time", "ns, us, ms, s, min or h");
AIRLOCK_QUANTITY_NAME(PowerDbm, "a power", "dBm");
AIRLOCK_QUANTITY_NAME(Frequency, "a frequency", "Hz, kHz, MHz or GHz");
AIRLOCK_QUANTITY_NAME(Ratio, "a ratio", "% (30% is 0.3)");
AIRLOCK_QUANTITY_NAME(Length, "a length", "m or km");
AIRLOCK_QUANTITY_NAME(Speed, "a speed", "m/s or km/h");
#undef AIRLOCK_QUANTITY_NAME

}  // namespace airlock
