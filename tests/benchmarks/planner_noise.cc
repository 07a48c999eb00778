// What errors of the RSSI between access points cost planners: the relative
// increase of the mean regret over that without errors, by mean and standard
// deviation of the error in dB, with bootstrap intervals over networks (the
// grid of Iacoboaiea et al., IEEE Communications Magazine 2023). The error is
// of all pairs, also of those too weak for a scan to find.
//
//   planner_noise SCENARIO [PLANNER,...] [KEY=VALUE ...]
//
// The scenario is one such as scenarios/wlan/generated.yaml.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <sstream>

#include "agents/noise/planner_noise_grid.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

std::vector<std::string> Split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) {
    items.push_back(item);
  }
  return items;
}

PlannerCase Load(const std::string& path,
                 const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(path, overrides, &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  PlannerCase setting;
  setting.scenario = resolved->scenario();
  setting.slots = setting.scenario.run.duration.value() /
                  setting.scenario.controller.interval.value();
  return setting;
}

void Print(const std::string& planner, const PlannerCase& setting) {
  const NoiseGrid grid =
      ScoreNoise(planner, setting, kNoiseMeans, kNoiseDeviations, 1);
  fmt::print("{}: regret {:.4f} without errors; increase in %\n{:<8}", planner,
             MeanOverReplications(grid.noiseless.regret).estimate, "mean/sd");
  for (const double sd : grid.deviations) fmt::print("{:>22}", sd);
  fmt::print("\n");
  for (size_t m = 0; m < grid.means.size(); ++m) {
    fmt::print("{:<8}", grid.means[m]);
    for (size_t s = 0; s < grid.deviations.size(); ++s) {
      const Interval increase = grid.Increase(m, s);
      fmt::print("{:>22}",
                 fmt::format("{:.1f} [{:.1f}, {:.1f}]", 100 * increase.estimate,
                             100 * increase.low, 100 * increase.high));
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  using namespace airlock;  // NOLINT
  if (argc < 2) {
    fmt::print(stderr,
               "usage: planner_noise SCENARIO [PLANNER,...] [KEY=VALUE ...]\n");
    return static_cast<int>(ExitCode::kUsage);
  }
  try {
    const std::vector<std::string> overrides(argv + std::min(argc, 3),
                                             argv + argc);
    const PlannerCase setting = Load(argv[1], overrides);
    for (const auto& planner : Split(argc > 2 ? argv[2] : "dynls,turboca")) {
      Print(planner, setting);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
