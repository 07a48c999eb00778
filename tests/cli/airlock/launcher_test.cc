#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The launcher `airlock` in the source folder, before it builds anything. Its
// errors are exit code 5: 1 would be a gate's reject.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

ProgramResult Launch(const std::string& build_folder) {
  return Run({AIRLOCK_SOURCE_DIR "/airlock", "--no-install", "--version"}, ".",
             {"AIRLOCK_BUILD_DIR=" + build_folder});
}

TEST(LauncherTest, ABuildFolderOfAnotherCheckoutIsNotUsed) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "CMakeCache.txt",
                      "CMAKE_HOME_DIRECTORY:INTERNAL=" + folder.path() + "\n");
  const ProgramResult result = Launch(folder.path());
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("builds " + folder.path()));
}

TEST(LauncherTest, ABuildFolderThatCannotBeMadeIsNamed) {
  const ProgramResult result = Launch("/proc/nowhere");
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("build folder /proc/nowhere"));
}

}  // namespace
}  // namespace airlock::testing
