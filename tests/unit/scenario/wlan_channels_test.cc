#include "sim/scenario/wlan_channels.h"

#include <gtest/gtest.h>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Numbers = std::vector<int64_t>;

OperatingChannel Found(int64_t width_mhz, int64_t number) {
  const auto channel = FindOperatingChannel("802.11ax", width_mhz, number);
  EXPECT_TRUE(channel) << number << " of " << width_mhz;
  return channel.value_or(OperatingChannel());
}

// The channel numbers of figure 21-16 of IEEE 802.11-2020.
TEST(WlanChannels, NumbersMeanTheWholeWidthOrThePrimaryChannel) {
  EXPECT_EQ(Found(20, 44), (OperatingChannel{44, 20, 44, 0}));
  EXPECT_EQ(Found(40, 46), (OperatingChannel{46, 40, 44, 0}));
  EXPECT_EQ(Found(40, 48), (OperatingChannel{46, 40, 48, 1}));
  EXPECT_EQ(Found(80, 42), (OperatingChannel{42, 80, 36, 0}));
  EXPECT_EQ(Found(80, 44), (OperatingChannel{42, 80, 44, 2}));
  EXPECT_EQ(Found(160, 64), (OperatingChannel{50, 160, 64, 7}));
  EXPECT_EQ(Found(80, 157), (OperatingChannel{155, 80, 157, 2}));
  // In the 2.4 GHz band numbers are of the middle.
  EXPECT_EQ(Found(20, 6), (OperatingChannel{6, 20, 6, 0}));
  EXPECT_EQ(Found(40, 6), (OperatingChannel{6, 40, 4, 0}));
}

TEST(WlanChannels, NothingReachesOverTheEdgeOfABand) {
  EXPECT_FALSE(FindOperatingChannel("802.11ax", 40, 165));
  EXPECT_FALSE(FindOperatingChannel("802.11ax", 160, 149));
  EXPECT_FALSE(FindOperatingChannel("802.11ax", 40, 13));
  EXPECT_FALSE(FindOperatingChannel("802.11ax", 80, 6));
  EXPECT_FALSE(FindOperatingChannel("802.11ax", 20, 37));
  EXPECT_FALSE(FindOperatingChannel("802.11n", 80, 42));
  EXPECT_FALSE(FindOperatingChannel("802.11ac", 20, 6));
}

TEST(WlanChannels, SecondaryChannelOf24GhzLiesAboveWhereThereIsRoom) {
  EXPECT_EQ(*ChannelOfPrimary("802.11n", 40, 1),
            (OperatingChannel{3, 40, 1, 0}));
  EXPECT_EQ(*ChannelOfPrimary("802.11n", 40, 9),
            (OperatingChannel{11, 40, 9, 0}));
  EXPECT_EQ(*ChannelOfPrimary("802.11n", 40, 10),
            (OperatingChannel{8, 40, 10, 1}));
  EXPECT_EQ(*ChannelOfPrimary("802.11n", 40, 13),
            (OperatingChannel{11, 40, 13, 1}));
}

TEST(WlanChannels, Frequencies) {
  EXPECT_EQ(ChannelFrequency(1), 2412e6);
  EXPECT_EQ(ChannelFrequency(13), 2472e6);
  EXPECT_EQ(ChannelFrequency(14), 2484e6);
  EXPECT_EQ(ChannelFrequency(36), 5180e6);
  EXPECT_EQ(ChannelFrequency(155), 5775e6);
  EXPECT_EQ(PartsOf(Found(80, 155)), (Numbers{149, 153, 157, 161}));
}

// Annex E of IEEE 802.11-2020: operating classes 115, 118, 121, 125 (20 MHz),
// 116 to 127 (40 MHz), 128 (80 MHz) and 129 (160 MHz).
TEST(WlanChannels, RegionsAllowWhatAnnexEDoes) {
  const WlanRegion& eu = FindWlanRegion("EU");
  const WlanRegion& us = FindWlanRegion("US");
  const WlanRegion& jp = FindWlanRegion("JP");
  const auto count = [](const WlanRegion& region, bool dfs, int64_t width,
                        int64_t band) {
    return AllowedPrimaries(region, dfs, "802.11ax", width, band).size();
  };
  EXPECT_EQ(count(us, true, 20, 36), 25u);
  EXPECT_EQ(count(us, true, 40, 36), 24u);  // all but 165
  EXPECT_EQ(count(us, true, 80, 36), 24u);
  EXPECT_EQ(count(us, true, 160, 36), 16u);
  EXPECT_EQ(count(us, false, 20, 36), 9u);
  EXPECT_EQ(count(eu, true, 20, 36), 19u);
  EXPECT_EQ(count(eu, true, 40, 36), 18u);  // all but 140
  EXPECT_EQ(count(eu, true, 80, 36), 16u);  // 42, 58, 106, 122
  EXPECT_EQ(count(eu, false, 20, 36), 4u);
  EXPECT_EQ(count(eu, false, 160, 36), 0u);  // 50 has radars above 48
  // W52 (36 to 48), W53 (52 to 64) and W56 (100 to 144), nothing above.
  EXPECT_EQ(count(jp, true, 20, 36), 20u);
  EXPECT_EQ(count(jp, true, 40, 36), 20u);
  EXPECT_EQ(count(jp, true, 80, 36), 20u);  // 42, 58, 106, 122, 138
  EXPECT_EQ(count(jp, true, 160, 36), 16u);
  EXPECT_EQ(AllowedPrimaries(jp, false, "802.11ax", 20, 36),
            (Numbers{36, 40, 44, 48}));
  EXPECT_EQ(ForbiddenPart(jp, true, Found(20, 149)), 149);
  EXPECT_EQ(ForbiddenPart(jp, true, Found(40, 142)), std::nullopt);
  EXPECT_EQ(count(jp, true, 20, 1), 13u);
  EXPECT_EQ(count(us, true, 20, 1), 11u);
  EXPECT_EQ(count(eu, true, 20, 1), 13u);
  EXPECT_EQ(ForbiddenPart(eu, true, Found(80, 138)), 144);
  EXPECT_EQ(ForbiddenPart(us, true, Found(40, 11)), 13);
  EXPECT_EQ(ForbiddenPart(us, true, Found(40, 9)), std::nullopt);
  EXPECT_EQ(ForbiddenPart(us, false, Found(160, 50)), 52);
  EXPECT_EQ(AllowedPrimaries(us, false, "802.11ac", 20, 36),
            (Numbers{36, 40, 44, 48, 149, 153, 157, 161, 165}));
  EXPECT_THROW(FindWlanRegion("Mars"), InputError);
}

}  // namespace
}  // namespace airlock
