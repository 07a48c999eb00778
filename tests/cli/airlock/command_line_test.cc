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
      {"forecast", "score"},
      {"forecast", "compare", "a.h5", "--train", "nan"},
      {"drift", "calibrate", "a.h5", "-o", "d", "--threshold", "nan"},
      {"drift", "calibrate", "a.h5", "-o", "d", "--run-length", "1e18"},
      {"calibrate", "a.yaml", "--trace", "a.h5", "-o", "p", "--p99-limit",
       "nan"},
      {"calibrate", "a.yaml", "--trace", "a.h5", "-o", "p", "--coverage-low",
       "0.9", "--coverage-high", "0.1"},
  };
  for (const auto& arguments : wrong) {
    const ProgramResult result = RunAirlock(arguments);
    EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err, "");
  }
}

TEST(CommandLineTest, AnUnknownVerbListsTheKnownOnes) {
  EXPECT_EQ(RunAirlock({"forecast", "score"}).err,
            "forecast: 'score' is not a verb; known: compare, fit, "
            "ablate, predict, show\n");
}

// The command in a shell, for what is done to its standard streams.
ProgramResult RunInShell(const std::string& arguments) {
  return Run({"/bin/sh", "-c", AIRLOCK_BINARY_DIR "/airlock " + arguments},
             AIRLOCK_SOURCE_DIR);
}

TEST(CommandLineTest, AnAnswerThatCannotBeWrittenIsExitCode5) {
  for (const char* lost :
       {"list keys >&-", "list keys >/dev/full", "--help >/dev/full"}) {
    const ProgramResult result = RunInShell(lost);
    EXPECT_EQ(result.exit_code, 5) << lost;
    EXPECT_THAT(result.err, StartsWith("airlock: cannot write the answer"))
        << lost;
  }
}

TEST(CommandLineTest, LostDiagnosticsChangeNothing) {
  for (const char* lost : {"2>&-", "2>/dev/full"}) {
    const ProgramResult result =
        RunInShell(std::string("check nowhere.yaml ") + lost);
    EXPECT_EQ(result.exit_code, 3) << lost;
  }
}

TEST(CommandLineTest, VersionNamesWhatWasBuilt) {
  const ProgramResult result = RunAirlock({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, StartsWith("airlock "));
  EXPECT_THAT(result.out, HasSubstr("GNU"));
}

TEST(CommandLineTest, ShowTellsWhatAFabricCarries) {
  const std::string file =
      AIRLOCK_SOURCE_DIR "/scenarios/datacentre/fat_tree.yaml";
  EXPECT_THAT(RunAirlock({"show", file}).out,
              HasSubstr("# fabric: 16 hosts, 20 switches, 48 links; one half "
                        "of the hosts sends the\n#   other 8Gbps and could "
                        "8Gbps (1:1); leaves 1:1\n"));
  EXPECT_THAT(RunAirlock({"show", file, "--set",
                          "datacentre.topology.core_link={rate: 250Mbps}"})
                  .out,
              HasSubstr("other 2Gbps and could 8Gbps (4:1); leaves 1:1\n"));
}

TEST(CommandLineTest, EveryAxisHasADescribedRow) {
  for (const char* axis : {"agents", "criteria", "detectors", "engines",
                           "forecasters", "importers", "network-tasks",
                           "scenario-tasks", "tasks", "topologies"}) {
    const ProgramResult result = RunAirlock({"list", axis});
    EXPECT_EQ(result.exit_code, 0) << axis;
    EXPECT_THAT(result.out, ::testing::ContainsRegex("[a-z0-9-]+  +[a-zA-Z]"))
        << axis;
  }
}

}  // namespace
}  // namespace airlock::testing
