#include "sim/packet/wlan_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

WlanConfig TwoAccessPoints() {
  WlanConfig wlan;
  wlan.access_points.resize(2);
  wlan.access_points[0].name = "lobby";
  wlan.access_points[1].name = "hall";
  return wlan;
}

std::vector<OperatingChannel> Now(int64_t first, int64_t second,
                                  int64_t width_mhz = 20) {
  return {*ChannelOfPrimary("802.11ax", width_mhz, first),
          *ChannelOfPrimary("802.11ax", width_mhz, second)};
}

std::string ErrorOfPlan(const WlanConfig& wlan, const Action& action,
                        const std::vector<OperatingChannel>& now) {
  return testing::ErrorOf([&] { ReadChannelPlan(action, wlan, now); });
}

TEST(ReadChannelPlan, LeavesWhatIsNotMentioned) {
  const auto now = Now(36, 40);
  EXPECT_EQ(ReadChannelPlan({}, TwoAccessPoints(), now), now);
  const auto plan =
      ReadChannelPlan({{{"hall.channel", 149}}}, TwoAccessPoints(), now);
  EXPECT_EQ(plan[0], now[0]);
  EXPECT_EQ(plan[1].number, 149);
  EXPECT_EQ(plan[1].width_mhz, 20);
}

// IEEE 802.11-2020, annex E: 36, 40, 44 and 48 make channel 42 of 80 MHz.
TEST(ReadChannelPlan, PutsThePrimaryChannelIntoTheWidth) {
  const auto plan = ReadChannelPlan(
      {{{"lobby.channel", 44}, {"lobby.width", 80e6}, {"hall.width", 40e6}}},
      TwoAccessPoints(), Now(36, 40));
  EXPECT_EQ(plan[0].number, 42);
  EXPECT_EQ(plan[0].primary_index, 2);
  EXPECT_EQ(plan[1].number, 38);
  EXPECT_EQ(plan[1].primary, 40);
  EXPECT_EQ(plan[1].primary_index, 1);
}

TEST(ReadChannelPlan, KeepsTheWidthThatIsThere) {
  const auto plan = ReadChannelPlan({{{"lobby.channel", 149}}},
                                    TwoAccessPoints(), Now(36, 40, 40));
  EXPECT_EQ(plan[0].number, 151);
  EXPECT_EQ(plan[0].width_mhz, 40);
}

TEST(ReadChannelPlan, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(
      ErrorOfPlan(TwoAccessPoints(), {{{"attic.channel", 36}}}, Now(36, 40)),
      AllOf(HasSubstr("'attic.channel'"), HasSubstr("lobby, hall")));
  EXPECT_THAT(
      ErrorOfPlan(TwoAccessPoints(), {{{"lobby.power", 3}}}, Now(36, 40)),
      AllOf(HasSubstr("'lobby.power'"), HasSubstr("NAME.channel")));
}

TEST(ReadChannelPlan, SaysWhichChannelsAreAllowed) {
  WlanConfig wlan = TwoAccessPoints();
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 38}}}, Now(36, 40)),
              AllOf(HasSubstr("'lobby.channel' = 38 at 20 MHz"),
                    HasSubstr("allowed are 36, 40, 44, 48")));
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 36.5}}}, Now(36, 40)),
              HasSubstr("36.5 is no channel"));
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 1e300}}}, Now(36, 40)),
              HasSubstr("is no channel"));
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", NAN}}}, Now(36, 40)),
              HasSubstr("is no channel"));
  // 165 has no partner to bond with.
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 165}}}, Now(36, 40, 40)),
              HasSubstr("no such channel"));
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 6}}}, Now(36, 40)),
              HasSubstr("stays in its band"));
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.width", 30e6}}}, Now(36, 40)),
              HasSubstr("no channel width; allowed are 20e6"));
  wlan.standard = "802.11n";
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.width", 80e6}}}, Now(36, 40)),
              HasSubstr("there are no channels of that width"));
}

TEST(ReadChannelPlan, KeepsToTheRegion) {
  WlanConfig wlan = TwoAccessPoints();
  wlan.dfs = false;
  EXPECT_THAT(
      ErrorOfPlan(wlan, {{{"lobby.channel", 52}}}, Now(36, 40)),
      AllOf(HasSubstr("channel 52 is not allowed"), HasSubstr("without dfs")));
  wlan.dfs = true;
  wlan.region = "EU";
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.channel", 149}}}, Now(36, 40)),
              HasSubstr("channel 149 is not allowed in region EU"));
  // One of the bonded channels is a radar's.
  wlan.region = "any";
  wlan.dfs = false;
  EXPECT_EQ(
      ReadChannelPlan({{{"lobby.width", 80e6}}}, wlan, Now(36, 40)).size(), 2u);
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.width", 160e6}}}, Now(36, 40)),
              HasSubstr("channel 52 is not allowed"));
}

TEST(ReadChannelPlan, KeepsToTheWidestThatIsAllowed) {
  WlanConfig wlan = TwoAccessPoints();
  wlan.max_width = Frequency(40e6);
  EXPECT_THAT(
      ErrorOfPlan(wlan, {{{"hall.width", 80e6}}}, Now(36, 40)),
      AllOf(HasSubstr("'hall.width'"), HasSubstr("max_width of 40MHz")));
}

TEST(ReadChannelPlan, RefusesAWidthThatTheRateControlCannotFollow) {
  WlanConfig wlan = TwoAccessPoints();
  wlan.rate_control = "minstrel";
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.width", 40e6}}}, Now(36, 40)),
              AllOf(HasSubstr("'lobby.width'"), HasSubstr("minstrel")));
  EXPECT_EQ(
      ReadChannelPlan({{{"lobby.channel", 44}}}, wlan, Now(36, 40)).size(), 2u);
  wlan.standard = "802.11ac";
  wlan.rate_control = "constant";
  wlan.mcs = 9;
  EXPECT_THAT(ErrorOfPlan(wlan, {{{"lobby.width", 20e6}}}, Now(36, 40, 40)),
              HasSubstr("no modulation index 9 at 20 MHz"));
}

}  // namespace
}  // namespace airlock
