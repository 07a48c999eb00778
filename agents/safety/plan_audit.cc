#include "agents/safety/plan_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

constexpr double kConfidence = 0.95;
constexpr double kTolerance = 1e-9;  // of served shares

}  // namespace

double UnsafeShareBound(int64_t unsafe_plans, int64_t plans) {
  if (plans == 0) return 1;
  return ClopperPearsonUpper(unsafe_plans, plans, kConfidence);
}

std::string UnsafeShareText(int64_t unsafe_plans, int64_t plans) {
  return fmt::format(
      "{} of {} plans unsafe; at most {:.3g} % ({:.0f} %)", unsafe_plans, plans,
      100 * UnsafeShareBound(unsafe_plans, plans), 100 * kConfidence);
}

PlanAudit::PlanAudit(const ChannelTable& table, const AirtimeChoices& choices,
                     const ShieldLimits& limits, int access_points)
    : table_(table),
      choices_(choices),
      limits_(limits),
      access_points_(access_points) {
  CheckLimits(limits, table, access_points);
}

bool PlanAudit::Lawful(int ap, ChannelAssignment assignment,
                       double seconds) const {
  const auto& all = table_.assignments();
  if (std::find(all.begin(), all.end(), assignment) == all.end()) return false;
  if (!limits_.most_bonding.empty() &&
      assignment.bonding > limits_.most_bonding[ap]) {
    return false;
  }
  // In the 5 GHz band a slot is a channel; in the 2.4 GHz band there is no
  // radar channel.
  if (table_.slots() != table_.channels()) return true;
  const SlotRange taken = table_.Slots(assignment);
  for (const RadarSighting& radar : limits_.radars) {
    const double age = seconds - radar.seconds;
    if (age < 0 || age >= limits_.non_occupancy_seconds) continue;
    for (int slot = taken.first; slot < taken.first + taken.count; ++slot) {
      if (table_.Number(slot) == radar.channel) return false;
    }
  }
  return true;
}

double PlanAudit::Served(const PlanSituation& situation,
                         const Eigen::MatrixXd& m, const ChannelPlan& plan,
                         int ap) const {
  const auto need = [&](int other) {
    return situation.loads[other] / (1 << plan[other].bonding);
  };
  const SlotRange own = table_.Slots(plan[ap]);
  double busiest = 0;
  for (int slot = own.first; slot < own.first + own.count; ++slot) {
    double sum = 0;
    double free = 1;
    for (int other = 0; other < access_points_; ++other) {
      const SlotRange taken = table_.Slots(plan[other]);
      const bool there =
          taken.first <= slot && slot < taken.first + taken.count;
      if (other == ap || !there) continue;
      sum += m(ap, other) * need(other);
      free *= 1 - std::min(1.0, m(ap, other) * need(other));
    }
    const bool overlap = choices_.law == OccupancyLaw::kUnion;
    busiest = std::max(busiest, overlap ? 1 - free : sum);
  }
  if (need(ap) <= 0) return 1;
  if (choices_.law == OccupancyLaw::kUnion) {
    return std::min(1.0, (1 - busiest) / need(ap));
  }
  return busiest + need(ap) <= 1 ? 1 : 1 / (busiest + need(ap));
}

void PlanAudit::Add(ShieldRule rule, const std::string& what,
                    std::vector<std::string>* found) {
  ++violations_[static_cast<size_t>(rule)];
  found->push_back(fmt::format("{}: {}", ToString(rule), what));
}

void PlanAudit::Forget(double now) {
  const double keep = std::max(limits_.dwell_seconds, kSecondsAnHour);
  changes_.erase(std::remove_if(changes_.begin(), changes_.end(),
                                [&](const Change& change) {
                                  return now - change.seconds >= keep;
                                }),
                 changes_.end());
}

nlohmann::json PlanAudit::Save() const {
  nlohmann::json changes = nlohmann::json::array();
  for (const Change& change : changes_) {
    changes.push_back({change.ap, change.seconds});
  }
  return {{"changes", changes},
          {"plans", plans_},
          {"unsafe_plans", unsafe_plans_},
          {"violations", violations_}};
}

void PlanAudit::Load(const nlohmann::json& state) {
  try {
    std::vector<Change> changes;
    for (const nlohmann::json& one : state.at("changes")) {
      changes.push_back({one.at(0), one.at(1)});
    }
    violations_ = state.at("violations").get<ShieldCounts>();
    plans_ = state.at("plans");
    unsafe_plans_ = state.at("unsafe_plans");
    changes_ = changes;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("audit: not a saved state: {}", error.what()));
  }
}

std::vector<std::string> PlanAudit::Judge(const PlanSituation& situation,
                                          const ChannelPlan& executed) {
  std::vector<std::string> found;
  const double now = situation.seconds;
  ChannelPlan without = situation.in_force;  // the voluntary changes
  int64_t voluntary = 0;
  for (int ap = 0; ap < access_points_; ++ap) {
    if (!Lawful(ap, executed[ap], now)) {
      const bool radar = table_.Has(executed[ap]) &&
                         (limits_.most_bonding.empty() ||
                          executed[ap].bonding <= limits_.most_bonding[ap]);
      Add(radar ? ShieldRule::kRadar : ShieldRule::kTable,
          fmt::format("access point {} on a channel that is not allowed", ap),
          &found);
    }
    if (executed[ap] == situation.in_force[ap]) continue;
    const bool had_to = !Lawful(ap, situation.in_force[ap], now);
    if (had_to) without[ap] = executed[ap];
    if (!had_to) ++voluntary;
    for (const Change& change : changes_) {
      if (had_to || change.ap != ap) continue;
      if (now - change.seconds >= limits_.dwell_seconds) continue;
      Add(ShieldRule::kDwell,
          fmt::format("access point {} changed {} s before", ap,
                      now - change.seconds),
          &found);
      break;
    }
    changes_.push_back({ap, now});
  }
  Forget(now);
  const auto within = std::count_if(
      changes_.begin(), changes_.end(), [&](const Change& change) {
        return now - change.seconds < kSecondsAnHour;
      });
  if (limits_.changes_an_hour && voluntary > 0 &&
      within > *limits_.changes_an_hour) {
    Add(ShieldRule::kChanges, fmt::format("{} changes within an hour", within),
        &found);
  }
  const bool comparable =
      std::all_of(executed.begin(), executed.end(),
                  [&](ChannelAssignment one) { return table_.Has(one); });
  if (comparable && limits_.served_floor > 0 &&
      executed != situation.in_force) {
    const Eigen::MatrixXd m = InterferenceMap(situation.rssi_dbm, choices_);
    for (int ap = 0; ap < access_points_; ++ap) {
      const double served = Served(situation, m, executed, ap);
      const double least =
          std::min(limits_.served_floor, Served(situation, m, without, ap));
      if (served >= least - kTolerance) continue;
      Add(ShieldRule::kFloor,
          fmt::format("access point {} served {:.4f} of its need, below {:.4f}",
                      ap, served, least),
          &found);
    }
  }
  ++plans_;
  if (!found.empty()) ++unsafe_plans_;
  return found;
}

}  // namespace airlock
