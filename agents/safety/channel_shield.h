#pragma once

#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "agents/safety/shield_rules.h"
#include "sim/surrogate/airtime_network.h"

namespace airlock {

// One access point for which the shield did not do what was proposed.
struct ShieldRefusal {
  int ap = 0;
  ShieldRule rule = ShieldRule::kTable;
  ChannelAssignment proposed;
};

// What becomes of a proposed plan.
struct ShieldVerdict {
  ChannelPlan plan;  // to be executed: keeps every rule
  std::vector<ShieldRefusal> refused;
  // Access points that had to leave what they are on, because of a radar or a
  // channel that is not allowed, and that the shield placed itself.
  std::vector<int> rescued;
};

// Stands between whoever plans a network's channels and the network (Alshiekh
// et al., "Safe Reinforcement Learning via Shielding", AAAI 2018): says
// beforehand what is allowed, and afterwards puts the assignment in force in
// the place of each one that is not. Rules in order:
// - table and radar: who is on a forbidden channel has to leave. Their move
//   comes first, is free of dwell time and floor, and counts among the changes
//   of the hour without being held up by them: regulators come before the
//   operator. Where their own proposal is forbidden too, they go where the
//   fewest access points fall below their floor, of these where they hear the
//   least.
// - dwell, then changes an hour: those first whose utilisation is estimated to
//   fall most, by the proposed plan.
// - floor: while somebody is served less than min(floor, what they get without
//   the voluntary changes), a change is taken back: the sufferer's own, else
//   that of the interferer they hear most of.
// Estimates are the airtime model's, from what is heard and loads as forecast:
// where those are wrong, so is the floor. Keeps the times of changes; serves
// one network.
class ChannelShield {
 public:
  // Throws InputError as CheckLimits().
  ChannelShield(const ChannelTable& table, const AirtimeChoices& choices,
                const ShieldLimits& limits, int access_points);

  const ChannelTable& table() const { return table_; }
  const ShieldLimits& limits() const { return limits_; }

  // A radar that was seen while running.
  void NoteRadar(const RadarSighting& radar) {
    limits_.radars.push_back(radar);
  }

  // [ap][position in table().assignments()]: 1 where the rules but the floor,
  // which depends on what all do, allow it for this access point whatever the
  // others do. At least one of every access point is. `situation` as Admit().
  std::vector<uint8_t> Allowed(const PlanSituation& situation);
  // The plan to execute; it is noted as executed from now on. Times must not
  // decrease. A plan in force that is neither the last one executed nor the one
  // before was changed by somebody else, and counts as changed now. Throws
  // Error where radars leave no channel.
  ShieldVerdict Admit(const PlanSituation& situation,
                      const ChannelPlan& proposed);

  // What part of the hour's changes is still to be had; 1 where any number is.
  double RoomShare(double seconds) const;

  // Of all calls: refusals by rule, access points placed by the shield, plans.
  const ShieldCounts& refused() const { return refused_; }
  int64_t rescued() const { return rescued_; }
  int64_t plans() const { return plans_; }

  // Times of changes and counts, so that one that loads them goes on alike.
  nlohmann::json Save() const;
  // Throws InputError for what Save() of an equal network did not write.
  void Load(const nlohmann::json& state);

 private:
  void Observe(const PlanSituation& situation);
  bool Usable(int ap, ChannelAssignment assignment, double seconds) const;
  bool Barred(ChannelAssignment assignment, double seconds) const;
  bool Dwelling(int ap, double seconds) const;
  // Voluntary changes that the hour has room for; -1: any number.
  int64_t RoomForChanges(double seconds) const;
  void Refuse(int ap, ShieldRule rule, ChannelAssignment proposed,
              ShieldVerdict* verdict);
  // The plan in force without what must not stay: where changes start from.
  ChannelPlan Lawful(const PlanSituation& situation,
                     const ChannelPlan& proposed, AirtimeNetwork* network,
                     ShieldVerdict* verdict);
  ChannelAssignment Rescue(int ap, const ChannelPlan& plan,
                           const PlanSituation& situation,
                           AirtimeNetwork* network) const;
  // Takes changes back until nobody falls below their floor.
  void KeepFloor(const ChannelPlan& lawful, const PlanSituation& situation,
                 AirtimeNetwork* network, ShieldVerdict* verdict);
  // The one whose change is to be taken back for `sufferer`; -1: none.
  int Culprit(int sufferer, const ChannelPlan& lawful, const ChannelPlan& plan,
              const PlanSituation& situation) const;
  void NoteChange(int ap, double seconds);
  // The airtime model of who hears whom; made anew where that has changed.
  AirtimeNetwork& NetworkOf(const Eigen::MatrixXd& rssi_dbm);

  const ChannelTable table_;
  const AirtimeChoices choices_;
  ShieldLimits limits_;
  const int access_points_;
  Eigen::MatrixXd heard_;  // that network_ was made of
  std::unique_ptr<AirtimeNetwork> network_;
  std::vector<double> changed_at_;  // of each; -infinity: never
  std::deque<double> changes_;      // of the last hour, oldest first
  ChannelPlan executed_;            // last; empty: none yet
  ChannelPlan in_force_before_;
  ShieldCounts refused_ = {};
  int64_t rescued_ = 0;
  int64_t plans_ = 0;
};

}  // namespace airlock
