#include "twin/node/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock {
namespace {

using ::testing::HasSubstr;

TEST(GuardTest, FallsBackAtOnceAndRecoversAfterGoodSamples) {
  Guard guard(3);
  EXPECT_FALSE(guard.model_acts());  // has seen nothing
  for (int i = 0; i < 3; ++i) guard.EndSample();
  EXPECT_TRUE(guard.model_acts());
  EXPECT_EQ(guard.Name(), "");
  guard.Raise(Doubt::kOutOfRange, "too large");
  EXPECT_FALSE(guard.model_acts());
  EXPECT_EQ(guard.Name(), "out-of-range");
  guard.Clear(Doubt::kOutOfRange);
  guard.EndSample();
  guard.EndSample();
  EXPECT_FALSE(guard.model_acts());
  EXPECT_EQ(guard.Name(), "out-of-range");  // what it recovers from
  EXPECT_THAT(guard.Reason(), HasSubstr("2 of 3 good samples"));
  guard.EndSample();
  EXPECT_TRUE(guard.model_acts());
}

TEST(GuardTest, ADoubtInBetweenBeginsTheRecoveryAnew) {
  Guard guard(2);
  guard.EndSample();
  guard.Raise(Doubt::kSlow, "slow");
  guard.Clear(Doubt::kSlow);
  guard.EndSample();
  EXPECT_FALSE(guard.model_acts());
  guard.EndSample();
  EXPECT_TRUE(guard.model_acts());
}

TEST(GuardTest, OneOfTwoDoubtsSuffices) {
  Guard guard(1);
  guard.Raise(Doubt::kDrift, "moved");
  guard.Raise(Doubt::kStale, "old");
  guard.Raise(Doubt::kStale, "older");
  guard.Clear(Doubt::kStale);
  guard.EndSample();
  EXPECT_FALSE(guard.model_acts());
  EXPECT_EQ(guard.Name(), "drift");
  EXPECT_EQ(guard.raised()[static_cast<size_t>(Doubt::kStale)], 1);
}

TEST(GuardTest, IsTheSameAfterSaving) {
  Guard guard(4);
  guard.EndSample();
  guard.Raise(Doubt::kMissing, "two of three");
  guard.Raise(Doubt::kDrift, "moved");
  guard.Clear(Doubt::kMissing);
  Guard loaded(4);
  loaded.Load(guard.Save());
  EXPECT_EQ(loaded.Save(), guard.Save());
  EXPECT_EQ(loaded.Name(), "drift");
  EXPECT_EQ(loaded.raised(), guard.raised());
}

TEST(GuardTest, EveryDoubtHasAName) {
  for (int d = 0; d < kDoubts; ++d) {
    EXPECT_STRNE(ToString(static_cast<Doubt>(d)), "");
  }
}

}  // namespace
}  // namespace airlock
