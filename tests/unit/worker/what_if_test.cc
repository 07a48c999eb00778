#include "twin/worker/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/telemetry/wlan_columns.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(IsWorse, ByAnyOfThreeBeyondTheMargin) {
  const BranchOutcome fallback = {100, 0.010, 0.25};
  EXPECT_FALSE(IsWorse(fallback, fallback, 0));
  EXPECT_FALSE(IsWorse({95, 0.0105, 0.30}, fallback, 0.05));
  EXPECT_TRUE(IsWorse({94.9, 0.010, 0.25}, fallback, 0.05));
  EXPECT_TRUE(IsWorse({200, 0.0106, 0}, fallback, 0.05));
  EXPECT_TRUE(IsWorse({200, 0.001, 0.31}, fallback, 0.05));
}

TEST(IsWorse, WhereNothingIsDeliveredThereIsNoDelay) {
  EXPECT_TRUE(IsWorse({0, kNan, 0}, {0, 0.010, 0}, 0.05));
  EXPECT_FALSE(IsWorse({0, kNan, 0}, {0, kNan, 0}, 0.05));
  EXPECT_FALSE(IsWorse({5, 0.010, 0}, {0, kNan, 0}, 0.05));
}

// One access point with a station that gets as many bit/s as the channel's
// number says, times 100, and a tenth of that in the first second after a
// change.
class Toy : public Simulation {
 public:
  SimTime Now() const override { return now_; }
  void AdvanceTo(SimTime time) override {
    for (; now_ < time; now_ = now_ + Milliseconds(100)) {
      const double share = now_ < changed_ + Milliseconds(1000) ? 0.1 : 1;
      bits_ += 0.1 * share * 100 * channel_;
    }
  }
  Observation Observe() override {
    const double rate = bits_ / Seconds(now_ - observed_);
    observed_ = now_;
    bits_ = 0;
    return {now_,
            {{"delivered_rate", rate},
             {"latency_p95", 1 / rate},
             {"ap.ap1.offered_rate", 5000},
             {"station.ap1.0.delivered_rate", rate}}};
  }
  void Apply(const Action& action) override {
    if (action.settings.empty()) return;
    const double wanted = action.settings.at("ap1.channel");
    if (wanted == 13) throw InputError("no channel 13");
    if (wanted == 14 && getpid() != home_) raise(SIGKILL);
    channel_ = wanted;
    changed_ = now_;
  }
  ReplicationRecord Finish() override { return {}; }

  double channel() const { return channel_; }

 private:
  const pid_t home_ = getpid();
  SimTime now_;
  SimTime observed_;
  SimTime changed_ = Milliseconds(-1000);
  double channel_ = 40;
  double bits_ = 0;
};

Scenario Tried(SimTime horizon) {
  Scenario scenario;
  scenario.run.duration = Milliseconds(60000);
  scenario.controller.what_if.emplace();
  scenario.controller.what_if->horizon = horizon;
  scenario.wlan.emplace();
  AccessPointConfig ap;
  ap.name = "ap1";
  ap.stations = 1;
  scenario.wlan->access_points.push_back(ap);
  return scenario;
}

Action To(double channel) {
  Action action;
  action.settings["ap1.channel"] = channel;
  return action;
}

double MetricOf(const WhatIfShield& shield, const std::string& name) {
  for (const Metric& metric : shield.Metrics()) {
    if (metric.name == "what_if_" + name) return metric.value;
  }
  return -1;
}

TEST(WhatIfShield, VetoesWhatIsWorseAndTakesWhatIsBetter) {
  Toy toy;
  WhatIfShield shield(&toy, Tried(Milliseconds(20000)), Replication(0));
  shield.AdvanceTo(Milliseconds(1000));
  shield.Observe();
  shield.Apply(To(20));
  EXPECT_EQ(toy.channel(), 40);
  shield.Apply(To(100));
  EXPECT_EQ(toy.channel(), 100);
  EXPECT_EQ(toy.Now(), Milliseconds(1000));  // branches leave no trace
  shield.Apply(Action());
  EXPECT_EQ(MetricOf(shield, "tried"), 2);
  EXPECT_EQ(MetricOf(shield, "vetoed"), 1);
  EXPECT_EQ(MetricOf(shield, "audited"), 0);
  EXPECT_EQ(MetricOf(shield, "branches"), 80);
}

// In two seconds the change has not paid: (0.1 + 1) * 44 against 2 * 40. In ten
// it has: (0.1 + 9) * 44 is 400.4 against 400.
TEST(WhatIfShield, AnAuditRegretsWhatWouldHavePaidLater) {
  Scenario scenario = Tried(Milliseconds(2000));
  scenario.controller.what_if->audit = Ratio(1);
  scenario.controller.what_if->audit_horizon = Milliseconds(10000);
  Toy toy;
  WhatIfShield shield(&toy, scenario, Replication(0));
  shield.Apply(To(44));
  shield.Apply(To(43));  // 391.3
  shield.Apply(To(20));
  EXPECT_EQ(toy.channel(), 40);
  EXPECT_EQ(MetricOf(shield, "vetoed"), 3);
  EXPECT_EQ(MetricOf(shield, "audited"), 3);
  EXPECT_EQ(MetricOf(shield, "regretted"), 1);
  EXPECT_EQ(MetricOf(shield, "branches"), 3 * (4 + 20));
}

TEST(WhatIfShield, NoBranchLeavesTheRun) {
  Toy toy;
  WhatIfShield shield(&toy, Tried(Milliseconds(20000)), Replication(0));
  shield.AdvanceTo(Milliseconds(55000));
  shield.Observe();
  shield.Apply(To(100));
  EXPECT_EQ(MetricOf(shield, "branches"), 10);
}

TEST(WhatIfShield, WhatTheNetworkRefusesIsRefused) {
  Toy toy;
  WhatIfShield shield(&toy, Tried(Milliseconds(2000)), Replication(0));
  EXPECT_THAT(ErrorOf([&] { shield.Apply(To(13)); }),
              HasSubstr("no channel 13"));
  EXPECT_EQ(toy.channel(), 40);
}

TEST(WhatIfShield, ABranchThatDiesIsAnError) {
  Toy toy;
  WhatIfShield shield(&toy, Tried(Milliseconds(2000)), Replication(0));
  std::string said;
  try {
    shield.Apply(To(14));
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_THAT(said, HasSubstr("a what-if branch ended without an answer"));
}

TEST(WhatIfShield, WithoutTheKeyEverythingGoesThrough) {
  Scenario scenario = Tried(Milliseconds(2000));
  scenario.controller.what_if.reset();
  Toy toy;
  WhatIfShield shield(&toy, scenario, Replication(0));
  shield.Apply(To(1));
  EXPECT_EQ(toy.channel(), 1);
  EXPECT_TRUE(shield.Metrics().empty());
}

}  // namespace
}  // namespace airlock
