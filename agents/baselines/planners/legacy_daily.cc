#include "agents/baselines/planners/legacy_daily.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "agents/baselines/planners/once_a_day.h"

namespace airlock {
namespace {

// How many of the slots of `a` are also of `b`.
int Shared(SlotRange a, SlotRange b) {
  return std::max(0, std::min(a.first + a.count, b.first + b.count) -
                         std::max(a.first, b.first));
}

double Milliwatt(double dbm) {
  return std::isnan(dbm) ? 0 : std::pow(10, dbm / 10);
}

// What `ap` hears of others on the slots of `assignment`, in mW.
double PowerOn(const PlannerView& view, const ChannelTable& table,
               const ChannelPlan& plan, int ap, ChannelAssignment assignment) {
  const SlotRange range = table.Slots(assignment);
  double power = 0;
  for (int other = 0; other < view.size(); ++other) {
    if (other == ap) continue;
    const SlotRange taken = table.Slots(plan[other]);
    power += Milliwatt(view.rssi_dbm(ap, other)) * Shared(taken, range) /
             taken.count;
  }
  return power;
}

}  // namespace

ChannelPlan LegacyDailyPlanner::Decide(const PlannerView& view) {
  const double now = static_cast<double>(view.slot) * setup_.slot_seconds;
  strikes_.resize(view.size(), 0);
  bans_.resize(view.size());
  NoteNoise(view, now);
  ChannelPlan plan = view.plan;
  for (int ap = 0; ap < view.size(); ++ap) {
    if (Banned(ap, plan[ap], now)) plan[ap] = Quietest(view, plan, ap, now);
  }
  if (!IsPlanningHour(view, setup_.slot_seconds)) return plan;
  constexpr int kRounds = 10;
  bool moved = true;
  for (int round = 0; round < kRounds && moved; ++round) {
    moved = false;
    for (int ap = 0; ap < view.size(); ++ap) {
      const ChannelAssignment quietest = Quietest(view, plan, ap, now);
      moved |= quietest != plan[ap];
      plan[ap] = quietest;
    }
  }
  return plan;
}

void LegacyDailyPlanner::NoteNoise(const PlannerView& view, double now) {
  for (int ap = 0; ap < view.size(); ++ap) {
    const bool noisy = view.noise_dbm[ap] > kNoiseThresholdDbm;  // no: NaN
    strikes_[ap] = noisy ? strikes_[ap] + 1 : 0;
    if (strikes_[ap] < kStrikes) continue;
    bans_[ap].push_back({view.plan[ap], now + kAwaySeconds});
    strikes_[ap] = 0;
  }
}

bool LegacyDailyPlanner::Banned(int ap, ChannelAssignment assignment,
                                double now) const {
  const SlotRange range = setup_.table.Slots(assignment);
  return std::any_of(bans_[ap].begin(), bans_[ap].end(), [&](const Ban& ban) {
    return now < ban.until && Meet(setup_.table.Slots(ban.from), range);
  });
}

ChannelAssignment LegacyDailyPlanner::Quietest(const PlannerView& view,
                                               const ChannelPlan& plan, int ap,
                                               double now) const {
  const bool may_stay = !Banned(ap, plan[ap], now);
  ChannelAssignment quietest = plan[ap];
  double least = may_stay ? PowerOn(view, setup_.table, plan, ap, quietest)
                          : std::numeric_limits<double>::infinity();
  for (const ChannelAssignment& one : setup_.table.assignments()) {
    if (one.bonding != plan[ap].bonding || Banned(ap, one, now)) continue;
    const double power = PowerOn(view, setup_.table, plan, ap, one);
    if (power >= least) continue;
    least = power;
    quietest = one;
  }
  return quietest;
}

nlohmann::json LegacyDailyPlanner::Save() const {
  nlohmann::json bans = nlohmann::json::array();
  for (const std::vector<Ban>& of_ap : bans_) {
    nlohmann::json list = nlohmann::json::array();
    for (const Ban& ban : of_ap) {
      list.push_back({ban.from.channel, ban.from.bonding, ban.until});
    }
    bans.push_back(std::move(list));
  }
  return {{"strikes", strikes_}, {"bans", std::move(bans)}};
}

void LegacyDailyPlanner::Load(const nlohmann::json& saved) {
  strikes_ = saved.at("strikes").get<std::vector<int>>();
  bans_.clear();
  for (const nlohmann::json& list : saved.at("bans")) {
    bans_.emplace_back();
    for (const nlohmann::json& ban : list) {
      bans_.back().push_back({{ban.at(0), ban.at(1)}, ban.at(2)});
    }
  }
}

}  // namespace airlock
