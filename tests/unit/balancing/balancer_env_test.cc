#include "agents/balancing/balancer_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

BalancerEnvOptions Options() {
  BalancerEnvOptions options;
  options.balancer.servers = {{"a", 2, 1, 2, {}}, {"b", 1, 1, 1, {}}};
  options.balancer.requests[0].mean = Milliseconds(100);
  options.balancer.agreement = FlowAgreement{Milliseconds(500), Ratio(0.05)};
  options.balancer.reservoir.slots = 16;
  options.steps = 100;
  return options;
}

struct Episode {
  std::vector<double> rewards;
  std::vector<double> costs;
  std::vector<double> last;  // observation
};

void Steps(BalancerEnv* env, const std::vector<double>& action, int64_t steps,
           Episode* episode) {
  double cost = 0;
  for (int64_t i = 0; i < steps; ++i) {
    episode->rewards.push_back(env->Step(action.data(), &cost).reward);
    episode->costs.push_back(cost);
  }
  episode->last.resize(env->spec().observation.size());
  env->Observe(episode->last.data());
}

Episode RunOf(const BalancerEnvOptions& options, uint64_t seed,
              const std::vector<double>& action) {
  BalancerEnv env(options);
  env.Reset(RngStream(seed));
  Episode episode;
  Steps(&env, action, options.steps, &episode);
  return episode;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(BalancerEnvTest, SaysWhatItIs) {
  const EnvSpec spec = BalancerEnv(Options()).spec();
  EXPECT_EQ(spec.name, "load-balancer");
  EXPECT_EQ(spec.time_limit, 100);
  EXPECT_THAT(spec.costs, ElementsAre("late"));
  ASSERT_EQ(spec.action.fields.size(), 2u);
  EXPECT_EQ(spec.action.fields[1].name, "server.b.weight");
  EXPECT_EQ(spec.action.fields[1].high, 2);
}

TEST(BalancerEnvTest, EqualSeedsAreEqualEpisodesAndOthersOthers) {
  const Episode one = RunOf(Options(), 3, {2, 1});
  EXPECT_EQ(RunOf(Options(), 3, {2, 1}).rewards, one.rewards);
  EXPECT_EQ(RunOf(Options(), 3, {2, 1}).last, one.last);
  EXPECT_NE(RunOf(Options(), 4, {2, 1}).rewards, one.rewards);
}

TEST(BalancerEnvTest, ASavedEpisodeGoesOn) {
  BalancerEnv env(Options());
  env.Reset(RngStream(8));
  Episode before;
  Steps(&env, {1, 1}, 30, &before);
  const nlohmann::json saved = nlohmann::json::parse(env.Save().dump());
  BalancerEnv other(Options());
  other.Load(saved);
  Episode one;
  Steps(&env, {2, 0.5}, 40, &one);
  Episode two;
  Steps(&other, {2, 0.5}, 40, &two);
  EXPECT_EQ(one.rewards, two.rewards);
  EXPECT_EQ(one.costs, two.costs);
  EXPECT_EQ(one.last, two.last);
  EXPECT_THAT(ErrorOf([&] {
                env.Load({{"seed", "x"}});
              }),
              HasSubstr("balancer environment: "));
}

// Weights that suit the capacities are rewarded more and cost less than those
// that do not, by either reward.
TEST(BalancerEnvTest, RewardsWhatIsBetter) {
  for (const std::string reward : {"completion", "fairness"}) {
    SCOPED_TRACE(reward);
    BalancerEnvOptions options = Options();
    options.reward = reward;
    options.randomise = false;
    options.balancer.load.share = Ratio(0.8);
    options.steps = 400;
    const Episode fair = RunOf(options, 1, {2, 1});
    const Episode wrong = RunOf(options, 1, {0.5, 2});
    EXPECT_GT(Mean(fair.rewards), Mean(wrong.rewards) + 0.1);
    EXPECT_LT(Mean(fair.costs), Mean(wrong.costs));
  }
}

// Where one server has failed, flows on it are lost: that must not pay.
TEST(BalancerEnvTest, LosingFlowsDoesNotPay) {
  BalancerEnvOptions options = Options();
  options.randomise = false;
  options.balancer.health_check = Milliseconds(3600000);  // never noticed
  options.balancer.events = {
      {"b", "failure", SimTime(0), Milliseconds(3600000)}};
  const Episode served = RunOf(options, 1, {2, 0});
  const Episode lost = RunOf(options, 1, {0, 2});
  EXPECT_GT(Mean(served.rewards), Mean(lost.rewards));
  EXPECT_NEAR(Mean(lost.costs), 1, 0.02);
}

TEST(BalancerEnvTest, TheShieldIsBetweenAndCounts) {
  BalancerEnvOptions options = Options();
  options.balancer.shield = WeightShieldConfig();
  options.tally = std::make_shared<SharedTally>();
  BalancerEnv env(options);
  env.Reset(RngStream(1));
  const double nobody[] = {0, 0};
  double cost = 0;
  for (int i = 0; i < 50; ++i) env.Step(nobody, &cost);
  const SafetyTally tally = options.tally->Read();
  EXPECT_EQ(tally.plans, 50);
  EXPECT_EQ(tally.unsafe_plans, 0);
  EXPECT_GE(tally.rescued, 50);
  EXPECT_GT(env.Staying()[0], 0);
}

TEST(BalancerEnvTest, RefusesWhatCannotBeLearntIn) {
  BalancerEnvOptions options = Options();
  options.reward = "joy";
  EXPECT_EQ(ErrorOf([&] { BalancerEnv{options}; }),
            "balancer environment: no such reward: 'joy'; known: fairness, "
            "completion");
  options = Options();
  options.balancer.load.kind = "trace";
  EXPECT_THAT(ErrorOf([&] { BalancerEnv{options}; }),
              HasSubstr("another cannot be drawn"));
}

}  // namespace
}  // namespace airlock
