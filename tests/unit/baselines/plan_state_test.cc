#include "agents/baselines/plan_state.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/plan_regret.h"
#include "tests/support/random_wlan.h"

// The tables of a plan in the making against sim/surrogate's regret of whole
// plans, which takes another way.
namespace airlock {
namespace {

using testing::PlanRegret;
using testing::RandomLoads;
using testing::RandomPlan;
using testing::RandomRssi;
using testing::With;

constexpr int kAps = 14;
constexpr double kError = 1e-8;  // of the table of rho, over all access points

struct World {
  const char* name;
  std::vector<int> channels;
  int bonding_levels;
  AirtimeChoices choices;
};

AirtimeChoices Choices(OccupancyLaw law, double softness_db, bool own_load) {
  AirtimeChoices choices;
  choices.law = law;
  choices.softness_db = softness_db;
  choices.own_load = own_load;
  return choices;
}

std::vector<World> Worlds() {
  const std::vector<int> nine = {36, 40, 44, 48, 149, 153, 157, 161, 165};
  const std::vector<int> many = {36,  40,  44,  48,  52,  56,  60, 64,
                                 100, 104, 108, 112, 149, 153, 157};
  return {
      {"plain", nine, 1, {}},
      {"bonded", nine, 2, {}},
      {"union", nine, 2, Choices(OccupancyLaw::kUnion, 0, false)},
      {"soft", nine, 2, Choices(OccupancyLaw::kSum, 6, true)},
      {"wide", many, 4, Choices(OccupancyLaw::kUnion, 3, true)},
      {"2.4 GHz", {1, 3, 6, 8, 11, 13}, 1, {}},
  };
}

class PlanStateTest : public ::testing::TestWithParam<World> {
 protected:
  PlanStateTest()
      : rng_(RngTree(7).Stream("test/plan", Replication(0))),
        table_(GetParam().channels, GetParam().bonding_levels),
        interference_(
            InterferenceMap(RandomRssi(kAps, 0.5, &rng_), GetParam().choices)),
        graph_(interference_),
        before_(RandomPlan(table_, kAps, &rng_)),
        plan_(RandomPlan(table_, kAps, &rng_)),
        now_(RandomLoads(kAps, 1.0, &rng_)),
        loads_(RandomLoads(kAps, 0.7, &rng_)),
        state_(&graph_, &table_, GetParam().choices) {
    // Some stay where they were, and some rest.
    for (int i = 0; i < kAps; i += 3) before_[i] = plan_[i];
    loads_[4] = 0;
  }

  PlanRegret Reference(const std::vector<double>& now,
                       const std::vector<double>& loads) const {
    return PlanRegret(interference_, table_, GetParam().choices, before_, now,
                      loads);
  }

  RngStream rng_;
  const ChannelTable table_;
  const Eigen::MatrixXd interference_;
  const InterferenceGraph graph_;
  ChannelPlan before_;
  const ChannelPlan plan_;
  const std::vector<double> now_;
  std::vector<double> loads_;
  PlanState state_;
};

TEST_P(PlanStateTest, TotalIsTheRegret) {
  state_.SetLoads(before_, now_, {loads_});
  state_.SetPlan(plan_);
  EXPECT_NEAR(state_.Total(), Reference(now_, loads_).Of(plan_), kError);
}

TEST_P(PlanStateTest, UtilisationIsTheModels) {
  state_.SetLoads(before_, now_, {loads_});
  state_.SetPlan(plan_);
  PlanRegret reference = Reference(now_, loads_);
  for (int ap = 0; ap < kAps; ++ap) {
    for (int x = 0; x < state_.assignments(); ++x) {
      EXPECT_NEAR(
          state_.Utilisation(ap, x),
          reference.Utilisation(With(plan_, ap, table_.assignments()[x]), ap),
          1e-12);
    }
  }
}

TEST_P(PlanStateTest, PairTablesAreTheDifferences) {
  state_.SetLoads(before_, now_, {loads_});
  state_.SetPlan(plan_);
  PlanRegret reference = Reference(now_, loads_);
  const double total = reference.Of(plan_);
  PairCosts costs;
  int64_t both_matter = 0;
  for (const PlanPair& pair : state_.pairs()) {
    if (pair.second < 0) continue;
    state_.Costs(pair, &costs);
    const double present =
        costs.at(state_.at(pair.first), state_.at(pair.second));
    for (int trial = 0; trial < 40; ++trial) {
      const auto x = static_cast<int>(rng_.UniformInt(state_.assignments()));
      const auto y = static_cast<int>(rng_.UniformInt(state_.assignments()));
      const auto& all = table_.assignments();
      const ChannelPlan changed =
          With(With(plan_, pair.first, all[x]), pair.second, all[y]);
      EXPECT_NEAR(costs.at(x, y) - present, reference.Of(changed) - total,
                  kError)
          << pair.first << " to " << x << ", " << pair.second << " to " << y;
      if (costs.both(x, y) != 0) ++both_matter;
    }
  }
  EXPECT_GT(both_matter, 50);
}

TEST_P(PlanStateTest, TablesStayRightThroughManyMoves) {
  state_.SetLoads(before_, now_, {loads_});
  state_.SetPlan(plan_);
  ChannelPlan plan = plan_;
  for (int move = 0; move < 2000; ++move) {
    const auto ap = static_cast<int>(rng_.UniformInt(kAps));
    const auto to = static_cast<int>(rng_.UniformInt(state_.assignments()));
    state_.Move(ap, to);
    plan[ap] = table_.assignments()[to];
  }
  EXPECT_EQ(state_.plan(), plan);
  EXPECT_NEAR(state_.Total(), Reference(now_, loads_).Of(plan), kError);
}

// An access point that is absent is one without load.
TEST_P(PlanStateTest, CostsOfPuttingAnAbsentOneBack) {
  std::vector<double> now = now_;
  std::vector<double> loads = loads_;
  for (int absent : {2, 5, 11}) now[absent] = loads[absent] = 0;
  const double without = Reference(now, loads).Of(plan_);
  now[5] = now_[5];
  loads[5] = loads_[5];
  state_.SetLoads(before_, now_, {loads_});
  state_.SetPlan(plan_);
  for (int absent : {2, 5, 11}) state_.Move(absent, PlanState::kAbsent);
  EXPECT_NEAR(state_.Total(), without, kError);
  const Eigen::ArrayXd costs = state_.Costs(5);
  PlanRegret with = Reference(now, loads);
  for (int x = 0; x < state_.assignments(); ++x) {
    const ChannelPlan plan = With(plan_, 5, table_.assignments()[x]);
    EXPECT_NEAR(costs(x), with.Of(plan) - without, kError) << x;
  }
}

TEST_P(PlanStateTest, SeveralCasesCountWithTheirMean) {
  const std::vector<double> second = RandomLoads(kAps, 1.2, &rng_);
  state_.SetLoads(before_, now_, {loads_, second});
  state_.SetPlan(plan_);
  PlanRegret a = Reference(now_, loads_);
  PlanRegret b = Reference(now_, second);
  const double total = (a.Of(plan_) + b.Of(plan_)) / 2;
  EXPECT_NEAR(state_.Total(), total, kError);
  const PlanPair& pair = state_.pairs().front();
  PairCosts costs;
  state_.Costs(pair, &costs);
  const double present =
      costs.at(state_.at(pair.first), state_.at(pair.second));
  const auto& all = table_.assignments();
  for (int x = 0; x < state_.assignments(); ++x) {
    const int y = state_.assignments() - 1 - x;
    const ChannelPlan changed =
        With(With(plan_, pair.first, all[x]), pair.second, all[y]);
    const double expected = (a.Of(changed) + b.Of(changed)) / 2 - total;
    EXPECT_NEAR(costs.at(x, y) - present, expected, kError) << x;
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, PlanStateTest, ::testing::ValuesIn(Worlds()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           name.erase(std::remove_if(
                                          name.begin(), name.end(),
                                          [](char c) { return !isalnum(c); }),
                                      name.end());
                           return name;
                         });

TEST(PlanStatePairsTest, EveryPairWithInterferenceEitherWayOnceAndTheLonely) {
  Eigen::MatrixXd m = Eigen::MatrixXd::Zero(4, 4);
  m(0, 2) = 1;
  m(1, 0) = 1;
  m(0, 1) = 1;
  const InterferenceGraph graph(m);
  const ChannelTable table({36, 40}, 1);
  const PlanState state(&graph, &table, {});
  std::vector<std::pair<int, int>> pairs;
  for (const PlanPair& pair : state.pairs()) {
    pairs.emplace_back(pair.first, pair.second);
  }
  EXPECT_EQ(pairs, (std::vector<std::pair<int, int>>{{0, 1}, {0, 2}, {3, -1}}));
}

}  // namespace
}  // namespace airlock
