#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_checks.h"
#include "sim/scenario/wlan_generated.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_retune.h"

namespace airlock {
namespace {

std::string KeyOf(size_t change, const char* key) {
  return fmt::format("wlan.schedule.{}{}", change, key);
}

// The decision that a change is carried out by; the first one comes after one
// interval.
int64_t DecisionOf(const Scenario& scenario, const ScheduledChange& change) {
  const int64_t interval = scenario.controller.interval.value();
  const int64_t time = change.time.value();
  return std::max<int64_t>(1, time / interval + (time % interval > 0));
}

void CheckTime(const Scenario& scenario, size_t index, const Reporter& report) {
  const ScheduledChange& change = scenario.wlan->schedule[index];
  const SimTime end = scenario.run.duration;
  if (change.time >= end) {
    report.Error(KeyOf(index, ".time"),
                 fmt::format("{} is not within the run of {}",
                             ToString(change.time), ToString(end)),
                 "write a time before the end of the run");
    return;
  }
  const SimTime decision =
      scenario.controller.interval * DecisionOf(scenario, change);
  // The surrogate changes at once.
  const bool announced = scenario.run.engine == "packet";
  const SimTime move =
      decision +
      scenario.wlan->beacon_interval *
          (announced ? scenario.wlan->channel_switch.announcement_beacons : 0);
  if (move < end) return;
  report.Error(
      KeyOf(index, ".time"),
      fmt::format("would take effect at {} of a run of {}: the next decision "
                  "is at {}{}",
                  ToString(move), ToString(end), ToString(decision),
                  announced ? ", and the announcement begins there" : ""),
      "write an earlier time, a longer run, a shorter controller.interval or "
      "fewer announcement_beacons");
}

void CheckName(const std::vector<AccessPointConfig>& all,
               const ScheduledChange& change, size_t index,
               const Reporter& report) {
  std::string known;
  for (const AccessPointConfig& ap : all) {
    if (ap.name == change.access_point) return;
    known += (known.empty() ? "" : ", ") + ap.name;
  }
  report.Error(KeyOf(index, ".access_point"),
               fmt::format("there is no '{}'", change.access_point),
               "write one of " + known);
}

// One change by itself. Whether it can be part of a course.
bool CheckChange(const Scenario& scenario,
                 const std::vector<AccessPointConfig>& all, size_t index,
                 const Reporter& report) {
  const ScheduledChange& change = scenario.wlan->schedule[index];
  if (!change.channel && !change.width) {
    report.Error(KeyOf(index, ""), "changes nothing",
                 "give channel, width or both");
  }
  CheckTime(scenario, index, report);
  CheckName(all, change, index, report);
  return !change.width ||
         CheckChannelWidth(KeyOf(index, ".width"), *change.width, report);
}

// What one access point goes through: from its first channel on, decision by
// decision. Each refusal is one of the last change that the decision carries
// out.
void CheckCourse(const Scenario& scenario, const AccessPointConfig& ap,
                 const std::vector<size_t>& changes, const Reporter& report) {
  const WlanConfig& wlan = *scenario.wlan;
  const auto first = FindOperatingChannel(StandardOf(wlan, ap),
                                          WidthMhzOf(wlan, ap), ap.channel);
  if (!first) return;  // an error of its own
  OperatingChannel now = *first;
  for (size_t i = 0; i < changes.size();) {
    int64_t primary = now.primary;
    int64_t width_mhz = now.width_mhz;
    size_t last = changes[i];
    const int64_t decision = DecisionOf(scenario, wlan.schedule[last]);
    for (; i < changes.size() &&
           DecisionOf(scenario, wlan.schedule[changes[i]]) == decision;
         ++i) {
      last = changes[i];
      const ScheduledChange& change = wlan.schedule[last];
      primary = change.channel.value_or(primary);
      if (change.width) width_mhz = std::llround(change.width->value() * 1e-6);
    }
    const auto refusal = RefuseRetune(wlan, ap, now, primary, width_mhz);
    if (!refusal) {
      now = *ChannelOfPrimary(StandardOf(wlan, ap), width_mhz, primary);
      continue;
    }
    const ScheduledChange& change = wlan.schedule[last];
    const bool at_width =
        change.width && (refusal->of_width || !change.channel);
    const std::string found =
        refusal->of_width ? refusal->why
                          : fmt::format("channel {} at {} MHz: {}", primary,
                                        width_mhz, refusal->why);
    report.Error(KeyOf(last, at_width ? ".width" : ".channel"), found,
                 refusal->allowed);
  }
}

}  // namespace

void CheckSchedule(const Scenario& scenario, const Reporter& report) {
  const std::string& agent = scenario.controller.agent;
  const bool scheduled = agent == "schedule";
  if (scheduled && (!scenario.wlan || scenario.wlan->schedule.empty())) {
    report.Error("controller.agent", "there is no wlan.schedule",
                 "give the list of changes");
  }
  if (!scenario.wlan) return;
  const std::vector<ScheduledChange>& schedule = scenario.wlan->schedule;
  if (schedule.empty()) return;
  if (!scheduled) {
    report.Error("wlan.schedule",
                 fmt::format("agent '{}' does not read it", agent),
                 "write controller.agent: schedule, or leave it out");
  }
  const std::vector<AccessPointConfig> all =
      scenario.wlan->generated
          ? GenerateAccessPoints(*scenario.wlan, scenario.run.seed)
          : scenario.wlan->access_points;
  std::vector<size_t> order;
  for (size_t i = 0; i < schedule.size(); ++i) {
    if (CheckChange(scenario, all, i, report)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return schedule[a].time < schedule[b].time;
  });
  std::map<std::string, std::vector<size_t>> courses;
  for (const size_t i : order) courses[schedule[i].access_point].push_back(i);
  for (const AccessPointConfig& ap : all) {
    const auto course = courses.find(ap.name);
    if (course != courses.end()) {
      CheckCourse(scenario, ap, course->second, report);
    }
  }
}

}  // namespace airlock
