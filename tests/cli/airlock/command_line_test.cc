#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/run_program.h"

namespace airlock::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(CommandLineTest, AWrongCommandLineIsExitCode2) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"simulate"},
      {"run"},
      {"run", "a.yaml"},
      {"run", "a.yaml", "-o"},
      {"run", "a.yaml", "-o", "out", "--seed", "-1"},
      {"run", "a.yaml", "-o", "out", "--frobnicate"},
      {"check"},
      {"list", "unicorns"},
      {"forecast"},
      {"gate", "a.yaml", "-o", "out", "--jobs", "0"},
  };
  for (const auto& arguments : wrong) {
    const ProgramResult result = RunAirlock(arguments);
    EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "");
  }
}

TEST(CommandLineTest, VersionNamesWhatWasBuilt) {
  const ProgramResult result = RunAirlock({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, StartsWith("airlock "));
  EXPECT_THAT(result.out, HasSubstr("GNU"));
}

TEST(CommandLineTest, EveryAxisHasADescribedRow) {
  for (const char* axis : {"agents", "criteria", "detectors", "engines",
                           "forecasters", "importers", "topologies"}) {
    const ProgramResult result = RunAirlock({"list", axis});
    EXPECT_EQ(result.exit_code, 0) << axis;
    EXPECT_THAT(result.out, ::testing::ContainsRegex("[a-z0-9-]+  +[a-zA-Z]"))
        << axis;
  }
}

}  // namespace
}  // namespace airlock::testing
