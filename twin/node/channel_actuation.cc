#include "twin/node/channel_actuation.h"

#include <algorithm>

#include "sim/telemetry/wlan_columns.h"

namespace airlock {

double ChannelActuation::WorstSeconds(const ActuatorConfig& config) {
  if (config.kind != "command") return 0;
  // Two settings there, the second one back, and the first one back.
  return 4 * (2 * Seconds(config.timeout) + Seconds(config.settle) +
              Seconds(config.verify_within));
}

SettingOutcome ChannelActuation::Set(const std::string& name, double value,
                                     double before) {
  const ActuatorConfig one = ActuatorOf(config_, name);
  ActionTransaction<double> transaction(one, MakeActuator<double>(one));
  // Somebody else may have changed it since: it is applied in any case.
  transaction.Assume(before);
  const SettingOutcome end{name, value, transaction.Set(value, before)};
  committed_.erase(name);
  if (transaction.committed()) committed_[name] = *transaction.committed();
  return end;
}

void ChannelActuation::Assume(const ExplainedDecision& change) {
  const std::string& ap = change.access_point;
  if (change.channel_after != change.channel_before) {
    committed_[ChannelSettingName(ap)] = change.channel_after;
  }
  if (change.width_after_hz != change.width_before_hz) {
    committed_[WidthSettingName(ap)] = change.width_after_hz;
  }
}

std::vector<SettingOutcome> ChannelActuation::Move(
    const ExplainedDecision& change) {
  struct Step {
    std::string name;
    double before;
    double after;
  };
  std::vector<Step> steps = {{ChannelSettingName(change.access_point),
                              change.channel_before, change.channel_after},
                             {WidthSettingName(change.access_point),
                              change.width_before_hz, change.width_after_hz}};
  if (change.width_after_hz < change.width_before_hz) {
    std::swap(steps[0], steps[1]);
  }
  std::vector<SettingOutcome> outcomes;
  for (size_t s = 0; s < steps.size(); ++s) {
    if (steps[s].before == steps[s].after) continue;
    outcomes.push_back(Set(steps[s].name, steps[s].after, steps[s].before));
    if (outcomes.back().outcome.end == ActionOutcome::End::kCommitted) continue;
    if (outcomes.size() > 1) {
      outcomes.push_back(Set(steps[0].name, steps[0].before, steps[0].before));
    }
    break;
  }
  return outcomes;
}

}  // namespace airlock
