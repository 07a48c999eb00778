#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/optimisation/bayesian_optimiser.h"
#include "sim/optimisation/random_search.h"
#include "sim/stats/quantile.h"

// The functions that Bayesian optimisation is commonly compared on (Picheny,
// Wagner and Ginsbourger, Struct. Multidiscip. Optim. 48 (2013)), medians over
// 20 seeds.
namespace airlock {
namespace {

constexpr int kSeeds = 20;
constexpr double kPi = 3.14159265358979323846;

struct Problem {
  std::vector<SearchDimension> dimensions;
  std::function<double(const std::vector<double>&)> function;
  double minimum;
};

// Minimum 10 / (8 pi) at (-pi, 12.275), (pi, 2.275) and (3 pi, 2.475).
Problem Branin() {
  Problem problem;
  problem.dimensions = {{"x1", -5, 10}, {"x2", 0, 15}};
  problem.function = [](const std::vector<double>& x) {
    const double a =
        x[1] - 5.1 / (4 * kPi * kPi) * x[0] * x[0] + 5 / kPi * x[0] - 6;
    return a * a + 10 * (1 - 1 / (8 * kPi)) * std::cos(x[0]) + 10;
  };
  problem.minimum = 10 / (8 * kPi);
  return problem;
}

// Minimum -3.32237 at (.20169, .150011, .476874, .275332, .311652, .6573); the
// next local one is -3.203.
Problem Hartmann6() {
  Problem problem;
  for (int i = 1; i <= 6; ++i) {
    problem.dimensions.push_back({"x" + std::to_string(i), 0, 1});
  }
  problem.function = [](const std::vector<double>& x) {
    static const double alpha[4] = {1.0, 1.2, 3.0, 3.2};
    static const double a[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                   {0.05, 10, 17, 0.1, 8, 14},
                                   {3, 3.5, 1.7, 10, 17, 8},
                                   {17, 8, 0.05, 10, 0.1, 14}};
    static const double p[4][6] = {
        {0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
        {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
        {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
        {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      double exponent = 0;
      for (int j = 0; j < 6; ++j) {
        exponent += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
      }
      sum -= alpha[i] * std::exp(-exponent);
    }
    return sum;
  };
  problem.minimum = -3.32236801141551;
  return problem;
}

std::unique_ptr<Optimiser> Bayesian(const Problem& problem, uint64_t seed) {
  BayesianOptions options;
  options.seed = seed;
  return std::make_unique<BayesianOptimiser>(problem.dimensions, options);
}

std::unique_ptr<Optimiser> Random(const Problem& problem, uint64_t seed) {
  return std::make_unique<RandomSearch>(problem.dimensions, seed);
}

// What the best point is truly above the minimum after `budget` evaluations
// with normal noise of standard deviation `noise`, one for each seed.
template <typename Make>
std::vector<double> Regrets(const Problem& problem, double noise, int budget,
                            int seeds, Make make) {
  std::vector<double> regrets;
  for (int seed = 1; seed <= seeds; ++seed) {
    const std::unique_ptr<Optimiser> optimiser = make(problem, seed);
    RngStream errors(seed);
    for (int i = 0; i < budget; ++i) {
      Evaluation evaluation;
      evaluation.point = optimiser->Ask();
      evaluation.value =
          problem.function(evaluation.point) + errors.Normal(0, noise);
      optimiser->Tell(evaluation);
    }
    regrets.push_back(problem.function(optimiser->Best().point) -
                      problem.minimum);
  }
  return regrets;
}

void Print(const char* what, const std::vector<double>& regrets) {
  std::printf("%s: median %.3g, quartiles %.3g to %.3g, greatest %.3g\n", what,
              Median(regrets), Quantile(regrets, 0.25), Quantile(regrets, 0.75),
              *std::max_element(regrets.begin(), regrets.end()));
}

// In how many seeds the first is the better.
int Wins(const std::vector<double>& first, const std::vector<double>& second) {
  int wins = 0;
  for (size_t i = 0; i < first.size(); ++i) wins += first[i] < second[i];
  return wins;
}

TEST(BenchmarkFunctionsTest, Branin) {
  const std::vector<double> bayesian =
      Regrets(Branin(), 0, 40, kSeeds, Bayesian);
  const std::vector<double> random = Regrets(Branin(), 0, 40, kSeeds, Random);
  Print("Branin after 40, Bayesian", bayesian);
  Print("Branin after 40, random", random);
  EXPECT_LT(Median(bayesian), 1e-3);
  EXPECT_GE(Wins(bayesian, random), 19);
}

TEST(WideBenchmarkFunctionsTest, Hartmann6) {
  const std::vector<double> bayesian =
      Regrets(Hartmann6(), 0, 100, kSeeds, Bayesian);
  const std::vector<double> random =
      Regrets(Hartmann6(), 0, 100, kSeeds, Random);
  Print("Hartmann-6 after 100, Bayesian", bayesian);
  Print("Hartmann-6 after 100, random", random);
  EXPECT_LT(Median(bayesian), 0.1);
  EXPECT_GE(Wins(bayesian, random), 19);
}

// The noise is half of the function's own standard deviation over the cube, and
// the optimiser is not told of it.
TEST(WideBenchmarkFunctionsTest, Hartmann6WithNoise) {
  const std::vector<double> bayesian =
      Regrets(Hartmann6(), 0.2, 80, 10, Bayesian);
  const std::vector<double> random = Regrets(Hartmann6(), 0.2, 80, 10, Random);
  Print("Hartmann-6 with noise 0.2 after 80, Bayesian", bayesian);
  Print("Hartmann-6 with noise 0.2 after 80, random", random);
  EXPECT_LT(Median(bayesian), 0.3);
  EXPECT_EQ(Wins(bayesian, random), 10);
}

}  // namespace
}  // namespace airlock
