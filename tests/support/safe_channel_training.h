#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "agents/env/channel_env.h"
#include "agents/learn/ppo.h"
#include "sim/scenario/wlan_generated.h"
#include "sim/stats/interval.h"
#include "sim/stats/tail.h"
#include "sim/surrogate/airtime_scenario.h"
#include "tests/support/reference_wlan.h"

// A small channel manager trained with and without limits of its costs: the
// task of a slow test and of a benchmark.
namespace airlock::testing {

// Six access points in range of most others, four channels of 20 MHz, eight
// hours of volatile loads; moving costs nothing but the limit, so an agent
// without one moves whenever it likes.
inline ChannelEnvOptions SmallChannelTask() {
  ChannelEnvOptions options;
  options.wlan = ReferenceNetwork(6, 4.5);
  options.wlan.region = "EU";
  options.wlan.traffic.rate_per_station = Mbps(25);
  options.wlan.load.profile = "volatile";
  options.wlan.load.slot = Milliseconds(600 * 1000);
  options.wlan.airtime.change_weight = 0;
  options.seed = 11;
  options.wlan = WithAccessPoints(options.wlan, options.seed);
  options.slots = 48;
  options.served_floor = 0.7;
  options.shield.changes_an_hour = 18;
  options.shield.dwell_seconds = 600;
  options.shield.served_floor = 0.3;
  return options;
}

enum class SafeAlgorithm { kUnconstrained, kPpoLagrangian, kFocops };

struct SafeTrainingOptions {
  SafeAlgorithm algorithm = SafeAlgorithm::kUnconstrained;
  // Of the episode sum of churn: how many times each access point moves.
  double limit = 8;
  double margin = 0.85;  // training aims at this share of the limit
  int64_t updates = 60;  // of 768 steps
  uint64_t seed = 1;
};

// Fresh episodes of a trained policy, as it acts (sampled).
struct SafeTrainingResult {
  std::vector<double> reward;  // of each episode
  std::vector<double> cost;
  SafetyTally tally;  // of training and evaluation
};

inline PpoOptions PpoOptionsOf(const SafeTrainingOptions& training) {
  PpoOptions ppo;
  ppo.hidden = {32};
  ppo.learning_rate = 5e-3;
  ppo.anneal = true;
  ppo.gamma = 0;  // regret and moves are of the slot
  ppo.lambda = 0.9;
  ppo.epochs = 6;
  ppo.minibatch = 256;
  ppo.entropy_weight = 1e-3;
  ppo.normalise_observations = true;
  if (training.algorithm == SafeAlgorithm::kUnconstrained) return ppo;
  LagrangeOptions churn;
  churn.limit = training.margin * training.limit;
  churn.initial = 1;
  churn.learning_rate = 0.2;
  ppo.constraints = {churn};
  if (training.algorithm == SafeAlgorithm::kFocops) {
    ppo.objective = PolicyObjective::kFocops;
    ppo.focops_temperature = 0.5;
    ppo.focops_trust = 0.1;
  }
  return ppo;
}

inline SafeTrainingResult TrainSafely(const SafeTrainingOptions& training) {
  ChannelEnvOptions task = SmallChannelTask();
  task.costs = {"churn"};
  task.tally = std::make_shared<SharedTally>();
  CheckReachable(task, {{"churn", training.limit}});
  ActorOptions actors;
  actors.create = [task] { return std::make_unique<ChannelEnv>(task); };
  actors.envs = 16;
  actors.seed = training.seed;
  const auto trained = LocalActors(actors);
  Ppo ppo(trained->spec(), PpoOptionsOf(training), training.seed);
  for (int64_t k = 0; k < training.updates; ++k) {
    ppo.Update(trained->Run(ppo.Acting(), 48, 0, false),
               static_cast<double>(k) / static_cast<double>(training.updates));
  }
  actors.seed = 1000000 + training.seed;
  SafeTrainingResult result;
  for (const EpisodeRecord& one :
       LocalActors(actors)
           ->Run(ppo.Acting(), 10 * task.slots, 0, false)
           .episodes) {
    result.reward.push_back(one.reward);
    result.cost.push_back(one.costs[0]);
  }
  result.tally = task.tally->Read();
  return result;
}

inline double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The upper end of the one-sided 95 % t interval of the mean.
inline double UpperBoundOfMean(const std::vector<double>& values) {
  return MeanInterval(values, 0.9).high;
}

// The mean of the worst tenth.
inline double WorstTenth(const std::vector<double>& costs) {
  return MeanOf(TailMeanTerms(costs, 0.9));
}

}  // namespace airlock::testing
