// Network-steps a second of processor time of the airtime model on one core: a
// new plan, new loads, utilisation and regret of every network of a batch.
// Networks are generated as in the reference, loads are volatile, plans random;
// what makes loads and plans is not timed.

#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include "sim/base/rng.h"
#include "sim/surrogate/airtime_batch.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/workload/load_profiles.h"
#include "tests/support/reference_wlan.h"

namespace airlock {
namespace {

using testing::ReferenceNetwork;

constexpr int kNetworks = 32;  // the reference's batch
constexpr int kDistinctSteps = 16;

struct Steps {
  std::vector<ChannelPlan> plans;
  std::vector<Eigen::ArrayXd> loads;
};

Steps DrawSteps(const AirtimeBatch& batch, RngStream* stream) {
  Steps steps;
  const auto& choices = batch.table().assignments();
  LoadSite site;
  site.names.resize(batch.access_points());
  auto course = FindLoadProfile("volatile").create(site, RngStream(7));
  for (int s = 0; s < kDistinctSteps; ++s) {
    ChannelPlan plan(batch.access_points());
    for (ChannelAssignment& one : plan) {
      one = choices[stream->UniformInt(choices.size())];
    }
    steps.plans.push_back(std::move(plan));
    steps.loads.push_back(course->Next());
  }
  return steps;
}

void Measure(int64_t access_points, double neighbours, int levels,
             const AirtimeChoices& choices) {
  AirtimeBatch batch(ChannelTable(ReferenceChannels(), levels), choices);
  double heard = 0;
  for (int n = 0; n < kNetworks; ++n) {
    const WlanConfig wlan =
        WithAccessPoints(ReferenceNetwork(access_points, neighbours), 100 + n);
    const Eigen::MatrixXd m = InterferenceMap(RssiOf(wlan, 100 + n), choices);
    heard += m.sum() / static_cast<double>(kNetworks * access_points);
    batch.Add(m);
  }
  RngStream stream(3);
  const Steps steps = DrawSteps(batch, &stream);
  std::vector<Regret> regrets;
  double sum = 0;
  int64_t done = 0;
  const std::clock_t start = std::clock();
  double seconds = 0;
  while (seconds < 1) {
    for (int s = 0; s < kDistinctSteps; ++s) {
      const int before = (s + kDistinctSteps - 1) % kDistinctSteps;
      batch.Step(steps.plans[s], steps.loads[before], steps.loads[s], &regrets);
      sum += regrets[s].total;
    }
    done += kDistinctSteps * kNetworks;
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  std::printf("%6lld %10.1f %8s %6s %16.0f   (regret %.3f)\n",
              static_cast<long long>(access_points), heard,
              levels > 1 ? "yes" : "no", ToString(choices.law), done / seconds,
              sum / static_cast<double>(done / kNetworks * access_points));
}

}  // namespace
}  // namespace airlock

int main() {
  using namespace airlock;
  std::printf("   APs neighbours  bonding    law  network-steps/s\n");
  for (const int levels : {1, 2}) {
    for (const OccupancyLaw law : {OccupancyLaw::kSum, OccupancyLaw::kUnion}) {
      AirtimeChoices choices;
      choices.law = law;
      Measure(20, 6, levels, choices);
      Measure(20, 18, levels, choices);  // nearly all hear all
      Measure(50, 15, levels, choices);
      Measure(150, 15, levels, choices);
      Measure(150, 47, levels, choices);
    }
  }
  return 0;
}
