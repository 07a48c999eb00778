#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/capture_text.h"
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

TEST(TraceTest, AMissingFileIsWrongInputWhateverReadsIt) {
  const TemporaryFolder folder;
  const std::string none = folder / "none";
  const std::vector<std::vector<std::string>> commands = {
      {"import", "csv", none, "-o", folder / "t.h5"},
      {"import", "pcap", none, "-o", folder / "t.h5"},
      {"forecast", "compare", none},
      {"forecast", "predict", none, none},
      {"drift", "watch", none, none},
      {"check", none},
      {"report", none}};
  for (const std::vector<std::string>& command : commands) {
    const ProgramResult result = RunAirlock(command);
    EXPECT_EQ(result.exit_code, 3) << command[0];
    EXPECT_THAT(result.err, HasSubstr("cannot read " + none)) << command[0];
  }
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(TraceTest, OverwriteReplacesPlainFilesOnly) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "t.csv", "time,a [s]\n0,1\n1,2\n");
  for (const std::string& target : {std::string("/dev/null"), folder.path()}) {
    const ProgramResult result = RunAirlock(
        {"import", "csv", folder / "t.csv", "-o", target, "--overwrite"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.err, HasSubstr(target + " is not a plain file"));
  }
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(TraceTest, PredictionsAreATraceWithUnits) {
  const TemporaryFolder folder;
  std::string csv = "time,a [bit/s],function.f.busy [1]\n";
  for (int i = 0; i < 200; ++i) {
    csv += fmt::format("{},{},{}\n", i, 100 + i % 7, 0.01 * (i * i % 11));
  }
  WriteFileAtomically(folder / "t.csv", csv);
  const std::string trace = folder / "t.h5";
  ASSERT_EQ(
      RunAirlock({"import", "csv", folder / "t.csv", "-o", trace}).exit_code,
      0);
  const ProgramResult fit =
      RunAirlock({"forecast", "fit", trace, "--target", "a", "--forecaster",
                  "linear", "--features", "*", "-o", folder / "new/m"});
  ASSERT_EQ(fit.exit_code, 0) << fit.err;
  const ProgramResult predicted =
      RunAirlock({"forecast", "predict", folder / "new/m", trace});
  EXPECT_THAT(predicted.out,
              ::testing::StartsWith(
                  "time [s],predicted [bit/s],observed [bit/s],outside [1],"
                  "low80 [bit/s],high80 [bit/s],"));
  WriteFileAtomically(folder / "p.csv", predicted.out);
  EXPECT_EQ(
      RunAirlock({"import", "csv", folder / "p.csv", "-o", folder / "p.h5"})
          .exit_code,
      0);
}

TEST(TraceTest, AnUnknownFormatListsTheKnownOnes) {
  const TemporaryFolder folder;
  const ProgramResult result =
      RunAirlock({"import", "netflow", "x", "-o", folder / "t.h5"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("testbed"));
}

TEST(TraceTest, ACaptureBecomesATraceOfItsServers) {
  const TemporaryFolder folder;
  // A SYN to 10.0.0.3, on a link of raw IP.
  const std::string syn = TcpPacket(0x0a000003, 9, 2, 0, 0);
  WriteFileAtomically(folder / "a.pcap",
                      CaptureHeader(101) + CaptureRecord(0, syn, syn.size()));
  const auto import = [&](std::vector<std::string> options) {
    std::vector<std::string> arguments = {
        "import", options[0], folder / "a.pcap", "-o", folder / "t.h5"};
    arguments.insert(arguments.end(), options.begin() + 1, options.end());
    return RunAirlock(arguments);
  };
  for (const auto& [options, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"csv", "--interval", "1s"}, "are of the format pcap"},
           {{"pcap", "--interval", "1"}, "write a time of more than 0"},
           {{"pcap", "--interval", "0s"}, "write a time of more than 0"},
           {{"pcap", "--server", "a=1.2.3.4", "--server", "a=1.2.3.5"},
            "is there twice"}}) {
    const ProgramResult result = import(options);
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  }
  const ProgramResult wrong = import({"pcap", "--server", "a=1.2.3"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("'a=1.2.3' is not NAME=ADDRESS"));
  const ProgramResult good =
      import({"pcap", "--server", "a=10.0.0.3", "--interval", "100ms"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("1 samples, 74 columns"));
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
  const ProgramResult result = RunAirlock(
      {"drift", "calibrate", folder / "t.h5", "--detector", "jensen-shannon",
       "--classic", "--set", "threshold=0.8", "-o", folder / "d"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("0.693"));
  EXPECT_EQ(folder.CountEntries(), 1);
}

}  // namespace
}  // namespace airlock::testing
