#include "agents/baselines/planners/once_a_day.h"

#include <cmath>

namespace airlock {

bool IsPlanningHour(const PlannerView& view, double slot_seconds) {
  constexpr double kThreeOClock = 3 * 3600;
  const double since =
      std::fmod(view.seconds_of_day - kThreeOClock + kDaySeconds, kDaySeconds);
  return since < slot_seconds;
}

}  // namespace airlock
