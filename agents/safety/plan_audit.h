#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/safety/shield_rules.h"

namespace airlock {

// Judges plans that were executed by the rules of a shield, and shares no code
// with it but the rules' limits: it keeps a list of all changes, looks up
// channels by their IEEE numbers and sums airtime over all pairs. Serves one
// network.
class PlanAudit {
 public:
  // Throws InputError as CheckLimits().
  PlanAudit(const ChannelTable& table, const AirtimeChoices& choices,
            const ShieldLimits& limits, int access_points);

  void NoteRadar(const RadarSighting& radar) {
    limits_.radars.push_back(radar);
  }

  // A plan that replaces the one in force. Returns what it breaks, a line each;
  // nothing: it is safe.
  std::vector<std::string> Judge(const PlanSituation& situation,
                                 const ChannelPlan& executed);

  // The changes that it knows of, and its counts.
  nlohmann::json Save() const;
  // Throws InputError for what Save() did not write.
  void Load(const nlohmann::json& state);

  int64_t plans() const { return plans_; }
  int64_t unsafe_plans() const { return unsafe_plans_; }
  const ShieldCounts& violations() const { return violations_; }  // by rule

 private:
  struct Change {
    int ap = 0;
    double seconds = 0;
  };

  bool Lawful(int ap, ChannelAssignment assignment, double seconds) const;
  // What part of its need `ap` gets under `plan`; m: who hears whom.
  double Served(const PlanSituation& situation, const Eigen::MatrixXd& m,
                const ChannelPlan& plan, int ap) const;
  void Forget(double now);  // what no rule asks about any more
  void Add(ShieldRule rule, const std::string& what,
           std::vector<std::string>* found);

  const ChannelTable table_;
  const AirtimeChoices choices_;
  ShieldLimits limits_;
  const int access_points_;
  std::vector<Change> changes_;
  int64_t plans_ = 0;
  int64_t unsafe_plans_ = 0;
  ShieldCounts violations_ = {};
};

// The one-sided 95 % upper bound of the share of unsafe plans, of `plans`
// independent ones: 1 - 0.05^(1/N) where none was found (Clopper and Pearson,
// Biometrika 26, 1934). 1 where there is no plan.
double UnsafeShareBound(int64_t unsafe_plans, int64_t plans);
// "0 of 2995 plans unsafe; at most 0.1 % (95 %)"
std::string UnsafeShareText(int64_t unsafe_plans, int64_t plans);

}  // namespace airlock
