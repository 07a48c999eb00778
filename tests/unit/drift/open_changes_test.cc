#include "twin/drift/open_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/rng.h"
#include "tests/support/temporary_folder.h"
#include "twin/drift/watch.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// `count` columns of independent standard normal values, from `begin` on.
Trace Noise(int64_t samples, size_t count, uint64_t seed, int64_t begin = 0) {
  RngStream rng = RngTree(seed).Stream("noise", Replication(0));
  Trace trace;
  trace.source = "noise";
  for (size_t j = 0; j < count; ++j) {
    Column column;
    column.name = std::string(1, static_cast<char>('a' + j));
    column.unit = "1";
    trace.columns.push_back(std::move(column));
  }
  for (int64_t t = 0; t < samples; ++t) {
    trace.time_seconds.push_back(static_cast<double>(begin + t));
    for (Column& column : trace.columns) {
      column.values.push_back(rng.Normal(0, 1));
    }
  }
  return trace;
}

void Shift(Trace* trace, size_t column, int64_t begin, int64_t end, double by) {
  for (int64_t t = begin; t < end; ++t) {
    trace->columns[column].values[static_cast<size_t>(t)] += by;
  }
}

DriftTrigger NoiseTrigger(const char* detector) {
  MonitorOptions monitor;
  monitor.treatment = MonitorOptions::Treatment::kRaw;
  monitor.include = ParseFeaturePatterns({"*"});
  DriftOptions options;
  options.detector = detector;
  options.ert = 5000;
  options.replications = 20;
  return CalibrateDrift(Noise(1000, 3, 1), monitor, options);
}

// Calibrated once.
DriftTrigger RankBank() {
  static const testing::TemporaryFolder folder;
  static const bool saved = [] {
    NoiseTrigger("rank-bank").Save(folder / "trigger");
    return true;
  }();
  EXPECT_TRUE(saved);
  return DriftTrigger::Load(folder / "trigger");
}

std::vector<DriftAlarm> Told(const DriftWatch& watch) {
  std::vector<DriftAlarm> told;
  for (const DriftAlarm& alarm : watch.alarms) {
    if (!alarm.continuation.continues) told.push_back(alarm);
  }
  return told;
}

TEST(OpenChanges, ALastingChangeIsToldOnce) {
  for (const char* detector : {"rank-bank", "cusum"}) {
    DriftTrigger trigger =
        detector == std::string("cusum") ? NoiseTrigger(detector) : RankBank();
    Trace stream = Noise(2000, 3, 2);
    Shift(&stream, 1, 300, 2000, 1.5);
    const DriftWatch watch = trigger.Watch(stream);
    const std::vector<DriftAlarm> told = Told(watch);
    ASSERT_EQ(told.size(), 1u) << detector;
    EXPECT_EQ(told[0].feature, "b");
    EXPECT_GE(told[0].sample, 300);
    EXPECT_LE(told[0].sample, 340);
    EXPECT_GT(watch.repeats(), 20) << detector;
    EXPECT_TRUE(watch.ends.empty()) << watch.ends[0].ToText();
    EXPECT_TRUE(watch.drift());
    const DriftAlarm& last = watch.alarms.back();
    EXPECT_EQ(last.continuation.told_sample, told[0].sample);
    EXPECT_EQ(last.continuation.repeats, watch.repeats());
    EXPECT_THAT(last.ToText(), ::testing::StartsWith("still drift at "));
    EXPECT_TRUE(last.ToJson().at("continues"));
    EXPECT_FALSE(last.ToJson().at("explanation").contains("moved"));
    EXPECT_TRUE(told[0].ToJson().at("explanation").contains("moved"));
  }
}

// What returns and changes again is two changes; so is another feature, and
// another level of the same.
TEST(OpenChanges, WhatIsNewIsTold) {
  DriftTrigger trigger = RankBank();
  Trace stream = Noise(3000, 3, 3);
  Shift(&stream, 0, 300, 900, 2);
  Shift(&stream, 0, 1500, 3000, 2);
  Shift(&stream, 2, 2000, 3000, -2);
  Shift(&stream, 0, 2500, 3000, 3);
  const DriftWatch watch = trigger.Watch(stream);
  const std::vector<DriftAlarm> told = Told(watch);
  ASSERT_EQ(told.size(), 4u) << watch.ToText();
  const int64_t changes[] = {300, 1500, 2000, 2500};
  const char* const features[] = {"a", "a", "c", "a"};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_GE(told[i].sample, changes[i]) << i;
    EXPECT_LE(told[i].sample, changes[i] + 30) << i;
    EXPECT_EQ(told[i].feature, features[i]) << i;
  }
  ASSERT_EQ(watch.ends.size(), 1u);
  EXPECT_EQ(watch.ends[0].feature, "a");
  EXPECT_EQ(watch.ends[0].told_sample, told[0].sample);
  EXPECT_TRUE(watch.ends[0].left_level);
  EXPECT_GT(watch.ends[0].sample, 900);
  EXPECT_LE(watch.ends[0].sample, 960);
  EXPECT_THAT(watch.ends[0].ToText(), HasSubstr("a left the level"));
}

TEST(OpenChanges, ALostFeatureIsToldOfAndSoIsItsReturn) {
  DriftTrigger trigger = RankBank();
  Trace stream = Noise(800, 3, 4);
  for (size_t t = 200; t < 500; ++t) stream.columns[1].values[t] = kNone;
  const DriftWatch watch = trigger.Watch(stream);
  ASSERT_EQ(watch.alarms.size(), 1u) << watch.ToText();
  EXPECT_THAT(watch.alarms[0].ToText(), HasSubstr("b went missing, since 200"));
  ASSERT_EQ(watch.ends.size(), 1u);
  EXPECT_TRUE(watch.ends[0].was_missing);
  EXPECT_GE(watch.ends[0].sample, 500);
  EXPECT_LE(watch.ends[0].sample, 530);
  EXPECT_THAT(watch.ends[0].ToText(), HasSubstr("b has values again"));
}

// A statistic that estimates its mean takes the new level for the normal one,
// and says so.
TEST(OpenChanges, AdaptiveStatisticsAreDoneWithAChange) {
  DriftTrigger trigger = NoiseTrigger("page-hinkley");
  Trace stream = Noise(2500, 3, 5);
  Shift(&stream, 1, 300, 2500, 2);
  const DriftWatch watch = trigger.Watch(stream);
  EXPECT_EQ(Told(watch).size(), 1u) << watch.ToText();
  ASSERT_EQ(watch.ends.size(), 1u);
  EXPECT_FALSE(watch.ends[0].left_level);
  EXPECT_THAT(watch.ends[0].ToText(), HasSubstr("samples without an alarm"));
}

TEST(OpenChanges, ARestartedTriggerKnowsWhatItTold) {
  const testing::TemporaryFolder folder;
  Trace stream = Noise(1400, 3, 6);
  Shift(&stream, 1, 300, 900, 1.5);
  Shift(&stream, 2, 600, 1000, 2);
  DriftTrigger whole = RankBank();
  DriftTrigger cut = RankBank();
  DriftWatch parts;
  for (int64_t begin = 0; begin < 1400; begin += 35) {
    parts.Append(cut.Watch(stream.Slice(begin, begin + 35)));
    cut.Save(folder / "state");
    cut = DriftTrigger::Load(folder / "state");
  }
  const DriftWatch at_once = whole.Watch(stream);
  EXPECT_EQ(parts.ToJson(), at_once.ToJson());
  EXPECT_GT(at_once.repeats(), 10);
  EXPECT_EQ(at_once.ends.size(), 2u);
  // Nothing is told of what is forgotten.
  whole.Reset();
  Trace again = Noise(200, 3, 7, 2000);
  Shift(&again, 1, 0, 200, 1.5);
  const DriftWatch after = whole.Watch(again);
  ASSERT_TRUE(after.drift());
  EXPECT_FALSE(after.alarms[0].continuation.continues);
}

// At 1 / 1000 it happens in 4 of 4000 cases: 9 at most with 98 % (Poisson).
// An autocorrelation r has the time (1 + r) / (1 - r).
TEST(OpenChanges, TheSameLevelIsSeldomTakenForAnother) {
  for (const double memory : {0.0, 0.6}) {
    RngStream rng = RngTree(8).Stream("levels", Replication(0));
    int left = 0, moved = 0;
    const double time = (1 + memory) / (1 - memory);
    double value = 0;
    const auto next = [&] {
      value =
          memory * value + std::sqrt(1 - memory * memory) * rng.Normal(0, 1);
      return value;
    };
    for (int run = 0; run < 4000; ++run) {
      std::vector<double> level, newest, other;
      for (int i = 0; i < 50; ++i) level.push_back(next());
      for (int i = 0; i < 50; ++i) newest.push_back(next());
      left += HasLeftLevel(level, newest, time, 1e-3);
      for (double& each : newest) each += 4;
      moved += HasLeftLevel(level, newest, time, 1e-3);
    }
    EXPECT_LE(left, 9) << memory;
    EXPECT_GT(moved, memory == 0 ? 3990 : 3500) << memory;
  }
  // Few values say nothing of a level.
  EXPECT_FALSE(HasLeftLevel(std::vector<double>(49, 1.0),
                            std::vector<double>(50, 9.0), 1, 1e-3));
}

}  // namespace
}  // namespace airlock
