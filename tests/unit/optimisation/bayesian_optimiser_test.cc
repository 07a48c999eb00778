#include "sim/optimisation/bayesian_optimiser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/optimisation/random_search.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = 3.14159265358979323846;
using Objective = std::function<Evaluation(const std::vector<double>&)>;

Evaluation Exact(double value) {
  Evaluation evaluation;
  evaluation.value = value;
  evaluation.noise_variance = 0;
  return evaluation;
}

std::vector<SearchDimension> UnitSquare() { return {{"x", 0, 1}, {"y", 0, 1}}; }

double Bowl(const std::vector<double>& x) {
  return std::pow(x[0] - 0.3, 2) + 2 * std::pow(x[1] - 0.6, 2);
}

void Step(Optimiser* optimiser, const Objective& objective) {
  const std::vector<double> point = optimiser->Ask();
  Evaluation evaluation = objective(point);
  evaluation.point = point;
  optimiser->Tell(evaluation);
}

void Search(Optimiser* optimiser, int evaluations, const Objective& objective) {
  for (int i = 0; i < evaluations; ++i) Step(optimiser, objective);
}

BayesianOptions Seeded(uint64_t seed, int constraints = 0) {
  BayesianOptions options;
  options.seed = seed;
  options.constraints = constraints;
  return options;
}

TEST(BayesianOptimiserTest, SameSeedSamePoints) {
  BayesianOptimiser a(UnitSquare(), Seeded(5)), b(UnitSquare(), Seeded(5)),
      c(UnitSquare(), Seeded(6));
  bool differs = false;
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(a.Ask(), a.Ask());
    EXPECT_EQ(a.Ask(), b.Ask());
    differs = differs || a.Ask() != c.Ask();
    for (BayesianOptimiser* optimiser : {&a, &b, &c}) {
      Step(optimiser, [](const auto& x) { return Exact(Bowl(x)); });
    }
  }
  EXPECT_TRUE(differs);
}

TEST(BayesianOptimiserTest, ContinuesFromWhatItWasTold) {
  const Objective objective = [](const auto& x) { return Exact(Bowl(x)); };
  BayesianOptimiser whole(UnitSquare(), Seeded(5));
  Search(&whole, 9, objective);
  BayesianOptimiser resumed(UnitSquare(), Seeded(5));
  for (const Evaluation& evaluation : whole.evaluations()) {
    resumed.Tell(evaluation);
  }
  EXPECT_EQ(resumed.Ask(), whole.Ask());
}

TEST(BayesianOptimiserTest, FindsTheBottomOfABowl) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1));
  RandomSearch random(UnitSquare(), 1);
  const Objective objective = [](const auto& x) { return Exact(Bowl(x)); };
  Search(&optimiser, 15, objective);
  Search(&random, 15, objective);
  EXPECT_LT(optimiser.Best().value, 1e-5);
  EXPECT_GT(random.Best().value, optimiser.Best().value);
}

// Gramacy et al., Technometrics 58 (2016), the toy problem: minimum 0.5998 at
// (0.1954, 0.4044), on the border of a bent feasible region.
TEST(BayesianOptimiserTest, FindsTheOptimumOnTheBorderOfTheFeasible) {
  for (uint64_t seed : {1, 2, 3}) {
    BayesianOptimiser optimiser(UnitSquare(), Seeded(seed, 2));
    Search(&optimiser, 40, [](const auto& x) {
      Evaluation evaluation = Exact(x[0] + x[1]);
      const double wave = std::sin(2 * kPi * (x[0] * x[0] - 2 * x[1]));
      evaluation.constraints = {1.5 - x[0] - 2 * x[1] - 0.5 * wave,
                                x[0] * x[0] + x[1] * x[1] - 1.5};
      return evaluation;
    });
    EXPECT_TRUE(optimiser.Best().feasible());
    EXPECT_NEAR(optimiser.Best().value, 0.5998, 0.005) << seed;
    EXPECT_GE(optimiser.Best().value, 0.5997);
  }
}

// Feasible is a disc of 0.8 % of the square, which random search misses.
TEST(BayesianOptimiserTest, FindsTheFeasibleFirst) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(2, 1));
  Search(&optimiser, 40, [](const auto& x) {
    Evaluation evaluation = Exact(x[0]);
    evaluation.constraints = {std::hypot(x[0] - 0.72, x[1] - 0.13) - 0.05};
    return evaluation;
  });
  ASSERT_TRUE(optimiser.Best().feasible());
  EXPECT_NEAR(optimiser.Best().value, 0.67, 0.01);
}

TEST(BayesianOptimiserTest, WithoutAnythingFeasibleTheLeastViolationIsBest) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(2, 1));
  Search(&optimiser, 15, [](const auto& x) {
    Evaluation evaluation = Exact(-x[0]);
    evaluation.constraints = {1 + Bowl(x)};
    return evaluation;
  });
  EXPECT_FALSE(optimiser.Best().feasible());
  EXPECT_LT(optimiser.Best().constraints[0], 1.05);
  EXPECT_TRUE(std::isnan(optimiser.expected_improvement()));
}

// Noise of standard deviation 0.1 on a bowl that is 0 to 1.2 deep.
TEST(BayesianOptimiserTest, LooksThroughNoise) {
  for (double told_variance : {0.01, kNaN}) {
    double sum = 0, sum_of_luckiest = 0;
    for (uint64_t seed = 1; seed <= 8; ++seed) {
      RngStream noise(seed);
      BayesianOptimiser optimiser(UnitSquare(), Seeded(seed));
      Search(&optimiser, 30, [&](const auto& x) {
        Evaluation evaluation = Exact(Bowl(x) + noise.Normal(0, 0.1));
        evaluation.noise_variance = told_variance;
        return evaluation;
      });
      sum += Bowl(optimiser.Best().point);
      const Evaluation* luckiest = &optimiser.evaluations()[0];
      for (const Evaluation& evaluation : optimiser.evaluations()) {
        if (evaluation.value < luckiest->value) luckiest = &evaluation;
      }
      sum_of_luckiest += Bowl(luckiest->point);
    }
    EXPECT_LT(sum / 8, 0.02) << told_variance;
    EXPECT_LT(sum, sum_of_luckiest) << told_variance;
  }
}

// Best at depth 7 and rate 1e-3, which spans six decades.
TEST(BayesianOptimiserTest, IntegersAndLogarithms) {
  for (uint64_t seed : {1, 2, 3}) {
    BayesianOptimiser optimiser({{"depth", 1, 20, false, true},
                                 {"rate", 1e-6, 1, true, false},
                                 {"trees", 1, 4096, true, true}},
                                Seeded(seed));
    Search(&optimiser, 40, [](const auto& x) {
      EXPECT_EQ(x[0], std::round(x[0]));
      EXPECT_EQ(x[2], std::round(x[2]));
      return Exact(std::pow((x[0] - 7) / 10, 2) +
                   std::pow(std::log10(x[1]) + 3, 2) / 4 +
                   std::pow(std::log2(x[2]) - 6, 2) / 16);
    });
    EXPECT_EQ(optimiser.Best().point[0], 7) << seed;
    EXPECT_NEAR(std::log10(optimiser.Best().point[1]), -3, 0.1) << seed;
    EXPECT_NEAR(optimiser.Best().point[2], 64, 8) << seed;
  }
}

TEST(BayesianOptimiserTest, SearchesAWholeIntegerGridWithoutRepeating) {
  BayesianOptimiser optimiser(
      {{"i", 0, 3, false, true}, {"j", 0, 3, false, true}}, Seeded(1));
  Search(&optimiser, 16, [](const auto& x) {
    return Exact(std::cos(5 * x[0]) + std::sin(3 * x[1]));
  });
  std::set<std::vector<double>> points;
  for (const Evaluation& evaluation : optimiser.evaluations()) {
    points.insert(evaluation.point);
  }
  EXPECT_GE(points.size(), 12u);
}

int EvaluationsToReach(double value, Optimiser* optimiser,
                       const Objective& objective) {
  for (int i = 1; i <= 60; ++i) {
    Step(optimiser, objective);
    if (optimiser->Best().value < value) return i;
  }
  return 61;
}

// A search on a bowl that has moved a little gets the old one's evaluations.
TEST(BayesianOptimiserTest, WarmStartNeedsFewerEvaluations) {
  const Objective objective = [](const auto& x) { return Exact(Bowl(x)); };
  int cold_sum = 0, warm_sum = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    BayesianOptimiser earlier(UnitSquare(), Seeded(seed + 100));
    Search(&earlier, 6, objective);
    BayesianOptimiser cold(UnitSquare(), Seeded(seed)),
        warm(UnitSquare(), Seeded(seed));
    for (const Evaluation& evaluation : earlier.evaluations()) {
      warm.Tell(evaluation);
    }
    cold_sum += EvaluationsToReach(1e-3, &cold, objective);
    warm_sum += EvaluationsToReach(1e-3, &warm, objective);
  }
  EXPECT_LE(warm_sum + 15, cold_sum);
}

TEST(BayesianOptimiserTest, StopsEarly) {
  BayesianOptions options = Seeded(1);
  BayesianOptimiser optimiser(UnitSquare(), options);
  int used = 0;
  while (!optimiser.Finished() && used < 60) {
    Step(&optimiser, [](const auto& x) { return Exact(Bowl(x)); });
    ++used;
  }
  EXPECT_LT(used, 30);
  EXPECT_LT(optimiser.Best().value, 1e-3);
  EXPECT_LT(optimiser.expected_improvement(), options.tolerance);

  options.tolerance = 0;
  BayesianOptimiser tireless(UnitSquare(), options);
  Search(&tireless, used, [](const auto& x) { return Exact(Bowl(x)); });
  EXPECT_FALSE(tireless.Finished());
}

// The evaluation fails on the left third, towards which the values fall.
TEST(BayesianOptimiserTest, FindsTheOptimumBesideFailures) {
  for (uint64_t seed : {1, 2, 3}) {
    BayesianOptimiser optimiser(UnitSquare(), Seeded(seed));
    Search(&optimiser, 30, [&](const auto& x) {
      return Exact(x[0] < 0.33 ? kNaN : x[0] + std::pow(x[1] - 0.5, 2));
    });
    EXPECT_TRUE(optimiser.Best().feasible());
    EXPECT_LT(optimiser.Best().value, 0.36) << seed;
  }
}

// Half of the square fails, and the optimum is in the other: points that are
// not of the initial design fail far less often.
TEST(BayesianOptimiserTest, LearnsWhereEvaluationsFail) {
  int failures = 0;
  for (uint64_t seed : {1, 2, 3}) {
    BayesianOptimiser optimiser(UnitSquare(), Seeded(seed));
    Search(&optimiser, 30, [&](const auto& x) {
      const bool failed = x[0] > 0.5;
      failures += failed;
      return Exact(failed ? kNaN : Bowl(x));
    });
    EXPECT_LT(optimiser.Best().value, 1e-4) << seed;
  }
  EXPECT_LT(failures, 3 * 8);
}

TEST(BayesianOptimiserTest, EverythingFails) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1, 1));
  Search(&optimiser, 12, [](const auto&) {
    Evaluation evaluation = Exact(kNaN);
    return evaluation;
  });
  EXPECT_TRUE(optimiser.Best().failed());
  optimiser.space().Check(optimiser.Ask());
}

TEST(BayesianOptimiserTest, InfiniteValuesAndConstraintsAreFailures) {
  const double infinity = std::numeric_limits<double>::infinity();
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1, 1));
  Search(&optimiser, 15, [&](const auto& x) {
    Evaluation evaluation = Exact(x[0] < 0.2 ? -infinity : Bowl(x));
    evaluation.constraints = {x[1] < 0.2 ? infinity : -1};
    return evaluation;
  });
  EXPECT_TRUE(optimiser.Best().feasible());
  EXPECT_LT(optimiser.Best().value, 0.01);
}

TEST(BayesianOptimiserTest, EqualValuesAndDuplicatePointsAreSurvived) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1));
  Search(&optimiser, 12, [](const auto&) { return Exact(0.1); });
  for (int i = 0; i < 3; ++i) {
    Evaluation evaluation = Exact(0.1 + i);  // contradicts itself
    evaluation.point = {0.5, 0.5};
    optimiser.Tell(evaluation);
  }
  optimiser.space().Check(optimiser.Ask());
  EXPECT_EQ(optimiser.Best().value, 0.1);
}

// One corner is a trillion times worse; the rest must stay visible.
TEST(BayesianOptimiserTest, OutliersDoNotHideTheRest) {
  for (uint64_t seed : {1, 2, 3}) {
    BayesianOptimiser optimiser(UnitSquare(), Seeded(seed));
    Search(&optimiser, 25, [](const auto& x) {
      return Exact(Bowl(x) + (x[0] > 0.7 ? 1e12 * x[0] : 0));
    });
    EXPECT_LT(optimiser.Best().value, 1e-3) << seed;
  }
}

TEST(BayesianOptimiserTest, UnitsOfTheValuesDoNotMatter) {
  for (double unit : {1e-300, 1e300}) {
    BayesianOptimiser optimiser(UnitSquare(), Seeded(1));
    Search(&optimiser, 20, [&](const auto& x) {
      Evaluation evaluation = Exact(unit * Bowl(x));
      evaluation.noise_variance = kNaN;
      return evaluation;
    });
    EXPECT_LT(optimiser.Best().value, unit * 1e-4);
  }
}

// One evaluation is told to be worth nothing, and looks the best by far.
TEST(BayesianOptimiserTest, ImmenseNoiseIsNotBelieved) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1));
  Search(&optimiser, 20, [&](const auto& x) {
    Evaluation evaluation = Exact(Bowl(x));
    if (optimiser.evaluations().size() == 2) {
      evaluation.value = -1;
      evaluation.noise_variance = 1e300;
    }
    return evaluation;
  });
  EXPECT_LT(Bowl(optimiser.Best().point), 1e-3);
}

TEST(BayesianOptimiserTest, WrongInputLeavesTheSearchAsItWas) {
  BayesianOptimiser optimiser(UnitSquare(), Seeded(1, 1));
  const auto error = [&](std::vector<double> point, double variance,
                         std::vector<double> constraints) {
    Evaluation evaluation;
    evaluation.point = point;
    evaluation.value = 1;
    evaluation.noise_variance = variance;
    evaluation.constraints = constraints;
    return testing::ErrorOf([&] { optimiser.Tell(evaluation); });
  };
  EXPECT_THAT(error({0.5, 1.5}, 0, {0}), HasSubstr("'y': 1.5 is outside"));
  EXPECT_THAT(error({0.5, 0.5}, -1, {0}), HasSubstr("noise variance of -1"));
  EXPECT_THAT(error({0.5, 0.5}, 0, {}),
              HasSubstr("with 0 constraints; the search has 1"));
  EXPECT_TRUE(optimiser.evaluations().empty());

  const auto option_error = [&](BayesianOptions options) {
    return testing::ErrorOf(
        [&] { BayesianOptimiser wrong(UnitSquare(), options); });
  };
  BayesianOptions options;
  options.patience = 0;
  EXPECT_THAT(option_error(options), HasSubstr("patience of 0"));
  options = {};
  options.tolerance = kNaN;
  EXPECT_THAT(option_error(options), HasSubstr("tolerance of nan"));
  options = {};
  options.initial_points = -1;
  EXPECT_THAT(option_error(options), HasSubstr("-1 initial points"));
  options = {};
  options.constraints = -1;
  EXPECT_THAT(option_error(options), HasSubstr("-1 constraints"));
}

TEST(RandomSearchTest, SameSeedSamePointsInTheBox) {
  RandomSearch a(UnitSquare(), 3), b(UnitSquare(), 3);
  std::set<std::vector<double>> points;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(a.Ask(), b.Ask());
    a.space().Check(a.Ask());
    points.insert(a.Ask());
    Step(&a, [](const auto& x) { return Exact(Bowl(x)); });
    Step(&b, [](const auto& x) { return Exact(Bowl(x)); });
  }
  EXPECT_EQ(points.size(), 50u);
  EXPECT_FALSE(a.Finished());
}

}  // namespace
}  // namespace airlock
