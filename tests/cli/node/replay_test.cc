#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibration/traces/importer.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/node_world.h"
#include "twin/drift/watch.h"
#include "twin/pipeline/fit.h"

// A node that replays measured traces.
namespace airlock {
namespace {

using testing::CellsOf;
using testing::EventsOf;
using ::testing::HasSubstr;
using testing::NodeWorld;
using testing::ProgramResult;

const Trace& Sweep() {
  static const Trace trace =
      ImportTrace("testbed", AIRLOCK_SOURCE_DIR "/data/sweep.csv.xz");
  return trace;
}

ForecastModel Fitted(const std::string& forecaster, int64_t horizon,
                     int64_t train = 700) {
  ForecastProblem problem;
  problem.horizon = horizon;
  problem.include = ParseFeaturePatterns(
      {"function.inspect.busy", "packet_size", "core.1.user"});
  problem.offered_rate = true;
  problem.lags = horizon > 0 ? 2 : 0;
  FitOptions options;
  options.forecaster = forecaster;
  return FitModel(problem, Sweep(), train, options);
}

class NodeReplay : public ::testing::Test {
 protected:
  void SetUp() override { WriteTrace(Sweep(), world_ / "sweep.h5"); }
  std::string Node(const std::string& more = "",
                   const std::string& source = "") {
    return world_.WriteNode(
        "source: {kind: replay, path: sweep.h5, speed: 0, period: 250ms" +
        source + "}\n" + more);
  }
  NodeWorld world_;
};

TEST_F(NodeReplay, PredictsWhatTheModelPredictsOfTheWholeTrace) {
  const ForecastModel acting = Fitted("xgboost", 0);
  const ForecastModel shadow = Fitted("linear", 3);
  const std::string digest = world_.Promote("boosted", acting);
  world_.Shadow("line", shadow);
  const ProgramResult end = NodeWorld::RunNode(Node());
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto rows = world_.Decisions();
  ASSERT_EQ(static_cast<int64_t>(rows.size()), Sweep().samples());
  const auto check = [&](const ForecastModel& model, size_t cell) {
    const Predictions expected = model.Predict(Sweep());
    std::map<int64_t, double> by_origin;
    for (size_t i = 0; i < expected.origin.size(); ++i) {
      by_origin[expected.origin[i]] = expected.value[i];
    }
    int64_t compared = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto found = by_origin.find(static_cast<int64_t>(i));
      ASSERT_EQ(found != by_origin.end(), !rows[i][cell].empty()) << i;
      if (found == by_origin.end()) continue;
      EXPECT_EQ(std::stod(rows[i][cell]), found->second) << i;
      ++compared;
    }
    EXPECT_GT(compared, Sweep().samples() - 10);
  };
  check(acting, testing::kForecast);
  check(shadow, testing::kShadow);
  EXPECT_EQ(rows.back()[testing::kModel], digest.substr(0, 16));
}

// Forecasts of rows [begin, end) are those of the model on the whole trace.
void ExpectForecasts(const std::vector<std::vector<std::string>>& rows,
                     size_t begin, size_t end, const ForecastModel& model,
                     const std::string& digest) {
  const Predictions expected = model.Predict(Sweep());
  std::map<int64_t, double> by_origin;
  for (size_t i = 0; i < expected.origin.size(); ++i) {
    by_origin[expected.origin[i]] = expected.value[i];
  }
  for (size_t i = begin; i < end; ++i) {
    ASSERT_EQ(rows[i][testing::kSample], std::to_string(i));
    EXPECT_EQ(rows[i][testing::kModel], digest.substr(0, 16)) << i;
    const auto found = by_origin.find(static_cast<int64_t>(i));
    if (found == by_origin.end()) continue;
    ASSERT_NE(rows[i][testing::kForecast], "") << i;
    EXPECT_EQ(std::stod(rows[i][testing::kForecast]), found->second) << i;
  }
}

TEST_F(NodeReplay, SwapsBetweenTwoSamplesAndLosesNone) {
  const ForecastModel first = Fitted("linear", 3);
  const ForecastModel second = Fitted("linear", 5);
  const std::string first_digest = world_.Promote("first", first);
  const std::string file = world_.WriteNode(
      "source: {kind: replay, path: sweep.h5, speed: 100, period: 250ms}\n"
      "limits: {inference: 10s}\n");
  testing::Program node(NodeWorld::Command(file));
  ASSERT_TRUE(
      testing::Eventually([&] { return world_.Decisions().size() > 150; }));
  const std::string second_digest = world_.Promote("second", second);
  const ProgramResult end = node.Wait();
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto rows = world_.Decisions();
  ASSERT_EQ(static_cast<int64_t>(rows.size()), Sweep().samples());
  size_t swap = 0;
  while (swap < rows.size() &&
         rows[swap][testing::kModel] == first_digest.substr(0, 16)) {
    ++swap;
  }
  ASSERT_GT(swap, 100u);
  ASSERT_LT(swap, rows.size());
  ExpectForecasts(rows, 0, swap, first, first_digest);
  // The second model has its past at once.
  ExpectForecasts(rows, swap, rows.size(), second, second_digest);
  EXPECT_EQ(rows[swap][testing::kActs], "model");
  const auto events = EventsOf(end.err, "model-swapped");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["sample"], swap);
  EXPECT_EQ(events[0]["before"], first_digest);
}

TEST_F(NodeReplay, RefusesABrokenModelAndKeepsTheOld) {
  const std::string first = world_.Promote("first", Fitted("linear", 3));
  const std::string file = world_.WriteNode(
      "source: {kind: replay, path: sweep.h5, speed: 100, period: 250ms}\n");
  testing::Program node(NodeWorld::Command(file));
  ASSERT_TRUE(
      testing::Eventually([&] { return world_.Decisions().size() > 100; }));
  // Promoted elsewhere, its receipt altered, then put in place at once.
  namespace fs = std::filesystem;
  fs::copy(world_.registry(), world_ / "copy", fs::copy_options::recursive);
  const std::string gate = world_ / "gate-x";
  testing::WriteGateFolderOf(gate, "second", Fitted("linear", 5), "", "promote",
                             testing::TestKey());
  Registry(world_ / "copy").Promote(gate, testing::Why());
  int altered = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(world_ / "copy/receipts")) {
    if (entry.path().filename() != kReceiptName) continue;
    const std::string name = fs::relative(entry.path(), world_ / "copy");
    if (fs::exists(world_.registry() + "/" + name)) continue;
    auto envelope = nlohmann::json::parse(testing::ReadAll(entry.path()));
    auto signature = envelope["signatures"][0]["sig"].get<std::string>();
    signature[10] = signature[10] == 'A' ? 'B' : 'A';
    envelope["signatures"][0]["sig"] = signature;
    fs::permissions(entry.path(), fs::perms::owner_all);
    std::ofstream(entry.path()) << envelope.dump();
    ++altered;
  }
  ASSERT_EQ(altered, 1);
  for (const char* part : {"versions", "receipts", "history"}) {
    fs::copy(world_ / "copy/" + part, world_.registry() + "/" + part,
             fs::copy_options::recursive | fs::copy_options::skip_existing);
  }
  WriteFileAtomically(world_.registry() + "/state.json",
                      ReadFile(world_ / "copy/state.json"));
  const ProgramResult end = node.Wait();
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_FALSE(EventsOf(end.err, "model-refused").empty()) << end.err;
  const auto rows = world_.Decisions();
  ASSERT_EQ(static_cast<int64_t>(rows.size()), Sweep().samples());
  for (const auto& row : rows) {
    EXPECT_EQ(row[testing::kModel], first.substr(0, 16));
  }
  EXPECT_EQ(rows.back()[testing::kActs], "model");
}

// Of the same stream's first half.
void SaveTrigger(const std::string& path) {
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns({"kpi:latency_mean"});
  monitor.forecaster = "linear";
  DriftOptions drift;
  drift.ert = 500;
  drift.replications = 50;
  CalibrateDrift(Sweep().Slice(0, 400), monitor, drift).Save(path);
}

TEST_F(NodeReplay, GoesOnAfterKillsAsIfThereHadBeenNone) {
  SaveTrigger(world_ / "drift.trigger");
  world_.Promote("first", Fitted("linear", 3), world_ / "drift.trigger");
  const auto node = [&](const std::string& state, int speed) {
    return world_.WriteNode(
        fmt::format("source: {{kind: replay, path: sweep.h5, speed: {}, "
                    "period: 250ms}}\n"
                    "limits: {{inference: 10s}}\n"
                    "drift: {{forget_after: 50}}\n"
                    "action: {{rule: proportional, gain: 1}}\n"
                    "fallback: {{kind: persistence}}\n"
                    "state: {{folder: {}, decisions: true, save_every: 37}}\n",
                    speed, state),
        state + ".yaml");
  };
  ASSERT_EQ(NodeWorld::RunNode(node("whole", 0)).exit_code, 0);
  const std::string file = node("killed", 100);
  for (const size_t at : {20, 130, 300}) {
    testing::Program program(NodeWorld::Command(file));
    ASSERT_TRUE(testing::Eventually(
        [&] { return world_.Decisions("killed").size() > at; }));
    kill(program.pid(), SIGKILL);
    EXPECT_EQ(program.Wait().exit_code, 128 + SIGKILL);
  }
  const ProgramResult end =
      NodeWorld::RunNode(file, {"--set", "source.speed=0"});
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(EventsOf(end.err, "caught-up").size(), 1u);
  EXPECT_EQ(testing::ReadAll(world_ / "killed/decisions.csv"),
            testing::ReadAll(world_ / "whole/decisions.csv"));
  const auto state = [&](const std::string& name) {
    auto body = nlohmann::json::parse(
        testing::ReadAll(world_ / name + "/node.json"))["body"];
    return std::make_pair(body["acting"].dump(), body["guard"].dump());
  };
  EXPECT_EQ(state("killed"), state("whole"));
  // The triggers too, and there was something to say.
  const auto alarms = [&](const std::string& name) {
    const auto body = nlohmann::json::parse(
        testing::ReadAll(world_ / name + "/node.json"))["body"];
    return std::make_pair(body["triggers"][0]["alarms"].get<int>(),
                          body["last_alarm"].get<int>());
  };
  EXPECT_EQ(alarms("killed"), alarms("whole"));
  EXPECT_GE(alarms("whole").first, 1);
}

TEST_F(NodeReplay, RefusesAModelWhoseTriggerWasAltered) {
  SaveTrigger(world_ / "drift.trigger");
  world_.Promote("first", Fitted("linear", 3), world_ / "drift.trigger");
  namespace fs = std::filesystem;
  int altered = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(world_.registry() + "/versions")) {
    if (entry.path().extension() != ".trigger") continue;
    fs::permissions(entry.path(), fs::perms::owner_all);
    std::ofstream(entry.path(), std::ios::app) << "\n";
    ++altered;
  }
  ASSERT_EQ(altered, 1);
  const ProgramResult end = NodeWorld::RunNode(world_.WriteNode(
      "source: {kind: replay, path: sweep.h5, speed: 0, period: 250ms}\n"
      "limits: {inference: 10s}\n"
      "fallback: {kind: persistence}\n"));
  EXPECT_FALSE(EventsOf(end.err, "model-refused").empty()) << end.err;
  EXPECT_TRUE(EventsOf(end.err, "model-loaded").empty()) << end.err;
  EXPECT_THAT(end.err, HasSubstr(".trigger"));
}

TEST_F(NodeReplay, ASignalEndsItCleanlyWithItsStateSaved) {
  world_.Promote("first", Fitted("linear", 3));
  const std::string file = world_.WriteNode(
      "source: {kind: replay, path: sweep.h5, speed: 20, period: 250ms}\n"
      "limits: {inference: 10s}\n");
  testing::Program program(NodeWorld::Command(file));
  ASSERT_TRUE(
      testing::Eventually([&] { return world_.Decisions().size() > 30; }));
  kill(program.pid(), SIGTERM);
  const ProgramResult end = program.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(EventsOf(end.err, "ended").size(), 1u);
  const auto body = nlohmann::json::parse(
      testing::ReadAll(world_.state() + "/node.json"))["body"];
  EXPECT_EQ(body["next_sample"], world_.Decisions().size());
  // Nothing is left to be caught up with.
  const ProgramResult again =
      NodeWorld::RunNode(file, {"--set", "source.speed=0"});
  EXPECT_TRUE(EventsOf(again.err, "caught-up").empty());
  EXPECT_EQ(static_cast<int64_t>(world_.Decisions().size()), Sweep().samples());
}

TEST_F(NodeReplay, APausedRegistryIsRespected) {
  world_.Promote("first", Fitted("linear", 3));
  Registry registry(world_.registry());
  registry.SetPause(Pause::kFallback, "maintenance");
  const ProgramResult end = NodeWorld::RunNode(Node());
  ASSERT_EQ(end.exit_code, 0) << end.err;
  for (const auto& row : world_.Decisions()) {
    EXPECT_EQ(row[testing::kActs], "fallback");
    EXPECT_EQ(row[testing::kDoubt], "paused");
  }
  registry.SetPause(Pause::kNo, "done");
  const ProgramResult resumed = NodeWorld::RunNode(
      world_.WriteNode("source: {kind: replay, path: sweep.h5, speed: 0, "
                       "period: 250ms}\n"
                       "state: {folder: resumed, decisions: true}\n"));
  EXPECT_EQ(world_.Decisions("resumed").back()[testing::kActs], "model");
}

TEST_F(NodeReplay, WithoutAModelTheFallbackActs) {
  Registry(world_.registry()).Init({testing::TestKey().public_key()}, "");
  const ProgramResult end =
      NodeWorld::RunNode(Node("action: {rule: proportional, gain: 1}\n"
                              "fallback: {kind: fixed, setting: 4}\n"
                              "actuator: {kind: file, path: setting.json}\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(world_.Decisions().back()[testing::kDoubt], "no-model");
  EXPECT_THAT(testing::ReadAll(world_ / "setting.json"),
              HasSubstr("\"configuration\":4.0"));
}

// --- What is wrong with the input
// ----------------------------------------------

struct Fault {
  const char* name;
  const char* doubt;
  int64_t first;  // sample that must be doubted at the latest
  int64_t last;   // and the last one
  void (*plant)(Trace* trace);
};

constexpr int64_t kAt = 300;

void Scale(Trace* trace, const char* column, double factor, int64_t count) {
  for (Column& each : trace->columns) {
    if (each.name != column) continue;
    for (int64_t i = kAt; i < kAt + count; ++i) {
      each.values[static_cast<size_t>(i)] *= factor;
    }
  }
}

class NodeFault : public NodeReplay,
                  public ::testing::WithParamInterface<Fault> {};

TEST_P(NodeFault, TheFallbackActsWithinOnePeriod) {
  world_.Promote("first", Fitted("linear", 0));
  Trace trace = Sweep();
  GetParam().plant(&trace);
  WriteTrace(trace, world_ / "faulty.h5");
  const ProgramResult end = NodeWorld::RunNode(world_.WriteNode(
      "source: {kind: replay, path: faulty.h5, speed: 0, period: 250ms}\n"
      "limits: {inference: 10s, frozen_after: 10, stale_after: 1s}\n"
      "action: {rule: proportional, gain: 1}\n"
      "fallback: {kind: fixed, setting: -1}\n"));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto rows = world_.Decisions();
  ASSERT_EQ(static_cast<int64_t>(rows.size()), trace.samples());
  const auto doubt = [&](int64_t i) {
    return rows[static_cast<size_t>(i)][testing::kDoubt];
  };
  const auto setting = [&](int64_t i) {
    return rows[static_cast<size_t>(i)][testing::kSetting];
  };
  EXPECT_EQ(doubt(GetParam().first - 1), "");
  EXPECT_NE(setting(GetParam().first - 1), "-1");
  for (int64_t i = GetParam().first; i <= GetParam().last; ++i) {
    EXPECT_EQ(doubt(i), GetParam().doubt) << i;
    EXPECT_EQ(setting(i), "-1") << i;
  }
  // Five good samples (the default), then the model again.
  EXPECT_EQ(setting(GetParam().last + 4), "-1");
  EXPECT_EQ(doubt(GetParam().last + 5), "");
  EXPECT_NE(setting(GetParam().last + 5), "-1");
}

INSTANTIATE_TEST_SUITE_P(
    All, NodeFault,
    ::testing::Values(
        Fault{"OutOfRange", "out-of-range", kAt, kAt + 7,
              [](Trace* t) { Scale(t, "function.inspect.busy", 1e6, 8); }},
        Fault{"Missing", "missing-input", kAt, kAt + 7,
              [](Trace* t) {
                Scale(t, "function.inspect.busy", std::nan(""), 8);
              }},
        Fault{"Stale", "stale-input", kAt, kAt,
              [](Trace* t) {
                for (size_t i = kAt; i < t->time_seconds.size(); ++i) {
                  t->time_seconds[i] += 30;
                }
              }},
        // The tenth equal sample shows it, kAt + 9.
        Fault{"Frozen", "frozen-input", kAt + 9, kAt + 19,
              [](Trace* t) {
                for (Column& column : t->columns) {
                  for (size_t i = kAt; i < kAt + 20; ++i) {
                    column.values[i] = column.values[kAt];
                  }
                }
              }}),
    [](const auto& info) { return info.param.name; });

TEST_F(NodeReplay, UnknownCountersAreToldByName) {
  world_.Promote("first", Fitted("linear", 0));
  Trace trace = Sweep();
  for (Column& column : trace.columns) {
    if (column.name == "function.inspect.busy") column.name += "y";
    if (column.name == "packet_size") column.unit = "packet";
  }
  WriteTrace(trace, world_ / "sweep.h5");
  ProgramResult end = NodeWorld::RunNode(Node());
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.err, HasSubstr("function.inspect.busy"));
  EXPECT_THAT(end.err, HasSubstr("packet_size"));
  WriteTrace(Sweep(), world_ / "sweep.h5");
  end = NodeWorld::RunNode(
      Node("", ", counters: [core.0.usr, function.inspect.busy]"));
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.err,
              HasSubstr("the source has no counter 'core.0.usr' (it has "
                        "'core.0.user')"));
}

TEST_F(NodeReplay, ASettingThatIsNotVerifiedIsRolledBack) {
  world_.Promote("first", Fitted("linear", 0));
  // The device ignores settings above 5.
  const std::string apply = world_ / "apply";
  const std::string read = world_ / "read";
  std::ofstream(apply) << "#!/bin/sh\necho $1 > " << world_ / "configuration"
                       << "\n[ $1 = 9 ] || echo $1 > " << world_ / "device"
                       << "\n";
  std::ofstream(read) << "#!/bin/sh\nread c < " << world_ / "configuration"
                      << "\nread s < " << world_ / "device"
                      << "\necho \"{\\\"configuration\\\": $c, "
                         "\\\"state\\\": $s}\"\n";
  for (const std::string& path : {apply, read}) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  const ProgramResult end = NodeWorld::RunNode(world_.WriteNode(fmt::format(
      "source: {{kind: replay, path: sweep.h5, speed: 0, period: 100s, "
      "samples: 60, timeout: 100s}}\n"
      "limits: {{inference: 10s, stale_after: 100s}}\n"
      "action: {{rule: steps, steps: [{{from: -1e12, setting: 9}}]}}\n"
      "fallback: {{kind: fixed, setting: 2}}\n"
      "actuator: {{kind: command, apply: ['{}', '{{setting}}'], read: "
      "['{}'], timeout: 20s, settle: 0s, verify_within: 0s}}\n",
      apply, read)));
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const auto failed = EventsOf(end.err, "action");
  int rolled_back = 0;
  for (const auto& event : failed) {
    if (event["end"] != "rolled-back") continue;
    ++rolled_back;
    EXPECT_THAT(event["reason"].get<std::string>(),
                HasSubstr("state: 9 was applied, and 2 is read back"));
  }
  // Tried again after each recovery, not at each sample.
  EXPECT_GE(rolled_back, 5);
  EXPECT_LE(rolled_back, 12);
  for (const auto& row : world_.Decisions()) {
    EXPECT_EQ(row[testing::kSetting], "2");
  }
  EXPECT_FALSE(EventsOf(end.err, "fallback").empty());
}

}  // namespace
}  // namespace airlock
