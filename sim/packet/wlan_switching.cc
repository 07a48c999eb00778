#include "sim/packet/wlan_switching.h"

#include <ns3/mobility-model.h>
#include <ns3/simulator.h>
#include <ns3/wifi-mac.h>
#include <ns3/wifi-phy.h>
#include <ns3/wifi-remote-station-manager.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/wlan_mac.h"
#include "sim/packet/wlan_silent_peers.h"

namespace airlock {
namespace {

// Longer than any frame with its response, so that few renewals are needed.
const ns3::Time kHold = ns3::MilliSeconds(8);
const ns3::Time kPoll = ns3::MicroSeconds(20);
// A BSS that does not come to rest in this time never will.
const ns3::Time kPatience = ns3::Seconds(2);

OperatingChannel ChannelOf(ns3::Ptr<ns3::WifiNetDevice> device) {
  const ns3::WifiPhyOperatingChannel& channel =
      device->GetPhy()->GetOperatingChannel();
  OperatingChannel result;
  result.number = channel.GetNumber();
  result.width_mhz = channel.GetWidth();
  result.primary_index = channel.GetPrimaryChannelIndex(20);
  // The 20 MHz channels of a wider one are 4 apart and its number is in their
  // middle.
  result.primary = result.number - 2 * (result.width_mhz / 20 - 1) +
                   4 * result.primary_index;
  return result;
}

// Whether the access point knows the station as associated.
bool IsMember(ns3::Ptr<ns3::WifiNetDevice> access_point,
              ns3::Ptr<ns3::WifiNetDevice> station) {
  return access_point->GetMac()->GetWifiRemoteStationManager()->IsAssociated(
      station->GetMac()->GetAddress());
}

}  // namespace

SwitchCounts operator-(const SwitchCounts& a, const SwitchCounts& b) {
  return {a.switches - b.switches, a.replaced - b.replaced, a.missed - b.missed,
          a.rejoined - b.rejoined, a.dead_ns - b.dead_ns};
}

const std::vector<SwitchColumn>& SwitchColumns() {
  static const std::vector<SwitchColumn> columns = {
      {"switches", "1", "moves to another channel", true},
      {"switches_replaced", "1",
       "requests to move that another one replaced before the move", true},
      {"switches_missed", "1",
       "stations that missed the announcement of a move and stayed behind",
       true},
      {"switches_rejoined", "1", "stations that came after their access point",
       true},
      {"switch_silence", "1",
       "share of time that moves silenced the BSS: before them and dead time",
       false},
  };
  return columns;
}

std::vector<double> SwitchValues(const SwitchCounts& counts, double seconds) {
  return {static_cast<double>(counts.switches),
          static_cast<double>(counts.replaced),
          static_cast<double>(counts.missed),
          static_cast<double>(counts.rejoined),
          1e-9 * static_cast<double>(counts.dead_ns) / seconds};
}

ChannelSwitching::ChannelSwitching(const ChannelSwitchConfig& config,
                                   SimTime beacon_interval,
                                   const std::vector<WlanCell>& cells)
    : config_(config),
      announcement_(ToNs3(beacon_interval * config.announcement_beacons)),
      bss_(cells.size()) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const WlanCell& cell = cells[i];
    Bss& bss = bss_[i];
    auto add = [&](const std::string& name,
                   ns3::Ptr<ns3::WifiNetDevice> device) {
      device->GetPhy()->SetAttribute("ChannelSwitchDelay",
                                     ns3::TimeValue(ToNs3(config_.dead_time)));
      Radio radio;
      radio.name = name;
      radio.device = device;
      radio.rest = std::make_unique<RadioRest>(device, &air_);
      radio.channel = ChannelOf(device);
      bss.radios.push_back(std::move(radio));
    };
    add(cell.config.name, cell.device);
    for (const WlanStation& station : cell.stations) {
      add(station.name, station.device);
    }
  }
}

void ChannelSwitching::Start(const RngTree& rng, Replication replication) {
  for (Bss& bss : bss_) {
    for (Radio& radio : bss.radios) {
      const std::string name = "wlan/channel-switch/" + radio.name;
      radio.draws = rng.Stream(name, replication);
      auto mac = dynamic_cast<ContentionRestart*>(
          ns3::PeekPointer(radio.device->GetMac()));
      AIRLOCK_CHECK(mac != nullptr, "{}", radio.name);
      mac->SetBackoffs(rng.Stream(name + "/backoff", replication));
    }
  }
}

const OperatingChannel& ChannelSwitching::target(size_t cell) const {
  return bss_[cell].target ? *bss_[cell].target : channel(cell);
}

SwitchCounts ChannelSwitching::Counts(size_t cell) const {
  const Bss& bss = bss_[cell];
  SwitchCounts counts = bss.counts;
  if (bss.phase == Phase::kHolding || bss.phase == Phase::kDeaf) {
    counts.dead_ns +=
        (ns3::Simulator::Now() - bss.silent_since).GetNanoSeconds();
  }
  return counts;
}

void ChannelSwitching::Request(size_t cell, const OperatingChannel& wanted) {
  if (target(cell) == wanted) return;
  Bss& bss = bss_[cell];
  if (bss.target) ++bss.counts.replaced;
  if (bss.target && bss.phase != Phase::kDeaf && wanted == channel(cell)) {
    CallOff(cell);
    return;
  }
  bss.target = wanted;
  if (wanted == channel(cell)) bss.target.reset();
  if (bss.phase != Phase::kIdle) return;
  bss.phase = Phase::kAnnounced;
  bss.event = ns3::Simulator::Schedule(
      announcement_, &ChannelSwitching::BeginHold, this, cell);
}

void ChannelSwitching::CallOff(size_t cell) {
  Bss& bss = bss_[cell];
  bss.counts = Counts(cell);
  bss.event.Cancel();
  bss.target.reset();
  bss.phase = Phase::kIdle;  // what is left of the NAV passes
}

void ChannelSwitching::BeginHold(size_t cell) {
  Bss& bss = bss_[cell];
  bss.phase = Phase::kHolding;
  bss.silent_since = ns3::Simulator::Now();
  for (size_t i = 0; i < bss.radios.size(); ++i) {
    Radio& radio = bss.radios[i];
    // Both at every switch, so that nothing else moves what comes after.
    const bool misses =
        radio.draws->Uniform() < config_.miss_probability.value() && i > 0 &&
        IsMember(bss.radios[0].device, radio.device);
    radio.delay = ToNs3(
        FromSeconds(radio.draws->Exponential(Seconds(config_.rejoin_delay))));
    radio.follows = i == 0 || (!radio.away && !misses && radio.rest->IsOn());
  }
  TryMove(cell);
}

void ChannelSwitching::TryMove(size_t cell) {
  Bss& bss = bss_[cell];
  const ns3::Time held = ns3::Simulator::Now() - bss.silent_since;
  if (held > kPatience) {
    throw Error(fmt::format(
        "access point '{}': its radios do not come to rest before a channel "
        "switch",
        bss.radios[0].name));
  }
  const bool renew = held.GetNanoSeconds() % kHold.GetNanoSeconds() == 0;
  bool at_rest = true;
  for (Radio& radio : bss.radios) {
    if (!radio.follows) continue;
    if (renew) radio.rest->Hold(kHold + kPoll);
    at_rest = at_rest && radio.rest->IsAtRest();
  }
  if (at_rest && AirIsStill()) {
    Move(cell);
    return;
  }
  bss.event =
      ns3::Simulator::Schedule(kPoll, &ChannelSwitching::TryMove, this, cell);
}

void ChannelSwitching::Move(size_t cell) {
  Bss& bss = bss_[cell];
  const OperatingChannel target = *bss.target;
  bss.target.reset();
  ++bss.counts.switches;
  for (Radio& radio : bss.radios) {
    if (radio.follows) Tune(&radio, target);
  }
  for (size_t i = 1; i < bss.radios.size(); ++i) {
    Radio& radio = bss.radios[i];
    if (radio.channel == target) {
      Meet(&bss, &radio);
    } else if (!radio.away) {
      radio.away = true;
      ++bss.counts.missed;
      radio.coming = ns3::Simulator::Schedule(
          radio.delay, &ChannelSwitching::TryToCome, this, cell, i);
    }
  }
  bss.phase = Phase::kDeaf;
  bss.event = ns3::Simulator::Schedule(ToNs3(config_.dead_time),
                                       &ChannelSwitching::EndDeaf, this, cell);
}

void ChannelSwitching::EndDeaf(size_t cell) {
  Bss& bss = bss_[cell];
  bss.counts = Counts(cell);
  bss.phase = Phase::kIdle;
  if (!bss.target) return;
  bss.phase = Phase::kAnnounced;
  bss.event = ns3::Simulator::Schedule(
      announcement_, &ChannelSwitching::BeginHold, this, cell);
}

void ChannelSwitching::TryToCome(size_t cell, size_t index) {
  Bss& bss = bss_[cell];
  Radio& radio = bss.radios[index];
  const bool settled =
      bss.phase == Phase::kIdle || bss.phase == Phase::kAnnounced;
  if (settled && radio.rest->IsOn() && radio.rest->IsAtRest() && AirIsStill()) {
    Tune(&radio, channel(cell));
    Meet(&bss, &radio);
    return;
  }
  radio.rest->Hold(10 * kPoll);
  radio.coming = ns3::Simulator::Schedule(kPoll, &ChannelSwitching::TryToCome,
                                          this, cell, index);
}

void ChannelSwitching::Tune(Radio* radio, const OperatingChannel& channel) {
  radio->channel = channel;
  const ns3::WifiPhyBand band = In24GhzBand(channel.number)
                                    ? ns3::WIFI_PHY_BAND_2_4GHZ
                                    : ns3::WIFI_PHY_BAND_5GHZ;
  radio->device->GetPhy()->SetOperatingChannel(
      {static_cast<uint8_t>(channel.number),
       static_cast<uint16_t>(channel.width_mhz), static_cast<int>(band),
       static_cast<uint8_t>(channel.primary_index)});
}

void ChannelSwitching::NoteTransmission() {
  air_.last_transmission_ns = ns3::Simulator::Now().GetNanoSeconds();
}

// Access point and station are on one channel.
void ChannelSwitching::Meet(Bss* bss, Radio* radio) {
  if (radio->away) ++bss->counts.rejoined;
  radio->away = false;
  radio->coming.Cancel();
  ns3::Ptr<ns3::WifiMac> access_point = bss->radios[0].device->GetMac();
  LearnCapabilities(access_point, radio->device->GetMac());
  LearnCapabilities(radio->device->GetMac(), access_point);
  SilentPeers::NoteReturn(access_point, radio->device->GetMac()->GetAddress());
  SilentPeers::NoteReturn(radio->device->GetMac(), access_point->GetAddress());
}

bool ChannelSwitching::AirIsStill() const {
  double low_x = 0, high_x = 0, low_y = 0, high_y = 0;
  bool first = true;
  for (const Bss& bss : bss_) {
    for (const Radio& radio : bss.radios) {
      const ns3::Vector place = PlaceOf(radio.device)->GetPosition();
      low_x = first ? place.x : std::min(low_x, place.x);
      high_x = first ? place.x : std::max(high_x, place.x);
      low_y = first ? place.y : std::min(low_y, place.y);
      high_y = first ? place.y : std::max(high_y, place.y);
      first = false;
    }
  }
  constexpr double kNanosecondsPerMetre = 3.3357;  // of light
  constexpr double kMargin = 1000;                 // ns
  const double flight =
      kMargin +
      kNanosecondsPerMetre * std::hypot(high_x - low_x, high_y - low_y);
  const int64_t since =
      ns3::Simulator::Now().GetNanoSeconds() - air_.last_transmission_ns;
  return static_cast<double>(since) > flight;
}

}  // namespace airlock
