#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibration/traces/importer.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/node_world.h"
#include "twin/pipeline/fit.h"

// A node that replays measured traces.
namespace airlock {
namespace {

using testing::CellsOf;
using testing::EventsOf;
using ::testing::HasSubstr;
using testing::NodeWorld;
using testing::ProgramResult;

const Trace& Sweep() {
  static const Trace trace =
      ImportTrace("testbed", AIRLOCK_SOURCE_DIR "/data/sweep.csv.xz");
  return trace;
}

ForecastModel Fitted(const std::string& forecaster, int64_t horizon,
                     int64_t train = 700) {
  ForecastProblem problem;
  problem.horizon = horizon;
  problem.include = ParseFeaturePatterns(
      {"function.inspect.busy", "packet_size", "core.1.user"});
  problem.offered_rate = true;
  problem.lags = horizon > 0 ? 2 : 0;
  FitOptions options;
  options.forecaster = forecaster;
  return FitModel(problem, Sweep(), train, options);
}

class NodeReplay : public ::testing::Test {
 protected:
  void SetUp() override { WriteTrace(Sweep(), world_ / "sweep.h5"); }
  std::string Node(const std::string& more = "",
                   const std::string& source = "") {
    return world_.WriteNode(
        "source: {kind: replay, path: sweep.h5, speed: 0, period: 250ms" +
        source + "}\n" + more);
  }
  NodeWorld world_;
};

TEST_F(NodeReplay, PredictsWhatTheModelPredictsOfTheWholeTrace) {
  const ForecastModel acting = Fitted("xgboost", 0);
  const ForecastModel shadow = Fitted("linear", 3);
  const std::string digest = world_.Promote("boosted", acting);
  world_.Shadow("line", shadow);
  const ProgramResult end = NodeWorld::RunNode(Node());
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto rows = world_.Decisions();
  ASSERT_EQ(static_cast<int64_t>(rows.size()), Sweep().samples());
  const auto check = [&](const ForecastModel& model, size_t cell) {
    const Predictions expected = model.Predict(Sweep());
    std::map<int64_t, double> by_origin;
    for (size_t i = 0; i < expected.origin.size(); ++i) {
      by_origin[expected.origin[i]] = expected.value[i];
    }
    int64_t compared = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto found = by_origin.find(static_cast<int64_t>(i));
      ASSERT_EQ(found != by_origin.end(), !rows[i][cell].empty()) << i;
      if (found == by_origin.end()) continue;
      EXPECT_EQ(std::stod(rows[i][cell]), found->second) << i;
      ++compared;
    }
    EXPECT_GT(compared, Sweep().samples() - 10);
  };
  check(acting, testing::kForecast);
  check(shadow, testing::kShadow);
  EXPECT_EQ(rows.back()[testing::kModel], digest.substr(0, 16));
}

}  // namespace
}  // namespace airlock
