#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_program.h"
#include "tests/support/synthetic_trace.h"
#include "tests/support/temporary_folder.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ANode : public ::testing::TestWithParam<const char*> {};

// A model made here predicts the same bits in a program that links the
// forecasting library alone, and that loads no library that trains.
TEST_P(ANode, PredictsWithoutTheLibrariesOfTraining) {
  const Trace trace = SyntheticTrace(300, 31);
  FitOptions options;
  options.forecaster = GetParam();
  const ForecastModel model = FitModel({}, trace, 250, options);
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/model.json";
  model.Save(path);

  const SampleTable samples = model.Samples(trace);
  std::vector<std::string> arguments = {
      AIRLOCK_BINARY_DIR "/airlock-test-node", path,
      fmt::format("{:.17g}", samples.last_target[280])};
  for (int64_t k = 0; k < samples.columns; ++k) {
    arguments.push_back(fmt::format("{:.17g}", samples.Row(280)[k]));
  }
  const testing::ProgramResult result = testing::Run(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const double predicted = std::strtod(result.out.c_str(), nullptr);
  EXPECT_EQ(predicted, model.PredictSample(samples.Row(280),
                                           samples.last_target[280], nullptr));
  EXPECT_THAT(result.out, HasSubstr("libc.so"));
  for (const char* library : {"xgboost", "torch", "libc10", "hdf5", "ns3"}) {
    EXPECT_THAT(result.out, Not(HasSubstr(library)));
  }
}

INSTANTIATE_TEST_SUITE_P(Trainers, ANode,
                         ::testing::Values("seasonal-naive", "linear",
                                           "xgboost", "linear-boost", "stack"));

}  // namespace
}  // namespace airlock
