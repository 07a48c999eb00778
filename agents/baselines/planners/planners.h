#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"

// The table of channel planners. Each is in the file of its name in this
// folder: a class of ChannelPlanner, added by its row here.
namespace airlock {

struct PlannerRow {
  std::string name;
  std::string description;
  std::function<std::unique_ptr<ChannelPlanner>(const PlannerSetup& setup)>
      create;
  bool needs_known_loads = false;  // decides nothing without view.known_loads
};

// The planners, in the order in which `airlock list agents` prints them.
const std::vector<PlannerRow>& Planners();
// One of them, or "net2seq:FILE": the trained policy of that file (net2seq.h),
// by the name net2seq. Throws InputError with the known names, or what is wrong
// with the file.
PlannerRow FindPlanner(const std::string& name);
// Whether FindPlanner() would look for it.
bool IsPlanner(const std::string& name);

// The planner that takes a file, as lists of planners show it.
struct TrainedPlannerRow {
  const char* name;
  const char* description;
};
inline constexpr TrainedPlannerRow kNet2SeqRow = {
    "net2seq:FILE",
    "WLAN: a trained net2seq (a file of `airlock train`), several plans and "
    "its "
    "Selector"};

}  // namespace airlock
