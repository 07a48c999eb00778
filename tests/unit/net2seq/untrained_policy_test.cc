#include <gtest/gtest.h>

#include "tests/support/random_net2seq.h"

// The shipped policy that nobody trained is what its table says: first weights.
namespace airlock {
namespace {

TEST(UntrainedPolicyTest, HasTheFirstWeightsOfSeedOne) {
  const Net2SeqNetwork shipped = Net2SeqNetwork::Read(
      AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-untrained.json");
  EXPECT_EQ(shipped.origin.iterations, 0);
  const Net2SeqNetwork first = RandomNet2Seq(shipped.layout, 1);
  ASSERT_EQ(shipped.layers.size(), first.layers.size());
  for (size_t i = 0; i < first.layers.size(); ++i) {
    EXPECT_EQ(shipped.layers[i].weights, first.layers[i].weights) << i;
    EXPECT_EQ(shipped.layers[i].bias, first.layers[i].bias) << i;
  }
}

}  // namespace
}  // namespace airlock
