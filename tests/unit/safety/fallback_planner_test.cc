#include "agents/baselines/fallback_planner.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/planners/static.h"
#include "sim/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/random_wlan.h"
#include "tests/support/reference_wlan.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Puts everybody where it is told.
class Puppet : public ChannelPlanner {
 public:
  explicit Puppet(const ChannelPlan* plan) : plan_(plan) {}
  ChannelPlan Decide(const PlannerView&) override {
    if (plan_->empty()) throw Error("the network's outputs are no numbers");
    return *plan_;
  }

 private:
  const ChannelPlan* plan_;
};

constexpr ChannelAssignment kOn36{0, 0}, kOn40{1, 0}, kOn44{2, 0};

// Three that hear each other, loads of 0.9 each: alone u+ is 0, two on a
// channel hear 0.9, three 1.8.
class FallbackPlannerTest : public ::testing::Test {
 protected:
  FallbackPlannerTest()
      : setup_{ChannelTable({36, 40, 44, 48}, 1),
               {},
               RngTree(1).Stream("t", Replication(0)),
               600} {
    view_.access_points = testing::ApNames(3);
    view_.rssi_dbm.setConstant(3, 3, -60);
    view_.noise_dbm.assign(3, -94);
    view_.plan = apart_;
    view_.loads = {{0.9, 0.9, 0.9}};
    FallbackLimits limits;
    limits.error_slots = 2;
    limits.recovery_slots = 3;
    planner_ = std::make_unique<FallbackPlanner>(
        std::make_unique<Puppet>(&wanted_),
        std::make_unique<StaticPlanner>(setup_), setup_, limits);
  }

  // Whether the fallback planned.
  bool Step(const ChannelPlan& wanted) {
    wanted_ = wanted;
    ++view_.slot;
    const ChannelPlan plan = planner_->Decide(view_);
    EXPECT_EQ(plan, planner_->falling_back() ? view_.plan : wanted);
    return planner_->falling_back();
  }

  const ChannelPlan apart_ = {kOn36, kOn40, kOn44};
  const ChannelPlan other_ = {kOn40, kOn36, kOn44};
  const ChannelPlan crowded_ = {kOn36, kOn36, kOn36};
  const PlannerSetup setup_;
  ChannelPlan wanted_;
  PlannerView view_;
  std::unique_ptr<FallbackPlanner> planner_;
};

TEST_F(FallbackPlannerTest, TakesOverOnBadEstimatesAndGivesBackSlowly) {
  EXPECT_FALSE(Step(other_));
  EXPECT_TRUE(Step(crowded_));  // 1.8 is beyond 1.5
  EXPECT_TRUE(Step(other_));    // one and two good ones are not enough
  EXPECT_TRUE(Step(other_));
  EXPECT_TRUE(Step(crowded_));  // begins again
  EXPECT_TRUE(Step(other_));
  EXPECT_TRUE(Step(other_));
  EXPECT_FALSE(Step(other_));
  EXPECT_EQ(planner_->hand_overs(), 1);
  EXPECT_EQ(planner_->fallback_slots(), 6);
  EXPECT_EQ(planner_->causes()[static_cast<int>(FallbackCause::kOutOfRange)],
            2);
}

TEST_F(FallbackPlannerTest, TakesOverWhereThePlannerFails) {
  EXPECT_TRUE(Step({}));
  EXPECT_TRUE(Step({{9, 0}, kOn36, kOn36}));  // not in the table
  EXPECT_EQ(planner_->causes()[static_cast<int>(FallbackCause::kFailed)], 2);
}

TEST_F(FallbackPlannerTest, TakesOverWhereEstimatesAreNoNumbers) {
  // Finite each, but their sum is not.
  view_.loads = {{1e308, 1e308, 1e308}};
  EXPECT_TRUE(Step(crowded_));
  EXPECT_EQ(planner_->causes()[static_cast<int>(FallbackCause::kNotANumber)],
            1);
}

TEST_F(FallbackPlannerTest, TakesOverWhereMeasurementsSayOtherwise) {
  EXPECT_FALSE(Step(apart_));  // expects 0.9 each
  view_.busy = {0.9, 0.8, std::nan("")};
  EXPECT_FALSE(Step(apart_));
  view_.busy = {0.4, 0.5, 0.4};  // 0.47 off on average
  EXPECT_FALSE(Step(apart_));    // once
  EXPECT_TRUE(Step(apart_));     // twice
  view_.busy = {0.9, 0.9, 0.9};
  EXPECT_TRUE(Step(apart_));
  view_.busy.clear();  // says nothing
  EXPECT_TRUE(Step(apart_));
  EXPECT_FALSE(Step(apart_));
  std::map<std::string, double> metrics;
  for (const Metric& metric : planner_->Metrics()) {
    metrics[metric.name] = metric.value;
  }
  EXPECT_EQ(metrics.at("fallback.error"), 1);
  EXPECT_EQ(metrics.at("fallback.hand_overs"), 1);
  // (0.05 + 0.4667 + 0.4667 + 0) / 4
  EXPECT_NEAR(metrics.at("fallback.mean_error"), 0.245833, 1e-6);
}

TEST_F(FallbackPlannerTest, SaysWhoPlannedAndWhy) {
  using By = ChoiceOrigin::By;
  Step(other_);
  EXPECT_EQ(planner_->OriginOf(0).by, By::kPlanner);
  Step(crowded_);
  EXPECT_EQ(planner_->OriginOf(1).by, By::kFallback);
  EXPECT_EQ(planner_->OriginOf(1).reason,
            "out_of_range: a utilisation of 1.80 estimated for 'ap0', 1.5 at "
            "most");
  Step(other_);
  EXPECT_THAT(planner_->OriginOf(0).reason,
              HasSubstr("1 of 3 good slots since out_of_range"));
  Step({});
  EXPECT_EQ(planner_->OriginOf(0).reason,
            "failed: the network's outputs are no numbers");
}

TEST_F(FallbackPlannerTest, DoubtsOfOthersHandOverWhileThereAreAny) {
  std::string doubt = "stale-input: no sample for 3 s";
  wanted_ = other_;
  FallbackPlanner planner(std::make_unique<Puppet>(&wanted_),
                          std::make_unique<StaticPlanner>(setup_), setup_, {},
                          [&] { return doubt; });
  EXPECT_EQ(planner.Decide(view_), view_.plan);
  EXPECT_EQ(planner.OriginOf(0).by, ChoiceOrigin::By::kFallback);
  EXPECT_EQ(planner.OriginOf(0).reason, doubt);
  EXPECT_FALSE(planner.falling_back());
  EXPECT_EQ(planner.fallback_slots(), 0);
  doubt.clear();
  EXPECT_EQ(planner.Decide(view_), other_);
}

TEST(FallbackLimitsTest, AreChecked) {
  const auto error = [](FallbackLimits limits) {
    return ErrorOf([&] { CheckLimits(limits); });
  };
  EXPECT_THAT(error({0, 0.25, 3, 6}), HasSubstr("must be above 0"));
  EXPECT_THAT(error({1, -1, 3, 6}), HasSubstr("an error of -1 at most"));
  EXPECT_THAT(error({1, 1, 0, 6}), HasSubstr("0 wrong slots; at least 1"));
  EXPECT_THAT(error({1, 1, 1, 0}), HasSubstr("0 good slots; at least 1"));
  AirtimeProfile profile;
  EXPECT_EQ(LimitsOf(profile, {}).most_error, 0.25);
  profile.errors = {{"airtime_busy", "1", 0.01, 0.05, 0.11, 0, 0, 0}};
  EXPECT_EQ(LimitsOf(profile, {}).most_error, 0.11);
}

TEST(FallbackAgentTest, AScenarioNamesIt) {
  Scenario scenario = testing::ReferenceWlan();
  scenario.controller.fallback.emplace();
  const auto agent = CreateAgent("turboca", scenario, Replication(0));
  bool found = false;
  for (const Metric& metric : agent->Metrics()) {
    found = found || metric.name == "fallback.hand_overs";
  }
  EXPECT_TRUE(found);
  scenario.controller.fallback->planner = "oracle";
  EXPECT_THAT(
      ErrorOf([&] { CreateAgent("turboca", scenario, Replication(0)); }),
      HasSubstr("wants to know the loads to come"));
  scenario.controller.fallback->planner = "legacy";
  EXPECT_THAT(
      ErrorOf([&] { CreateAgent("turboca", scenario, Replication(0)); }),
      HasSubstr("no such planner: 'legacy'"));
  EXPECT_THAT(
      ErrorOf([&] { CreateAgent("queue-target", scenario, Replication(0)); }),
      HasSubstr("controller.fallback guards channel planners"));
}

}  // namespace
}  // namespace airlock
