#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/two_sample.h"
#include "tests/support/error_of.h"
#include "twin/drift/binned_window.h"
#include "twin/drift/sorted_window.h"
#include "twin/drift/two_sample_window.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// numpy: default_rng(5), N(0, 1) and N(.4, 1.5), rounded to 3 digits.
const std::vector<double> kReference = {
    -0.802, -1.324, -0.248, 0.42,   1.136,  0.11,   -0.553, -0.785,
    0.749,  1.635,  0.273,  -1.233, -0.958, 1.6,    0.203,  -1.732,
    -0.084, -1.163, -0.629, -0.488, -0.713, 0.553,  -0.063, -0.589,
    0.41,   0.83,   -1.643, -0.257, -0.981, -0.173, -1.289, 0.021,
    -0.038, -0.304, -1.048, -0.396, -1.091, -1.355, 0.225,  -1.109};
const std::vector<double> kWindow = {2.155,  1.475, -2.597, 0.808,
                                     -1.253, 0.45,  0.465,  -2.583,
                                     0.05,   0.016, 1.843,  -1.372};

// Evidence after the whole of `window`.
double EvidenceOf(const StatisticEntry& entry, StatisticParameters parameters,
                  const std::vector<double>& reference,
                  const std::vector<double>& window) {
  parameters["window"] = static_cast<double>(window.size());
  const auto statistic = entry.make(reference, parameters);
  double evidence = 0;
  for (const double value : window) {
    EXPECT_TRUE(std::isnan(evidence) || evidence == 0);
    evidence = statistic->Update(value);
  }
  return evidence;
}

SortedWindow Filled(const ReferenceSample* reference,
                    const std::vector<double>& values) {
  SortedWindow window(reference, static_cast<int64_t>(values.size()));
  for (const double value : values) window.Push(value);
  return window;
}

// scipy 1.14: ks_2samp .35, cramervonmises_2samp .34967948717948705,
// energy_distance squared .2980998611111112.
TEST(SortedWindow, EqualsScipyOnContinuousValues) {
  const ReferenceSample reference(kReference);
  const SortedWindow window = Filled(&reference, kWindow);
  EXPECT_NEAR(window.KolmogorovSmirnovD(), 0.35, 1e-15);
  EXPECT_NEAR(window.CramerVonMisesT(), 0.34967948717948705, 1e-14);
  EXPECT_NEAR(window.EnergyDistance(), 0.2980998611111112, 1e-14);
}

// scipy 1.14: .41666666666666663 and 2.486111111111111. T from its definition,
// by numpy; scipy's, by mid-ranks, is .9523.
TEST(SortedWindow, EqualsScipyOnTies) {
  std::vector<double> counts(9, 0.0);
  counts.insert(counts.end(), 7, 1.0);
  counts.insert(counts.end(), 5, 2.0);
  counts.insert(counts.end(), {5, 5, 9});
  const ReferenceSample reference(counts);
  const SortedWindow window =
      Filled(&reference, {0, 1, 1, 2, 2, 2, 5, 9, 9, 9, 9, 9});
  EXPECT_NEAR(window.KolmogorovSmirnovD(), 0.41666666666666663, 1e-15);
  EXPECT_NEAR(window.CramerVonMisesT(), 0.8200231481481479, 1e-14);
  EXPECT_NEAR(window.EnergyDistance(), 2.486111111111111, 1e-14);
}

TEST(SortedWindow, SlidesAsIfMadeAnew) {
  RngStream rng = RngTree(4).Stream("test", Replication(0));
  for (const double grid : {0.0, 0.5}) {  // without and with ties
    std::vector<double> reference, stream;
    const auto draw = [&](double sd) {
      const double value = 1e6 + rng.Normal(0, sd);
      return grid > 0 ? std::round(value / grid) * grid : value;
    };
    for (int i = 0; i < 300; ++i) reference.push_back(draw(1));
    for (int i = 0; i < 400; ++i) stream.push_back(draw(2));
    const ReferenceSample sample(reference);
    SortedWindow window(&sample, 30);
    for (size_t t = 0; t < stream.size(); ++t) {
      window.Push(stream[t]);
      ASSERT_EQ(window.full(), t >= 29);
      if (!window.full()) continue;
      const std::vector<double> last(stream.begin() + (t - 29),
                                     stream.begin() + t + 1);
      ASSERT_EQ(window.Contents(), last);
      ASSERT_NEAR(window.KolmogorovSmirnovD(),
                  KolmogorovSmirnov(reference, last).statistic, 1e-12);
      if (grid == 0) {
        ASSERT_NEAR(window.CramerVonMisesT(),
                    CramerVonMises(reference, last).statistic, 1e-11);
      }
      ASSERT_NEAR(window.EnergyDistance(), EnergyDistance(reference, last),
                  1e-9);
    }
  }
}

TEST(ReferenceSample, ManyValuesBecomeTheirQuantiles) {
  std::vector<double> values;
  for (int i = 0; i < 100000; ++i) values.push_back(i);
  const ReferenceSample sample(values);
  EXPECT_EQ(sample.size(), ReferenceSample::kMost);
  EXPECT_EQ(sample.Below(-1), 0);
  EXPECT_EQ(sample.UpTo(1e6), sample.size());
  EXPECT_NEAR(static_cast<double>(sample.Below(25000)) / 4096, 0.25, 1e-3);
  // |x - x'| of a uniform: mean 1/3, median 1 - sqrt(1/2).
  EXPECT_NEAR(sample.mean_distance() / 1e5, 1.0 / 3, 1e-3);
  EXPECT_NEAR(sample.MedianDistance() / 1e5, 1 - std::sqrt(0.5), 1e-3);
}

// N = 40 12 / 52. Energy over Gini's mean difference, .92918625 by numpy; MMD
// with all pairs of the kernel by numpy, the median of 780 distances .809.
TEST(TwoSampleWindow, EvidenceIsTheNormedStatistic) {
  const double root = std::sqrt(40.0 * 12 / 52);
  EXPECT_NEAR(EvidenceOf(KolmogorovSmirnovStatistic(), {}, kReference, kWindow),
              (root + 0.12 + 0.11 / root) * 0.35, 1e-14);
  EXPECT_NEAR(EvidenceOf(EnergyStatistic(), {}, kReference, kWindow),
              2.9613987783838027, 1e-12);
  EXPECT_NEAR(EvidenceOf(MmdStatistic(), {}, kReference, kWindow),
              4.085829162833314, 1e-7);
  EXPECT_NEAR(
      EvidenceOf(MmdStatistic(), {{"bandwidth", 0.3}}, kReference, kWindow),
      1.640468934455754, 1e-7);
  // At the critical value of alpha = p, the classic test is at its edge:
  // scipy's asymptotic p is .09798092882538278.
  EXPECT_NEAR(EvidenceOf(CramerVonMisesStatistic(), {}, kReference, kWindow),
              CramerVonMisesStatistic().classic_threshold(
                  {{"alpha", 0.09798092882538278}}),
              1e-6);
}

// Tables of the limiting distributions: 1.3581 and 1.6276 (Smirnov 1948), .461
// and .743 (Anderson and Darling 1952); the normal quantiles squared.
TEST(TwoSampleWindow, ClassicThresholdsAreThoseOfTheTables) {
  EXPECT_NEAR(KolmogorovSmirnovStatistic().classic_threshold({}), 1.3581, 5e-5);
  EXPECT_NEAR(KolmogorovSmirnovStatistic().classic_threshold({{"alpha", 0.01}}),
              1.6276, 5e-5);
  EXPECT_NEAR(CramerVonMisesStatistic().classic_threshold({}), 0.46136, 5e-5);
  EXPECT_NEAR(CramerVonMisesStatistic().classic_threshold({{"alpha", 0.01}}),
              0.74346, 5e-5);
  EXPECT_NEAR(EnergyStatistic().classic_threshold({}), 3.8415, 5e-5);
  EXPECT_NEAR(MmdStatistic().classic_threshold({{"alpha", 0.1}}), 2.7055, 5e-5);
}

// The published test sample of frouros: N(1, 1) and N(5, 2) from numpy's
// seed 31, the same normals for both. It publishes KS .81, energy distance
// 2.11059982, PSI 461.20379435 and JS .67010107.
const std::vector<double> kNormals = {
    -0.41476, -0.33337, 0.08109,  -0.79103, -0.21860, -0.76320, -0.77712,
    1.84936,  -0.70560, -0.08604, 0.28793,  -0.13139, -0.98274, -0.91879,
    1.19943,  -0.34137, -1.75861, 0.05112,  -0.57193, -0.70057, -0.93511,
    1.53449,  1.97743,  -0.43513, -0.13455, -0.20956, -0.76685, 0.03997,
    0.61178,  -0.26383, 0.51728,  0.68671,  1.10046,  -0.09211, -0.41667,
    -0.21982, -0.01776, -1.19035, -1.08559, -1.07494, 0.01439,  -0.08918,
    -0.67524, 1.58963,  -0.44749, -0.52062, -0.69363, 1.26873,  1.40042,
    -0.62293, 0.38658,  0.56903,  -1.42666, -1.83089, -1.55464, 2.41304,
    0.23030,  0.25721,  -0.21768, -0.51702, 1.81326,  -0.89475, 0.26418,
    2.29037,  -0.37871, -0.12116, -0.36886, -1.21474, -0.23624, 1.26159,
    -0.32883, 0.02884,  -1.28029, -2.42042, 1.00257,  -1.52923, -0.56558,
    -0.43682, 1.46352,  -1.37051, 0.76588,  -2.06113, 0.68409,  1.05921,
    0.18031,  0.26858,  0.10912,  0.88451,  -0.68440, 2.56760,  -0.58861,
    -0.23302, -0.31973, -0.15028, -0.88344, -0.50718, -1.97521, -2.33940,
    -1.60574, 0.06359};

struct PublishedSample {
  PublishedSample() {
    for (const double z : kNormals) {
      reference.push_back(1 + z);
      window.push_back(5 + 2 * z);
    }
  }
  std::vector<double> reference, window;
};

TEST(PublishedSample, KolmogorovSmirnovAndEnergy) {
  const PublishedSample sample;
  const ReferenceSample reference(sample.reference);
  const SortedWindow window = Filled(&reference, sample.window);
  EXPECT_NEAR(window.KolmogorovSmirnovD(), 0.81, 1e-14);
  EXPECT_NEAR(std::sqrt(window.EnergyDistance()), 2.11059982, 2e-6);
  EXPECT_NEAR(window.CramerVonMisesT(), 13.731, 1e-9);  // scipy
}

// Ten bins over both samples. What an empty bin counts for decides the index:
// 461.2 with the smallest number as floor, 6.7 with 1e-4.
TEST(PublishedSample, PopulationStabilityIsItsFloor) {
  const PublishedSample sample;
  const Bins bins = Bins::Fixed(1 - 2.42042, 5 + 2 * 2.56760, 10);
  const auto p = bins.Histogram(sample.reference);
  const auto q = bins.Histogram(sample.window);
  EXPECT_NEAR(PopulationStability(p, q, 0), 461.20379435, 1e-7);
  EXPECT_NEAR(PopulationStability(p, q, 1e-4), 6.728773302033304, 1e-12);
}

// The published .6701 is the distance between 9 bins (10 edges) of histograms
// interpolated from bins of numpy's own choice; ten plain bins give .6589.
TEST(PublishedSample, JensenShannonIsItsBins) {
  const PublishedSample sample;
  const Bins bins = Bins::Fixed(1 - 2.42042, 5 + 2 * 2.56760, 10);
  EXPECT_NEAR(std::sqrt(JensenShannon(bins.Histogram(sample.reference),
                                      bins.Histogram(sample.window))),
              0.6588791029721555, 1e-12);
  const std::vector<double> p = {
      0.1497790107, 0.5462230068, 0.2146659941, 0.0893319883, 0, 0, 0, 0, 0};
  const std::vector<double> q = {0,
                                 0.0375539863,
                                 0.0837769932,
                                 0.1814414742,
                                 0.3345554995,
                                 0.1583375366,
                                 0.0990005044,
                                 0.0590005044,
                                 0.0463335015};
  EXPECT_NEAR(std::sqrt(JensenShannon(p, q)), 0.67010107, 1e-8);
}

TEST(BinnedWindow, EqualsTheDivergenceOfTheWindow) {
  RngStream rng = RngTree(2).Stream("test", Replication(0));
  std::vector<double> reference, stream;
  for (int i = 0; i < 500; ++i) reference.push_back(rng.Normal(0, 1));
  for (int i = 0; i < 300; ++i) stream.push_back(rng.Normal(0.5, 2));
  const Bins bins = Bins::Quantiles(reference, 12);
  const auto counts = bins.Histogram(reference);
  const StatisticParameters parameters = {{"window", 40}, {"bins", 12}};
  const auto js = JensenShannonStatistic().make(reference, parameters);
  const auto psi = PopulationStabilityStatistic().make(reference, parameters);
  for (size_t t = 0; t < stream.size(); ++t) {
    const double divergence = js->Update(stream[t]);
    const double index = psi->Update(stream[t]);
    ASSERT_EQ(std::isnan(divergence), t < 39);
    ASSERT_EQ(std::isnan(index), t < 39);
    if (t < 39) continue;
    const auto shares =
        bins.Histogram({stream.begin() + (t - 39), stream.begin() + t + 1});
    ASSERT_NEAR(divergence, JensenShannon(counts, shares), 1e-13);
    ASSERT_NEAR(index, PopulationStability(counts, shares, 1e-4), 1e-12);
  }
}

TEST(JensenShannonStatistic, UnitsBiasAndEffectFloor) {
  RngStream rng = RngTree(2).Stream("test", Replication(1));
  std::vector<double> reference, window;
  for (int i = 0; i < 500; ++i) reference.push_back(rng.Normal(0, 1));
  for (int i = 0; i < 100; ++i) window.push_back(rng.Normal(0.5, 1));
  const auto evidence = [&](StatisticParameters parameters) {
    return EvidenceOf(JensenShannonStatistic(), parameters, reference, window);
  };
  const double nats = evidence({});
  EXPECT_GT(nats, 0.01);
  EXPECT_NEAR(evidence({{"bits", 1}}), nats / std::log(2), 1e-14);
  EXPECT_NEAR(evidence({{"distance", 1}}), std::sqrt(nats), 1e-14);
  const double unbiased = nats - 9 * (1 / 500. + 1 / 100.) / 8;
  EXPECT_NEAR(evidence({{"unbiased", 1}}), unbiased, 1e-14);
  EXPECT_EQ(evidence({{"effect", unbiased * 0.99}}), nats);
  EXPECT_EQ(evidence({{"effect", unbiased * 1.01}}), 0);
}

// Empty bins are nothing, not a small number: disjoint samples reach the bound.
TEST(JensenShannonStatistic, DisjointSamplesReachTheBound) {
  const std::vector<double> zeros(50, 0.0), ones(20, 1.0);
  EXPECT_NEAR(EvidenceOf(JensenShannonStatistic(), {}, zeros, ones),
              std::log(2), 1e-14);
  EXPECT_NEAR(EvidenceOf(JensenShannonStatistic(), {{"bits", 1}}, zeros, ones),
              1, 1e-14);
  EXPECT_EQ(EvidenceOf(JensenShannonStatistic(), {}, zeros,
                       std::vector<double>(20, 0.0)),
            0);
}

std::vector<StatisticEntry> AllWindows() {
  return {CramerVonMisesStatistic(),      EnergyStatistic(),
          JensenShannonStatistic(),       KolmogorovSmirnovStatistic(),
          PopulationStabilityStatistic(), MmdStatistic()};
}

TEST(WindowStatistics, AConstantReferenceIsLeftByAnyOtherValue) {
  for (const double level : {0.0, 7.0, -1e-9, 1e12}) {
    const std::vector<double> reference(200, level);
    for (const StatisticEntry& entry : AllWindows()) {
      SCOPED_TRACE(entry.name);
      const auto statistic = entry.make(reference, {{"window", 20}});
      const double threshold = entry.classic_threshold({});
      for (int t = 0; t < 100; ++t) {
        const double evidence = statistic->Update(level);
        if (t < 19) continue;
        ASSERT_LT(evidence, threshold);
      }
      double evidence = 0;
      const double other = level == 0 ? 1e-3 : level * 1.001;
      for (int t = 0; t < 20; ++t) evidence = statistic->Update(other);
      EXPECT_GE(evidence, threshold);
      EXPECT_TRUE(std::isfinite(evidence));
    }
  }
}

TEST(WindowStatistics, GoOnBitIdenticallyAfterSaveAndLoad) {
  for (const StatisticEntry& entry : AllWindows()) {
    SCOPED_TRACE(entry.name);
    RngStream rng = RngTree(8).Stream("test/state", Replication(0));
    std::vector<double> reference;
    for (int i = 0; i < 300; ++i) reference.push_back(rng.Normal(0, 1));
    const StatisticParameters parameters = {{"window", 37}};
    auto statistic = entry.make(reference, parameters);
    for (int split = 0; split < 20; ++split) {
      const uint64_t steps = rng.UniformInt(120);
      for (uint64_t t = 0; t < steps; ++t) {
        statistic->Update(rng.Normal(0.2, 1.1));
      }
      nlohmann::json state;
      statistic->Save(&state);
      const auto restored = entry.make(reference, parameters);
      for (int t = 0; t < 5; ++t) restored->Update(t);  // left-overs must go
      restored->Load(nlohmann::json::parse(state.dump()));
      for (int t = 0; t < 50; ++t) {
        const double value = rng.Normal(0.2, 1.1);
        const double expected = statistic->Update(value);
        const double actual = restored->Update(value);
        ASSERT_TRUE(expected == actual ||
                    (std::isnan(expected) && std::isnan(actual)))
            << expected << " " << actual;
      }
      nlohmann::json one, other;
      statistic->Save(&one);
      restored->Save(&other);
      ASSERT_EQ(one, other);
    }
    statistic->Reset();
    nlohmann::json fresh, reset;
    statistic->Save(&reset);
    entry.make(reference, parameters)->Save(&fresh);
    EXPECT_EQ(reset, fresh);
  }
}

TEST(WindowStatistics, RefuseWhatCannotBe) {
  const std::vector<double> reference(60, 1.0);
  for (const StatisticEntry& entry : AllWindows()) {
    SCOPED_TRACE(entry.name);
    const std::string name = entry.name;
    const auto error = [&](const StatisticParameters& parameters) {
      return ErrorOf([&] { entry.make(reference, parameters); });
    };
    EXPECT_EQ(error({}), name +
                             ": the reference has 60 values; a window of "
                             "100 needs as many");
    EXPECT_EQ(error({{"window", 5}}),
              name + ": window is 5; write 10 to 10000");
    EXPECT_EQ(error({{"window", 20.5}}),
              name + ": window is 20.5; write a whole number");
    EXPECT_THAT(error({{"widnow", 50}}),
                HasSubstr(name + ": no parameter 'widnow'; known: window, "));
    const auto statistic = entry.make(reference, {{"window", 20}});
    EXPECT_THROW(statistic->Load(nlohmann::json::parse("{}")),
                 nlohmann::json::exception);
  }
  EXPECT_EQ(ErrorOf([&] {
              JensenShannonStatistic().make(reference,
                                            {{"window", 20}, {"bins", 21}});
            }),
            "jensen-shannon: 21 bins for a window of 20 values; write at most "
            "as many");
  EXPECT_THAT(
      ErrorOf([&] {
        JensenShannonStatistic().classic_threshold({{"threshold", 0.7}});
      }),
      HasSubstr("threshold 0.7 can never tell; write one between 0 and "
                "0.693"));
  const auto js = JensenShannonStatistic().make(reference, {{"window", 20}});
  EXPECT_EQ(ErrorOf([&] {
              js->Load({{"contents", {0, 99}}});
            }),
            "drift state: there is no bin 99");
  const auto ks =
      KolmogorovSmirnovStatistic().make(reference, {{"window", 20}});
  EXPECT_THAT(ErrorOf([&] {
                ks->Load({{"values", std::vector<double>(21, 0.0)},
                          {"since_evaluation", 0},
                          {"evidence", nullptr}});
              }),
              HasSubstr("do not fit a window of 20 with stride 5"));
}

}  // namespace
}  // namespace airlock
