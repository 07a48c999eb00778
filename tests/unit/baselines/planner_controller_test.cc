#include "agents/baselines/planner_controller.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <utility>

#include "sim/telemetry/wlan_columns.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Keeps the last view; plans what it is told.
class RecordingPlanner : public ChannelPlanner {
 public:
  RecordingPlanner(PlannerView* seen, ChannelPlan plan)
      : seen_(seen), plan_(std::move(plan)) {}
  ChannelPlan Decide(const PlannerView& view) override {
    *seen_ = view;
    return plan_.empty() ? view.plan : plan_;
  }

 private:
  PlannerView* seen_;
  ChannelPlan plan_;
};

class PlannerControllerTest : public ::testing::Test {
 protected:
  PlannerController Make(ChannelPlan plan,
                         PlannerController::FutureLoads future = {}) {
    return PlannerController(
        std::make_unique<RecordingPlanner>(&seen_, std::move(plan)), setup_,
        std::move(future));
  }

  // "hall" on 36 at 20 MHz and "lobby" on 44 at 40 MHz; the hall hears the
  // lobby.
  static Observation Both() {
    Observation observation;
    observation.time = Milliseconds(90000000);
    const auto set = [&](const char* ap, const WlanMetric& metric, double v) {
      observation.values[ApColumnName(ap, metric)] = v;
    };
    set("hall", kApChannel, 36);
    set("hall", kApWidth, 20e6);
    set("hall", kApLoad, 0.25);
    set("hall", kApNoise, -94);
    set("lobby", kApChannel, 44);
    set("lobby", kApWidth, 40e6);
    set("lobby", kApLoad, 0.5);
    observation.values[ApRssiColumnName("hall", "lobby")] = -70;
    observation.values[ApRssiColumnName("lobby", "hall")] = kMissing;
    return observation;
  }

  static double MetricOf(const PlannerController& controller,
                         const std::string& name) {
    for (const Metric& metric : controller.Metrics()) {
      if (metric.name == "controller." + name) return metric.value;
    }
    ADD_FAILURE() << name;
    return 0;
  }

  const PlannerSetup setup_{
      ChannelTable({36, 40, 44, 48}, 2), {}, RngStream(1), 600, 7 * 3600};
  PlannerView seen_;
};

TEST_F(PlannerControllerTest, ReadsWhatAccessPointsReport) {
  PlannerController controller = Make({});
  EXPECT_TRUE(controller.Decide(Both()).settings.empty());
  EXPECT_EQ(seen_.access_points, (std::vector<std::string>{"hall", "lobby"}));
  EXPECT_EQ(seen_.plan, (ChannelPlan{{0, 0}, {2, 1}}));
  EXPECT_EQ(seen_.loads_now(), (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(seen_.rssi_dbm(0, 1), -70);
  EXPECT_TRUE(std::isnan(seen_.rssi_dbm(1, 0)));
  EXPECT_EQ(seen_.noise_dbm[0], -94);
  EXPECT_TRUE(std::isnan(seen_.noise_dbm[1]));
  EXPECT_EQ(seen_.seconds_of_day, 8 * 3600);
  EXPECT_EQ(seen_.slot, 0);
  EXPECT_FALSE(seen_.known_loads);
  EXPECT_EQ(MetricOf(controller, "unheard_pairs"), 1);
  controller.Decide(Both());
  EXPECT_EQ(seen_.slot, 1);
  EXPECT_EQ(seen_.loads.size(), 2u);
  EXPECT_EQ(MetricOf(controller, "unheard_pairs"), 2);
}

TEST_F(PlannerControllerTest, AsksForWhatChanges) {
  PlannerController controller = Make({{0, 0}, {1, 0}});
  EXPECT_EQ(controller.Decide(Both()).settings,
            (std::map<std::string, double>{{ChannelSettingName("lobby"), 40},
                                           {WidthSettingName("lobby"), 20e6}}));
}

TEST_F(PlannerControllerTest, MakesGoodForWhatIsMissingAndCountsIt) {
  PlannerController controller = Make({});
  controller.Decide(Both());
  Observation later = Both();
  later.values[ApColumnName("hall", kApLoad)] = kMissing;
  later.values[ApColumnName("lobby", kApLoad)] = -0.125;
  later.values[ApColumnName("hall", kApChannel)] = kMissing;
  later.values[ApColumnName("lobby", kApChannel)] = 44.7;
  later.values.erase(ApRssiColumnName("hall", "lobby"));
  controller.Decide(later);
  EXPECT_EQ(seen_.loads_now(), (std::vector<double>{0.25, 0}));
  EXPECT_EQ(seen_.plan, (ChannelPlan{{0, 0}, {2, 1}}));
  EXPECT_EQ(MetricOf(controller, "missing_loads"), 1);
  EXPECT_EQ(MetricOf(controller, "negative_loads"), 1);
  EXPECT_EQ(MetricOf(controller, "unreadable_plans"), 2);
  EXPECT_EQ(MetricOf(controller, "unheard_pairs"), 1 + 2);
}

TEST_F(PlannerControllerTest, WhoHasNeverReportedALoadIsNotIdle) {
  PlannerController controller = Make({});
  Observation observation = Both();
  observation.values[ApColumnName("hall", kApLoad)] = kMissing;
  controller.Decide(observation);
  EXPECT_EQ(seen_.loads_now(), (std::vector<double>{0.5, 0.5}));
  observation.values[ApColumnName("lobby", kApLoad)] = 0.75;
  controller.Decide(observation);
  EXPECT_EQ(seen_.loads_now(), (std::vector<double>{0.75, 0.75}));
  PlannerController nobody = Make({});
  observation.values[ApColumnName("lobby", kApLoad)] = kMissing;
  nobody.Decide(observation);
  EXPECT_EQ(seen_.loads_now(), (std::vector<double>{0, 0}));
  EXPECT_EQ(MetricOf(nobody, "missing_loads"), 2);
}

TEST_F(PlannerControllerTest, WaitsUntilEveryAssignmentHasBeenSeen) {
  PlannerController controller = Make({{0, 0}, {0, 0}});
  Observation first = Both();
  first.values[ApColumnName("hall", kApChannel)] = kMissing;
  EXPECT_TRUE(controller.Decide(first).settings.empty());
  EXPECT_EQ(controller.Decide(Both()).settings.size(), 2u);
}

TEST_F(PlannerControllerTest, KeepsSevenDaysOfLoads) {
  PlannerController controller = Make({});
  for (size_t slot = 0; slot < PlannerView::kHistorySlots + 10; ++slot) {
    Observation observation = Both();
    observation.values[ApColumnName("hall", kApLoad)] =
        static_cast<double>(slot);
    controller.Decide(observation);
  }
  EXPECT_EQ(seen_.loads.size(), 1008u);
  EXPECT_EQ(seen_.loads.front()[0], 10);
}

TEST_F(PlannerControllerTest, IsToldTheFutureWhereItIsKnown) {
  PlannerController controller = Make({}, [](SimTime time) {
    return std::map<std::string, double>{{"lobby", Seconds(time)},
                                         {"hall", 0.75}};
  });
  controller.Decide(Both());
  ASSERT_TRUE(seen_.known_loads);
  EXPECT_EQ(*seen_.known_loads, (std::vector<double>{0.75, 90000}));
}

TEST_F(PlannerControllerTest, WrongInput) {
  PlannerController nothing = Make({});
  EXPECT_THAT(ErrorOf([&] { nothing.Decide({}); }),
              HasSubstr("a channel planner needs access points, and nothing "
                        "here reports"));
  PlannerController forbidden = Make({});
  Observation observation = Both();
  observation.values[ApColumnName("lobby", kApChannel)] = 100;
  EXPECT_THAT(ErrorOf([&] { forbidden.Decide(observation); }),
              HasSubstr("access point 'lobby' is on a channel that its planner "
                        "may not use: "));
  PlannerController wrong = Make({{0, 0}});
  EXPECT_EQ(ErrorOf([&] { wrong.Decide(Both()); }),
            "a plan of 1 access points where there are 2");
}

}  // namespace
}  // namespace airlock
