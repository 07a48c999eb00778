#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <regex>

#include "calibration/traces/importer.h"
#include "sim/base/rng.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/node_world.h"
#include "tests/support/prometheus_text.h"
#include "twin/drift/watch.h"
#include "twin/pipeline/fit.h"

// The program: who may run it, what it opens, what it costs, what it writes
// when a trigger fires.
namespace airlock {
namespace {

using testing::EventsOf;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::NodeWorld;
using ::testing::Not;
using testing::Program;
using testing::ProgramResult;

Trace Testbed(const std::string& name) {
  return ImportTrace("testbed", AIRLOCK_SOURCE_DIR "/data/" + name + ".csv.xz");
}

ForecastModel Fitted(const Trace& trace, int64_t train) {
  ForecastProblem problem;
  problem.include = ParseFeaturePatterns({"function.inspect.busy"});
  problem.offered_rate = true;
  FitOptions options;
  options.forecaster = "linear";
  return FitModel(problem, trace, train, options);
}

class NodeProcess : public ::testing::Test {
 protected:
  NodeWorld world_;
};

constexpr const char* kReplay =
    "source: {kind: replay, path: trace.h5, speed: 0, period: 250ms}\n"
    "limits: {inference: 10s}\n";

TEST_F(NodeProcess, LoadsNoLibraryThatTrainsOrSimulates) {
  const std::string libraries =
      testing::Run({"/usr/bin/ldd", AIRLOCK_BINARY_DIR "/airlock-node"}).out;
  EXPECT_THAT(libraries, HasSubstr("libstdc++"));
  for (const char* library : {"xgboost", "torch", "libc10", "ns3", "libgsl"}) {
    EXPECT_THAT(libraries, Not(HasSubstr(library)));
  }
}

TEST_F(NodeProcess, RefusesRootUnlessTold) {
  if (geteuid() != 0) GTEST_SKIP() << "the tests do not run as root";
  const std::string file = world_.WriteNode(kReplay);
  const ProgramResult end =
      testing::Run({AIRLOCK_BINARY_DIR "/airlock-node", file});
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_THAT(end.err, HasSubstr("does not run as root"));
  EXPECT_FALSE(std::filesystem::exists(world_.state()));
}

TEST_F(NodeProcess, TellsWrongWordsAndFiles) {
  const std::string node = AIRLOCK_BINARY_DIR "/airlock-node";
  EXPECT_EQ(testing::Run({node}).exit_code, 2);
  EXPECT_THAT(testing::Run({node, "a", "--sett"}).err,
              HasSubstr("'--sett' is not expected"));
  const ProgramResult missing = testing::Run({node, world_ / "no.yaml"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("no.yaml"));
  const std::string file = world_.WriteNode("sourc: {}\n");
  const ProgramResult wrong = testing::Run({node, file});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("node.yaml:6:1: error: sourc"));
}

TEST_F(NodeProcess, APortAndAStateFolderAreOfOneNode) {
  WriteTrace(Testbed("sweep"), world_ / "trace.h5");
  const std::string slow =
      "source: {kind: replay, path: trace.h5, speed: 1, period: 250ms}\n";
  Program first(
      NodeWorld::Command(world_.WriteNode(slow + "metrics: {port: 29469}\n"
                                                 "state: {folder: one}\n",
                                          "one.yaml")));
  ASSERT_TRUE(Eventually([] {
    return static_cast<bool>(
        httplib::Client("127.0.0.1", 29469).Get("/health"));
  }));
  const ProgramResult same_port =
      NodeWorld::RunNode(world_.WriteNode(slow + "metrics: {port: 29469}\n"
                                                 "state: {folder: two}\n",
                                          "two.yaml"));
  EXPECT_EQ(same_port.exit_code, 5);
  EXPECT_THAT(same_port.err,
              HasSubstr("cannot listen on 127.0.0.1:29469: Address already in "
                        "use; `metrics.port` names another port"));
  const ProgramResult same_folder = NodeWorld::RunNode(world_.WriteNode(
      slow + "metrics: {port: 0}\nstate: {folder: one}\n", "three.yaml"));
  EXPECT_EQ(same_folder.exit_code, 5);
  EXPECT_THAT(same_folder.err, HasSubstr("another node has this state folder"));
}

TEST_F(NodeProcess, AnUnreadableStateIsToldAndBegunAnew) {
  WriteTrace(Testbed("sweep"), world_ / "trace.h5");
  const std::string file = world_.WriteNode(kReplay);
  std::filesystem::create_directories(world_.state());
  std::ofstream(world_.state() + "/node.json") << "{\"filetype\": 3";
  std::ofstream(world_.state() + "/samples-000000000000.csv") << "x,y\n1,a\n";
  const ProgramResult end = NodeWorld::RunNode(file);
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(EventsOf(end.err, "state-unreadable").size(), 1u);
  EXPECT_EQ(static_cast<int64_t>(world_.Decisions().size()),
            Testbed("sweep").samples());
}

// A trigger fires on the measured drift, within the delay that the gate's
// example grants; the fallback acts; the request has the window since.
TEST_F(NodeProcess, DriftMeansFallbackAndARequest) {
  // Its first 100 samples are a transient of the host (data/README.md).
  const Trace recorded = Testbed("drift");
  const Trace drift = recorded.Slice(100, recorded.samples());
  const double change = std::stod(drift.Attribute("change_time_seconds"));
  int64_t at = 0;
  while (drift.time_seconds[static_cast<size_t>(at)] < change) ++at;
  WriteTrace(drift, world_ / "trace.h5");
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(
      {"kpi:latency_mean", "counter/function:function.inspect.busy"});
  monitor.forecaster = "linear";
  DriftOptions options;
  options.ert = 5000;
  options.replications = 100;
  CalibrateDrift(drift.Slice(0, at - 100), monitor, options)
      .Save(world_ / "drift.trigger");
  const std::string digest =
      world_.Promote("m", Fitted(drift, at), world_ / "drift.trigger");
  const ProgramResult end = NodeWorld::RunNode(
      world_.WriteNode(std::string(kReplay) +
                       "action: {rule: proportional, gain: 1}\n"
                       "fallback: {kind: fixed, setting: -1}\n"
                       "retraining: {folder: requests, samples: 120}\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto rows = world_.Decisions();
  int64_t fired = -1;
  for (size_t i = 0; i < rows.size() && fired < 0; ++i) {
    const bool is_drift = rows[i][testing::kDoubt] == "drift";
    if (static_cast<int64_t>(i) >= at && is_drift) {
      fired = static_cast<int64_t>(i);
    }
  }
  ASSERT_GE(fired, at);
  EXPECT_LE(fired, at + 100);
  EXPECT_EQ(rows[static_cast<size_t>(fired)][testing::kSetting], "-1");
  const auto request = nlohmann::json::parse(
      testing::ReadAll(world_ / "requests/request-000001.json"));
  EXPECT_EQ(request["state"], "ready");
  EXPECT_EQ(request["model"]["digest"], digest);
  EXPECT_EQ(request["trigger"], "drift.trigger");
  EXPECT_EQ(request["window"]["samples"], 120);
  const std::string path =
      world_ / "requests/" + request["window"]["file"].get<std::string>();
  EXPECT_EQ(request["window"]["sha256"], Sha256OfFile(path));
  // It is the part of the stream that it says, and a model can be made of it.
  const Trace window = ImportTrace("csv", path);
  ASSERT_EQ(window.samples(), 120);
  const double begin = request["window"]["begin_seconds"].get<double>();
  int64_t first = 0;
  while (drift.time_seconds[static_cast<size_t>(first)] < begin) ++first;
  for (const char* name : {"function.inspect.busy", "delivered_rate"}) {
    for (int64_t i = 0; i < 120; ++i) {
      EXPECT_EQ(window.Get(name).values[static_cast<size_t>(i)],
                drift.Get(name).values[static_cast<size_t>(first + i)]);
    }
    EXPECT_EQ(window.Get(name).unit, drift.Get(name).unit);
  }
  EXPECT_GT(begin, change - 20);
  Fitted(window, 100);
}

// A trace of 600 counters and a target.
Trace Wide(int64_t samples) {
  RngStream rng = RngTree(3).Stream("test/wide", Replication(0));
  Trace trace;
  trace.source = "made up";
  Column target;
  target.name = "delivered_rate";
  target.role = Role::kKpi;
  target.unit = "bit/s";
  target.values.assign(static_cast<size_t>(samples), 0);
  for (int c = 0; c < 600; ++c) {
    Column column;
    column.name = fmt::format("core.{}.counter_{}", c / 20, c % 20);
    column.unit = "1";
    column.scope = Scope::kCore;
    column.scope_id = std::to_string(c / 20);
    for (int64_t i = 0; i < samples; ++i) {
      column.values.push_back(rng.Normal(100, 10));
      target.values[static_cast<size_t>(i)] += column.values.back();
    }
    trace.columns.push_back(std::move(column));
  }
  for (int64_t i = 0; i < samples; ++i) {
    trace.time_seconds.push_back(static_cast<double>(i));
  }
  trace.columns.push_back(std::move(target));
  return trace;
}

TEST_F(NodeProcess, SixHundredCountersFitInFiftyMegabytes) {
  const Trace trace = Wide(1500);
  WriteTrace(trace, world_ / "trace.h5");
  ForecastProblem problem;
  problem.horizon = 1;
  FitOptions options;
  options.forecaster = "linear";
  const ForecastModel model = FitModel(problem, trace, 1400, options);
  ASSERT_EQ(model.features().size(), 600u);
  world_.Promote("wide", model);
  // A CSV and not a recording, which would be in memory as a whole.
  std::string header = "time";
  for (const Column& column : trace.columns) {
    header += fmt::format(",{} [{}]", column.name, column.unit);
  }
  std::ofstream csv(world_ / "live.csv");
  csv << header << "\n";
  for (size_t i = 0; i < 1200; ++i) {
    csv << trace.time_seconds[i];
    for (const Column& column : trace.columns) csv << "," << column.values[i];
    csv << "\n";
  }
  csv.close();
  Program node(NodeWorld::Command(
      world_.WriteNode("source: {kind: csv, path: live.csv}\n"
                       "metrics: {port: 29470}\n")));
  ASSERT_TRUE(Eventually([&] { return world_.Decisions().size() == 1200; }));
  const auto page = httplib::Client("127.0.0.1", 29470).Get("/metrics");
  ASSERT_TRUE(page);
  const testing::PrometheusText metrics(page->body);
  const double peak = metrics.Value("airlock_node_peak_resident_bytes");
  RecordProperty("peak_resident_megabytes", static_cast<int>(peak / 1e6));
  EXPECT_LT(peak, 50e6);
  EXPECT_GT(peak, 1e6);
  kill(node.pid(), SIGTERM);
  EXPECT_EQ(node.Wait().exit_code, 0);
}

TEST_F(NodeProcess, OpensNothingOutsideItsFolders) {
  if (access("/usr/bin/strace", X_OK) != 0) {
    GTEST_SKIP() << "strace is not installed";
  }
  const Trace trace = Testbed("sweep");
  WriteTrace(trace, world_ / "trace.h5");
  world_.Promote("m", Fitted(trace, 700));
  const std::string file =
      world_.WriteNode(std::string(kReplay) +
                       "metrics: {port: 0}\n"
                       "action: {rule: proportional, gain: 1}\n"
                       "actuator: {kind: file, path: out/setting.json}\n"
                       "retraining: {folder: requests}\n");
  std::vector<std::string> command = {"/usr/bin/strace",
                                      "-f",
                                      "-e",
                                      "trace=open,openat,openat2,creat,execve",
                                      "-o",
                                      world_ / "calls"};
  for (const std::string& word :
       NodeWorld::Command(file, {"--set", "source.samples=60"})) {
    command.push_back(word);
  }
  const ProgramResult end = testing::Run(command, world_.path());
  if (end.err.find("ptrace") != std::string::npos) {
    GTEST_SKIP() << "nothing may be traced here";
  }
  ASSERT_EQ(end.exit_code, 0) << end.err;
  static const std::regex path_form(
      R"re((?:open|openat|execve)\([^"]*"([^"]*)")re");
  const std::vector<std::string> own = {world_ / "node.yaml",
                                        world_ / "registry",
                                        world_ / "state",
                                        world_ / "trace.h5",
                                        world_ / "out",
                                        world_ / "requests",
                                        AIRLOCK_BINARY_DIR "/airlock-node"};
  // Of the system: libraries, and what they read when they are loaded.
  const std::vector<std::string> of_system = {
      "/lib/",     "/usr/lib/",      "/etc/ld.so.",         "/proc/self/",
      "/dev/null", "/etc/localtime", "/etc/ssl/openssl.cnf"};
  int opened = 0;
  std::smatch match;
  for (const std::string& line :
       testing::LinesOf(testing::ReadAll(world_ / "calls"))) {
    if (!std::regex_search(line, match, path_form)) continue;
    const std::string path = match[1];
    const auto is_below = [&](const std::string& prefix) {
      return path.rfind(prefix, 0) == 0;
    };
    EXPECT_TRUE(std::any_of(own.begin(), own.end(), is_below) ||
                std::any_of(of_system.begin(), of_system.end(), is_below))
        << line;
    if (is_below(world_.path())) ++opened;
  }
  EXPECT_GT(opened, 20);
}

}  // namespace
}  // namespace airlock
