#include "agents/env/channel_env.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agents/env/vector_env.h"
#include "sim/surrogate/airtime_scenario.h"
#include "tests/support/error_of.h"
#include "tests/support/reference_wlan.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Access points in a row of `spacing` metres, on 36 to 48.
ChannelEnvOptions Row(int access_points, double spacing) {
  ChannelEnvOptions options;
  options.wlan = testing::ReferenceNetwork(access_points, 3);
  options.wlan.generated.reset();
  options.wlan.region = "EU";
  options.wlan.shadowing_db = 0;
  options.wlan.power_variation_db = 0;
  options.wlan.traffic.rate_per_station = Mbps(25);
  options.wlan.load.profile = "volatile";
  options.wlan.load.slot = Milliseconds(600 * 1000);
  for (int i = 0; i < access_points; ++i) {
    AccessPointConfig ap;
    ap.name = "ap" + std::to_string(i);
    ap.position.x = Length(spacing * i);
    ap.stations = 4;
    options.wlan.access_points.push_back(ap);
  }
  options.slots = 12;
  return options;
}

std::vector<double> ObservationOf(const Env& env) {
  std::vector<double> observation(env.spec().observation.size());
  env.Observe(observation.data());
  return observation;
}

RngStream Episode(int64_t k) {
  return RngTree(5).Stream("env/0", Replication(k));
}

TEST(ChannelEnvTest, RewardsAndCostsAreThoseOfTheModel) {
  // Two that hear each other and one that hears nobody.
  ChannelEnvOptions options = Row(3, 5);
  options.wlan.access_points[2].position.x = Length(5000);
  ChannelEnv env(options);
  env.Reset(Episode(0));
  const auto& fields = env.spec().observation;
  ASSERT_EQ(fields.size(), 3 * (2 + 2 + 4) + 1u);
  EXPECT_EQ(fields[0].name, "ap0.load.0");
  EXPECT_EQ(fields[5].name, "ap0.on.40x1");
  const std::vector<double> before = ObservationOf(env);
  const double l0 = before[0], l1 = before[8], l2 = before[16];
  EXPECT_EQ(before[2], l1);  // all are on 36 at first
  EXPECT_EQ(before[10], l0);
  EXPECT_EQ(before[18], 0);
  EXPECT_DOUBLE_EQ(before[3], std::min(1.0, 1 / (l0 + l1)));
  EXPECT_EQ(before[4], 1);
  EXPECT_EQ(before[5], 0);
  double costs[2];
  const double action[] = {0, 0, 3};
  const Env::Outcome outcome = env.Step(action, costs);
  const std::vector<double> after = ObservationOf(env);
  const double n0 = after[0], n1 = after[8], n2 = after[16];
  EXPECT_EQ(after[1], l0);
  // R^s of the new loads, R^r of the old one of who moved.
  const double regret = Rho(n1, 1) * n0 + Rho(n0, 1) * n1 + Rho(0, 1) * n2 + l2;
  EXPECT_NEAR(outcome.reward, -regret / 3, 1e-12);
  EXPECT_FALSE(outcome.terminated);
  EXPECT_EQ(costs[0], n0 + n1 > 1 ? 2.0 / 3 : 0);
  EXPECT_EQ(costs[1], 1.0 / 3);
  EXPECT_EQ(after[16 + 4 + 3], 1);
}

TEST(ChannelEnvTest, TheShieldHasTheLastWord) {
  ChannelEnvOptions options = Row(6, 8);
  options.shield.dwell_seconds = 1200;
  options.shield.changes_an_hour = 4;
  options.shield.served_floor = 0.7;
  options.tally = std::make_shared<SharedTally>();
  VectorEnv envs([&] { return std::make_unique<ChannelEnv>(options); }, 0, 3,
                 7);
  RngStream rng = RngTree(9).Stream("t", Replication(0));
  for (int step = 0; step < 200; ++step) {
    std::vector<double> actions;
    for (int k = 0; k < 18; ++k) {
      // Also what the mask forbids.
      actions.push_back(static_cast<double>(rng.UniformInt(4)));
    }
    for (int e = 0; e < 3; ++e) {
      for (int h = 0; h < 6; ++h) {
        int64_t open = 0;
        for (int x = 0; x < 4; ++x) {
          open += envs.now().allowed[24 * e + 4 * h + x];
        }
        ASSERT_TRUE(open == 1 || open == 4);
      }
    }
    envs.Step(actions);
  }
  const SafetyTally tally = options.tally->Read();
  EXPECT_EQ(tally.plans, 600);
  EXPECT_EQ(tally.unsafe_plans, 0);
  EXPECT_GT(tally.refused[static_cast<int>(ShieldRule::kDwell)], 0);
  EXPECT_GT(tally.refused[static_cast<int>(ShieldRule::kChanges)], 0);
  EXPECT_GT(tally.refused[static_cast<int>(ShieldRule::kFloor)], 0);
}

TEST(ChannelEnvTest, GoesOnBitByBitAfterLoading) {
  ChannelEnvOptions options = Row(5, 8);
  options.shield.dwell_seconds = 1200;
  options.shield.changes_an_hour = 4;
  options.shield.radars = {{1500, 36}};
  const auto make = [&] { return std::make_unique<ChannelEnv>(options); };
  VectorEnv first(make, 0, 2, 7), second(make, 0, 2, 7);
  RngStream rng = RngTree(9).Stream("t", Replication(0));
  for (int step = 0; step < 40; ++step) {
    std::vector<double> actions;
    for (int k = 0; k < 10; ++k) {
      actions.push_back(static_cast<double>(rng.UniformInt(4)));
    }
    const VectorStep& one = first.Step(actions);
    if (step >= 17) {
      const VectorStep& other = second.Step(actions);
      ASSERT_EQ(one.observation, other.observation);
      ASSERT_EQ(one.reward, other.reward);
      ASSERT_EQ(one.costs, other.costs);
      ASSERT_EQ(one.allowed, other.allowed);
    }
    if (step == 16) {
      second.Load(nlohmann::json::parse(first.Save().dump()));
    }
  }
  ChannelEnv env(options);
  EXPECT_THAT(ErrorOf([&] {
                env.Load({{"slot", 3}});
              }),
              HasSubstr("not a saved state"));
}

TEST(ChannelEnvTest, EpisodesMayBeOfAnotherNetworkEach) {
  ChannelEnvOptions options = Row(4, 8);
  options.randomise = [](const WlanConfig& wlan, RngStream* rng) {
    WlanConfig drawn = wlan;
    drawn.access_points[3].position.x = Length(rng->Uniform() < 0.5 ? 9 : 9e3);
    return drawn;
  };
  ChannelEnv env(options);
  int64_t heard = 0;
  for (int k = 0; k < 40; ++k) {
    env.Reset(Episode(k));
    heard += ObservationOf(env)[3 * 8 + 2] > 0;
  }
  EXPECT_GT(heard, 8);
  EXPECT_LT(heard, 32);
}

TEST(ChannelEnvTest, BadOptionsSayWhatIsAllowed) {
  const auto error = [](auto change) {
    ChannelEnvOptions options = Row(3, 5);
    change(&options);
    return ErrorOf([&] { ChannelEnv env(options); });
  };
  EXPECT_THAT(error([](ChannelEnvOptions* o) { o->costs = {"chrun"}; }),
              HasSubstr("no such cost: 'chrun'; known costs: below_floor, "
                        "churn"));
  EXPECT_THAT(error([](ChannelEnvOptions* o) { o->served_floor = 2; }),
              HasSubstr("allowed 0 to 1"));
  EXPECT_THAT(error([](ChannelEnvOptions* o) { o->slots = 0; }),
              HasSubstr("0 slots; write 1 or more"));
  EXPECT_THAT(
      error([](ChannelEnvOptions* o) { o->wlan.load.profile = "trace"; }),
      HasSubstr("no agent can be trained on"));
  EXPECT_THAT(error([](ChannelEnvOptions* o) {
                o->wlan.access_points[1].channel = 149;
              }),
              HasSubstr("ap1"));
}

TEST(ReachableTest, LimitsThatNoActionCanKeepAreSaidBefore) {
  // Six that all hear each other on four channels of 20 MHz with constant loads
  // of 1: at best two have a channel alone, four share.
  ChannelEnvOptions options = Row(6, 3);
  options.wlan.load.profile = "constant";
  options.served_floor = 0.9;
  const auto check = [&](double limit) {
    CheckReachable(options, {{"below_floor", limit}, {"churn", 0}});
  };
  // Three or more may crowd onto one channel: at best three are alone, and the
  // other three of six are below in each of 12 slots.
  EXPECT_THAT(ErrorOf([&] { check(5.9); }),
              HasSubstr("no actions can keep the limit of 5.9 for "
                        "'below_floor': even the best plan of every slot costs "
                        "6.000 an episode of 12 slots"));
  EXPECT_NO_THROW(check(6.1));
  EXPECT_THAT(ErrorOf([&] {
                CheckReachable(options, {{"churn", -1}});
              }),
              HasSubstr("costs are not below 0"));
  EXPECT_THAT(ErrorOf([&] {
                CheckReachable(options, {{"regret", 1}});
              }),
              HasSubstr("not among its costs"));
  // Too many plans to try: those that would get too little alone on the air.
  options = Row(9, 3);
  options.wlan.load.profile = "constant";
  options.wlan.traffic.rate_per_station = Mbps(50);  // loads of 2
  EXPECT_THAT(ErrorOf([&] { check(11.9); }), HasSubstr("costs 12.000"));
}

}  // namespace
}  // namespace airlock
