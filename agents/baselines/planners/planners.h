#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"

// The table of channel planners. Each is in the file of its name in this
// folder: a class of ChannelPlanner, added by its row here.
namespace airlock {

struct PlannerRow {
  const char* name;
  const char* description;
  std::unique_ptr<ChannelPlanner> (*create)(const PlannerSetup& setup);
  bool needs_known_loads;  // decides nothing without view.known_loads
};

// The planners, in the order in which `airlock list agents` prints them.
const std::vector<PlannerRow>& Planners();
// Throws InputError with the known names.
const PlannerRow& FindPlanner(const std::string& name);

}  // namespace airlock
