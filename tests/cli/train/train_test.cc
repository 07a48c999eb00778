// `airlock train`, the built program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Program;
using testing::ProgramResult;
using testing::RunAirlock;
using testing::TemporaryFolder;

const char kPreset[] = "agents/presets/cart-pole-ppo.yaml";

std::vector<std::string> Training(const std::string& folder,
                                  const std::string& steps) {
  return {
      "train", "cart-pole", "--agent",        kPreset, "-o",
      folder,  "--set",     "steps=" + steps, "--set", "evaluation.episodes=5"};
}

TEST(Train, WritesPolicyAndCard) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const ProgramResult result = RunAirlock(Training(out, "1024"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("cart-pole by ppo, seed 1: 1024 steps"));
  for (const char* name :
       {"policy.json", "policy-last.json", "checkpoint", "curves.csv",
        "card.json", "log.txt", "agent.yaml"}) {
    EXPECT_TRUE(std::filesystem::exists(out + "/" + name)) << name;
  }
  const ProgramResult again = RunAirlock(Training(out, "1024"));
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("exists; choose another folder"));
  // The settings as they were resolved are an agent file.
  const ProgramResult resolved =
      RunAirlock({"train", "cart-pole", "--agent", out + "/agent.yaml", "-o",
                  folder / "b"});
  EXPECT_EQ(resolved.exit_code, 0) << resolved.err;
  EXPECT_EQ(ReadFile(out + "/policy.json"), ReadFile(folder / "b/policy.json"));
}

TEST(Train, SeedsTogetherWithoutAClaimBelowTen) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = Training(folder / "run", "512");
  arguments.insert(arguments.end(), {"--seeds", "2", "--json"});
  const ProgramResult result = RunAirlock(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer.at("best").at("scores").size(), 2u);
  EXPECT_TRUE(answer.at("best").at("interval").is_null());
  EXPECT_THAT(answer.at("best").at("no_interval_because"),
              HasSubstr("2 training runs are too few"));
  EXPECT_TRUE(std::filesystem::exists(folder / "run/seed-2/card.json"));
}

TEST(Train, AnInterruptLeavesACheckpointThatGoesOn) {
  const TemporaryFolder folder;
  const std::string whole = folder / "whole", parts = folder / "parts";
  ASSERT_EQ(RunAirlock(Training(whole, "10240")).exit_code, 0);
  std::vector<std::string> arguments = Training(parts, "10240");
  arguments.insert(arguments.begin(), AIRLOCK_BINARY_DIR "/airlock");
  {
    Program program(arguments, AIRLOCK_SOURCE_DIR);
    while (!std::filesystem::exists(parts + "/log.txt")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(program.pid(), SIGINT);
    EXPECT_EQ(program.Wait().exit_code, 130);
  }
  const json card = json::parse(ReadFile(parts + "/card.json"));
  EXPECT_EQ(card.at("exit").at("cause"), "interrupted");
  arguments = Training(parts, "10240");
  arguments.push_back("--resume");
  EXPECT_EQ(RunAirlock(arguments).exit_code, 0);
  for (const char* name : {"policy.json", "curves.csv", "checkpoint"}) {
    EXPECT_EQ(ReadFile(whole + "/" + name), ReadFile(parts + "/" + name))
        << name;
  }
}

TEST(Train, WrongInputIsSaidBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  const std::string file = folder / "agent.yaml";
  const auto said = [&](const std::string& text, const std::string& task) {
    WriteFileAtomically(file, text);
    const ProgramResult result =
        RunAirlock({"train", task, "--agent", file, "-o", folder / "run"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_FALSE(std::filesystem::exists(folder / "run"));
    return result.err;
  };
  EXPECT_THAT(said("schema: 1\nalgorithm: ppo\nstepz: 3\n", "cart-pole"),
              HasSubstr("agent.yaml:3:1: error: stepz: unknown key; did you "
                        "mean 'steps'?"));
  EXPECT_THAT(said("schema: 1\nalgorithm: ddpg\n", "cart-pole"),
              HasSubstr("agent.yaml:2:12: error: algorithm: 'ddpg'"));
  EXPECT_THAT(said("schema: 1\nalgorithm: ppo\n", "cartpole"),
              HasSubstr("no reference task 'cartpole'; known: cart-pole"));
  EXPECT_THAT(
      said("schema: 1\nalgorithm: ppo\nobservation: [wind]\n", "cart-pole"),
      HasSubstr("agent.yaml:3:15: error: observation.0: 'wind'"));
  EXPECT_THAT(said("schema: 1\nalgorithm: dqn\n", "pendulum"),
              HasSubstr("agent.yaml:2:12: error: algorithm"));
}

// A task of a scenario, whose keys can be overridden too.
TEST(Train, LearnsInAScenario) {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments = {
      "train",
      "scenarios/wlan/safe-channel-manager.yaml",
      "--agent",
      "agents/presets/safe-channel-ppo.yaml",
      "-o",
      folder / "run",
      "--set",
      "steps=768",
      "--set",
      "evaluation.episodes=2",
      "--set-scenario",
      "run.duration=3600s"};
  const ProgramResult result = RunAirlock(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("safe-channel-manager.yaml by ppo"));
  EXPECT_THAT(result.out, HasSubstr("within the limit of 8"));
  EXPECT_THAT(result.out, HasSubstr("training: 0 of 768 plans unsafe"));
}

TEST(Train, ListsWhatThereIs) {
  EXPECT_THAT(RunAirlock({"list", "algorithms"}).out, HasSubstr("ppo"));
  EXPECT_THAT(RunAirlock({"list", "tasks"}).out, HasSubstr("cart-pole"));
  EXPECT_THAT(RunAirlock({"list", "agent-keys"}).out,
              HasSubstr("normalise_observations"));
}

}  // namespace
}  // namespace airlock
