#include "sim/packet/wlan_counters.h"

#include <ns3/ampdu-subframe-header.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/sta-wifi-mac.h>
#include <ns3/wifi-mac-header.h>
#include <ns3/wifi-phy.h>
#include <ns3/wifi-remote-station-manager.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/packet/ns3_time.h"
#include "sim/packet/series.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// ns-3's default of a radio.
constexpr double kNoiseFigureDb = 7;
// Beacons in a row that a station must miss to be out of range.
constexpr int64_t kMissedBeacons = 10;

int64_t Now() { return ns3::Simulator::Now().GetNanoSeconds(); }

ns3::Mac48Address AddressOf(ns3::Ptr<ns3::WifiNetDevice> device) {
  return ns3::Mac48Address::ConvertFrom(device->GetAddress());
}

Column ColumnOf(Scope scope, const std::string& id, const WlanMetric& metric) {
  return CounterColumn(scope, id, metric.name, metric.unit, metric.description);
}

}  // namespace

// Takes the callbacks of one device.
class BssCounters::Listener {
 public:
  Listener(BssCounters* owner, bool is_access_point)
      : owner_(owner), is_access_point_(is_access_point) {}

  void OnTransmission(ns3::WifiConstPsduMap psdus, ns3::WifiTxVector vector,
                      double) {
    owner_->OnTransmission(psdus, vector, is_access_point_);
  }
  void OnReceived(ns3::Ptr<const ns3::Packet> packet, uint16_t,
                  ns3::WifiTxVector, ns3::MpduInfo info,
                  ns3::SignalNoiseDbm signal, uint16_t) {
    ns3::WifiMacHeader header;
    if (info.type == ns3::NORMAL_MPDU) {
      packet->PeekHeader(header);
    } else {  // of an aggregate: behind its delimiter
      const ns3::Ptr<ns3::Packet> subframe = packet->Copy();
      ns3::AmpduSubframeHeader delimiter;
      subframe->RemoveHeader(delimiter);
      subframe->PeekHeader(header);
    }
    owner_->OnReceived(header, signal.signal);
  }
  void OnAcknowledged(ns3::Ptr<const ns3::WifiMpdu> mpdu) {
    owner_->OnAcknowledged(*mpdu, is_access_point_);
  }
  void OnBeacon(ns3::Time) { owner_->OnBeacon(station_); }
  void set_station(size_t station) { station_ = station; }

 private:
  BssCounters* owner_;
  bool is_access_point_;
  size_t station_ = 0;
};

BssCounters::BssCounters(size_t cell, WlanNetwork* network,
                         const WlanInterferers& interferers,
                         SimTime beacon_interval)
    : cell_(cell),
      network_(network),
      interferers_(interferers),
      lost_after_ns_(kMissedBeacons * beacon_interval.value()),
      address_(AddressOf(network->cells()[cell].device)),
      airtime_(network->cells()[cell].device->GetPhy()) {
  const WlanCell& bss = network->cells()[cell];
  Listen(bss.device, true);
  for (const WlanStation& station : bss.stations) {
    StationState state;
    state.address = AddressOf(station.device);
    state.last_beacon = Now() + station.config.join.value();
    state.leaves = station.config.leave ? Now() + station.config.leave->value()
                                        : std::numeric_limits<int64_t>::max();
    station_of_[state.address] = stations_.size();
    stations_.push_back(state);
    Listen(station.device, false);
  }
}

BssCounters::~BssCounters() = default;

void BssCounters::Listen(ns3::Ptr<ns3::WifiNetDevice> device,
                         bool is_access_point) {
  listeners_.push_back(std::make_unique<Listener>(this, is_access_point));
  Listener* listener = listeners_.back().get();
  device->GetPhy()->TraceConnectWithoutContext(
      "PhyTxPsduBegin", ns3::MakeCallback(&Listener::OnTransmission, listener));
  device->GetMac()->TraceConnectWithoutContext(
      "AckedMpdu", ns3::MakeCallback(&Listener::OnAcknowledged, listener));
  if (is_access_point) {
    device->GetPhy()->TraceConnectWithoutContext(
        "MonitorSnifferRx", ns3::MakeCallback(&Listener::OnReceived, listener));
    return;
  }
  listener->set_station(stations_.size() - 1);
  device->GetMac()->TraceConnectWithoutContext(
      "BeaconArrival", ns3::MakeCallback(&Listener::OnBeacon, listener));
}

BssCounters::StationState* BssCounters::Find(ns3::Mac48Address address) {
  const auto found = station_of_.find(address);
  return found == station_of_.end() ? nullptr : &stations_[found->second];
}

void BssCounters::OnTransmission(const ns3::WifiConstPsduMap& psdus,
                                 const ns3::WifiTxVector& vector,
                                 bool from_access_point) {
  ns3::Ptr<ns3::WifiPhy> phy = network_->cells()[cell_].device->GetPhy();
  const double seconds =
      ns3::WifiPhy::CalculateTxDuration(psdus, vector, phy->GetPhyBand())
          .GetSeconds();
  const double channels = phy->GetChannelWidth() / 20.0;
  totals_.channel_seconds += seconds * channels;
  for (const auto& [station, psdu] : psdus) {
    // An ACK answers whatever frame came last, of data or of management.
    if (from_access_point) last_sent_to_ = Find(psdu->GetAddr1());
    if (!psdu->GetHeader(0).IsData()) continue;
    if (from_access_point) {
      totals_.downlink_channel_seconds += seconds * channels;
    }
    NoteData(*psdu, vector, seconds, from_access_point);
  }
}

void BssCounters::NoteData(const ns3::WifiPsdu& psdu,
                           const ns3::WifiTxVector& vector, double seconds,
                           bool from_access_point) {
  StationState* const state =
      Find(from_access_point ? psdu.GetAddr1() : psdu.GetAddr2());
  if (state == nullptr) return;  // to all
  state->totals.data_seconds += seconds;
  state->totals.data_bits +=
      seconds * static_cast<double>(vector.GetMode().GetDataRate(vector));
  for (size_t i = 0; i < psdu.GetNMpdus(); ++i) {
    if (psdu.GetHeader(i).IsRetry()) ++state->totals.retries;
  }
}

void BssCounters::OnReceived(const ns3::WifiMacHeader& header,
                             double signal_dbm) {
  StationState* state = nullptr;
  if (header.IsData() || header.IsMgt() || header.IsBlockAck()) {
    state = Find(header.GetAddr2());
  } else if (header.IsAck() && header.GetAddr1() == address_) {
    state = last_sent_to_;  // an ACK does not say who sends it
  }
  if (state == nullptr) return;
  state->totals.rssi_sum_dbm += signal_dbm;
  ++state->totals.rssi_count;
}

void BssCounters::OnAcknowledged(const ns3::WifiMpdu& mpdu,
                                 bool from_access_point) {
  const ns3::WifiMacHeader& header = mpdu.GetHeader();
  if (!header.IsData()) return;
  StationState* const state =
      Find(from_access_point ? header.GetAddr1() : header.GetAddr2());
  if (state == nullptr) return;
  state->totals.bytes += mpdu.GetPacketSize();
}

void BssCounters::OnBeacon(size_t station) {
  StationState& state = stations_[station];
  state.totals.lost_ns += LostNs(state, Now());
  state.last_beacon = std::max(state.last_beacon, Now());
}

int64_t BssCounters::LostNs(const StationState& state, int64_t now) const {
  return std::max<int64_t>(
      0, std::min(now, state.leaves) - state.last_beacon - lost_after_ns_);
}

BssTotals BssCounters::Totals() const {
  BssTotals totals = totals_;
  totals.airtime = airtime_.Total();
  for (const StationState& state : stations_) {
    totals.stations.push_back(state.totals);
    totals.stations.back().lost_ns += LostNs(state, Now());
  }
  return totals;
}

std::vector<Column> BssCounters::AccessPointColumns() const {
  const std::string& name = network_->cells()[cell_].config.name;
  std::vector<Column> columns;
  for (const WlanMetric& metric :
       {kApActive, kApBusy, kApReceive, kApTransmit, kApNoise, kApFrequency,
        kApChannel, kApWidth, kApLoad, kApStations}) {
    columns.push_back(ColumnOf(Scope::kAccessPoint, name, metric));
  }
  for (size_t other = 0; other < network_->cells().size(); ++other) {
    if (other == cell_) continue;
    const std::string& heard = network_->cells()[other].config.name;
    columns.push_back(CounterColumn(
        Scope::kAccessPoint, name, RssiMetricName(heard), "dBm",
        "RSSI of the beacons of " + heard + " in a scan of its channel"));
  }
  return columns;
}

std::vector<Column> BssCounters::StationColumns(size_t station) const {
  const std::string& name = network_->cells()[cell_].stations[station].name;
  std::vector<Column> columns;
  for (const WlanMetric& metric : {kStationRssi, kStationRate, kStationRetries,
                                   kStationBytes, kStationOutOfRange}) {
    columns.push_back(ColumnOf(Scope::kStation, name, metric));
  }
  return columns;
}

double BssCounters::NoiseDbm() const {
  constexpr double kBoltzmann = 1.380649e-23;  // J/K
  constexpr double kTemperature = 290;         // K, as ns-3 has it
  const double thermal_mw = kBoltzmann * kTemperature * 20e6 * 1e3 *
                            std::pow(10, kNoiseFigureDb / 10);
  return 10 * std::log10(thermal_mw + interferers_.MeanNoiseMw(cell_));
}

double BssCounters::ScanRssiDbm(size_t other) const {
  const WlanCell& here = network_->cells()[cell_];
  const WlanCell& there = network_->cells()[other];
  if (here.device->GetPhy()->GetPhyBand() !=
      there.device->GetPhy()->GetPhyBand()) {
    return kMissing;
  }
  const double rssi =
      there.device->GetPhy()->GetTxPowerStart() -
      network_->medium().LossDb(PlaceOf(there.device), PlaceOf(here.device));
  return rssi >= kPreambleThreshold.value() ? rssi : kMissing;
}

std::vector<double> BssCounters::AccessPointValues(
    const BssTotals& from, const BssTotals& to, double seconds,
    double offered_over_delivered) const {
  const WlanCell& bss = network_->cells()[cell_];
  const auto& channel = bss.device->GetPhy()->GetOperatingChannel();
  const Airtime airtime = to.airtime - from.airtime;
  const double active = static_cast<double>(airtime.active());
  const double downlink =
      to.downlink_channel_seconds - from.downlink_channel_seconds;
  const double other = to.channel_seconds - from.channel_seconds - downlink;
  const auto manager = bss.device->GetMac()->GetWifiRemoteStationManager();
  double associated = 0;
  for (const StationState& state : stations_) {
    if (manager->IsAssociated(state.address)) ++associated;
  }
  std::vector<double> values = {
      active * 1e-9 / seconds,
      Share(static_cast<double>(airtime.busy()), active),
      Share(static_cast<double>(airtime.receive), active),
      Share(static_cast<double>(airtime.transmit), active),
      NoiseDbm(),
      1e6 * channel.GetPrimaryChannelCenterFrequency(20),
      static_cast<double>(bss.device->GetPhy()->GetPrimaryChannelNumber(20)),
      1e6 * channel.GetWidth(),
      Share(downlink * offered_over_delivered + other, active * 1e-9),
      associated};
  for (size_t i = 0; i < network_->cells().size(); ++i) {
    if (i != cell_) values.push_back(ScanRssiDbm(i));
  }
  return values;
}

std::vector<double> BssCounters::StationValues(size_t station,
                                               const BssTotals& from,
                                               const BssTotals& to,
                                               double seconds) const {
  const WlanStationTotals& a = from.stations[station];
  const WlanStationTotals& b = to.stations[station];
  return {Share(b.rssi_sum_dbm - a.rssi_sum_dbm,
                static_cast<double>(b.rssi_count - a.rssi_count)),
          Share(b.data_bits - a.data_bits, b.data_seconds - a.data_seconds),
          static_cast<double>(b.retries - a.retries) / seconds,
          static_cast<double>(b.bytes - a.bytes) / seconds,
          static_cast<double>(b.lost_ns - a.lost_ns) * 1e-9 / seconds};
}

}  // namespace airlock
