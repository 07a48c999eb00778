#include "agents/safety/channel_shield.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kNever = -std::numeric_limits<double>::infinity();
// Rounding of served shares.
constexpr double kTolerance = 1e-12;

Eigen::ArrayXd ToArray(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::ArrayXd>(
      values.data(), static_cast<Eigen::Index>(values.size()));
}

json ToJson(const ChannelPlan& plan) {
  json out = json::array();
  for (const ChannelAssignment& one : plan) {
    out.push_back({one.channel, one.bonding});
  }
  return out;
}

ChannelPlan PlanFromJson(const json& saved) {
  ChannelPlan plan;
  for (const json& one : saved) plan.push_back({one.at(0), one.at(1)});
  return plan;
}

}  // namespace

ChannelShield::ChannelShield(const ChannelTable& table,
                             const AirtimeChoices& choices,
                             const ShieldLimits& limits, int access_points)
    : table_(table),
      choices_(choices),
      limits_(limits),
      access_points_(access_points),
      changed_at_(access_points, kNever) {
  CheckLimits(limits, table, access_points);
}

bool ChannelShield::Barred(ChannelAssignment assignment, double seconds) const {
  const SlotRange taken = table_.Slots(assignment);
  return std::any_of(
      limits_.radars.begin(), limits_.radars.end(),
      [&](const RadarSighting& radar) {
        if (seconds < radar.seconds ||
            seconds >= radar.seconds + limits_.non_occupancy_seconds) {
          return false;
        }
        const auto index = table_.IndexOf(radar.channel);
        return index && Meet(taken, table_.Slots({*index, 0}));
      });
}

bool ChannelShield::Usable(int ap, ChannelAssignment assignment,
                           double seconds) const {
  if (!table_.Has(assignment)) return false;
  if (!limits_.most_bonding.empty() &&
      assignment.bonding > limits_.most_bonding[ap]) {
    return false;
  }
  return !Barred(assignment, seconds);
}

bool ChannelShield::Dwelling(int ap, double seconds) const {
  return seconds - changed_at_[ap] < limits_.dwell_seconds;
}

int64_t ChannelShield::RoomForChanges(double seconds) const {
  if (!limits_.changes_an_hour) return -1;
  const auto recent =
      std::count_if(changes_.begin(), changes_.end(),
                    [&](double at) { return seconds - at < kSecondsAnHour; });
  return std::max<int64_t>(0, *limits_.changes_an_hour - recent);
}

double ChannelShield::RoomShare(double seconds) const {
  if (!limits_.changes_an_hour) return 1;
  return static_cast<double>(RoomForChanges(seconds)) /
         static_cast<double>(*limits_.changes_an_hour);
}

void ChannelShield::NoteChange(int ap, double seconds) {
  changed_at_[ap] = seconds;
  changes_.push_back(seconds);
  while (seconds - changes_.front() >= kSecondsAnHour) changes_.pop_front();
}

void ChannelShield::Observe(const PlanSituation& situation) {
  AIRLOCK_CHECK(static_cast<int>(situation.in_force.size()) == access_points_);
  AIRLOCK_CHECK(static_cast<int>(situation.loads.size()) == access_points_);
  AIRLOCK_CHECK(situation.rssi_dbm.rows() == access_points_);
  for (int ap = 0; ap < access_points_ && !executed_.empty(); ++ap) {
    const ChannelAssignment now = situation.in_force[ap];
    if (now != executed_[ap] && now != in_force_before_[ap]) {
      NoteChange(ap, situation.seconds);
    }
  }
  in_force_before_ = situation.in_force;
  if (executed_.empty()) executed_ = situation.in_force;
}

std::vector<uint8_t> ChannelShield::Allowed(const PlanSituation& situation) {
  Observe(situation);
  const auto& all = table_.assignments();
  std::vector<uint8_t> allowed(access_points_ * all.size());
  for (int ap = 0; ap < access_points_; ++ap) {
    const ChannelAssignment now = situation.in_force[ap];
    const bool may_stay = Usable(ap, now, situation.seconds);
    const bool must_stay = may_stay && (Dwelling(ap, situation.seconds) ||
                                        RoomForChanges(situation.seconds) == 0);
    for (size_t x = 0; x < all.size(); ++x) {
      allowed[ap * all.size() + x] =
          must_stay ? all[x] == now : Usable(ap, all[x], situation.seconds);
    }
  }
  return allowed;
}

void ChannelShield::Refuse(int ap, ShieldRule rule, ChannelAssignment proposed,
                           ShieldVerdict* verdict) {
  verdict->refused.push_back({ap, rule, proposed});
  ++refused_[static_cast<size_t>(rule)];
}

ChannelAssignment ChannelShield::Rescue(int ap, const ChannelPlan& plan,
                                        const PlanSituation& situation,
                                        AirtimeNetwork* network) const {
  ChannelPlan trial = plan;
  ChannelAssignment best;
  std::pair<int, double> least = {std::numeric_limits<int>::max(), 0};
  for (const ChannelAssignment& one : table_.assignments()) {
    if (!Usable(ap, one, situation.seconds)) continue;
    trial[ap] = one;
    network->Retune(trial);
    const int below = static_cast<int>(
        (network->served() < limits_.served_floor - kTolerance).count());
    const std::pair<int, double> cost = {below, network->heard()[ap]};
    if (cost >= least) continue;
    least = cost;
    best = one;
  }
  if (least.first < std::numeric_limits<int>::max()) return best;
  throw Error(fmt::format(
      "shield: at {} s of the run radars leave no channel for access point {}",
      situation.seconds, ap));
}

ChannelPlan ChannelShield::Lawful(const PlanSituation& situation,
                                  const ChannelPlan& proposed,
                                  AirtimeNetwork* network,
                                  ShieldVerdict* verdict) {
  ChannelPlan lawful = situation.in_force;
  std::vector<int> homeless;
  for (int ap = 0; ap < access_points_; ++ap) {
    if (Usable(ap, lawful[ap], situation.seconds)) continue;
    if (Usable(ap, proposed[ap], situation.seconds)) {
      lawful[ap] = proposed[ap];
    } else {
      homeless.push_back(ap);
    }
  }
  // An assignment that the table lacks cannot be estimated: for the moment it
  // counts as the first one that there is.
  for (const int ap : homeless) {
    if (!table_.Has(lawful[ap])) lawful[ap] = table_.assignments().front();
  }
  for (const int ap : homeless) {
    Refuse(ap,
           table_.Has(proposed[ap]) && Barred(proposed[ap], situation.seconds)
               ? ShieldRule::kRadar
               : ShieldRule::kTable,
           proposed[ap], verdict);
    lawful[ap] = Rescue(ap, lawful, situation, network);
    verdict->rescued.push_back(ap);
    ++rescued_;
  }
  return lawful;
}

int ChannelShield::Culprit(int sufferer, const ChannelPlan& lawful,
                           const ChannelPlan& plan,
                           const PlanSituation& situation) const {
  if (plan[sufferer] != lawful[sufferer]) return sufferer;
  const Eigen::MatrixXd heard = InterferenceMap(situation.rssi_dbm, choices_);
  int culprit = -1;
  double most = -1;
  for (int ap = 0; ap < access_points_; ++ap) {
    if (plan[ap] == lawful[ap] ||
        !Meet(table_.Slots(plan[ap]), table_.Slots(plan[sufferer]))) {
      continue;
    }
    const double share = heard(sufferer, ap) *
                         std::ldexp(situation.loads[ap], -plan[ap].bonding);
    if (share <= most) continue;
    most = share;
    culprit = ap;
  }
  return culprit;
}

void ChannelShield::KeepFloor(const ChannelPlan& lawful,
                              const PlanSituation& situation,
                              AirtimeNetwork* network, ShieldVerdict* verdict) {
  if (limits_.served_floor == 0) return;
  network->Retune(lawful);
  const Eigen::ArrayXd least = network->served().min(limits_.served_floor);
  while (true) {
    network->Retune(verdict->plan);
    Eigen::Index sufferer = 0;
    const double worst = (network->served() - least).minCoeff(&sufferer);
    if (worst >= -kTolerance) return;
    const int ap =
        Culprit(static_cast<int>(sufferer), lawful, verdict->plan, situation);
    AIRLOCK_CHECK(ap >= 0, "served less without a change");
    Refuse(ap, ShieldRule::kFloor, verdict->plan[ap], verdict);
    verdict->plan[ap] = lawful[ap];
  }
}

AirtimeNetwork& ChannelShield::NetworkOf(const Eigen::MatrixXd& rssi_dbm) {
  // By bits: who is not heard is NaN.
  const bool same =
      network_ != nullptr && rssi_dbm.size() == heard_.size() &&
      std::memcmp(rssi_dbm.data(), heard_.data(),
                  sizeof(double) * static_cast<size_t>(heard_.size())) == 0;
  if (!same) {
    network_ = std::make_unique<AirtimeNetwork>(table_, choices_, rssi_dbm);
    heard_ = rssi_dbm;
  }
  return *network_;
}

ShieldVerdict ChannelShield::Admit(const PlanSituation& situation,
                                   const ChannelPlan& proposed) {
  AIRLOCK_CHECK(static_cast<int>(proposed.size()) == access_points_);
  Observe(situation);
  const double seconds = situation.seconds;
  AirtimeNetwork& network = NetworkOf(situation.rssi_dbm);
  network.SetLoads(ToArray(situation.loads));
  ShieldVerdict verdict;
  const ChannelPlan lawful = Lawful(situation, proposed, &network, &verdict);
  ChannelPlan wanted = lawful;  // what single rules allow
  for (int ap = 0; ap < access_points_; ++ap) {
    if (proposed[ap] == lawful[ap] || lawful[ap] != situation.in_force[ap]) {
      continue;
    }
    if (Usable(ap, proposed[ap], seconds) && !Dwelling(ap, seconds)) {
      wanted[ap] = proposed[ap];
      continue;
    }
    ShieldRule rule = ShieldRule::kDwell;
    if (!Usable(ap, proposed[ap], seconds)) {
      rule = table_.Has(proposed[ap]) && Barred(proposed[ap], seconds)
                 ? ShieldRule::kRadar
                 : ShieldRule::kTable;
    }
    Refuse(ap, rule, proposed[ap], &verdict);
  }
  for (int ap = 0; ap < access_points_; ++ap) {
    if (lawful[ap] != situation.in_force[ap]) NoteChange(ap, seconds);
  }
  // Of voluntary changes the most useful ones.
  network.Retune(lawful);
  const Eigen::ArrayXd before = network.busy();
  network.Retune(wanted);
  const Eigen::ArrayXd gain = before - network.busy();
  std::vector<int> movers;
  for (int ap = 0; ap < access_points_; ++ap) {
    if (wanted[ap] != lawful[ap]) movers.push_back(ap);
  }
  std::stable_sort(movers.begin(), movers.end(),
                   [&](int a, int b) { return gain[a] > gain[b]; });
  const int64_t room = RoomForChanges(seconds);
  for (size_t k = room < 0 ? movers.size() : static_cast<size_t>(room);
       k < movers.size(); ++k) {
    Refuse(movers[k], ShieldRule::kChanges, wanted[movers[k]], &verdict);
    wanted[movers[k]] = lawful[movers[k]];
  }
  verdict.plan = std::move(wanted);
  KeepFloor(lawful, situation, &network, &verdict);
  for (int ap = 0; ap < access_points_; ++ap) {
    if (verdict.plan[ap] != lawful[ap]) NoteChange(ap, seconds);
  }
  executed_ = verdict.plan;
  ++plans_;
  return verdict;
}

json ChannelShield::Save() const {
  json changed = json::array();  // JSON has no infinity
  for (const double at : changed_at_) {
    changed.push_back(at == kNever ? json(nullptr) : json(at));
  }
  json radars = json::array();
  for (const RadarSighting& radar : limits_.radars) {
    radars.push_back({radar.seconds, radar.channel});
  }
  return {{"changed_at", changed},
          {"changes", changes_},
          {"executed", ToJson(executed_)},
          {"in_force_before", ToJson(in_force_before_)},
          {"radars", radars},
          {"refused", refused_},
          {"rescued", rescued_},
          {"plans", plans_}};
}

void ChannelShield::Load(const json& state) {
  try {
    std::vector<double> changed;
    for (const json& at : state.at("changed_at")) {
      changed.push_back(at.is_null() ? kNever : at.get<double>());
    }
    const ChannelPlan executed = PlanFromJson(state.at("executed"));
    const ChannelPlan before = PlanFromJson(state.at("in_force_before"));
    const auto fits = [&](size_t size) {
      return size == static_cast<size_t>(access_points_);
    };
    if (!fits(changed.size()) || executed.size() != before.size() ||
        !(executed.empty() || fits(executed.size()))) {
      throw InputError("shield: a saved state of another network");
    }
    limits_.radars.clear();
    for (const json& radar : state.at("radars")) {
      limits_.radars.push_back({radar.at(0), radar.at(1)});
    }
    changed_at_ = changed;
    changes_ = state.at("changes").get<std::deque<double>>();
    executed_ = executed;
    in_force_before_ = before;
    refused_ = state.at("refused").get<ShieldCounts>();
    rescued_ = state.at("rescued");
    plans_ = state.at("plans");
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("shield: not a saved state: {}", error.what()));
  }
}

}  // namespace airlock
