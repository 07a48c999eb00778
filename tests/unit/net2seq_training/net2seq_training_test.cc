#include "agents/learn/net2seq_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "agents/learn/net2seq_rollout.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/surrogate/airtime_batch.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Scenario SixAccessPoints(int64_t bonding_levels) {
  Scenario scenario;
  scenario.run.seed = 1;
  scenario.controller.interval = Milliseconds(600000);
  WlanConfig& wlan = scenario.wlan.emplace();
  wlan.region = "US";
  wlan.dfs = false;
  wlan.path_loss_exponent = 3;
  wlan.shadowing_db = 4;
  wlan.max_width = Frequency(bonding_levels > 1 ? 40e6 : 20e6);
  GeneratedWlan& generated = wlan.generated.emplace();
  generated.access_points = 6;
  generated.neighbours = 4;
  generated.redraw = true;
  wlan.traffic.rate_per_station = Mbps(25);
  wlan.load.profile = "volatile";
  wlan.load.slot = Milliseconds(600000);
  return scenario;
}

TrainingTask Six() {
  TrainingTask task;
  task.name = "six";
  task.digest = Sha256("six");
  return task;
}

TrainingJob Small(const std::string& folder, bool resume = false) {
  TrainingJob job;
  job.agent.algorithm = kNet2Seq;
  Net2SeqOptions& options = job.agent.net2seq;
  options.history = 1;
  options.hidden = 8;
  options.iterations = 6;
  options.imitation_iterations = 2;
  options.batch = 4;
  options.plans = 3;
  options.slots_per_network = 2;
  options.validation_interval = 2;
  options.validation_slots = 2;
  options.checkpoint_interval = 2;
  options.processes = 1;
  job.folder = folder;
  job.resume = resume;
  return job;
}

ExitCode Train(const TrainingJob& job, int64_t bonding_levels,
               int64_t stop_after = 0) {
  Net2SeqRun run(Six(), SixAccessPoints(bonding_levels), job);
  int64_t iterations = 0;
  return run.Run([&] { return ++iterations == stop_after; }, nullptr);
}

// Everything but what says how it was computed.
nlohmann::json StateIn(const std::string& folder) {
  const std::string text = ReadFile(folder + "/checkpoint");
  return nlohmann::json::from_cbor(text.substr(text.find('\n') + 1))
      .at("state");
}

TEST(Net2SeqTrainingTest, ProcessesAndInterruptionsChangeNoBit) {
  const testing::TemporaryFolder folder;
  const std::string one = folder / "one", two = folder / "two",
                    three = folder / "three";
  EXPECT_EQ(Train(Small(one), 2), ExitCode::kDone);
  TrainingJob parallel = Small(two);
  parallel.agent.net2seq.processes = 2;
  EXPECT_EQ(Train(parallel, 2), ExitCode::kDone);
  // Between two validations, and between two checkpoints.
  EXPECT_EQ(Train(Small(three), 2, 3), ExitCode::kInterrupted);
  EXPECT_EQ(Train(Small(three, true), 2), ExitCode::kDone);
  for (const char* name : {"policy.json", "curves.csv"}) {
    EXPECT_EQ(ReadFile(one + "/" + name), ReadFile(two + "/" + name)) << name;
    EXPECT_EQ(ReadFile(one + "/" + name), ReadFile(three + "/" + name)) << name;
  }
  EXPECT_EQ(StateIn(one), StateIn(two));
  EXPECT_EQ(StateIn(one), StateIn(three));
  EXPECT_EQ(ReadFile(one + "/checkpoint"), ReadFile(three + "/checkpoint"));

  TrainingJob other = Small(three, true);
  other.agent.net2seq.gamma = 0.25;
  EXPECT_THAT(testing::ErrorOf([&] { Train(other, 2); }),
              ::testing::AllOf(HasSubstr("another agent file"),
                               HasSubstr("gamma: 0.25")));
}

// Errors of what is seen, by their own seed, in the same course of networks.
TEST(Net2SeqTrainingTest, NoiseIsSeenAndNotRewarded) {
  const testing::TemporaryFolder folder;
  const auto policy = [&](const std::string& name, double level,
                          int64_t noise_seed) {
    TrainingJob job = Small(folder / name);
    job.agent.noise.rssi_noise_db = level;
    job.agent.noise.seed_number = noise_seed;
    EXPECT_EQ(Train(job, 1), ExitCode::kDone);
    return ReadFile(folder / name + "/policy.json");
  };
  const std::string quiet = policy("quiet", 0, 1);
  EXPECT_EQ(policy("zero", 0, 2), quiet);
  const std::string noisy = policy("noisy", 8, 1);
  EXPECT_NE(noisy, quiet);
  EXPECT_NE(policy("other", 8, 2), noisy);
}

TEST(Net2SeqTrainingTest, StopsWhereNothingIsANumber) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "training";
  EXPECT_EQ(Train(Small(path), 1, 2), ExitCode::kInterrupted);
  std::string text = ReadFile(path + "/checkpoint");
  auto saved = nlohmann::json::from_cbor(text.substr(text.find('\n') + 1));
  auto& bytes =
      saved.at("state").at("weights").at(2 * kActorOutput).get_binary();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data(), &nan, sizeof nan);
  const auto broken = nlohmann::json::to_cbor(saved);
  const std::string content(broken.begin(), broken.end());
  WriteFileAtomically(path + "/checkpoint", content);
  EXPECT_THAT(testing::ErrorOf([&] { Train(Small(path, true), 1); }),
              HasSubstr("damaged: its digest does not fit"));
  WriteFileAtomically(path + "/checkpoint", Sha256(content) + "\n" + content);
  EXPECT_THAT(
      [&] { Train(Small(path, true), 1); },
      ThrowsMessage<Error>(::testing::AllOf(
          HasSubstr("stopped in iteration 3"), HasSubstr("not numbers"),
          HasSubstr("the checkpoint of iteration 2 stays in " + path))));
}

TEST(Net2SeqTrainingTest, WhatCannotBeTrainedIsSaid) {
  using testing::ErrorOf;
  const testing::TemporaryFolder folder;
  TrainingJob job = Small(folder / "training");
  job.agent.net2seq.batch = 5;
  EXPECT_EQ(ErrorOf([&] { Train(job, 1); }),
            "net2seq: a batch of 5 has no 2 equal shards");
  Scenario fixed = SixAccessPoints(1);
  fixed.wlan->generated.reset();
  EXPECT_THAT(
      ErrorOf([&] { Net2SeqRun(Six(), fixed, Small(folder / "training")); }),
      HasSubstr("`count: fixed` and `redraw: true`"));
  EXPECT_FALSE(std::filesystem::exists(folder / "training"));
}

// Of two plans each is held against the other, less what the steps before have
// brought; their regret is that of AirtimeBatch.
TEST(Net2SeqInstanceTest, AdvantagesAreDifferencesFromTheOtherPlan) {
  const Scenario scenario = SixAccessPoints(2);
  const ChannelTable table = AllowedChannels(*scenario.wlan);
  const Net2SeqChannels channels(table);
  // The second of two networks stays for eight slots at first.
  Net2SeqInstance instance(&scenario, &channels, &table, 0, 1, 2, 10);
  constexpr int64_t kSeed = Net2SeqInstance::kFirstSeed + 1;
  Net2SeqLayout layout;
  layout.bonding_levels = 2;
  layout.hidden = 8;
  const Net2SeqNetwork uniform(layout);  // all weights 0
  Net2SeqSampling sampling;
  sampling.plans = 2;
  sampling.steps = 0;
  RngStream rng(3);
  Net2SeqExperience experience;
  experience.Clear();
  instance.Decide(uniform, sampling, &rng, &rng, &experience);
  const auto& choices = experience.choices;
  ASSERT_EQ(choices.advantages.size(), 12U);
  // By how many access points are open: that is the step.
  double first[7] = {};
  double second[7] = {};
  for (size_t n = 0; n < 12; ++n) {
    (n < 6 ? first : second)[choices.access_points[n]] = choices.advantages[n];
  }
  for (int open = 1; open <= 6; ++open) {
    EXPECT_NEAR(first[open], -second[open], 1e-5);
  }
  const auto& targets = experience.judgments.targets;
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_NEAR(first[6], 6 * (targets[0] - targets[1]), 1e-5);
  EXPECT_NEAR(experience.values.targets[0], (targets[0] + targets[1]) / 2,
              1e-6);

  const WlanConfig wlan = WithAccessPoints(*scenario.wlan, kSeed);
  AirtimeBatch batch(table, ChoicesOf(wlan.airtime));
  batch.Add(InterferenceMap(RssiOf(wlan, kSeed), ChoicesOf(wlan.airtime)));
  batch.SetPlan(PlanOf(wlan, table));
  ChannelPlan plan;
  for (const int position : instance.position().plan) {
    plan.push_back(channels.assignment(position));
  }
  // Loads as the course has them: the second slot is the one that was planned.
  const RngTree tree(kSeed);
  const auto course = CreateLoadCourse(wlan, nullptr, tree, Replication(0));
  const Eigen::ArrayXd full =
      OfferedRates(wlan) /
      static_cast<double>(wlan.airtime.channel_rate.value());
  const Eigen::ArrayXd now = course->Next() * full;
  const Eigen::ArrayXd next = course->Next() * full;
  std::vector<Regret> regret;
  batch.Step(plan, now, next, &regret);
  EXPECT_NEAR(regret[0].total / 6, targets[0], 1e-6);
}

}  // namespace
}  // namespace airlock
