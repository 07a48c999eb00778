#include "agents/env/network_task.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/base/error.h"

namespace airlock {

const std::vector<NetworkTaskRow>& NetworkTasks() {
  static const std::vector<NetworkTaskRow> rows = {
      {"channel-hop",
       "one access point evades what occupies its channels: +1 for a slot in "
       "which it gets through, else -1",
       ChannelHopRules},
      {"channel-plan",
       "the channels of all access points; delivered share less delay, "
       "stations below their floor and churn as costs",
       ChannelPlanRules},
  };
  return rows;
}

const NetworkTaskRow& NetworkTaskNamed(const std::string& name) {
  std::vector<std::string> known;
  for (const NetworkTaskRow& row : NetworkTasks()) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw InputError(fmt::format("no network task '{}'; known: {}", name,
                               fmt::join(known, ", ")));
}

int64_t DecisionsOf(const Scenario& scenario) {
  const int64_t intervals =
      scenario.run.duration.value() / scenario.controller.interval.value();
  if (intervals >= 2) return intervals - 1;
  throw InputError(fmt::format(
      "scenario '{}': a task needs two controller intervals or more; a run of "
      "{} has {} of {}",
      scenario.name, ToString(scenario.run.duration), intervals,
      ToString(scenario.controller.interval)));
}

double ChoiceOf(double channel, const std::vector<int64_t>& channels) {
  for (size_t c = 0; c < channels.size(); ++c) {
    if (channel == static_cast<double>(channels[c])) {
      return static_cast<double>(c);
    }
  }
  return 0;
}

}  // namespace airlock
