#include "calibration/bayes/history_matching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Throughput-like: three outputs that saturate, of three parameters.
MatrixXd Saturating(const MatrixXd& x) {
  MatrixXd y(x.rows(), 3);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const double cost = 0.2 + x(i, 0) + 0.5 * x(i, 1);
    for (int k = 0; k < 3; ++k) {
      y(i, k) = std::min(1.0 + 0.2 * x(i, 2), 2.0 / (cost * (k + 1)));
    }
  }
  return y;
}

MatchTarget TargetAt(const VectorXd& truth, double sd) {
  const VectorXd y = Saturating(truth.transpose()).row(0).transpose();
  return {y, VectorXd::Constant(3, sd * sd), VectorXd::Constant(3, 1e-6)};
}

TEST(HistoryMatchingTest, ImplausibilityIsDistanceOverAllThatMayBeOff) {
  const MatchTarget target{VectorXd::Constant(1, 5), VectorXd::Constant(1, 4),
                           VectorXd::Constant(1, 8)};
  EXPECT_NEAR(Implausibility(target, VectorXd::Constant(1, 11),
                             VectorXd::Constant(1, 4))(0),
              1.5, 1e-12);
}

TEST(HistoryMatchingTest, KeepsTheTruthAndRulesOutMostOfTheRest) {
  const VectorXd truth = (VectorXd(3) << 0.35, 0.6, 0.5).finished();
  const MatchTarget target = TargetAt(truth, 0.02);
  HistoryOptions options;
  const HistoryMatch match =
      MatchHistory(Saturating, target, 3, options, RngTree(3));
  EXPECT_LT(match.waves.back().plausible_share, 0.5);
  for (size_t w = 1; w < match.waves.size(); ++w) {
    EXPECT_LE(match.waves[w].plausible_share,
              1.1 * match.waves[w - 1].plausible_share);
  }
  EXPECT_TRUE(((truth - match.low).array() >= 0).all());
  EXPECT_TRUE(((match.high - truth).array() >= 0).all());
  VectorXd mean, variance;
  match.emulator->Predict(truth, &mean, &variance);
  EXPECT_LT(Implausibility(target, mean, variance).maxCoeff(), 3);
  // The share itself, against the function without emulator.
  const int grid = 60;
  int plausible = 0;
  MatrixXd all(grid * grid * grid, 3);
  for (int i = 0; i < all.rows(); ++i) {
    all.row(i) << (i % grid + 0.5) / grid, (i / grid % grid + 0.5) / grid,
        (i / grid / grid + 0.5) / grid;
  }
  const MatrixXd y = Saturating(all);
  for (int i = 0; i < all.rows(); ++i) {
    VectorXd worst =
        Implausibility(target, y.row(i).transpose(), VectorXd::Zero(3));
    std::sort(worst.data(), worst.data() + 3);
    plausible += worst(1) < 3 ? 1 : 0;
  }
  const double share = plausible / static_cast<double>(all.rows());
  EXPECT_NEAR(match.waves.back().plausible_share, share, 0.1 * share);
}

TEST(HistoryMatchingTest, RunsThatFailedAreLeftOut) {
  const MatchTarget target =
      TargetAt((VectorXd(3) << 0.5, 0.5, 0.5).finished(), 0.05);
  const auto failing = [](const MatrixXd& x) {
    MatrixXd y = Saturating(x);
    y(1, 2) = std::nan("");
    return y;
  };
  const HistoryMatch match = MatchHistory(failing, target, 3, {}, RngTree(3));
  EXPECT_EQ(match.waves[0].outputs.rows(), 39);
}

TEST(HistoryMatchingTest, SaysThatNothingIsPlausible) {
  MatchTarget target =
      TargetAt((VectorXd(3) << 0.5, 0.5, 0.5).finished(), 0.02);
  target.observed.array() += 5;
  try {
    MatchHistory(Saturating, target, 3, {}, RngTree(3));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("no set of parameters"));
    EXPECT_THAT(error.what(), testing::HasSubstr("widen the ranges"));
  }
}

}  // namespace
}  // namespace airlock
