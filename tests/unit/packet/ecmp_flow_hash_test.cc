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

}  // namespace
}  // namespace airlock
