#include "sim/surrogate/channel_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sim/base/error.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MessageOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

ChannelTable NoDfs(int levels) {
  return ChannelTable(ReferenceChannels(), levels);
}

std::vector<int> AllOfTheBand() {
  std::vector<int> numbers;
  for (int n = 36; n <= 64; n += 4) numbers.push_back(n);
  for (int n = 100; n <= 144; n += 4) numbers.push_back(n);
  for (int n = 149; n <= 165; n += 4) numbers.push_back(n);
  return numbers;
}

std::vector<int> Primaries(const ChannelTable& table, int bonding) {
  std::vector<int> numbers;
  for (const ChannelAssignment& assignment : table.assignments()) {
    if (assignment.bonding == bonding) {
      numbers.push_back(table.Number(assignment.channel));
    }
  }
  return numbers;
}

TEST(ChannelTableTest, NineChannelsBondToFourOfFortyMegahertz) {
  const ChannelTable table = NoDfs(3);
  EXPECT_EQ(table.channels(), 9);
  EXPECT_EQ(table.slots(), 9);
  EXPECT_EQ(Primaries(table, 0).size(), 9u);
  // Either channel of a pair may be the primary one; 165 has no partner.
  EXPECT_THAT(Primaries(table, 1),
              ElementsAre(36, 40, 44, 48, 149, 153, 157, 161));
  EXPECT_EQ(Primaries(table, 2), Primaries(table, 1));
  const SlotRange pair = table.Slots({*table.IndexOf(48), 1});
  EXPECT_EQ(pair.first, 2);
  EXPECT_EQ(pair.count, 2);
  EXPECT_FALSE(table.Has({8, 1}));
  EXPECT_FALSE(table.Has({9, 0}));
  EXPECT_FALSE(table.Has({0, 3}));
  EXPECT_FALSE(table.Has({-1, 0}));
}

TEST(ChannelTableTest, AllOfTheBandBondsAsTheStandardSays) {
  const ChannelTable table(AllOfTheBand(), 4);
  // IEEE 802.11-2020, table E-1: 12 of 40 MHz, 6 of 80 MHz, 2 of 160 MHz.
  EXPECT_EQ(Primaries(table, 1).size(), 2u * 12);
  EXPECT_EQ(Primaries(table, 2).size(), 4u * 6);
  EXPECT_EQ(Primaries(table, 3).size(), 8u * 2);
  const SlotRange range = table.Slots({*table.IndexOf(128), 3});
  EXPECT_EQ(table.Number(range.first), 100);
  EXPECT_EQ(range.count, 8);
}

TEST(ChannelTableTest, ABlockNeedsAllItsChannels) {
  const ChannelTable table({36, 44, 48}, 3);
  EXPECT_THAT(Primaries(table, 1), ElementsAre(44, 48));
  EXPECT_TRUE(Primaries(table, 2).empty());
}

TEST(ChannelTableTest, TwoGigahertzChannelsOverlapByFourSlots) {
  const ChannelTable table({1, 3, 5, 6}, 1);
  const auto meet = [&table](int a, int b) {
    const SlotRange x = table.Slots({*table.IndexOf(a), 0});
    const SlotRange y = table.Slots({*table.IndexOf(b), 0});
    return x.first < y.first + y.count && y.first < x.first + x.count;
  };
  EXPECT_TRUE(meet(1, 3));
  EXPECT_FALSE(meet(1, 5));
  EXPECT_TRUE(meet(3, 6));
}

TEST(ChannelTableTest, SettingsBecomeAssignments) {
  const ChannelTable table = NoDfs(2);
  EXPECT_EQ(table.Parse(153, 40e6), (ChannelAssignment{5, 1}));
  EXPECT_THAT(
      MessageOf([&table] { table.Parse(52, 20e6); }),
      HasSubstr("channel 52 is not allowed here: one of 36, 40, 44, 48, 149"));
  EXPECT_THAT(MessageOf([&table] { table.Parse(165, 40e6); }),
              HasSubstr("channel 165 has no partner for 40 MHz"));
  EXPECT_THAT(MessageOf([&table] { table.Parse(36, 80e6); }),
              HasSubstr("width of 80000000 Hz is not allowed here: 20 MHz to "
                        "40 MHz"));
  EXPECT_THAT(MessageOf([&table] { table.Parse(36.5, 20e6); }),
              HasSubstr("channel 36.5 is not allowed"));
}

TEST(ChannelTableTest, WrongListsAreErrors) {
  const auto message = [](std::vector<int> numbers, int levels) {
    return MessageOf([&] { ChannelTable(numbers, levels); });
  };
  EXPECT_THAT(message({}, 1), HasSubstr("needs a channel"));
  EXPECT_THAT(message({36, 36}, 1), HasSubstr("channel 36 is given twice"));
  EXPECT_THAT(message({38}, 1), HasSubstr("38 is no 20 MHz channel"));
  EXPECT_THAT(message({14}, 1), HasSubstr("14 is no 20 MHz channel"));
  EXPECT_THAT(message({0}, 1), HasSubstr("0 is no 20 MHz channel"));
  EXPECT_THAT(message({1, 36}, 1), HasSubstr("channels 1 and 36 are of two"));
  EXPECT_THAT(message({1, 6}, 2), HasSubstr("the 2.4 GHz band has 1 to 1"));
  EXPECT_THAT(message({36}, 5), HasSubstr("5 bonding levels"));
}

}  // namespace
}  // namespace airlock
