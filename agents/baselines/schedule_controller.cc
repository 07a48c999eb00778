#include "agents/baselines/schedule_controller.h"

#include <algorithm>
#include <utility>

#include "sim/telemetry/wlan_columns.h"

namespace airlock {

ScheduleController::ScheduleController(std::vector<ScheduledChange> schedule)
    : schedule_(std::move(schedule)) {
  std::stable_sort(schedule_.begin(), schedule_.end(),
                   [](const ScheduledChange& a, const ScheduledChange& b) {
                     return a.time < b.time;
                   });
}

Action ScheduleController::Decide(const Observation& observation) {
  Action action;
  for (; next_ < schedule_.size(); ++next_) {
    const ScheduledChange& change = schedule_[next_];
    if (change.time > observation.time) break;
    if (change.channel) {
      action.settings[ChannelSettingName(change.access_point)] =
          static_cast<double>(*change.channel);
    }
    if (change.width) {
      action.settings[WidthSettingName(change.access_point)] =
          change.width->value();
    }
  }
  return action;
}

}  // namespace airlock
