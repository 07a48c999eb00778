#include "twin/node/retraining_requests.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

class RetrainingRequestsTest : public ::testing::Test {
 protected:
  RetrainingRequestsTest() : recent_(folder_.path(), 1000) {
    RetrainingConfig config;
    config.folder = folder_ / "requests";
    config.samples = 30;
    requests_.emplace(config, "node");
    Column column;
    column.name = "load";
    column.unit = "1";
    samples_.source = "test";
    samples_.columns = {column};
    recent_.SetColumns(samples_);
  }

  // Samples up to `end`, then an alarm of a change since `since`.
  bool Alarm(int64_t end, int64_t since, bool continues = false) {
    for (int64_t t = recent_.next(); t < end; ++t) {
      Trace sample = samples_;
      sample.time_seconds = {static_cast<double>(t)};
      sample.columns[0].values = {0.5};
      recent_.Add(sample, 0);
      requests_->Collect(recent_);
    }
    TriggerAlarm alarm;
    alarm.trigger = "drift.trigger";
    alarm.alarm.sample = end - 1;
    alarm.alarm.explanation.since_sample = since;
    alarm.alarm.continuation.continues = continues;
    return requests_->Alarm(alarm, {}, recent_);
  }
  std::string StateOf(int number) const {
    return nlohmann::json::parse(
        ReadFile(folder_ / "requests" +
                 fmt::format("/request-{:06}.json", number)))["state"];
  }

  const testing::TemporaryFolder folder_;
  RecentSamples recent_;
  std::optional<RetrainingRequests> requests_;
  Trace samples_;
};

TEST_F(RetrainingRequestsTest, OneForEachChange) {
  EXPECT_TRUE(Alarm(100, 95));
  EXPECT_EQ(StateOf(1), "collecting");
  EXPECT_FALSE(Alarm(110, 105));  // while it collects
  EXPECT_FALSE(Alarm(130, 120));  // ready by now; within its window
  EXPECT_EQ(StateOf(1), "ready");
  EXPECT_FALSE(Alarm(160, 155, true));  // nothing new
  EXPECT_TRUE(Alarm(170, 165));
  EXPECT_EQ(requests_->written(), 2);
  EXPECT_EQ(StateOf(2), "collecting");
}

// Another model acts, the change lasts: it has been asked for.
TEST_F(RetrainingRequestsTest, ARepeatOpensNone) {
  EXPECT_TRUE(Alarm(100, 95));
  requests_->Supersede();
  EXPECT_EQ(StateOf(1), "superseded");
  EXPECT_FALSE(Alarm(120, 118, true));
  EXPECT_TRUE(Alarm(140, 138));
  EXPECT_EQ(requests_->written(), 2);
}

}  // namespace
}  // namespace airlock
