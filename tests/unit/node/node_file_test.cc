#include "twin/node/node_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

constexpr const char* kGood =
    "schema: 1\n"
    "name: n\n"
    "source: {kind: pcm, command: [pcm, '1', -csv]}\n"
    "registry: registry\n"
    "state: {folder: state}\n";

class NodeFileTest : public ::testing::Test {
 protected:
  // What is wrong with the text, without the folder; empty: nothing.
  std::string FindingsOf(const std::string& text) {
    std::ofstream(folder_ / "node.yaml") << text;
    Diagnostics diagnostics;
    const auto file = LoadNodeFile(folder_ / "node.yaml", {}, &diagnostics);
    EXPECT_EQ(file.has_value(), !diagnostics.has_errors());
    std::string findings = diagnostics.Format();
    for (size_t at;
         (at = findings.find(folder_.path() + "/")) != std::string::npos;) {
      findings.erase(at, folder_.path().size() + 1);
    }
    return findings;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(NodeFileTest, TheLeastFileIsGood) { EXPECT_EQ(FindingsOf(kGood), ""); }

struct WrongFile {
  const char* name;
  std::string text;  // instead of, or behind, the good file's
  const char* finding;
};

class WrongNodeFile : public NodeFileTest,
                      public ::testing::WithParamInterface<WrongFile> {};

TEST_P(WrongNodeFile, IsToldWithItsPosition) {
  EXPECT_THAT(FindingsOf(GetParam().text), HasSubstr(GetParam().finding));
}

std::string With(const std::string& more) { return kGood + more; }

INSTANTIATE_TEST_SUITE_P(
    All, WrongNodeFile,
    ::testing::Values(
        WrongFile{"NoYaml", "schema: [1\n", "node.yaml:2:1: error"},
        WrongFile{"UnknownKey", With("actoin: {rule: none}\n"),
                  "node.yaml:6:1: error: actoin"},
        WrongFile{"UnknownSource",
                  "schema: 1\nname: n\nsource: {kind: cpm}\n"
                  "registry: r\nstate: {folder: s}\n",
                  "node.yaml:3:16: error: source.kind"},
        WrongFile{"NoCommand",
                  "schema: 1\nname: n\nsource: {kind: perf}\n"
                  "registry: r\nstate: {folder: s}\n",
                  "'perf' needs the key 'command'"},
        WrongFile{"UselessKey",
                  "schema: 1\nname: n\n"
                  "source: {kind: pcm, command: [pcm], speed: 3}\n"
                  "registry: r\nstate: {folder: s}\n",
                  "node.yaml:3:44: error: source.speed: 'pcm' does not use it"},
        WrongFile{"NoUrl",
                  "schema: 1\nname: n\n"
                  "source: {kind: pcm-server, url: localhost}\n"
                  "registry: r\nstate: {folder: s}\n",
                  "node.yaml:3:33: error: source.url: 'localhost' is not a "
                  "URL"},
        WrongFile{"NoState",
                  "schema: 1\nname: n\nregistry: r\n"
                  "source: {kind: csv, path: a.csv}\n",
                  "state"},
        WrongFile{"StepsNotAscending",
                  With("action:\n  rule: steps\n  steps:\n"
                       "    - {from: 2, setting: 1}\n"
                       "    - {from: 2, setting: 0}\n"),
                  "node.yaml:10:14: error: action.steps.1.from: must be above"},
        WrongFile{"NoHoleForTheSetting",
                  With("action: {rule: proportional, gain: 1}\n"
                       "actuator: {kind: command, apply: [a], read: [b]}\n"),
                  "node.yaml:7:27: error: actuator.apply: no argument has "
                  "{setting}"},
        WrongFile{"ActionLongerThanAPeriod",
                  With("action: {rule: proportional, gain: 1}\n"
                       "actuator: {kind: command, apply: [a, '{setting}'], "
                       "read: [b], timeout: 400ms}\n"),
                  "node.yaml:7:1: error: actuator: to apply, verify and roll "
                  "back may take 1.84 s, longer than the period of 1 s"},
        WrongFile{"AlwaysStale", With("limits: {stale_after: 200ms}\n"),
                  "node.yaml:6:23: error: limits.stale_after: is below"},
        WrongFile{"NothingToApply", With("actuator: {kind: file, path: f}\n"),
                  "node.yaml:6:1: error: actuator: has nothing to apply"},
        WrongFile{"WrongUnit", With("limits: {inference: 5 seconds}\n"),
                  "node.yaml:6:21: error: limits.inference"},
        WrongFile{"PortTooLarge", With("metrics: {port: 70000}\n"),
                  "node.yaml:6:17: error: metrics.port"},
        WrongFile{"TriggerMissing", With("drift: {triggers: [no.trigger]}\n"),
                  "node.yaml:6:20: error: drift.triggers.0"},
        WrongFile{"MinimumAboveMaximum",
                  With("action: {rule: proportional, gain: 1, minimum: 2, "
                       "maximum: 1}\n"),
                  "action.minimum: is above the maximum"},
        WrongFile{"TwoSchemas", With("schema: 1\n"),
                  "node.yaml:6:1: error: schema"}),
    [](const auto& info) { return info.param.name; });

TEST(NodeKinds, EveryKeyThatAKindNamesIsOne) {
  const std::string reference = NodeKeyReference();
  for (const auto* kinds :
       {&SourceKinds(), &ActionRules(), &Fallbacks(), &ActuatorKinds()}) {
    for (const NodeFileKind& kind : *kinds) {
      for (const auto* keys : {&kind.needs, &kind.uses}) {
        for (const std::string& key : *keys) {
          EXPECT_THAT(reference, HasSubstr(key)) << kind.name;
        }
      }
    }
  }
}

TEST(NodeScenarios, AreGood) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           AIRLOCK_SOURCE_DIR "/scenarios/nodes")) {
    Diagnostics diagnostics;
    LoadNodeFile(entry.path().string(), {}, &diagnostics);
    EXPECT_EQ(diagnostics.Format(), "") << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
}

}  // namespace
}  // namespace airlock
