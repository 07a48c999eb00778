// Trains on the reference tasks and prints what greedy episodes then bring, by
// seed and as interquartile mean.
//   reference_tasks TASK ALGORITHM [SEEDS [FIRST]]
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <cstdlib>
#include <string>

#include "agents/env/env_table.h"
#include "agents/learn/dqn.h"
#include "agents/learn/ppo.h"

namespace airlock {
namespace {

double Evaluate(const std::string& task, const Policy& policy, uint64_t seed) {
  ActorOptions options;
  options.create = ReferenceTaskNamed(task).create;
  options.envs = 20;
  options.seed = 100000 + seed;
  const auto actors = LocalActors(options);
  double sum = 0;
  int64_t count = 0;
  std::vector<int64_t> seen(20);
  while (count < 100) {
    for (const auto& e : actors->Run(policy, 100, 0, true).episodes) {
      if (seen[e.env]++ >= 5) continue;
      sum += e.reward;
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

double TrainPpo(const std::string& task, uint64_t seed) {
  PpoOptions o;
  ActorOptions actor;
  actor.create = ReferenceTaskNamed(task).create;
  actor.seed = seed;
  int64_t steps = 32, total = 100000;
  if (task == "cart-pole") {
    actor.envs = 8;
    o.learning_rate = 1e-3;
    o.anneal = true;
    o.minibatch = 256;
    o.lambda = 0.8;
    o.gamma = 0.98;
    o.epochs = 20;
  } else {
    actor.envs = 16;
    steps = 256;
    total = 1000000;
    o.normalise_observations = true;
    o.lambda = 0.94;
    o.gamma = 0.99;
    o.epochs = 4;
  }
  const auto actors = LocalActors(actor);
  Ppo ppo(actors->spec(), o, seed);
  for (int64_t done = 0; done < total; done += steps * actor.envs) {
    ppo.Update(actors->Run(ppo.Acting(), steps, 0, false),
               double(done) / double(total));
  }
  return Evaluate(task, ppo.Acting(), seed);
}

double TrainDqn(const std::string& task, uint64_t seed) {
  DqnOptions o;
  ActorOptions actor;
  actor.create = ReferenceTaskNamed(task).create;
  actor.seed = seed;
  int64_t total = 200000, steps = 256;
  o.learning_rate = 2.3e-3;
  o.batch = 64;
  o.train_every = 256;
  o.gradient_steps = 128;
  o.target_every = 10;
  o.random_share = 0.16;
  o.random_last = 0.04;
  if (std::getenv("SLOW") != nullptr) {
    o.learning_rate = 2.5e-4;
    o.batch = 512;
    o.train_every = 16;
    o.gradient_steps = 4;
    steps = 16;
    o.target_every = 5000;
    o.random_share = 0.06;
    o.random_last = 0.11;
  }
  if (task != "cart-pole") {
    o.learning_rate = 6.3e-4;
    o.batch = 128;
    o.train_every = 4;
    o.gradient_steps = 1;
    steps = 4;
    o.target_every = 250;
    o.random_share = 0.12;
    o.random_last = 0.1;
    total = 100000;
  }
  const auto actors = LocalActors(actor);
  Dqn dqn(actors->spec(), o, 1, seed);
  for (int64_t done = 0; done < total; done += steps) {
    const double share = double(done) / double(total);
    dqn.Update(actors->Run(dqn.Acting(), steps, dqn.RandomShare(share), false),
               share);
  }
  return Evaluate(task, dqn.Acting(), seed);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  const std::string task = argv[1], algorithm = argv[2];
  const int seeds = argc > 3 ? std::atoi(argv[3]) : 1;
  const int first = argc > 4 ? std::atoi(argv[4]) : 1;
  for (int s = first; s < first + seeds; ++s) {
    const std::clock_t start = std::clock();
    const double score = algorithm == "ppo" ? airlock::TrainPpo(task, s)
                                            : airlock::TrainDqn(task, s);
    fmt::print("{} {} seed {}: {:.1f} ({:.0f} s)\n", task, algorithm, s, score,
               double(std::clock() - start) / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
}
