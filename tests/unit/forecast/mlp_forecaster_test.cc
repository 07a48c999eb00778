#include "twin/forecast/mlp_forecaster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/error.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// slope * (x0 - x1) + offset
Mlp Line(double slope, double offset) {
  return Mlp({{2, 1, {slope, -slope}, {offset}, Activation::kIdentity}});
}

TEST(MlpForecasterTest, IsTheMeanOfItsMembersWithinTheLimit) {
  const MlpForecaster forecaster({Line(1, 3), Line(3, 5)}, 4);
  const auto at = [&forecaster](double a, double b) {
    const double x[] = {a, b};
    return forecaster.Predict(x, 0);
  };
  EXPECT_EQ(at(0, 0), 4);
  EXPECT_EQ(at(2, 1), 6);
  EXPECT_EQ(at(100, 0), at(4, 0));
  EXPECT_EQ(at(0, -1e9), at(0, -4));
}

TEST(MlpForecasterTest, PredictsTheSameBitsAfterSaveAndLoad) {
  const MlpForecaster forecaster({Line(1.0 / 3, 0.1), Line(1e-17, 3e5)}, 5);
  const auto loaded = LoadForecaster("mlp", forecaster.Save());
  EXPECT_EQ(loaded->Save(), forecaster.Save());
  EXPECT_EQ(loaded->inputs(), 2);
  for (double a = -6; a < 6; a += 0.7) {
    const double x[] = {a, a * a / 7};
    EXPECT_EQ(loaded->Predict(x, 0), forecaster.Predict(x, 0));
  }
}

TEST(MlpForecasterTest, ADamagedTextIsRefused) {
  const auto error_of = [](const std::string& text) {
    return ErrorOf([&text] { LoadForecaster("mlp", text); });
  };
  EXPECT_THAT(error_of("{"), HasSubstr("forecaster mlp: not its parameters"));
  EXPECT_THAT(error_of(R"({"members":[],"limit":5})"), HasSubstr("no network"));
  nlohmann::json text =
      nlohmann::json::parse(MlpForecaster({Line(1, 0), Line(2, 0)}, 5).Save());
  text["limit"] = 0;
  EXPECT_THAT(error_of(text.dump()), HasSubstr("limit 0 must be above 0"));
  text["limit"] = 5;
  text["members"][1] =
      Mlp({{3, 1, {1, 1, 1}, {0}, Activation::kIdentity}}).ToJson();
  EXPECT_THAT(
      error_of(text.dump()),
      HasSubstr("a network of 3 inputs and 1 outputs among those of 2"));
}

}  // namespace
}  // namespace airlock
