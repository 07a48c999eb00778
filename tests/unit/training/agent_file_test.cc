#include "agents/learn/agent_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agents/env/cart_pole.h"
#include "agents/env/env_table.h"
#include "agents/env/pendulum.h"
#include "agents/learn/training_task.h"
#include "sim/base/file.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::CountingEnv;
using testing::ErrorOf;
using ::testing::HasSubstr;

// All that is wrong with `text` for `spec`.
std::string FindingsIn(const std::string& text, const EnvSpec* spec) {
  Diagnostics diagnostics;
  const auto file = ParseAgentFile(text, "agent.yaml", spec, &diagnostics);
  EXPECT_EQ(file.has_value(), !diagnostics.has_errors());
  return diagnostics.Format();
}

TEST(AgentFile, AllThatIsWrongIsSaidWithItsPlace) {
  const std::string said = FindingsIn(
      "schema: 1\n"
      "algorithm: pp\n"
      "steps: 0\n"
      "ppo: {gama: 0.9, lambda: 1.5,\n"
      "      objective: best}\n",
      nullptr);
  EXPECT_THAT(said, HasSubstr("agent.yaml:2:12: error: algorithm: 'pp'"));
  EXPECT_THAT(said, HasSubstr("dqn"));
  EXPECT_THAT(said, HasSubstr("agent.yaml:3:8: error: steps"));
  EXPECT_THAT(said, HasSubstr("agent.yaml:4:7: error: ppo.gama: unknown key"));
  EXPECT_THAT(said, HasSubstr("did you mean 'gamma'"));
  EXPECT_THAT(said, HasSubstr("agent.yaml:4:26: error: ppo.lambda"));
  EXPECT_THAT(said, HasSubstr("agent.yaml:5:18: error: ppo.objective"));
}

TEST(AgentFile, WhatDoesNotFitTogetherIsSaid) {
  EXPECT_THAT(
      FindingsIn("schema: 1\nalgorithm: dqn\nppo: {gamma: 0.9}\n", nullptr),
      HasSubstr("agent.yaml:3:1: error: ppo: the algorithm is dqn"));
  EXPECT_THAT(FindingsIn("schema: 1\nalgorithm: ppo\nsteps: 200\n"
                         "environments: 8\n",
                         nullptr),
              HasSubstr("200 steps are less than one update's 256"));
  EXPECT_THAT(FindingsIn("schema: 1\nalgorithm: ppo\nenvironments: 2\n"
                         "workers: 3\n",
                         nullptr),
              HasSubstr("agent.yaml:4:10: error: workers: 3 workers for 2"));
  EXPECT_THAT(FindingsIn("schema: 1\nalgorithm: dqn\n"
                         "dqn: {capacity: 10, warm_up: 11}\n",
                         nullptr),
              HasSubstr("the capacity is 10"));
}

TEST(AgentFile, AnotherObservationIsSaid) {
  const EnvSpec spec = CartPole().spec();
  const std::string head = "schema: 1\nalgorithm: ppo\nobservation: ";
  const std::string all = fmt::format(
      "[{}, {}, {}, {}]", spec.observation[0].name, spec.observation[1].name,
      spec.observation[2].name, spec.observation[3].name);
  EXPECT_EQ(FindingsIn(head + all + "\n", &spec), "");
  EXPECT_THAT(
      FindingsIn(head + "[" + spec.observation[0].name + ", wind]\n", &spec),
      HasSubstr("error: observation.1: 'wind'; number 1 of "
                "cart-pole's observation is '" +
                spec.observation[1].name));
  EXPECT_THAT(FindingsIn(head + "[" + spec.observation[0].name + "]\n", &spec),
              HasSubstr("agent.yaml:3:1: error: observation: 1 numbers"));
}

TEST(AgentFile, WhatTheTaskCannotBeLearntWithIsSaid) {
  const EnvSpec box = Pendulum().spec();
  EXPECT_THAT(FindingsIn("schema: 1\nalgorithm: dqn\n", &box),
              HasSubstr("agent.yaml:2:12: error: algorithm: dqn:"));
  const EnvSpec counting = CountingEnv().spec();
  const std::string constraint =
      "schema: 1\nalgorithm: ppo\nppo:\n  constraints:\n  - {limit: 2, cost: ";
  EXPECT_EQ(FindingsIn(constraint + "odd}\n", &counting), "");
  const std::string said = FindingsIn(constraint + "even}\n", &counting);
  EXPECT_THAT(said, HasSubstr("agent.yaml:5:22: error: ppo.constraints.0.cost: "
                              "counting has no cost 'even'"));
  EXPECT_THAT(said, HasSubstr("known: odd"));
}

TEST(AgentFile, TextReadsBackEqual) {
  Diagnostics diagnostics;
  const auto file = ParseAgentFile(
      "schema: 1\nalgorithm: ppo\nsteps: 5000\n"
      "ppo: {learning_rate: 0.00031, activation: silu, objective: focops,\n"
      "      constraints: [{cost: odd, limit: 0.1}]}\n",
      "a", nullptr, &diagnostics);
  ASSERT_TRUE(file);
  const std::string text = AgentFileText(*file);
  const auto again = ParseAgentFile(text, "b", nullptr, &diagnostics);
  ASSERT_TRUE(again) << diagnostics.Format();
  EXPECT_EQ(AgentFileText(*again), text);
  EXPECT_EQ(again->ppo.Options().learning_rate, 0.00031);
  EXPECT_EQ(again->ppo.Options().activation, Activation::kSilu);
  EXPECT_EQ(again->ppo.Options().objective, PolicyObjective::kFocops);
  EXPECT_EQ(again->ppo.Options().constraints[0].limit, 0.1);
  EXPECT_EQ(text.find("dqn"), std::string::npos) << "says nothing here";
}

// Each preset is named TASK-ALGORITHM.yaml and fits its task.
TEST(AgentFile, PresetsAreGood) {
  int presets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           AIRLOCK_SOURCE_DIR "/agents/presets")) {
    const std::string stem = entry.path().stem();
    for (const ReferenceTask& task : ReferenceTasks()) {
      if (stem.rfind(task.name + "-", 0) != 0) continue;
      ++presets;
      const EnvSpec spec = task.create()->spec();
      Diagnostics diagnostics;
      const auto file = LoadAgentFile(entry.path(), {}, &spec, &diagnostics);
      ASSERT_TRUE(file) << diagnostics.Format();
      EXPECT_EQ(stem, task.name + "-" + file->algorithm);
    }
  }
  EXPECT_GE(presets, 4);
}

TEST(TrainingTask, UnknownOnesListTheKnown) {
  EXPECT_THAT(ErrorOf([] { FindReferenceTask("cartpole"); }),
              HasSubstr("no reference task 'cartpole'; known: cart-pole"));
}

TEST(TrainingFolder, OnlyATrainingIsReplaced) {
  const testing::TemporaryFolder folder;
  TrainingOrder order;
  order.folder = folder / "run";
  PrepareTrainingFolder(order);
  WriteFileAtomically(order.folder + "/thesis.txt", "mine");
  EXPECT_THAT(ErrorOf([&] { PrepareTrainingFolder(order); }),
              HasSubstr("exists; choose another folder"));
  order.overwrite = true;
  EXPECT_THAT(ErrorOf([&] { PrepareTrainingFolder(order); }),
              HasSubstr("holds no training"));
  WriteFileAtomically(order.folder + "/card.json", "{}");
  PrepareTrainingFolder(order);
  EXPECT_FALSE(std::filesystem::exists(order.folder));
}

}  // namespace
}  // namespace airlock
