#include "sim/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "sim/base/error.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = (fs::temp_directory_path() / "airlock-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }

  int Entries() const {
    return static_cast<int>(std::distance(fs::directory_iterator(folder_),
                                          fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(FileTest, WritesAndReplacesAndLeavesNothingElse) {
  const std::string path = folder_ / "a";
  WriteFileAtomically(path, "one");
  EXPECT_EQ(ReadFile(path), "one");
  WriteFileAtomically(path, "two");
  EXPECT_EQ(ReadFile(path), "two");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(FileTest, AFailedWriterKeepsTheOldFile) {
  const std::string path = folder_ / "a";
  WriteFileAtomically(path, "one");
  EXPECT_THROW(WriteAtomically(path,
                               [](const std::string& temporary) {
                                 WriteFileAtomically(temporary, "half");
                                 throw Error("disk full");
                               }),
               Error);
  EXPECT_EQ(ReadFile(path), "one");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(FileTest, MissingFileIsNamed) {
  try {
    ReadFile(folder_ / "none");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kInput);
    EXPECT_EQ(std::string(error.what()), "cannot read " +
                                             (folder_ / "none").string() +
                                             ": No such file or directory");
  }
}

TEST_F(FileTest, MakesTheFoldersAboveAFile) {
  const std::string path = folder_ / "a/b/c";
  WriteFileAtomically(path, "one");
  EXPECT_EQ(ReadFile(path), "one");
}

TEST_F(FileTest, OnlyAPlainFileIsReplaced) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(WriteFileAtomically(pipe, "one"), Error);
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_THROW(WriteFileAtomically(folder_, "one"), Error);
  EXPECT_EQ(Entries(), 1);
}

TEST_F(FileTest, AFolderOfOthersIsNotReplaced) {
  const std::string path = folder_ / "precious";
  fs::create_directory(path);
  WriteFileAtomically(path + "/thesis", "1");
  EXPECT_THROW(OutputFolder(path, true), InputError);
  EXPECT_THROW(OutputFolder("", false), InputError);
  EXPECT_EQ(ReadFile(path + "/thesis"), "1");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(FileTest, OutputFolderAppearsWholeOrNotAtAll) {
  const std::string path = folder_ / "out";
  {
    OutputFolder folder(path + "/", false);
    WriteFileAtomically(folder.path() + "/x", "1");
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_EQ(Entries(), 0);
  OutputFolder folder(path, false);
  WriteFileAtomically(folder.path() + "/x", "1");
  folder.Commit();
  EXPECT_EQ(ReadFile(path + "/x"), "1");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(FileTest, AnExistingOutputFolderIsRefusedOrReplacedWhole) {
  const std::string path = folder_ / "out";
  fs::create_directory(path);
  WriteFileAtomically(path + "/old", "1");
  WriteFileAtomically(path + "/summary.json", "{}");
  try {
    OutputFolder folder(path, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kInput);
    EXPECT_EQ(std::string(error.what()),
              path + " exists; choose another folder or pass --overwrite");
  }
  OutputFolder folder(path, true);
  WriteFileAtomically(folder.path() + "/new", "2");
  EXPECT_TRUE(fs::exists(path + "/old"));
  folder.Commit();
  EXPECT_FALSE(fs::exists(path + "/old"));
  EXPECT_EQ(ReadFile(path + "/new"), "2");
  EXPECT_EQ(Entries(), 1);
}

}  // namespace
}  // namespace airlock
