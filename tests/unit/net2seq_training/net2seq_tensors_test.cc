#include "agents/learn/net2seq_tensors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/policy/net2seq_decoder.h"
#include "tests/support/random_net2seq.h"

namespace airlock {
namespace {

Net2SeqLayout Layout(int levels, int history) {
  Net2SeqLayout layout;
  layout.bonding_levels = levels;
  layout.history = history;
  layout.hidden = 40;
  return layout;
}

// The networks that libtorch trains are those that Eigen runs.
TEST(Net2SeqTensors, DecideAsTheDecoderDoes) {
  for (const int levels : {1, 2, 3}) {
    const ChannelTable table(
        levels == 1 ? std::vector<int>{1, 6, 11} : ReferenceChannels(), levels);
    const Net2SeqNetwork network = RandomNet2Seq(Layout(levels, 1), 5);
    const RandomNet2SeqScene random(table, 9, 1, 0.5, 17 + levels);
    const Net2SeqChannels& channels = random.channels;
    const Net2SeqTensors tensors(network, channels);
    Net2SeqScene scene = random.scene();
    Net2SeqDecoder decoder(&network, &scene);
    Net2SeqChoices choices;
    choices.rows.Clear(Net2SeqScene::kActorEmbeddings);
    std::vector<std::vector<double>> expected;
    for (int done = 0; done < 9; done += 2) {  // several steps in one batch
      std::vector<double> open_ones;
      const auto all = decoder.LogProbabilities();
      for (int i = 0; i < 9; ++i) {
        if (scene.done(i)) continue;
        for (int a = 0; a < channels.assignments(); ++a) {
          open_ones.push_back(all[i * channels.assignments() + a]);
        }
        for (int k = 0; k < channels.channels(); ++k) {
          scene.AppendActorRow(i, k, levels, &choices.rows);
        }
      }
      choices.access_points.push_back(static_cast<int64_t>(open_ones.size()) /
                                      channels.assignments());
      expected.push_back(open_ones);
      for (const int ap : {done, done + 1}) {
        if (ap < 9) scene.Configure(ap, (ap * 5) % channels.assignments());
      }
    }
    const at::Tensor log_p = tensors.LogProbabilities(choices);
    ASSERT_EQ(log_p.size(0), static_cast<int64_t>(expected.size()));
    for (size_t s = 0; s < expected.size(); ++s) {
      for (int64_t n = 0; n < log_p.size(1); ++n) {
        const double p = std::exp(log_p[s][n].item<double>());
        if (n < static_cast<int64_t>(expected[s].size())) {
          EXPECT_NEAR(log_p[s][n].item<double>(), expected[s][n], 1e-5);
        } else {
          EXPECT_EQ(p, 0);
        }
      }
    }
    std::vector<int> proposed = random.plan;
    proposed[3] = (proposed[3] + 1) % channels.assignments();
    for (const bool selector : {false, true}) {
      Net2SeqPlans plans;
      plans.rows.Clear(Net2SeqScene::kPlanEmbeddings);
      scene.Propose(selector ? proposed : random.plan);
      for (int i = 0; i < 9; ++i) {
        for (int k = 0; k < channels.channels(); ++k) {
          scene.AppendPlanRow(i, k, levels, selector, &plans.rows);
        }
      }
      plans.access_points = {9};
      EXPECT_NEAR(tensors.Values(plans, selector).item<double>(),
                  selector ? decoder.Judge(proposed) : decoder.Value(), 1e-5);
    }
  }
}

TEST(Net2SeqTensors, WeightsGoThereAndBack) {
  const Net2SeqNetwork network = RandomNet2Seq(Layout(2, 0), 6);
  const Net2SeqTensors tensors(
      network, Net2SeqChannels(ChannelTable(ReferenceChannels(), 2)));
  Net2SeqNetwork copy(network.layout);
  tensors.CopyTo(&copy);
  for (size_t i = 0; i < network.layers.size(); ++i) {
    EXPECT_EQ(copy.layers[i].weights, network.layers[i].weights);
    EXPECT_EQ(copy.layers[i].bias, network.layers[i].bias);
  }
}

}  // namespace
}  // namespace airlock
