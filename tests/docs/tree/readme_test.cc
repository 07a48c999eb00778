#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <sstream>

#include "sim/base/file.h"

namespace airlock {
namespace {

const std::string& Readme() {
  static const std::string text = ReadFile(AIRLOCK_SOURCE_DIR "/README.md");
  return text;
}

TEST(ReadmeTest, EveryPackageHasAReason) {
  std::istringstream list(
      ReadFile(AIRLOCK_SOURCE_DIR "/cmake/debian-packages.txt"));
  int packages = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    ++packages;
    EXPECT_NE(Readme().find("`" + line + "`"), std::string::npos) << line;
  }
  EXPECT_GT(packages, 20);
}

TEST(ReadmeTest, EveryPathThatItNamesIsThere) {
  const std::regex path(
      R"(`((sim|calibration|agents|twin|scenarios|data|tests|cmake)(/[a-z0-9_./-]+)?)`)");
  int paths = 0;
  for (std::sregex_iterator match(Readme().begin(), Readme().end(), path), end;
       match != end; ++match) {
    ++paths;
    EXPECT_TRUE(
        std::filesystem::exists(AIRLOCK_SOURCE_DIR "/" + (*match)[1].str()))
        << (*match)[1];
  }
  EXPECT_GT(paths, 20);
}

TEST(ReadmeTest, EveryFolderWithCodeIsInTheMap) {
  for (const char* top : {"sim", "calibration", "agents", "twin"}) {
    for (const auto& entry : std::filesystem::directory_iterator(
             std::string(AIRLOCK_SOURCE_DIR "/") + top)) {
      const std::string name =
          std::string(top) + "/" + entry.path().filename().string();
      EXPECT_NE(Readme().find("| `" + name + "` |"), std::string::npos) << name;
    }
  }
}

}  // namespace
}  // namespace airlock
