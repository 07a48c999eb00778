#include "agents/baselines/schedule_controller.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace airlock {
namespace {

using Settings = std::map<std::string, double>;

ScheduledChange Change(int64_t milliseconds, const std::string& ap) {
  ScheduledChange change;
  change.time = Milliseconds(milliseconds);
  change.access_point = ap;
  return change;
}

Settings At(ScheduleController* controller, int64_t milliseconds) {
  Observation observation;
  observation.time = Milliseconds(milliseconds);
  return controller->Decide(observation).settings;
}

TEST(ScheduleController, MakesOnePlanOfWhatIsDue) {
  ScheduledChange late = Change(900, "lobby");
  late.channel = 48;
  ScheduledChange first = Change(100, "lobby");
  first.channel = 44;
  ScheduledChange second = Change(150, "hall");
  second.width = Frequency(40e6);
  ScheduledChange third = Change(150, "lobby");
  third.channel = 40;
  ScheduleController controller({late, first, second, third});
  EXPECT_EQ(At(&controller, 99), Settings());
  EXPECT_EQ(At(&controller, 200),
            (Settings{{"hall.width", 40e6}, {"lobby.channel", 40}}));
  EXPECT_EQ(At(&controller, 300), Settings());
  EXPECT_EQ(At(&controller, 900), (Settings{{"lobby.channel", 48}}));
  EXPECT_EQ(At(&controller, 1000), Settings());
}

}  // namespace
}  // namespace airlock
