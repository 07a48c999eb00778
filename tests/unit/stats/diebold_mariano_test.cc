#include "sim/stats/diebold_mariano.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace airlock {
namespace {

// Numbers that any language makes alike: a linear congruential generator
// (multiplier 1103515245, increment 12345, modulus 2^31), on [-0.5, 0.5).
std::vector<double> Series(size_t count, uint64_t seed) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) {
    seed = (seed * 1103515245 + 12345) % (uint64_t{1} << 31);
    values.push_back(static_cast<double>(seed) / 2147483648.0 - 0.5);
  }
  return values;
}

std::vector<double> First() {
  std::vector<double> errors = Series(50, 1);
  const std::vector<double> noise = errors;
  for (size_t i = 1; i < errors.size(); ++i) errors[i] += 0.5 * noise[i - 1];
  return errors;
}

std::vector<double> Second() {
  std::vector<double> errors = Series(50, 7);
  for (double& error : errors) error *= 1.3;
  return errors;
}

struct Expected {
  int64_t horizon;
  ForecastLoss loss;
  LongRunVariance variance;
  double mean, statistic, p_two_sided, p_first_better;
};

// Computed apart from this code, with NumPy and SciPy, from the formulas of the
// two papers.
TEST(DieboldMarianoTest, EqualsAnIndependentComputation) {
  const auto sq = ForecastLoss::kSquared;
  const auto abs = ForecastLoss::kAbsolute;
  const auto rect = LongRunVariance::kRectangular;
  const auto bart = LongRunVariance::kBartlett;
  const Expected table[] = {
      {1, sq, rect, -0.0519238950961269, -2.15434649777345, 0.0361568197604792,
       0.0180784098802396},
      {1, abs, bart, -0.064039538401179, -1.76066801365627, 0.0845347571828996,
       0.0422673785914498},
      {2, sq, rect, -0.0519238950961269, -1.63311733389865, 0.108854598089623,
       0.0544272990448117},
      {2, sq, bart, -0.0519238950961269, -1.82668340378265, 0.0738421553115051,
       0.0369210776557525},
      {4, sq, rect, -0.0519238950961269, -1.75296742555971, 0.0858622804709019,
       0.042931140235451},
      {4, abs, bart, -0.064039538401179, -1.44961055647228, 0.153537754925389,
       0.0767688774626944},
      {8, sq, rect, -0.0519238950961269, -3.60852824279797,
       0.000721724870634772, 0.000360862435317386},
      {8, abs, rect, -0.064039538401179, -2.23578485864794, 0.0299536915011954,
       0.0149768457505977},
  };
  for (const Expected& row : table) {
    const DieboldMarianoResult result = DieboldMariano(
        First(), Second(), row.horizon, {row.loss, row.variance});
    EXPECT_NEAR(result.mean_difference, row.mean, 1e-10);
    EXPECT_NEAR(result.statistic, row.statistic, 1e-10);
    EXPECT_NEAR(result.p_two_sided, row.p_two_sided, 1e-10);
    EXPECT_NEAR(result.p_first_better, row.p_first_better, 1e-10);
    EXPECT_NEAR(result.p_second_better, 1 - row.p_first_better, 1e-10);
    EXPECT_FALSE(result.fell_back);
    EXPECT_EQ(result.pairs, 50);
  }
}

// Alternating losses: gamma_1 is close to -gamma_0, so that the rectangular
// variance at h = 2 is negative. Expected values as above.
TEST(DieboldMarianoTest, FallsBackWhereTheVarianceIsNotPositive) {
  std::vector<double> first, second(20, 1.0);
  for (int i = 0; i < 20; ++i) {
    first.push_back(std::sqrt(1 + (i % 2 == 0 ? 0.5 : -0.5) + 0.01 * i));
  }
  const DieboldMarianoResult result = DieboldMariano(first, second, 2);
  EXPECT_TRUE(result.fell_back);
  EXPECT_NEAR(result.statistic, 3.331921290705442, 1e-10);
  EXPECT_NEAR(result.p_two_sided, 0.0035039200586508253, 1e-10);
  EXPECT_NEAR(result.p_first_better, 0.9982480399706746, 1e-10);
}

TEST(DieboldMarianoTest, SwappingTheForecastsSwapsTheSign) {
  const DieboldMarianoResult one = DieboldMariano(First(), Second(), 3);
  const DieboldMarianoResult two = DieboldMariano(Second(), First(), 3);
  EXPECT_DOUBLE_EQ(one.statistic, -two.statistic);
  EXPECT_DOUBLE_EQ(one.p_first_better, two.p_second_better);
}

TEST(DieboldMarianoTest, HorizonZeroCountsAsOne) {
  EXPECT_DOUBLE_EQ(DieboldMariano(First(), Second(), 0).statistic,
                   DieboldMariano(First(), Second(), 1).statistic);
}

TEST(DieboldMarianoTest, EqualDifferences) {
  const std::vector<double> same = First();
  const DieboldMarianoResult equal = DieboldMariano(same, same, 1);
  EXPECT_EQ(equal.statistic, 0);
  EXPECT_EQ(equal.p_two_sided, 1);
  const std::vector<double> ones(10, 1.0), twos(10, 2.0);
  const DieboldMarianoResult better = DieboldMariano(ones, twos, 1);
  EXPECT_EQ(better.p_two_sided, 0);
  EXPECT_EQ(better.p_first_better, 0);
  EXPECT_EQ(better.p_second_better, 1);
}

TEST(DieboldMarianoTest, UnknownIsNoAnswer) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(DieboldMariano({1}, {2}, 1).p_two_sided));
  EXPECT_TRUE(std::isnan(DieboldMariano({1, 2}, {2, 3, 4}, 1).p_two_sided));
  EXPECT_TRUE(std::isnan(DieboldMariano({1, nan, 3}, {2, 1, 1}, 1).statistic));
  EXPECT_TRUE(std::isnan(DieboldMariano({1, 2, 3}, {2, 1, 1}, 3).statistic));
}

}  // namespace
}  // namespace airlock
