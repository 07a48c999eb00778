#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"

// The tables of channel planners. Each is in the file of its name in this
// folder: a class of ChannelPlanner, added by its row here.
namespace airlock {

struct PlannerRow {
  std::string name;
  std::string description;
  std::function<std::unique_ptr<ChannelPlanner>(const PlannerSetup& setup)>
      create;
  bool needs_known_loads = false;  // decides nothing without view.known_loads
};

// The planners that are their own, in the order in which `airlock list agents`
// prints them.
const std::vector<PlannerRow>& Planners();

// A planner that is what a trained policy's file makes it.
struct TrainedPlannerRow {
  std::string name;
  std::string description;
  // Reads the file. Throws InputError that says what is wrong with it.
  PlannerRow (*load)(const TrainedPlannerRow& row, const std::string& policy);
};
const std::vector<TrainedPlannerRow>& TrainedPlanners();

// A planner of either table, by its name. `policy`: the file of a trained
// one's policy, empty for the others. Throws InputError with the known names,
// PolicyError where the policy is missing, damaged or not asked for.
PlannerRow FindPlanner(const std::string& name, const std::string& policy = "");
// Whether there is one of that name; whether it needs a policy.
bool IsPlanner(const std::string& name);
bool IsTrainedPlanner(const std::string& name);

}  // namespace airlock
