#include "agents/baselines/channel_planner.h"

#include <cmath>

#include "agents/baselines/channel_planners.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

template <typename P>
std::unique_ptr<ChannelPlanner> Create(const PlannerSetup& setup) {
  return std::make_unique<P>(setup);
}

void CheckSize(const char* what, size_t found, size_t access_points) {
  if (found == access_points) return;
  throw InputError(fmt::format("{} of {} access points where there are {}",
                               what, found, access_points));
}

}  // namespace

const std::vector<PlannerRow>& Planners() {
  static const std::vector<PlannerRow> rows = {
      {"static", "keeps the scenario's configuration", Create<StaticPlanner>,
       false},
      {"legacy-daily",
       "WLAN: at 03:00 the channels with the least power of others; leaves a "
       "noisy channel for 30 minutes",
       Create<LegacyDailyPlanner>, false},
      {"daily-ai-7d",
       "WLAN: at 03:00 a local search for the loads of the last seven days",
       Create<DailyHistoryPlanner>, false},
      {"greedy", "WLAN: each access point to its least congested channel",
       Create<GreedyPlanner>, false},
      {"colouring", "WLAN: DSATUR on the graph of who hears whom; no loads",
       Create<ColouringPlanner>, false},
      {"turboca", "WLAN: TurboCA, neighbourhood by neighbourhood",
       Create<TurboCaPlanner>, false},
      {"dynls", "WLAN: local search over pairs of access points",
       Create<DynLsPlanner>, false},
      {"oracle", "WLAN: dynls that knows the loads of the slot to come",
       Create<OraclePlanner>, true},
  };
  return rows;
}

const PlannerRow& FindPlanner(const std::string& name) {
  std::string known;
  for (const PlannerRow& row : Planners()) {
    if (name == row.name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw InputError(
      fmt::format("no such planner: '{}'; known planners: {}", name, known));
}

int64_t PlannerView::CountUnheard() const {
  int64_t unheard = 0;
  for (int j = 0; j < size(); ++j) {
    for (int i = 0; i < size(); ++i) {
      if (i != j && std::isnan(rssi_dbm(i, j))) ++unheard;
    }
  }
  return unheard;
}

void CheckPlan(const ChannelPlan& plan,
               const std::vector<std::string>& access_points,
               const ChannelTable& table) {
  CheckSize("a plan", plan.size(), access_points.size());
  for (size_t i = 0; i < plan.size(); ++i) {
    if (table.Has(plan[i])) continue;
    throw InputError(fmt::format(
        "access point '{}': channel index {} bonded {} times is not allowed; "
        "the network has channel indices 0 to {}, bonded up to {} times where "
        "the band allows it",
        access_points[i], plan[i].channel, plan[i].bonding,
        table.channels() - 1, table.bonding_levels() - 1));
  }
}

void CheckView(const PlannerView& view, const ChannelTable& table) {
  const size_t n = view.access_points.size();
  CheckSize("RSSI", static_cast<size_t>(view.rssi_dbm.rows()), n);
  CheckSize("RSSI", static_cast<size_t>(view.rssi_dbm.cols()), n);
  CheckSize("noise", view.noise_dbm.size(), n);
  CheckPlan(view.plan, view.access_points, table);
  if (view.loads.empty()) throw InputError("there is no slot with loads");
  const auto check_loads = [&](const std::vector<double>& loads) {
    CheckSize("loads", loads.size(), n);
    for (size_t i = 0; i < n; ++i) {
      if (loads[i] >= 0 && std::isfinite(loads[i])) continue;
      throw InputError(
          fmt::format("access point '{}': load {} is not a number from 0",
                      view.access_points[i], loads[i]));
    }
  };
  for (const std::vector<double>& loads : view.loads) check_loads(loads);
  if (view.known_loads) check_loads(*view.known_loads);
}

}  // namespace airlock
