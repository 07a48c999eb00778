#include "sim/telemetry/wlan_columns.h"

#include <fmt/format.h>

namespace airlock {
namespace {

// "rssi" of "ap.lobby.rssi.hall" and of "station.lobby.0.rssi"; empty for a
// column of something else.
std::string MetricOf(const std::string& column) {
  const auto starts = [&](Scope scope) {
    return column.rfind(std::string(ToString(scope)) + ".", 0) == 0;
  };
  // Names of access points and stations have no dots.
  int dots = 0;
  if (starts(Scope::kAccessPoint)) dots = 2;
  if (starts(Scope::kStation)) dots = 3;
  if (dots == 0) return "";
  size_t begin = 0;
  for (int i = 0; i < dots; ++i) {
    begin = column.find('.', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  return column.substr(begin, column.find('.', begin) - begin);
}

}  // namespace

bool IsPowerColumn(const std::string& column) {
  const std::string metric = MetricOf(column);
  return metric == "rssi" || metric == kApNoise.name;
}

bool IsConfiguredColumn(const std::string& column) {
  const std::string metric = MetricOf(column);
  return metric == kApChannel.name || metric == kApWidth.name ||
         metric == kApFrequency.name;
}

std::string AccessPointOfColumn(const std::string& column) {
  const std::string prefix = ToString(Scope::kAccessPoint) + std::string(".");
  if (column.rfind(prefix, 0) != 0) return "";
  const size_t end = column.find('.', prefix.size());
  if (end == std::string::npos) return "";
  return column.substr(prefix.size(), end - prefix.size());
}

Column DescribeWlanColumn(const std::string& name) {
  static constexpr WlanMetric kMetrics[] = {
      kApActive,       kApBusy,       kApReceive,        kApTransmit,
      kApNoise,        kApFrequency,  kApChannel,        kApWidth,
      kApLoad,         kApStations,   kStationRssi,      kStationRate,
      kStationRetries, kStationBytes, kStationOutOfRange};
  Column column;
  column.name = name;
  column.unit = "1";
  const std::string metric = MetricOf(name);
  if (metric.empty()) return column;
  const size_t begin = name.find('.') + 1;
  column.scope = begin == 3 ? Scope::kAccessPoint : Scope::kStation;
  column.scope_id = name.substr(begin, name.find("." + metric) - begin);
  for (const WlanMetric& one : kMetrics) {
    if (metric != one.name) continue;
    column.unit = one.unit;
    column.description = one.description;
  }
  if (metric == "rssi" && column.scope == Scope::kAccessPoint) {
    column.description = "RSSI of the other's beacons";
  }
  return column;
}

std::string UtilisationMetricName(double threshold) {
  return fmt::format("utilisation_above_{:.0f}", 100 * threshold);
}

std::string ApColumnName(const std::string& ap, const WlanMetric& metric) {
  return ToString(Scope::kAccessPoint) + ("." + ap) + "." + metric.name;
}

std::string ApRssiColumnName(const std::string& ap, const std::string& other) {
  return ToString(Scope::kAccessPoint) + ("." + ap) + "." +
         RssiMetricName(other);
}

std::string ApSensedColumnName(const std::string& ap, int64_t channel) {
  return ToString(Scope::kAccessPoint) + ("." + ap) + "." +
         SensedMetricName(channel);
}

std::string SensedMetricName(int64_t channel) {
  return "sensed." + std::to_string(channel);
}

std::string RssiMetricName(const std::string& other) { return "rssi." + other; }

std::string StationColumnName(const std::string& ap, const std::string& station,
                              const WlanMetric& metric) {
  return ToString(Scope::kStation) + ("." + ap) + "." + station + "." +
         metric.name;
}

std::string ChannelSettingName(const std::string& ap) {
  return ap + ".channel";
}

std::string WidthSettingName(const std::string& ap) { return ap + ".width"; }

}  // namespace airlock
