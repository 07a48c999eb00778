#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>

#include "sim/collector/features.h"
#include "sim/collector/shared_frames.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/node_world.h"
#include "tests/support/observed_run.h"

// A node that sets the weights of a server pool: what it decides is what the
// same agent decided in a simulation.
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

// Four unequal servers, one of which slows down and one fails.
class LoadBalancer : public ::testing::Test {
 protected:
  void WriteScenario(const std::string& controller,
                     const std::string& more = "") {
    WriteFileAtomically(
        world_ / "pool.yaml",
        "extends: " AIRLOCK_SOURCE_DIR
        "/scenarios/datacentre/load-balancer.yaml\n"
        "run: {replications: 1, duration: 40s}\n"
        "controller: {interval: 250ms, " +
            controller +
            "}\n"
            "datacentre: {balancer: {events: ["
            "{server: a, kind: slow-down, from: 5s, until: 20s, pace: 40%}, "
            "{server: c, kind: failure, from: 15s, until: 30s}]" +
            more + "}}\n");
  }
  // What its agent observed is in run/.
  void RunScenario() {
    testing::RunObserved(world_ / "pool.yaml", world_ / "run");
  }
  std::string Node(const std::string& balancer, const std::string& more = "",
                   const std::string& name = "node.yaml") {
    const auto unless = [&](const char* key, const std::string& text) {
      return more.find(key) == std::string::npos ? text : "";
    };
    WriteFileAtomically(
        world_ / name,
        "schema: 1\nname: balancer\n"
        "balancer: {scenario: pool.yaml" +
            balancer + "}\n" +
            unless("source:",
                   "source: {kind: replay, path: run/observations-0.h5, speed: "
                   "0, period: 250ms}\n") +
            unless("limits:",
                   "limits: {stale_after: 1s, recover_after: 1, inference: "
                   "60s}\n") +
            unless("state:", "state: {folder: state, decisions: true}\n") +
            unless("metrics:", "metrics: {enabled: false}\n") + more);
    return world_ / name;
  }
  void ExpectTheRunsDecisions(const std::string& node_file) {
    const ProgramResult end = NodeWorld::RunNode(node_file);
    ASSERT_EQ(end.exit_code, 0) << end.err;
    std::vector<std::string> expected =
        Decided(world_ / "run/decisions.csv", 1);
    ASSERT_GT(expected.size(), 100u);
    expected.erase(expected.begin());  // the header
    EXPECT_EQ(Decided(world_ / "state/decisions.csv", 2, "acting,"), expected);
  }
  // A balancer that keeps its weights in a file; `first` runs before it takes
  // some ($1).
  std::string Device(const std::string& first, const std::string& state = "") {
    WriteFileAtomically(world_ / "set", first + "\nprintf %s \"$1\" > " +
                                            world_ / "device" + "\n");
    WriteFileAtomically(
        world_ / "get",
        "w=$(sed 's/=/\":/g; s/,/,\"/g; s/^/{\"/; s/$/}/' " +
            world_ / "device" + ")\necho \"{\\\"configuration\\\": $w, " +
            "\\\"state\\\": " + (state.empty() ? "$w" : state) + "}\"\n");
    return fmt::format(
        "actuator: {{kind: command, apply: [/bin/sh, {}, '{{setting}}'], "
        "read: [/bin/sh, {}], timeout: 2s, settle: 0s, verify_within: 0s}}\n",
        world_ / "set", world_ / "get");
  }

  // So many samples, nominally as far apart as an actuator may take at worst.
  static std::vector<std::string> Slowly(int samples) {
    return {"--set", fmt::format("source.samples={}", samples),
            "--set", "source.period=8s",
            "--set", "limits.stale_after=16s",
            "--set", "balancer.every=1"};
  }

  NodeWorld world_;
};

TEST_F(LoadBalancer, DecidesAsInASimulation) {
  WriteScenario("agent: lsq");
  RunScenario();
  ExpectTheRunsDecisions(Node(""));
}

TEST_F(LoadBalancer, DecidesAsTheTrainedAgentOfASimulation) {
  WriteScenario("agent: load-balancer, policy: " AIRLOCK_SOURCE_DIR
                "/agents/policies/load-balancer.json");
  RunScenario();
  ExpectTheRunsDecisions(Node(""));
}

TEST_F(LoadBalancer, DecidesAsBehindAShieldWithNoiseAndDelay) {
  WriteScenario(
      "agent: lsq, observation: {counter_noise: 0.3, dropout: 1%, delay: 1}",
      ", shield: {least_share: 20%, most_change: 0.3, fallback_after: 1}");
  RunScenario();
  const auto decided = Decided(world_ / "run/decisions.csv", 1);
  const auto count = [&](const std::string& who) {
    return std::count_if(
        decided.begin(), decided.end(), [&](const std::string& line) {
          return line.find("," + who + ",") != std::string::npos;
        });
  };
  EXPECT_GT(count("agent"), 0);
  EXPECT_GT(count("shield"), 0);
  EXPECT_GT(count("fallback"), 0);
  // The node has nothing against what the agent was shown.
  ExpectTheRunsDecisions(
      Node("",
           "limits: {stale_after: 1s, recover_after: 1, inference: 60s, "
           "missing: 100%, out_of_range: 100%}\n"));
}

TEST_F(LoadBalancer, GoesOnAfterKillsAsIfThereHadBeenNone) {
  WriteScenario("agent: lsq", ", shield: {}");
  RunScenario();
  const auto more = [](const std::string& state) {
    return fmt::format(
        "state: {{folder: {}, decisions: true, save_every: 7}}\n", state);
  };
  const std::string shadow = ", shadow: {agent: wcmp}";
  ASSERT_EQ(NodeWorld::RunNode(Node(shadow, more("whole"))).exit_code, 0);
  const std::string file = Node(shadow, more("killed"), "killed.yaml");
  for (const size_t at : {40, 200}) {
    Program program(NodeWorld::Command(file, {"--set", "source.speed=40"}));
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
  EXPECT_EQ(committed("whole").at("in_force").size(), 4u);
}

TEST_F(LoadBalancer, CarriesAllWeightsOutAtOnce) {
  WriteScenario("agent: lsq");
  RunScenario();
  const ProgramResult end = NodeWorld::RunNode(
      Node("", Device("echo \"$1\" >> " + (world_ / "log"))), Slowly(20));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto actions = EventsOf(end.err, "action");
  const auto lines = LinesOf(ReadAll(world_ / "log"));
  ASSERT_GT(actions.size(), 10u);
  ASSERT_EQ(lines.size(), actions.size());
  for (size_t i = 0; i < actions.size(); ++i) {
    EXPECT_EQ(actions[i]["end"], "committed");
    std::string group;
    for (const auto& [name, value] : actions[i]["setting"].items()) {
      group += fmt::format("{}{}={}", group.empty() ? "" : ",", name,
                           value.get<double>());
    }
    EXPECT_EQ(lines[i], group);
  }
}

TEST_F(LoadBalancer, WhatIsNotVerifiedIsSetBackAndTriedAgain) {
  WriteScenario("agent: lsq");
  RunScenario();
  // Refuses twice: the fourth attempt's weights, and the way back.
  const std::string refuse = fmt::format(
      "n=$(cat {0} 2>/dev/null || echo 0); echo $((n + 1)) > {0}; "
      "[ $n = 3 ] && {{ echo busy >&2; exit 1; }}",
      world_ / "calls");
  const ProgramResult end =
      NodeWorld::RunNode(Node(", fallback: wcmp", Device(refuse)), Slowly(20));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto actions = EventsOf(end.err, "action");
  ASSERT_GT(actions.size(), 4u);
  for (size_t i = 0; i < actions.size(); ++i) {
    EXPECT_EQ(actions[i]["end"], i == 3 ? "rolled-back" : "committed") << i;
  }
  EXPECT_THAT(actions[3]["reason"], HasSubstr("busy"));
  // The next decision is the fallback's, and it is carried out.
  bool fallback = false;
  for (const std::string& line :
       Decided(world_ / "state/decisions.csv", 2, "acting,")) {
    fallback |= line.find(",fallback,\"actuator") != std::string::npos ||
                line.find(",fallback,actuator") != std::string::npos;
  }
  EXPECT_TRUE(fallback);
}

TEST_F(LoadBalancer, WeightsThatAreNotInForceAreTold) {
  WriteScenario("agent: lsq");
  RunScenario();
  const ProgramResult end = NodeWorld::RunNode(
      Node("", Device("", "{\\\"a\\\": 1, \\\"b\\\": 1}")), Slowly(2));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto actions = EventsOf(end.err, "action");
  ASSERT_FALSE(actions.empty());
  EXPECT_EQ(actions[0]["end"], "uncertain");
  EXPECT_THAT(actions[0]["reason"],
              HasSubstr("was applied, and a 1, b 1 is read back"));
}

TEST_F(LoadBalancer, DoubtsHandOverToTheFallback) {
  WriteScenario("agent: lsq");
  RunScenario();
  Trace trace = ReadTrace(world_ / "run/observations-0.h5");
  for (size_t i = 20; i < trace.time_seconds.size(); ++i) {
    trace.time_seconds[i] += 5;
  }
  for (Column& column : trace.columns) {
    if (column.name == "server.b.n_flow_on") column.values[40] = -3;
    if (column.name.find(".n_f") != std::string::npos) {
      column.values[60] = std::nan("");
    }
  }
  WriteTrace(trace, world_ / "run/observations-0.h5");
  const ProgramResult end =
      NodeWorld::RunNode(Node(", fallback: wcmp",
                              "limits: {stale_after: 1s, recover_after: 1, "
                              "inference: 60s, out_of_range: 0%}\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  std::map<std::string, std::string> by_sample;  // the last of each
  for (const std::string& line :
       LinesOf(ReadAll(world_ / "state/decisions.csv"))) {
    by_sample[line.substr(0, line.find(','))] = line;
  }
  for (int sample = 0; sample < trace.samples(); ++sample) {
    const std::string& line = by_sample.at(std::to_string(sample));
    EXPECT_EQ(line.find(",fallback,") != std::string::npos,
              sample == 20 || sample == 40 || sample == 60)
        << line;
  }
  EXPECT_THAT(by_sample.at("20"), HasSubstr("stale-input"));
  EXPECT_THAT(by_sample.at("40"), HasSubstr("out-of-range"));
  EXPECT_THAT(by_sample.at("60"), HasSubstr("missing-input"));
}

TEST_F(LoadBalancer, TakesThePromotedAgentOfARegistry) {
  WriteScenario("agent: lsq", ", shield: {}");
  RunScenario();
  const std::string digest = world_.PromoteAgent("lsq", "");
  const std::string file = Node("", "registry: registry\n");
  const ProgramResult end = NodeWorld::RunNode(file);
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto loaded = EventsOf(end.err, "model-loaded");
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0]["digest"], digest);
  auto expected = Decided(world_ / "run/decisions.csv", 1);
  expected.erase(expected.begin());
  EXPECT_EQ(Decided(world_ / "state/decisions.csv", 2, "acting,"), expected);
}

TEST_F(LoadBalancer, WithoutAPromotedAgentTheFallbackDecides) {
  WriteScenario("agent: lsq");
  RunScenario();
  std::filesystem::create_directories(world_.registry());
  const ProgramResult end =
      NodeWorld::RunNode(Node(", fallback: wcmp", "registry: registry\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto lines = Decided(world_ / "state/decisions.csv", 2, "acting,");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    EXPECT_THAT(line, AllOf(HasSubstr("fallback"), HasSubstr("no-model")));
  }
}

TEST_F(LoadBalancer, TellsASourceOfAnotherPool) {
  WriteScenario("agent: lsq");
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
  EXPECT_THAT(error("server.b.n_fct", "server.b.n_fcd"),
              HasSubstr("node.yaml:4:1: error: source: the source has no "
                        "counter 'server.b.n_fct' (it has 'server."));
  EXPECT_THAT(error("server.b.utilisation", "server.web.n_flow"),
              HasSubstr("the source has a server 'web' that the scenario's "
                        "pool has not"));
}

TEST_F(LoadBalancer, TellsWhatIsWrongBeforeAnythingRuns) {
  WriteScenario("agent: lsq");
  const auto error = [&](const std::string& balancer,
                         const std::string& more = "") {
    const ProgramResult end =
        NodeWorld::RunNode(Node(balancer, more), {"--check"});
    EXPECT_EQ(end.exit_code, 3) << end.err;
    return end.err;
  };
  EXPECT_THAT(error(", agent: turboca"),
              AllOf(HasSubstr("node.yaml:3:40: error: balancer.agent: "
                              "'turboca' sets no weights; those that do are "
                              "static, ecmp, wcmp, lsq, and load-balancer"),
                    HasSubstr("1 error")));
  EXPECT_THAT(error(", agent: true-capacity"), HasSubstr("nobody knows here"));
  EXPECT_THAT(error(", agent: load-balancer"),
              HasSubstr("needs a trained policy"));
  EXPECT_THAT(error(", fallback: lsq"),
              HasSubstr("node.yaml:3:43: error: balancer.fallback: 'lsq' sets "
                        "no weights without looking; static, ecmp, wcmp do"));
  EXPECT_THAT(error(", shadow: {agent: greedy}"),
              HasSubstr("balancer.shadow.agent: 'greedy' sets no weights"));
  EXPECT_THAT(error("", "channels: {scenario: pool.yaml}\n"),
              HasSubstr("a node has `channels` or `balancer`, not both"));
  EXPECT_THAT(error("", "action: {rule: none}\n"),
              HasSubstr("a node with `balancer` does not use it"));
  EXPECT_THAT(error("",
                    "actuator: {kind: command, apply: [set], read: [get], "
                    "timeout: 10ms, settle: 0s, verify_within: 0s}\n"),
              HasSubstr("actuator.apply: no argument has {setting}"));
  WriteFileAtomically(world_ / "pool.yaml",
                      "extends: " AIRLOCK_SOURCE_DIR
                      "/scenarios/datacentre/incast.yaml\n");
  EXPECT_THAT(error(""),
              HasSubstr("balancer.scenario: scenario 'incast' has no server "
                        "pool (datacentre.balancer)"));
}

TEST_F(LoadBalancer, TakesSamplesThatACollectorShares) {
  WriteScenario("agent: lsq");
  const std::vector<std::string> servers = {"a", "b", "c", "d"};
  std::vector<Column> columns = CollectorColumns(servers);
  const auto path = world_ / "frames";
  const auto make = [&] {
    return std::make_unique<FrameWriter>(path, columns);
  };
  std::unique_ptr<FrameWriter> writer = make();
  double flows = 0, seconds = 1e9;
  const auto publish = [&] {
    std::vector<double> values;
    for (const Column& column : columns) {
      const bool duration = column.name.find(".flow_dur") != std::string::npos;
      values.push_back(duration ? 0.1 : flows);
    }
    flows = flows < 9 ? flows + 1 : 0;
    writer->Publish(FromSeconds(seconds += 0.25), values);
  };
  publish();  // old: not taken
  Program node(NodeWorld::Command(
      Node("",
           "source: {kind: frames, path: frames, period: 250ms, "
           "restart_after: 1ms}\n")));
  const auto decided = [&](size_t most) {
    return Eventually([&] {
      if (world_.Decisions().size() >= most) return true;
      publish();
      return false;
    });
  };
  ASSERT_TRUE(decided(5));
  // The collector ends and comes back.
  writer.reset();
  writer = make();
  const size_t before = world_.Decisions().size();
  ASSERT_TRUE(decided(before + 5));
  kill(node.pid(), SIGTERM);
  const ProgramResult end = node.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_GE(EventsOf(end.err, "source-lost").size(), 1u);
  for (const auto& row : world_.Decisions()) EXPECT_EQ(row[1], "acting");
}

TEST(CollectorProgram, TellsAWrongCommandLine) {
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), AIRLOCK_BINARY_DIR "/airlock-collector");
    const ProgramResult end = testing::Run(words);
    EXPECT_EQ(end.exit_code, 2) << end.err;
    return end.err;
  };
  EXPECT_THAT(error({}), HasSubstr("no --server is given; usage: "));
  EXPECT_THAT(error({"--server"}), HasSubstr("'--server' has no value"));
  EXPECT_THAT(error({"--server", "a=10.0.0"}),
              HasSubstr("'a=10.0.0' is not NAME=ADDRESS of IPv4"));
  EXPECT_THAT(error({"--server", "a=10.0.0.1", "--server", "b=10.0.0.1"}),
              HasSubstr("server 'b=10.0.0.1' comes twice"));
  EXPECT_THAT(error({"--server", "a=10.0.0.1"}),
              HasSubstr("--frames is missing"));
  EXPECT_THAT(error({"--period", "2"}), HasSubstr("is not a time of 1ms"));
  EXPECT_THAT(error({"--decay", "1.5"}),
              HasSubstr("--decay '1.5' is not a number from 1e-09 to 1"));
  EXPECT_THAT(error({"--sever", "a"}), HasSubstr("'--sever' is not expected"));
}

TEST_F(LoadBalancer, ServesWhatIsInForce) {
  WriteScenario("agent: lsq");
  RunScenario();
  Program node(NodeWorld::Command(Node("", "metrics: {port: 29472}\n"),
                                  {"--set", "source.speed=2"}));
  std::string health, metrics;
  ASSERT_TRUE(Eventually([&] {
    httplib::Client client("127.0.0.1", 29472);
    const auto page = client.Get("/health");
    if (!page || page->status != 200) return false;
    health = page->body;
    metrics = client.Get("/metrics")->body;
    return metrics.find("airlock_node_weight{") != std::string::npos;
  }));
  EXPECT_EQ(nlohmann::json::parse(health)["model"]["name"], "lsq");
  EXPECT_THAT(metrics, HasSubstr("airlock_node_weight{server=\"a\"} "));
}

}  // namespace
}  // namespace airlock
