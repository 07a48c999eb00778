#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace airlock::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kScenario[] = "scenarios/datacentre/quickstart.yaml";
// Long enough to be interrupted.
const std::vector<std::string> kLong = {"--set", "run.duration=300s"};

std::vector<std::string> RunCommand(const std::string& out,
                                    const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"run", kScenario, "-o", out};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

std::vector<std::string> WithProgram(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), AIRLOCK_BINARY_DIR "/airlock");
  return arguments;
}

// Processes below `pid`, from /proc.
std::set<pid_t> Descendants(pid_t pid) {
  std::set<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream stat(entry.path() / "stat");
    std::string text;
    if (!std::getline(stat, text)) continue;
    const size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    std::istringstream rest(text.substr(name_end + 2));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    if (parent == pid) {
      const pid_t child = std::stoi(entry.path().filename().string());
      found.insert(child);
      for (const pid_t grandchild : Descendants(child)) {
        found.insert(grandchild);
      }
    }
  }
  return found;
}

// Waits until the run has a worker with a replication under way.
std::set<pid_t> WaitForReplications(pid_t airlock) {
  for (int i = 0; i < 600; ++i) {
    const std::set<pid_t> running = Descendants(airlock);
    if (running.size() >= 2) return running;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

bool AnyAlive(const std::set<pid_t>& processes) {
  for (int i = 0; i < 100; ++i) {
    bool alive = false;
    for (const pid_t process : processes) {
      std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
      std::string text;
      if (std::getline(stat, text) && text.find(") Z ") == std::string::npos) {
        alive = true;
      }
    }
    if (!alive) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

TEST(RunTest, WritesAFolderThatReportAndDiffRead) {
  const TemporaryFolder folder;
  const ProgramResult run =
      RunAirlock(RunCommand(folder / "a", {"--replications", "3", "--json"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const char* name :
       {"scenario.resolved.yaml", "result.h5", "summary.json", "log.txt"}) {
    EXPECT_TRUE(fs::exists(folder / "a/" + name)) << name;
  }
  const auto answer = nlohmann::json::parse(run.out);
  EXPECT_EQ(answer["replications"], 3);
  EXPECT_FALSE(answer["metrics"].empty());
  EXPECT_EQ(RunAirlock({"report", folder / "a"}).exit_code, 0);

  // The resolved scenario runs as it is and gives the same digest.
  const ProgramResult again =
      RunAirlock({"run", folder / "a/scenario.resolved.yaml", "-o",
                  folder / "b", "--jobs", "1", "--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(nlohmann::json::parse(again.out)["digest"], answer["digest"]);
  const ProgramResult same = RunAirlock({"diff", folder / "a", folder / "b"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.out, HasSubstr("equal digests"));
}

// Every decision of a planner is in the folder, the same for any number of
// jobs; without planner there is no such file.
TEST(RunTest, WritesEveryDecisionOfAPlanner) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& out, const std::string& agent,
                       const std::string& jobs) {
    std::vector<std::string> words = {"run",
                                      "scenarios/wlan/generated.yaml",
                                      "-o",
                                      folder / out,
                                      "--replications",
                                      "2",
                                      "--jobs",
                                      jobs,
                                      "--observations"};
    for (const std::string& key :
         {"controller.agent=" + agent, std::string("run.duration=4800s"),
          std::string("wlan.generated.access_points=6"),
          std::string("wlan.generated.neighbours=4"),
          std::string("wlan.airtime.dropped_slots=0"),
          std::string("wlan.region=EU")}) {
      words.insert(words.end(), {"--set", key});
    }
    const ProgramResult end = RunAirlock(words);
    ASSERT_EQ(end.exit_code, 0) << end.err;
  };
  run("a", "turboca", "1");
  run("b", "turboca", "2");
  run("c", "static", "1");
  const auto text = [&](const std::string& path) {
    std::ifstream file(folder / path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string decisions = text("a/decisions.csv");
  EXPECT_EQ(decisions, text("b/decisions.csv"));
  EXPECT_EQ(decisions.rfind("replication,time [s],access_point,", 0), 0u);
  for (const char* one : {"\n0,600,", "\n0,4200,", "\n1,600,", "\n1,4200,"}) {
    EXPECT_THAT(decisions, HasSubstr(one));
  }
  EXPECT_THAT(decisions, HasSubstr(",planner,is to hear less of others\n"));
  EXPECT_EQ(text("a/observations-1.h5").size(),
            text("b/observations-1.h5").size());
  EXPECT_EQ(RunAirlock({"diff", folder / "a", folder / "b"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(folder / "c/decisions.csv"));
  EXPECT_TRUE(fs::exists(folder / "c/observations-0.h5"));
}

TEST(RunTest, OneReplicationHasNoInterval) {
  const TemporaryFolder folder;
  const ProgramResult run =
      RunAirlock(RunCommand(folder / "a", {"--replications", "1"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("needs 2 replications"));
  EXPECT_THAT(run.out, Not(HasSubstr("nan")));
}

TEST(RunTest, AnExistingFolderIsKept) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(RunCommand(folder.path()));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err, "airlock: " + folder.path() +
                         " exists; choose another folder or pass "
                         "--overwrite\n");
}

TEST(RunTest, AWrongScenarioRunsNothing) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(
      RunCommand(folder / "out", {"--set", "run.duration=3 parsecs"}));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("--set run.duration=3 parsecs"));
  EXPECT_THAT(run.err, HasSubstr("1 error; nothing was run"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(RunTest, AnUnknownAgentIsAnErrorWithThePlace) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(
      RunCommand(folder / "out", {"--set", "controller.agent=statc"}));
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err,
              HasSubstr("no such agent: 'statc'; known agents: static"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(RunTest, AWorkerThatCannotStartIsNamed) {
  const TemporaryFolder folder;
  const ProgramResult run = RunAirlock(RunCommand(folder / "out"),
                                       {"AIRLOCK_WORKER=/nonexistent/worker"});
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr("cannot start /nonexistent/worker"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(RunTest, AKilledReplicationEndsTheRun) {
  const TemporaryFolder folder;
  Program program(WithProgram(RunCommand(folder / "out", kLong)),
                  AIRLOCK_SOURCE_DIR);
  const std::set<pid_t> processes = WaitForReplications(program.pid());
  ASSERT_GE(processes.size(), 2u);
  kill(*processes.rbegin(), SIGKILL);  // the youngest: a replication
  const ProgramResult run = program.Wait();
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err,
              HasSubstr("ended without a result (killed by signal 9)"));
  EXPECT_EQ(folder.CountEntries(), 0);
  EXPECT_FALSE(AnyAlive(processes));
}

TEST(RunTest, AKilledWorkerEndsTheRun) {
  const TemporaryFolder folder;
  Program program(WithProgram(RunCommand(folder / "out", kLong)),
                  AIRLOCK_SOURCE_DIR);
  const std::set<pid_t> processes = WaitForReplications(program.pid());
  ASSERT_GE(processes.size(), 2u);
  kill(*processes.begin(), SIGKILL);  // the eldest: the worker
  const ProgramResult run = program.Wait();
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr("the worker ended before its work (killed by "
                                 "signal 9 (Killed)); replications 0, 1"));
  EXPECT_EQ(folder.CountEntries(), 0);
  EXPECT_FALSE(AnyAlive(processes));
}

class SignalTest : public ::testing::TestWithParam<int> {};

TEST_P(SignalTest, EndsTheRunAndLeavesNothing) {
  const TemporaryFolder folder;
  Program program(WithProgram(RunCommand(folder / "out", kLong)),
                  AIRLOCK_SOURCE_DIR);
  const std::set<pid_t> processes = WaitForReplications(program.pid());
  ASSERT_GE(processes.size(), 2u);
  kill(program.pid(), GetParam());
  const ProgramResult run = program.Wait();
  EXPECT_FALSE(AnyAlive(processes));
  EXPECT_FALSE(fs::exists(folder / "out"));
  if (GetParam() == SIGKILL) return;  // a hidden leftover is allowed
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_THAT(run.err, HasSubstr("interrupted; nothing was written"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalTest,
                         ::testing::Values(SIGINT, SIGTERM, SIGHUP, SIGKILL));

TEST(RunTest, AFullDiskLeavesNothingHalfWritten) {
  const TemporaryFolder folder;
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=16k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs is not allowed here";
  }
  const ProgramResult run =
      RunAirlock(RunCommand(folder / "out", {"--replications", "2"}));
  EXPECT_EQ(run.exit_code, 5);
  EXPECT_THAT(run.err, HasSubstr("No space left on device"));
  EXPECT_EQ(folder.CountEntries(), 0);
  umount(folder.path().c_str());
}

}  // namespace
}  // namespace airlock::testing
