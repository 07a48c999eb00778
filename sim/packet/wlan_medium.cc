#include "sim/packet/wlan_medium.h"

#include <ns3/vector.h>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Beyond anything that a channel computes with: ns-3 drops such a signal.
constexpr double kNothing = 1e10;

Position PositionOf(const ns3::MobilityModel* node) {
  const ns3::Vector at = node->GetPosition();
  return {Length(at.x), Length(at.y)};
}

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(WlanMedium);

ns3::TypeId WlanMedium::GetTypeId() {
  static ns3::TypeId id = ns3::TypeId("airlock::WlanMedium")
                              .SetParent<ns3::PropagationLossModel>()
                              .AddConstructor<WlanMedium>();
  return id;
}

void WlanMedium::Configure(const WlanConfig& wlan, int64_t seed) {
  wlan_ = &wlan;
  propagation_ = std::make_unique<WlanPropagation>(wlan, seed);
}

void WlanMedium::Add(ns3::Ptr<ns3::MobilityModel> node,
                     const WlanPlace& place) {
  places_[ns3::PeekPointer(node)] = place;
}

void WlanMedium::SetPresent(ns3::Ptr<ns3::MobilityModel> node, bool present) {
  places_.at(ns3::PeekPointer(node)).present = present;
}

const WlanPlace& WlanMedium::PlaceOf(Node node) const {
  const auto found = places_.find(node);
  AIRLOCK_CHECK(found != places_.end(), "a node that was not added");
  return found->second;
}

double WlanMedium::FixedLossDb(const WlanPlace& from,
                               const WlanPlace& to) const {
  return propagation_->ShadowingDb(from.name, to.name) -
         from.power_variation_db;
}

double WlanMedium::LossDb(ns3::Ptr<ns3::MobilityModel> from,
                          ns3::Ptr<ns3::MobilityModel> to) const {
  const Node sender = ns3::PeekPointer(from);
  const Node receiver = ns3::PeekPointer(to);
  const WlanPlace& a = PlaceOf(sender);
  const WlanPlace& b = PlaceOf(receiver);
  if (!a.present || !b.present) return kNothing;
  const auto path_loss = [&] {
    return propagation_->PathLossDb(PositionOf(sender), PositionOf(receiver),
                                    a.in_24ghz_band);
  };
  const bool still = !a.moves && !b.moves;
  const auto [entry, is_new] = losses_.try_emplace({sender, receiver}, 0.0);
  if (is_new) {
    entry->second = FixedLossDb(a, b);
    if (still) entry->second += path_loss();
  }
  return still ? entry->second : entry->second + path_loss();
}

double WlanMedium::DoCalcRxPower(double power_dbm,
                                 ns3::Ptr<ns3::MobilityModel> from,
                                 ns3::Ptr<ns3::MobilityModel> to) const {
  return power_dbm - LossDb(from, to);
}

}  // namespace airlock
