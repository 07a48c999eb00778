#pragma once

#include <ns3/mobility-model.h>

#include "sim/base/units.h"
#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// Moves a station along the path of its scenario. Until Start() it stands where
// the path begins.
class StationWalk : public ns3::MobilityModel {
 public:
  static ns3::TypeId GetTypeId();
  StationWalk() = default;

  void SetStation(const StationConfig& station) { station_ = station; }
  // The run begins now.
  void Start();

 private:
  ns3::Vector DoGetPosition() const override;
  void DoSetPosition(const ns3::Vector& position) override;
  ns3::Vector DoGetVelocity() const override;
  SimTime RunTime() const;

  StationConfig station_;
  bool started_ = false;
  SimTime origin_;
};

}  // namespace airlock
