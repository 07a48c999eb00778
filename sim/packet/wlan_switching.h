#pragma once

#include <ns3/event-id.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/packet/wlan_network.h"
#include "sim/packet/wlan_radio_rest.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/wlan_channels.h"

// Private to sim/packet.
namespace airlock {

// What the channel changes of one BSS came to so far.
struct SwitchCounts {
  int64_t switches = 0;  // moves of the access point
  int64_t replaced = 0;  // requests whose target another one took
  int64_t missed = 0;    // stations that stayed behind, over all switches
  int64_t rejoined = 0;  // of those, back with their access point
  int64_t dead_ns = 0;   // silenced for a move: before it and in the dead time
};
SwitchCounts operator-(const SwitchCounts& a, const SwitchCounts& b);

// The same as columns of an access point.
struct SwitchColumn {
  const char* name;
  const char* unit;
  const char* description;
  bool is_count;  // of events, else a share
};
const std::vector<SwitchColumn>& SwitchColumns();
// One value a column, of the counts over `seconds`.
std::vector<double> SwitchValues(const SwitchCounts& counts, double seconds);

// Moves BSSs to other channels as announced channel switches do (IEEE
// 802.11-2020, 11.8.8.2): the access point announces for some beacons, the BSS
// falls silent, and the access point and those stations that have heard it move
// in one instant and are deaf for the dead time. A station that has not heard
// it stays on the old channel, where nobody answers, and comes after a delay of
// its own, unless its access point returns to it first. Associations, block-ack
// agreements, queues and rates are kept (wlan_mac.h); the carrier sense of a
// radio that arrives knows nothing of frames that are in the air already.
//
// Owns nothing of the network. Never holds outside: radios and events refer to
// it, so it stays in place until the simulator is destroyed; a band is never
// left.
class ChannelSwitching {
 public:
  // Before anything runs.
  ChannelSwitching(const ChannelSwitchConfig& config, SimTime beacon_interval,
                   const std::vector<WlanCell>& cells);

  // Takes the random streams of a replication.
  void Start(const RngTree& rng, Replication replication);

  // Announces a move of cell `cell` from now on. The target that it has
  // already: nothing happens, or a pending move is called off. While a move is
  // announced the target is replaced, and the countdown goes on; while the
  // radios are deaf the request waits for their return.
  void Request(size_t cell, const OperatingChannel& target);

  // Of the access point.
  const OperatingChannel& channel(size_t cell) const {
    return bss_[cell].radios[0].channel;
  }
  // Where it will be when all that was asked for is done.
  const OperatingChannel& target(size_t cell) const;
  SwitchCounts Counts(size_t cell) const;
  // Whether the station has stayed behind.
  bool IsAway(size_t cell, size_t station) const {
    return bss_[cell].radios[1 + station].away;
  }
  // Tells that something other than a radio of the cells transmits.
  void NoteTransmission();

 private:
  enum class Phase { kIdle, kAnnounced, kHolding, kDeaf };
  struct Radio {
    std::string name;
    ns3::Ptr<ns3::WifiNetDevice> device;
    std::unique_ptr<RadioRest> rest;
    OperatingChannel channel;
    // Stations only.
    bool follows = false;  // has heard the announcement
    bool away = false;     // on another channel than its access point
    ns3::Time delay;       // before it comes after its access point
    ns3::EventId coming;
    std::optional<RngStream> draws;
  };
  struct Bss {
    std::vector<Radio> radios;  // the access point, then its stations
    Phase phase = Phase::kIdle;
    std::optional<OperatingChannel> target;
    ns3::EventId event;
    ns3::Time silent_since;  // kHolding, kDeaf
    SwitchCounts counts;
  };

  void BeginHold(size_t cell);
  void TryMove(size_t cell);
  void Move(size_t cell);
  void EndDeaf(size_t cell);
  void CallOff(size_t cell);
  void TryToCome(size_t cell, size_t radio);
  void Tune(Radio* radio, const OperatingChannel& channel);
  void Meet(Bss* bss, Radio* radio);
  // Whether every frame that was sent has reached every radio.
  bool AirIsStill() const;

  const ChannelSwitchConfig config_;
  const ns3::Time announcement_;
  AirLog air_;
  std::vector<Bss> bss_;
};

}  // namespace airlock
