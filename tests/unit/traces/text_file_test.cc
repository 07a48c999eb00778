#include "calibration/traces/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

// "time,a\n0,1\n1,2\n" as `xz` and `gzip` write it.
std::string SampleText() {
  std::string text = "time,a\n";
  for (int i = 0; i < 300; ++i) {
    text += std::to_string(i) + "," + std::to_string(i * i % 97) + "\n";
  }
  return text;
}

// The sample compressed by the program `tool`, or empty if there is none.
std::string Compressed(const testing::TemporaryFolder& folder,
                       const std::string& tool) {
  testing::WriteText(folder / "plain", SampleText());
  const std::string command = tool + " -c '" + (folder / "plain") + "' > '" +
                              (folder / "packed") + "' 2> /dev/null";
  if (std::system(command.c_str()) != 0) return "";
  return ReadFile(folder / "packed");
}

std::string FailureOf(const std::string& bytes) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "f", bytes);
  try {
    ReadTextFile(folder / "f");
  } catch (const InputError& error) {
    return std::string(error.what()).substr(folder.path().size() + 1);
  }
  return "";
}

class Compression : public ::testing::TestWithParam<const char*> {};

TEST_P(Compression, IsUndoneWhateverTheName) {
  const testing::TemporaryFolder folder;
  const std::string packed = Compressed(folder, GetParam());
  if (packed.empty()) GTEST_SKIP() << GetParam() << " is not installed";
  testing::WriteText(folder / "f.csv", packed);
  const TextFile file = ReadTextFile(folder / "f.csv");
  EXPECT_EQ(file.text, SampleText());
  EXPECT_EQ(file.sha256, Sha256(SampleText()));
}

TEST_P(Compression, AFileCutAnywhereIsRefused) {
  const testing::TemporaryFolder folder;
  const std::string packed = Compressed(folder, GetParam());
  if (packed.empty()) GTEST_SKIP() << GetParam() << " is not installed";
  for (size_t bytes = 6; bytes < packed.size(); bytes += 5) {
    EXPECT_THAT(FailureOf(packed.substr(0, bytes)),
                HasSubstr("the file is cut or corrupt"))
        << bytes << " of " << packed.size();
  }
}

TEST_P(Compression, ADamagedFileIsNeverReadAsOther) {
  const testing::TemporaryFolder folder;
  const std::string packed = Compressed(folder, GetParam());
  if (packed.empty()) GTEST_SKIP() << GetParam() << " is not installed";
  for (size_t i = 0; i < packed.size(); i += 7) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    testing::WriteText(folder / "f", damaged);
    try {
      EXPECT_EQ(ReadTextFile(folder / "f").text, SampleText()) << "byte " << i;
    } catch (const InputError&) {
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tools, Compression, ::testing::Values("xz", "gzip"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

TEST(ReadTextFile, NamesTheByteThatIsNotText) {
  EXPECT_EQ(FailureOf(std::string("ab\nc\0d\n", 7)),
            "f:2:2: error: a NUL byte: not a text file");
  EXPECT_EQ(FailureOf("ab\n\xC3(\n"),
            "f:2:1: error: byte 0xC3 is not UTF-8 text");
  EXPECT_EQ(FailureOf("\xED\xA0\x80\n"),
            "f:1:1: error: byte 0xED is not UTF-8 text");
  EXPECT_EQ(FailureOf("a\xFF\n"), "f:1:2: error: byte 0xFF is not UTF-8 text");
  EXPECT_EQ(FailureOf("gr\xC3\xBC\xC3\x9F\xF0\x9F\x8C\x8D\n"), "");
}

TEST(ReadTextFile, RefusesAnEmptyFileAndAFolder) {
  EXPECT_EQ(FailureOf(""), "f: error: the file is empty");
  EXPECT_EQ(FailureOf("\xEF\xBB\xBF"), "f: error: the file is empty");
  const testing::TemporaryFolder folder;
  EXPECT_THROW(ReadTextFile(folder.path()), InputError);
  EXPECT_THROW(ReadTextFile(folder / "none"), Error);
}

TEST(ReadTextFile, RemovesTheByteOrderMark) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "f", "\xEF\xBB\xBFtime\n");
  const TextFile file = ReadTextFile(folder / "f");
  EXPECT_EQ(file.text, "time\n");
  EXPECT_EQ(file.sha256, Sha256("\xEF\xBB\xBFtime\n"));
}

TEST(Quoted, ShortensAndHidesControlCharacters) {
  EXPECT_EQ(Quoted("a\tb"), "'a?b'");
  EXPECT_EQ(Quoted(std::string(50, 'x')), "'" + std::string(40, 'x') + "...'");
}

}  // namespace
}  // namespace airlock
