// The planners' table: mean regret per access point and slot with its bootstrap
// interval over networks, and processor time per decision, of every planner in
// the cases of Iacoboaiea et al. (IFIP Networking 2021), section VI; then the
// paired differences in the order that is expected.
//
//   planner_table SCENARIO [CASE,...|all] [PLANNER,...|all] [KEY=VALUE ...]
//                 [--policy FILE]
//
// FILE: a trained net2seq, which is compared too.
// The scenario is one such as scenarios/wlan/generated.yaml; KEY=VALUE
// overrides it ("run.replications=4", "wlan.airtime.own_load=true"). All cases
// and planners take about an hour; `oracle` almost all of it.
#include <fmt/format.h>

#include <exception>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "agents/baselines/planner_comparison.h"
#include "agents/baselines/planners/planners.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

struct Case {
  const char* name;
  bool known_loads;
  std::vector<std::string> overrides;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"no-bonding", false, {}},
      {"hasty", true, {}},
      {"bonding", false, {"wlan.max_width=40MHz"}},
      {"flash-crowd", false, {"wlan.load.profile=flash-crowd"}},
      {"flash-crowd-bonding",
       false,
       {"wlan.load.profile=flash-crowd", "wlan.max_width=40MHz"}},
  };
  return cases;
}

std::set<std::string> Split(const std::string& list) {
  std::set<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) items.insert(item);
  return items;
}

bool Chosen(const std::set<std::string>& items, const std::string& name) {
  return items.count("all") + items.count(name) > 0;
}

PlannerCase Load(const std::string& path, const Case& one,
                 const std::vector<std::string>& overrides) {
  std::vector<std::string> all = one.overrides;
  all.insert(all.end(), overrides.begin(), overrides.end());
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(path, all, &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  PlannerCase setting;
  setting.scenario = resolved->scenario();
  setting.known_loads = one.known_loads;
  setting.history_slots = 7 * 144;
  setting.slots = setting.scenario.run.duration.value() /
                  setting.scenario.controller.interval.value();
  return setting;
}

std::string Text(const Interval& interval, double scale = 1) {
  return fmt::format("{:8.4f} [{:.4f}, {:.4f}]", scale * interval.estimate,
                     scale * interval.low, scale * interval.high);
}

void PrintDifferences(const std::map<std::string, PlannerScore>& scores) {
  constexpr std::pair<const char*, const char*> kPairs[] = {
      {"oracle", "dynls"},    {"dynls", "turboca"}, {"turboca", "static"},
      {"net2seq", "turboca"}, {"net2seq", "dynls"}, {"net2seq", "daily-ai-7d"},
      {"oracle", "net2seq"}};
  for (const auto& [first, second] : kPairs) {
    const auto a = scores.find(first);
    const auto b = scores.find(second);
    if (a == scores.end() || b == scores.end()) continue;
    fmt::print(
        "  {} against {}: {} %\n", a->first, b->first,
        Text(RelativeDifference(a->second.regret, b->second.regret), 100));
  }
}

void Print(const Case& one, const PlannerCase& setting,
           const std::set<std::string>& planners) {
  fmt::print("{}\n  {:<14}{:<28}{:>9}{:>9}{:>13}{:>13}\n", one.name, "planner",
             "regret", "R^s", "R^r", "ms/decision", "ms at most");
  std::map<std::string, PlannerScore> scores;
  std::set<std::string> names;
  for (const PlannerRow& row : Planners()) {
    if (Chosen(planners, row.name)) names.insert(row.name);
  }
  if (!setting.scenario.controller.policy.empty()) names.insert("net2seq");
  for (const std::string& name : names) {
    const PlannerScore score = ScorePlanner(name, setting);
    fmt::print("  {:<14}{:<28}{:>9.4f}{:>9.4f}{:>13.3f}{:>13.3f}\n", name,
               Text(MeanOverReplications(score.regret)),
               MeanOverReplications(score.service).estimate,
               MeanOverReplications(score.change).estimate,
               1e3 * score.seconds_per_decision, 1e3 * score.slowest_seconds);
    std::cout.flush();
    scores[name] = score;
  }
  PrintDifferences(scores);
  std::cout.flush();
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  using namespace airlock;  // NOLINT
  if (argc < 2) {
    fmt::print(stderr,
               "usage: planner_table SCENARIO [CASE,...|all] "
               "[PLANNER,...|all] [KEY=VALUE ...] [--policy FILE]\n");
    return static_cast<int>(ExitCode::kUsage);
  }
  std::string policy;
  if (argc > 3 && std::string(argv[argc - 2]) == "--policy") {
    policy = argv[argc - 1];
    argc -= 2;
  }
  try {
    const auto cases = Split(argc > 2 ? argv[2] : "all");
    const auto planners = Split(argc > 3 ? argv[3] : "all");
    const std::vector<std::string> overrides(argv + std::min(argc, 4),
                                             argv + argc);
    for (const Case& one : Cases()) {
      if (!Chosen(cases, one.name)) continue;
      PlannerCase setting = Load(argv[1], one, overrides);
      if (!policy.empty()) setting.scenario.controller.policy = policy;
      Print(one, setting, planners);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
