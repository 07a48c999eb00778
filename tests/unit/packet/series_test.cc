#include "sim/packet/series.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

SeriesRecorder Recorder(const std::vector<double>& values) {
  SeriesRecorder series({KpiColumn("x", "1", "")});
  for (size_t i = 0; i < values.size(); ++i) {
    series.Append(Milliseconds(10 * static_cast<int64_t>(i + 1)), {values[i]});
  }
  return series;
}

// `low` samples of 0, then values around 10 until there are `count`.
std::vector<double> Rising(int low, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(i < low ? 0 : 10 + i % 2);
  return values;
}

TEST(Series, NamesCountersByScope) {
  const Column column =
      CounterColumn(Scope::kInterface, "leaf0-host3", "queue_mean", "packet",
                    "packets waiting");
  EXPECT_EQ(column.name, "interface.leaf0-host3.queue_mean");
  EXPECT_EQ(column.scope_id, "leaf0-host3");
  EXPECT_EQ(CounterColumn(Scope::kSystem, "", "load", "1", "").name,
            "system.load");
}

TEST(Series, WarmupIsTheTransient) {
  const SeriesRecorder series = Recorder(Rising(10, 100));
  EXPECT_EQ(series.Warmup({"x"}), Milliseconds(100));
  EXPECT_EQ(series.FirstAfter(Milliseconds(100)), 10);
  EXPECT_EQ(series.Warmup({}), SimTime());
  EXPECT_EQ(series.FirstAfter(SimTime()), 0);
}

TEST(Series, NoWarmupFromTooFewSamples) {
  EXPECT_EQ(Recorder(Rising(5, 19)).Warmup({"x"}), SimTime());
}

TEST(Series, MissingValuesCountAsZeroForTheWarmup) {
  std::vector<double> values = Rising(10, 100);
  for (int i = 0; i < 10; ++i) values[static_cast<size_t>(i)] = std::nan("");
  EXPECT_EQ(Recorder(values).Warmup({"x"}), Milliseconds(100));
}

TEST(Series, MeanLeavesOutMissingValues) {
  const SeriesRecorder series = Recorder({100, 1, std::nan(""), 3});
  EXPECT_DOUBLE_EQ(MeanFrom(series.trace().Get("x"), 1), 2);
  EXPECT_TRUE(std::isnan(MeanFrom(series.trace().Get("x"), 4)));
}

TEST(Series, ObservationHasTheColumnsNames) {
  const Observation observation = MakeObservation(
      Milliseconds(5), {KpiColumn("a", "1", ""), KpiColumn("b", "1", "")},
      {1, 2});
  EXPECT_EQ(observation.time, Milliseconds(5));
  EXPECT_EQ(observation.values.at("b"), 2);
}

}  // namespace
}  // namespace airlock
