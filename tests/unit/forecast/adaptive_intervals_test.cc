#include "twin/forecast/adaptive_intervals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// The linear congruential generator of the Diebold-Mariano test; after 150
// values three times the spread, and a shift.
std::vector<double> ShiftedStream() {
  std::vector<double> values;
  uint64_t state = 3;
  for (int i = 0; i < 300; ++i) {
    state = (state * 1103515245 + 12345) % (uint64_t{1} << 31);
    const double value = static_cast<double>(state) / 2147483648.0 - 0.5;
    values.push_back(i < 150 ? value : 3 * value + 0.4);
  }
  return values;
}

std::vector<CalibrationSample> Calibration(const std::vector<double>& errors,
                                           size_t count) {
  return PointCalibration(
      std::vector<double>(count, 0.0),
      {errors.begin(), errors.begin() + static_cast<int64_t>(count)});
}

AdaptiveOptions Options(double level) {
  AdaptiveOptions options;
  options.levels = {level};
  options.scale = IntervalScale::kConstant;
  return options;
}

struct Followed {
  double mean_width = 0;
  int64_t covered = 0;
};

// Predicts 0 for each value after the first 50, labels `delay` samples late.
Followed Follow(const AdaptiveOptions& options, int64_t delay) {
  const std::vector<double> stream = ShiftedStream();
  AdaptiveIntervals intervals(options, Calibration(stream, 50));
  Followed run;
  for (int64_t t = 50; t < 300; ++t) {
    const PredictionInterval interval =
        intervals.Issue(t, PointBase(0)).front();
    run.mean_width += interval.width() / 250;
    run.covered += interval.Contains(stream[static_cast<size_t>(t)]);
    if (t - delay < 50) continue;
    EXPECT_TRUE(
        intervals.Observe(t - delay, stream[static_cast<size_t>(t - delay)]));
  }
  EXPECT_EQ(intervals.observed(), 250 - delay);
  EXPECT_EQ(intervals.pending(), delay);
  return run;
}

// The recursion, computed apart from this code in Python.
TEST(AdaptiveIntervals, EqualsAnIndependentComputation) {
  AdaptiveOptions options = Options(0.9);
  options.gamma = 0.05;
  options.window = 30;
  const Followed prompt = Follow(options, 0);
  EXPECT_NEAR(prompt.mean_width, 1.96946064352589, 1e-12);
  EXPECT_EQ(prompt.covered, 225);
  options.two_sided = false;
  const Followed symmetric = Follow(options, 2);
  EXPECT_NEAR(symmetric.mean_width, 2.31256447501212, 1e-12);
  EXPECT_EQ(symmetric.covered, 225);
  options = Options(0.8);
  options.gamma = 0.02;
  options.window = 40;
  const Followed late = Follow(options, 3);
  EXPECT_NEAR(late.mean_width, 1.84226741308377, 1e-12);
  EXPECT_EQ(late.covered, 200);
}

TEST(AdaptiveIntervals, WithoutAdaptationIsSplitConformal) {
  AdaptiveOptions options = Options(0.9);
  options.adaptation = Adaptation::kNone;
  options.two_sided = false;
  const std::vector<double> stream = ShiftedStream();
  AdaptiveIntervals intervals(options, Calibration(stream, 120));
  std::vector<double> scores;
  for (size_t i = 0; i < 120; ++i) scores.push_back(std::abs(stream[i]));
  const PredictionInterval expected =
      SplitConformal(scores).Interval(PointBase(7), 0.9);
  for (int64_t t = 0; t < 50; ++t) {
    intervals.Issue(t, PointBase(0));
    intervals.Observe(t, 1e6);
  }
  EXPECT_DOUBLE_EQ(intervals.Interval(7, 0.9).low, expected.low);
  EXPECT_DOUBLE_EQ(intervals.Interval(7, 0.9).high, expected.high);
}

// Gibbs and Candes, 2021, eq. 2: each miss moves the rate by gamma (a - 1),
// each hit by gamma a.
TEST(ScoreTracker, TheRateMovesByGamma) {
  const std::vector<double> scores = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  ScoreTracker tracker(scores, 0.1, Adaptation::kAci, 0.04, 20);
  EXPECT_DOUBLE_EQ(tracker.Radius(), 9);
  tracker.Observe(100, tracker.ExpertRadii());
  EXPECT_NEAR(tracker.miss_rate(), 0.1 - 0.04 * 0.9, 1e-15);
  tracker.Observe(1, tracker.ExpertRadii());
  EXPECT_NEAR(tracker.miss_rate(), 0.1 - 0.04 * 0.9 + 0.04 * 0.1, 1e-15);
}

TEST(ScoreTracker, MissesWithoutEndWidenWithoutInfinity) {
  ScoreTracker tracker({1, 2, 3, 4, 5}, 0.2, Adaptation::kAci, 0.1, 5);
  double before = tracker.Radius();
  for (int i = 0; i < 100; ++i) {
    tracker.Observe(before + 1, tracker.ExpertRadii());
    const double now = tracker.Radius();
    EXPECT_TRUE(std::isfinite(now));
    EXPECT_GE(now, before);
    before = now;
  }
  EXPECT_LT(tracker.miss_rate(), 0);
}

// Aggregation follows the step size that does best: after a lasting change of
// scale its loss is near the best single one's.
TEST(AdaptiveIntervals, AggregatedNeedsNoStepSize) {
  AdaptiveOptions options = Options(0.9);
  options.adaptation = Adaptation::kAggregated;
  const Followed run = Follow(options, 0);
  EXPECT_NEAR(static_cast<double>(run.covered) / 250, 0.9, 0.05);
}

TEST(AdaptiveIntervals, HigherLevelsContainLowerOnes) {
  const std::vector<double> stream = ShiftedStream();
  AdaptiveOptions options;
  options.levels = {0.5, 0.8, 0.9, 0.95};
  AdaptiveIntervals intervals(options, Calibration(stream, 60));
  for (int64_t t = 60; t < 300; ++t) {
    const auto all = intervals.Issue(t, intervals.Base(0));
    for (size_t i = 1; i < all.size(); ++i) {
      EXPECT_LE(all[i].low, all[i - 1].low);
      EXPECT_GE(all[i].high, all[i - 1].high);
    }
    intervals.Observe(t, stream[static_cast<size_t>(t)]);
  }
  EXPECT_GT(intervals.Coverage(3), intervals.Coverage(0));
}

TEST(AdaptiveIntervals, SavedAndLoadedGoOnBitIdentically) {
  const std::vector<double> stream = ShiftedStream();
  for (const Adaptation adaptation :
       {Adaptation::kNone, Adaptation::kAci, Adaptation::kAggregated}) {
    AdaptiveOptions options;
    options.adaptation = adaptation;
    AdaptiveIntervals one(options, Calibration(stream, 60));
    for (int64_t t = 60; t < 300; ++t) {
      AdaptiveIntervals two = AdaptiveIntervals::Load(one.Save());
      EXPECT_EQ(one.Save(), two.Save());
      const auto issued = one.Issue(t, one.Base(0.1));
      const auto again = two.Issue(t, two.Base(0.1));
      for (size_t i = 0; i < issued.size(); ++i) {
        ASSERT_EQ(issued[i].low, again[i].low);
        ASSERT_EQ(issued[i].high, again[i].high);
      }
      if (t < 63) continue;
      one.Observe(t - 3, stream[static_cast<size_t>(t - 3)]);
      two.Observe(t - 3, stream[static_cast<size_t>(t - 3)]);
      ASSERT_EQ(one.Save(), two.Save());
    }
  }
}

TEST(AdaptiveIntervals, LabelsMayBeMissingLateOrUnknown) {
  const std::vector<double> stream = ShiftedStream();
  AdaptiveIntervals intervals(Options(0.9), Calibration(stream, 60));
  for (int64_t t = 0; t < 10; ++t) intervals.Issue(t, PointBase(0));
  const double before = intervals.Interval(0, 0.9).high;
  EXPECT_FALSE(intervals.Observe(77, 1));  // never issued
  EXPECT_TRUE(intervals.Observe(2, NAN));  // 0, 1 and 2 are given up
  EXPECT_FALSE(intervals.Observe(1, 1));
  EXPECT_EQ(intervals.pending(), 7);
  EXPECT_EQ(intervals.observed(), 0);
  EXPECT_TRUE(std::isnan(intervals.Coverage(0)));
  EXPECT_DOUBLE_EQ(intervals.Interval(0, 0.9).high, before);
  for (int64_t t = 10; t < 6000; ++t) intervals.Issue(t, PointBase(0));
  EXPECT_EQ(intervals.pending(), AdaptiveIntervals::kMaximumPending);
}

TEST(AdaptiveIntervals, WrongInputsLeaveTheStateUnharmed) {
  const std::vector<double> stream = ShiftedStream();
  AdaptiveIntervals intervals(Options(0.9), Calibration(stream, 60));
  intervals.Issue(5, PointBase(0));
  const std::string before = intervals.Save();
  EXPECT_THAT(ErrorOf([&] { intervals.Issue(5, PointBase(0)); }),
              HasSubstr("time runs backwards"));
  EXPECT_THAT(ErrorOf([&] { intervals.Issue(6, PointBase(NAN)); }),
              HasSubstr("not numbers"));
  EXPECT_THAT(ErrorOf([&] { intervals.Observe(5, INFINITY); }),
              HasSubstr("inf"));
  EXPECT_THAT(ErrorOf([&] { intervals.Interval(0, 0.8); }),
              HasSubstr("there are 0.9"));
  EXPECT_THAT(ErrorOf([&] { intervals.Interval(0, 1.8); }),
              HasSubstr("must lie within 0 and 1"));
  EXPECT_EQ(intervals.Save(), before);
}

TEST(AdaptiveIntervals, SaysWhatIsWrongWithItsOptions) {
  const auto error = [](const AdaptiveOptions& options, size_t count) {
    return ErrorOf([&] {
      AdaptiveIntervals(options, Calibration(ShiftedStream(), count));
    });
  };
  AdaptiveOptions options;
  EXPECT_THAT(error(options, 38),
              HasSubstr("38 calibration samples are too few for intervals at "
                        "level 0.95 (two-sided): it needs 39"));
  options.two_sided = false;
  EXPECT_THAT(error(options, 18), HasSubstr("it needs 19"));
  options.levels = {0.9, 0.8};
  EXPECT_THAT(error(options, 60), HasSubstr("must ascend: 0.9, 0.8"));
  options.levels = {};
  EXPECT_THAT(error(options, 60), HasSubstr("at least one level"));
  options.levels = {1};
  EXPECT_THAT(error(options, 60), HasSubstr("must lie within 0 and 1"));
  options.levels = {0.9};
  options.gamma = 0;
  EXPECT_THAT(error(options, 60), HasSubstr("gamma 0"));
  options.gamma = 0.1;
  options.window = 0;
  EXPECT_THAT(error(options, 60), HasSubstr("window of 0"));
  EXPECT_THAT(ErrorOf([] { ParseAdaptation("fast"); }),
              HasSubstr("none, aci or aggregated"));
  EXPECT_THAT(ErrorOf([] {
                AdaptiveIntervals({}, std::vector<CalibrationSample>(
                                          60, {QuantileBase(0, 1), 0.5}));
              }),
              HasSubstr("need point forecasts"));
}

TEST(AdaptiveIntervals, RefusesAStateThatIsNotItsOwn) {
  const AdaptiveIntervals intervals(Options(0.9),
                                    Calibration(ShiftedStream(), 60));
  const std::string good = intervals.Save();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string("{}"), good.substr(0, good.size() / 2),
        changed("\"next\":0", "\"next\":60"),
        changed("\"levels\":[0.9]", "\"levels\":[0.8,0.9]"),
        changed("\"contained\":[0]", "\"contained\":[]"),
        changed("\"aci\"", "\"none of these\""),
        changed("\"gamma\":0.03", "\"gamma\":3")}) {
    EXPECT_THAT(ErrorOf([&] { AdaptiveIntervals::Load(text); }),
                ::testing::AnyOf(HasSubstr("intervals")));
  }
}

}  // namespace
}  // namespace airlock
