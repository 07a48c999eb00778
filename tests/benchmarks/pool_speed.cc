// Decisions a second of processor time of the load balancer's environment on
// one core, as it is trained: random weights, episodes with all that happens in
// them, observation and reward included.
//   pool_speed [SCENARIO]     scenarios/datacentre/load-balancer-training.yaml

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "agents/balancing/balancer_env.h"
#include "sim/base/rng.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

int Measure(const std::string& path) {
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(path, {}, &diagnostics);
  if (!resolved || !resolved->scenario().datacentre->balancer) {
    std::fprintf(stderr, "%s", diagnostics.Format().c_str());
    return 3;
  }
  const Scenario& scenario = resolved->scenario();
  BalancerEnvOptions options;
  options.balancer = *scenario.datacentre->balancer;
  options.interval = scenario.controller.interval;
  options.steps =
      scenario.run.duration.value() / scenario.controller.interval.value();
  BalancerEnv env(options);
  const size_t width = options.balancer.servers.size();
  std::vector<double> action(width);
  std::vector<double> costs(env.spec().costs.size());
  std::vector<double> observation(env.spec().observation.size());
  RngStream random(5);
  int64_t decisions = 0;
  double sum = 0;
  const std::clock_t start = std::clock();
  double seconds = 0;
  while (seconds < 3) {
    env.Reset(RngStream(static_cast<uint64_t>(decisions)));
    for (int64_t step = 0; step < options.steps; ++step, ++decisions) {
      for (double& weight : action) weight = random.Uniform(0.5, 2);
      sum += env.Step(action.data(), costs.data()).reward;
      env.Observe(observation.data());
    }
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  std::printf(
      "%zu servers, decisions every %g s: %.0f decisions a second of processor "
      "time (mean reward %.3f)\n",
      width, Seconds(options.interval),
      static_cast<double>(decisions) / seconds,
      sum / static_cast<double>(decisions));
  return 0;
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  return airlock::Measure(argc > 1 ? argv[1]
                                   : AIRLOCK_SOURCE_DIR
                              "/scenarios/datacentre/"
                              "load-balancer-training.yaml");
}
