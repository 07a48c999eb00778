#include "sim/telemetry/wlan_columns.h"

namespace airlock {

std::string ApColumnName(const std::string& ap, const WlanMetric& metric) {
  return ToString(Scope::kAccessPoint) + ("." + ap) + "." + metric.name;
}

std::string ApRssiColumnName(const std::string& ap, const std::string& other) {
  return ToString(Scope::kAccessPoint) + ("." + ap) + "." +
         RssiMetricName(other);
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
