#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

// The names of a WLAN's columns and settings, made in one place: engines,
// importers and controllers use the same. In a trace the full name of a counter
// is SCOPE.ID.METRIC, "ap.lobby.airtime_busy", "station.lobby.0.rssi".
namespace airlock {

// A value that nobody knows.
inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// `part` of `whole`; missing where there is no whole.
inline double Share(double part, double whole) {
  return whole > 0 ? part / whole : kMissing;
}

// A metric of an access point or a station.
struct WlanMetric {
  const char* name;
  const char* unit;
  const char* description;
};

// Metrics of an access point; those that `airlock import survey` gives have its
// names. `kActive` and the shares of it count time on the channel that the
// access point is on.
inline constexpr WlanMetric kApActive = {"active", "1",
                                         "share of time on the channel"};
inline constexpr WlanMetric kApBusy = {
    "airtime_busy", "1", "share of active time with a busy channel"};
inline constexpr WlanMetric kApReceive = {
    "airtime_receive", "1", "share of active time receiving any frame"};
inline constexpr WlanMetric kApTransmit = {"airtime_transmit", "1",
                                           "share of active time transmitting"};
inline constexpr WlanMetric kApNoise = {
    "noise", "dBm", "noise floor over the primary 20 MHz channel"};
inline constexpr WlanMetric kApFrequency = {"frequency", "Hz",
                                            "centre of the primary channel"};
inline constexpr WlanMetric kApChannel = {
    "channel", "1", "IEEE number of the primary 20 MHz channel"};
inline constexpr WlanMetric kApWidth = {"width", "Hz", "width of the channel"};
// Airtime of the BSS's frames, those of data to the stations times what is
// offered to them over what is delivered, times the width over 20 MHz: what the
// BSS would take if all of its traffic got through, 1.4 for 70 % of a channel
// of 40 MHz. What waits in the stations is not in it. Missing where none of
// what is offered arrives.
inline constexpr WlanMetric kApLoad = {
    "load", "1", "airtime that the BSS needs, in 20 MHz channels"};
inline constexpr WlanMetric kApStations = {"stations", "1",
                                           "stations that are associated"};

// Metrics of a station, as its access point knows it.
inline constexpr WlanMetric kStationRssi = {
    "rssi", "dBm", "mean RSSI of its frames at the access point"};
inline constexpr WlanMetric kStationRate = {
    "rate", "bit/s", "mean PHY rate of data to and from it, by airtime"};
inline constexpr WlanMetric kStationRetries = {
    "retries", "1/s", "data frames sent again, to and from it"};
inline constexpr WlanMetric kStationBytes = {
    "bytes", "B/s", "acknowledged payload of data frames to and from it"};
inline constexpr WlanMetric kStationOutOfRange = {
    "out_of_range", "1",
    "share of time in which ten beacons of its access point were missing"};

// Utilisations above which a run counts the time, as operators do (the share of
// samples of Iacoboaiea et al., IEEE Communications Magazine 2023).
inline constexpr double kUtilisationThresholds[] = {0.5, 0.6, 0.7, 0.8, 0.9};
// "utilisation_above_70".
std::string UtilisationMetricName(double threshold);

// "ap.lobby.noise"; the scope's id is the access point's name.
std::string ApColumnName(const std::string& ap, const WlanMetric& metric);
// "ap.lobby.rssi.hall": at which RSSI `ap` hears the beacons of `other` [dBm];
// missing: it does not.
std::string ApRssiColumnName(const std::string& ap, const std::string& other);
// "ap.lobby.sensed.36": share of time in which a wideband receiver finds that
// 20 MHz channel occupied.
std::string ApSensedColumnName(const std::string& ap, int64_t channel);
// The metrics alone: "sensed.36",
std::string SensedMetricName(int64_t channel);
// "rssi.hall".
std::string RssiMetricName(const std::string& other);
// "station.lobby.0.rssi".
std::string StationColumnName(const std::string& ap, const std::string& station,
                              const WlanMetric& metric);

// Whether a column, by its name, holds powers in dBm: RSSI and noise.
bool IsPowerColumn(const std::string& column);
// Whether it holds what an access point is set to: nothing that is measured.
bool IsConfiguredColumn(const std::string& column);

// The access point of "ap.lobby.rssi.hall"; empty for another column.
std::string AccessPointOfColumn(const std::string& column);
// Scope, unit and description of a column, by its name: those of a WLAN's
// metrics; of another the system, without a unit ("1").
Column DescribeWlanColumn(const std::string& name);

// Settings of a controller's action.
// "lobby.channel": IEEE number of the primary 20 MHz channel.
std::string ChannelSettingName(const std::string& ap);
// "lobby.width" [Hz].
std::string WidthSettingName(const std::string& ap);

}  // namespace airlock
