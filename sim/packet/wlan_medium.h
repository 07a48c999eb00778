#pragma once

#include <ns3/mobility-model.h>
#include <ns3/propagation-loss-model.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "sim/scenario/scenario.h"
#include "sim/scenario/wlan_propagation.h"

// Private to sim/packet.
namespace airlock {

// A node of a WLAN as its medium knows it.
struct WlanPlace {
  std::string name;  // as WlanPropagation names nodes
  bool in_24ghz_band = false;
  double power_variation_db = 0;
  bool moves = false;
  bool present = true;
};

// The loss between the nodes of a WLAN by WlanPropagation. The loss of a pair
// that stands still is computed once. Who is absent hears nothing and is not
// heard: a station before it joins and after it left.
//
// Never holds outside: every node that transmits must have been added.
class WlanMedium : public ns3::PropagationLossModel {
 public:
  static ns3::TypeId GetTypeId();
  WlanMedium() = default;

  // Before anything else; `wlan` must outlive it.
  void Configure(const WlanConfig& wlan, int64_t seed);
  void Add(ns3::Ptr<ns3::MobilityModel> node, const WlanPlace& place);
  void SetPresent(ns3::Ptr<ns3::MobilityModel> node, bool present);

  // What is lost on the way from one node to another now, in dB.
  double LossDb(ns3::Ptr<ns3::MobilityModel> from,
                ns3::Ptr<ns3::MobilityModel> to) const;

 private:
  using Node = const ns3::MobilityModel*;

  double DoCalcRxPower(double power_dbm, ns3::Ptr<ns3::MobilityModel> from,
                       ns3::Ptr<ns3::MobilityModel> to) const override;
  int64_t DoAssignStreams(int64_t) override { return 0; }
  const WlanPlace& PlaceOf(Node node) const;
  // Shadowing less the sender's power variation.
  double FixedLossDb(const WlanPlace& from, const WlanPlace& to) const;

  const WlanConfig* wlan_ = nullptr;
  std::unique_ptr<WlanPropagation> propagation_;
  std::map<Node, WlanPlace> places_;
  // Of ordered pairs: the whole loss if both stand still, else FixedLossDb().
  mutable std::map<std::pair<Node, Node>, double> losses_;
};

}  // namespace airlock
