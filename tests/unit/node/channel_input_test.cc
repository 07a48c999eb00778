#include "twin/node/channel_input.h"

#include <gmock/gmock.h>

#include <cmath>

#include "sim/telemetry/wlan_columns.h"
#include "tests/support/error_of.h"
#include "twin/node/channel_actuation.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Two access points that hear each other, with all that planners read.
Trace TwoAccessPoints(int64_t samples) {
  Trace trace;
  trace.source = "test";
  for (int64_t i = 0; i < samples; ++i) {
    trace.time_seconds.push_back(static_cast<double>(600 * i));
  }
  for (const char* ap : {"hall", "lobby"}) {
    for (const WlanMetric& metric : {kApChannel, kApWidth, kApLoad, kApBusy}) {
      trace.columns.push_back(DescribeWlanColumn(ApColumnName(ap, metric)));
    }
  }
  trace.columns.push_back(
      DescribeWlanColumn(ApRssiColumnName("hall", "lobby")));
  for (Column& column : trace.columns) {
    const double value = IsConfiguredColumn(column.name) ? 36 : 0.5;
    column.values.assign(static_cast<size_t>(samples),
                         IsPowerColumn(column.name) ? -60 : value);
  }
  return trace;
}

std::vector<double>& Values(Trace* trace, const std::string& name) {
  for (Column& column : trace->columns) {
    if (column.name == name) return column.values;
  }
  throw Error("no column " + name);
}

TEST(ChannelInputTest, MeasuredValuesAreMeansAndConfiguredOnesTheLast) {
  Trace trace = TwoAccessPoints(3);
  Values(&trace, "ap.hall.load") = {0.2, 0.4, std::nan("")};
  Values(&trace, "ap.hall.channel") = {36, 40, 40};
  Values(&trace, "ap.hall.rssi.lobby") = {-60, -64, -62};
  Values(&trace, "ap.lobby.load").assign(3, std::nan(""));
  ControlInput input(ChannelInputRules({"hall", "lobby"}));
  input.Bind(trace);
  for (int64_t i = 0; i < 3; ++i) input.Take(trace, i);
  EXPECT_EQ(input.taken(), 3);
  const Observation seen = input.Finish(1800);
  EXPECT_EQ(seen.time, FromSeconds(1800));
  EXPECT_NEAR(seen.values.at("ap.hall.load"), 0.3, 1e-15);
  EXPECT_EQ(seen.values.at("ap.hall.channel"), 40);
  EXPECT_NEAR(seen.values.at("ap.hall.rssi.lobby"), -62, 1e-12);
  EXPECT_TRUE(std::isnan(seen.values.at("ap.lobby.load")));
  // The next interval begins with nothing.
  EXPECT_EQ(input.taken(), 0);
  input.Take(trace, 1);
  EXPECT_EQ(input.Finish(2400).values.at("ap.hall.load"), 0.4);
}

TEST(ChannelInputTest, CountsWhatIsMissingAndWhatCannotBe) {
  Trace trace = TwoAccessPoints(2);
  Values(&trace, "ap.lobby.channel")[1] = std::nan("");
  Values(&trace, "ap.hall.airtime_busy")[1] = 1.5;
  ControlInput input(ChannelInputRules({"hall", "lobby"}));
  input.Bind(trace);
  EXPECT_EQ(input.Take(trace, 0).missing_share, 0);
  const SampleFaults faults = input.Take(trace, 1);
  EXPECT_NEAR(faults.missing_share, 1.0 / 6, 1e-15);
  EXPECT_EQ(faults.missing, "ap.lobby.channel");
  EXPECT_NEAR(faults.outside_share, 1.0 / 8, 1e-15);
  EXPECT_EQ(faults.outside, "ap.hall.airtime_busy is 1.5, beyond 0 to 1");
}

TEST(ChannelInputTest, NamesWhatTheSourceLacks) {
  const auto error =
      [](const std::string& from, const std::string& to,
         std::vector<std::string> access_points = {"hall", "lobby"}) {
        Trace trace = TwoAccessPoints(1);
        for (Column& column : trace.columns) {
          if (column.name == from) column.name = to;
        }
        return ErrorOf([&] { ControlInput(ChannelInputRules(access_points)).Bind(trace); });
      };
  EXPECT_THAT(error("ap.hall.load", "ap.hall.lod"),
              HasSubstr("no counter 'ap.hall.load' (it has 'ap.hall.lod')"));
  EXPECT_THAT(error("ap.hall.rssi.lobby", "ap.hall.rssi.nobody"),
              HasSubstr("no counter 'ap.hall.rssi.OTHER', "
                        "'ap.lobby.rssi.OTHER'"));
  EXPECT_THAT(error("", "", {"hall"}),
              HasSubstr("has an access point 'lobby' that the scenario has "
                        "not"));
  EXPECT_THAT(error("", "", {"hall", "lobby", "bar"}),
              HasSubstr("no counter 'ap.bar.channel'"));
}

TEST(ChannelActuationTest, NarrowsFirstAndWidensLast) {
  ChannelActuation actuation({});  // nothing is carried out
  ExplainedDecision move{0, "a", 36, 2e7, 44, 4e7, 0, 0, 0, 0, "", ""};
  auto ends = actuation.Move(move);
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].name, "a.channel");
  EXPECT_EQ(ends[1].name, "a.width");
  EXPECT_EQ(ends[1].value, 4e7);
  std::swap(move.width_before_hz, move.width_after_hz);
  ends = actuation.Move(move);
  EXPECT_EQ(ends[0].name, "a.width");
  EXPECT_EQ(ends[1].name, "a.channel");
  move.channel_after = move.channel_before;
  EXPECT_EQ(actuation.Move(move).size(), 1u);
  EXPECT_EQ(actuation.committed().at("a.channel"), 44);
  EXPECT_EQ(actuation.committed().at("a.width"), 2e7);
}

}  // namespace
}  // namespace airlock
