#include "twin/worker/protocol.h"

#include <gtest/gtest.h>

#include <limits>

#include "sim/base/frame.h"
#include "tests/support/pipe.h"
#include "twin/worker/control.h"

namespace airlock {
namespace {

using nlohmann::json;

TEST(ProtocolTest, BranchesOfAControllerArrive) {
  ControllerCall call;
  call.branches = {{0, {}}, {3, {{{"a.channel", 36}, {"a.width", 20e6}}}}};
  const ControllerCall got = ControllerCallFromJson(ToJson(call));
  ASSERT_EQ(got.branches.size(), 2u);
  EXPECT_TRUE(got.branches[0].second.settings.empty());
  EXPECT_EQ(got.branches[1].first, 3);
  EXPECT_EQ(got.branches[1].second.settings, call.branches[1].second.settings);
}

TEST(ProtocolTest, APolicyAndHowItSeesArriveWithTheAgent) {
  ControllerCall call;
  call.agent = "net2seq";
  call.policy = "/a/policy.json";
  const ControllerCall plain = ControllerCallFromJson(ToJson(call));
  EXPECT_EQ(plain.agent, "net2seq");
  EXPECT_EQ(plain.policy, "/a/policy.json");
  EXPECT_FALSE(plain.observation.has_value());
  call.observation.emplace();
  call.observation->rssi_bias_db = -1.5;
  call.observation->rssi_noise_db = 30;
  call.observation->counter_noise = 2;
  call.observation->dropout = Ratio(0.25);
  call.observation->staleness = Ratio(0.5);
  call.observation->delay = 3;
  const ControllerCall noisy = ControllerCallFromJson(ToJson(call));
  ASSERT_TRUE(noisy.observation.has_value());
  EXPECT_EQ(noisy.observation->rssi_bias_db, -1.5);
  EXPECT_EQ(noisy.observation->rssi_noise_db, 30);
  EXPECT_EQ(noisy.observation->counter_noise, 2);
  EXPECT_EQ(noisy.observation->dropout.value(), 0.25);
  EXPECT_EQ(noisy.observation->staleness.value(), 0.5);
  EXPECT_EQ(noisy.observation->delay, 3);
}

TEST(ProtocolTest, ARecordArrivesBitByBit) {
  ReplicationRecord record;
  record.replication = Replication(7);
  record.warmup_seconds = 0.1;
  record.events = int64_t{1} << 60;
  record.metrics = {{"a", "s", "of a", 1.0 / 3},
                    {"b", "1", "", std::numeric_limits<double>::quiet_NaN()}};
  record.series.time_seconds = {0.1, 0.2};
  record.series.columns.push_back({});
  record.series.columns[0].name = "x";
  record.series.columns[0].values = {std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::infinity()};
  testing::Pipe pipe;
  WriteFrame(pipe.in(), ToJson(record));
  pipe.CloseIn();
  json frame;
  ASSERT_TRUE(ReadFrame(pipe.out(), &frame));
  const ReplicationRecord got = ReplicationRecordFromJson(frame);
  EXPECT_EQ(got.replication, record.replication);
  EXPECT_EQ(got.events, record.events);
  ASSERT_EQ(got.metrics.size(), 2u);
  EXPECT_EQ(got.metrics[0].value, 1.0 / 3);
  EXPECT_NE(got.metrics[1].value, got.metrics[1].value);
  EXPECT_EQ(got.series.Digest(), record.series.Digest());
  EXPECT_FALSE(ReadFrame(pipe.out(), &frame));  // the end, between frames
}

}  // namespace
}  // namespace airlock
