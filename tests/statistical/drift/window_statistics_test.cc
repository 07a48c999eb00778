#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sim/base/rng.h"
#include "sim/stats/quantile.h"
#include "sim/stats/two_sample.h"
#include "twin/drift/binned_window.h"
#include "twin/drift/divergence.h"
#include "twin/drift/rank_bank.h"
#include "twin/drift/two_sample_window.h"

namespace airlock {
namespace {

// Jensen-Shannon distances (roots of nats) of `pairs` samples of n standard
// normals from 1000 others, with bins after Sturges over both.
std::vector<double> NullDistances(int64_t n, int64_t pairs) {
  std::vector<double> distances;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    RngStream rng = RngTree(static_cast<uint64_t>(n))
                        .Stream("test/null", Replication(pair));
    std::vector<double> reference, sample;
    for (int i = 0; i < 1000; ++i) reference.push_back(rng.Normal(0, 1));
    for (int64_t i = 0; i < n; ++i) sample.push_back(rng.Normal(0, 1));
    const auto [low, high] =
        std::minmax_element(reference.begin(), reference.end());
    const auto [least, most] =
        std::minmax_element(sample.begin(), sample.end());
    const Bins bins = Bins::Fixed(
        std::min(*low, *least), std::max(*high, *most),
        static_cast<int64_t>(
            std::ceil(std::log2(1000.0 + static_cast<double>(n)) + 1)));
    distances.push_back(std::sqrt(
        JensenShannon(bins.Histogram(reference), bins.Histogram(sample))));
  }
  return distances;
}

// Why no fixed threshold will do: means, quantiles and the share above .1 of
// independent published simulations.
TEST(JensenShannonDistance, WithoutDriftDependsOnTheSampleSize) {
  struct Row {
    int64_t n;
    double mean, p95, p99, above;
  };
  for (const Row& row :
       {Row{50, .171, .231, .256, .98}, Row{100, .124, .166, .184, .85},
        Row{200, .092, .125, .141, .32}, Row{500, .064, .087, .096, .004}}) {
    SCOPED_TRACE(row.n);
    constexpr int64_t kPairs = 1000;
    const std::vector<double> distances = NullDistances(row.n, kPairs);
    double sum = 0, above = 0;
    for (const double distance : distances) {
      sum += distance;
      above += distance > 0.1;
    }
    EXPECT_NEAR(sum / kPairs, row.mean, 0.004);
    EXPECT_NEAR(Quantile(distances, 0.95), row.p95, 0.007);
    EXPECT_NEAR(Quantile(distances, 0.99), row.p99, 0.012);
    // 4 standard deviations of each estimate's binomial.
    EXPECT_NEAR(above / kPairs, row.above,
                6 * std::sqrt(row.above * (1 - row.above) / kPairs) + 0.005);
  }
}

std::vector<double> Normals(int64_t count, RngStream* rng) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(rng->Normal(0, 1));
  return values;
}

constexpr int64_t kReference = 1000;

// Mean samples from a fresh start to the first alarm on standard normals, over
// references of their own; runs of 10 ERT count as such.
double MeanRunLength(const StatisticEntry& entry, double threshold, int runs,
                     uint64_t seed) {
  double sum = 0;
  for (int r = 0; r < runs; ++r) {
    RngStream rng = RngTree(seed).Stream("test/run", Replication(r));
    const auto statistic = entry.make(Normals(kReference, &rng), {});
    int64_t t = 1;
    while (t < 10000 && !(statistic->Update(rng.Normal(0, 1)) >= threshold)) {
      ++t;
    }
    sum += static_cast<double>(t);
  }
  return sum / runs;
}

struct Delays {
  std::vector<double> delays;  // samples; 1001 if missed
  std::vector<double> dating;  // estimated less true samples since change
  double Share(double within) const {
    double count = 0;
    for (const double delay : delays) count += delay <= within;
    return count / static_cast<double>(delays.size());
  }
};

// After 500 samples without a change (alarms start afresh).
Delays MeasureDelays(const StatisticEntry& entry, double threshold,
                     const std::function<double(RngStream*)>& changed) {
  Delays result;
  for (int r = 0; r < 400; ++r) {
    RngStream rng = RngTree(77).Stream("test/delay", Replication(r));
    const auto statistic = entry.make(Normals(kReference, &rng), {});
    for (int t = 0; t < 500; ++t) {
      if (statistic->Update(rng.Normal(0, 1)) >= threshold) {
        statistic->Restart();
      }
    }
    int64_t t = 1;
    while (t <= 1000 && !(statistic->Update(changed(&rng)) >= threshold)) ++t;
    result.delays.push_back(static_cast<double>(t));
    result.dating.push_back(
        static_cast<double>(statistic->SamplesSinceChange() - t));
  }
  return result;
}

// At a mean run length of 1000 (threshold found by simulation beforehand), to
// be compared with ADWIN's 55 and 119 samples, Page-Hinkley's 36 and 74 on
// shifts of 1 and .5 sd, and 90 % of doubled deviations missed by the former.
TEST(RankBank, FindsShiftsSpreadAndShapeAtARunLengthOf1000) {
  const StatisticEntry entry = RankBankStatistic();
  constexpr double kThreshold = 6.934;
  EXPECT_NEAR(MeanRunLength(entry, kThreshold, 1000, 3), 1000, 130);

  const Delays shift = MeasureDelays(
      entry, kThreshold, [](RngStream* rng) { return rng->Normal(1, 1); });
  EXPECT_LE(Median(shift.delays), 15);
  EXPECT_LE(std::abs(Median(shift.dating)), 2);
  const Delays half = MeasureDelays(
      entry, kThreshold, [](RngStream* rng) { return rng->Normal(0.5, 1); });
  EXPECT_LE(Median(half.delays), 50);
  const Delays doubled = MeasureDelays(
      entry, kThreshold, [](RngStream* rng) { return rng->Normal(0, 2); });
  EXPECT_GE(doubled.Share(300), 0.95);
  EXPECT_LE(Median(doubled.delays), 14);
  const Delays halved = MeasureDelays(
      entry, kThreshold, [](RngStream* rng) { return rng->Normal(0, 0.5); });
  EXPECT_GE(halved.Share(300), 0.95);
  // Same mean and deviation: skewed; and two peaks.
  const Delays skewed = MeasureDelays(entry, kThreshold, [](RngStream* rng) {
    return rng->Exponential(1) - 1;
  });
  EXPECT_GE(skewed.Share(300), 0.95);
  const Delays peaks = MeasureDelays(entry, kThreshold, [](RngStream* rng) {
    return rng->Normal(rng->Uniform() < 0.5 ? -0.9 : 0.9, std::sqrt(0.19));
  });
  EXPECT_GE(peaks.Share(300), 0.95);
}

// The classic threshold's promise for a known distribution, and that it is not
// an empty one.
TEST(RankBank, ClassicThresholdKeepsItsRunLength) {
  const StatisticEntry entry = RankBankStatistic();
  const double threshold = entry.classic_threshold({{"run-length", 200}});
  EXPECT_GT(MeanRunLength(entry, threshold, 400, 5), 200);
}

// Thresholds found by simulation for a mean run length of 1000; windows of 100.
TEST(WindowStatistics, FindADoubledDeviationAtARunLengthOf1000) {
  struct Row {
    StatisticEntry entry;
    double threshold;
  };
  for (const Row& row :
       {Row{JensenShannonStatistic(), 0.0296},
        Row{PopulationStabilityStatistic(), 0.2496},
        Row{KolmogorovSmirnovStatistic(), 1.501},
        Row{CramerVonMisesStatistic(), 0.5792}, Row{EnergyStatistic(), 3.174},
        Row{MmdStatistic(), 3.402}}) {
    SCOPED_TRACE(row.entry.name);
    EXPECT_NEAR(MeanRunLength(row.entry, row.threshold, 400, 4), 1000, 200);
    const Delays doubled =
        MeasureDelays(row.entry, row.threshold,
                      [](RngStream* rng) { return rng->Normal(0, 2); });
    EXPECT_GE(doubled.Share(300), 0.95);
    const Delays shift =
        MeasureDelays(row.entry, row.threshold,
                      [](RngStream* rng) { return rng->Normal(1, 1); });
    EXPECT_LE(Median(shift.delays), 55);
  }
}

// Independent windows of the same distribution: the tests keep their level.
TEST(TwoSampleWindow, ClassicThresholdsKeepTheirLevel) {
  for (const StatisticEntry& entry :
       {KolmogorovSmirnovStatistic(), CramerVonMisesStatistic(),
        EnergyStatistic(), MmdStatistic()}) {
    SCOPED_TRACE(entry.name);
    const double threshold = entry.classic_threshold({});
    constexpr int kTests = 2000;
    double reached = 0;
    for (int r = 0; r < kTests; ++r) {
      RngStream rng = RngTree(9).Stream("test/level", Replication(r));
      const auto statistic =
          entry.make(Normals(400, &rng), {{"window", 60}, {"stride", 1}});
      double evidence = 0;
      for (int t = 0; t < 60; ++t)
        evidence = statistic->Update(rng.Normal(0, 1));
      reached += evidence >= threshold;
    }
    // 5 %; below it, about 1 %, where the threshold is a bound.
    EXPECT_LE(reached / kTests, 0.05 + 3.5 * std::sqrt(0.05 * 0.95 / kTests));
    EXPECT_GE(reached / kTests, 0.003);
  }
}

}  // namespace
}  // namespace airlock
