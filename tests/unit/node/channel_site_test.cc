#include "twin/node/channel_site.h"

#include <gmock/gmock.h>

#include "agents/baselines/agent_table.h"
#include "sim/base/file.h"
#include "tests/support/temporary_folder.h"

// What a node file with `channels` may say, and where a finding points to.
namespace airlock {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

class ChannelSiteTest : public ::testing::Test {
 protected:
  ChannelSiteTest() { WriteScenario("agent: turboca"); }

  void WriteScenario(const std::string& controller) {
    WriteFileAtomically(folder_ / "wlan.yaml",
                        "extends: " AIRLOCK_SOURCE_DIR
                        "/scenarios/wlan/generated.yaml\n"
                        "controller: {interval: 600s, " +
                            controller +
                            "}\nwlan: {generated: {access_points: 5, "
                            "neighbours: 3}, max_width: 80MHz}\n");
  }
  std::string Write(const std::string& channels, const std::string& more) {
    const bool limits = more.find("limits:") == std::string::npos;
    WriteFileAtomically(folder_ / "node.yaml",
                        "schema: 1\nname: channels\n"
                        "source: {kind: replay, path: seen.h5, period: 600s}\n"
                        "channels: {scenario: wlan.yaml" +
                            channels + "}\nstate: {folder: state}\n" +
                            (limits ? "limits: {stale_after: 900s}\n" : "") +
                            more);
    return folder_ / "node.yaml";
  }
  std::optional<NodeFile> Load(const std::string& channels,
                               const std::string& more = "") {
    Diagnostics found;
    auto file = LoadNodeFile(Write(channels, more), {}, &found);
    errors_ = found.Format();
    return file;
  }
  // Everything that is wrong with it.
  std::string Error(const std::string& channels, const std::string& more = "") {
    const auto file = Load(channels, more);
    if (!file) return errors_;
    try {
      ChannelSite(*file).Check();
    } catch (const NodeFileError& error) {
      return error.what();
    }
    return "nothing";
  }

  TemporaryFolder folder_;
  std::string errors_;
};

TEST_F(ChannelSiteTest, TakesTheNetworkAndThePlannerOfTheScenario) {
  const auto file = Load("");
  ASSERT_TRUE(file) << errors_;
  const ChannelSite site(*file);
  EXPECT_EQ(site.parts().size(), 5u);
  EXPECT_EQ(site.every(), 1);
  EXPECT_EQ(site.slot_seconds(), 600);
  EXPECT_EQ(site.acting_name(), "turboca");
  EXPECT_EQ(site.fallback(), "static");
  EXPECT_EQ(site.Shadow(), nullptr);
  const auto every = Load(", every: 3, fallback: legacy-daily");
  ASSERT_TRUE(every) << errors_;
  EXPECT_EQ(ChannelSite(*every).slot_seconds(), 1800);
  EXPECT_EQ(ChannelSite(*every).fallback(), "legacy-daily");
  WriteScenario("agent: turboca, fallback: {planner: greedy}");
  EXPECT_EQ(ChannelSite(*file).fallback(), "greedy");
}

TEST_F(ChannelSiteTest, APolicyThatDoesNotFit) {
  EXPECT_THAT(Error(std::string(", agent: net2seq, policy: ") + kPolicy),
              AllOf(HasSubstr("node.yaml:4:57: error: channels.policy:"),
                    HasSubstr("trained for 1 bonding levels; the network may "
                              "bond at 3")));
  EXPECT_THAT(Error(", agent: net2seq"),
              AllOf(HasSubstr("node.yaml:4:1: error: channels.policy: agent "
                              "'net2seq' needs a trained policy")));
  EXPECT_THAT(Error(std::string(", policy: ") + kPolicy),
              HasSubstr("channels.policy: agent 'turboca' is not trained and "
                        "takes no policy"));
  WriteFileAtomically(folder_ / "p.json", "{}");
  EXPECT_THAT(Error(", agent: net2seq, policy: p.json"),
              AllOf(HasSubstr("channels.policy:"), HasSubstr("p.json")));
  EXPECT_THAT(Error(", agent: net2seq, policy: no.json"),
              HasSubstr("channels.policy: there is no file 'no.json'"));
}

TEST_F(ChannelSiteTest, AnAgentThatCannotRunHere) {
  EXPECT_THAT(Error(", agent: oracle"),
              AllOf(HasSubstr("node.yaml:4:40: error: channels.agent:"),
                    HasSubstr("wants to know the loads to come")));
  EXPECT_THAT(Error(", agent: queue-target"),
              HasSubstr("'queue-target' is no channel planner; they are "
                        "static, legacy-daily"));
  EXPECT_THAT(Error(", fallback: nobody"),
              HasSubstr("channels.fallback: 'nobody' is no channel planner"));
  EXPECT_THAT(Error(", shadow: {agent: net2seq}"),
              HasSubstr("channels.shadow.policy: agent 'net2seq' needs"));
  EXPECT_THAT(Error(", shadow: {agent: oracle}"),
              HasSubstr("channels.shadow.agent: planner 'oracle' wants"));
}

TEST_F(ChannelSiteTest, KeysThatHaveNoUse) {
  EXPECT_THAT(Error("", "drift: {shipped: false}\n"),
              HasSubstr("drift: a node with `channels` does not use it"));
  EXPECT_THAT(Error("", "fallback: {kind: fixed, setting: 1}\n"),
              HasSubstr("fallback: a node with `channels` does not use it"));
  EXPECT_THAT(
      Error(", agent: turboca", "registry: registry\n"),
      HasSubstr("channels.agent: the registry's promoted version says it"));
  EXPECT_THAT(Error("", "model: previous\n"),
              HasSubstr("model: is an alias of a registry, and none is given"));
  EXPECT_THAT(Error("", "actuator: {kind: file, path: one.json}\n"),
              HasSubstr("actuator.path: has no {name}"));
  EXPECT_THAT(Error("",
                    "actuator: {kind: command, apply: [a, \"{setting}\"], "
                    "read: [b, \"{name}\"]}\n"),
              HasSubstr("actuator.apply: has no {name}"));
  WriteFileAtomically(folder_ / "none.yaml",
                      "schema: 1\nname: x\nsource: {kind: replay, path: a}\n"
                      "state: {folder: s}\n");
  Diagnostics found;
  EXPECT_FALSE(LoadNodeFile(folder_ / "none.yaml", {}, &found));
  EXPECT_THAT(found.Format(),
              HasSubstr("needs the key 'registry', 'channels' or 'balancer'"));
}

TEST_F(ChannelSiteTest, AScenarioThatCannotBeUsed) {
  EXPECT_THAT(Error("", "limits: {stale_after: 900s, recover_after: 0}\n"),
              HasSubstr("limits.recover_after"));
  WriteScenario("agent: turboca");
  WriteFileAtomically(folder_ / "wlan.yaml",
                      "extends: " AIRLOCK_SOURCE_DIR
                      "/scenarios/datacentre/incast.yaml\n");
  EXPECT_THAT(Error(""), AllOf(HasSubstr("channels.scenario: scenario "),
                               HasSubstr("has no WLAN")));
  WriteFileAtomically(folder_ / "wlan.yaml", "schema: 1\nnam: x\n");
  EXPECT_THAT(Error(""), AllOf(HasSubstr("wlan.yaml:2:1: error: nam"),
                               HasSubstr("node.yaml:4:22: error: "
                                         "channels.scenario")));
  WriteScenario("agent: turboca");
  Load("");
  auto file = Load("");
  file->source.period = Milliseconds(7000);
  EXPECT_THROW(ChannelSite{*file}, NodeFileError);
}

// A policy takes another's place: the shield's dwell times stay.
TEST_F(ChannelSiteTest, ASuccessorInheritsAllButTheMemoryOfThePlanner) {
  const nlohmann::json before = {
      {"slot", 7},
      {"planner",
       {{"shield", "dwell"}, {"planner", {{"rng", 5}, {"decisions", 3}}}}}};
  const nlohmann::json fresh = {{"slot", 0},
                                {"planner", {{"planner", {{"rng", 0}}}}}};
  const nlohmann::json expected = {
      {"slot", 7},
      {"planner", {{"shield", "dwell"}, {"planner", {{"rng", 0}}}}}};
  EXPECT_EQ(InheritedState(before, fresh), expected);
  EXPECT_EQ(InheritedState({before, before}, {fresh, fresh}),
            nlohmann::json({expected, expected}));
  EXPECT_EQ(InheritedState(nullptr, fresh), fresh);
}

}  // namespace
}  // namespace airlock
