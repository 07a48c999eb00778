#include "sim/base/units.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

template <typename Q>
Q Parsed(const std::string& text) {
  Q value;
  EXPECT_TRUE(Parse(text, &value)) << text;
  return value;
}

TEST(UnitsTest, ParsesAsNs3Spells) {
  EXPECT_EQ(Parsed<Bandwidth>("25Gbps"), Gbps(25));
  EXPECT_EQ(Parsed<Bandwidth>("1.5Mbps"), Bandwidth(1500000));
  EXPECT_EQ(Parsed<DataSize>("1500B"), DataSize(1500));
  EXPECT_EQ(Parsed<DataSize>("4MiB"), DataSize(4194304));
  EXPECT_EQ(Parsed<SimTime>("2.3us"), Nanoseconds(2300));
  EXPECT_EQ(Parsed<SimTime>("1min"), SimTime(60000000000));
  EXPECT_EQ(Parsed<PowerDbm>("-62dBm"), PowerDbm(-62));
  EXPECT_EQ(Parsed<Ratio>("30%"), Ratio(0.3));
  EXPECT_EQ(Parsed<Frequency>("5.18GHz"), Frequency(5.18e9));
  EXPECT_EQ(Parsed<Length>("12.5m"), Length(12.5));
}

TEST(UnitsTest, RefusesWhatIsNotAQuantity) {
  Bandwidth rate = Gbps(7);
  for (const char* text : {"", "25", "25Gbsp", "Gbps", "25 Gbps", "0x10bps",
                           "1.5bps", "nanGbps", "1e300Gbps", "25gbps"}) {
    EXPECT_FALSE(Parse(text, &rate)) << text;
  }
  EXPECT_EQ(rate, Gbps(7));
  SimTime time;
  EXPECT_FALSE(Parse("0.5ns", &time));
  DataSize size;
  EXPECT_FALSE(Parse("1.2B", &size));
}

TEST(UnitsTest, TextParsesBackToTheSameValue) {
  EXPECT_EQ(ToString(Gbps(25)), "25Gbps");
  EXPECT_EQ(ToString(Bandwidth(1500000)), "1500kbps");
  EXPECT_EQ(ToString(SimTime(0)), "0ns");
  EXPECT_EQ(ToString(Milliseconds(90000)), "90s");
  EXPECT_EQ(ToString(Ratio(0.3)), "30%");
  EXPECT_EQ(ToString(PowerDbm(-62.5)), "-62.5dBm");
  for (const double value : {0.1, 1.0 / 3, 5.18e9, 1e-9, 0.07}) {
    EXPECT_DOUBLE_EQ(Parsed<Ratio>(ToString(Ratio(value))).value(), value);
    EXPECT_EQ(Parsed<Frequency>(ToString(Frequency(value))), Frequency(value));
  }
  for (const int64_t value : {1, 999, 1000, 1024, 123456789}) {
    EXPECT_EQ(Parsed<DataSize>(ToString(DataSize(value))), DataSize(value));
  }
}

TEST(UnitsTest, TransmissionTimeIsSizeOverRate) {
  EXPECT_EQ(TransmissionTime(DataSize(1500), Gbps(1)), Microseconds(12));
  EXPECT_EQ(TransmissionTime(DataSize(1), Gbps(3)), Nanoseconds(3));  // 2.67
}

}  // namespace
}  // namespace airlock
