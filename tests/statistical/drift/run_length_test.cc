#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/support/stationary_streams.h"

namespace airlock {
namespace {

using testing::MeasureRunLength;
using testing::RunLengthPlan;
using testing::StationaryStream;
using testing::StationaryStreams;

DriftOptions Options(double ert) {
  DriftOptions options;
  options.ert = ert;
  options.replications = 200;
  return options;
}

// The interval of the measured mean run length must meet the band of 10 % about
// what was set, and the mean not be far off it.
void ExpectRunLength(const char* name, int64_t reference = 2000) {
  const auto& rows = StationaryStreams();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const StationaryStream& each) {
        return each.name == std::string(name);
      });
  ASSERT_NE(row, rows.end());
  const DriftOptions options = Options(500);
  RunLengthPlan plan;
  plan.reference = reference;
  plan.references = 10;
  plan.streams = 60;
  const Interval measured = MeasureRunLength(*row, options, plan);
  std::printf("%s: run length set %.0f, measured %.0f [%.0f, %.0f]\n", name,
              options.ert, measured.estimate, measured.low, measured.high);
  EXPECT_LT(measured.low, 1.1 * options.ert);
  EXPECT_GT(measured.high, 0.9 * options.ert);
  EXPECT_GT(measured.estimate, 0.8 * options.ert);
  EXPECT_LT(measured.estimate, 1.25 * options.ert);
}

TEST(RunLength, IndependentNormals) { ExpectRunLength("iid normal"); }
TEST(RunLength, HeavyTails) { ExpectRunLength("t3"); }
TEST(RunLength, WeakAutoregression) { ExpectRunLength("AR(1) .3"); }
TEST(RunLength, Autoregression) { ExpectRunLength("AR(1) .7"); }
TEST(RunLength, StrongAutoregression) { ExpectRunLength("AR(1) .9"); }
TEST(RunLength, Diurnal) { ExpectRunLength("diurnal 288"); }
// Two periods and a part of a third in the reference.
TEST(RunLength, FewPeriodsInTheReference) {
  ExpectRunLength("diurnal 1440", 3000);
}
TEST(RunLength, Errors) { ExpectRunLength("Bernoulli .2"); }
TEST(RunLength, Bursts) { ExpectRunLength("bursty"); }
TEST(RunLength, BurstsOfPackets) { ExpectRunLength("bursty counts"); }

// A threshold for independent samples alarms far too often where the past
// foretells the next value: the test that the filters do something.
TEST(RunLength, IgnoringAutocorrelationWouldBreakTheRate) {
  DriftOptions options = Options(500);
  options.conditioning = Conditioning::kScores;
  options.null_model.kind = NullModelOptions::Kind::kIndependent;
  RunLengthPlan plan;
  plan.reference = 2000;
  plan.references = 5;
  const StationaryStream row = {"AR(1) .7", [](RngStream rng) {
                                  return testing::Autoregressive(rng, .7);
                                }};
  const Interval measured = MeasureRunLength(row, options, plan);
  std::printf("AR(1) .7 as if independent: measured %.0f [%.0f, %.0f]\n",
              measured.estimate, measured.low, measured.high);
  EXPECT_LT(measured.high, 0.4 * options.ert);
}

// Blocks and chains, where filters are switched off.
TEST(RunLength, BlocksKeepTheAutocorrelation) {
  DriftOptions options = Options(500);
  options.conditioning = Conditioning::kScores;
  RunLengthPlan plan;
  plan.reference = 3000;
  plan.references = 10;
  const StationaryStream row = {"AR(1) .7", [](RngStream rng) {
                                  return testing::Autoregressive(rng, .7);
                                }};
  const Interval measured = MeasureRunLength(row, options, plan);
  std::printf("AR(1) .7 by blocks: measured %.0f [%.0f, %.0f]\n",
              measured.estimate, measured.low, measured.high);
  EXPECT_LT(measured.low, 1.2 * options.ert);
  EXPECT_GT(measured.high, 0.8 * options.ert);
}

TEST(RunLength, OfErrorsByTheirOwnDetectors) {
  for (const char* name : {"ddm", "hddm-a"}) {
    DriftOptions options = Options(1000);
    options.detector = name;
    RunLengthPlan plan;
    plan.references = 10;
    const StationaryStream row = {
        "Bernoulli .2", [](RngStream rng) -> testing::Source {
          return [rng]() mutable { return rng.Uniform() < .2 ? 1.0 : 0.0; };
        }};
    const Interval measured = MeasureRunLength(row, options, plan);
    std::printf("%s on errors: measured %.0f [%.0f, %.0f]\n", name,
                measured.estimate, measured.low, measured.high);
    EXPECT_LT(measured.low, 1.1 * options.ert) << name;
    EXPECT_GT(measured.high, 0.9 * options.ert) << name;
  }
}

// Four correlated features together have the run length that was set.
TEST(WideRunLength, OfSeveralFeatures) {
  const auto draw = [](RngStream* rng, double* row) {
    const double common = rng->Normal(0, 1);
    for (int j = 0; j < 4; ++j) row[j] = common + rng->Normal(0, 1);
  };
  std::vector<double> means;
  for (uint64_t r = 0; r < 10; ++r) {
    const RngTree tree(100 + r);
    RngStream history = tree.Stream("test/history", Replication(0));
    DriftReference reference;
    reference.features = {"a", "b", "c", "d"};
    double row[4];
    for (int t = 0; t < 1500; ++t) {
      draw(&history, row);
      reference.values.insert(reference.values.end(), row, row + 4);
    }
    DriftOptions options = Options(500);
    options.seed = r + 1;
    const auto detector = CalibrateDriftDetector(reference, options);
    double total = 0;
    for (int64_t s = 0; s < 10; ++s) {
      RngStream stream = tree.Stream("test/stream", Replication(s));
      detector->Reset();
      int64_t t = 1;
      for (; t < 4000; ++t) {
        draw(&stream, row);
        if (detector->Update(row) == DriftState::kDrift) break;
      }
      total += static_cast<double>(t);
    }
    means.push_back(total / 10);
  }
  const Interval measured = MeanInterval(means, 0.95);
  std::printf("4 features: run length set 500, measured %.0f [%.0f, %.0f]\n",
              measured.estimate, measured.low, measured.high);
  EXPECT_LT(measured.low, 550);
  EXPECT_GT(measured.high, 450);
}

}  // namespace
}  // namespace airlock
