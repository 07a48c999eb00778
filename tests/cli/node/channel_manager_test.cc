#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>

#include "sim/results/hdf5_file.h"
#include "tests/support/node_world.h"
#include "tests/support/observed_run.h"

// A node that manages channels: what it decides is what the same agent decided
// in a simulation.
namespace airlock {
namespace {

using testing::CellsOf;
using testing::Decided;
using testing::EventsOf;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::LinesOf;
using testing::NodeWorld;
using testing::Program;
using testing::ProgramResult;
using testing::ReadAll;

constexpr char kPolicy[] =
    AIRLOCK_SOURCE_DIR "/agents/policies/net2seq-20.json";

// Eight access points of the published setting, bonding where `more` says so.
class ChannelManager : public ::testing::Test {
 protected:
  void WriteScenario(const std::string& controller,
                     const std::string& more = "") {
    WriteFileAtomically(
        world_ / "wlan.yaml",
        "extends: " AIRLOCK_SOURCE_DIR
        "/scenarios/wlan/generated.yaml\n"
        "run: {replications: 1, duration: 14400s}\n"
        "controller: {interval: 600s, " +
            controller +
            "}\n"
            "wlan: {region: EU, generated: {access_points: 8, neighbours: 6}, "
            "airtime: {dropped_slots: 0}" +
            more + "}\n");
  }
  // What its agent observed is in run/.
  void RunScenario() {
    testing::RunObserved(world_ / "wlan.yaml", world_ / "run");
  }
  std::string Node(const std::string& channels, const std::string& more = "",
                   const std::string& name = "node.yaml") {
    WriteFileAtomically(
        world_ / name,
        "schema: 1\nname: channels\n"
        "source: {kind: replay, path: run/observations-0.h5, speed: 0, "
        "period: 600s}\n"
        "channels: {scenario: wlan.yaml" +
            channels + "}\n" +
            (more.find("limits:") == std::string::npos
                 ? "limits: {stale_after: 900s, recover_after: 1, inference: "
                   "60s}\n"
                 : "") +
            (more.find("state:") == std::string::npos
                 ? "state: {folder: state, decisions: true}\n"
                 : "") +
            (more.find("metrics:") == std::string::npos
                 ? "metrics: {enabled: false}\n"
                 : "") +
            more);
    return world_ / name;
  }
  std::string Trained() const {
    return fmt::format("agent: net2seq, policy: {}", kPolicy);
  }
  void ExpectTheRunsDecisions(const std::string& node_file) {
    const ProgramResult end = NodeWorld::RunNode(node_file);
    ASSERT_EQ(end.exit_code, 0) << end.err;
    const auto expected = Decided(world_ / "run/decisions.csv", 1);
    ASSERT_GE(expected.size(), 23u);
    std::vector<std::string> found =
        Decided(world_ / "state/decisions.csv", 2, "acting,");
    ASSERT_EQ(found.size() + 1, expected.size());  // the header
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i], expected[i + 1]) << i;
    }
  }

  // The actuator of a radio that keeps a file a setting; `first` runs before a
  // setting ($1) takes its value ($2).
  std::string Radio(const std::string& first) {
    const std::string radio = world_ / "radio-$1";
    WriteFileAtomically(world_ / "set",
                        first + "\nprintf %s \"$2\" > " + radio + "\n");
    WriteFileAtomically(world_ / "get",
                        "v=$(cat " + radio +
                            ")\necho \"{\\\"configuration\\\": $v, "
                            "\\\"state\\\": $v}\"\n");
    return fmt::format(
        "actuator: {{kind: command, apply: [/bin/sh, {}, '{{name}}', "
        "'{{setting}}'], read: [/bin/sh, {}, '{{name}}'], timeout: 1s, settle: "
        "0s, verify_within: 0s}}\n",
        world_ / "set", world_ / "get");
  }

  NodeWorld world_;
};

TEST_F(ChannelManager, DecidesAsTheTrainedAgentOfASimulation) {
  WriteScenario(Trained());
  RunScenario();
  ExpectTheRunsDecisions(Node(""));
}

TEST_F(ChannelManager, DecidesAsAPlannerBehindShieldAndFallback) {
  WriteScenario(
      "agent: colouring, shield: {dwell: 1800s, changes_per_hour: 6, "
      "served_floor: 90%}, fallback: {planner: legacy-daily, most_error: 0.02, "
      "error_slots: 2}");
  RunScenario();
  const auto decided = Decided(world_ / "run/decisions.csv", 1);
  const auto count = [&](const std::string& who) {
    return std::count_if(
        decided.begin(), decided.end(), [&](const std::string& line) {
          return line.find("," + who + ",") != std::string::npos;
        });
  };
  EXPECT_GT(count("planner"), 0);
  EXPECT_GT(count("shield"), 0);
  EXPECT_GT(count("fallback"), 0);
  ExpectTheRunsDecisions(Node(""));
}

TEST_F(ChannelManager, DecidesWithBondingAndOnTwoSamplesADecision) {
  // A sample a slot, a decision every other: the observation is the mean.
  WriteScenario("agent: dynls", ", max_width: 40MHz");
  RunScenario();
  const Trace whole = ReadTrace(world_ / "run/observations-0.h5");
  const ProgramResult end = NodeWorld::RunNode(Node(", every: 2"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  std::set<std::string> times;
  for (const std::string& line :
       Decided(world_ / "state/decisions.csv", 2, "acting,")) {
    times.insert(CellsOf(line)[0]);
  }
  EXPECT_EQ(times.size(), static_cast<size_t>(whole.samples() / 2));
  EXPECT_EQ(times.count("1200"), 1u);
  EXPECT_EQ(times.count("600"), 0u);
}

TEST_F(ChannelManager, GoesOnAfterKillsAsIfThereHadBeenNone) {
  WriteScenario(Trained() + ", shield: {dwell: 1200s}");
  RunScenario();
  const auto more = [](const std::string& state, const std::string& save) {
    return fmt::format(
        "state: {{folder: {}, decisions: true, save_every: {}}}\n", state,
        save);
  };
  const std::string shadow = ", shadow: {agent: turboca}";
  ASSERT_EQ(NodeWorld::RunNode(Node(shadow, more("whole", "5"))).exit_code, 0);
  const std::string file = Node(shadow, more("killed", "5"), "killed.yaml");
  for (const size_t at : {9, 24}) {
    Program program(NodeWorld::Command(file, {"--set", "source.speed=6000"}));
    ASSERT_TRUE(
        Eventually([&] { return world_.Decisions("killed").size() > at; }));
    kill(program.pid(), SIGKILL);
    EXPECT_EQ(program.Wait().exit_code, 128 + SIGKILL);
  }
  const ProgramResult end = NodeWorld::RunNode(file);
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(ReadAll(world_ / "killed/decisions.csv"),
            ReadAll(world_ / "whole/decisions.csv"));
  const auto committed = [&](const std::string& state) {
    return nlohmann::json::parse(ReadAll(world_ / state + "/node.json"))
        .at("body")
        .at("committed");
  };
  EXPECT_EQ(committed("killed"), committed("whole"));
  EXPECT_GT(committed("whole").size(), 4u);
}

TEST_F(ChannelManager, CarriesEachSettingOutAndVerifiesIt) {
  WriteScenario("agent: turboca");
  RunScenario();
  const std::string log = world_ / "log";
  const ProgramResult end =
      NodeWorld::RunNode(Node("", Radio("echo \"$1 $2\" >> " + log)));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  size_t moves = 0;
  std::vector<std::string> expected;
  for (const std::string& line :
       Decided(world_ / "state/decisions.csv", 2, "acting,")) {
    const auto cells = CellsOf(line);
    if (cells[1].empty()) continue;
    ++moves;
    expected.push_back(cells[1] + ".channel " + cells[4]);
  }
  ASSERT_GT(moves, 3u);
  EXPECT_EQ(LinesOf(ReadAll(world_ / "log")), expected);
  EXPECT_EQ(EventsOf(end.err, "action").size(), moves);
  EXPECT_EQ(EventsOf(end.err, "decision").size(), moves);
  for (const auto& event : EventsOf(end.err, "action")) {
    EXPECT_EQ(event["end"], "committed");
  }
}

TEST_F(ChannelManager, ARadioThatFailsIsSetBackAndTold) {
  WriteScenario("agent: dynls", ", max_width: 40MHz");
  RunScenario();
  const ProgramResult end = NodeWorld::RunNode(
      Node("", Radio("[ \"$2\" = 40000000 ] && { echo narrow >&2; exit 1; }")));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto actions = EventsOf(end.err, "action");
  size_t refused = 0;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (actions[i]["setting"] != 4e7) continue;
    ++refused;
    EXPECT_EQ(actions[i]["end"], "rolled-back");
    EXPECT_THAT(actions[i]["reason"], HasSubstr("narrow"));
    const std::string name = actions[i]["name"];
    EXPECT_EQ(ReadAll(world_ / "radio-" + name), "20000000");
    // The channel that was set first goes back where it was.
    if (i + 1 < actions.size() && i > 0 &&
        actions[i - 1]["name"] == name.substr(0, 6) + "channel") {
      EXPECT_EQ(actions[i + 1]["name"], actions[i - 1]["name"]);
      EXPECT_EQ(actions[i + 1]["end"], "committed");
    }
  }
  ASSERT_GT(refused, 0u);
  // From then on the fallback, which holds, decides.
  const auto fallback = EventsOf(end.err, "fallback");
  ASSERT_FALSE(fallback.empty());
  EXPECT_EQ(fallback.back()["doubt"], "actuator");
}

TEST_F(ChannelManager, DoubtsHandOverToTheFallback) {
  WriteScenario("agent: turboca");
  RunScenario();
  // Ten minutes of sleep, no loads, then a receiver that is out of order.
  Trace trace = ReadTrace(world_ / "run/observations-0.h5");
  for (size_t i = 8; i < trace.time_seconds.size(); ++i) {
    trace.time_seconds[i] += 3600;
  }
  for (Column& column : trace.columns) {
    const bool load = column.name.find(".load") != std::string::npos;
    const bool rssi = column.name.find(".rssi.") != std::string::npos;
    if (load) column.values[14] = std::nan("");
    if (rssi) column.values[18] = 30;
  }
  WriteTrace(trace, world_ / "run/observations-0.h5");
  const ProgramResult end =
      NodeWorld::RunNode(Node(", fallback: legacy-daily"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  std::map<std::string, std::string> by_sample;  // the last of each
  for (const std::string& line :
       LinesOf(ReadAll(world_ / "state/decisions.csv"))) {
    const size_t comma = line.find(',');
    by_sample[line.substr(0, comma)] = line;
  }
  for (int sample = 0; sample < trace.samples(); ++sample) {
    const std::string& line = by_sample.at(std::to_string(sample));
    const bool fallback = line.find(",fallback,") != std::string::npos;
    EXPECT_EQ(fallback, sample == 8 || sample == 14 || sample == 18) << line;
  }
  EXPECT_THAT(by_sample.at("8"), HasSubstr("stale-input"));
  EXPECT_THAT(by_sample.at("14"), HasSubstr("missing-input"));
  EXPECT_THAT(by_sample.at("18"), HasSubstr("out-of-range"));
}

TEST_F(ChannelManager, TakesThePromotedPolicyOfARegistry) {
  WriteScenario(Trained());
  RunScenario();
  const std::string digest = world_.PromoteAgent("net2seq", kPolicy);
  const std::string file = Node("", "registry: registry\n");
  const ProgramResult end = NodeWorld::RunNode(file);
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto loaded = EventsOf(end.err, "model-loaded");
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0]["digest"], digest);
  const auto expected = Decided(world_ / "run/decisions.csv", 1);
  const auto found = Decided(world_ / "state/decisions.csv", 2, "acting,");
  EXPECT_EQ(found,
            std::vector<std::string>(expected.begin() + 1, expected.end()));
}

TEST_F(ChannelManager, WithoutAPromotedPolicyTheFallbackPlans) {
  WriteScenario("agent: static");
  RunScenario();
  std::filesystem::create_directories(world_.registry());
  const ProgramResult end = NodeWorld::RunNode(
      Node(", fallback: legacy-daily", "registry: registry\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto lines = Decided(world_ / "state/decisions.csv", 2, "acting,");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    EXPECT_THAT(line, HasSubstr(",fallback,no-model"));
  }
}

TEST_F(ChannelManager, ServesWhatIsInForce) {
  WriteScenario(Trained());
  RunScenario();
  Program node(NodeWorld::Command(Node("", "metrics: {port: 29471}\n"),
                                  {"--set", "source.speed=600"}));
  std::string health, metrics;
  ASSERT_TRUE(Eventually([&] {
    httplib::Client client("127.0.0.1", 29471);
    const auto page = client.Get("/health");
    if (!page || page->status != 200) return false;
    health = page->body;
    metrics = client.Get("/metrics")->body;
    return true;
  }));
  const auto object = nlohmann::json::parse(health);
  EXPECT_EQ(object["plan"].size(), 8u);
  EXPECT_EQ(object["model"]["name"], "net2seq");
  EXPECT_THAT(metrics,
              HasSubstr("airlock_node_channel{access_point=\"ap001\"} "));
  EXPECT_THAT(metrics, HasSubstr("airlock_node_decisions_total "));
}

TEST_F(ChannelManager, TellsASourceOfAnotherNetwork) {
  WriteScenario("agent: turboca");
  RunScenario();
  const Trace whole = ReadTrace(world_ / "run/observations-0.h5");
  const auto error = [&](const std::string& from, const std::string& to) {
    Trace trace = whole;
    for (Column& column : trace.columns) {
      if (column.name == from) column.name = to;
    }
    WriteTrace(trace, world_ / "run/observations-0.h5");
    std::filesystem::remove_all(world_.state());
    const ProgramResult end = NodeWorld::RunNode(Node(""));
    EXPECT_EQ(end.exit_code, 3) << end.err;
    return end.err;
  };
  EXPECT_THAT(error("ap.ap002.load", "ap.ap002.laod"),
              AllOf(HasSubstr("node.yaml:3:1: error: source: the source has no "
                              "counter 'ap.ap002.load'"),
                    HasSubstr("(it has 'ap.ap00")));
  EXPECT_THAT(error("ap.ap002.rssi.ap001", "ap.hall.channel"),
              HasSubstr("the source has an access point 'hall' that the "
                        "scenario has not"));
}

}  // namespace
}  // namespace airlock
