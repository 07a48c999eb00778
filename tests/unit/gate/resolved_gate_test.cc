#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"
#include "twin/gate/gate_file.h"

// What a gate writes as gate.resolved.yaml is a gate file, and the same one.
namespace airlock::testing {
namespace {

std::string Resolved(const std::string& path,
                     const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  const auto file = LoadGateFile(path, overrides, &diagnostics);
  EXPECT_TRUE(file) << diagnostics.Format();
  return file ? ResolvedGateText(*file) : "";
}

void ExpectReadAgain(const std::string& path,
                     const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  const std::string text = Resolved(path, overrides);
  WriteFileAtomically(folder / "again.yaml", text);
  EXPECT_EQ(Resolved(folder / "again.yaml", {}), text) << path;
}

TEST(ResolvedGate, EveryShippedFileIsReadAgain) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           AIRLOCK_SOURCE_DIR "/scenarios/gates")) {
    // Beside them lie a program and a table that they name.
    if (entry.path().extension() != ".yaml") continue;
    ExpectReadAgain(entry.path().string(), {});
    ++files;
  }
  EXPECT_GE(files, 5);
}

// Such a file has no forecaster.
TEST(ResolvedGate, AFittedModelIsReadAgain) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "a.model", "{}");
  WriteFileAtomically(folder / "gate.yaml",
                      "schema: 1\nname: fitted\ntrace: {path: a.model}\n"
                      "candidate: {name: a, model: a.model}\n"
                      "incumbent: {name: b, forecaster: constant}\n"
                      "criteria: [{kind: complete, at_least: 60}]\n");
  ExpectReadAgain(folder / "gate.yaml", {});
}

TEST(ResolvedGate, NoForecasterAndNoFileIsStillAnError) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "a.csv", "time,a\n0,1\n");
  WriteFileAtomically(folder / "gate.yaml",
                      "schema: 1\nname: none\ntrace: {path: a.csv}\n"
                      "candidate: {name: a, forecaster: \"\"}\n"
                      "incumbent: {name: b, forecaster: constant}\n"
                      "criteria: [{kind: complete, at_least: 60}]\n");
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadGateFile(folder / "gate.yaml", {}, &diagnostics));
  EXPECT_THAT(diagnostics.Format(), ::testing::HasSubstr("candidate"));
}

}  // namespace
}  // namespace airlock::testing
