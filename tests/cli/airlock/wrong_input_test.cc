#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// What a user gives that is wrong, to every verb that reads samples: a message
// that says where, the exit code of a wrong input, and files as they were.
namespace airlock::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kHeader =
    "time [s],delivered_rate [bit/s],work [1],queue [packet]\n";

// Row `i` of a stream whose target follows `work`.
std::string Row(int i, const std::string& work = "") {
  const int noise = i * i * 7 % 31;
  const double busy = 0.3 + 0.01 * (i * 13 % 40);
  return fmt::format("{},{},{},{}\n", i, 1000 * busy + noise,
                     work.empty() ? fmt::format("{}", busy) : work,
                     i * 29 % 17);
}

std::string Rows(
    int begin, int end,
    const std::function<std::string(int)>& row = [](int i) { return Row(i); }) {
  std::string text;
  for (int i = begin; i < end; ++i) text += row(i);
  return text;
}

// One model and one trigger for all tests.
class WrongInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    WriteFileAtomically(Path("good.csv"), kHeader + Rows(0, 400));
    const ProgramResult fit = RunAirlock(
        {"forecast", "fit", Path("good.csv"), "--forecaster", "ridge",
         "--features", "work", "queue", "-o", Path("model")});
    ASSERT_EQ(fit.exit_code, 0) << fit.err;
    const ProgramResult trigger =
        RunAirlock({"drift", "calibrate", Path("good.csv"), "--features",
                    "work", "queue", "--treatment", "raw", "--run-length",
                    "1000", "--replications", "20", "-o", Path("trigger")});
    ASSERT_EQ(trigger.exit_code, 0) << trigger.err;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Path(const std::string& name) { return *folder_ / name; }

  // The verb on a CSV, its output (if it has one) over an old file.
  static ProgramResult RunVerb(const std::string& verb, const std::string& csv,
                               std::vector<std::string> more = {}) {
    WriteFileAtomically(Path("in.csv"), csv);
    WriteFileAtomically(Path("old"), "old");
    std::vector<std::string> command;
    if (verb == "fit") {
      command = {
          "forecast",   "fit", Path("in.csv"), "--forecaster", "ridge",
          "--features", "*",   "-o",           Path("old"),    "--overwrite"};
    } else if (verb == "predict") {
      command = {"forecast", "predict",   Path("model"), Path("in.csv"),
                 "-o",       Path("old"), "--overwrite"};
    } else if (verb == "calibrate") {
      command = {"drift", "calibrate",   Path("in.csv"), "--features",
                 "work",  "--treatment", "raw",          "--replications",
                 "20",    "-o",          Path("old"),    "--overwrite"};
    } else {
      command = {"drift", "watch", Path("trigger"), Path("in.csv")};
    }
    command.insert(command.end(), more.begin(), more.end());
    return RunAirlock(command);
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* WrongInput::folder_ = nullptr;

TEST_F(WrongInput, IsRefusedByEveryVerbWithItsPlace) {
  const std::string good = Rows(0, 300);
  const std::string header = kHeader;
  struct Case {
    const char* what;
    std::string csv;
    std::vector<const char*> verbs;
    const char* message;
  };
  const std::vector<const char*> all = {"fit", "predict", "calibrate", "watch"};
  const std::vector<Case> cases = {
      {"category", header + Row(0) + Row(1, "idle") + good, all, "in.csv:3:"},
      {"clock back", header + good + Row(120), all, "in.csv:302:1"},
      {"no rows", header, all, "no row of values below the header"},
      {"cells", header + Row(0) + "1,2\n", all, "in.csv:3"},
      {"renamed",
       "time,delivered_rate [bit/s],wrk,queue [packet]\n" + good,
       {"predict", "watch"},
       "work"},
      {"renamed for a trigger",
       "time,delivered_rate [bit/s],wrk,queue [packet]\n" + good,
       {"calibrate"},
       "in.csv' is watched"},
      {"units",
       "time,delivered_rate [bit/s],work [s],queue [packet]\n" + good,
       {"predict", "watch"},
       "work is in 's' instead of '1'"},
      {"constant target",
       header + Rows(0, 300,
                     [](int i) {
                       return fmt::format("{},5,{},{}\n", i, i % 7, i % 5);
                     }),
       {"fit"},
       "delivered_rate is constant (5)"},
      {"all missing",
       header + Rows(0, 300, [](int i) { return Row(i, "NaN"); }),
       {"calibrate"},
       "work"},
      {"too short", header + Rows(0, 4), {"fit"}, "sample"},
      {"too short for a trigger",
       header + Rows(0, 4),
       {"calibrate"},
       "the reference has 2 values; ranks among it need 20"},
  };
  for (const Case& c : cases) {
    for (const char* verb : c.verbs) {
      const ProgramResult result = RunVerb(verb, c.csv);
      EXPECT_EQ(result.exit_code, 3) << c.what << " " << verb << result.out;
      EXPECT_THAT(result.err, HasSubstr(c.message)) << c.what << " " << verb;
      EXPECT_EQ(ReadFile(Path("old")), "old") << c.what << " " << verb;
    }
  }
}

TEST_F(WrongInput, ColumnsGoByTheirNames) {
  std::string reordered = "queue [packet],work,time,delivered_rate [bit/s]\n";
  std::string plain = kHeader;
  for (int i = 0; i < 100; ++i) {
    const double busy = 0.3 + 0.01 * (i * 13 % 40);
    reordered += fmt::format("{},{},{},\n", i % 17, busy, i);
    plain += fmt::format("{},,{},{}\n", i, busy, i % 17);
  }
  ASSERT_EQ(RunVerb("predict", reordered).exit_code, 0);
  const std::string predicted = ReadFile(Path("old"));
  ASSERT_EQ(RunVerb("predict", plain).exit_code, 0);
  EXPECT_EQ(ReadFile(Path("old")), predicted);
}

TEST_F(WrongInput, AFeatureOutsideItsTrainingRangeIsFlaggedAndCounted) {
  // The model also reads `work` of the sample before.
  const std::string csv = kHeader + Rows(0, 50) + Row(50, "9") + Row(51, "-9");
  const ProgramResult result = RunVerb("predict", csv, {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("2 of 51 samples lie outside what the "
                                    "model was trained on: work (2), "
                                    "work@-1 (1)"));
  const nlohmann::json answer = nlohmann::json::parse(ReadFile(Path("old")));
  EXPECT_EQ(answer.at("samples_outside"), 2);
  EXPECT_EQ(answer.at("outside_by_feature").at("work"), 2);
  EXPECT_EQ(answer.at("predictions").at(48).at("outside"), 0);
  EXPECT_EQ(answer.at("predictions").at(49).at("outside"), 1);
  EXPECT_EQ(answer.at("predictions").at(50).at("outside"), 2);
}

TEST_F(WrongInput, AFeatureWithoutAValueIsReplacedAndCounted) {
  const std::string csv =
      kHeader + Rows(0, 50, [](int i) { return Row(i, "NaN"); });
  const ProgramResult result = RunVerb("predict", csv);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("98 missing values"));
}

TEST_F(WrongInput, AStreamThatIsTooShortForTheWindow) {
  const std::string csv = kHeader + Rows(0, 300);
  EXPECT_THAT(RunVerb("calibrate", csv,
                      {"--detector", "jensen-shannon", "--set", "window=5000",
                       "--run-length", "100000"})
                  .err,
              HasSubstr("window"));
  const ProgramResult result = RunVerb("calibrate", csv,
                                       {"--detector", "jensen-shannon", "--set",
                                        "window=100", "--run-length", "50"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err,
              AnyOf(HasSubstr("run length"), HasSubstr("run_length"),
                    HasSubstr("--run-length")));
  EXPECT_EQ(ReadFile(Path("old")), "old");
}

TEST_F(WrongInput, MessagesNameTheFile) {
  const ProgramResult result =
      RunVerb("predict", "time,other\n" + std::string("0,1\n1,2\n"));
  EXPECT_THAT(result.err, HasSubstr("trace '" + Path("in.csv") + "'"));
}

// The tool's CSV has no units; its record beside it, or one that is named, has.
TEST_F(WrongInput, ATestbedsCsvIsReadWhileItGrows) {
  const auto column = [](const char* name, const char* role, const char* unit) {
    return fmt::format(
        R"({{"name": "{}", "role": "{}", "unit": "{}", "scope": "system",)"
        R"( "scope_id": "", "description": ""}})",
        name, role, unit);
  };
  const std::string record = fmt::format(
      R"({{"schema": "airlock-testbed-trace", "columns": [{}, {}, {}]}})",
      column("delivered_rate", "kpi", "bit/s"), column("work", "counter", "1"),
      column("queue", "counter", "packet"));
  const std::string csv = "time,delivered_rate,work,queue\n" + Rows(0, 100);
  const std::string path = Path("live.csv");
  const auto watch = [&](std::vector<std::string> more) {
    std::vector<std::string> command = {"drift", "watch", Path("trigger"),
                                        path};
    command.insert(command.end(), more.begin(), more.end());
    return RunAirlock(command);
  };
  WriteFileAtomically(path, csv);
  const ProgramResult without = watch({});
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.err, HasSubstr("queue is in '1' instead of 'packet'"));
  WriteFileAtomically(Path("columns.json"), record);
  EXPECT_EQ(watch({"--columns", Path("columns.json")}).exit_code, 0);
  WriteFileAtomically(Path("live.json"), record);

  const size_t half = csv.find("\n50,") + 3;
  WriteFileAtomically(path, csv.substr(0, half));
  Program follow({AIRLOCK_BINARY_DIR "/airlock", "drift", "watch",
                  Path("trigger"), path, "--follow", "--idle", "1"});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::ofstream(path, std::ios::app) << csv.substr(half);
  const ProgramResult result = follow.Wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("no drift in 100 samples"));
}

}  // namespace
}  // namespace airlock::testing
