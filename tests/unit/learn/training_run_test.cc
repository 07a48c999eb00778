#include "agents/learn/training_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "agents/learn/policy_evaluation.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "tests/support/cart_pole_policies.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"
#include "tests/support/kill_at_system_call.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::CountingEnv;
using testing::ErrorOf;
using testing::FatalOnce;
using ::testing::HasSubstr;
using testing::KillAtSystemCall;
using testing::KillOutcome;
using testing::SystemCalls;
using testing::TemporaryFolder;

TrainingTask Counting() {
  TrainingTask task;
  task.name = "counting";
  task.digest = Sha256("counting");
  task.create = [] { return std::make_unique<CountingEnv>(); };
  return task;
}

// Eight updates of 32 steps, a checkpoint every two.
TrainingJob SmallJob(const std::string& folder, bool resume = false) {
  TrainingJob job;
  job.agent.algorithm = "ppo";
  job.agent.steps = 256;
  job.agent.environments = 4;
  job.agent.rollout = 8;
  job.agent.checkpoint_every = 64;
  job.agent.evaluation.every = 96;
  job.agent.evaluation.episodes = 3;
  job.agent.ppo.hidden = {6};
  job.agent.ppo.epochs = 2;
  job.agent.ppo.minibatch = 16;
  job.agent.ppo.normalise_observations = true;
  job.seed = 3;
  job.folder = folder;
  job.resume = resume;
  return job;
}

ExitCode Train(const TrainingTask& task, const TrainingJob& job,
               int64_t stop_after = 0) {
  TrainingRun run(task, job);
  int64_t updates = 0;
  return run.Run([&] { return ++updates == stop_after; }, nullptr);
}

json CardIn(const std::string& folder) {
  return json::parse(ReadFile(folder + "/card.json"));
}

// All that may not depend on interruptions.
void ExpectSameOutcome(const std::string& a, const std::string& b) {
  for (const char* name : {"agent.yaml", "policy.json", "policy-last.json",
                           "curves.csv", "checkpoint"}) {
    EXPECT_EQ(ReadFile(a + "/" + name), ReadFile(b + "/" + name)) << name;
  }
  json x = CardIn(a), y = CardIn(b);
  x.erase("runtime");
  y.erase("runtime");
  EXPECT_EQ(x, y);
}

TEST(TrainingRun, WritesWhatItPromises) {
  const TemporaryFolder folder;
  EXPECT_EQ(Train(Counting(), SmallJob(folder / "a")), ExitCode::kDone);
  const json card = CardIn(folder / "a");
  EXPECT_EQ(card.at("steps"), 256);
  EXPECT_EQ(card.at("lost_episodes"), 0);
  EXPECT_EQ(card.at("deterministic"), true);
  EXPECT_EQ(card.at("exit").at("cause"), "done");
  EXPECT_EQ(card.at("evaluation").at("best").at("rewards").size(), 3u);
  EXPECT_EQ(card.at("digests").at("policy"),
            Sha256OfFile(folder / "a/policy.json"));
  EXPECT_TRUE(card.at("libraries").contains("torch"));
  const Policy policy =
      Policy::FromJson(json::parse(ReadFile(folder / "a/policy.json")));
  EXPECT_EQ(policy.spec().LayoutDigest(), CountingEnv().spec().LayoutDigest());
  std::ifstream curves(folder / "a/curves.csv");
  std::string line;
  std::getline(curves, line);
  EXPECT_THAT(line, HasSubstr("steps,episodes,mean_return,mean_length,"
                              "evaluation,policy_loss"));
  int rows = 0;
  while (std::getline(curves, line)) ++rows;
  EXPECT_EQ(rows, 8);
}

TEST(TrainingRun, EqualSeedsGiveEqualBitsAndOthersDoNot) {
  const TemporaryFolder folder;
  Train(Counting(), SmallJob(folder / "a"));
  Train(Counting(), SmallJob(folder / "b"));
  ExpectSameOutcome(folder / "a", folder / "b");
  TrainingJob other = SmallJob(folder / "c");
  other.seed = 4;
  Train(Counting(), other);
  EXPECT_NE(ReadFile(folder / "a/policy.json"),
            ReadFile(folder / "c/policy.json"));
}

TEST(TrainingRun, WhatIsInterruptedGoesOnBitByBit) {
  const TemporaryFolder folder;
  Train(Counting(), SmallJob(folder / "whole"));
  const std::string parts = folder / "parts";
  EXPECT_EQ(Train(Counting(), SmallJob(parts), 3), ExitCode::kInterrupted);
  EXPECT_EQ(CardIn(parts).at("exit").at("code"), 130);
  EXPECT_EQ(CardIn(parts).at("steps"), 96);
  EXPECT_EQ(Train(Counting(), SmallJob(parts, true), 2),
            ExitCode::kInterrupted);
  EXPECT_EQ(Train(Counting(), SmallJob(parts, true)), ExitCode::kDone);
  ExpectSameOutcome(folder / "whole", parts);
  // What is done already stays as it is.
  EXPECT_EQ(Train(Counting(), SmallJob(parts, true)), ExitCode::kDone);
  ExpectSameOutcome(folder / "whole", parts);
}

// With AIRLOCK_EVERY_SYSTEM_CALL=1 at each of them.
TEST(TrainingRun, WhatIsKilledGoesOnBitByBit) {
  if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  const TemporaryFolder folder;
  Train(Counting(), SmallJob(folder / "whole"));
  const int step = std::getenv("AIRLOCK_EVERY_SYSTEM_CALL") ? 1 : 17;
  int kills = 0;
  for (int count = 2;; count += step) {
    const std::string killed = folder / fmt::format("{}", count);
    const KillOutcome outcome =
        KillAtSystemCall([&] { Train(Counting(), SmallJob(killed)); }, count,
                         SystemCalls::kChanges);
    if (outcome == KillOutcome::kCannotTrace) GTEST_SKIP() << "no ptrace";
    if (outcome == KillOutcome::kFinished) break;
    ++kills;
    const bool known = fs::exists(killed + "/card.json");
    if (!known) fs::remove_all(killed);
    EXPECT_EQ(Train(Counting(), SmallJob(killed, known)), ExitCode::kDone);
    ExpectSameOutcome(folder / "whole", killed);
    fs::remove_all(killed);
  }
  EXPECT_GT(kills, 5);
}

TEST(TrainingRun, WorkersChangeNoBit) {
  const TemporaryFolder folder;
  Train(Counting(), SmallJob(folder / "here"));
  TrainingJob forked = SmallJob(folder / "there");
  forked.agent.workers = 2;
  Train(Counting(), forked);
  EXPECT_EQ(ReadFile(folder / "here/policy.json"),
            ReadFile(folder / "there/policy.json"));
}

TEST(TrainingRun, ARewardThatIsNoNumberStopsIt) {
  const TemporaryFolder folder;
  TrainingTask task = Counting();
  const std::string note = folder / "good";
  // From the third update on.
  task.create = [] {
    auto env = std::make_unique<CountingEnv>();
    env->bad_place = 19.0;
    return env;
  };
  TrainingJob job = SmallJob(folder / "a");
  job.agent.checkpoint_every = 32;
  job.agent.environments = 1;
  job.agent.evaluation.every = 0;
  job.agent.evaluation.episodes = 1;
  ExitCode code = ExitCode::kDone;
  std::string said;
  try {
    Train(task, job);
  } catch (const Error& error) {
    code = error.code();
    said = error.what();
  }
  EXPECT_EQ(code, ExitCode::kFailed);
  EXPECT_THAT(said, HasSubstr("training stopped after step "));
  EXPECT_THAT(said, HasSubstr("the reward is nan"));
  const json exit = CardIn(folder / "a").at("exit");
  EXPECT_EQ(exit.at("code"), 5);
  EXPECT_THAT(exit.at("cause"), HasSubstr("the reward is nan"));
}

// Allows nothing from the first state on.
class Nothing : public CountingEnv {
 public:
  void Allow(uint8_t* allowed) const override {
    std::fill(allowed, allowed + 5, 0);
  }
};

TEST(TrainingRun, WhereNothingIsAllowedItDoesNotBegin) {
  const TemporaryFolder folder;
  TrainingTask task = Counting();
  task.create = [] { return std::make_unique<Nothing>(); };
  EXPECT_THAT(ErrorOf([&] { Train(task, SmallJob(folder / "a")); }),
              HasSubstr("before training: counting: environment 0, episode 0, "
                        "step 0: none of the 3 choices of head 0 is allowed"));
  EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST(TrainingRun, OtherCheckpointsAreRefused) {
  const TemporaryFolder folder;
  const std::string path = folder / "a";
  Train(Counting(), SmallJob(path), 3);
  const auto resume = [&](const std::function<void(TrainingJob*)>& change,
                          TrainingTask task = Counting()) {
    TrainingJob job = SmallJob(path, true);
    change(&job);
    return ErrorOf([&] { Train(task, job); });
  };
  EXPECT_THAT(resume([](TrainingJob* job) { job->agent.ppo.gamma = 0.5; }),
              HasSubstr("a checkpoint of another agent file: '  gamma: 0.99', "
                        "not '  gamma: 0.5'"));
  EXPECT_THAT(resume([](TrainingJob* job) { job->seed = 9; }),
              HasSubstr("a checkpoint of another seed: '3', not '9'"));
  TrainingTask other = Counting();
  other.digest = Sha256("otherwise");
  EXPECT_THAT(resume([](TrainingJob*) {}, other),
              HasSubstr("a checkpoint of another task_digest"));
  EXPECT_THAT(ErrorOf([&] { Train(Counting(), SmallJob(path)); }),
              HasSubstr("exists; choose another folder"));
  EXPECT_THAT(ErrorOf([&] { Train(Counting(), SmallJob(folder / "b", true)); }),
              HasSubstr("holds no training to resume"));
  // Another version, and bytes that changed on the disk.
  const std::string text = ReadFile(path + "/checkpoint");
  json state = json::from_cbor(text.substr(65));
  state["format"] = "airlock-checkpoint-0";
  const std::vector<uint8_t> bytes = json::to_cbor(state);
  const std::string old(bytes.begin(), bytes.end());
  WriteFileAtomically(path + "/checkpoint", Sha256(old) + "\n" + old);
  EXPECT_THAT(resume([](TrainingJob*) {}),
              HasSubstr("a checkpoint of another version: "
                        "'airlock-checkpoint-0', not 'airlock-checkpoint-2'"));
  std::string damaged = text;
  damaged[damaged.size() / 2] ^= 1;
  WriteFileAtomically(path + "/checkpoint", damaged);
  EXPECT_THAT(resume([](TrainingJob*) {}), HasSubstr("damaged"));
}

TEST(TrainingRun, GoesOnWhereAWorkerDies) {
  const TemporaryFolder folder;
  const std::string note = folder / "alive";
  WriteFileAtomically(note, "");
  TrainingTask task = Counting();
  task.create = [note] { return std::make_unique<FatalOnce>(note); };
  TrainingJob job = SmallJob(folder / "a");
  job.agent.workers = 2;
  job.agent.evaluation.every = 0;
  job.agent.evaluation.episodes = 1;
  EXPECT_EQ(Train(task, job), ExitCode::kDone);
  const json card = CardIn(folder / "a");
  EXPECT_EQ(card.at("steps"), 256);
  EXPECT_EQ(card.at("lost_episodes"), 2);
  EXPECT_EQ(card.at("deterministic"), false);
  ASSERT_EQ(card.at("losses").size(), 1u);
  EXPECT_THAT(card.at("losses")[0],
              HasSubstr("died: signal 9; 2 episodes are lost"));
}

TEST(TrainingRun, CartPoleLiesBetweenRandomAndAHandPolicy) {
  // 22.2 steps on average (Gymnasium's own); five standard errors of 400.
  EXPECT_NEAR(testing::RandomCartPoleReturn(400), 22.2, 3);
  AgentFile agent;
  agent.evaluation.episodes = 100;
  for (const double steps :
       EvaluatePolicy(testing::HandPolicy(), FindReferenceTask("cart-pole"),
                      agent, 5)
           .rewards) {
    EXPECT_EQ(steps, 500);
  }
}

// Learning pays: a few thousand steps beat the policy of the beginning, which
// is random, by far more than chance. Random play lasts about 22 steps; the
// best of three evaluations is at least 60 in this many steps, for each seed.
TEST(TrainingRun, LearnsMoreThanRandom) {
  const TemporaryFolder folder;
  const TrainingTask task = FindReferenceTask("cart-pole");
  TrainingJob job = SmallJob(folder / "a");
  job.agent.steps = 8192;
  job.agent.environments = 8;
  job.agent.rollout = 64;
  job.agent.checkpoint_every = 0;
  job.agent.evaluation.every = 0;
  job.agent.evaluation.episodes = 20;
  job.agent.ppo = PpoSection();
  job.agent.ppo.hidden = {32};
  job.agent.ppo.learning_rate = 3e-3;
  job.agent.ppo.gamma = 0.98;
  job.agent.ppo.lambda = 0.8;
  job.agent.ppo.minibatch = 128;
  EXPECT_EQ(Train(task, job), ExitCode::kDone);
  EXPECT_GE(CardIn(folder / "a").at("evaluation").at("last").at("mean"), 60);
}

}  // namespace
}  // namespace airlock
