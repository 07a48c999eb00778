#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "tests/support/measured_data.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace airlock::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A counter without memory whose level moves at row `change`.
std::string Csv(int rows, int change, int begin = 0) {
  std::string text;
  uint64_t state = 1;
  for (int i = 0; i < rows; ++i) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      sum += static_cast<double>(state >> 40) / (1 << 24);
    }
    const double value = sum - 6 + (i >= change ? 4 : 0);
    if (i >= begin) text += fmt::format("{},{},{}\n", i, value, 7);
  }
  return text;
}
const char* const kHeader = "time [s],work [ms],flat\n";

class DriftWatch : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteFileAtomically(folder_ / "quiet.csv", kHeader + Csv(600, 9999));
    ASSERT_EQ(RunAirlock({"import", "csv", folder_ / "quiet.csv", "-o",
                          folder_ / "quiet.h5"})
                  .exit_code,
              0);
    const ProgramResult result = RunAirlock(
        {"drift", "calibrate", folder_ / "quiet.h5", "--features", "*",
         "--treatment", "raw", "--run-length", "5000", "--replications", "40",
         "--reference", "1", "-o", trigger_});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  // `text` after the header, watched.
  ProgramResult Watch(const std::string& text,
                      std::vector<std::string> more = {},
                      const std::string& header = kHeader) {
    WriteFileAtomically(folder_ / "s.csv", header + text);
    std::vector<std::string> arguments = {"drift", "watch", trigger_,
                                          folder_ / "s.csv"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunAirlock(arguments);
  }

  TemporaryFolder folder_;
  const std::string trigger_ = folder_ / "d.trigger";
  const std::string state_ = folder_ / "state";
};

TEST_F(DriftWatch, FiresWithLinesOfJson) {
  const ProgramResult result = Watch(Csv(300, 200), {"--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  std::istringstream lines(result.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const nlohmann::json alarm = nlohmann::json::parse(line);
  EXPECT_EQ(alarm.at("type"), "alarm");
  EXPECT_EQ(alarm.at("feature"), "work");
  EXPECT_GE(alarm.at("sample"), 200);
  EXPECT_LE(alarm.at("sample"), 215);
  EXPECT_EQ(alarm.at("explanation").at("recommendation"), "shadow");
  nlohmann::json last;
  while (std::getline(lines, line)) last = nlohmann::json::parse(line);
  EXPECT_EQ(last.at("type"), "end");
  EXPECT_EQ(last.at("samples"), 300);
  EXPECT_EQ(last.at("alarms"), 1);
  EXPECT_GT(last.at("repeats"), 5);
  EXPECT_EQ(Watch(Csv(150, 9999)).exit_code, 0);
}

TEST_F(DriftWatch, TellsEachChangeOnce) {
  const ProgramResult text = Watch(Csv(300, 100));
  EXPECT_EQ(text.exit_code, 1) << text.err;
  EXPECT_THAT(text.out, StartsWith("drift at 10"));
  EXPECT_EQ(text.out.find("\ndrift at"), std::string::npos) << text.out;
  EXPECT_THAT(text.out, HasSubstr("\nstill drift at "));
  EXPECT_THAT(text.out, HasSubstr("\ndrift: 1 alarm in 300 samples; "));
  EXPECT_THAT(text.out, HasSubstr(" repeats of a change that is not over\n"));
  const ProgramResult result = Watch(Csv(300, 100), {"--json"});
  std::istringstream lines(result.out);
  std::string line;
  int told = 0, repeats = 0;
  while (std::getline(lines, line)) {
    const nlohmann::json found = nlohmann::json::parse(line);
    if (found.at("type") != "alarm") continue;
    ++(found.at("continues") ? repeats : told);
  }
  EXPECT_EQ(told, 1);
  EXPECT_GT(repeats, 5);
}

TEST_F(DriftWatch, ARestartedWatchGoesOnBitByBit) {
  const std::string all = Csv(300, 120);
  const std::string whole = folder_ / "whole";
  Watch(all, {"--state", whole});
  size_t cut = 0;
  for (int line = 0; line < 77; ++line) cut = all.find('\n', cut) + 1;
  Watch(all.substr(0, cut + 3), {"--state", state_});  // half a line more
  const std::string between = ReadFile(state_);
  const ProgramResult second = Watch(all, {"--state", state_});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, HasSubstr("77 samples were taken before"));
  EXPECT_NE(ReadFile(state_), between);
  EXPECT_EQ(ReadFile(state_), ReadFile(whole));
}

TEST_F(DriftWatch, ReadsAPipe) {
  WriteFileAtomically(folder_ / "p.csv", kHeader + Csv(300, 200));
  const ProgramResult result = airlock::testing::Run(
      {"/bin/sh", "-c",
       fmt::format("cat {} | {}/airlock drift watch {} -", folder_ / "p.csv",
                   AIRLOCK_BINARY_DIR, trigger_)});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, StartsWith("drift at 20"));
}

TEST_F(DriftWatch, FollowsAFileThatGrows) {
  const std::string all = kHeader + Csv(300, 200);
  const std::string path = folder_ / "grow.csv";
  std::ofstream growing(path, std::ios::binary);
  growing << all.substr(0, 1000) << std::flush;
  Program watch({AIRLOCK_BINARY_DIR "/airlock", "drift", "watch", trigger_,
                 path, "--follow", "--idle", "2", "--state", state_});
  for (size_t begin = 1000; begin < all.size(); begin += 1500) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    growing << all.substr(begin, 1500) << std::flush;
  }
  const ProgramResult result = watch.Wait();
  EXPECT_EQ(result.exit_code, 1) << result.err;
  const ProgramResult at_once = RunAirlock({"drift", "watch", trigger_, path});
  EXPECT_EQ(result.out, at_once.out);
}

TEST_F(DriftWatch, KilledAtAnyMomentItsStateIsWhole) {
  const std::string all = kHeader + Csv(4000, 9999);
  WriteFileAtomically(folder_ / "k.csv", all);
  for (int milliseconds = 5; milliseconds < 80; milliseconds += 5) {
    {
      Program watch({AIRLOCK_BINARY_DIR "/airlock", "drift", "watch", trigger_,
                     folder_ / "k.csv", "--state", state_});
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    }  // SIGKILL
    const ProgramResult result = RunAirlock(
        {"drift", "watch", trigger_, folder_ / "quiet.csv", "--state", state_});
    EXPECT_NE(result.exit_code, 3) << result.err;
  }
}

// --- Wrong input: message, exit code, and the state as the rows before left it

TEST_F(DriftWatch, AClockThatJumpsBackNamesItsLine) {
  const std::string good = Csv(50, 9999);
  const ProgramResult result =
      Watch(good + "20,0,7\n" + Csv(60, 9999, 50), {"--state", state_});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("s.csv:52:1: error: time 20 s does not "
                                    "come after 49 s of the row before: the "
                                    "clock jumped back"));
  const std::string state = ReadFile(state_);
  const std::string other = folder_ / "other";
  Watch(good, {"--state", other});
  EXPECT_EQ(state, ReadFile(other));
}

TEST_F(DriftWatch, ACategoryIsNoNumber) {
  const ProgramResult result = Watch("0,1,7\n1,idle,7\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("s.csv:3:3: error: column 'work': 'idle' "
                                    "is not a number"));
}

TEST_F(DriftWatch, ColumnsGoByTheirNames) {
  ProgramResult result =
      Watch("7,0,1\n7,1,1.5\n", {}, "flat,time [s],work [ms]\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  result = Watch("0,1,7\n", {"--state", state_}, "time,job [ms],flat2\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("work is missing, flat is missing"));
  EXPECT_FALSE(std::ifstream(state_).good());
  result = Watch("0,1,7\n", {}, "time,work,flat\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("work is in '1' instead of 's'"));
}

TEST_F(DriftWatch, CalibrationRefusesWhatTellsNothing) {
  const auto calibrate = [&](const std::string& csv,
                             std::vector<std::string> more) {
    WriteFileAtomically(folder_ / "c.csv", csv);
    RunAirlock({"import", "csv", folder_ / "c.csv", "-o", folder_ / "c.h5",
                "--overwrite"});
    std::vector<std::string> arguments = {"drift",
                                          "calibrate",
                                          folder_ / "c.h5",
                                          "--features",
                                          "*",
                                          "-o",
                                          folder_ / "c.trigger",
                                          "--treatment",
                                          "raw",
                                          "--replications",
                                          "40"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunAirlock(arguments);
  };
  std::string empty = "time,work\n";
  for (int i = 0; i < 300; ++i) empty += fmt::format("{},\n", i);
  ProgramResult result = calibrate(empty, {});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("work"));
  const std::string quiet = kHeader + Csv(300, 9999);
  result = calibrate(quiet, {"--detector", "jensen-shannon", "--set",
                             "window=5000", "--run-length", "100000"});
  EXPECT_EQ(result.exit_code, 3) << result.out;
  EXPECT_THAT(result.err, HasSubstr("window"));
  result = calibrate(quiet, {"--detector", "jensen-shannon", "--set",
                             "window=100", "--run-length", "50"});
  EXPECT_EQ(result.exit_code, 3) << result.out;
  result = calibrate(quiet, {"--detector", "none"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("known: adwin"));
  result = calibrate(quiet, {"--set", "window"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_FALSE(std::ifstream(folder_ / "c.trigger").good());
}

// --- The loop ----------------------------------------------------------------

class DriftLoop : public ::testing::Test {
 protected:
  // The exit code is the gate's; what the gate said.
  nlohmann::json Close(const std::string& reference, const std::string& stream,
                       const std::vector<std::string>& calibrate,
                       const std::vector<std::string>& watch, int samples) {
    WriteFileAtomically(folder_ / "p.yaml",
                        "schema: 1\nname: p\ntarget: delivered_rate\n"
                        "features: [\"counter/function:*\"]\n"
                        "selection: {keep: [10, 30]}\nmodels: [ridge]\n"
                        "validation: {folds: 3}\ntuning: {evaluations: 0}\n");
    const std::string champion = folder_ / "champion.model";
    ProgramResult result =
        RunAirlock({"forecast", "fit", reference, "--pipeline",
                    folder_ / "p.yaml", "-o", champion});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> arguments = {
        "drift", "calibrate",          reference, "--replications", "60",
        "-o",    folder_ / "d.trigger"};
    arguments.insert(arguments.end(), calibrate.begin(), calibrate.end());
    result = RunAirlock(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    arguments = {"drift",
                 "watch",
                 folder_ / "d.trigger",
                 stream,
                 "--model",
                 champion,
                 "--retrain",
                 folder_ / "p.yaml",
                 "--gate",
                 "scenarios/gates/retrained.yaml",
                 "--samples",
                 fmt::format("{}", samples),
                 "-o",
                 folder_ / "loop"};
    arguments.insert(arguments.end(), watch.begin(), watch.end());
    result = RunAirlock(arguments);
    out_ = result.out;
    EXPECT_THAT(result.out, HasSubstr("drift at")) << result.err;
    EXPECT_TRUE(result.exit_code == 1 || result.exit_code == 4) << result.err;
    const auto summary =
        nlohmann::json::parse(ReadFile(folder_ / "loop/verdict/summary.json"));
    EXPECT_EQ(summary.at("verdict"),
              result.exit_code == 1 ? "reject" : "inconclusive");
    // The same again, from the file that it wrote.
    EXPECT_EQ(RunAirlock(
                  {"gate", folder_ / "loop/gate.yaml", "-o", folder_ / "again"})
                  .exit_code,
              result.exit_code);
    return summary;
  }
  static std::string OutcomeOf(const nlohmann::json& summary,
                               const std::string& kind) {
    for (const nlohmann::json& each : summary.at("criteria")) {
      if (each.at("kind") == kind) return each.at("outcome");
    }
    return "";
  }
  TemporaryFolder folder_;
  std::string out_;
};

TEST_F(DriftLoop, OnTheShippedTraceTheRetrainedModelIsJudgedOnUnseenSamples) {
  const std::string trace = folder_ / "drift.h5";
  ASSERT_EQ(RunAirlock({"import", "testbed", "data/drift.csv.xz", "-o", trace})
                .exit_code,
            0);
  // The host settles in the first 100 samples; it changes at sample 544.
  const nlohmann::json summary =
      Close(trace, trace, {"--first", "100", "--reference", "0.42"},
            {"--first", "438"}, 300);
  EXPECT_EQ(OutcomeOf(summary, "complete"), "promote");
  EXPECT_EQ(OutcomeOf(summary, "no-leak"), "promote");
  const nlohmann::json record =
      nlohmann::json::parse(ReadFile(folder_ / "loop/summary.json"));
  EXPECT_NEAR(record.at("since_seconds"), 87.04, 2);
  EXPECT_EQ(record.at("samples"), 300);
}

TEST_F(DriftLoop, AModelOfAChainMeetsContention) {
  AIRLOCK_MEASURED_OR_SKIP(stage0, "nfv-chain/stage0_linear_combined.csv.xz");
  AIRLOCK_MEASURED_OR_SKIP(dag1,
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz");
  const std::string reference = folder_ / "stage0.h5";
  ASSERT_EQ(RunAirlock({"import", "drst", stage0, "-o", reference}).exit_code,
            0);
  Close(reference, dag1,
        {"--features", "function.bridge.instructions", "--treatment", "raw",
         "--model", folder_ / "champion.model"},
        {"--format", "drst"}, 600);
  EXPECT_THAT(out_, HasSubstr("retrain: the model's errors grew"));
}

}  // namespace
}  // namespace airlock::testing
