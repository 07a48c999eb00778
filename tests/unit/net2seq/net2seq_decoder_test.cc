#include "agents/policy/net2seq_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "sim/base/error.h"
#include "tests/support/random_net2seq.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Net2SeqLayout Small(int bonding_levels, int history) {
  Net2SeqLayout layout;
  layout.bonding_levels = bonding_levels;
  layout.history = history;
  layout.hidden = 24;
  return layout;
}

// Two access points that hear each other, both on the first of two channels,
// loads 1/2 and 1/4. The networks are: logit = 2 - what the remaining send on
// the channel; V = 1/4 + what is received of all; Q = the same of the proposed
// plan.
class TinyNet2Seq : public ::testing::Test {
 protected:
  TinyNet2Seq()
      : channels_(ChannelTable({36, 40}, 1)),
        graph_((Eigen::MatrixXd(2, 2) << 0, 1, 1, 0).finished()),
        scene_(&graph_, &channels_, {{0.5F, 0.25F}}, {0, 0}),
        network_(Net2SeqLayout{1, 0, 1, 1, 1}) {
    auto& layers = network_.layers;
    layers[kActorEmbedding + 1].weights(0, 0) = 1;
    layers[kActorPrimary].weights(0, 1) = 1;
    layers[kActorMiddle].weights(0, 0) = 1;
    layers[kActorScores].weights(0, 0) = -1;
    layers[kActorPooled].weights(0, 0) = 1;
    layers[kActorPooled].bias(0) = 2;
    layers[kActorOutput].weights(0, 0) = 1;
    for (const int first : {int{kCriticEmbedding}, int{kSelectorEmbedding}}) {
      layers[first].weights(0, 0) = 1;
      layers[first + 2].weights(0, 0) = 1;
      layers[first + 3].weights(0, 0) = 1;
      layers[first + 4].weights(0, 0) = 1;
      layers[first + 4].bias(0) = 0.25;
    }
  }

  Net2SeqChannels channels_;
  InterferenceGraph graph_;
  Net2SeqScene scene_;
  Net2SeqNetwork network_;
};

TEST_F(TinyNet2Seq, ByHand) {
  Net2SeqDecoder decoder(&network_, &scene_);
  // What the first and the second hear on channel 36: 1/4 and 1/2.
  const double sum = std::exp(1.75) + 2 * std::exp(2.0) + std::exp(1.5);
  const std::vector<double> log_probabilities = decoder.LogProbabilities();
  EXPECT_NEAR(log_probabilities[0], 1.75 - std::log(sum), 1e-6);
  EXPECT_NEAR(log_probabilities[1], 2 - std::log(sum), 1e-6);
  EXPECT_NEAR(log_probabilities[2], 1.5 - std::log(sum), 1e-6);
  EXPECT_NEAR(log_probabilities[3], 2 - std::log(sum), 1e-6);

  const std::vector<Net2SeqStep> steps = decoder.Decode(nullptr);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].ap, 0);
  EXPECT_EQ(steps[0].assignment, 1);
  EXPECT_NEAR(steps[0].log_probability, 2 - std::log(sum), 1e-6);
  // The first is configured and no longer of the remaining: both channels are
  // alike, the first of equals is taken.
  EXPECT_EQ(steps[1].ap, 1);
  EXPECT_EQ(steps[1].assignment, 0);
  EXPECT_NEAR(steps[1].log_probability, std::log(0.5), 1e-6);

  // Means over (1/4, 0, 1/2, 0) + 1/4, and over (1/4 on 40, 1/2 on 36).
  EXPECT_NEAR(decoder.Value(), 0.25 + 0.75 / 4, 1e-6);
  EXPECT_NEAR(decoder.Judge({0, 1}), 0.25 + 0.75 / 4, 1e-6);
  scene_.Reset();
}

TEST(Net2SeqDecoder, UpdatesEqualAFreshComputation) {
  for (const int levels : {1, 2, 3}) {
    const RandomNet2SeqScene random(ChannelTable(ReferenceChannels(), levels),
                                    12, 1, 0.3, 11);
    const Net2SeqNetwork network = RandomNet2Seq(Small(3, 1), 3);
    Net2SeqScene scene = random.scene();
    Net2SeqDecoder decoder(&network, &scene);
    RngStream rng(4);
    const std::vector<Net2SeqStep> steps = decoder.Decode(&rng);
    Net2SeqScene again = random.scene();
    Net2SeqDecoder fresh(&network, &again);
    const int count = random.channels.assignments();
    for (const Net2SeqStep& step : steps) {
      const std::vector<double> all = fresh.LogProbabilities();
      // A float with another last bit would differ by some 1e-7.
      EXPECT_NEAR(all[step.ap * count + step.assignment], step.log_probability,
                  1e-13);
      double sum = 0;
      for (const double value : all) sum += std::exp(value);
      EXPECT_NEAR(sum, 1, 1e-12);
      again.Configure(step.ap, step.assignment);
    }
  }
}

TEST(Net2SeqDecoder, ChoosesOnlyWhatIsAllowed) {
  const RandomNet2SeqScene random(ChannelTable(ReferenceChannels(), 2), 10, 0,
                                  0.5, 21);
  const Net2SeqNetwork network = RandomNet2Seq(Small(2, 0), 8);
  const int count = random.channels.assignments();
  std::vector<uint8_t> allowed(10 * count, 0);
  RngStream rng(9);
  for (int i = 0; i < 10; ++i) {
    allowed[i * count + rng.UniformInt(count)] = 1;
    allowed[i * count + rng.UniformInt(count)] = 1;
  }
  Net2SeqScene scene = random.scene();
  Net2SeqDecoder decoder(&network, &scene, allowed);
  for (int n = 0; n < 20; ++n) {
    std::vector<bool> seen(10, false);
    for (const Net2SeqStep& step : decoder.Decode(n == 0 ? nullptr : &rng)) {
      EXPECT_TRUE(allowed[step.ap * count + step.assignment]);
      EXPECT_FALSE(seen[step.ap]);
      seen[step.ap] = true;
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 10);
  }
  std::fill_n(allowed.begin() + 4 * count, count, 0);
  EXPECT_THAT([&] { Net2SeqDecoder(&network, &scene, allowed); },
              ThrowsMessage<InputError>(
                  HasSubstr("access point 4: no assignment is allowed")));
}

TEST(Net2SeqDecoder, RenumberedAccessPointsGetTheSamePlan) {
  const RandomNet2SeqScene random(ChannelTable(ReferenceChannels(), 2), 15, 1,
                                  0.4, 31);
  const Net2SeqNetwork network = RandomNet2Seq(Small(2, 1), 12);
  std::vector<int> to(15);
  std::iota(to.begin(), to.end(), 0);
  RngStream rng(2);
  for (size_t i = to.size(); i > 1; --i) {
    std::swap(to[i - 1], to[rng.UniformInt(i)]);
  }
  RandomNet2SeqScene renumbered = random;
  for (int i = 0; i < 15; ++i) {
    renumbered.plan[to[i]] = random.plan[i];
    for (int h = 0; h < 2; ++h) {
      renumbered.loads[h][to[i]] = random.loads[h][i];
    }
    for (int j = 0; j < 15; ++j) renumbered.m(to[i], to[j]) = random.m(i, j);
  }
  renumbered.graph = InterferenceGraph(renumbered.m);
  Net2SeqScene a = random.scene();
  Net2SeqScene b = renumbered.scene();
  Net2SeqDecoder of_a(&network, &a);
  Net2SeqDecoder of_b(&network, &b);
  const auto steps_a = of_a.Decode(nullptr);
  const auto steps_b = of_b.Decode(nullptr);
  std::vector<int> plan_a(15), plan_b(15);
  for (size_t n = 0; n < steps_a.size(); ++n) {
    EXPECT_EQ(to[steps_a[n].ap], steps_b[n].ap);
    EXPECT_EQ(steps_a[n].assignment, steps_b[n].assignment);
    EXPECT_NEAR(steps_a[n].log_probability, steps_b[n].log_probability, 1e-5);
    plan_a[steps_a[n].ap] = steps_a[n].assignment;
    plan_b[steps_b[n].ap] = steps_b[n].assignment;
  }
  EXPECT_NEAR(of_a.Value(), of_b.Value(), 1e-6);
  EXPECT_NEAR(of_a.Judge(plan_a), of_b.Judge(plan_b), 1e-6);
}

TEST(Net2SeqDecoder, RefusesAnotherLayout) {
  const RandomNet2SeqScene random(ChannelTable(ReferenceChannels(), 2), 4, 1,
                                  0.4, 1);
  Net2SeqScene scene = random.scene();
  const Net2SeqNetwork history = RandomNet2Seq(Small(2, 2), 1);
  EXPECT_THAT([&] { Net2SeqDecoder(&history, &scene); },
              ThrowsMessage<InputError>(HasSubstr(
                  "sees 2 slots of load before the last one is given 1")));
  const Net2SeqNetwork narrow = RandomNet2Seq(Small(1, 1), 1);
  EXPECT_THAT([&] { Net2SeqDecoder(&narrow, &scene); },
              ThrowsMessage<InputError>(
                  HasSubstr("of 1 bonding levels is asked to plan 2")));
}

TEST(Net2SeqNetwork, KeepsEveryBit) {
  Net2SeqNetwork network = RandomNet2Seq(Small(2, 1), 77);
  network.origin.channels = {36, 40};
  network.origin.gamma = 0.5;
  const Net2SeqNetwork read =
      Net2SeqNetwork::FromJson(nlohmann::json::parse(network.ToJson().dump()));
  EXPECT_EQ(read.layout, network.layout);
  EXPECT_EQ(read.origin.gamma, 0.5);
  for (size_t i = 0; i < network.layers.size(); ++i) {
    EXPECT_EQ(read.layers[i].weights, network.layers[i].weights);
    EXPECT_EQ(read.layers[i].bias, network.layers[i].bias);
  }
}

TEST(Net2SeqNetwork, SaysWhatIsWrong) {
  const nlohmann::json good = RandomNet2Seq(Small(1, 0), 7).ToJson();
  const auto message = [&](const char* key, const nlohmann::json& value,
                           const char* text) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(key)] = value;
    EXPECT_THAT([&] { Net2SeqNetwork::FromJson(bad); },
                ThrowsMessage<InputError>(HasSubstr(text)))
        << key;
  };
  message("/format", "x", "format is \"x\"");
  message("/version", 2, "version is 2; 1 is read here");
  message("/extra", 1, "unknown key 'extra'");
  message("/layout/hidden", 25, "this layout has");
  message("/layout/hidden", 0, "hidden is 0; a whole number from 1 to 4096");
  message("/layout/history", 1.5, "history is 1.5");
  message("/weights", "!", "not base64");
  message("/weights", "AAAA", "differ from their sha256");
  nlohmann::json bad = good;
  bad.erase("origin");
  EXPECT_THAT([&] { Net2SeqNetwork::FromJson(bad); },
              ThrowsMessage<InputError>(HasSubstr("'origin' not found")));
  EXPECT_THAT([&] { Net2SeqNetwork::FromJson(nlohmann::json::array()); },
              ThrowsMessage<InputError>(HasSubstr("is not an object")));
}

}  // namespace
}  // namespace airlock
