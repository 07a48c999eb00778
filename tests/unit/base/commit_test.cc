#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// cmake/commit.cmake, which every build runs.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

int Shell(const std::string& command) {
  return Run({"/bin/sh", "-c", command}).exit_code;
}

std::string CommitIn(const TemporaryFolder& folder) {
  const std::string in = folder / "in";
  const std::string out = folder / "out";
  WriteFileAtomically(in, "<@AIRLOCK_GIT_COMMIT@>\n");
  EXPECT_EQ(Run({"/usr/bin/env", "cmake", "-D",
                 "SOURCE_DIR=" + (folder / "tree"), "-D", "IN=" + in, "-D",
                 "OUT=" + out, "-P", AIRLOCK_SOURCE_DIR "/cmake/commit.cmake"})
                .exit_code,
            0);
  const std::string text = ReadFile(out);
  return text.substr(0, text.find('\n'));
}

TEST(CommitTest, FollowsTheCommitAndLeavesTheFileAloneOtherwise) {
  if (Shell("git --version") != 0) GTEST_SKIP() << "git is not installed";
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "tree");
  EXPECT_EQ(CommitIn(folder), "<unknown>");

  const std::string commit =
      "cd " + (folder / "tree") +
      " && git init -q . && date +%N >> a && git add a && git -c user.name=a "
      "-c user.email=a@example.org commit -q -m a";
  ASSERT_EQ(Shell(commit), 0);
  const std::string first = CommitIn(folder);
  EXPECT_THAT(first, ::testing::MatchesRegex("<[0-9a-f]{12}>"));
  const auto written = std::filesystem::last_write_time(folder / "out");
  EXPECT_EQ(CommitIn(folder), first);
  EXPECT_EQ(std::filesystem::last_write_time(folder / "out"), written);

  WriteFileAtomically(folder / "tree/a", "changed");
  EXPECT_THAT(CommitIn(folder), HasSubstr("-dirty>"));
  ASSERT_EQ(Shell(commit), 0);
  EXPECT_NE(CommitIn(folder), first);
}

// A tree without a repository of its own, inside somebody else's.
TEST(CommitTest, TakesNoOtherRepositorysCommit) {
  if (Shell("git --version") != 0) GTEST_SKIP() << "git is not installed";
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "tree");
  ASSERT_EQ(Shell("cd " + folder.path() +
                  " && git init -q . && touch a && git add a && git -c "
                  "user.name=a -c user.email=a@example.org commit -q -m a"),
            0);
  EXPECT_EQ(CommitIn(folder), "<unknown>");
}

}  // namespace
}  // namespace airlock::testing
