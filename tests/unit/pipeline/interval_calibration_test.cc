#include "twin/pipeline/interval_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/forecast/interval_scores.h"
#include "twin/forecast/scores.h"
#include "twin/pipeline/pipeline.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// The delivered rate is what core.0.busy says, with a noise that core.0.noisy
// says: ten times as large where it is 1 as where it is 0.
Trace UnequalNoise(int64_t samples, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/unequal", Replication(0));
  std::vector<double> rate, busy, noisy;
  Trace trace;
  trace.source = "unequal";
  for (int64_t t = 0; t < samples; ++t) {
    trace.time_seconds.push_back(static_cast<double>(t));
    busy.push_back(rng.Uniform(0.0, 1.0));
    noisy.push_back(rng.Uniform() < 0.5 ? 1 : 0);
    rate.push_back(1e8 * busy.back() +
                   rng.Normal(0, noisy.back() > 0 ? 1e7 : 1e6));
  }
  trace.columns = {
      MakeColumn("delivered_rate", Role::kKpi, "bit/s", Scope::kSystem, rate),
      MakeColumn("core.0.busy", Role::kCounter, "1", Scope::kCore, busy),
      MakeColumn("core.0.noisy", Role::kCounter, "1", Scope::kCore, noisy)};
  return trace;
}

PipelineFile With(const std::string& method) {
  PipelineFile file;
  file.name = "test";
  file.models = {"ridge"};
  file.preparation.clock_offset = 0;
  file.preparation.lags = 0;
  file.preparation.aggregates = false;
  file.selection.method = "none";
  file.validation.folds = 4;
  file.tuning.evaluations = 0;
  file.intervals.method = method;
  return file;
}

ForecastModel Fit(const PipelineFile& file, const Trace& trace) {
  return RunPipeline(file, trace, nullptr).model;
}

struct HeldOut {
  Predictions predictions;
  IntervalPredictions issued;
};
HeldOut Predict(const ForecastModel& model, const Trace& trace) {
  const Split split = SplitInTime(trace.samples(), {0.6, 10});
  HeldOut held;
  held.predictions = model.Predict(trace, split.test_begin, trace.samples());
  held.issued = PredictIntervals(model, held.predictions);
  return held;
}

std::vector<PredictionInterval> OfLevel(const HeldOut& held, size_t level) {
  std::vector<PredictionInterval> intervals;
  for (const auto& all : held.issued.intervals) {
    intervals.push_back(all[level]);
  }
  return intervals;
}

class EveryMethod : public ::testing::TestWithParam<const char*> {};

// Four standard errors of a share, for the held-out and the calibration rows.
TEST_P(EveryMethod, CoversWhatWasHeldOut) {
  const Trace trace = UnequalNoise(2500, 1);
  const HeldOut held = Predict(Fit(With(GetParam()), trace), trace);
  ASSERT_EQ(held.issued.levels, (std::vector<double>{0.8, 0.9, 0.95}));
  for (size_t k = 0; k < held.issued.levels.size(); ++k) {
    const double level = held.issued.levels[k];
    const IntervalScores scores =
        ScoreIntervals(held.predictions.observed, OfLevel(held, k), level);
    const double variance = level * (1 - level) * (1 / 900. + 1 / 990.);
    EXPECT_NEAR(scores.coverage, level, 4 * std::sqrt(variance));
  }
}

TEST_P(EveryMethod, IsTheSameAfterSaveAndLoad) {
  const Trace trace = UnequalNoise(600, 2);
  const ForecastModel model = Fit(With(GetParam()), trace);
  const ForecastModel loaded = ForecastModel::FromText(model.ToText(), "text");
  EXPECT_EQ(loaded.ToText(), model.ToText());
  const HeldOut a = Predict(model, trace);
  const HeldOut b = Predict(loaded, trace);
  ASSERT_GT(a.issued.intervals.size(), 200u);
  ASSERT_EQ(a.issued.intervals.size(), b.issued.intervals.size());
  for (size_t i = 0; i < a.issued.intervals.size(); ++i) {
    const auto& one = a.issued.intervals[i];
    ASSERT_EQ(std::memcmp(one.data(), b.issued.intervals[i].data(),
                          one.size() * sizeof(one[0])),
              0);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod,
                         ::testing::Values("split", "adaptive", "quantile"));

// The true ends of 90 % are 1.645 standard deviations off: the ratio of the
// widths is 10, of which trees of 1500 samples find the better part. Those of
// the point forecast's level know nothing of it.
TEST(QuantileIntervalsTest, AreAsWideAsTheFeaturesSay) {
  const Trace trace = UnequalNoise(2500, 3);
  const std::vector<double>& noisy = trace.Get("core.0.noisy").values;
  for (const char* method : {"quantile", "split"}) {
    const HeldOut held = Predict(Fit(With(method), trace), trace);
    double width[2] = {}, count[2] = {};
    for (size_t i = 0; i < held.issued.intervals.size(); ++i) {
      const auto origin = static_cast<size_t>(held.predictions.origin[i]);
      const int kind = noisy[origin] > 0 ? 1 : 0;
      width[kind] += held.issued.intervals[i][1].width();
      ++count[kind];
    }
    const double ratio = (width[1] / count[1]) / (width[0] / count[0]);
    if (method == std::string("quantile")) {
      EXPECT_GT(ratio, 3);
      EXPECT_LT(ratio, 12);
    } else {
      EXPECT_NEAR(ratio, 1, 0.1);
    }
  }
}

TEST(QuantileIntervalsTest, HigherLevelsContainLowerOnes) {
  const Trace trace = UnequalNoise(600, 4);
  const HeldOut held = Predict(Fit(With("quantile"), trace), trace);
  for (const auto& all : held.issued.intervals) {
    for (size_t k = 1; k < all.size(); ++k) {
      EXPECT_LE(all[k].low, all[k - 1].low);
      EXPECT_GE(all[k].high, all[k - 1].high);
    }
  }
}

// A shift that the features do not show: labels bring the coverage back.
TEST(QuantileIntervalsTest, FollowLabelsThroughAShift) {
  Trace trace = UnequalNoise(2000, 5);
  auto& rate = const_cast<Column&>(trace.Get("delivered_rate")).values;
  for (size_t t = 1400; t < rate.size(); ++t) rate[t] += 2e7;
  const double quantile_coverage = [&] {
    const HeldOut held = Predict(Fit(With("quantile"), trace), trace);
    return ScoreIntervals(held.predictions.observed, OfLevel(held, 1), 0.9)
        .coverage;
  }();
  EXPECT_NEAR(quantile_coverage, 0.9, 0.05);
}

TEST(QuantileIntervalsTest, TreesFitIntoTheModelOrAreRefused) {
  const Trace trace = UnequalNoise(600, 6);
  PipelineFile file = With("quantile");
  const int64_t whole = ModelSizeBytes(Fit(file, trace));
  file.tuning.maximum_bytes = whole / 2;
  const ForecastModel smaller = Fit(file, trace);
  EXPECT_TRUE(smaller.quantile_intervals().has_value());
  EXPECT_LT(ModelSizeBytes(smaller), whole);
  file.tuning.maximum_bytes = 8000;
  EXPECT_THAT(ErrorOf([&] { Fit(file, trace); }),
              HasSubstr("no quantile trees for 3 levels: the model would be"));
}

TEST(QuantileIntervalsTest, WrongTextIsRefused) {
  EXPECT_THAT(ErrorOf([] { QuantileIntervals::Load("{"); }),
              HasSubstr("quantile intervals"));
  EXPECT_THAT(ErrorOf([] { QuantileIntervals::Load("[]"); }),
              HasSubstr("at least one level"));
  const Trace trace = UnequalNoise(600, 7);
  const std::string text =
      Fit(With("quantile"), trace).quantile_intervals()->Save();
  EXPECT_EQ(QuantileIntervals::Load(text).Save(), text);
  std::string other = text;
  const std::string from = R"("level":0.8)";
  other.replace(other.find(from), from.size(), R"("level":0.7)");
  EXPECT_THAT(ErrorOf([&] { QuantileIntervals::Load(other); }),
              HasSubstr("does not fit its state"));
}

TEST(IntervalCalibrationTest, TooFewRowsForALevel) {
  PipelineFile file = With("quantile");
  file.intervals.levels = {Ratio(0.9), Ratio(0.99)};
  EXPECT_THAT(ErrorOf([&] { Fit(file, UnequalNoise(300, 8)); }),
              HasSubstr("are too few for intervals at level 0.99 (two-sided): "
                        "it needs 199"));
}

}  // namespace
}  // namespace airlock
