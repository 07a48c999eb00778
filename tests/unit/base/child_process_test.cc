#include "sim/base/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "sim/base/file.h"
#include "sim/base/frame.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

// A program that is the shell script `text`.
std::string Script(const testing::TemporaryFolder& folder,
                   const std::string& text) {
  const std::string path = folder.path() + "/program";
  WriteFileAtomically(path, "#!/bin/sh\n" + text);
  chmod(path.c_str(), 0755);
  return path;
}

TEST(ChildProcessTest, WhatGoesInComesOut) {
  ChildProcess cat("/bin/cat");
  for (int i = 0; i < 3; ++i) {
    WriteFrame(cat.input(), {{"number", i}});
    nlohmann::json frame;
    ASSERT_TRUE(ReadFrame(cat.output(), &frame));
    EXPECT_EQ(frame.at("number"), i);
  }
  EXPECT_EQ(cat.DescribeEnd(), "exit code 0");
}

TEST(ChildProcessTest, ItsEndHasItsLastWords) {
  const testing::TemporaryFolder folder;
  ChildProcess child(Script(folder, "echo out of ideas >&2; exit 3"));
  nlohmann::json frame;
  EXPECT_FALSE(ReadFrame(child.output(), &frame));
  EXPECT_EQ(child.DescribeEnd(), "exit code 3; it said: out of ideas");
}

TEST(ChildProcessTest, ASignalIsNamed) {
  const testing::TemporaryFolder folder;
  ChildProcess child(Script(folder, "kill -9 $$"));
  EXPECT_EQ(child.DescribeEnd(), "killed by signal 9 (Killed)");
}

TEST(ChildProcessTest, AProgramThatIsNotThereSaysSo) {
  ChildProcess child("/no/such/program");
  EXPECT_THAT(child.DescribeEnd(),
              HasSubstr("exit code 127; it said: cannot start "
                        "/no/such/program: No such file or directory"));
}

TEST(ChildProcessTest, ItEndsWithItsOwner) {
  const testing::TemporaryFolder folder;
  const std::string pid_file = folder.path() + "/pid";
  pid_t pid = 0;
  {
    ChildProcess child(Script(folder, "echo $$ > " + pid_file + "; exec cat"));
    WriteFrame(child.input(), {{"type", "ping"}});
    nlohmann::json frame;
    ASSERT_TRUE(ReadFrame(child.output(), &frame));
    pid = static_cast<pid_t>(std::stol(ReadFile(pid_file)));
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(ChildProcessTest, AProgramIsFoundBesideUsOrWhereTheVariableSays) {
  unsetenv("AIRLOCK_TEST_PROGRAM");
  EXPECT_THAT(ProgramPath("airlock-x", "AIRLOCK_TEST_PROGRAM"),
              HasSubstr("/airlock-x"));
  setenv("AIRLOCK_TEST_PROGRAM", "/there/it/is", 1);
  EXPECT_EQ(ProgramPath("airlock-x", "AIRLOCK_TEST_PROGRAM"), "/there/it/is");
}

}  // namespace
}  // namespace airlock
