#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "sim/scenario/wlan_channels.h"
#include "sim/stats/t_test.h"
#include "sim/telemetry/wlan_columns.h"
#include "tests/support/wlan_run.h"

// Channel plans at run time against the same plans from the start.
namespace airlock {

// A channel of one access point: primary 20 MHz channel and width.
struct Assigned {
  int64_t primary = 36;
  int64_t width_mhz = 20;
};
// Of each access point.
using Assignment = std::vector<Assigned>;

inline Assignment Channels(const std::vector<int64_t>& primaries,
                           int64_t width_mhz = 20) {
  Assignment assignment;
  for (const int64_t primary : primaries) {
    assignment.push_back({primary, width_mhz});
  }
  return assignment;
}

inline Action PlanAction(const Scenario& scenario, const Assignment& plan) {
  Action action;
  for (size_t i = 0; i < plan.size(); ++i) {
    const std::string& name = scenario.wlan->access_points[i].name;
    action.settings[ChannelSettingName(name)] =
        static_cast<double>(plan[i].primary);
    action.settings[WidthSettingName(name)] =
        1e6 * static_cast<double>(plan[i].width_mhz);
  }
  return action;
}

// The scenario with this assignment from the start.
inline Scenario Assign(Scenario scenario, const Assignment& plan) {
  for (size_t i = 0; i < plan.size(); ++i) {
    AccessPointConfig& ap = scenario.wlan->access_points[i];
    ap.width = Frequency(1e6 * static_cast<double>(plan[i].width_mhz));
    ap.channel =
        ChannelOfPrimary("802.11ax", plan[i].width_mhz, plan[i].primary)
            ->number;
  }
  return scenario;
}

// What was measured in the seconds under one assignment.
struct Measured {
  std::vector<double> goodput;  // Mbit/s, of the whole network, each second
  double silence = 0;           // s, the longest of a station without a packet
  std::string silent_station;
};

// `rounds` times through `plans`, a second each, of which what comes
// before `settle` is not measured. One plan: the network starts with it and
// nothing switches. A silence that outlasts a plan's second is carried on into
// the next one, unless the plan `starves` stations without a switch too: then
// the next one begins anew. In this process.
inline std::vector<Measured> MeasurePlans(Scenario scenario,
                                          const std::vector<Assignment>& plans,
                                          const std::vector<bool>& starves,
                                          int rounds, Replication replication,
                                          SimTime settle) {
  const SimTime second = Milliseconds(1000);
  // After the slow start of TCP.
  const bool tcp = scenario.wlan->traffic.transport == "tcp";
  const SimTime start = Milliseconds(tcp ? 2000 : 500);
  const SimTime step = Milliseconds(50);
  const size_t windows = plans.size() * static_cast<size_t>(rounds);
  scenario = Assign(scenario, plans.front());
  scenario.run.duration = start + second * static_cast<int64_t>(windows);
  scenario.run.sample_interval = start;
  const auto scene = CreateWlan(scenario);
  scene->Settle();
  scene->Start(replication);
  scene->AdvanceTo(start);
  std::vector<Measured> results(plans.size());
  std::map<std::string, double> silent;  // by column, until now
  scene->Observe();
  for (size_t w = 0; w < windows; ++w) {
    const size_t plan = w % plans.size();
    if (plans.size() > 1) scene->Apply(PlanAction(scenario, plans[plan]));
    const SimTime begin = scene->Now();
    double bits = 0;
    while (scene->Now() < begin + second) {
      scene->AdvanceTo(scene->Now() + step);
      const Observation seen = scene->Observe();
      if (scene->Now() - begin > settle) {
        bits += seen.values.at("delivered_rate") * Seconds(step);
      }
      for (const auto& [name, value] : seen.values) {
        if (name.rfind("station.", 0) != 0 ||
            name.find(".delivered_rate") == std::string::npos) {
          continue;
        }
        silent[name] = value > 0 ? 0 : silent[name] + Seconds(step);
        if (silent[name] <= results[plan].silence) continue;
        results[plan].silence = silent[name];
        results[plan].silent_station = name;
      }
    }
    results[plan].goodput.push_back(1e-6 * bits / Seconds(second - settle));
    if (starves[plan]) silent.clear();
  }
  return results;
}

// The same in a child process.
inline std::vector<Measured> MeasurePlansInChild(
    const Scenario& scenario, const std::vector<Assignment>& plans,
    const std::vector<bool>& starves, int rounds, Replication replication,
    SimTime settle) {
  const std::string text = RunInChild([&] {
    std::string lines;
    for (const Measured& measured :
         MeasurePlans(scenario, plans, starves, rounds, replication, settle)) {
      lines += fmt::format(
          "{} {} {}", measured.silence,
          measured.silent_station.empty() ? "-" : measured.silent_station,
          measured.goodput.size());
      for (double value : measured.goodput) {
        lines += fmt::format(" {:.17g}", value);
      }
      lines += "\n";
    }
    return lines;
  });
  std::vector<Measured> results;
  std::istringstream lines(text);
  Measured measured;
  size_t count = 0;
  while (lines >> measured.silence >> measured.silent_station >> count) {
    measured.goodput.resize(count);
    for (double& value : measured.goodput) lines >> value;
    results.push_back(measured);
  }
  return results;
}

struct SwitchingCase {
  std::string name;
  Scenario scenario;
  std::vector<Assignment> plans;
  int rounds = 2;
  int static_seconds = 4;
  SimTime settle = Milliseconds(200);
  double longest_silence = 0.5;  // s, of any station
};

inline void PrintTo(const SwitchingCase& c, std::ostream* out) {
  *out << c.name;
}

// Prints a line for each plan, and holds the switched network to the static
// one: the relative difference is within 3 % and its 95 % interval no wider
// than `widest`; no station is silent for longer than the case allows, or
// than a station of the static network.
inline void ExpectAsStatic(const SwitchingCase& c, double widest) {
  std::vector<Measured> fixed;
  std::vector<bool> starves;
  for (const Assignment& plan : c.plans) {
    for (Measured& measured :
         MeasurePlansInChild(c.scenario, {plan}, {false}, c.static_seconds,
                             Replication(1), c.settle)) {
      starves.push_back(measured.silence > c.longest_silence);
      fixed.push_back(std::move(measured));
    }
  }
  ASSERT_EQ(fixed.size(), c.plans.size()) << c.name;
  const std::vector<Measured> switched = MeasurePlansInChild(
      c.scenario, c.plans, starves, c.rounds, Replication(0), c.settle);
  ASSERT_EQ(switched.size(), c.plans.size()) << c.name;
  for (size_t p = 0; p < c.plans.size(); ++p) {
    const double mean = MeanInterval(fixed[p].goodput, 0.95).estimate;
    const Interval difference =
        WelchTest(fixed[p].goodput, switched[p].goodput, 0.95).difference;
    std::printf(
        "%-24s plan %zu: static %7.2f, switched %7.2f Mbit/s: %+5.1f %% "
        "[%+.1f, %+.1f]; longest silence %.2f against %.2f s\n",
        c.name.c_str(), p, mean, mean + difference.estimate,
        100 * difference.estimate / mean, 100 * difference.low / mean,
        100 * difference.high / mean, switched[p].silence, fixed[p].silence);
    std::fflush(stdout);
    // Within 3 % as estimated; how sure that is, `widest` bounds.
    EXPECT_NEAR(difference.estimate / mean, 0, 0.03) << c.name << " plan " << p;
    EXPECT_LE(difference.half_width() / mean, widest) << c.name;
    EXPECT_LE(switched[p].silence,
              std::max(c.longest_silence, fixed[p].silence) + 0.01)
        << c.name << " plan " << p << ": " << switched[p].silent_station;
  }
}

}  // namespace airlock
