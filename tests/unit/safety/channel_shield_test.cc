#include "agents/safety/channel_shield.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "agents/baselines/planners/planners.h"
#include "agents/baselines/shielded_planner.h"
#include "agents/safety/plan_audit.h"
#include "tests/support/error_of.h"
#include "tests/support/random_wlan.h"

namespace airlock {
namespace {

using testing::ApNames;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::RandomLoads;
using testing::RandomPlan;
using testing::RandomRssi;

const ChannelTable& Table() {
  static const ChannelTable table({36, 40, 44, 48, 52, 56, 60, 64}, 2);
  return table;
}

constexpr ChannelAssignment kOn36{0, 0}, kOn40{1, 0}, kOn44{2, 0}, kOn52{4, 0};

// Three access points that all hear each other.
class ChannelShieldTest : public ::testing::Test {
 protected:
  PlanSituation At(double seconds) {
    return {seconds, in_force_, rssi_, loads_};
  }
  ShieldVerdict Admit(const ShieldLimits& limits, const ChannelPlan& plan) {
    ChannelShield shield(Table(), {}, limits, 3);
    return shield.Admit(At(0), plan);
  }

  ChannelPlan in_force_ = {kOn36, kOn40, kOn44};
  Eigen::MatrixXd rssi_ = Eigen::MatrixXd::Constant(3, 3, -60);
  std::vector<double> loads_ = {0.5, 0.6, 0.7};
};

TEST_F(ChannelShieldTest, WithoutLimitsEveryPlanOfTheTablePasses) {
  const ChannelPlan plan = {kOn52, {2, 1}, kOn36};
  const ShieldVerdict verdict = Admit({}, plan);
  EXPECT_EQ(verdict.plan, plan);
  EXPECT_TRUE(verdict.refused.empty());
}

TEST_F(ChannelShieldTest, WhatTheTableOrTheRadioLacksStaysAsItIs) {
  ShieldLimits limits;
  limits.most_bonding = {0, 1, 1};
  const ShieldVerdict verdict =
      Admit(limits, {{2, 1}, {99, 0}, {6, 1}});  // radio; table; good
  EXPECT_EQ(verdict.plan, (ChannelPlan{kOn36, kOn40, {6, 1}}));
  ASSERT_EQ(verdict.refused.size(), 2u);
  EXPECT_EQ(verdict.refused[0].rule, ShieldRule::kTable);
  EXPECT_EQ(verdict.refused[1].rule, ShieldRule::kTable);
}

TEST_F(ChannelShieldTest, ARadarBarsItsChannelForHalfAnHour) {
  ShieldLimits limits;
  limits.radars = {{1000, 52}};
  ChannelShield shield(Table(), {}, limits, 3);
  const auto goes = [&](double seconds, ChannelAssignment to) {
    ShieldVerdict verdict = shield.Admit(At(seconds), {to, kOn40, kOn44});
    return verdict.plan[0] == to;
  };
  EXPECT_TRUE(goes(999, kOn52));
  EXPECT_FALSE(goes(1000, kOn52));
  EXPECT_FALSE(goes(1001, {5, 1}));  // 56 bonded with 52
  EXPECT_FALSE(goes(2799, kOn52));
  EXPECT_TRUE(goes(2800, kOn52));
  EXPECT_EQ(shield.refused()[static_cast<int>(ShieldRule::kRadar)], 3);
}

TEST_F(ChannelShieldTest, WhoIsOnARadarsChannelLeavesIt) {
  ShieldLimits limits;
  limits.radars = {{0, 52}, {0, 36}};
  limits.dwell_seconds = 3600;
  limits.changes_an_hour = 1;
  in_force_ = {kOn52, {5, 1}, kOn44};
  ChannelShield shield(Table(), {}, limits, 3);
  // The first says where it goes, the second stays: it is placed where it
  // hears nobody. Both changes are due; the third has no room left.
  const ShieldVerdict verdict = shield.Admit(At(0), {kOn40, {5, 1}, kOn36});
  EXPECT_EQ(verdict.plan[0], kOn40);
  EXPECT_EQ(verdict.rescued, std::vector<int>{1});
  const SlotRange taken = Table().Slots(verdict.plan[1]);
  for (const ChannelAssignment other : {kOn40, kOn44, kOn36, kOn52}) {
    EXPECT_FALSE(Meet(taken, Table().Slots(other)));
  }
  EXPECT_EQ(verdict.plan[2], kOn44);
  // They had to leave: the next radar moves them again, whatever the dwell.
  in_force_ = verdict.plan;
  shield.NoteRadar({10, 40});
  EXPECT_NE(shield.Admit(At(10), in_force_).plan[0], kOn40);
}

TEST_F(ChannelShieldTest, WhoChangedStaysForTheDwellTime) {
  ShieldLimits limits;
  limits.dwell_seconds = 1200;
  ChannelShield shield(Table(), {}, limits, 3);
  in_force_ = shield.Admit(At(0), {kOn52, kOn40, kOn44}).plan;
  EXPECT_EQ(in_force_[0], kOn52);  // the first change waits for nothing
  EXPECT_EQ(shield.Admit(At(1199), {kOn36, kOn40, kOn44}).plan[0], kOn52);
  EXPECT_EQ(shield.Admit(At(1200), {kOn36, kOn40, kOn44}).plan[0], kOn36);
  EXPECT_EQ(shield.refused()[static_cast<int>(ShieldRule::kDwell)], 1);
}

TEST_F(ChannelShieldTest, AChangeBySomebodyElseCountsToo) {
  ShieldLimits limits;
  limits.dwell_seconds = 1200;
  ChannelShield shield(Table(), {}, limits, 3);
  shield.Admit(At(0), in_force_);
  in_force_[0] = kOn52;  // by hand
  EXPECT_EQ(shield.Admit(At(600), {kOn36, kOn40, kOn44}).plan[0], kOn52);
}

TEST_F(ChannelShieldTest, OfTooManyChangesTheMostUsefulAreMade) {
  ShieldLimits limits;
  limits.changes_an_hour = 2;
  in_force_ = {kOn36, kOn36, kOn36};
  ChannelShield shield(Table(), {}, limits, 3);
  // Alone afterwards: busy 1.8 before, their own load after; the last gains
  // least.
  EXPECT_EQ(shield.Admit(At(0), {kOn40, kOn44, kOn52}).plan,
            (ChannelPlan{kOn40, kOn44, kOn36}));
  in_force_ = {kOn40, kOn44, kOn36};
  EXPECT_EQ(shield.Admit(At(3599), {kOn40, kOn44, kOn52}).plan, in_force_);
  EXPECT_EQ(shield.Admit(At(3600), {kOn40, kOn44, kOn52}).plan[2], kOn52);
}

TEST_F(ChannelShieldTest, NobodyIsBroughtBelowTheFloor) {
  ShieldLimits limits;
  limits.served_floor = 0.9;
  // 0.5 + 0.6 > 1: on one channel both would get 1 / 1.1 = 0.909 of their
  // need; 0.6 + 0.7: 0.769.
  EXPECT_EQ(Admit(limits, {kOn40, kOn40, kOn44}).plan[0], kOn40);
  const ShieldVerdict verdict = Admit(limits, {kOn36, kOn44, kOn44});
  EXPECT_EQ(verdict.plan, in_force_);
  ASSERT_EQ(verdict.refused.size(), 1u);
  EXPECT_EQ(verdict.refused[0].rule, ShieldRule::kFloor);
  // Who is below already may not get worse, but need not get well.
  in_force_ = {kOn36, kOn36, kOn36};  // all get 1 / 1.8
  EXPECT_EQ(Admit(limits, {kOn40, kOn36, kOn36}).plan[0], kOn40);
}

TEST_F(ChannelShieldTest, MasksSayWhatSingleRulesAllow) {
  ShieldLimits limits;
  limits.dwell_seconds = 600;
  limits.radars = {{0, 52}, {0, 44}};
  limits.most_bonding = {0, 1, 1};
  ChannelShield shield(Table(), {}, limits, 3);
  in_force_ = {kOn36, kOn40, {6, 0}};
  in_force_ = shield.Admit(At(0), {kOn36, kOn36, {6, 0}}).plan;
  in_force_[2] = kOn44;  // onto a radar's channel, by somebody else
  const std::vector<uint8_t> allowed = shield.Allowed(At(1));
  const auto& all = Table().assignments();
  for (size_t x = 0; x < all.size(); ++x) {
    const bool barred = Meet(Table().Slots(all[x]), {4, 1}) ||
                        Meet(Table().Slots(all[x]), {2, 1});
    EXPECT_EQ(allowed[x], !barred && all[x].bonding == 0) << x;
    EXPECT_EQ(allowed[all.size() + x], all[x] == kOn36) << x;
    EXPECT_EQ(allowed[2 * all.size() + x], !barred) << x;
  }
}

TEST(ShieldLimitsTest, WhatNoPlanCouldMeetIsSaidBefore) {
  const auto error = [](auto change) {
    ShieldLimits limits;
    change(&limits);
    return ErrorOf([&] { ChannelShield(Table(), {}, limits, 3); });
  };
  EXPECT_EQ(error([](ShieldLimits* l) {
              for (int k = 0; k < 8; ++k) {
                l->radars.push_back({100.0 * k, Table().Number(k)});
              }
            }),
            "shield: no plan is allowed at 700 s of the run: radars bar all 8 "
            "channels of 20 MHz then");
  EXPECT_THAT(error([](ShieldLimits* l) { l->changes_an_hour = 0; }),
              HasSubstr("0 changes an hour allow none at all"));
  EXPECT_THAT(error([](ShieldLimits* l) { l->served_floor = 1.5; }),
              HasSubstr("allowed 0 to 1"));
  EXPECT_THAT(error([](ShieldLimits* l) { l->dwell_seconds = NAN; }),
              HasSubstr("a dwell time of nan s"));
  EXPECT_THAT(error([](ShieldLimits* l) { l->most_bonding = {1}; }),
              HasSubstr("radios of 1 access points where there are 3"));
  // Radars that come one after the other leave room.
  ShieldLimits apart;
  for (int k = 0; k < 8; ++k) {
    apart.radars.push_back({300.0 * k, Table().Number(k)});
  }
  EXPECT_NO_THROW(ChannelShield(Table(), {}, apart, 3));
}

// --- The audit --------------------------------------------------------------

TEST(PlanAuditTest, FindsWhatBreaksEachRule) {
  const Eigen::MatrixXd rssi = Eigen::MatrixXd::Constant(3, 3, -60);
  const std::vector<double> loads = {0.5, 0.6, 0.7};
  const ChannelPlan before = {kOn36, kOn40, kOn44};
  ShieldLimits limits;
  limits.dwell_seconds = 1000;
  limits.changes_an_hour = 2;
  limits.served_floor = 0.9;
  limits.radars = {{0, 60}};
  limits.most_bonding = {1, 1, 0};
  PlanAudit audit(Table(), {}, limits, 3);
  const auto judge = [&](double seconds, const ChannelPlan& plan) {
    return audit.Judge({seconds, before, rssi, loads}, plan);
  };
  EXPECT_TRUE(judge(0, before).empty());
  EXPECT_THAT(judge(1, {kOn36, kOn40, {2, 1}})[0], HasSubstr("table: access"));
  EXPECT_THAT(judge(500, {kOn36, {6, 0}, kOn44})[0], HasSubstr("radar"));
  EXPECT_THAT(
      judge(10000, {kOn36, kOn44, kOn44}),
      ::testing::ElementsAre(HasSubstr("access point 1 served 0.7692"),
                             HasSubstr("access point 2 served 0.7692")));
  EXPECT_TRUE(judge(20000, {kOn52, kOn40, kOn44}).empty());
  EXPECT_THAT(judge(20600, {{5, 0}, kOn40, kOn44})[0],
              HasSubstr("dwell: access point 0 changed 600 s before"));
  EXPECT_THAT(judge(21700, {kOn52, kOn40, kOn44})[0],
              HasSubstr("changes: 3 changes within an hour"));
  EXPECT_EQ(audit.plans(), 7);
  EXPECT_EQ(audit.unsafe_plans(), 5);
}

TEST(PlanAuditTest, TheBoundIsClopperPearsons) {
  // 1 - 0.05^(1/2995) = 0.00099975; of two in a hundred by R's
  // binom.test(2, 100, alternative = "less"): 0.06162.
  EXPECT_NEAR(UnsafeShareBound(0, 2995), 1 - std::pow(0.05, 1.0 / 2995), 1e-12);
  EXPECT_NEAR(UnsafeShareBound(2, 100), 0.0616, 1e-4);
  EXPECT_EQ(UnsafeShareBound(0, 0), 1);
  EXPECT_EQ(UnsafeShareText(0, 2995),
            "0 of 2995 plans unsafe; at most 0.1 % (95 %)");
}

// --- Both, on whatever planners propose --------------------------------------

struct Course {
  const char* name;
  OccupancyLaw law;
  double softness_db;
};

class ShieldCourseTest : public ::testing::TestWithParam<Course> {};

ShieldLimits HardLimits() {
  ShieldLimits limits;
  limits.dwell_seconds = 1800;
  limits.changes_an_hour = 9;
  limits.served_floor = 0.8;
  for (int k = 0; k < 40; ++k) {
    limits.radars.push_back({1000.0 * k, 52 + 4 * (k % 4)});
  }
  limits.most_bonding.assign(12, 1);
  limits.most_bonding[3] = 0;
  return limits;
}

// Proposes anything, also what no table has.
class WildPlanner : public ChannelPlanner {
 public:
  explicit WildPlanner(const PlannerSetup& setup) : setup_(setup) {}
  ChannelPlan Decide(const PlannerView& view) override {
    ChannelPlan plan = RandomPlan(setup_.table, view.size(), &setup_.rng);
    if (setup_.rng.Uniform() < 0.2) plan[0] = {1000, 0};
    for (auto& one : plan) {
      if (setup_.rng.Uniform() < 0.3) one = view.plan[&one - plan.data()];
    }
    return plan;
  }

 private:
  PlannerSetup setup_;
};

TEST_P(ShieldCourseTest, NoPlanIsUnsafe) {
  PlannerSetup setup{Table(), {}, RngTree(1).Stream("t", Replication(0)), 600};
  setup.choices.law = GetParam().law;
  setup.choices.softness_db = GetParam().softness_db;
  RngStream rng = RngTree(2).Stream("t", Replication(0));
  for (const char* name : {"wild", "turboca", "greedy", "colouring"}) {
    auto inner = std::string(name) == "wild"
                     ? std::make_unique<WildPlanner>(setup)
                     : FindPlanner(name).create(setup);
    ShieldedPlanner planner(std::move(inner), setup, HardLimits());
    PlannerView view;
    view.access_points = ApNames(12);
    view.noise_dbm.assign(12, -94);
    view.plan.assign(12, {4, 0});
    for (int slot = 0; slot < 150; ++slot) {
      view.rssi_dbm = RandomRssi(12, 0.6, &rng);
      view.slot = slot;
      view.run_seconds = 600 * (slot + 1);
      view.loads = {RandomLoads(12, 1.3, &rng)};
      view.plan = planner.Decide(view);
      ASSERT_NO_THROW(CheckPlan(view.plan, view.access_points, setup.table));
      if (slot % 17 == 5) view.plan[slot % 12] = {1, 0};  // by hand
    }
    EXPECT_EQ(planner.audit()->plans(), 150);
    EXPECT_EQ(planner.audit()->unsafe_plans(), 0) << name;
    if (std::string(name) != "wild") continue;
    // Every rule had something to do.
    for (int rule = 0; rule < kShieldRules; ++rule) {
      EXPECT_GT(planner.shield()->refused()[rule], 0)
          << ToString(static_cast<ShieldRule>(rule));
    }
    EXPECT_GT(planner.shield()->rescued(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Laws, ShieldCourseTest,
    ::testing::Values(Course{"sum", OccupancyLaw::kSum, 0},
                      Course{"soft", OccupancyLaw::kSum, 6},
                      Course{"union", OccupancyLaw::kUnion, 0}),
    [](const auto& info) { return info.param.name; });

TEST(ShieldSearchTest,
     PlannersThatTakeMasksProposeNothingThatSingleRulesForbid) {
  const PlannerSetup setup{
      Table(), {}, RngTree(1).Stream("t", Replication(0)), 600};
  RngStream rng = RngTree(3).Stream("t", Replication(0));
  for (const char* name : {"greedy", "turboca", "dynls"}) {
    ShieldLimits limits = HardLimits();
    limits.changes_an_hour.reset();
    limits.served_floor = 0;
    ShieldedPlanner planner(FindPlanner(name).create(setup), setup, limits);
    PlannerView view;
    view.access_points = ApNames(12);
    view.noise_dbm.assign(12, -94);
    view.plan = RandomPlan(Table(), 12, &rng);
    view.plan[3].bonding = 0;
    view.rssi_dbm = RandomRssi(12, 0.6, &rng);
    int64_t changes = 0;
    for (int slot = 0; slot < 30; ++slot) {
      view.slot = slot;
      view.run_seconds = 600 * (slot + 1);
      view.loads = {RandomLoads(12, 1.3, &rng)};
      const ChannelPlan plan = planner.Decide(view);
      for (int i = 0; i < 12; ++i) changes += plan[i] != view.plan[i];
      view.plan = plan;
    }
    const ShieldCounts& refused = planner.shield()->refused();
    EXPECT_GT(changes, 30) << name;
    EXPECT_EQ(refused[static_cast<int>(ShieldRule::kTable)], 0) << name;
    EXPECT_EQ(refused[static_cast<int>(ShieldRule::kDwell)], 0) << name;
    // Who must leave a radar's channel and sees no use in it is placed.
    EXPECT_EQ(refused[static_cast<int>(ShieldRule::kRadar)],
              planner.shield()->rescued())
        << name;
  }
}

TEST(ShieldSaveTest, GoesOnAlikeAfterLoading) {
  RngStream rng = RngTree(4).Stream("t", Replication(0));
  const Eigen::MatrixXd rssi = RandomRssi(12, 0.6, &rng);
  ChannelShield first(Table(), {}, HardLimits(), 12);
  ChannelShield second(Table(), {}, HardLimits(), 12);
  ChannelPlan plan(12, {4, 0});
  for (int slot = 0; slot < 40; ++slot) {
    const std::vector<double> loads = RandomLoads(12, 1.3, &rng);
    const ChannelPlan proposed = RandomPlan(Table(), 12, &rng);
    const PlanSituation situation{600.0 * slot, plan, rssi, loads};
    const ShieldVerdict verdict = first.Admit(situation, proposed);
    if (slot >= 20) {
      ASSERT_EQ(second.Admit(situation, proposed).plan, verdict.plan);
    }
    plan = verdict.plan;
    if (slot == 19) second.Load(nlohmann::json::parse(first.Save().dump()));
  }
  EXPECT_EQ(first.Save(), second.Save());
  EXPECT_THAT(ErrorOf([&] {
                second.Load({{"changes", 1}});
              }),
              HasSubstr("not a saved state"));
  EXPECT_THAT(
      ErrorOf([&] { second.Load(ChannelShield(Table(), {}, {}, 3).Save()); }),
      HasSubstr("of another network"));
}

}  // namespace
}  // namespace airlock
