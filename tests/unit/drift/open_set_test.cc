#include "twin/drift/open_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// p = (1/2, 1/3, 1/6), h = (2, 0): g = (-1/2, 1/3, 1/6), whose 1-norm is 1 and
// whose squared 2-norm is 14/36; (h, 1) has 3 and 5.
TEST(GradientNormScoreTest, ByHand) {
  const double logits[] = {std::log(3.0), std::log(2.0), 0};
  const double h[] = {2, 0};
  EXPECT_DOUBLE_EQ(GradientNormScore(logits, 3, h, 2, GradientNormOrder::kOne),
                   3);
  EXPECT_DOUBLE_EQ(GradientNormScore(logits, 3, h, 2, GradientNormOrder::kTwo),
                   std::sqrt(14.0 / 36 * 5));
  EXPECT_DOUBLE_EQ(SoftmaxScore(logits, 3), 0.5);
}

// 1 - p would be 0 from logits 37 apart on.
TEST(GradientNormScoreTest, KeepsItsPrecisionWhereTheClassifierIsSure) {
  const double logits[] = {1000, 900};
  const double h[] = {0};
  const double e = std::exp(-100.0);
  EXPECT_DOUBLE_EQ(SoftmaxScore(logits, 2), e);
  EXPECT_DOUBLE_EQ(GradientNormScore(logits, 2, h, 1, GradientNormOrder::kTwo),
                   std::sqrt(2.0) * e);
}

// Cross entropy of a last layer over features counted from `centre`, by its
// weights and bias, with `label` for a label.
double CrossEntropy(const std::vector<double>& weights,
                    const std::vector<double>& h,
                    const std::vector<double>& centre, size_t label) {
  const size_t width = h.size() + 1;
  double total = 0, of_label = 0;
  for (size_t k = 0; k < weights.size() / width; ++k) {
    double logit = weights[k * width + h.size()];
    for (size_t i = 0; i < h.size(); ++i) {
      logit += weights[k * width + i] * (h[i] - centre[i]);
    }
    total += std::exp(logit);
    if (k == label) of_label = logit;
  }
  return std::log(total) - of_label;
}

// The gradient by central differences of every weight and bias.
TEST(GradientNormScorerTest, IsTheNormOfTheGradientOfTheCentredLayer) {
  RngStream rng(11);
  const std::vector<double> known = {1, 2, 3, 4, -1, 0, 5, 5};  // 4 x 2
  const std::vector<std::vector<double>> means = {{2, 3}, {-1, 0}, {5, 5}};
  for (const auto order : {GradientNormOrder::kOne, GradientNormOrder::kTwo}) {
    const GradientNormScorer scorer(known, {0, 0, 1, 2}, 3, order);
    for (int trial = 0; trial < 20; ++trial) {
      std::vector<double> weights, logits;  // of the layer as it is
      for (int i = 0; i < 9; ++i) weights.push_back(rng.Normal(0, 0.5));
      const std::vector<double> h = {rng.Normal(0, 2), rng.Normal(0, 2)};
      for (size_t k = 0; k < 3; ++k) {
        logits.push_back(weights[3 * k] * h[0] + weights[3 * k + 1] * h[1] +
                         weights[3 * k + 2]);
      }
      const size_t label = static_cast<size_t>(
          std::max_element(logits.begin(), logits.end()) - logits.begin());
      const std::vector<double>& centre = means[label];
      for (size_t k = 0; k < 3; ++k) {  // the same function, centred
        weights[3 * k + 2] +=
            weights[3 * k] * centre[0] + weights[3 * k + 1] * centre[1];
      }
      double one = 0, two = 0;
      for (double& weight : weights) {
        const double at = weight, step = 1e-5;
        weight = at + step;
        const double up = CrossEntropy(weights, h, centre, label);
        weight = at - step;
        const double down = CrossEntropy(weights, h, centre, label);
        weight = at;
        const double slope = (up - down) / (2 * step);
        one += std::abs(slope);
        two += slope * slope;
      }
      const double norm =
          order == GradientNormOrder::kOne ? one : std::sqrt(two);
      EXPECT_NEAR(scorer.Score(logits.data(), h.data()), norm,
                  1e-6 * (1 + norm));
    }
  }
}

TEST(GradientNormScorerTest, ARestartChangesNothing) {
  const GradientNormScorer scorer({0.1, 0.2, 0.7}, {0, 1, 1}, 2);
  const GradientNormScorer loaded = GradientNormScorer::Load(scorer.Save());
  EXPECT_EQ(loaded.Save(), scorer.Save());
  const double logits[] = {0.3, 0.1}, h[] = {0.37};
  EXPECT_EQ(loaded.Score(logits, h), scorer.Score(logits, h));
}

TEST(GradientNormScorerTest, WrongInputIsRefused) {
  const auto error = [](std::vector<double> h, std::vector<int> label) {
    return ErrorOf([&] { GradientNormScorer(h, label, 2); });
  };
  EXPECT_THAT(error({1, 2, 3}, {0, 1}), HasSubstr("3 features of 2 inputs"));
  EXPECT_THAT(error({}, {}), HasSubstr("0 features of 0 inputs"));
  EXPECT_THAT(error({1, 2}, {0, 2}),
              HasSubstr("input 1 is of class 2; there are 0 to 1"));
  EXPECT_THAT(error({1, 2}, {0, 0}), HasSubstr("no input of class 1"));
  EXPECT_THAT(error({1, NAN}, {0, 1}),
              HasSubstr("feature 0 of input 1 is nan"));
  EXPECT_THAT(ErrorOf([] { GradientNormScorer::Load("{}"); }),
              HasSubstr("not a saved scorer"));
  EXPECT_THAT(ErrorOf([] {
                GradientNormScorer::Load(
                    R"({"classes": 2, "features": 2, "order": 2,
                        "mean": [1, 2, 3]})");
              }),
              HasSubstr("3 means of 2 classes and 2 features"));
}

TEST(FlagMomentsTest, EqualThoseOfTheFlagsThemselves) {
  for (const int64_t flagged : {1, 10, 50, 90, 99}) {
    const double n = 100;
    double mean = 0;
    for (int i = 0; i < n; ++i) mean += (i < flagged) / n;
    double second = 0;
    double third = 0;
    for (int i = 0; i < n; ++i) {
      second += std::pow((i < flagged) - mean, 2) / n;
      third += std::pow((i < flagged) - mean, 3) / n;
    }
    const FlagMoments moments = MomentsOfFlags(flagged, 100);
    EXPECT_NEAR(moments.mean, mean, 1e-12);
    EXPECT_NEAR(moments.standard_deviation, std::sqrt(second), 1e-12);
    EXPECT_NEAR(moments.skew, third / std::pow(second, 1.5), 1e-9);
    const double a = static_cast<double>(flagged) / 100;
    EXPECT_NEAR(moments.skew, (1 - 2 * a) / std::sqrt(a * (1 - a)), 1e-12);
  }
  EXPECT_TRUE(std::isnan(MomentsOfFlags(0, 5).skew));
  EXPECT_TRUE(std::isnan(MomentsOfFlags(5, 5).skew));
  EXPECT_TRUE(std::isnan(MomentsOfFlags(0, 0).mean));
}

std::vector<double> Scores(int n) {
  RngStream rng(3);
  std::vector<double> scores;
  for (int i = 0; i < n; ++i) scores.push_back(rng.Exponential(1));
  return scores;
}

// A share a of inferences far above the threshold, the others far below.
TEST(OpenSetMonitorTest, MomentsFollowTheShareOfUnknowns) {
  OpenSetMonitor monitor(Scores(1000), {0.99, 200});
  for (const int a : {0, 5, 30, 100}) {
    for (int i = 0; i < 200; ++i) monitor.Update(i % 100 < a ? 1e3 : 0);
    EXPECT_EQ(monitor.moments().samples, 200);
    EXPECT_DOUBLE_EQ(monitor.moments().mean, a / 100.0);
  }
  monitor.Update(0);  // the oldest, a flag, leaves
  EXPECT_DOUBLE_EQ(monitor.moments().mean, 199.0 / 200);
}

TEST(OpenSetMonitorTest, TheThresholdLeavesTheSetShareUnflagged) {
  const std::vector<double> known = Scores(5000);
  OpenSetMonitor monitor(known, {0.95, 5000});
  for (const double score : known) monitor.Update(score);
  EXPECT_DOUBLE_EQ(monitor.moments().mean, 0.05);
  EXPECT_DOUBLE_EQ(monitor.expected_mean(), 0.05);
  // -ln(0.05) for an exponential; four standard errors.
  EXPECT_NEAR(monitor.threshold(), 2.9957, 4 * std::sqrt(0.95 / 0.05 / 5000));
}

TEST(OpenSetMonitorTest, ARestartChangesNothing) {
  const std::vector<double> stream = Scores(500);
  for (const int before : {0, 3, 50, 51, 130}) {
    OpenSetMonitor whole(Scores(200), {0.9, 50});
    for (int i = 0; i < before; ++i) whole.Update(stream[i]);
    OpenSetMonitor restarted = OpenSetMonitor::Load(whole.Save());
    EXPECT_EQ(restarted.Save(), whole.Save());
    for (int i = before; i < 300; ++i) {
      EXPECT_EQ(restarted.Update(stream[i]), whole.Update(stream[i]));
      EXPECT_EQ(restarted.moments().mean, whole.moments().mean);
    }
    EXPECT_EQ(restarted.Save(), whole.Save());
  }
}

TEST(OpenSetMonitorTest, WrongInputIsRefused) {
  EXPECT_THAT(ErrorOf([] {
                OpenSetMonitor(Scores(99), {0.99, 10});
              }),
              HasSubstr("99 known scores; a quantile of 0.99 takes at least "
                        "100"));
  EXPECT_THAT(ErrorOf([] {
                OpenSetMonitor(Scores(99), {1, 10});
              }),
              HasSubstr("quantile 1 must lie between"));
  EXPECT_THAT(ErrorOf([] {
                OpenSetMonitor(Scores(200), {0.9, 0});
              }),
              HasSubstr("window 0"));
  EXPECT_THAT(ErrorOf([] {
                OpenSetMonitor({1, NAN, 2, 3}, {0.5, 10});
              }),
              HasSubstr("known score 1 is nan"));
  OpenSetMonitor monitor(Scores(200), {0.9, 10});
  const std::string before = monitor.Save();
  EXPECT_THAT(ErrorOf([&] { monitor.Update(NAN); }), HasSubstr("not a number"));
  EXPECT_EQ(monitor.Save(), before);
  EXPECT_THAT(ErrorOf([] { OpenSetMonitor::Load("{"); }),
              HasSubstr("not a saved monitor"));
  EXPECT_THAT(
      ErrorOf([] {
        OpenSetMonitor::Load(R"({"threshold":1,"expected_mean":0,"window":2,)"
                             R"("flags":"011"})");
      }),
      HasSubstr("3 flags for a window of 2"));
}

}  // namespace
}  // namespace airlock
