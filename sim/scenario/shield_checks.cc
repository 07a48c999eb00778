#include <fmt/format.h>

#include <string>

#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_checks.h"

namespace airlock {

// Radars alone never leave a network without a channel: every region has some
// that no radar uses.
void CheckShield(const Scenario& scenario, const Reporter& report) {
  if (scenario.controller.fallback && !scenario.wlan) {
    report.Error("controller.fallback",
                 "there is no WLAN whose channels are planned", "leave it out");
  }
  if (!scenario.controller.shield) return;
  const std::string key = "controller.shield";
  if (!scenario.wlan) {
    report.Error(key, "there is no WLAN whose channels are planned",
                 "leave it out");
    return;
  }
  const auto& radars = scenario.controller.shield->radars;
  for (size_t i = 0; i < radars.size(); ++i) {
    if (IsRadarChannel(radars[i].channel)) continue;
    report.Error(
        fmt::format("{}.radars.{}.channel", key, i),
        fmt::format("no radar is looked for on channel {}", radars[i].channel),
        "write one of 52 to 144");
  }
}

void CheckWhatIf(const Scenario& scenario, const Reporter& report) {
  if (!scenario.controller.what_if) return;
  if (scenario.wlan && scenario.run.engine == "packet") return;
  report.Error("controller.what_if",
               scenario.wlan ? "branches are of the packet engine; this is '" +
                                   scenario.run.engine + "'"
                             : "there is no WLAN whose channels are changed",
               "leave it out");
}

}  // namespace airlock
