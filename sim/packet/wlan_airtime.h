#pragma once

#include <ns3/wifi-phy-listener.h>
#include <ns3/wifi-phy-state.h>
#include <ns3/wifi-phy.h>

#include <memory>
#include <vector>

#include "sim/base/units.h"

// Private to sim/packet.
namespace airlock {

// How long a radio has been in each state, in nanoseconds: the survey counters
// of an access point (active, busy, transmit, receive time).
struct Airtime {
  int64_t idle = 0;
  int64_t sensed = 0;  // energy, a preamble or a PHY header on the channel
  int64_t transmit = 0;
  int64_t receive = 0;  // any frame, also others', after its PHY header
  int64_t away = 0;     // switching the channel, asleep or off

  int64_t active() const { return idle + busy(); }
  int64_t busy() const { return sensed + transmit + receive; }
};
Airtime operator-(const Airtime& a, const Airtime& b);

// Integrates the states of one radio. ns-3 reports most states only when they
// end and transmissions when they begin; Total() accounts for both.
//
// Never holds outside: the radio keeps a pointer to this meter, so it must
// outlive the radio's last event.
class AirtimeMeter {
 public:
  // Counts from now on.
  explicit AirtimeMeter(ns3::Ptr<ns3::WifiPhy> phy);
  ~AirtimeMeter();
  AirtimeMeter(const AirtimeMeter&) = delete;
  AirtimeMeter& operator=(const AirtimeMeter&) = delete;

  // From the construction until now; the five states add up to that time.
  Airtime Total() const;

 private:
  class Listener;

  void OnState(ns3::Time start, ns3::Time duration, WifiPhyState state);

  ns3::Ptr<ns3::WifiPhy> phy_;
  std::unique_ptr<Listener> listener_;
  Airtime logged_;
  int64_t logged_until_;    // ns-3's time; ahead of now while transmitting
  int64_t Airtime::*last_;  // the state that was logged last
};

}  // namespace airlock
