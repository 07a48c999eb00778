#include "twin/drift/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "tests/support/error_of.h"
#include "twin/drift/run_length.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Independent normal features.
DriftReference NormalReference(int64_t samples, int64_t features,
                               uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/reference", Replication(0));
  DriftReference reference;
  for (int64_t j = 0; j < features; ++j) {
    reference.features.push_back(fmt::format("f{}", j));
  }
  for (int64_t i = 0; i < samples * features; ++i) {
    reference.values.push_back(rng.Normal(0, 1));
  }
  return reference;
}

DriftOptions Quick() {
  DriftOptions options;
  options.window = 40;
  options.ert = 400;
  options.replications = 60;
  return options;
}

TEST(DriftDetector, FiresOnAShiftAndNamesTheFeature) {
  const auto detector =
      CalibrateDriftDetector(NormalReference(600, 3, 1), Quick());
  RngStream rng = RngTree(5).Stream("test", Replication(0));
  std::vector<double> row(3);
  int64_t alarm = -1;
  for (int64_t t = 0; t < 100 && alarm < 0; ++t) {
    for (size_t j = 0; j < 3; ++j) row[j] = rng.Normal(j == 1 ? 3 : 0, 1);
    if (detector->Update(row.data()) == DriftState::kDrift) alarm = t;
    if (t < 39) {
      EXPECT_TRUE(std::isnan(detector->statistic()));
      EXPECT_EQ(detector->most_moved(), -1);
    }
  }
  EXPECT_EQ(alarm, 39);
  EXPECT_EQ(detector->most_moved(), 1);
  EXPECT_GE(detector->statistic(), detector->threshold());
  EXPECT_GT(detector->threshold(), detector->warning_threshold());
  EXPECT_EQ(detector->feature_statistics().size(), 3u);
  // Afresh after the alarm.
  detector->Update(row.data());
  EXPECT_TRUE(std::isnan(detector->statistic()));
}

TEST(DriftDetector, SeesValuesGoMissing) {
  const auto detector =
      CalibrateDriftDetector(NormalReference(600, 1, 1), Quick());
  const double missing = std::nan("");
  DriftState state = DriftState::kStable;
  for (int t = 0; t < 40; ++t) state = detector->Update(&missing);
  EXPECT_EQ(state, DriftState::kDrift);
}

TEST(DriftDetector, GoesOnBitIdenticallyAfterSaveAndLoad) {
  for (const Combination combination :
       {Combination::kMax, Combination::kMean}) {
    DriftOptions options = Quick();
    options.combination = combination;
    const auto detector =
        CalibrateDriftDetector(NormalReference(300, 2, 3), options);
    RngStream rng = RngTree(6).Stream("test", Replication(0));
    std::vector<double> row(2);
    const auto next = [&] {
      for (double& value : row) value = rng.Normal(0, 1.3);
    };
    for (int t = 0; t < 137; ++t) {
      next();
      detector->Update(row.data());
    }
    const auto restored = LoadDriftDetector(detector->Save());
    EXPECT_EQ(restored->Save(), detector->Save());
    for (int t = 0; t < 300; ++t) {
      next();
      ASSERT_EQ(detector->Update(row.data()), restored->Update(row.data()));
      if (!std::isnan(detector->statistic())) {
        ASSERT_EQ(detector->statistic(), restored->statistic());
      }
    }
    EXPECT_EQ(restored->Save(), detector->Save());
  }
}

TEST(DriftDetector, AThresholdAboveTheBoundIsAnError) {
  DriftOptions options = Quick();
  options.threshold = 0.8;
  const DriftReference reference = NormalReference(300, 1, 4);
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("threshold 0.8 can never be reached: the Jensen-"
                        "Shannon divergence lies within 0 and 0.693"));
  options.unit = LogBase::kBits;
  EXPECT_DOUBLE_EQ(CalibrateDriftDetector(reference, options)->threshold(),
                   0.8);
  options.threshold = 1;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("lies within 0 and 1 bits"));
  options.threshold = 0;
  EXPECT_THROW(CalibrateDriftDetector(reference, options), InputError);
}

TEST(DriftDetector, BitsAndNatsAreTheSameTest) {
  DriftOptions options = Quick();
  options.combination = Combination::kMean;
  const DriftReference reference = NormalReference(300, 2, 4);
  const auto nats = CalibrateDriftDetector(reference, options);
  options.unit = LogBase::kBits;
  const auto bits = CalibrateDriftDetector(reference, options);
  EXPECT_DOUBLE_EQ(bits->threshold(), nats->threshold() / std::log(2));
  EXPECT_LT(bits->threshold(), 1);
}

TEST(DriftDetector, RefusesWhatCannotBe) {
  const DriftReference reference = NormalReference(300, 1, 4);
  DriftOptions options = Quick();
  options.ert = 40;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("an expected run length of 40 samples cannot be told "
                        "with a window of 40"));
  options = Quick();
  options.window = 200;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("the reference has 300 samples; a window of 200 needs "
                        "400"));
  options = Quick();
  options.bins = 1000000000;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("1000000000 bins for a window of"));
  options = Quick();
  options.ert = 1e18;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("write at most 10000000"));
  options = Quick();
  options.detector = "adwin";
  EXPECT_EQ(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
            "no drift detector 'adwin'; known: jensen-shannon");
  EXPECT_THAT(ErrorOf([] { LoadDriftDetector("{\"detector\":1}"); }),
              HasSubstr("not a drift detector"));
  EXPECT_THAT(
      ErrorOf([] { LoadDriftDetector("{\"detector\":\"jensen-shannon\"}"); }),
      HasSubstr("not a drift detector"));
}

TEST(RunLengths, AreThoseOfTheFirstPassage) {
  RunLengths lengths(10, 100);
  lengths.Begin();
  lengths.Add(10, 0.1);
  lengths.Add(30, 0.5);
  lengths.Add(40, 0.2);
  lengths.Begin();
  lengths.Add(10, 0.3);
  lengths.Add(50, 0.9);
  EXPECT_DOUBLE_EQ(lengths.MeanAt(0.1), 10 + (0 + 0) / 2.0);
  EXPECT_DOUBLE_EQ(lengths.MeanAt(0.5), 10 + (20 + 40) / 2.0);
  // The first run is censored at 100.
  EXPECT_DOUBLE_EQ(lengths.MeanAt(0.9), 10 + (90 + 40) / 1.0);
  EXPECT_TRUE(std::isinf(lengths.MeanAt(1)));
  EXPECT_DOUBLE_EQ(lengths.ThresholdFor(40), 0.5);
  EXPECT_TRUE(std::isinf(lengths.ThresholdFor(1000)));
}

TEST(NullModel, KeepsDistributionAndAutocorrelation) {
  RngStream rng = RngTree(8).Stream("test", Replication(0));
  std::vector<double> series;
  double state = 0;
  for (int i = 0; i < 4000; ++i) {
    state = 0.7 * state + rng.Normal(0, std::sqrt(1 - 0.49));
    series.push_back(std::exp(state));  // skewed
  }
  EXPECT_NEAR(AutocorrelationTime(series), 17.0 / 3, 1);
  for (const auto kind :
       {NullModelOptions::Kind::kBlock, NullModelOptions::Kind::kSieve}) {
    NullModelOptions options;
    options.kind = kind;
    const auto model = MakeNullModel(series, 1, options);
    const auto stream = model->Open(RngTree(9).Stream("test", Replication(0)));
    std::vector<double> drawn(20000);
    for (double& value : drawn) stream->Next(&value);
    EXPECT_NEAR(AutocorrelationTime(drawn), 17.0 / 3, 1)
        << model->description();
    int64_t below = 0;
    for (const double value : drawn) below += value < 1;
    EXPECT_NEAR(below / 20000.0, 0.5, 0.04) << model->description();
  }
}

}  // namespace
}  // namespace airlock
