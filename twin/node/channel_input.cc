#include "twin/node/channel_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What a column can be: shares of time are 0 to 1; powers lie between the
// thermal noise of 1 Hz and 0 dBm; needs and settings are not negative.
std::pair<double, double> RangeOf(const std::string& column) {
  if (IsPowerColumn(column)) return {-174, 0};
  const std::string ap = AccessPointOfColumn(column);
  for (const WlanMetric& share :
       {kApActive, kApBusy, kApReceive, kApTransmit}) {
    if (column == ApColumnName(ap, share)) return {0, 1};
  }
  for (const WlanMetric& amount : {kApLoad, kApChannel, kApWidth}) {
    if (column == ApColumnName(ap, amount)) return {0, kInfinity};
  }
  return {-kInfinity, kInfinity};
}

std::string NearestText(const std::string& name,
                        const std::vector<std::string>& known) {
  const std::string nearest = NearestName(name, known);
  return nearest.empty() ? "" : fmt::format(" (it has '{}')", nearest);
}

void Add(const std::string& text, std::string* list) {
  *list += (list->empty() ? "" : ", ") + text;
}

}  // namespace

void ChannelInput::Bind(const Trace& columns) {
  std::vector<std::string> known;
  for (const Column& column : columns.columns) known.push_back(column.name);
  std::vector<std::string> needed;
  for (const std::string& ap : access_points_) {
    for (const WlanMetric& metric : {kApChannel, kApWidth, kApLoad}) {
      needed.push_back(ApColumnName(ap, metric));
    }
  }
  std::string missing;
  for (const std::string& name : needed) {
    if (columns.Find(name) != nullptr) continue;
    Add(fmt::format("'{}'{}", name, NearestText(name, known)), &missing);
  }
  for (const std::string& ap : access_points_) {
    bool scanned = access_points_.size() == 1;
    for (const std::string& other : access_points_) {
      scanned = scanned ||
                columns.Find(ApRssiColumnName(ap, other)) != nullptr ||
                columns.Find(ApRssiColumnName(other, ap)) != nullptr;
    }
    if (!scanned) Add(fmt::format("'ap.{}.rssi.OTHER'", ap), &missing);
  }
  if (!missing.empty()) {
    throw InputError(fmt::format("the source has no counter {}", missing));
  }
  for (const std::string& name : known) {
    const std::string ap = AccessPointOfColumn(name);
    if (ap.empty() || name != ApColumnName(ap, kApChannel)) continue;
    if (std::count(access_points_.begin(), access_points_.end(), ap) > 0) {
      continue;
    }
    throw InputError(fmt::format(
        "the source has an access point '{}' that the scenario has not{}", ap,
        NearestText(ap, access_points_)));
  }
  columns_.clear();
  for (const std::string& name : known) {
    const auto [low, high] = RangeOf(name);
    columns_.push_back({name, IsConfiguredColumn(name),
                        std::count(needed.begin(), needed.end(), name) > 0, low,
                        high, Sum{0, 0, kMissing}});
  }
  taken_ = 0;
}

SampleFaults ChannelInput::Take(const Trace& samples, int64_t index) {
  AIRLOCK_CHECK(samples.columns.size() == columns_.size());
  SampleFaults faults;
  int64_t needed = 0, missing = 0, present = 0, outside = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    Bound& column = columns_[c];
    const double value = samples.columns[c].values[static_cast<size_t>(index)];
    const bool absent = std::isnan(value);
    needed += column.needed;
    if (absent) {
      if (column.needed && missing++ == 0) faults.missing = column.name;
      continue;
    }
    ++present;
    if (!(value >= column.low && value <= column.high) && outside++ == 0) {
      faults.outside = fmt::format("{} is {:g}, beyond {:g} to {:g}",
                                   column.name, value, column.low, column.high);
    }
    column.sum.total += value;
    ++column.sum.count;
    column.sum.last = value;
  }
  ++taken_;
  faults.missing_share =
      Share(static_cast<double>(missing), static_cast<double>(needed));
  faults.outside_share =
      present > 0 ? static_cast<double>(outside) / static_cast<double>(present)
                  : 0;
  return faults;
}

Observation ChannelInput::Finish(double seconds) {
  Observation observation;
  observation.time = FromSeconds(seconds);
  for (Bound& column : columns_) {
    const Sum sum = std::exchange(column.sum, Sum{0, 0, kMissing});
    double value = kMissing;
    if (sum.count > 0) {
      value = column.configured || sum.count == 1
                  ? sum.last
                  : sum.total / static_cast<double>(sum.count);
    }
    observation.values[column.name] = value;
  }
  taken_ = 0;
  return observation;
}

}  // namespace airlock
