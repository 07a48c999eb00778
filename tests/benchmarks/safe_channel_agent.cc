// Trains a channel manager of six access points with PPO, PPO-Lagrangian and
// FOCOPS under a limit of churn, and prints for each seed the mean cost with
// its one-sided 95 % upper bound, the mean of the worst tenth, and what the
// limit costs in reward; then over seeds.
//   safe_channel_agent [SEEDS [LIMIT [UPDATES]]]
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

#include "agents/safety/plan_audit.h"
#include "sim/stats/bootstrap.h"
#include "tests/support/safe_channel_training.h"

namespace airlock {
namespace {

using testing::MeanOf;
using testing::SafeAlgorithm;
using testing::SafeTrainingOptions;
using testing::SafeTrainingResult;

struct Row {
  const char* name;
  SafeAlgorithm algorithm;
};

constexpr Row kRows[] = {{"ppo", SafeAlgorithm::kUnconstrained},
                         {"ppo-lagrangian", SafeAlgorithm::kPpoLagrangian},
                         {"focops", SafeAlgorithm::kFocops}};

Interval OverSeeds(const std::vector<double>& values) {
  RngStream rng = RngTree(1).Stream("benchmark/bootstrap", Replication(0));
  return BootstrapInterval(values, MeanOf, {}, &rng);
}

void Run(int64_t seeds, double limit, int64_t updates) {
  fmt::print("limit {} changes of an access point an episode\n", limit);
  fmt::print("{:<16}{:>5}{:>9}{:>9}{:>9}{:>10}{:>8}\n", "agent", "seed",
             "reward", "cost", "bound", "CVaR.90", "CPU s");
  std::map<std::string, std::vector<double>> rewards;
  SafetyTally all;
  for (const Row& row : kRows) {
    int64_t kept = 0;
    for (int64_t seed = 1; seed <= seeds; ++seed) {
      const std::clock_t start = std::clock();
      SafeTrainingOptions training;
      training.algorithm = row.algorithm;
      training.limit = limit;
      training.updates = updates;
      training.seed = static_cast<uint64_t>(seed);
      const SafeTrainingResult result = TrainSafely(training);
      const double bound = testing::UpperBoundOfMean(result.cost);
      kept += bound <= limit;
      rewards[row.name].push_back(MeanOf(result.reward));
      all.plans += result.tally.plans;
      all.unsafe_plans += result.tally.unsafe_plans;
      fmt::print("{:<16}{:>5}{:>9.3f}{:>9.3f}{:>9.3f}{:>10.3f}{:>8.1f}\n",
                 row.name, seed, MeanOf(result.reward), MeanOf(result.cost),
                 bound, testing::WorstTenth(result.cost),
                 static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      std::fflush(stdout);
    }
    const Interval mean = OverSeeds(rewards[row.name]);
    fmt::print(
        "{}: reward {:.3f} [{:.3f}, {:.3f}]; bound within the limit in "
        "{} of {} seeds\n",
        row.name, mean.estimate, mean.low, mean.high, kept, seeds);
  }
  for (const Row& row : kRows) {
    if (row.algorithm == SafeAlgorithm::kUnconstrained) continue;
    std::vector<double> lost;
    for (int64_t s = 0; s < seeds; ++s) {
      lost.push_back(rewards["ppo"][s] - rewards[row.name][s]);
    }
    const Interval cost = OverSeeds(lost);
    fmt::print("cost of safety, {}: {:.3f} [{:.3f}, {:.3f}] of {:.3f}\n",
               row.name, cost.estimate, cost.low, cost.high,
               MeanOf(rewards["ppo"]));
  }
  fmt::print("{}\n", UnsafeShareText(all.unsafe_plans, all.plans));
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  const int64_t seeds = argc > 1 ? std::atoll(argv[1]) : 10;
  const double limit = argc > 2 ? std::atof(argv[2]) : 8;
  const int64_t updates = argc > 3 ? std::atoll(argv[3]) : 60;
  airlock::Run(seeds, limit, updates);
}
