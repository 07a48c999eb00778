#include "twin/gate/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::TemporaryFolder;
using ::testing::ElementsAre;

TEST(InputFilesTest, AYamlFileIsReadWithAllThatItExtends) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "base.yaml", "a: 1\n");
  WriteFileAtomically(folder / "middle.yml", "extends: base.yaml\nb: 2\n");
  WriteFileAtomically(folder / "top.yaml", "extends: middle.yml\nc: 3\n");
  EXPECT_THAT(FilesReadAs(folder / "top.yaml"),
              ElementsAre(folder / "top.yaml", folder / "middle.yml",
                          folder / "base.yaml"));
  EXPECT_THAT(FilesReadAs(folder / "base.yaml"),
              ElementsAre(folder / "base.yaml"));
  // What cannot be read stays in, so that whoever reads it says so.
  EXPECT_THAT(FilesReadAs(folder / "none.yaml"),
              ElementsAre(folder / "none.yaml"));
}

TEST(InputFilesTest, ATraceIsReadWithItsRecord) {
  const TemporaryFolder folder;
  for (const char* name : {"a.csv.xz", "a.json", "b.csv", "c.h5", "c.json"}) {
    WriteFileAtomically(folder / name, "x");
  }
  EXPECT_THAT(FilesReadAs(folder / "a.csv.xz"),
              ElementsAre(folder / "a.csv.xz", folder / "a.json"));
  EXPECT_THAT(FilesReadAs(folder / "b.csv"), ElementsAre(folder / "b.csv"));
  EXPECT_THAT(FilesReadAs(folder / "c.h5"), ElementsAre(folder / "c.h5"));
}

TEST(InputFilesTest, AFolderIsAllItsFilesInOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"t/b.csv", "t/a.csv", "t/deep/c.csv"}) {
    WriteFileAtomically(folder / name, "x");
  }
  EXPECT_THAT(FilesReadAs(folder / "t"),
              ElementsAre(folder / "t/a.csv", folder / "t/b.csv",
                          folder / "t/deep/c.csv"));
}

TEST(InputFilesTest, AScenarioIsMadeOfWhatItExtendsAndNames) {
  Diagnostics diagnostics;
  const std::string path =
      AIRLOCK_SOURCE_DIR "/scenarios/datacentre/rehearsal.yaml";
  const auto scenario = LoadScenario(path, {}, &diagnostics);
  ASSERT_TRUE(scenario) << diagnostics.Format();
  const std::vector<std::string> files = FilesOf(*scenario);
  ASSERT_GE(files.size(), 2u);
  EXPECT_EQ(files[0], path);
  EXPECT_THAT(files[1],
              ::testing::EndsWith("scenarios/datacentre/testbed.yaml"));
}

}  // namespace
}  // namespace airlock
