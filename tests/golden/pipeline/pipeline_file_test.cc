#include "twin/pipeline/pipeline_file.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/golden/scenario/golden.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

const std::string kPipelines = AIRLOCK_SOURCE_DIR "/scenarios/pipelines/";
const std::string kGolden = AIRLOCK_SOURCE_DIR "/tests/golden/pipeline/";

std::vector<fs::path> YamlFiles(const std::string& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(PipelineFile, EveryFileResolvesAndItsEchoResolvesToItself) {
  const std::vector<fs::path> files = YamlFiles(kPipelines);
  ASSERT_GE(files.size(), 3u);
  for (const fs::path& path : files) {
    SCOPED_TRACE(path);
    Diagnostics diagnostics;
    const auto file = LoadPipelineFile(path, {}, &diagnostics);
    ASSERT_TRUE(file) << diagnostics.Format();
    EXPECT_EQ(diagnostics.Format(), "");
    const std::string text = ResolvedPipelineText(*file);
    ExpectGolden(kGolden + "resolved/" + path.filename().string(), text);
    const auto again = LoadPipelineFile(
        kGolden + "resolved/" + path.filename().string(), {}, &diagnostics);
    ASSERT_TRUE(again) << diagnostics.Format();
    EXPECT_EQ(ResolvedPipelineText(*again), text);
  }
}

TEST(PipelineFile, NoFileIsTheDefaults) {
  Diagnostics diagnostics;
  const auto file = LoadPipelineFile("", {"target=latency_p50"}, &diagnostics);
  ASSERT_TRUE(file) << diagnostics.Format();
  EXPECT_EQ(file->target, "latency_p50");
  EXPECT_EQ(file->models, PipelineFile().models);
}

TEST(PipelineFile, EveryBadFileSaysWhy) {
  for (const fs::path& path : YamlFiles(kGolden + "bad")) {
    SCOPED_TRACE(path);
    Diagnostics diagnostics;
    EXPECT_FALSE(LoadPipelineFile(path, {}, &diagnostics));
    ExpectGolden(fs::path(path).replace_extension(".txt"),
                 Replaced(diagnostics.Format(), kGolden + "bad/", ""));
  }
}

TEST(PipelineFile, OneOfEverythingUsesEveryKey) {
  const std::string reference = PipelineKeyReference();
  Diagnostics diagnostics;
  const auto file =
      LoadPipelineFile(kPipelines + "one_of_everything.yaml", {}, &diagnostics);
  ASSERT_TRUE(file);
  const std::string text = ReadFile(kPipelines + "one_of_everything.yaml");
  size_t keys = 0;
  for (size_t at = 0;
       (at = reference.find("\n| `", at)) != std::string::npos;) {
    at += 4;
    const std::string key = reference.substr(at, reference.find('`', at) - at);
    EXPECT_NE(text.find(key + ":"), std::string::npos) << key;
    ++keys;
  }
  EXPECT_GT(keys, 20u);
}

}  // namespace
}  // namespace airlock
