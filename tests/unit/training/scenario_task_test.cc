#include "agents/learn/scenario_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agents/env/vector_env.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/training_order.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using testing::PresetOrder;
using testing::SubjectOf;
using testing::TemporaryFolder;

const char kSafe[] = "wlan/safe-channel-manager.yaml";

// All that is said of an agent file with this text for this task.
std::string Said(const std::string& task, const std::string& text,
                 const std::vector<std::string>& scenario_overrides = {}) {
  const TemporaryFolder folder;
  TrainingOrder order = PresetOrder(task, "", {});
  order.agent = folder / "agent.yaml";
  order.scenario_overrides = scenario_overrides;
  WriteFileAtomically(order.agent, text);
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadTrainingSubject(order, &diagnostics));
  return diagnostics.Format();
}

std::string Ppo(const std::string& rest) {
  return "schema: 1\nalgorithm: ppo\n" + rest;
}

TEST(ScenarioTask, TheAgentFileSaysWhatIsLearnt) {
  EXPECT_THAT(Said(kSafe, Ppo("")), HasSubstr("error: task: missing"));
  EXPECT_THAT(Said(kSafe, Ppo("")), HasSubstr("airtime-plan, load-balancer, "));
  EXPECT_THAT(Said("cart-pole", Ppo("task: airtime-plan\n")),
              HasSubstr("agent.yaml:3:7: error: task: airtime-plan is learnt "
                        "in scenarios; cart-pole is a reference task"));
  EXPECT_THAT(Said("cart-pole", "schema: 1\nalgorithm: net2seq\n"),
              HasSubstr("agent.yaml:2:12: error: algorithm: net2seq is learnt "
                        "in scenarios; cart-pole is a reference task"));
  EXPECT_THAT(
      testing::ErrorOf([] { Said("cart-pole", Ppo(""), {"run.seed=1"}); }),
      HasSubstr("cart-pole is a reference task, no scenario; "
                "'run.seed=1' is a key of none"));
  EXPECT_THAT(Said(kSafe, Ppo("task: airtimeplan\n")),
              HasSubstr("agent.yaml:3:7: error: task: 'airtimeplan'"));
  EXPECT_THAT(Said("wlan/jammer.yaml",
                   Ppo("task: channel-hop\nairtime_plan: {history: 2}\n")),
              HasSubstr("agent.yaml:4:1: error: airtime_plan: says something "
                        "of task airtime-plan only"));
  EXPECT_THAT(Said("wlan/nowhere.yaml", Ppo("task: airtime-plan\n")),
              HasSubstr("nowhere.yaml"));
}

TEST(ScenarioTask, WhatAScenarioHasNotIsSaidThere) {
  EXPECT_THAT(Said("datacentre/quickstart.yaml", Ppo("task: airtime-plan\n")),
              HasSubstr("error: datacentre: airtime-plan is learnt in a WLAN"));
  const std::string plan = Ppo("task: airtime-plan\n");
  EXPECT_THAT(Said(kSafe, plan, {"controller.interval=300s"}),
              HasSubstr("controller.interval: airtime-plan: there is a "
                        "decision a slot of loads"));
  EXPECT_THAT(Said(kSafe, plan, {"controller.observation.delay=1"}),
              HasSubstr("controller.observation: airtime-plan: errors of what "
                        "an agent sees are the agent file's"));
  EXPECT_THAT(Said("wlan/quickstart.yaml", Ppo("task: channel-plan\n"),
                   {"controller.shield={dwell: 1s}"}),
              HasSubstr("controller.shield: channel-plan passes no shield"));
  EXPECT_THAT(Said(kSafe, Ppo("task: channel-plan\n")),
              HasSubstr("safe-channel-manager.yaml:8:11: error: run.engine: "
                        "channel-plan is learnt packet by packet"));
  EXPECT_THAT(Said("wlan/quickstart.yaml", Ppo("task: channel-hop\n")),
              HasSubstr("needs an access point with two or more"));
  EXPECT_THAT(
      Said("wlan/jammer.yaml", Ppo("task: channel-hop\ntime_limit: 101\n")),
      HasSubstr("agent.yaml:4:13: error: time_limit: 101 steps; a run of "));
}

TEST(ScenarioTask, ABalancersPresetsFitItsTask) {
  for (const std::string preset :
       {"load-balancer-ppo", "load-balancer-sac", "safe-load-balancer-ppo"}) {
    SCOPED_TRACE(preset);
    const TrainingSubject subject = SubjectOf(
        PresetOrder("datacentre/load-balancer-training.yaml", preset, {}));
    EXPECT_EQ(subject.task.spec.time_limit, 240);
    EXPECT_EQ(subject.task.spec.action.width(), 4);
    ASSERT_NE(subject.task.tally, nullptr);  // it learns behind a shield
    EXPECT_NE(subject.task.create(), nullptr);
  }
}

TEST(ScenarioTask, ABalancerIsLearntInAPoolOnTheFastEngine) {
  const std::string text = Ppo("task: load-balancer\n");
  const char pool[] = "datacentre/load-balancer-training.yaml";
  EXPECT_THAT(Said("datacentre/quickstart.yaml", text),
              HasSubstr("error: datacentre: load-balancer is learnt in a "
                        "server pool; here is none"));
  EXPECT_THAT(Said(kSafe, text),
              HasSubstr("error: wlan: load-balancer is learnt in a server"));
  EXPECT_THAT(Said(pool, text, {"run.engine=packet"}),
              HasSubstr("run.engine: load-balancer is learnt on the fast "
                        "engine, not on 'packet'"));
  EXPECT_THAT(Said(pool, text, {"controller.observation.dropout=5%"}),
              HasSubstr("controller.observation: load-balancer: errors of what "
                        "an agent sees are the agent file's"));
  EXPECT_THAT(Said(pool, Ppo("task: load-balancer\n"
                             "load_balancer: {reward: joy}\n")),
              HasSubstr("agent.yaml:4:25: error: load_balancer.reward: 'joy'"));
  EXPECT_THAT(Said("wlan/jammer.yaml", Ppo("task: channel-hop\n"
                                           "load_balancer: {}\n")),
              HasSubstr("agent.yaml:4:1: error: load_balancer: says something "
                        "of task load-balancer only"));
  EXPECT_THAT(Said(pool, "schema: 1\nalgorithm: dqn\ntask: load-balancer\n"),
              HasSubstr("dqn"));
}

TEST(ScenarioTask, AnObservationOfAnotherLayoutIsSaid) {
  EXPECT_THAT(
      Said("wlan/jammer.yaml",
           Ppo("task: channel-hop\nobservation: [occupied.36, occupied.44]\n")),
      HasSubstr("agent.yaml:4:28: error: observation.1: 'occupied.44'; number "
                "1 of channel-hop's observation is 'occupied.40'"));
  EXPECT_THAT(Said(kSafe, Ppo("task: airtime-plan\nobservation: [wind]\n")),
              HasSubstr("airtime-plan's observation is 'ap0.load.0'"));
}

// Twice the channels' capacity: somebody is always served too little.
TEST(ScenarioTask, AConstraintThatNothingKeepsIsSaidBeforeTraining) {
  const std::string text =
      Ppo("task: airtime-plan\nppo:\n  constraints:\n"
          "  - {cost: below_floor, limit: 0.5}\n");
  EXPECT_THAT(
      Said(kSafe, text,
           {"wlan.traffic.rate_per_station=200Mbps",
            "wlan.generated.access_points=4", "wlan.generated.neighbours=2.5"}),
      HasSubstr("agent.yaml:6:32: error: ppo.constraints.0.limit: "
                "channel environment: no actions can keep the limit "
                "of 0.5 for 'below_floor'"));
  EXPECT_THAT(Said(kSafe, Ppo("task: airtime-plan\nppo:\n  constraints:\n"
                              "  - {cost: jitter, limit: 1}\n")),
              HasSubstr("known: below_floor, churn"));
}

TEST(ScenarioTask, SlotsShieldAndDigestAreTheScenarios) {
  TrainingOrder order = PresetOrder(kSafe, "safe-channel-ppo", {});
  const TrainingSubject safe = SubjectOf(order);
  EXPECT_EQ(safe.task.spec.time_limit, 48);
  EXPECT_EQ(safe.task.spec.action.choices, (std::vector<int64_t>(6, 4)));
  VectorEnv env(safe.task.create, 0, 1, 5);
  // Everybody moves: of six changes an hour's 18 are used after three slots.
  const auto changes = [&] {
    std::vector<double> next;
    for (int ap = 0; ap < 6; ++ap) {
      const auto on = env.now().observation.begin() + ap * 8 + 4;
      const double now = static_cast<double>(std::find(on, on + 4, 1) - on);
      next.push_back(now < 3 ? now + 1 : 0);
    }
    return env.Step(next).costs[1] * 6;
  };
  double moved = 0;
  for (int slot = 0; slot < 6; ++slot) moved += changes();
  EXPECT_EQ(moved, 18);
  const SafetyTally tally = safe.task.tally->Read();
  EXPECT_EQ(tally.plans, 6);
  EXPECT_EQ(tally.refused[static_cast<size_t>(ShieldRule::kChanges)], 18);
  EXPECT_EQ(SubjectOf(order).task.digest, safe.task.digest);
  order.scenario_overrides = {"controller.shield.changes_per_hour=17"};
  EXPECT_NE(SubjectOf(order).task.digest, safe.task.digest);
}

TEST(ScenarioTask, EarlierSeedsMustBeComparable) {
  const TemporaryFolder folder;
  TrainingOrder order = PresetOrder("cart-pole", "cart-pole-ppo", {});
  order.seeds = 10;
  order.against = folder / "earlier";
  const auto said = [&order] {
    return testing::ErrorOf([&order] { SubjectOf(order); });
  };
  EXPECT_THAT(said(), HasSubstr("no seeds.json"));
  std::filesystem::create_directory(order.against);
  const std::string seeds = order.against + "/seeds.json";
  WriteFileAtomically(seeds, "{\"task\": \"other\", \"task_digest\": \"\"}");
  EXPECT_THAT(said(), HasSubstr("seeds.json: trained on another task, other"));
  WriteFileAtomically(seeds, "{}");
  EXPECT_THAT(said(), HasSubstr("seeds.json: key 'task_digest' not found"));
  order.seeds = 9;
  EXPECT_THAT(said(), HasSubstr("compares 10 seeds or more; --seeds is 9"));
}

// The first observations of three episodes.
std::vector<double> Starts(const std::vector<std::string>& overrides,
                           const std::vector<std::string>& agent) {
  TrainingOrder order = PresetOrder(kSafe, "safe-channel-ppo", agent);
  order.scenario_overrides = overrides;
  order.scenario_overrides.push_back("wlan.load.profile=constant");
  const TrainingSubject subject = SubjectOf(order);
  return VectorEnv(subject.task.create, 0, 3, 5).now().observation;
}

bool EpisodesAreAlike(const std::vector<double>& starts) {
  const auto one = static_cast<ptrdiff_t>(starts.size() / 3);
  return std::equal(starts.begin(), starts.begin() + one,
                    starts.begin() + one) &&
         std::equal(starts.begin(), starts.begin() + one,
                    starts.begin() + 2 * one);
}

TEST(ScenarioTask, EpisodesDrawWhatIsUncertain) {
  EXPECT_TRUE(EpisodesAreAlike(Starts({}, {})));
  EXPECT_FALSE(EpisodesAreAlike(Starts({"wlan.generated.redraw=true"}, {})));
  const std::string profile =
      "wlan.profile=" AIRLOCK_SOURCE_DIR "/scenarios/wlan/example_profile.yaml";
  EXPECT_FALSE(EpisodesAreAlike(Starts({profile}, {})));
  EXPECT_TRUE(
      EpisodesAreAlike(Starts({profile}, {"airtime_plan.randomise=false"})));
}

TEST(ScenarioTask, PresetsFitTheirScenarios) {
  EXPECT_EQ(SubjectOf(PresetOrder("wlan/jammer.yaml", "jammer-dqn", {}))
                .task.spec.time_limit,
            100);
  EXPECT_TRUE(
      SubjectOf(PresetOrder("wlan/channel-manager.yaml", "net2seq-20", {}))
          .scenario);
}

TEST(NoiseSections, AreThoseOfTheTable) {
  const TrainingSubject subject =
      SubjectOf(PresetOrder(kSafe, "safe-channel-ppo",
                            {"noise.counter_noise=0.25", "noise.delay=2",
                             "noise.seed=7", "evaluation.noise.dropout=0.1"}));
  EXPECT_THAT(NoiseItems(subject.agent.noise.Options()),
              ::testing::ElementsAre("counter_noise=0.25", "delay=2"));
  EXPECT_EQ(subject.agent.noise.Options().seed, 7u);
  EXPECT_EQ(subject.agent.evaluation.noise.dropout, 0.1);
  EXPECT_THAT(Said(kSafe, Ppo("task: airtime-plan\nnoise: {dropout: 1.5}\n")),
              HasSubstr("agent.yaml:4:18: error: noise.dropout"));
  EXPECT_THAT(Said(kSafe, Ppo("task: airtime-plan\nnoise: {delay: 0.5}\n")),
              HasSubstr("agent.yaml:4:16: error: noise.delay"));
  EXPECT_THAT(
      Said(kSafe, Ppo("task: airtime-plan\nnoise: {forecast_error: 1}\n")),
      HasSubstr("noise.forecast_error: unknown key"));
  for (const NoiseRow& row : NoiseKinds()) {
    if (row.name == std::string("forecast_error")) continue;
    EXPECT_THAT(AgentKeyReference(), HasSubstr(row.name));
  }
}

}  // namespace
}  // namespace airlock
