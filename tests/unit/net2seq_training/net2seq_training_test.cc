#include "agents/learn/net2seq_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agents/learn/net2seq_rollout.h"
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

Net2SeqTraining Small() {
  Net2SeqTraining training;
  training.history = 1;
  training.hidden = 8;
  training.iterations = 6;
  training.imitation_iterations = 2;
  training.batch = 4;
  training.plans = 3;
  training.slots_per_network = 2;
  training.validation_interval = 2;
  training.validation_slots = 2;
  training.checkpoint_interval = 2;
  training.processes = 1;
  return training;
}

nlohmann::json WeightsOf(const Net2SeqNetwork& network) {
  return network.ToJson().at("weights");
}

TEST(Net2SeqTrainingTest, ProcessesAndInterruptionsChangeNoBit) {
  const testing::TemporaryFolder folder;
  const Scenario scenario = SixAccessPoints(2);
  Net2SeqTraining training = Small();
  const Net2SeqOutcome one =
      TrainNet2Seq(training, scenario, folder.path() + "/one", false, {});
  training.processes = 2;
  const Net2SeqOutcome two =
      TrainNet2Seq(training, scenario, folder.path() + "/two", false, {});
  EXPECT_EQ(WeightsOf(one.best), WeightsOf(two.best));

  const auto interrupt = [](const Net2SeqProgress& now) {
    if (now.iteration == 4) throw std::runtime_error("enough");
  };
  const std::string third = folder.path() + "/three";
  EXPECT_THROW(TrainNet2Seq(training, scenario, third, false, interrupt),
               std::runtime_error);
  const Net2SeqOutcome three =
      TrainNet2Seq(training, scenario, third, true, {});
  EXPECT_EQ(WeightsOf(one.best), WeightsOf(three.best));
  ASSERT_EQ(three.curve.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one.curve[i].regret, three.curve[i].regret);
    EXPECT_EQ(one.curve[i].validation, three.curve[i].validation);
  }
  // The last state too, not the best one alone.
  const auto last = [&](const std::string& name) {
    const std::string bytes =
        ReadFile(folder.path() + "/" + name + "/checkpoint.cbor");
    const auto saved = nlohmann::json::from_cbor(bytes);
    return nlohmann::json{saved.at("weights"), saved.at("adam"),
                          saved.at("positions")};
  };
  EXPECT_EQ(last("one"), last("two"));
  EXPECT_EQ(last("one"), last("three"));

  training.gamma = 0.25;
  EXPECT_EQ(testing::ErrorOf(
                [&] { TrainNet2Seq(training, scenario, third, true, {}); }),
            third +
                "/checkpoint.cbor: checkpoint: gamma was 0.5 and is now "
                "0.25");
}

TEST(Net2SeqTrainingTest, StopsWhereNothingIsANumber) {
  const testing::TemporaryFolder folder;
  const Scenario scenario = SixAccessPoints(1);
  const auto interrupt = [](const Net2SeqProgress& now) {
    if (now.iteration == 4) throw std::runtime_error("enough");
  };
  EXPECT_THROW(TrainNet2Seq(Small(), scenario, folder.path(), false, interrupt),
               std::runtime_error);
  const std::string path = folder.path() + "/checkpoint.cbor";
  auto saved = nlohmann::json::from_cbor(ReadFile(path));
  auto& bytes = saved.at("weights").at(2 * kActorOutput).get_binary();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(bytes.data(), &nan, sizeof nan);
  const auto broken = nlohmann::json::to_cbor(saved);
  WriteFileAtomically(path, std::string(broken.begin(), broken.end()));
  EXPECT_THAT([&] { TrainNet2Seq(Small(), scenario, folder.path(), true, {}); },
              ThrowsMessage<Error>(::testing::AllOf(
                  HasSubstr("stopped in iteration 3"), HasSubstr("not numbers"),
                  HasSubstr(path + " after 2 iterations"))));
}

TEST(Net2SeqTrainingTest, SettingsAreReadStrictly) {
  using testing::ErrorOf;
  EXPECT_EQ(Net2SeqTrainingFromJson(ToJson(Small())).imitation_iterations, 2);
  EXPECT_EQ(ErrorOf([] {
              Net2SeqTrainingFromJson({{"gamma", 1}});
            }),
            "net2seq training: gamma is 1; a number from 0 to 0.999 is "
            "allowed");
  EXPECT_EQ(ErrorOf([] {
              Net2SeqTrainingFromJson({{"batch", 1.5}});
            }),
            "net2seq training: batch is 1.5; a whole number from 1 to 100000 "
            "is allowed");
  EXPECT_THAT(ErrorOf([] {
                Net2SeqTrainingFromJson({{"gama", 0}});
              }),
              HasSubstr("unknown key 'gama'; known are batch,"));
  Net2SeqTraining training = Small();
  training.batch = 5;
  EXPECT_EQ(ErrorOf([&] {
              TrainNet2Seq(training, SixAccessPoints(1), "/tmp", false, {});
            }),
            "net2seq training: a batch of 5 has no 2 equal shards");
  Scenario fixed = SixAccessPoints(1);
  fixed.wlan->generated.reset();
  EXPECT_THAT(ErrorOf([&] { TrainNet2Seq(Small(), fixed, "/tmp", false, {}); }),
              HasSubstr("`count: fixed` and `redraw: true`"));
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
  instance.Decide(uniform, sampling, &rng, &experience);
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
