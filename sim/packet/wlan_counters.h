#pragma once

#include <ns3/wifi-mpdu.h>
#include <ns3/wifi-net-device.h>
#include <ns3/wifi-phy-common.h>
#include <ns3/wifi-psdu.h>
#include <ns3/wifi-tx-vector.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/packet/wlan_airtime.h"
#include "sim/packet/wlan_interferers.h"
#include "sim/packet/wlan_network.h"
#include "sim/telemetry/trace.h"

// Private to sim/packet.
namespace airlock {

// What an access point knows of one of its stations, summed up since the start.
struct WlanStationTotals {
  double rssi_sum_dbm = 0;  // over its frames that the access point received
  int64_t rssi_count = 0;
  double data_seconds = 0;  // airtime of data PPDUs to and from it
  double data_bits = 0;     // PHY rate times that airtime
  int64_t retries = 0;      // MPDUs of data that were sent again
  int64_t bytes = 0;        // of MSDUs, acknowledged
  int64_t lost_ns = 0;      // without a beacon for too long
};

// The same of the BSS.
struct BssTotals {
  Airtime airtime;  // the access point's radio
  // Airtime of all PPDUs of the BSS, and of data to its stations: times the
  // width, in units of 20 MHz.
  double channel_seconds = 0;
  double downlink_channel_seconds = 0;
  std::vector<WlanStationTotals> stations;
};

// Counts in one BSS what a real access point reports of it, from the frames
// that are sent and received; see wlan_columns.h for the quantities.
//
// Never holds outside: the devices refer to it, so it lives until the simulator
// is destroyed.
class BssCounters {
 public:
  // Counts from now on. All of them must outlive it.
  BssCounters(size_t cell, WlanNetwork* network,
              const WlanInterferers& interferers, SimTime beacon_interval);
  ~BssCounters();
  BssCounters(const BssCounters&) = delete;
  BssCounters& operator=(const BssCounters&) = delete;

  BssTotals Totals() const;

  // The columns without values: of the access point, then of its stations, one
  // block after the other.
  std::vector<Column> AccessPointColumns() const;
  static constexpr size_t kWidthColumn = 7;  // of these
  static constexpr size_t kLoadColumn = 8;
  std::vector<Column> StationColumns(size_t station) const;

  // The values of those columns over an interval of `seconds` that ends now.
  // `offered_over_delivered`: of the payload to the stations, 1 where none is
  // offered; NaN: unknown, and so is the load.
  std::vector<double> AccessPointValues(const BssTotals& from,
                                        const BssTotals& to, double seconds,
                                        double offered_over_delivered) const;
  std::vector<double> StationValues(size_t station, const BssTotals& from,
                                    const BssTotals& to, double seconds) const;

 private:
  class Listener;
  struct StationState {
    ns3::Mac48Address address;
    WlanStationTotals totals;
    int64_t last_beacon = 0;  // ns-3's time; when it joins, before the first
    int64_t leaves = 0;       // ns-3's time
  };

  void Listen(ns3::Ptr<ns3::WifiNetDevice> device, bool is_access_point);
  void OnTransmission(const ns3::WifiConstPsduMap& psdus,
                      const ns3::WifiTxVector& vector, bool from_access_point);
  void NoteData(const ns3::WifiPsdu& psdu, const ns3::WifiTxVector& vector,
                double seconds, bool from_access_point);
  void OnReceived(const ns3::WifiMacHeader& header, double signal_dbm);
  void OnAcknowledged(const ns3::WifiMpdu& mpdu, bool from_access_point);
  void OnBeacon(size_t station);
  StationState* Find(ns3::Mac48Address address);
  // Beyond what is in its totals, at `now`.
  int64_t LostNs(const StationState& state, int64_t now) const;
  double NoiseDbm() const;
  // Missing: too weak for a preamble, or another band.
  double ScanRssiDbm(size_t other) const;

  const size_t cell_;
  WlanNetwork* const network_;
  const WlanInterferers& interferers_;
  const int64_t lost_after_ns_;
  const ns3::Mac48Address address_;  // of the access point
  AirtimeMeter airtime_;
  BssTotals totals_;
  std::vector<StationState> stations_;
  std::map<ns3::Mac48Address, size_t> station_of_;
  StationState* last_sent_to_ = nullptr;  // by the access point
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace airlock
