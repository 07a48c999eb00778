#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"
#include "tests/support/drift_streams.h"

namespace airlock {
namespace {

using testing::ScalarStatistic;

// Mean and standard error of the samples to the first alarm, at the classic
// threshold, of independent normal values with mean `shift` and standard
// deviation 1, which is what the reference has exactly.
struct RunLength {
  double mean;
  double error;
};
RunLength Measure(const char* name, const StatisticParameters& parameters,
                  double shift, int runs) {
  const StatisticEntry entry = ScalarStatistic(name);
  const double threshold = entry.classic_threshold(parameters);
  const double half = std::sqrt(0.5);
  const auto statistic = entry.make({-half, half}, parameters);
  RngStream rng =
      RngTree(1).Stream(std::string("test/") + name, Replication(0));
  double sum = 0;
  double squares = 0;
  for (int run = 0; run < runs; ++run) {
    statistic->Reset();
    double length = 1;
    while (!(statistic->Update(rng.Normal(shift, 1)) >= threshold)) ++length;
    sum += length;
    squares += length * length;
  }
  const double mean = sum / runs;
  return {mean, std::sqrt((squares / runs - mean * mean) / runs)};
}

// Within 3.5 standard errors of the textbook's value.
void ExpectRunLength(const char* name, const StatisticParameters& parameters,
                     double shift, double textbook, int runs) {
  const RunLength run = Measure(name, parameters, shift, runs);
  EXPECT_NEAR(run.mean, textbook, 3.5 * run.error)
      << name << " shifted by " << shift << ", standard error " << run.error;
  EXPECT_LT(run.error, 0.02 * textbook);
}

// Siegmund's and Hawkins and Olwell's tables ("Cumulative Sum Charts and
// Charting for Quality Improvement", 1998), slack .5.
TEST(ChartRunLength, OfCusum) {
  ExpectRunLength("cusum", {}, 0, 465.4, 10000);
  ExpectRunLength("cusum", {{"sides", 1}}, 0, 930.9, 8000);
  ExpectRunLength("cusum", {{"sides", -1}}, 0, 930.9, 8000);
  ExpectRunLength("cusum", {}, 1, 10.38, 20000);
  ExpectRunLength("cusum", {}, -1, 10.38, 20000);
  ExpectRunLength("cusum", {{"threshold", 4}}, 0, 167.7, 10000);
  ExpectRunLength("cusum", {{"threshold", 4}, {"sides", 1}}, 0, 335.4, 10000);
  ExpectRunLength("cusum", {{"threshold", 4}}, 1, 8.38, 20000);
}

// Lucas and Saccucci (Technometrics 32, 1990), with the asymptotic limits.
TEST(ChartRunLength, OfEwma) {
  ExpectRunLength("ewma", {{"exact", 0}}, 0, 499.6, 10000);
  ExpectRunLength("ewma", {{"exact", 0}}, 1, 10.33, 20000);
}

// Exact limits are narrower at first: sooner alarms of either kind.
TEST(ChartRunLength, OfEwmaWithExactLimits) {
  const RunLength exact = Measure("ewma", {}, 1, 20000);
  EXPECT_LT(exact.mean + 3.5 * exact.error, 10.33);
  const RunLength null = Measure("ewma", {}, 0, 10000);
  EXPECT_LT(null.mean, 499.6);
  EXPECT_GT(null.mean, 450);
}

// 1 / (2 Phi(-3)), and 1 / (Phi(-3 - 1) + Phi(-3 + 1)).
TEST(ChartRunLength, OfShewhart) {
  ExpectRunLength("shewhart", {}, 0, 370.398, 10000);
  ExpectRunLength("shewhart", {}, 1, 43.895, 20000);
}

}  // namespace
}  // namespace airlock
