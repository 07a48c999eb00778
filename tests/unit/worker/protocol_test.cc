#include "twin/worker/protocol.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <limits>
#include <string>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "tests/support/run_in_child.h"

namespace airlock {
namespace {

using nlohmann::json;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    CloseIn();
  }
  int out() const { return ends_[0]; }
  int in() const { return ends_[1]; }
  void CloseIn() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_;
};

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
  Pipe pipe;
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

TEST(ProtocolTest, HalfAFrameIsAnError) {
  Pipe whole;
  WriteFrame(whole.in(), {{"type", "progress"}});
  char bytes[64];
  const ssize_t size = read(whole.out(), bytes, sizeof bytes);
  for (ssize_t cut = 1; cut < size; ++cut) {
    Pipe pipe;
    ASSERT_EQ(write(pipe.in(), bytes, static_cast<size_t>(cut)), cut);
    pipe.CloseIn();
    json frame;
    EXPECT_THROW(ReadFrame(pipe.out(), &frame), Error) << cut;
  }
}

// A signal that came before the wait began: nothing cuts the wait short, and
// nothing ever arrives.
TEST(ProtocolTest, AnEarlierSignalEndsTheWait) {
  EXPECT_EQ(RunInChild([]() -> std::string {
              InstallInterruptHandlers();
              raise(SIGTERM);
              alarm(20);  // ends the child if the wait does not
              Pipe pipe;
              json frame;
              try {
                ReadFrame(pipe.out(), &frame);
              } catch (const Error& error) {
                return std::to_string(static_cast<int>(error.code()));
              }
              return "no error";
            }),
            "130");
}

}  // namespace
}  // namespace airlock
