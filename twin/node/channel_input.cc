#include "twin/node/channel_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

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

std::vector<std::string> NeededColumns(
    const std::vector<std::string>& access_points) {
  std::vector<std::string> needed;
  for (const std::string& ap : access_points) {
    for (const WlanMetric& metric : {kApChannel, kApWidth, kApLoad}) {
      needed.push_back(ApColumnName(ap, metric));
    }
  }
  return needed;
}

// Whether the source says of `ap` whom it hears, or who hears it.
bool Scanned(const std::string& ap,
             const std::vector<std::string>& access_points,
             const Trace& columns) {
  return access_points.size() == 1 ||
         std::any_of(access_points.begin(), access_points.end(),
                     [&](const std::string& other) {
                       return columns.Find(ApRssiColumnName(ap, other)) ||
                              columns.Find(ApRssiColumnName(other, ap));
                     });
}

void CheckColumns(const std::vector<std::string>& access_points,
                  const Trace& columns) {
  std::vector<std::string> known;
  for (const Column& column : columns.columns) known.push_back(column.name);
  std::string missing;
  AddMissing(NeededColumns(access_points), known, &missing);
  for (const std::string& ap : access_points) {
    if (Scanned(ap, access_points, columns)) continue;
    missing +=
        fmt::format("{}'ap.{}.rssi.OTHER'", missing.empty() ? "" : ", ", ap);
  }
  if (!missing.empty()) {
    throw InputError(fmt::format("the source has no counter {}", missing));
  }
  for (const std::string& name : known) {
    const std::string ap = AccessPointOfColumn(name);
    if (ap.empty() || name != ApColumnName(ap, kApChannel)) continue;
    if (std::count(access_points.begin(), access_points.end(), ap) > 0) {
      continue;
    }
    throw InputError(fmt::format(
        "the source has an access point '{}' that the scenario has not{}", ap,
        NearestText(ap, access_points)));
  }
}

}  // namespace

InputRules ChannelInputRules(std::vector<std::string> access_points) {
  InputRules rules;
  const std::vector<std::string> needed = NeededColumns(access_points);
  rules.check = [access_points](const Trace& columns) {
    CheckColumns(access_points, columns);
  };
  rules.rule = [needed](const std::string& name) {
    const auto [low, high] = RangeOf(name);
    return ColumnRule{
        IsConfiguredColumn(name) ? OverSamples::kLast : OverSamples::kMean,
        std::count(needed.begin(), needed.end(), name) > 0, low, high};
  };
  return rules;
}

}  // namespace airlock
