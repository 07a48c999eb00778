#include "sim/packet/meters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(CountMeter, ReadersAreIndependent) {
  CountMeter meter;
  meter.Add(2);
  EXPECT_EQ(meter.Take(Reader::kSeries), 2);
  meter.Add(3);
  EXPECT_EQ(meter.Take(Reader::kSeries), 3);
  EXPECT_EQ(meter.Take(Reader::kController), 5);
  EXPECT_EQ(meter.Take(Reader::kController), 0);
  EXPECT_EQ(meter.total(), 5);
}

TEST(LevelMeter, WeighsByTime) {
  LevelMeter meter;
  meter.Set(SimTime(), 0);
  meter.Set(Milliseconds(6), 4);  // 0 for 6 ms
  meter.Set(Milliseconds(8), 1);  // 4 for 2 ms
  const auto summary = meter.Take(Reader::kSeries, Milliseconds(10));
  EXPECT_DOUBLE_EQ(summary.mean, (4 * 2 + 1 * 2) / 10.0);
  EXPECT_EQ(summary.max, 4);
  EXPECT_THAT(summary.seconds_at,
              ElementsAre(DoubleNear(0.006, 1e-15), DoubleNear(0.002, 1e-15), 0,
                          0, DoubleNear(0.002, 1e-15)));
}

TEST(LevelMeter, ALevelLastsOverTheIntervalsBorder) {
  LevelMeter meter;
  meter.Set(Milliseconds(1), 7);
  meter.Take(Reader::kSeries, Milliseconds(2));
  const auto second = meter.Take(Reader::kSeries, Milliseconds(4));
  EXPECT_DOUBLE_EQ(second.mean, 7);
  const auto whole = meter.Take(Reader::kController, Milliseconds(4));
  EXPECT_DOUBLE_EQ(whole.mean, 7 * 3 / 4.0);
}

TEST(LevelMeter, APeakWithoutDurationIsNoMaximum) {
  LevelMeter meter;
  meter.Set(Milliseconds(1), 9);
  meter.Set(Milliseconds(1), 1);
  EXPECT_EQ(meter.Take(Reader::kSeries, Milliseconds(2)).max, 1);
}

TEST(ValueMeter, SummarisesAndIsEmptyAfterwards) {
  ValueMeter meter;
  for (int i = 0; i <= 100; ++i) meter.Add(i);
  const auto summary = meter.Take(Reader::kController);
  EXPECT_EQ(summary.count, 101);
  EXPECT_DOUBLE_EQ(summary.mean, 50);
  EXPECT_DOUBLE_EQ(summary.p95, 95);
  EXPECT_DOUBLE_EQ(summary.p99, 99);
  EXPECT_EQ(meter.Take(Reader::kController).count, 0);
  EXPECT_TRUE(std::isnan(meter.Take(Reader::kController).mean));
  EXPECT_EQ(meter.Take(Reader::kSeries).count, 101);
}

TEST(JainIndex, IsOneForEqualAndOneNthForOne) {
  EXPECT_DOUBLE_EQ(JainIndex({3, 3, 3}), 1);
  EXPECT_DOUBLE_EQ(JainIndex({5, 0, 0, 0}), 0.25);
  EXPECT_TRUE(std::isnan(JainIndex({})));
  EXPECT_TRUE(std::isnan(JainIndex({0, 0})));
}

}  // namespace
}  // namespace airlock
