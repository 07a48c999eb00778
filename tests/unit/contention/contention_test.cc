#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/contention/contentiousness.h"
#include "twin/contention/sensitivity.h"

namespace airlock {
namespace {

using testing::HasSubstr;

ContentionVector With(
    const std::vector<std::pair<std::string, double>>& values) {
  ContentionVector vector{};
  for (const auto& [name, value] : values) {
    bool found = false;
    for (size_t i = 0; i < kContentionMetrics; ++i) {
      if (ContentionMetrics()[i].name != name) continue;
      vector[i] = value;
      found = true;
    }
    EXPECT_TRUE(found) << name;
  }
  return vector;
}

double Value(const ContentionVector& vector, const std::string& name) {
  for (size_t i = 0; i < kContentionMetrics; ++i) {
    if (ContentionMetrics()[i].name == name) return vector[i];
  }
  ADD_FAILURE() << name;
  return NAN;
}

std::string ErrorOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

// The reference's worked numbers: two competitors, eight cores a socket.
TEST(Compose, AddsRatesAndAveragesRatios) {
  const ContentionVector both = Compose(
      {With({{"ipc", 1.2}, {"l3miss", 3.0}, {"exec", 0.9}, {"read", 4}}),
       With({{"ipc", 0.8}, {"l3miss", 2.5}, {"exec", 0.7}, {"read", 6}})},
      8);
  EXPECT_DOUBLE_EQ(Value(both, "ipc"), 1.0);
  EXPECT_DOUBLE_EQ(Value(both, "l3miss"), 5.5);
  EXPECT_DOUBLE_EQ(Value(both, "exec"), 0.2);
  EXPECT_DOUBLE_EQ(Value(both, "read"), 10);
}

TEST(Compose, NobodyMakesNoContention) {
  for (const double value : Compose({}, 8)) EXPECT_EQ(value, 0);
}

TEST(ContentionOf, AveragesTheLastSamplesThatAreKnown) {
  Trace trace;
  trace.time_seconds = {0, 1, 2, 3};
  for (const ContentionMetric& metric : ContentionMetrics()) {
    Column column;
    column.name =
        std::string(metric.of_socket ? "socket.1." : "core.7.") + metric.name;
    column.values = {100, 2, NAN, 4};
    trace.columns.push_back(column);
  }
  const ContentionScope scope = {"core.7", "socket.1", 0.5};
  const ContentionVector vector = ContentionOf(trace, scope, 3);
  EXPECT_DOUBLE_EQ(Value(vector, "l3occ"), 3);
  EXPECT_DOUBLE_EQ(Value(vector, "write"), 1.5);
  EXPECT_THAT(ErrorOf([&] {
                ContentionOf(trace, {"core.0", "socket.1", 1});
              }),
              HasSubstr("core.0.exec"));
  trace.columns.back().values = {1, 1, NAN, NAN};
  EXPECT_THAT(ErrorOf([&] { ContentionOf(trace, scope, 2); }),
              HasSubstr("'socket.1.write' has no value in its last 2 samples"));
}

TEST(Contentiousness, TakesTheMedianAmongAsManyCompetitors) {
  Contentiousness known;
  const Competitor nat{"nat", {64, 1000}};
  for (const double value : {1.0, 2.0, 9.0}) {
    known.Add(nat, 2, With({{"l3occ", value}}));
  }
  known.Add(nat, 1, With({{"l3occ", 5}}));
  EXPECT_EQ(Value(known.Of(nat, 2), "l3occ"), 2);
  EXPECT_EQ(Value(known.Of(nat, 7), "l3occ"), 2);  // the nearest
  EXPECT_EQ(Value(known.Composed({nat, nat}, 8), "l3occ"), 4);
  EXPECT_EQ(Value(known.ComposedFromSolo({nat, nat}, 8), "l3occ"), 10);
}

TEST(Contentiousness, SaysWhatWasProfiled) {
  Contentiousness known;
  known.Add({"nat", {64, 1000}}, 1, {});
  EXPECT_THAT(ErrorOf([&] {
                known.Of({"ids", {64, 1000}}, 1);
              }),
              HasSubstr("function 'ids' was not profiled; known: nat"));
  EXPECT_THAT(ErrorOf([&] {
                known.Of({"nat", {128, 1000}}, 1);
              }),
              HasSubstr("128 B and 1000 flows; with: 64 B and 1000 flows"));
}

// A target whose rate falls once the competitors' occupancy passes 10 MB: what
// a line cannot follow. Of two packet sizes.
std::vector<SensitivitySample> KneeSamples(int64_t count, uint64_t seed) {
  RngStream random = RngTree(seed).Stream("knee", Replication(0));
  std::vector<SensitivitySample> samples;
  for (int64_t i = 0; i < count; ++i) {
    SensitivitySample sample;
    const double occupancy = random.Uniform() * 20e6;
    const double misses = random.Uniform() * 1e7;
    sample.competitors =
        With({{"l3occ", occupancy}, {"l2miss", misses}, {"l3hit", 1}});
    sample.traffic = {i % 2 == 0 ? 64.0 : 1500.0, 1000};
    const double solo = i % 2 == 0 ? 5e6 : 1e6;
    sample.packets_per_second =
        solo * (1 - 0.5 * std::max(0.0, occupancy - 10e6) / 10e6);
    samples.push_back(sample);
  }
  return samples;
}

double MeanError(const SensitivityModel& model,
                 const std::vector<SensitivitySample>& samples) {
  double sum = 0;
  for (const SensitivitySample& sample : samples) {
    const double predicted =
        model.Predict(sample.competitors, sample.traffic).packets_per_second;
    sum += std::abs(predicted / sample.packets_per_second - 1);
  }
  return sum / static_cast<double>(samples.size());
}

TEST(SensitivityModel, TreesFollowAKneeThatLinesMiss) {
  const auto training = KneeSamples(400, 1);
  const auto test = KneeSamples(100, 2);
  std::map<SensitivityLearner, double> errors;
  for (const SensitivityLearner learner :
       {SensitivityLearner::kBoosting, SensitivityLearner::kCacheReferences,
        SensitivityLearner::kCacheOccupancy, SensitivityLearner::kSolo}) {
    errors[learner] =
        MeanError(SensitivityModel("nat", training, learner), test);
  }
  EXPECT_LT(errors[SensitivityLearner::kBoosting], 0.02);
  EXPECT_GT(errors[SensitivityLearner::kCacheOccupancy], 0.04);
  EXPECT_LT(errors[SensitivityLearner::kCacheOccupancy],
            errors[SensitivityLearner::kCacheReferences]);
  EXPECT_GT(errors[SensitivityLearner::kSolo], 0.1);
}

TEST(SensitivityModel, SaysWhereItWouldExtrapolate) {
  const auto samples = KneeSamples(100, 3);
  const SensitivityModel model("nat", samples, SensitivityLearner::kBoosting);
  EXPECT_EQ(model.Predict(samples[0].competitors, samples[0].traffic).outside,
            "");
  EXPECT_THAT(model.Predict(samples[0].competitors, {9000, 1000}).outside,
              HasSubstr("packet size 9000 is outside of 64 to 1500"));
  ContentionVector more = samples[0].competitors;
  for (double& value : more) value = 1e9;
  EXPECT_THAT(model.Predict(more, {64, 1000}).outside, HasSubstr("exec"));
}

TEST(SensitivityModel, RefusesWhatItCannotLearnFrom) {
  auto samples = KneeSamples(9, 4);
  EXPECT_THAT(ErrorOf([&] {
                SensitivityModel("nat", samples, SensitivityLearner::kBoosting);
              }),
              HasSubstr("9 co-locations of 'nat'; at least 10"));
  samples = KneeSamples(20, 4);
  samples[3].packets_per_second = NAN;
  EXPECT_THAT(ErrorOf([&] {
                SensitivityModel("nat", samples, SensitivityLearner::kSolo);
              }),
              HasSubstr("unknown rate"));
}

}  // namespace
}  // namespace airlock
