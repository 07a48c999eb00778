#include "twin/drift/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "tests/support/error_of.h"
#include "twin/drift/run_length.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
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
  options.detector = "jensen-shannon";
  options.parameters = {{"window", 40}};
  options.ert = 400;
  options.replications = 100;
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
      CalibrateDriftDetector(NormalReference(600, 2, 1), Quick());
  const double row[2] = {0.1, std::nan("")};
  DriftState state = DriftState::kStable;
  int t = 0;
  for (; t < 40 && state != DriftState::kDrift; ++t) {
    state = detector->Update(row);
  }
  EXPECT_EQ(state, DriftState::kDrift);
  EXPECT_GT(t, 2) << "a gap is no change yet";
  EXPECT_EQ(detector->most_moved(), 1);
  EXPECT_TRUE(detector->Findings().front().missing);
}

// Lost once, back once, however long it takes and whatever else alarms.
TEST(DriftDetector, AFeatureIsLostOnceAndBackOnce) {
  auto detector = CalibrateDriftDetector(NormalReference(600, 2, 1), Quick());
  RngStream rng = RngTree(4).Stream("test", Replication(0));
  int lost = 0, other = 0;
  const auto feed = [&](int samples, bool missing, double shift) {
    for (int t = 0; t < samples; ++t) {
      const double row[2] = {rng.Normal(shift, 1),
                             missing ? std::nan("") : rng.Normal(0, 1)};
      if (detector->Update(row) != DriftState::kDrift) continue;
      const FeatureFinding first = detector->Findings().front();
      ++(first.missing && first.feature == 1 ? lost : other);
    }
  };
  feed(30, true, 0);
  EXPECT_EQ(lost, 1);
  EXPECT_THAT(detector->LostFeatures(), ElementsAre(1));
  feed(300, true, 3);  // the other one changes meanwhile
  EXPECT_EQ(lost, 1);
  EXPECT_GT(other, 0);
  detector = LoadDriftDetector(detector->Save());
  EXPECT_THAT(detector->LostFeatures(), ElementsAre(1));
  feed(40, false, 0);
  EXPECT_THAT(detector->LostFeatures(), ElementsAre());
  feed(30, true, 0);
  EXPECT_EQ(lost, 2);
  detector->Reset();
  EXPECT_THAT(detector->LostFeatures(), ElementsAre());
}

// A chart of single values has two levels on a stream of 0 and 1.
TEST(DriftDetector, RefusesARunLengthThatFewValuesCannotGive) {
  for (const double rate : {0.02, 0.2, 0.5}) {
    DriftReference reference;
    reference.features = {"errors"};
    RngStream rng = RngTree(5).Stream("test", Replication(0));
    for (int t = 0; t < 3000; ++t) {
      reference.values.push_back(rng.Uniform() < rate ? 1 : 0);
    }
    DriftOptions options = Quick();
    options.detector = "shewhart";
    options.parameters.clear();
    options.ert = 500;
    const std::string error =
        ErrorOf([&] { CalibrateDriftDetector(reference, options); });
    EXPECT_THAT(error, HasSubstr("shewhart cannot keep an expected run length"))
        << rate;
    EXPECT_THAT(error, HasSubstr("'errors' has few different values")) << rate;
    EXPECT_THAT(error, HasSubstr("use a detector that adds up many samples"));
    for (const char* name : {"rank-bank", "adwin", "page-hinkley", "hddm-a",
                             "hddm-w", "cusum", "ewma", "kswin"}) {
      options.detector = name;
      EXPECT_NO_THROW(CalibrateDriftDetector(reference, options))
          << name << " " << rate;
    }
  }
}

TEST(DriftDetector, ScatteredGapsOfTheReferenceAreNoChange) {
  DriftReference reference = NormalReference(1000, 1, 1);
  RngStream rng = RngTree(2).Stream("test", Replication(0));
  for (double& value : reference.values) {
    if (rng.Uniform() < 0.2) value = std::nan("");
  }
  DriftOptions options = Quick();
  options.ert = 50000;
  options.replications = 20;
  const auto detector = CalibrateDriftDetector(reference, options);
  for (int t = 0; t < 2000; ++t) {
    const double x = rng.Uniform() < 0.2 ? std::nan("") : rng.Normal(0, 1);
    ASSERT_NE(detector->Update(&x), DriftState::kDrift) << t;
  }
}

// Streams that each filter suits, and one for classic parameters.
TEST(DriftDetector, GoesOnBitIdenticallyAfterSaveAndLoad) {
  struct Case {
    const char* detector;
    bool classic;
    double phi, cycle, burst;
  };
  for (const Case& each :
       {Case{"jensen-shannon", false, 0, 0, 0}, Case{"cusum", false, 0.8, 0, 0},
        Case{"rank-bank", false, 0, 3, 0}, Case{"rank-bank", false, 0, 0, 6},
        Case{"hddm-a", false, 0.5, 0, 0}, Case{"cusum", true, 0, 0, 0}}) {
    RngStream rng = RngTree(6).Stream("test", Replication(0));
    double state = 0, busy = 0;
    int64_t time = 0;
    const auto next = [&] {
      state = each.phi * state + rng.Normal(0, 1);
      if (rng.Uniform() < 0.03) busy = each.burst - busy;
      return state + busy + each.cycle * std::sin(0.05 * double(time++));
    };
    DriftReference reference;
    reference.features = {"a", "b"};
    for (int i = 0; i < 1600; ++i) reference.values.push_back(next());
    DriftOptions options;
    options.detector = each.detector;
    options.classic = each.classic;
    options.ert = 300;
    options.replications = 40;
    const auto detector = CalibrateDriftDetector(reference, options);
    std::vector<double> row(2);
    const auto draw = [&] {
      for (double& value : row) value = 1.2 * next();
    };
    for (int t = 0; t < 137; ++t) {
      draw();
      detector->Update(row.data());
    }
    const auto restored = LoadDriftDetector(detector->Save());
    ASSERT_EQ(restored->Save(), detector->Save());
    for (int t = 0; t < 500; ++t) {
      draw();
      ASSERT_EQ(detector->Update(row.data()), restored->Update(row.data()));
      if (!std::isnan(detector->statistic())) {
        ASSERT_EQ(detector->statistic(), restored->statistic());
      }
      ASSERT_EQ(detector->most_moved(), restored->most_moved());
    }
    ASSERT_EQ(restored->Save(), detector->Save()) << each.detector;
  }
}

TEST(DriftDetector, ClassicParametersAreThoseOfThePublication) {
  DriftOptions options = Quick();
  options.classic = true;
  options.parameters["threshold"] = 0.3;
  const DriftReference reference = NormalReference(300, 1, 4);
  const auto detector = CalibrateDriftDetector(reference, options);
  EXPECT_EQ(detector->threshold(), 0.3);
  EXPECT_TRUE(std::isnan(detector->calibration().run_length.estimate));
  options.parameters["threshold"] = 1.8;
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(reference, options); }),
              HasSubstr("1.8"));
}

TEST(DriftDetector, BitsAndNatsAreTheSameTest) {
  DriftOptions options = Quick();
  const DriftReference reference = NormalReference(300, 1, 4);
  const auto nats = CalibrateDriftDetector(reference, options);
  options.parameters["bits"] = 1;
  const auto bits = CalibrateDriftDetector(reference, options);
  EXPECT_NEAR(bits->threshold(), nats->threshold() / std::log(2), 1e-9);
  EXPECT_LT(bits->threshold(), 1);
}

TEST(DriftDetector, SaysHowItWasCalibrated) {
  const auto detector =
      CalibrateDriftDetector(NormalReference(600, 1, 1), Quick());
  const DriftCalibration& calibration = detector->calibration();
  EXPECT_TRUE(calibration.run_length.Contains(400));
  EXPECT_EQ(calibration.runs, 100);
  EXPECT_EQ(calibration.null_model, "independent samples");
  EXPECT_THAT(calibration.preparation, ::testing::ElementsAre("as it is"));
  DriftOptions options = Quick();
  options.ert = 10000;
  options.replications = 20;
  EXPECT_THAT(CalibrateDriftDetector(NormalReference(600, 1, 1), options)
                  ->calibration()
                  .warnings.front(),
              HasSubstr("600 samples say little about a run length of 10000; "
                        "have 1000 or more"));
}

// Kwiatkowski et al. (1992): a level that wanders, or a spread that grows, is
// told of, with the feature's name; autocorrelation about one level is not.
TEST(DriftDetector, WarnsOfAReferenceThatIsNotStationary) {
  const auto warnings = [](const char* kind) {
    RngStream rng = RngTree(12).Stream("stationary", Replication(0));
    DriftReference reference;
    reference.features = {"steady", "other"};
    const std::string is = kind;
    double memory = 0;
    for (int t = 0; t < 1000; ++t) {
      const double share = t / 1000.0;
      memory = 0.7 * memory + rng.Normal(0, 1);
      reference.values.push_back(rng.Normal(0, 1));
      reference.values.push_back(is == "trend" ? rng.Normal(2 * share, 1)
                                 : is == "step"
                                     ? rng.Normal(share < 0.5 ? 0 : 1, 1)
                                 : is == "spread" ? rng.Normal(0, 1 + 2 * share)
                                 : is == "memory" ? memory
                                                  : rng.Normal(0, 1));
    }
    const auto detector = CalibrateDriftDetector(reference, Quick());
    std::string text;
    for (const std::string& warning : detector->calibration().warnings) {
      text += warning + "\n";
    }
    return text;
  };
  for (const char* kind : {"trend", "step", "spread"}) {
    EXPECT_THAT(warnings(kind),
                HasSubstr("1 of 2 features ('other') do not keep their level "
                          "or spread within the reference"))
        << kind;
  }
  for (const char* kind : {"memory", "none"}) {
    EXPECT_THAT(warnings(kind), ::testing::Not(HasSubstr("do not keep")))
        << kind;
  }
}

// f1 shifts alone; then f0 and f2 as well, at once.
TEST(DriftDetector, SaysWhichFeaturesMovedAndWhichFirst) {
  DriftOptions options;
  options.detector = "cusum";
  options.ert = 1000;
  options.replications = 200;
  const auto detector =
      CalibrateDriftDetector(NormalReference(1000, 4, 1), options);
  EXPECT_NEAR(detector->calibration().marginal_run_length, 4000, 1200);
  RngStream rng = RngTree(5).Stream("test", Replication(0));
  std::vector<double> row(4);
  std::vector<int64_t> alarms;
  for (int64_t t = 0; t < 300 && alarms.size() < 2; ++t) {
    for (size_t j = 0; j < 4; ++j) row[j] = rng.Normal(0, 1);
    if (t >= 20 && alarms.empty()) row[1] += 1.2;
    if (!alarms.empty()) row[0] += 8;
    if (!alarms.empty()) row[2] += 8;
    if (detector->Update(row.data()) != DriftState::kDrift) continue;
    alarms.push_back(t);
    const std::vector<FeatureFinding> findings = detector->Findings();
    ASSERT_EQ(findings.size(), 4u);
    EXPECT_EQ(findings[0].feature, detector->most_moved());
    EXPECT_EQ(detector->MovedFirst() == 1, alarms.size() == 1);
    for (const FeatureFinding& finding : findings) {
      const bool moved = alarms.size() == 1
                             ? finding.feature == 1
                             : finding.feature == 0 || finding.feature == 2;
      EXPECT_EQ(finding.moved, moved) << finding.feature;
      EXPECT_GE(finding.adjusted_p_value, finding.p_value);
      if (moved && alarms.size() == 1) {
        EXPECT_NEAR(static_cast<double>(finding.samples_since_change),
                    static_cast<double>(t - 19), 8);
      }
    }
  }
  ASSERT_EQ(alarms.size(), 2u);
  EXPECT_GT(alarms[0], 20);
}

// Two features that are one: their common threshold is that of either.
TEST(DriftDetector, FeaturesThatMoveTogetherCountOnce) {
  DriftReference reference = NormalReference(1000, 2, 1);
  for (size_t i = 0; i < reference.values.size(); i += 2) {
    reference.values[i + 1] = reference.values[i];
  }
  DriftOptions options;
  options.detector = "cusum";
  options.ert = 200;
  options.replications = 500;
  const auto detector = CalibrateDriftDetector(reference, options);
  EXPECT_NEAR(detector->calibration().marginal_run_length, 200, 30);
}

TEST(DriftDetector, AConstantFeatureMayMove) {
  DriftReference reference = NormalReference(600, 1, 1);
  for (double& value : reference.values) value = 7;
  for (const char* name : {"rank-bank", "cusum", "jensen-shannon"}) {
    DriftOptions options;
    options.detector = name;
    options.ert = 1000;
    options.replications = 200;
    const auto detector = CalibrateDriftDetector(reference, options);
    double x = 7;
    for (int t = 0; t < 300; ++t) {
      ASSERT_NE(detector->Update(&x), DriftState::kDrift) << name;
    }
    x = 7.1;
    int delay = 1;
    while (delay < 100 && detector->Update(&x) != DriftState::kDrift) ++delay;
    EXPECT_LT(delay, 60) << name;
  }
}

TEST(DriftDetector, RefusesWhatCannotBe) {
  const DriftReference reference = NormalReference(300, 1, 4);
  const auto error = [&](const DriftOptions& options) {
    return ErrorOf([&] { CalibrateDriftDetector(reference, options); });
  };
  DriftOptions options = Quick();
  options.ert = 40;
  EXPECT_THAT(error(options),
              HasSubstr("an expected run length of 40 samples cannot be told "
                        "with jensen-shannon, which has no evidence before 40 "
                        "samples"));
  options = Quick();
  options.ert = 1e18;
  EXPECT_THAT(error(options), HasSubstr("write at most 10000000"));
  options = Quick();
  options.ert = -1;
  EXPECT_THAT(error(options), HasSubstr("must be above 1"));
  options = Quick();
  options.detector = "adwim";
  EXPECT_THAT(error(options), HasSubstr("no drift detector 'adwim'; known: "));
  EXPECT_THAT(error(options), HasSubstr("adwin"));
  options = Quick();
  options.parameters["windov"] = 3;
  EXPECT_THAT(error(options), HasSubstr("windov"));
  options = Quick();
  options.detector = "ddm";
  options.parameters.clear();
  EXPECT_THAT(error(options),
              HasSubstr("ddm watches errors, 0 or 1; feature 'f0' has other"));
  DriftReference empty = reference;
  std::fill(empty.values.begin(), empty.values.end(), std::nan(""));
  EXPECT_THAT(ErrorOf([&] { CalibrateDriftDetector(empty, Quick()); }),
              HasSubstr("'f0' has no value in the reference's 300 samples"));
  EXPECT_THAT(ErrorOf([] { LoadDriftDetector("{\"detector\":1}"); }),
              HasSubstr("not a drift detector"));
  EXPECT_THAT(
      ErrorOf([] { LoadDriftDetector("{\"detector\":\"jensen-shannon\"}"); }),
      HasSubstr("not a drift detector"));
}

TEST(DriftDetector, AValueItCannotTakeLeavesItUnharmed) {
  RngStream rng = RngTree(5).Stream("test", Replication(0));
  DriftReference reference;
  reference.features = {"error"};
  for (int i = 0; i < 500; ++i) {
    reference.values.push_back(rng.Uniform() < 0.2 ? 1 : 0);
  }
  DriftOptions options;
  options.detector = "ddm";
  options.ert = 2000;
  options.replications = 50;
  const auto detector = CalibrateDriftDetector(reference, options);
  const std::string before = detector->Save();
  const double two = 2;
  EXPECT_THAT(ErrorOf([&] { detector->Update(&two); }),
              HasSubstr("watches errors, 0 or 1; feature 'error' is 2"));
  EXPECT_EQ(detector->Save(), before);
}

TEST(ChangeStatistics, AreSortedAndNamedOnce) {
  const auto& table = ChangeStatistics();
  for (size_t i = 1; i < table.size(); ++i) {
    EXPECT_LT(std::string(table[i - 1].name), table[i].name);
  }
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

TEST(RunLengths, HaveTheIntervalOfARatio) {
  RunLengths lengths(0, 1000000);
  RngStream rng = RngTree(3).Stream("test", Replication(0));
  for (int i = 0; i < 400; ++i) {
    lengths.Begin();
    lengths.Add(static_cast<int64_t>(rng.Exponential(5000)), 1);
  }
  const Interval interval = lengths.IntervalAt(1);
  EXPECT_TRUE(interval.Contains(5000));
  // 1.96 / sqrt(400)
  EXPECT_NEAR(interval.half_width() / interval.estimate, 0.098, 0.01);
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
  const auto model = MakeNullModel(series, 1, {});
  EXPECT_THAT(model->description(), HasSubstr("moving blocks of"));
  const auto stream = model->Open(RngTree(9).Stream("test", Replication(0)));
  std::vector<double> drawn(20000);
  for (double& value : drawn) stream->Next(&value);
  EXPECT_NEAR(AutocorrelationTime(drawn), 17.0 / 3, 1);
  int64_t below = 0;
  for (const double value : drawn) below += value < 1;
  EXPECT_NEAR(below / 20000.0, 0.5, 0.04);
}

TEST(NullModel, AChainHasTheMemoryOfTheSeries) {
  RngStream rng = RngTree(8).Stream("test", Replication(0));
  std::vector<double> series = {0, 0};
  // Order 2: a 1 is likely after two equal values.
  for (size_t i = 2; i < 5000; ++i) {
    const bool equal = series[i - 1] == series[i - 2];
    series.push_back(rng.Uniform() < (equal ? 0.6 : 0.1) ? 1 : 0);
  }
  const auto model = MakeNullModel(series, 1, {});
  EXPECT_EQ(model->description(), "Markov chain of order 2 over 2 values");
  const auto stream = model->Open(RngTree(9).Stream("test", Replication(0)));
  std::vector<double> drawn(20000);
  for (double& value : drawn) stream->Next(&value);
  double equal = 0, ones = 0;
  for (size_t i = 2; i < drawn.size(); ++i) {
    if (drawn[i - 1] != drawn[i - 2]) continue;
    equal += 1;
    ones += drawn[i];
  }
  EXPECT_NEAR(ones / equal, 0.6, 0.03);
}

// A cycle of 1000 samples: less than two of it are few to know it by.
TEST(DriftDetector, NamesAReferenceShortForItsMemory) {
  const auto warnings = [](int64_t samples) {
    RngStream rng = RngTree(8).Stream("test/cycle", Replication(0));
    DriftReference reference;
    reference.features = {"load"};
    for (int64_t t = 0; t < samples; ++t) {
      const double angle = 2 * M_PI * static_cast<double>(t) / 1000;
      reference.values.push_back(2 * std::sin(angle) + rng.Normal(0, 1));
    }
    DriftOptions options;
    options.ert = 400;
    options.replications = 50;
    return CalibrateDriftDetector(reference, options)->calibration().warnings;
  };
  const std::vector<std::string> few = warnings(1700);
  ASSERT_EQ(few.size(), 1u);
  EXPECT_THAT(
      few.front(),
      HasSubstr("the reference's 1700 samples are few for the memory of 1 of 1 "
                "features; with less than 2"));
  EXPECT_THAT(few.front(), HasSubstr("(for 'load': cycles of "));
  EXPECT_TRUE(warnings(3000).empty());
}

// Values without autocorrelation whose spread comes in spells: blocks must hold
// a spell, or its end would come with every sample.
TEST(NullModel, BlocksAreAsLongAsSpellsOfSpread) {
  RngStream rng = RngTree(9).Stream("test/spells", Replication(0));
  std::vector<double> spells, independent;
  bool busy = false;
  for (int t = 0; t < 4000; ++t) {
    if (rng.Uniform() < 0.02) busy = !busy;
    spells.push_back(rng.Normal(0, busy ? 4 : 1));
    independent.push_back(rng.Normal(0, 1));
  }
  // 1 / (.02 + .02) samples are an autocorrelation time of the spells; that of
  // the distances is less, because each is mostly chance.
  EXPECT_GT(AutomaticBlock(spells, 1), 100);
  EXPECT_LT(AutomaticBlock(independent, 1), 40);
}

}  // namespace
}  // namespace airlock
