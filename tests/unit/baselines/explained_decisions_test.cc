#include <gmock/gmock.h>

#include <cmath>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/plan_explanation.h"
#include "agents/baselines/planner_scenario.h"
#include "sim/telemetry/wlan_columns.h"
#include "tests/support/random_wlan.h"
#include "tests/support/reference_wlan.h"

// Every decision of a channel planner carries its explanation, and a planner
// that loads what another remembered goes on alike.
namespace airlock {
namespace {

constexpr ChannelAssignment kOn36{0, 0}, kOn40{1, 0};

// Three that hear each other, loads of 0.9, 0.6 and 0.3 on 36, 36 and 40: the
// first hears 0.6, the second 0.9, the third nobody.
class ExplainPlanTest : public ::testing::Test {
 protected:
  ExplainPlanTest()
      : setup_{ChannelTable({36, 40, 44, 48}, 1), {}, RngStream(1), 600} {
    view_.access_points = testing::ApNames(3);
    view_.rssi_dbm.setConstant(3, 3, -60);
    view_.noise_dbm.assign(3, -94);
    view_.plan = {kOn36, kOn36, kOn40};
    view_.loads = {{0.9, 0.6, 0.3}};
    view_.run_seconds = 1200;
  }

  std::vector<ExplainedDecision> Explain(const ChannelPlan& plan) {
    return ExplainPlan(view_, setup_, plan,
                       [this](int ap) { return origins_[ap]; });
  }

  const PlannerSetup setup_;
  PlannerView view_;
  ChoiceOrigin origins_[3];
};

TEST_F(ExplainPlanTest, TellsWhatIsHeardBeforeAndAfter) {
  const auto decisions = Explain({kOn40, kOn36, kOn40});
  ASSERT_EQ(decisions.size(), 1u);
  const ExplainedDecision& one = decisions[0];
  EXPECT_EQ(one.time_seconds, 1200);
  EXPECT_EQ(one.access_point, "ap0");
  EXPECT_EQ(one.channel_before, 36);
  EXPECT_EQ(one.channel_after, 40);
  EXPECT_EQ(one.width_after_hz, 20e6);
  EXPECT_NEAR(one.utilisation_before, 0.6, 1e-12);
  EXPECT_NEAR(one.utilisation_after, 0.3, 1e-12);
  EXPECT_NEAR(one.mean_before, (0.6 + 0.9 + 0) / 3, 1e-12);
  EXPECT_NEAR(one.mean_after, (0.3 + 0 + 0.9) / 3, 1e-12);
  EXPECT_EQ(one.decided_by, "planner");
  EXPECT_EQ(one.reason, "is to hear less of others");
  EXPECT_EQ(ToString(one),
            "ap0: channel 36 -> 40, estimated utilisation 60.0 -> 30.0 %");
}

TEST_F(ExplainPlanTest, ADecisionThatMovesNobodyIsOneLine) {
  origins_[0] = {ChoiceOrigin::By::kFallback, "failed: no numbers"};
  const auto decisions = Explain(view_.plan);
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].access_point, "");
  EXPECT_TRUE(std::isnan(decisions[0].utilisation_before));
  EXPECT_NEAR(decisions[0].mean_after, 0.5, 1e-12);
  EXPECT_EQ(decisions[0].decided_by, "fallback");
  EXPECT_EQ(DecisionCells(decisions[0]),
            "1200,,,,,,,,0.5,0.5,fallback,failed: no numbers");
}

TEST_F(ExplainPlanTest, TellsWhomTheShieldHeld) {
  origins_[1] = {ChoiceOrigin::By::kShield, "rule 'dwell' forbids channel 48"};
  const auto decisions = Explain(view_.plan);
  ASSERT_EQ(decisions.size(), 1u);
  EXPECT_EQ(decisions[0].access_point, "ap1");
  EXPECT_FALSE(decisions[0].moves());
  EXPECT_EQ(decisions[0].decided_by, "shield");
}

TEST(ExplainedDecisionTest, AVetoTakesAMoveBack) {
  ExplainedDecision one{0,   "a",  36,   2e7, 48,        4e7,
                        0.5, 0.25, 0.75, 0.5, "planner", "r"};
  one.TakeBack("what-if", "a trial branch was worse");
  EXPECT_FALSE(one.moves());
  EXPECT_EQ(DecisionCells(one),
            "0,a,36,20000000,36,20000000,0.5,0.5,0.75,0.75,what-if,a trial "
            "branch was worse: channel 48 (40 MHz)");
  const std::string before = DecisionCells(one);
  one.TakeBack("network", "refused");
  EXPECT_EQ(DecisionCells(one), before);
}

// What access points of the reference network would report: loads that come
// and go.
Observation Reported(const Scenario& scenario, int slot,
                     const std::map<std::string, double>& settings) {
  Observation observation;
  observation.time = SimTime(slot * scenario.controller.interval.value());
  const WlanConfig network = NetworkOf(scenario, Replication(0));
  const auto& aps = network.access_points;
  for (size_t i = 0; i < aps.size(); ++i) {
    const auto put = [&](const WlanMetric& metric, double value) {
      observation.values[ApColumnName(aps[i].name, metric)] = value;
    };
    const std::string& name = aps[i].name;
    const auto set = settings.find(ChannelSettingName(name));
    const auto wide = settings.find(WidthSettingName(name));
    put(kApChannel, set == settings.end() ? static_cast<double>(aps[i].channel)
                                          : set->second);
    put(kApWidth, wide == settings.end() ? 2e7 : wide->second);
    put(kApLoad,
        0.3 + 0.2 * std::sin(1.7 * slot + 2.3 * static_cast<double>(i)));
    put(kApBusy, 0.5 + 0.3 * std::cos(slot + static_cast<double>(i)));
    put(kApNoise, slot % 5 == 2 ? -70 : -94);
    for (size_t j = 0; j < aps.size(); ++j) {
      if (i != j) {
        observation.values[ApRssiColumnName(name, aps[j].name)] =
            -50.0 - 3 * static_cast<double>(i + j);
      }
    }
  }
  return observation;
}

class SavedPlannerTest : public ::testing::TestWithParam<const char*> {};

// Of every planner, behind shield and fallback: a second one that takes over
// half way decides as the first would have.
TEST_P(SavedPlannerTest, GoesOnAlike) {
  Scenario scenario = testing::ReferenceWlan();
  scenario.wlan->generated->access_points = 7;
  scenario.wlan->generated->neighbours = 4;
  scenario.controller.interval = FromSeconds(3600);
  scenario.controller.fallback.emplace();
  scenario.controller.fallback->most_error = 0.2;
  scenario.controller.shield.emplace();
  scenario.controller.shield->dwell = FromSeconds(7200);
  const auto whole = CreateAgent(GetParam(), scenario, Replication(0));
  auto half = CreateAgent(GetParam(), scenario, Replication(0));
  std::map<std::string, double> settings;
  for (int slot = 1; slot <= 40; ++slot) {
    if (slot % 13 == 0) {
      const std::string text = half->Save().dump();
      half = CreateAgent(GetParam(), scenario, Replication(0));
      half->Load(nlohmann::json::parse(text));
    }
    const Observation seen = Reported(scenario, slot, settings);
    const Action action = whole->Decide(seen);
    ASSERT_EQ(half->Decide(seen).settings, action.settings) << slot;
    const auto expected = whole->TakeDecisions();
    const auto found = half->TakeDecisions();
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_FALSE(found.empty());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(DecisionCells(found[i]), DecisionCells(expected[i]));
    }
    for (const auto& [name, value] : action.settings) settings[name] = value;
  }
  const auto metrics = whole->Metrics();
  for (size_t m = 0; m < metrics.size(); ++m) {
    const double found = half->Metrics()[m].value;
    EXPECT_TRUE(found == metrics[m].value ||
                (std::isnan(found) && std::isnan(metrics[m].value)))
        << metrics[m].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Planners, SavedPlannerTest,
                         ::testing::Values("static", "legacy-daily",
                                           "daily-ai-7d", "greedy", "colouring",
                                           "turboca", "dynls"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace airlock
