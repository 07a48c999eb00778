#include <gtest/gtest.h>

#include <cstdio>

#include "calibration/settings/calibrate_settings.h"
#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"

namespace airlock {
namespace {

double MeanError(const CalibrationResult& result, const std::string& method) {
  for (const PredictionError& error : result.errors) {
    if (error.quantity == "loss_ratio" && error.method == method) {
      return error.mean.estimate;
    }
  }
  ADD_FAILURE() << method;
  return 0;
}

// Fitted to chains of 1, 2, 4 and 8 functions, judged on 6 and 10. The searches
// have too few delays to judge.
TEST(SwitchedChainTest, ForetellsTheLossOfOtherLengths) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfvbench/iterations_csit.csv");
  const std::string folder = AIRLOCK_SOURCE_DIR "/scenarios/";
  Diagnostics found;
  const auto scenario =
      LoadScenario(folder + "datacentre/switched_chain.yaml", {}, &found);
  const auto task =
      LoadCalibrationTask(folder + "calibration/switched_chain.yaml", &found);
  ASSERT_TRUE(scenario && task) << found.Format();
  const auto result = CalibrateSettings(
      *scenario, *task, ImportTrace("nfvbench", path), {}, {}, &found);
  ASSERT_TRUE(result) << found.Format();
  std::printf("%s", ToYamlText(result->profile).c_str());
  const KpiFidelity* loss = result->profile.Find("loss_ratio");
  ASSERT_NE(loss, nullptr);
  EXPECT_TRUE(loss->credible) << loss->reason;
  EXPECT_FALSE(result->profile.Find("latency_mean")->credible);
  for (const char* baseline :
       {"mean of the fitted rows", "nearest fitted point",
        "Gaussian process over the inputs"}) {
    EXPECT_LT(MeanError(*result, "twin"), MeanError(*result, baseline))
        << baseline;
  }
}

}  // namespace
}  // namespace airlock
