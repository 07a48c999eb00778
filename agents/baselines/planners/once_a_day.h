#pragma once

#include "agents/baselines/channel_planner.h"

// What the planners that plan once a day have in common.
namespace airlock {

constexpr double kDaySeconds = 86400;

// Whether the slot to come is the first that begins at 03:00 or later; the
// run's clock starts at midnight.
bool IsPlanningHour(const PlannerView& view, double slot_seconds);

}  // namespace airlock
