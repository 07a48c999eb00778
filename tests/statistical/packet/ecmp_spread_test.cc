#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "sim/packet/workload.h"
#include "tests/support/datacentre_runs.h"

namespace airlock {
namespace {

constexpr int64_t kLeaves = 4;
constexpr int64_t kSpines = 4;
constexpr int64_t kHosts = 4;  // a leaf
constexpr double kPayloadShare = 1448.0 / 1502;

// Leaf-spine 4 x 4 x 4 of 1 Gb/s, a flow from each host to another leaf.
Scenario Spread(int64_t salt) {
  Scenario scenario = DatacentreScenario(kLeaves, kSpines, kHosts);
  scenario.run.duration = Milliseconds(25);
  scenario.run.sample_interval = Microseconds(250);
  scenario.datacentre->traffic.kind = "permutation";
  scenario.datacentre->routing.salt = salt;
  return scenario;
}

// Sum of the max-min fair rates (water filling) of flows over links of rate 1.
double MaxMinTotal(const std::vector<std::vector<int64_t>>& links_of_flow) {
  std::map<int64_t, double> left;
  std::set<size_t> active;
  for (size_t flow = 0; flow < links_of_flow.size(); ++flow) {
    for (int64_t link : links_of_flow[flow]) left[link] = 1;
    active.insert(flow);
  }
  double total = 0;
  while (!active.empty()) {
    std::map<int64_t, int> users;
    for (size_t flow : active) {
      for (int64_t link : links_of_flow[flow]) ++users[link];
    }
    const auto tightest = std::min_element(
        users.begin(), users.end(), [&](const auto& x, const auto& y) {
          return left[x.first] / x.second < left[y.first] / y.second;
        });
    const double share = left[tightest->first] / tightest->second;
    const std::set<size_t> round = active;
    for (size_t flow : round) {
      const std::vector<int64_t>& links = links_of_flow[flow];
      if (std::count(links.begin(), links.end(), tightest->first) == 0)
        continue;
      for (int64_t link : links) left[link] -= share;
      total += share;
      active.erase(flow);
    }
  }
  return total;
}

// The total rate, in links, when each flow's spine is drawn at random: flows
// collide on the way up and on the way down.
double BallsInBinsTotal() {
  constexpr int kDraws = 2000;
  RngStream stream(11);
  std::vector<int64_t> leaf_of;
  for (int64_t i = 0; i < kLeaves * kHosts; ++i) leaf_of.push_back(i / kHosts);
  double sum = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    const std::vector<int64_t> to = CrossLeafPermutation(leaf_of, &stream);
    std::vector<std::vector<int64_t>> links;
    for (size_t from = 0; from < to.size(); ++from) {
      const int64_t spine = static_cast<int64_t>(stream.UniformInt(kSpines));
      const int64_t up = leaf_of[from] * kSpines + spine;
      const int64_t down = leaf_of[static_cast<size_t>(to[from])] * kSpines +
                           spine + kLeaves * kSpines;
      links.push_back({up, down});
    }
    sum += MaxMinTotal(links);
  }
  return sum / kDraws;
}

TEST(WideEcmp, FlowHashSpreadsLikeBallsInBins) {
  constexpr int kSalts = 12;
  double goodput = 0;
  for (int salt = 0; salt < kSalts; ++salt) {
    goodput += RunDatacentre(Spread(salt), salt).at("goodput_mean") / kSalts;
  }
  const double expected = BallsInBinsTotal() * kPayloadShare * 1e9;
  RecordProperty("ratio", std::to_string(goodput / expected));
  EXPECT_NEAR(goodput / expected, 1, 0.10)
      << goodput << " bit/s, expected " << expected;
}

// How many of the 16 uplinks carry a flow: E = m (1 - (1 - 1/m)^n) a leaf.
TEST(WideEcmp, FlowHashUsesTheExpectedNumberOfUplinks) {
  constexpr int kSalts = 20;
  double used = 0;
  for (int salt = 0; salt < kSalts; ++salt) {
    Scenario scenario = Spread(salt);
    scenario.run.duration = Milliseconds(8);
    used += NumbersFromChild([&] {
              auto scene = SettledScene(scenario);
              scene->Start(Replication(salt));
              scene->AdvanceTo(scenario.run.duration);
              double uplinks = 0;
              for (const auto& [name, value] : scene->Observe().values) {
                // Acknowledgements alone take at most 2 % of a link for each
                // flow at full rate.
                const bool up = name.rfind("interface.leaf", 0) == 0 &&
                                name.find("-spine") != std::string::npos &&
                                name.find(".utilisation") != std::string::npos;
                uplinks += up && value > 0.08;
              }
              return std::map<std::string, double>{{"used", uplinks}};
            }).at("used") /
            kSalts;
  }
  const double m = kSpines;
  const double expected =
      kLeaves * m * (1 - std::pow(1 - 1 / m, static_cast<double>(kHosts)));
  EXPECT_NEAR(used / expected, 1, 0.10) << used << " of " << expected;
}

// The contrast: one path for all leaves a spine's share, 1/m.
TEST(Ecmp, SinglePathUsesOneUplink) {
  Scenario scenario = Spread(0);
  scenario.datacentre->routing.kind = "single-path";
  scenario.run.duration = Milliseconds(60);
  const auto numbers = RunDatacentre(scenario);
  const double whole = kLeaves * kHosts * kPayloadShare * 1e9;
  EXPECT_NEAR(numbers.at("goodput_mean") / whole, 1.0 / kSpines, 0.03);
}

}  // namespace
}  // namespace airlock
