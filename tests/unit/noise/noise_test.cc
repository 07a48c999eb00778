#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "agents/env/cart_pole.h"
#include "agents/env/channel_env.h"
#include "agents/env/vector_env.h"
#include "agents/noise/domain_draw.h"
#include "agents/noise/noisy_env.h"
#include "agents/noise/noisy_planner.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"
#include "tests/support/random_wlan.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using testing::ErrorOf;
using ::testing::HasSubstr;

// --- Names and levels -------------------------------------------------------

TEST(NoiseOptionsTest, NamesAndLevels) {
  const NoiseOptions options =
      ParseNoise({"rssi_noise_db=4", "delay=2", "dropout=0.25"}, 9);
  EXPECT_EQ(options.rssi_noise_db, 4);
  EXPECT_EQ(options.delay, 2);
  EXPECT_EQ(options.dropout, 0.25);
  EXPECT_EQ(options.seed, 9u);
  EXPECT_THAT(
      NoiseItems(options),
      ::testing::ElementsAre("rssi_noise_db=4", "dropout=0.25", "delay=2"));
  const auto error = [](const std::string& item) {
    return ErrorOf([&] { ParseNoise({"delay=1", item}, 1); });
  };
  EXPECT_THAT(error("rssi=4"),
              HasSubstr("no such noise: 'rssi'; known kinds: rssi_bias_db, "));
  EXPECT_THAT(error("dropout=1.5"), HasSubstr("allowed 0 to 1"));
  EXPECT_THAT(error("action_delay=1.5"), HasSubstr("whole numbers from 0"));
  EXPECT_THAT(error("dropout"), HasSubstr("'' is no level"));
  EXPECT_THAT(error("dropout=1x"), HasSubstr("'1x' is no level"));
  EXPECT_THAT(error("dropout=nan"), HasSubstr("allowed 0 to 1"));
  EXPECT_THAT(error("delay=3"), HasSubstr("twice"));
}

// --- Planners ---------------------------------------------------------------

// Keeps what it saw; moves everybody one channel on.
class Recorder : public ChannelPlanner {
 public:
  explicit Recorder(std::vector<PlannerView>* seen) : seen_(seen) {}
  ChannelPlan Decide(const PlannerView& view) override {
    seen_->push_back(view);
    ChannelPlan plan(view.plan.size());
    for (auto& one : plan) one.channel = static_cast<int>(seen_->size()) % 4;
    return plan;
  }

 private:
  std::vector<PlannerView>* seen_;
};

constexpr int kAps = 20;

struct Course {
  std::vector<PlannerView> seen;
  std::vector<ChannelPlan> plans;
};

// 60 decisions of RSSI -70 dBm and loads that grow by 0.01 a slot.
Course RunPlanner(const std::vector<std::string>& items, uint64_t seed = 1) {
  Course course;
  NoisyPlanner planner(std::make_unique<Recorder>(&course.seen),
                       ParseNoise(items, seed), Replication(0));
  PlannerView view;
  view.access_points = testing::ApNames(kAps);
  view.rssi_dbm.setConstant(kAps, kAps, -70);
  view.noise_dbm.assign(kAps, -94);
  view.plan.assign(kAps, {});
  for (int slot = 0; slot < 60; ++slot) {
    view.loads.push_back(std::vector<double>(kAps, 0.01 * slot + 0.2));
    view.plan = planner.Decide(view);
    course.plans.push_back(view.plan);
  }
  return course;
}

std::vector<double> Rssi(const Course& course) {
  std::vector<double> values;
  for (const PlannerView& view : course.seen) {
    for (int i = 0; i < kAps; ++i) {
      for (int j = 0; j < kAps; ++j) {
        if (i != j) values.push_back(view.rssi_dbm(i, j));
      }
    }
  }
  return values;
}

// Mean and standard deviation, without what is missing.
std::pair<double, double> Moments(const std::vector<double>& values) {
  double n = 0, sum = 0, squares = 0;
  for (const double x : values) {
    if (std::isnan(x)) continue;
    ++n;
    sum += x;
    squares += x * x;
  }
  return {sum / n, std::sqrt(squares / n - sum * sum / n / n)};
}

TEST(NoisyPlannerTest, WithoutNoiseNothingIsDifferent) {
  const Course course = RunPlanner({});
  ASSERT_EQ(course.seen.size(), 60u);
  for (const double value : Rssi(course)) ASSERT_EQ(value, -70);
  EXPECT_EQ(course.seen[59].loads.size(), 60u);
  EXPECT_EQ(course.seen[59].loads[7][3], 0.01 * 7 + 0.2);
  EXPECT_FALSE(course.seen[59].known_loads);
  EXPECT_EQ(course.plans[5][0].channel, 6 % 4);
}

TEST(NoisyPlannerTest, MeasuredValuesHaveTheirErrors) {
  const Course course = RunPlanner({"rssi_bias_db=-3", "rssi_noise_db=2",
                                    "counter_noise=0.1", "forecast_error=0.2"});
  const auto [mean, sd] = Moments(Rssi(course));  // of 22800
  EXPECT_NEAR(mean, -73, 4 * 2 / std::sqrt(22800));
  EXPECT_NEAR(sd, 2, 4 * 2 / std::sqrt(2 * 22800));
  std::vector<double> ratios, errors;
  for (size_t k = 0; k < 60; ++k) {
    for (int i = 0; i < kAps; ++i) {
      const double seen = course.seen[k].loads_now()[i];
      ratios.push_back(seen / (0.01 * static_cast<double>(k) + 0.2));
      errors.push_back((*course.seen[k].known_loads)[i] / seen);
    }
  }
  EXPECT_NEAR(Moments(ratios).first, 1, 4 * 0.1 / std::sqrt(1200));
  EXPECT_NEAR(Moments(ratios).second, 0.1, 4 * 0.1 / std::sqrt(2400));
  EXPECT_NEAR(Moments(errors).second, 0.2, 4 * 0.2 / std::sqrt(2400));
}

TEST(NoisyPlannerTest, ValuesAreLostOldOrLate) {
  const auto missing = [](const Course& course) {
    const std::vector<double> all = Rssi(course);
    return static_cast<double>(std::count_if(all.begin(), all.end(),
                                             [](double x) { return x != x; })) /
           static_cast<double>(all.size());
  };
  EXPECT_NEAR(missing(RunPlanner({"missing_neighbours=0.3"})), 0.3, 0.0125);
  EXPECT_NEAR(missing(RunPlanner({"dropout=0.3"})), 0.3, 0.0125);
  EXPECT_NEAR(missing(RunPlanner({"dropout=0.3", "missing_neighbours=0.5"})),
              0.65, 0.0125);
  // Loads that are lost or old are those of before.
  for (const char* item : {"dropout=0.3", "staleness=0.3"}) {
    const Course course = RunPlanner({item});
    int64_t old = 0;
    for (size_t k = 1; k < 60; ++k) {
      for (int i = 0; i < kAps; ++i) {
        const double seen = course.seen[k].loads_now()[i];
        old += seen == course.seen[k - 1].loads_now()[i];
        ASSERT_LE(seen, 0.01 * static_cast<double>(k) + 0.2);
      }
    }
    EXPECT_NEAR(static_cast<double>(old) / 1180, 0.3, 0.055) << item;
  }
  const Course late = RunPlanner({"delay=3"});
  ASSERT_EQ(late.seen.size(), 57u);
  EXPECT_EQ(late.plans[2][0].channel, 0);  // as it was
  EXPECT_EQ(late.plans[3][0].channel, 1);
  EXPECT_EQ(late.seen[10].loads_now()[0], 0.01 * 10 + 0.2);
}

TEST(NoisyPlannerTest, ChoicesFailOrComeLate) {
  const Course late = RunPlanner({"action_delay=2"});
  EXPECT_EQ(late.plans[1][0].channel, 0);
  for (size_t k = 2; k < 60; ++k) {
    EXPECT_EQ(late.plans[k][5].channel, static_cast<int>(k - 1) % 4);
  }
  const Course failing = RunPlanner({"action_failure=0.25"});
  int64_t stayed = 0;
  for (size_t k = 1; k < 60; ++k) {
    for (int i = 0; i < kAps; ++i) {
      stayed += failing.plans[k][i] == failing.plans[k - 1][i];
    }
  }
  EXPECT_NEAR(static_cast<double>(stayed) / 1180, 0.25, 0.051);
}

TEST(NoisyPlannerTest, AnotherKindOrLevelMovesNoDraw) {
  const std::vector<double> one = Rssi(RunPlanner({"rssi_noise_db=1"}));
  const std::vector<double> two = Rssi(RunPlanner(
      {"rssi_noise_db=2", "rssi_bias_db=5", "staleness=0", "delay=0",
       "counter_noise=0.3", "action_failure=0.5", "forecast_error=1"}));
  for (size_t k = 0; k < one.size(); ++k) {
    ASSERT_NEAR((two[k] + 65) / 2, one[k] + 70, 1e-12);
  }
  EXPECT_EQ(one, Rssi(RunPlanner({"rssi_noise_db=1"})));
  EXPECT_NE(one, Rssi(RunPlanner({"rssi_noise_db=1"}, 2)));
  EXPECT_THAT(ErrorOf([] { RunPlanner({"reward_noise=1"}); }),
              HasSubstr("a planner has no reward"));
}

// --- Environments -----------------------------------------------------------

NoiseOptions Noise(const std::vector<std::string>& items) {
  return ParseNoise(items, 4);
}

RngStream Episode(int64_t k) {
  return RngTree(5).Stream("env/0", Replication(k));
}

TEST(NoisyEnvTest, LivesAsWithoutNoiseAndShowsItWithErrors) {
  CartPole bare;
  NoisyEnv noisy(std::make_unique<CartPole>(),
                 Noise({"counter_noise=0.5", "reward_noise=2"}));
  bare.Reset(Episode(0));
  noisy.Reset(Episode(0));
  std::vector<double> ratios, rewards;
  for (int k = 0; k < 2000; ++k) {
    double x[4], seen[4];
    bare.Observe(x);
    noisy.Observe(seen);
    for (int f = 0; f < 4; ++f) ratios.push_back(seen[f] / x[f]);
    const double action = x[2] + x[3] > 0 ? 1 : 0;
    const Env::Outcome truth = bare.Step(&action, nullptr);
    const Env::Outcome outcome = noisy.Step(&action, nullptr);
    rewards.push_back(outcome.reward);
    ASSERT_EQ(outcome.terminated, truth.terminated);
    if (truth.terminated) {
      bare.Reset(Episode(k + 1));
      noisy.Reset(Episode(k + 1));
    }
  }
  EXPECT_NEAR(Moments(ratios).first, 1, 4 * 0.5 / std::sqrt(8000));
  EXPECT_NEAR(Moments(ratios).second, 0.5, 4 * 0.5 / std::sqrt(16000));
  EXPECT_NEAR(Moments(rewards).first, 1, 4 * 2 / std::sqrt(2000));
  EXPECT_NEAR(Moments(rewards).second, 2, 4 * 2 / std::sqrt(4000));
}

TEST(NoisyEnvTest, ObservationsAndActionsComeLate) {
  NoisyEnv env(std::make_unique<CountingEnv>(), Noise({"delay=2"}));
  CountingEnv bare;
  env.Reset(Episode(3));
  bare.Reset(Episode(3));
  std::vector<double> truth;
  for (int k = 0; k < 4; ++k) {
    double place = 0, seen = 0, cost = 0;
    bare.Observe(&place);
    env.Observe(&seen);
    truth.push_back(place);
    EXPECT_EQ(seen, truth[std::max(0, k - 2)]);
    const double action[] = {2, 0};
    bare.Step(action, &cost);
    env.Step(action, &cost);
  }
  // A late action: at first the first choices.
  NoisyEnv slow(std::make_unique<CountingEnv>(), Noise({"action_delay=1"}));
  slow.Reset(Episode(3));
  double cost = 0;
  const double two[] = {2, 0}, one[] = {1, 0};
  EXPECT_EQ(slow.Step(two, &cost).reward, 0);
  EXPECT_EQ(slow.Step(one, &cost).reward, 2);
  EXPECT_EQ(slow.Step(one, &cost).reward, 1);
}

TEST(NoisyEnvTest, FailedChoicesAreTheOnesBeforeAndKeepToTheMask) {
  NoisyEnv env(std::make_unique<CountingEnv>(),
               Noise({"action_failure=0.5", "action_delay=1"}));
  RngStream rng = RngTree(6).Stream("t", Replication(0));
  for (int k = 0; k < 200; ++k) {
    env.Reset(Episode(k));
    bool ended = false;
    for (int step = 0; step < 12 && !ended; ++step) {
      const double action[] = {1, static_cast<double>(rng.UniformInt(2))};
      double cost = 0;
      const Env::Outcome outcome = env.Step(action, &cost);
      EXPECT_TRUE(outcome.reward == 0 || outcome.reward == 1);
      ended = outcome.terminated;
    }
  }
}

TEST(NoisyEnvTest, GoesOnBitByBitAfterLoading) {
  const auto make = [] {
    return std::make_unique<NoisyEnv>(
        std::make_unique<CountingEnv>(),
        Noise({"counter_noise=0.2", "dropout=0.3", "staleness=0.2", "delay=2",
               "action_failure=0.3", "action_delay=3", "reward_noise=0.1"}));
  };
  VectorEnv first(make, 0, 2, 7), second(make, 0, 2, 7);
  RngStream rng = RngTree(9).Stream("t", Replication(0));
  for (int step = 0; step < 60; ++step) {
    std::vector<double> actions;
    for (int k = 0; k < 2; ++k) {
      actions.push_back(static_cast<double>(rng.UniformInt(3)));
      actions.push_back(0);
    }
    const VectorStep& one = first.Step(actions);
    if (step >= 27) {
      const VectorStep& other = second.Step(actions);
      ASSERT_EQ(one.observation, other.observation);
      ASSERT_EQ(one.reward, other.reward);
    }
    if (step == 26) second.Load(nlohmann::json::parse(first.Save().dump()));
  }
  EXPECT_THAT(ErrorOf([] {
                NoisyEnv env(std::make_unique<CountingEnv>(),
                             Noise({"forecast_error=1"}));
              }),
              HasSubstr("counting has no forecast"));
}

TEST(NoisyEnvTest, FailedChoicesOfAChannelManagerLeaveThePlan) {
  ChannelEnvOptions options;
  options.wlan.region = "EU";
  options.wlan.dfs = false;
  options.wlan.load.profile = "volatile";
  for (const char* name : {"a", "b"}) {
    options.wlan.access_points.emplace_back();
    options.wlan.access_points.back().name = name;
    options.wlan.access_points.back().position.x =
        Length(10.0 * static_cast<double>(options.wlan.access_points.size()));
  }
  NoisyEnv env(std::make_unique<ChannelEnv>(options),
               Noise({"action_failure=1", "counter_noise=0.5"}));
  env.Reset(Episode(1));
  const size_t width = env.spec().observation.size();
  int64_t different = 0;
  for (int k = 0; k < 10; ++k) {
    const double action[] = {2, 3};
    double costs[2];
    env.Step(action, costs);
    EXPECT_EQ(costs[1], 0);  // churn
    std::vector<double> seen(width);
    env.Observe(seen.data());
    for (size_t f = 0; f < width; ++f) {
      if (env.spec().observation[f].configured) {
        EXPECT_TRUE(seen[f] == 0 || seen[f] == 1);
      }
    }
    different += seen[3] > 1;  // a served share is at most 1
  }
  EXPECT_GT(different, 0);
}

// --- Domain randomisation
// -----------------------------------------------------

FittedParameter Parameter(const std::string& function, const std::string& key,
                          double value, double low, double high,
                          const std::string& origin = "fitted") {
  FittedParameter parameter;
  parameter.function = function;
  parameter.key = key;
  parameter.value = value;
  parameter.low = low;
  parameter.high = high;
  parameter.origin = origin;
  return parameter;
}

TEST(DomainDrawTest, DrawsHaveThePosteriorsQuantiles) {
  CalibrationProfile profile;
  profile.parameters = {
      Parameter(kWholeWlan, "path_loss_exponent", 3.0, 2.8, 3.6),
      Parameter(kWholeWlan, "shadowing_db", 1, 0.1, 3)};
  RngStream rng = RngTree(8).Stream("t", Replication(0));
  std::vector<double> exponents;
  for (int k = 0; k < 4000; ++k) {
    const WlanConfig drawn = DrawWlan({}, profile, &rng);
    exponents.push_back(drawn.path_loss_exponent);
    ASSERT_GE(drawn.shadowing_db, 0);
  }
  const auto below = [&](double x) {
    return static_cast<double>(
               std::count_if(exponents.begin(), exponents.end(),
                             [x](double drawn) { return drawn < x; })) /
           4000;
  };
  // Four standard errors of a share of 4000.
  EXPECT_NEAR(below(2.8), 0.05, 0.014);
  EXPECT_NEAR(below(3.0), 0.5, 0.032);
  EXPECT_NEAR(below(3.6), 0.95, 0.014);
}

TEST(DomainDrawTest, WhatSharesAFactorIsDrawnTogether) {
  CalibrationProfile profile;
  profile.parameters = {
      Parameter("nat", "service.per_packet", 1000, 900, 1100, "shared"),
      Parameter("dpi", "service.per_packet", 3000, 2700, 3300, "shared"),
      Parameter("dpi", "service.cv", 1, 0.5, 1.5)};
  ChainConfig chain;
  chain.functions.resize(2);
  chain.functions[0].name = "nat";
  chain.functions[1].name = "dpi";
  RngStream rng = RngTree(8).Stream("t", Replication(0));
  double least = 1e9, most = 0;
  for (int k = 0; k < 200; ++k) {
    const ChainConfig drawn = DrawChain(chain, profile, &rng);
    const double nat = drawn.functions[0].service.per_packet_ns;
    ASSERT_NEAR(drawn.functions[1].service.per_packet_ns, 3 * nat, 2);
    least = std::min(least, nat);
    most = std::max(most, nat);
  }
  EXPECT_LT(least, 900);
  EXPECT_GT(most, 1100);
}

TEST(DomainDrawTest, TheAirtimeModelsThresholdAndRate) {
  AirtimeProfile profile;
  profile.threshold = PowerDbm(-82);
  profile.threshold_low = -84;
  profile.threshold_high = -81;
  profile.channel_rate = Mbps(100);
  profile.channel_rate_low = Mbps(100);
  profile.channel_rate_high = Mbps(100);
  RngStream rng = RngTree(8).Stream("t", Replication(0));
  int64_t below = 0;
  for (int k = 0; k < 2000; ++k) {
    const WlanConfig drawn = DrawWlan({}, profile, &rng);
    below += drawn.airtime.threshold.value() < -84;
    ASSERT_EQ(drawn.airtime.channel_rate.value(), Mbps(100).value());
  }
  EXPECT_NEAR(static_cast<double>(below) / 2000, 0.05, 0.02);
}

}  // namespace
}  // namespace airlock
