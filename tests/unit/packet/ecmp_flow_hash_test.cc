#include <gtest/gtest.h>

#include <vector>

#include "sim/packet/flow_hash.h"

namespace airlock {
namespace {

FlowKey Key(uint16_t source_port) {
  return {0x0a000001, 0x0a000009, source_port, 5001, 6};
}

TEST(FlowHash, DependsOnEveryField) {
  const FlowKey key = Key(10000);
  const uint64_t hash = FlowHash(key, 1);
  EXPECT_EQ(hash, FlowHash(key, 1));
  EXPECT_NE(hash, FlowHash(key, 2));
  FlowKey other = key;
  other.source ^= 1;
  EXPECT_NE(hash, FlowHash(other, 1));
  other = key;
  other.destination ^= 1;
  EXPECT_NE(hash, FlowHash(other, 1));
  other = key;
  other.source_port ^= 1;
  EXPECT_NE(hash, FlowHash(other, 1));
  other = key;
  other.destination_port ^= 1;
  EXPECT_NE(hash, FlowHash(other, 1));
  other = key;
  other.protocol = 17;
  EXPECT_NE(hash, FlowHash(other, 1));
}

TEST(FlowHash, NeighbouringPortsSpreadEvenly) {
  constexpr uint32_t kPaths = 4;
  constexpr int kFlows = 8000;
  std::vector<int> count(kPaths);
  for (int i = 0; i < kFlows; ++i) {
    ++count[ChooseByHash(FlowHash(Key(static_cast<uint16_t>(10000 + i)), 7),
                         kPaths)];
  }
  double chi_square = 0;
  for (int n : count) {
    const double expected = kFlows / static_cast<double>(kPaths);
    chi_square += (n - expected) * (n - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.27);  // 99.9 % of chi-square with 3 degrees
}

// With equal salts, the flows that a second switch sees would all have taken
// the same choice at the first.
TEST(FlowHash, SaltsMakeChoicesIndependent) {
  int both = 0;
  int first = 0;
  for (int i = 0; i < 8000; ++i) {
    const FlowKey key = Key(static_cast<uint16_t>(10000 + i));
    if (ChooseByHash(FlowHash(key, 1), 4) != 0) continue;
    ++first;
    both += ChooseByHash(FlowHash(key, 2), 4) == 0;
  }
  EXPECT_NEAR(static_cast<double>(both) / first, 0.25, 0.04);
}

TEST(FlowHash, ChoiceIsInRange) {
  EXPECT_EQ(ChooseByHash(0, 3), 0u);
  EXPECT_EQ(ChooseByHash(UINT64_MAX, 3), 2u);
  EXPECT_EQ(ChooseByHash(UINT64_MAX, 1), 0u);
}

TEST(FlowHash, WeightsShareOut) {
  constexpr int kFlows = 8000;
  const std::vector<double> weights = {1, 0.5, 2.5};
  std::vector<double> count(3);
  for (int i = 0; i < kFlows; ++i) {
    const uint64_t hash = FlowHash(Key(static_cast<uint16_t>(10000 + i)), 7);
    ++count[ChooseByHash(hash, weights)];
    EXPECT_EQ(ChooseByHash(hash, std::vector<double>(5, 0.3)),
              ChooseByHash(hash, 5));
  }
  double chi_square = 0;
  for (size_t i = 0; i < 3; ++i) {
    const double expected = kFlows * weights[i] / 4;
    chi_square += (count[i] - expected) * (count[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 13.82);  // 99.9 % of chi-square with 2 degrees
  EXPECT_EQ(ChooseByHash(UINT64_MAX, weights), 2u);
  EXPECT_EQ(ChooseByHash(0, weights), 0u);
}

// Flows move to the choice whose weight grows and none away from it.
TEST(FlowHash, ChangedWeightsMoveNoMoreThanTheyMust) {
  int moved = 0;
  for (int i = 0; i < 4000; ++i) {
    const uint64_t hash = FlowHash(Key(static_cast<uint16_t>(10000 + i)), 7);
    const uint32_t before = ChooseByHash(hash, {1, 1});
    const uint32_t after = ChooseByHash(hash, {1, 3});
    EXPECT_FALSE(before == 1 && after == 0);
    moved += before != after;
  }
  EXPECT_NEAR(moved / 4000.0, 0.25, 0.03);
}

}  // namespace
}  // namespace airlock
