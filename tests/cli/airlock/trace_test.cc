#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// Traces that are wrong: a cause and a position, nothing written.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

struct BadTrace {
  const char* name;
  const char* text;
  const char* message;
};

class BadTraceTest : public ::testing::TestWithParam<BadTrace> {};

TEST_P(BadTraceTest, IsRefusedWithItsPosition) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "t.csv", GetParam().text);
  const ProgramResult result =
      RunAirlock({"import", "csv", folder / "t.csv", "-o", folder / "t.h5"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr(GetParam().message));
  EXPECT_EQ(folder.CountEntries(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Traces, BadTraceTest,
    ::testing::Values(
        BadTrace{"Empty", "", "t.csv"},
        BadTrace{"NotANumber", "time,a\n0,1\n1,12a3\n", "t.csv:3:3"},
        BadTrace{"MissingCell", "time,a,b\n0,1,2\n1,5\n", "t.csv:3"},
        BadTrace{"Unsorted", "time,a\n0,1\n2,2\n1,3\n", "t.csv:4"},
        BadTrace{"DuplicateColumn", "time,a,a\n0,1,2\n", "'a'"}),
    [](const auto& info) { return info.param.name; });

TEST(TraceTest, ImportsAndKeepsAnExistingFile) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "t.csv", "time,a [s]\n0,1\n1,\n2,3\n");
  const ProgramResult result =
      RunAirlock({"import", "csv", folder / "t.csv", "-o", folder / "t.h5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3 samples, 1 columns"));
  EXPECT_THAT(result.out, HasSubstr("1 missing values"));
  const std::string before = ReadFile(folder / "t.h5");
  EXPECT_EQ(
      RunAirlock({"import", "csv", folder / "t.csv", "-o", folder / "t.h5"})
          .exit_code,
      3);
  EXPECT_EQ(ReadFile(folder / "t.h5"), before);
}

TEST(TraceTest, AnUnknownFormatListsTheKnownOnes) {
  const TemporaryFolder folder;
  const ProgramResult result =
      RunAirlock({"import", "pcap", "x", "-o", folder / "t.h5"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("testbed"));
}

TEST(TraceTest, AnUnreadableTraceFileIsNamed) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "t.h5", "this is not HDF5");
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{
           {"forecast", "compare", folder / "t.h5"},
           {"drift", "calibrate", folder / "t.h5", "-o", folder / "d"},
           {"calibrate", "scenarios/datacentre/testbed.yaml", "--trace",
            folder / "t.h5", "-o", folder / "p.yaml"}}) {
    const ProgramResult result = RunAirlock(command);
    EXPECT_EQ(result.exit_code, 3) << result.err;
    EXPECT_THAT(result.err, HasSubstr(folder / "t.h5"));
  }
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(TraceTest, AThresholdAboveTheBoundIsAConfigurationError) {
  const TemporaryFolder folder;
  ASSERT_EQ(RunAirlock({"import", "testbed", "data/sweep.csv.xz", "-o",
                        folder / "t.h5"})
                .exit_code,
            0);
  const ProgramResult result =
      RunAirlock({"drift", "calibrate", folder / "t.h5", "--threshold", "0.8",
                  "-o", folder / "d"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("0.693"));
  EXPECT_EQ(folder.CountEntries(), 1);
}

}  // namespace
}  // namespace airlock::testing
