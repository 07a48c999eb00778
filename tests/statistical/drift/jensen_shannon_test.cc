#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "sim/stats/moments.h"
#include "twin/drift/detector.h"
#include "twin/drift/divergence.h"

namespace airlock {
namespace {

std::vector<double> Normals(int64_t count, double mean, RngStream* rng) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(rng->Normal(mean, 1));
  return values;
}

// Mean divergence of two windows of `n` normals, with `bins` equal bins over
// the range of both, as in published monitors; nats.
double MeanDivergence(int64_t n, int64_t bins, double shift) {
  constexpr int kPairs = 200;
  double sum = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    RngStream rng = RngTree(11).Stream("test/pairs", Replication(pair));
    const std::vector<double> a = Normals(n, 0, &rng);
    const std::vector<double> b = Normals(n, shift, &rng);
    double low = a[0], high = a[0];
    for (const auto* sample : {&a, &b}) {
      for (const double value : *sample) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
    const Bins edges = Bins::Fixed(low, high, bins);
    sum += JensenShannon(edges.Histogram(a), edges.Histogram(b));
  }
  return sum / kPairs;
}

// Published values of the windowed estimator on standard normals (natural
// logarithm, mean over features).
TEST(JensenShannonEstimator, AgreesWithPublishedMeans) {
  EXPECT_NEAR(MeanDivergence(100, 64, 0), 0.155, 0.02);
  EXPECT_NEAR(MeanDivergence(300, 64, 0), 0.049, 0.006);
  EXPECT_NEAR(MeanDivergence(300, 64, 1), 0.153, 0.006);
  EXPECT_NEAR(MeanDivergence(300, 10, 0), 0.007, 0.002);
  EXPECT_NEAR(MeanDivergence(300, 10, 1), 0.119, 0.006);
  EXPECT_NEAR(MeanDivergence(1000, 64, 0), 0.016, 0.002);
  EXPECT_NEAR(MeanDivergence(1000, 64, 1), 0.125, 0.004);
}

TEST(JensenShannonEstimator, BiasIsThatOfTheFormula) {
  RngStream rng = RngTree(12).Stream("test/bias", Replication(0));
  const Bins bins = Bins::Quantiles(Normals(100000, 0, &rng), 10);
  double sum = 0;
  for (int pair = 0; pair < 500; ++pair) {
    sum += JensenShannon(bins.Histogram(Normals(300, 0, &rng)),
                         bins.Histogram(Normals(300, 0, &rng)));
  }
  EXPECT_NEAR(sum / 500, JensenShannonBias(10, 300, 300), 0.0004);
}

// A stationary stream: a new one for each replication.
using Source = std::function<double()>;
using MakeSource = std::function<Source(RngStream)>;

Source Independent(RngStream rng) {
  return [rng]() mutable { return rng.Normal(0, 1); };
}

Source Autoregressive(RngStream rng) {
  double state = rng.Normal(0, 1);
  return [rng, state]() mutable {
    state = 0.7 * state + rng.Normal(0, std::sqrt(1 - 0.49));
    return state;
  };
}

struct Measured {
  double mean = 0;
  double low = 0;
  double high = 0;
};

// Samples from a fresh start to the first alarm, over replications that each
// draw and calibrate on a reference of their own. Runs without an alarm by
// 8 ERT count as 8 ERT (about 0.03 % of exponential ones).
Measured MeasureRunLength(const MakeSource& make, const DriftOptions& options,
                          int64_t reference_samples, int replications) {
  std::vector<double> lengths;
  for (int r = 0; r < replications; ++r) {
    const RngTree tree(17);
    Source history = make(tree.Stream("test/history", Replication(r)));
    DriftReference reference;
    reference.features = {"x"};
    for (int64_t t = 0; t < reference_samples; ++t) {
      reference.values.push_back(history());
    }
    DriftOptions own = options;
    own.seed = static_cast<uint64_t>(r) + 1;
    const auto detector = CalibrateDriftDetector(reference, own);
    Source stream = make(tree.Stream("test/stream", Replication(r)));
    const int64_t longest = static_cast<int64_t>(8 * options.ert);
    int64_t t = 1;
    for (; t < longest; ++t) {
      const double x = stream();
      if (detector->Update(&x) == DriftState::kDrift) break;
    }
    lengths.push_back(static_cast<double>(t));
  }
  const Interval interval = MeanInterval(lengths, 0.95);
  return {Mean(lengths), interval.low, interval.high};
}

DriftOptions Options(NullModelOptions::Kind kind) {
  DriftOptions options;
  options.window = 50;
  options.ert = 500;
  options.replications = 150;
  options.null_model.kind = kind;
  return options;
}

void ExpectRunLength(const char* name, const MakeSource& make,
                     NullModelOptions::Kind kind) {
  const DriftOptions options = Options(kind);
  const Measured measured = MeasureRunLength(make, options, 1500, 150);
  std::printf("%s, %s: run length set %.0f, measured %.0f [%.0f, %.0f]\n", name,
              ToString(kind), options.ert, measured.mean, measured.low,
              measured.high);
  // The interval must meet the band of 20 % about what was set.
  EXPECT_LT(measured.low, 1.2 * options.ert);
  EXPECT_GT(measured.high, 0.8 * options.ert);
  EXPECT_GT(measured.mean, 0.7 * options.ert);
  EXPECT_LT(measured.mean, 1.4 * options.ert);
}

TEST(RunLength, IndependentNormalsSieve) {
  ExpectRunLength("iid", Independent, NullModelOptions::Kind::kSieve);
}
TEST(RunLength, IndependentNormalsBlock) {
  ExpectRunLength("iid", Independent, NullModelOptions::Kind::kBlock);
}
TEST(RunLength, AutoregressionSieve) {
  ExpectRunLength("AR(1) 0.7", Autoregressive, NullModelOptions::Kind::kSieve);
}
TEST(RunLength, AutoregressionBlock) {
  ExpectRunLength("AR(1) 0.7", Autoregressive, NullModelOptions::Kind::kBlock);
}

// A threshold for independent samples would alarm far too often here: the test
// that the calibration does something.
TEST(RunLength, IgnoringAutocorrelationWouldBreakTheRate) {
  DriftOptions options = Options(NullModelOptions::Kind::kBlock);
  options.null_model.block = 1;
  const Measured measured = MeasureRunLength(Autoregressive, options, 1500, 40);
  std::printf("AR(1) 0.7, independent null: measured %.0f [%.0f, %.0f]\n",
              measured.mean, measured.low, measured.high);
  EXPECT_LT(measured.high, 0.4 * options.ert);
}

// Samples from the change to the alarm, the window full before.
TEST(Delay, OfShiftsOfLevelAndSpread) {
  struct Change {
    const char* name;
    double mean, spread;
    double worst_median;
  };
  for (const Change& change :
       {Change{"+1 sd", 1, 1, 50}, Change{"+2 sd", 2, 1, 25},
        Change{"sd x2", 0, 2, 60}}) {
    std::vector<double> delays;
    for (int r = 0; r < 30; ++r) {
      RngStream rng = RngTree(19).Stream("test/delay", Replication(r));
      DriftReference reference;
      reference.features = {"x"};
      reference.values = Normals(1500, 0, &rng);
      DriftOptions options = Options(NullModelOptions::Kind::kSieve);
      options.ert = 1000;
      options.replications = 60;
      const auto detector = CalibrateDriftDetector(reference, options);
      for (int t = 0; t < 50; ++t) {
        const double x = rng.Normal(0, 1);
        if (detector->Update(&x) == DriftState::kDrift) t = -1;
      }
      int delay = 1;
      for (; delay < 400; ++delay) {
        const double x = rng.Normal(change.mean, change.spread);
        if (detector->Update(&x) == DriftState::kDrift) break;
      }
      delays.push_back(delay);
    }
    std::sort(delays.begin(), delays.end());
    std::printf("%s: median delay %.0f, longest %.0f of 400\n", change.name,
                delays[15], delays.back());
    EXPECT_LE(delays[15], change.worst_median) << change.name;
    EXPECT_LT(delays.back(), 400) << change.name;
  }
}

}  // namespace
}  // namespace airlock
