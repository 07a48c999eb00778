#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/policy/policy_file.h"
#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/engine/simulation.h"
#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

namespace airlock {

// What a channel manager of a real WLAN knows when it plans: what the access
// points report, never the simulator's internals. Everything is in the order of
// `access_points`; missing values are NaN.
struct PlannerView {
  std::vector<std::string> access_points;
  // (i, j): the RSSI in dBm at which i hears the beacons of j; NaN: it does not
  // hear them. The diagonal has no meaning.
  Eigen::MatrixXd rssi_dbm;
  std::vector<double> noise_dbm;  // of the channel that each one is on
  // Share of the slot that ended in which each one found its channel busy;
  // empty, or NaN: nobody measured it.
  std::vector<double> busy;
  ChannelPlan plan;  // in force
  // Airtime needs, in units of one 20 MHz channel, one element a past slot,
  // oldest first; the last is the slot that ends now. At least one, at most
  // kHistorySlots, none of them missing.
  std::deque<std::vector<double>> loads;
  // The loads of the slot to come, where somebody knows them: an experiment
  // with known load, or `oracle`.
  std::optional<std::vector<double>> known_loads;
  // [ap][position in ChannelTable::assignments()]: what a shield allows; empty:
  // everything. Planners that search keep to it; others may not, and the shield
  // has the last word.
  std::vector<uint8_t> allowed;
  int64_t slot = 0;           // decisions before this one
  double run_seconds = 0;     // of the run, at which the slot to come begins
  double seconds_of_day = 0;  // at which the slot to come begins

  static constexpr size_t kHistorySlots = 7 * 144;

  int size() const { return static_cast<int>(access_points.size()); }
  const std::vector<double>& loads_now() const { return loads.back(); }
  // The best guess at the loads to come: the known ones, or those of now.
  const std::vector<double>& forecast() const {
    return known_loads ? *known_loads : loads.back();
  }
  // Ordered pairs of which nothing is heard: they count as no interference.
  int64_t CountUnheard() const;
  // Whether `allowed` lets access point `ap` have that assignment.
  bool Allows(int ap, int assignment) const {
    return allowed.empty() ||
           allowed[allowed.size() / access_points.size() * ap + assignment];
  }
};

// What planners are told once: what the network may use, and the model by which
// they judge a plan.
struct PlannerSetup {
  ChannelTable table;
  AirtimeChoices choices;
  RngStream rng{0};  // for the planner's own draws
  double slot_seconds = 600;
  double start_seconds = 0;  // of the day at which the run begins
};

// Who chose what one access point gets under a plan.
struct ChoiceOrigin {
  enum class By { kPlanner, kFallback, kShield };
  By by = By::kPlanner;
  std::string reason;  // empty: the planner's own estimates
};
const char* ToString(ChoiceOrigin::By by);  // "planner", "fallback", "shield"

// A way to plan channels and widths. Keeps its own state from slot to slot; one
// object serves one network.
class ChannelPlanner {
 public:
  virtual ~ChannelPlanner() = default;
  // The plan for the slot to come: one assignment of the table for each access
  // point; view.plan changes nothing. The view has been checked (CheckView).
  virtual ChannelPlan Decide(const PlannerView& view) = 0;
  // What it has to say of its own work, for a run's record: the same names in
  // every replication.
  virtual std::vector<Metric> Metrics() const { return {}; }
  // Of the last plan. Of the shield also where it kept access point `ap` from
  // moving.
  virtual ChoiceOrigin OriginOf(int /*ap*/) const { return {}; }

  // What it remembers: an equal planner that loads it decides alike from there
  // on. Null of one that remembers nothing.
  virtual nlohmann::json Save() const { return {}; }
  // Throws InputError or json::exception for what Save() did not write.
  virtual void Load(const nlohmann::json& /*saved*/) {}
};

// A plan as JSON, for Save().
nlohmann::json ToJson(const ChannelPlan& plan);
ChannelPlan PlanFromJson(const nlohmann::json& saved);

// Throws InputError that says what is wrong with which access point: sizes that
// differ, a load that is negative or missing, a present assignment that the
// table does not have.
void CheckView(const PlannerView& view, const ChannelTable& table);
// The same for a plan that somebody made for these access points.
void CheckPlan(const ChannelPlan& plan,
               const std::vector<std::string>& access_points,
               const ChannelTable& table);

}  // namespace airlock
