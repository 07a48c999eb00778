#include "sim/optimisation/acquisition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

struct Row {
  double z;
  double log_h, log_h_derivative;
  double log_cdf, log_cdf_derivative;
};

// From mpmath with 60 to 400 digits.
const Row kRows[] = {
    {5, 1.6094379231264314, 0.19999994053122005, -2.8665161296376359e-7,
     1.4867199409049057e-6},
    {1, 0.08002621884930694, 0.77663872520173926, -0.17275377902344989,
     0.28759997093917836},
    {0, -0.91893853320467274, 1.2533141373155003, -0.69314718055994531,
     0.79788456080286536},
    {-0.5, -1.6205162643873199, 1.5598731483480797, -1.1759117615936186,
     1.1410777703680645},
    {-1, -2.4851210257126413, 1.9042712333296918, -1.8410216450092635,
     1.5251352761609812},
    {-2.5, -6.2125416454435129, 3.0984232967911619, -5.0816482772786905,
     2.8227447976639073},
    {-7.9, -36.303286002672205, 8.1421789762333027, -34.206228170981713,
     8.0228172462087803},
    {-8.1, -37.951167331963642, 8.336674877793426, -35.830502890801475,
     8.2199519010467496},
    {-12, -77.909100545007348, 12.16335257158574, -75.410673001568796,
     12.082214175254284},
    {-32.3, -529.51693892597809, 32.361742637427052, -526.03996198364853,
     32.330900684527522},
    {-38.5, -749.34727420782292, 38.55184340493951, -745.69527029041108,
     38.525939096854494},
    {-100, -5010.1295788002498, 100.01999400419587, -5005.5242086942051,
     100.00999800099926},
    {-1e4, -50000019.339619307, 10000.000199999994, -50000010.129278915,
     10000.000099999998},
    {-1e8, -5000000000000037.8, 100000000.00000002, -5000000000000019.3,
     100000000.00000001},
    {-1e20, -5.0e+39, 1.0e+20, -5.0e+39, 1.0e+20},
};

void ExpectRelative(double found, double expected) {
  EXPECT_NEAR(found, expected, 1e-12 * std::abs(expected));
}

TEST(LogUnitImprovementTest, EqualToManyDigits) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.z);
    ExpectRelative(LogUnitImprovement(row.z).value, row.log_h);
    ExpectRelative(LogUnitImprovement(row.z).derivative, row.log_h_derivative);
  }
}

TEST(LogNormalCdfTest, EqualToManyDigits) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.z);
    ExpectRelative(LogNormalCdf(row.z).value, row.log_cdf);
    ExpectRelative(LogNormalCdf(row.z).derivative, row.log_cdf_derivative);
  }
}

TEST(LogUnitImprovementTest, ContinuousWhereTheBranchesMeet) {
  const double below = std::nextafter(-8.0, -9.0);
  ExpectRelative(LogUnitImprovement(below).value, LogUnitImprovement(-8).value);
  ExpectRelative(LogUnitImprovement(below).derivative,
                 LogUnitImprovement(-8).derivative);
  ExpectRelative(LogNormalCdf(below).value, LogNormalCdf(-8).value);
}

// From mpmath.
TEST(ExpectedImprovementTest, EqualToManyDigits) {
  ExpectRelative(ExpectedImprovement(1.5, 0.7, 1.2), 0.1545204339315511);
  ExpectRelative(LogExpectedImprovement(1.5, 0.7, 1.2), -1.867428932933074);
  ExpectRelative(ExpectedImprovement(0, 2, 3), 3.0586135875252093);
  ExpectRelative(LogExpectedImprovement(0, 2, 3), 1.1179617373222046);
}

TEST(ExpectedImprovementTest, LogarithmLivesWhereTheValueUnderflows) {
  // mpmath: EI = 1.6e-232 at this z.
  ExpectRelative(LogExpectedImprovement(32.429918085987285, 1, 0),
                 -533.72973794537286);
  // mpmath: EI = 2.159e-549, no double.
  EXPECT_EQ(ExpectedImprovement(1, 0.01, 0.5), 0);
  ExpectRelative(LogExpectedImprovement(1, 0.01, 0.5), -1263.3493530544489);
  EXPECT_TRUE(std::isfinite(LogExpectedImprovement(1, 1e-100, 0)));
}

TEST(ExpectedImprovementTest, CertaintyIsTheLimit) {
  EXPECT_EQ(ExpectedImprovement(1, 0, 3), 2);
  EXPECT_EQ(ExpectedImprovement(3, 0, 1), 0);
  EXPECT_EQ(LogExpectedImprovement(3, 0, 1),
            -std::numeric_limits<double>::infinity());
  ExpectRelative(ExpectedImprovement(1, 1e-3, 3), 2);
}

}  // namespace
}  // namespace airlock
