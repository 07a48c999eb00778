#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <cmath>

#include "sim/base/rng.h"
#include "tests/support/node_world.h"
#include "tests/support/prometheus_text.h"
#include "twin/pipeline/fit.h"

// Sources of a live node that are no recordings: programs that print counters,
// a server, a file that grows; and what happens when they go away. Hardware
// counters are not needed: the tools are scripts that print what theirs did.
namespace airlock {
namespace {

using testing::EventsOf;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::NodeWorld;
using testing::Program;
using testing::ProgramResult;
using testing::PrometheusText;

// A model of `target` from these counters (with their units), fitted on made-up
// samples.
ForecastModel ModelOf(
    const std::vector<std::pair<std::string, std::string>>& counters) {
  RngStream rng = RngTree(11).Stream("test/sources", Replication(0));
  Trace trace;
  trace.source = "made up";
  Column target;
  target.name = "delivered_rate";
  target.role = Role::kKpi;
  target.unit = "bit/s";
  for (int i = 0; i < 200; ++i) {
    trace.time_seconds.push_back(i);
    target.values.push_back(rng.Normal(0, 1e11));
  }
  for (const auto& [name, unit] : counters) {
    Column column;
    column.name = name;
    column.unit = unit;
    for (int i = 0; i < 200; ++i) {
      column.values.push_back(rng.Uniform(-1e12, 1e12));
      target.values[static_cast<size_t>(i)] += column.values.back();
    }
    trace.columns.push_back(std::move(column));
  }
  trace.columns.push_back(std::move(target));
  ForecastProblem problem;
  FitOptions options;
  options.forecaster = "linear";
  return FitModel(problem, trace, 200, options);
}

class NodeSources : public ::testing::Test {
 protected:
  std::string Script(const std::string& name, const std::string& body) {
    const std::string path = world_ / name;
    const std::string hidden = path + ".new";
    std::ofstream(hidden) << "#!/bin/sh\n" << body;
    std::filesystem::permissions(hidden, std::filesystem::perms::owner_all);
    std::filesystem::rename(hidden, path);
    return path;
  }

  // Starts a node on the source; its decisions are in world_.
  void Start(const std::string& source, const std::string& more = "") {
    file_ = world_.WriteNode(
        fmt::format("source: {{{}, restart_after: 50ms, restart_at_most: "
                    "200ms}}\n"
                    "limits: {{inference: 10s, recover_after: 2}}\n"
                    "action: {{rule: proportional, gain: 1}}\n"
                    "fallback: {{kind: fixed, setting: -7}}\n"
                    "metrics: {{port: 0}}\n{}",
                    source, more));
    log_ = world_ / "log";
    node_ = std::make_unique<Program>(std::vector<std::string>{
        "/bin/sh", "-c",
        fmt::format("exec {} {} --allow-root 2> {}",
                    AIRLOCK_BINARY_DIR "/airlock-node", file_, log_)});
    ASSERT_TRUE(Eventually([&] {
      return !EventsOf(Log(), "listening").empty();
    })) << Tail();
    port_ = EventsOf(Log(), "listening")[0]["port"].get<int>();
  }
  std::string Log() const { return testing::ReadAll(log_); }
  // For messages.
  std::string Tail() const {
    const std::string log = Log();
    return log.size() > 600 ? log.substr(log.size() - 600) : log;
  }
  bool Logged(const std::string& event) const {
    return !EventsOf(Log(), event).empty();
  }
  bool Rows(size_t count) const { return world_.Decisions().size() >= count; }

  struct Health {
    int status = 0;
    nlohmann::json body;
  };
  Health AskHealth() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(20);
    const auto answer = client.Get("/health");
    if (!answer) return {};
    return {answer->status, nlohmann::json::parse(answer->body)};
  }
  PrometheusText AskMetrics() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(20);
    const auto answer = client.Get("/metrics");
    return PrometheusText(answer ? answer->body : "");
  }
  ProgramResult Stop() {
    kill(node_->pid(), SIGTERM);
    return node_->Wait();
  }

  NodeWorld world_;
  std::string file_;
  std::string log_;
  int port_ = 0;
  std::unique_ptr<Program> node_;
};

// Rows a tenth of a second apart, the clock in steps of one second.
constexpr const char* kPcm =
    "echo 'Processor Counter Monitor' >&2\n"
    "echo 'System,System,System,Socket 0,Core7 (Socket 0),'\n"
    "printf 'Date,Time,IPC,READ,L2MISS,'\n"
    "i=0\n"
    "while [ $i -lt 600 ]; do\n"
    "  printf '\\n2026-01-31,12:%02d:%02d.5,1.%d,0.25,3.5,' "
    "$((i / 60)) $((i % 60)) $i\n"
    "  i=$((i + 1)); sleep 0.05\n"
    "done\n";

TEST_F(NodeSources, PcmRunsAsAChild) {
  world_.Promote("m", ModelOf({{"system.ipc", "1"},
                               {"socket.0.read", "B"},
                               {"core.7.l2miss", "1"}}));
  Start(fmt::format("kind: pcm, command: ['{}', '1', -csv]",
                    Script("pcm", kPcm)));
  ASSERT_TRUE(Eventually([&] { return Rows(8); })) << Tail();
  EXPECT_EQ(AskHealth().status, 200);
  EXPECT_EQ(AskHealth().body["clock"], "source");
  EXPECT_EQ(AskMetrics().Value("airlock_node_model_acts"), 1);
  EXPECT_EQ(Stop().exit_code, 0) << Tail();
  const auto rows = world_.Decisions();
  // 2026-01-31 12:00:00.5 in the zone of the writer.
  EXPECT_EQ(rows[0][testing::kTime], "1769860800.5");
  EXPECT_EQ(rows[3][testing::kTime], "1769860803.5");
  EXPECT_EQ(rows[7][testing::kActs], "model");
}

TEST_F(NodeSources, AnotherHostsCountersAreRefusedByName) {
  world_.Promote("m", ModelOf({{"system.ipc", "1"}, {"core.9.l2miss", "1"}}));
  Start(fmt::format("kind: pcm, command: ['{}']", Script("pcm", kPcm)));
  EXPECT_EQ(node_->Wait().exit_code, 3);
  EXPECT_THAT(Log(), HasSubstr("core.9.l2miss"));
}

std::string Perf(int lines) {
  return fmt::format(
      "i=1\n"
      "while [ $i -le {} ]; do\n"
      "  printf '     %d.000100,%d,,instructions,1000,100.00,,\\n' $i $i >&2\n"
      "  printf '     %d.000100,7.5,msec,task-clock,1000,100.00,1.0,CPUs\\n' "
      "$i >&2\n"
      "  i=$((i + 1)); sleep 0.03\n"
      "done\n",
      lines);
}

TEST_F(NodeSources, PerfIsStartedAgainWhenItEnds) {
  world_.Promote(
      "m", ModelOf({{"system.instructions", "1"}, {"system.task-clock", "s"}}));
  Start(fmt::format("kind: perf, command: ['{}', stat, -I, '1000']",
                    Script("perf", Perf(6) + "echo 'perf: gone' >&2\n")));
  ASSERT_TRUE(Eventually([&] { return Rows(14); })) << Tail();
  Stop();
  const auto lost = EventsOf(Log(), "source-lost");
  ASSERT_GE(lost.size(), 1u);
  const auto rows = world_.Decisions();
  double before = 0;
  bool fell_back = false;
  for (const auto& row : rows) {
    // perf counts from its start; the stream's time goes on all the same.
    EXPECT_GT(std::stod(row[testing::kTime]), before);
    before = std::stod(row[testing::kTime]);
    fell_back = fell_back || row[testing::kSetting] == "-7";
  }
  EXPECT_TRUE(fell_back);
  EXPECT_THAT(Log(), HasSubstr("\"doubt\":\"lost-source\""));
}

std::string ServerAnswer(int i) {
  return fmt::format(
      R"({{"Interval us": 1000000, "Sockets": [{{"Socket ID": 0, "Cores": [
        {{"Threads": [{{"OS ID": 3, "Core Counters":
           {{"Instructions Retired Any": {}, "Clock Unhalted Thread": 1000}}}}]}}],
        "Core Aggregate": {{"Core Counters": {{"SMI Count": 0}}}}}}]}})",
      1000 + i);
}

TEST_F(NodeSources, PcmSensorServerIsAskedOncePerPeriod) {
  world_.Promote("m", ModelOf({{"core.3.inst", "1"}, {"core.3.ipc", "1"}}));
  httplib::Server server;
  std::atomic<int> asked{0};
  std::atomic<bool> hangs{false};
  server.Get("/persecond/1", [&](const httplib::Request& request,
                                 httplib::Response& answer) {
    EXPECT_EQ(request.get_header_value("Accept"), "application/json");
    for (int i = 0; hangs && i < 300; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    answer.set_content(ServerAnswer(asked++), "application/json");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread serving([&] { server.listen_after_bind(); });
  Start(
      fmt::format("kind: pcm-server, url: 'http://127.0.0.1:{}/persecond/1', "
                  "period: 50ms, timeout: 1s",
                  port));
  ASSERT_TRUE(Eventually([&] { return Rows(6); })) << Tail();
  EXPECT_EQ(AskHealth().body["clock"], "node");
  EXPECT_EQ(AskHealth().status, 200);
  // It hangs: lost after the time-out, and back after that.
  hangs = true;
  EXPECT_TRUE(Eventually([&] { return AskHealth().status == 503; }));
  EXPECT_TRUE(Eventually([&] { return Logged("source-lost"); }));
  EXPECT_EQ(AskHealth().body["setting"], -7);
  hangs = false;
  EXPECT_TRUE(Eventually([&] { return AskHealth().status == 200; })) << Tail();
  Stop();
  server.stop();
  serving.join();
}

TEST_F(NodeSources, GarbageIsALostSource) {
  world_.Promote("m", ModelOf({{"system.ipc", "1"}}));
  Start(fmt::format(
      "kind: pcm, command: ['{}'], timeout: 2s",
      Script("pcm",
             "echo 'System,System,System,'\necho 'Date,Time,IPC,'\n"
             "echo '2026-01-31,12:00:00.5,1.5,'\n"
             "echo '2026-01-31,12:00:01.5,1.6,'\n"
             "echo '2026-01-31,12:00:02.5,b\x01oken,'\nsleep 100\n")));
  ASSERT_TRUE(Eventually([&] { return Logged("source-lost"); })) << Tail();
  EXPECT_THAT(EventsOf(Log(), "source-lost")[0]["reason"].get<std::string>(),
              HasSubstr("pcm:5:23: error: column 'system.ipc'"));
  EXPECT_TRUE(Eventually([&] { return AskHealth().body["status"] == "lost"; }));
  // The samples before the wrong line were taken.
  EXPECT_GE(world_.Decisions().size(), 2u);
  Stop();
}

TEST_F(NodeSources, ASourceThatHangsIsStaleThenLost) {
  world_.Promote("m", ModelOf({{"system.ipc", "1"}}));
  Start(
      fmt::format("kind: pcm, command: ['{}'], period: 50ms, timeout: 3s",
                  Script("pcm",
                         "echo 'System,System,System,'\necho 'Date,Time,IPC,'\n"
                         "for i in 1 2 3 4 5; do\n"
                         "  echo \"2026-01-31,12:00:0$i.5,1.$i,\"; sleep 0.05\n"
                         "done\nsleep 100\n")));
  // limits.stale_after is 3 s by default; the clock of this one steps 1 s.
  ASSERT_TRUE(Eventually([&] { return Rows(5); })) << Tail();
  ASSERT_TRUE(Eventually([&] { return AskHealth().status == 503; }));
  ASSERT_TRUE(Eventually([&] { return Logged("source-lost"); })) << Tail();
  EXPECT_THAT(EventsOf(Log(), "source-lost")[0]["reason"].get<std::string>(),
              HasSubstr("it said nothing for 3"));
  EXPECT_EQ(AskHealth().body["setting"], -7);
  const PrometheusText metrics = AskMetrics();
  EXPECT_EQ(metrics.Value("airlock_node_model_acts"), 0);
  EXPECT_GE(metrics.Value("airlock_node_source_losses_total"), 1);
  Stop();
}

TEST_F(NodeSources, AProgramThatIsNotThereIsTriedAgain) {
  world_.Promote("m", ModelOf({{"system.ipc", "1"}}));
  Start("kind: pcm, command: [/nowhere/pcm]");
  ASSERT_TRUE(
      Eventually([&] { return EventsOf(Log(), "source-lost").size() >= 3; }));
  const auto lost = EventsOf(Log(), "source-lost");
  EXPECT_THAT(lost[0]["reason"].get<std::string>(),
              HasSubstr("exit code 127; it said: cannot start /nowhere/pcm"));
  EXPECT_EQ(lost[0]["wait"], 0.05);
  EXPECT_EQ(lost[1]["wait"], 0.1);
  EXPECT_EQ(lost[2]["wait"], 0.2);
  EXPECT_EQ(AskHealth().body["status"], "lost");
  EXPECT_EQ(Stop().exit_code, 0);
}

TEST_F(NodeSources, ACsvGrowsAndIsReplaced) {
  world_.Promote("m", ModelOf({{"function.inspect.packets", "1/s"}}));
  // The testbed's columns have their units in a file beside them.
  std::ofstream(world_ / "columns.json")
      << R"({"columns": [{"name": "function.inspect.packets", "role":
            "counter", "unit": "1/s", "scope": "function", "scope_id":
            "inspect", "description": ""}]})";
  const std::string path = world_ / "live.csv";
  std::ofstream(path) << "time,function.inspect.packets\n0.1,5\n0.2,6\n0.3,";
  Start("kind: csv, path: live.csv, columns: columns.json, period: 100ms");
  ASSERT_TRUE(Eventually([&] { return Rows(2); })) << Tail();
  std::ofstream(path, std::ios::app) << "7\n0.4,8\n";
  ASSERT_TRUE(Eventually([&] { return Rows(4); })) << Tail();
  EXPECT_EQ(AskHealth().status, 200) << Tail();
  std::ofstream(path + ".new") << "time,function.inspect.packets\n"
                                  "10.1,5\n10.2,6\n";
  std::filesystem::rename(path + ".new", path);
  ASSERT_TRUE(Eventually([&] { return Rows(6); })) << Tail();
  EXPECT_THAT(EventsOf(Log(), "source-lost")[0]["reason"].get<std::string>(),
              HasSubstr("live.csv is another file now"));
  Stop();
  const auto rows = world_.Decisions();
  EXPECT_EQ(rows[2][testing::kTime], "0.3");
  EXPECT_EQ(rows[5][testing::kTime], "10.2");
}

}  // namespace
}  // namespace airlock
