#include "agents/baselines/channel_planner.h"

#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

void CheckSize(const char* what, size_t found, size_t access_points) {
  if (found == access_points) return;
  throw InputError(fmt::format("{} of {} access points where there are {}",
                               what, found, access_points));
}

}  // namespace

const char* ToString(ChoiceOrigin::By by) {
  switch (by) {
    case ChoiceOrigin::By::kPlanner:
      return "planner";
    case ChoiceOrigin::By::kFallback:
      return "fallback";
    case ChoiceOrigin::By::kShield:
      return "shield";
  }
  return "";
}

nlohmann::json ToJson(const ChannelPlan& plan) {
  nlohmann::json out = nlohmann::json::array();
  for (const ChannelAssignment& one : plan) {
    out.push_back({one.channel, one.bonding});
  }
  return out;
}

ChannelPlan PlanFromJson(const nlohmann::json& saved) {
  ChannelPlan plan;
  for (const nlohmann::json& one : saved) {
    plan.push_back({one.at(0), one.at(1)});
  }
  return plan;
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
