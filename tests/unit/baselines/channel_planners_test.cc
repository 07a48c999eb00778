#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <set>

#include "agents/baselines/local_search.h"
#include "agents/baselines/plan_state.h"
#include "agents/baselines/planners/colouring.h"
#include "agents/baselines/planners/legacy_daily.h"
#include "agents/baselines/planners/oracle.h"
#include "agents/baselines/planners/planners.h"
#include "agents/baselines/planners/turboca.h"
#include "tests/support/error_of.h"
#include "tests/support/plan_regret.h"
#include "tests/support/random_wlan.h"

namespace airlock {
namespace {

using testing::ApNames;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::PlanRegret;
using testing::RandomLoads;
using testing::RandomPlan;
using testing::RandomRssi;
using testing::With;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

PlannerSetup MakeSetup(std::vector<int> channels = {36, 40, 44, 48, 149, 153,
                                                    157, 161, 165},
                       int bonding_levels = 1) {
  return {ChannelTable(std::move(channels), bonding_levels),
          {},
          RngTree(3).Stream("test/planner", Replication(0)),
          600};
}

// All in range of one another at -60 dBm, on the first channel, at noon.
PlannerView Clique(int access_points, double load) {
  PlannerView view;
  view.access_points = ApNames(access_points);
  view.rssi_dbm.setConstant(access_points, access_points, -60);
  view.noise_dbm.assign(access_points, -94);
  view.plan.assign(access_points, {});
  view.loads = {std::vector<double>(access_points, load)};
  view.seconds_of_day = 12 * 3600;
  return view;
}

PlannerView RandomView(const PlannerSetup& setup, int access_points,
                       RngStream* rng) {
  PlannerView view = Clique(access_points, 0);
  view.rssi_dbm = RandomRssi(access_points, 0.9, rng);
  view.plan = RandomPlan(setup.table, access_points, rng);
  view.loads = {RandomLoads(access_points, 1, rng)};
  return view;
}

PlanRegret RegretIn(const PlannerView& view, const PlannerSetup& setup,
                    const std::vector<double>& loads) {
  return PlanRegret(InterferenceMap(view.rssi_dbm, setup.choices), setup.table,
                    setup.choices, view.plan, view.loads_now(), loads);
}

double RegretOf(const PlannerView& view, const PlannerSetup& setup,
                const ChannelPlan& plan, const std::vector<double>& loads) {
  return RegretIn(view, setup, loads).Of(plan);
}

size_t Distinct(const ChannelPlan& plan) {
  std::set<std::pair<int, int>> seen;
  for (const ChannelAssignment& one : plan) {
    seen.insert({one.channel, one.bonding});
  }
  return seen.size();
}

// --- All of them ------------------------------------------------------------

TEST(PlannersTest, EveryPlanIsAllowedAndTheSameAgain) {
  RngStream rng = RngTree(5).Stream("test/views", Replication(0));
  const PlannerSetup setup =
      MakeSetup({36, 40, 44, 48, 149, 153, 157, 161, 165}, 2);
  for (const PlannerRow& row : Planners()) {
    std::vector<ChannelPlan> first_run;
    RngStream views = rng;
    for (int run = 0; run < 2; ++run) {
      RngStream again = views;
      auto planner = row.create(setup);
      PlannerView view = RandomView(setup, 12, &again);
      for (int slot = 0; slot < (row.needs_known_loads ? 3 : 20); ++slot) {
        view.slot = slot;
        view.seconds_of_day = slot * 600;
        view.loads.push_back(RandomLoads(12, 1, &again));
        if (row.needs_known_loads)
          view.known_loads = RandomLoads(12, 1, &again);
        view.plan = planner->Decide(view);
        ASSERT_NO_THROW(CheckPlan(view.plan, view.access_points, setup.table))
            << row.name << " " << slot;
        if (run == 0) first_run.push_back(view.plan);
        ASSERT_EQ(view.plan, first_run[slot]) << row.name << " " << slot;
      }
    }
  }
}

TEST(PlannersTest, NothingToHearNothingToChange) {
  // Without neighbours nobody gains by another channel of the same width.
  for (const PlannerRow& row : Planners()) {
    PlannerView view = Clique(5, 0.7);
    view.rssi_dbm.setConstant(kMissing);
    view.seconds_of_day = 3 * 3600;
    if (row.needs_known_loads) view.known_loads = view.loads_now();
    EXPECT_EQ(row.create(MakeSetup())->Decide(view), view.plan) << row.name;
    EXPECT_EQ(view.CountUnheard(), 20);
  }
}

TEST(PlannersTest, ACliqueIsSpreadOverAllChannels) {
  // Nine access points that hear each other, nine channels: one each is the
  // best there is, for loads that make moving worth it.
  for (const PlannerRow& row : Planners()) {
    if (std::string(row.name) == "static") continue;
    PlannerView view = Clique(9, 0.9);
    view.seconds_of_day = 3 * 3600;
    if (row.needs_known_loads) view.known_loads = view.loads_now();
    EXPECT_EQ(Distinct(row.create(MakeSetup())->Decide(view)), 9u) << row.name;
  }
}

TEST(PlannersTest, UnknownNamesListTheKnownOnes) {
  EXPECT_EQ(ErrorOf([] { FindPlanner("dynsl"); }),
            "no such planner: 'dynsl'; known planners: static, legacy-daily, "
            "daily-ai-7d, greedy, colouring, turboca, dynls, oracle, net2seq");
  EXPECT_EQ(ErrorOf([] { FindPlanner("net2seq"); }),
            "agent 'net2seq' needs a trained policy: name its file");
}

// --- legacy-daily, daily-ai-7d -----------------------------------------------

TEST(DailyPlannersTest, PlanOnceADayAtThree) {
  for (const char* name : {"legacy-daily", "daily-ai-7d"}) {
    auto planner = FindPlanner(name).create(MakeSetup());
    std::vector<double> planned_at;
    PlannerView view = Clique(6, 0.8);
    for (int slot = 0; slot < 2 * 144; ++slot) {
      view.slot = slot;
      view.seconds_of_day = (slot % 144) * 600;
      if (planner->Decide(view) != view.plan) {
        planned_at.push_back(view.seconds_of_day);
      }
    }
    EXPECT_EQ(planned_at, (std::vector<double>{10800, 10800})) << name;
  }
}

TEST(LegacyDailyTest, ThreeNoisySlotsInARowAndThirtyMinutesAway) {
  LegacyDailyPlanner planner(MakeSetup({36, 40}));
  PlannerView view = Clique(1, 0.5);
  std::vector<int> channels;
  const std::vector<double> noise = {-70, -70, -80, -70, -70,
                                     -70, -94, -94, -94, -94};
  for (size_t slot = 0; slot < noise.size(); ++slot) {
    view.slot = static_cast<int64_t>(slot);
    view.noise_dbm = {noise[slot]};
    view.plan = planner.Decide(view);
    channels.push_back(view.plan[0].channel);
  }
  // The third in a row is slot 5.
  EXPECT_EQ(channels, (std::vector<int>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}));
}

TEST(LegacyDailyTest, TheDailyPlanKeepsAwayFromANoisyChannelForThirtyMinutes) {
  // A neighbour on channel 40 makes 36 the quieter one, but 36 was noisy.
  const auto channel_at_three = [](int slots_since_the_third_strike) {
    LegacyDailyPlanner planner(MakeSetup({36, 40}));
    PlannerView view = Clique(2, 0.5);
    view.plan = {{0, 0}, {1, 0}};
    view.rssi_dbm(1, 0) = kMissing;  // the neighbour hears nobody and stays
    for (int slot = 0; slot < 3 + slots_since_the_third_strike; ++slot) {
      view.slot = slot;
      view.noise_dbm = {slot < 3 ? -60.0 : -94.0, -94};
      const bool last = slot == 2 + slots_since_the_third_strike;
      view.seconds_of_day = last ? 10800 : 3600;
      view.plan = planner.Decide(view);
    }
    return view.plan[0].channel;
  };
  EXPECT_EQ(channel_at_three(0), 1);
  EXPECT_EQ(channel_at_three(2), 1);
  EXPECT_EQ(channel_at_three(3), 0);  // 30 minutes later
}

TEST(LegacyDailyTest, MissingNoiseIsNoNoiseAndWidthsStay) {
  LegacyDailyPlanner planner(MakeSetup({36, 40, 44, 48, 149, 153}, 2));
  PlannerView view = Clique(3, 0.5);
  view.plan.assign(3, {0, 1});
  view.noise_dbm.assign(3, kMissing);
  view.seconds_of_day = 10800;
  const ChannelPlan plan = planner.Decide(view);
  EXPECT_EQ(Distinct(plan), 3u);
  for (const ChannelAssignment& one : plan) EXPECT_EQ(one.bonding, 1);
}

TEST(DailyHistoryTest, SeparatesThoseThatWereBusyTogether) {
  // Four that hear each other, two channels. By day 0 and 1 are busy, by night
  // 2 and 3: each of the former must share with one of the latter, though at
  // the moment of planning 0 and 2 are the busy ones.
  PlannerView view = Clique(4, 0);
  view.loads.clear();
  view.seconds_of_day = 10800;
  for (int slot = 0; slot < 7 * 144; ++slot) {
    const bool day = (slot + 18) % 144 >= 72;
    view.loads.push_back(day ? std::vector<double>{0.6, 0.6, 0, 0}
                             : std::vector<double>{0, 0, 0.6, 0.6});
  }
  view.loads.back() = {0.6, 0, 0.6, 0};
  const ChannelPlan plan =
      FindPlanner("daily-ai-7d").create(MakeSetup({36, 40}))->Decide(view);
  EXPECT_NE(plan[0], plan[1]);
  EXPECT_NE(plan[2], plan[3]);
}

// --- greedy, colouring
// --------------------------------------------------------

TEST(GreedyTest, MovesForAQuarterMoreThroughputAndNotForLess) {
  // Another one, heard at `load` on the same channel: the throughput that is
  // left grows by exp(rho(load) - rho(0)) with a move.
  const auto moves = [](double load) {
    PlannerView view = Clique(2, load);
    view.rssi_dbm(1, 0) = kMissing;
    const ChannelPlan plan =
        FindPlanner("greedy").create(MakeSetup({36, 40}))->Decide(view);
    return plan[0] != view.plan[0];
  };
  ASSERT_LT(Rho(0.3, 1) - Rho(0, 1), std::log(1.25));
  ASSERT_GT(Rho(0.4, 1) - Rho(0, 1), std::log(1.25));
  EXPECT_FALSE(moves(0.3));
  EXPECT_TRUE(moves(0.4));
}

TEST(GreedyTest, TakesTheWiderChannelThatNobodyUses) {
  PlannerView view = Clique(1, 0.5);
  EXPECT_EQ(FindPlanner("greedy").create(MakeSetup({36, 40}, 2))->Decide(view),
            (ChannelPlan{{0, 1}}));
}

TEST(ColouringTest, WideWhereThereAreEnoughWideChannels) {
  const PlannerSetup setup =
      MakeSetup({36, 40, 44, 48, 149, 153, 157, 161, 165}, 2);
  ColouringPlanner planner(setup);
  PlannerView four = Clique(4, 0.5);
  ChannelPlan plan = planner.Decide(four);
  EXPECT_EQ(Distinct(plan), 4u);
  for (const ChannelAssignment& one : plan) EXPECT_EQ(one.bonding, 1);
  PlannerView five = Clique(5, 0.5);  // there are four channels of 40 MHz
  plan = planner.Decide(five);
  EXPECT_EQ(Distinct(plan), 5u);
  for (const ChannelAssignment& one : plan) EXPECT_EQ(one.bonding, 0);
}

TEST(ColouringTest, KeepsAPlanThatIsAsGood) {
  ColouringPlanner planner(MakeSetup());
  PlannerView view = Clique(3, 0.5);
  view.plan = {{8, 0}, {3, 0}, {5, 0}};
  EXPECT_EQ(planner.Decide(view), view.plan);
}

// --- turboca, dynls, oracle
// ---------------------------------------------------

class SearchTest : public ::testing::TestWithParam<int> {
 protected:
  SearchTest()
      : rng_(RngTree(11).Stream("test/search", Replication(0))),
        setup_(
            MakeSetup({36, 40, 44, 48, 149, 153, 157, 161, 165}, GetParam())) {}

  RngStream rng_;
  const PlannerSetup setup_;
};

TEST_P(SearchTest, PlansLowerTheRegret) {
  for (int round = 0; round < 10; ++round) {
    PlannerView view = RandomView(setup_, 20, &rng_);
    const std::vector<double>& loads = view.loads_now();
    const double stay = RegretOf(view, setup_, view.plan, loads);
    for (const char* name : {"turboca", "dynls"}) {
      auto planner = FindPlanner(name).create(setup_);
      const double better =
          RegretOf(view, setup_, planner->Decide(view), loads);
      EXPECT_LT(better, stay) << name;
    }
  }
}

// No change of two access points that disturb each other is left that lowers
// the regret, by a count that takes another way: every pair, every assignment.
TEST_P(SearchTest, ALocalSearchEndsInALocalOptimum) {
  for (int round = 0; round < 3; ++round) {
    const PlannerView view = RandomView(setup_, 12, &rng_);
    const InterferenceGraph graph = GraphOf(view, setup_);
    PlanState state(&graph, &setup_.table, setup_.choices);
    state.SetLoads(view.plan, view.loads_now(), {view.loads_now()});
    state.SetPlan(view.plan);
    EXPECT_GT(LocalSearch(&state).Run(100000, &rng_), 0);
    PlanRegret regret = RegretIn(view, setup_, view.loads_now());
    const ChannelPlan plan = state.plan();
    const double least = regret.Of(plan) - 1e-7;
    for (const PlanPair& pair : state.pairs()) {
      if (pair.second < 0) continue;
      for (const ChannelAssignment& x : setup_.table.assignments()) {
        for (const ChannelAssignment& y : setup_.table.assignments()) {
          EXPECT_GT(regret.Of(With(With(plan, pair.first, x), pair.second, y)),
                    least);
        }
      }
    }
  }
}

TEST_P(SearchTest, TheStepLimitIsOfChanges) {
  const PlannerView view = RandomView(setup_, 20, &rng_);
  const InterferenceGraph graph = GraphOf(view, setup_);
  PlanState state(&graph, &setup_.table, setup_.choices);
  state.SetLoads(view.plan, view.loads_now(), {view.loads_now()});
  state.SetPlan(view.plan);
  EXPECT_EQ(LocalSearch(&state).Run(3, &rng_), 3);
  int moved = 0;
  const ChannelPlan plan = state.plan();
  for (int i = 0; i < 20; ++i) moved += plan[i] != view.plan[i];
  EXPECT_GE(moved, 1);
  EXPECT_LE(moved, 6);
}

TEST_P(SearchTest, OracleFindsTheBestPlanOfASmallNetwork) {
  const PlannerSetup setup = MakeSetup({36, 40, 44}, GetParam());
  for (int round = 0; round < 5; ++round) {
    PlannerView view = RandomView(setup, 5, &rng_);
    view.known_loads = RandomLoads(5, 1, &rng_);
    const auto& all = setup.table.assignments();
    double least = std::numeric_limits<double>::infinity();
    const auto count = static_cast<int>(all.size());
    for (int code = 0; code < std::pow(count, 5); ++code) {
      ChannelPlan plan;
      for (int rest = code, i = 0; i < 5; ++i, rest /= count) {
        plan.push_back(all[rest % count]);
      }
      least = std::min(least, RegretOf(view, setup, plan, *view.known_loads));
    }
    OraclePlanner oracle(setup);
    EXPECT_NEAR(RegretOf(view, setup, oracle.Decide(view), *view.known_loads),
                least, 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, SearchTest, ::testing::Values(1, 2));

TEST(OracleTest, StaysWhereTheFutureIsNotKnown) {
  PlannerView view = Clique(9, 0.9);
  EXPECT_EQ(FindPlanner("oracle").create(MakeSetup())->Decide(view), view.plan);
}

// With loads that stay, passes of 0 hops soon end where no single change helps;
// what is found later is found by clearing neighbourhoods.
TEST(TurboCaTest, ClearsNeighbourhoodsOnTheFirstAndEveryTwelfthDecision) {
  RngStream rng = RngTree(13).Stream("test/turboca", Replication(0));
  const PlannerSetup setup = MakeSetup({36, 40, 44, 48});
  std::vector<int> changes(30, 0);
  for (int network = 0; network < 20; ++network) {
    PlannerView view = RandomView(setup, 20, &rng);
    TurboCaPlanner planner(setup);
    for (int& changed : changes) {
      const ChannelPlan plan = planner.Decide(view);
      changed += plan != view.plan;
      view.plan = plan;
    }
  }
  EXPECT_EQ(changes[0], 20);
  EXPECT_GT(changes[12] + changes[24], 0);
  for (int quiet : {8, 9, 10, 11, 20, 21, 22, 23}) {
    EXPECT_EQ(changes[quiet], 0) << quiet;
  }
}

// --- Wrong input
// ---------------------------------------------------------------

TEST(PlannerViewTest, ChecksSayWhichAccessPointIsWrong) {
  const PlannerSetup setup = MakeSetup({36, 40});
  const PlannerView good = Clique(3, 0.5);
  EXPECT_NO_THROW(CheckView(good, setup.table));
  PlannerView view = good;
  view.plan[1] = {7, 0};
  EXPECT_EQ(ErrorOf([&] { CheckView(view, setup.table); }),
            "access point 'ap1': channel index 7 bonded 0 times is not "
            "allowed; the network has channel indices 0 to 1, bonded up to 0 "
            "times where the band allows it");
  view = good;
  view.plan.pop_back();
  EXPECT_EQ(ErrorOf([&] { CheckView(view, setup.table); }),
            "a plan of 2 access points where there are 3");
  view = good;
  view.loads.back()[2] = -0.25;
  EXPECT_EQ(ErrorOf([&] { CheckView(view, setup.table); }),
            "access point 'ap2': load -0.25 is not a number from 0");
  view.loads.back()[2] = kMissing;
  EXPECT_THAT(ErrorOf([&] { CheckView(view, setup.table); }),
              HasSubstr("'ap2': load nan"));
  view = good;
  view.loads.clear();
  EXPECT_EQ(ErrorOf([&] { CheckView(view, setup.table); }),
            "there is no slot with loads");
  view = good;
  view.rssi_dbm.resize(2, 3);
  EXPECT_EQ(ErrorOf([&] { CheckView(view, setup.table); }),
            "RSSI of 2 access points where there are 3");
}

}  // namespace
}  // namespace airlock
