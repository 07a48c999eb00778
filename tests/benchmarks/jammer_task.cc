// The sweeping-jammer task (scenarios/wlan/jammer.yaml, channel-hop) on the
// packet engine: what a random policy, the rule that follows the jammer and a
// trained one reach, by seed, and after how many episodes.
//   jammer_task [SEEDS [JOBS]]
// Training is DQN, one environment, 80 episodes of 100 steps; the score of a
// seed is the mean reward of its last ten episodes, in which one action of a
// hundred is still random.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "agents/learn/dqn.h"
#include "agents/rollout/worker_actors.h"
#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"
#include "sim/stats/interval.h"
#include "tests/support/jammer_policies.h"

namespace airlock {
namespace {

NetworkTask Task() {
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(
      AIRLOCK_SOURCE_DIR "/scenarios/wlan/jammer.yaml", {}, &diagnostics);
  if (!scenario) throw InputError(diagnostics.Format());
  return {"channel-hop", scenario->text(), scenario->path()};
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

void Print(const std::string& name, const std::vector<double>& scores) {
  const Interval interval = MeanInterval(scores, 0.95);
  fmt::print("{:<10} mean {:.2f} [{:.2f}, {:.2f}], least {:.1f}\n", name,
             Mean(scores), interval.low, interval.high,
             *std::min_element(scores.begin(), scores.end()));
  std::fflush(stdout);
}

std::vector<double> Fixed(const Policy& policy, int64_t episodes,
                          int64_t jobs) {
  std::vector<double> rewards;
  const auto actors = WorkerActors(Task(), episodes, 999, jobs);
  const bool draws = policy.distribution() == ActionDistribution::kCategorical;
  for (const EpisodeRecord& record :
       actors->Run(policy, 100, 0, !draws).episodes) {
    rewards.push_back(record.reward);
  }
  return rewards;
}

// Rewards of the episodes, one after the other.
std::vector<double> Train(uint64_t seed) {
  const auto actors = WorkerActors(Task(), 1, seed, 1);
  Dqn dqn(actors->spec(), testing::JammerDqn(), 1, seed);
  std::vector<double> rewards;
  constexpr int64_t kSteps = 8000, kChunk = 20;
  for (int64_t done = 0; done < kSteps; done += kChunk) {
    const double share = static_cast<double>(done) / kSteps;
    const Rollout rollout =
        actors->Run(dqn.Acting(), kChunk, dqn.RandomShare(share), false);
    for (const EpisodeRecord& e : rollout.episodes) rewards.push_back(e.reward);
    dqn.Update(rollout, share);
  }
  return rewards;
}

int Main(int argc, char** argv) {
  const int64_t seeds = argc > 1 ? std::atoll(argv[1]) : 10;
  const int64_t jobs = argc > 2 ? std::atoll(argv[2]) : 2;
  const EnvSpec spec = WorkerActors(Task(), 1, 1, 1)->spec();
  const auto begin = std::chrono::steady_clock::now();
  Print("random", Fixed(testing::Uniform(spec), 20, jobs));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  Print("rule", Fixed(testing::WhereItJustWas(spec), 20, jobs));
  fmt::print("{:.0f} decisions a second\n", 2000 / seconds);
  std::vector<double> scores;
  for (int64_t s = 1; s <= seeds; ++s) {
    const std::vector<double> rewards = Train(static_cast<uint64_t>(s));
    std::string by_ten;
    for (size_t i = 0; i + 10 <= rewards.size(); i += 10) {
      by_ten += fmt::format(
          " {:.0f}", Mean({rewards.begin() + static_cast<ptrdiff_t>(i),
                           rewards.begin() + static_cast<ptrdiff_t>(i) + 10}));
    }
    scores.push_back(Mean({rewards.end() - 10, rewards.end()}));
    fmt::print("seed {}: {:.1f}; by ten episodes{}\n", s, scores.back(),
               by_ten);
    std::fflush(stdout);
  }
  if (seeds > 1) Print("trained", scores);
  return 0;
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  try {
    return airlock::Main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "jammer_task: %s\n", e.what());
    return 1;
  }
}
