#include "calibration/settings/calibrate_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "calibration/settings/scenario_simulator.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

constexpr char kScenario[] = R"(schema: 1
name: two
run: {engine: surrogate, duration: 40ms, sample_interval: 5ms}
datacentre:
  topology:
    kind: back-to-back
    host_link: {rate: 10Gbps, delay: 1us}
  chain:
    source_host: 0
    server_host: 1
    functions:
      - {name: front, service: {per_packet: 1us, cv: 0.3}, ring: 200}
      - {name: back, service: {per_packet: 4us, cv: 0.3}, ring: 200}
    workload:
      load: {kind: constant, rate: 100Mbps}
      packet_sizes: [{size: 500B, share: 100%}]
)";

constexpr char kTask[] = R"(schema: 1
name: two
inputs:
  - {column: rate, keys: [datacentre.chain.workload.load.rate], unit: bps, step: 1}
parameters:
  - {name: back, keys: [datacentre.chain.functions.back.service.per_packet],
     unit: us, low: 2, high: 20, step: 0.001}
  - {name: ring, keys: [datacentre.chain.functions.back.wakeup], unit: us,
     low: 1, high: 100, step: 0.001}
outputs:
  - {column: loss, metric: chain.loss_ratio, tolerance: 0.01, least: 0, most: 1}
  - {column: delay, metric: chain.latency_mean, scale: logarithm,
     tolerance: 0.05}
hold_out: {column: rate, values: [2.5e+8, 4.5e+8, 6.5e+8, 8.5e+8, 9.5e+8]}
waves: 1
)";

Column ColumnOf(const char* name, const char* unit) {
  return {name, Role::kKpi, unit, Scope::kSystem, "", "", {}};
}

class CalibrateSettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.path() + "/two.yaml";
    WriteFileAtomically(path_, kScenario);
  }

  TaskFile Task(const std::string& text) {
    auto task = ParseCalibrationTask(text, "task.yaml", &diagnostics_);
    EXPECT_TRUE(task) << diagnostics_.Format();
    return *task;
  }
  ResolvedScenario Scenario() {
    return *LoadScenario(path_, {}, &diagnostics_);
  }

  // What the scenario says at `truth` on the parameters' unit cube, four rows a
  // rate, with noise; `bias` on the delay's logarithm.
  Trace Measure(const TaskFile& task, const Eigen::Vector2d& truth,
                double bias) {
    ScenarioSimulator simulator(path_, {}, task.task, 2);
    std::vector<MeasuredPoint> points;
    for (int i = 2; i <= 20; ++i) points.push_back({{5e7 * i}, {{}, {}}, 0});
    Trace trace;
    trace.columns = {ColumnOf("rate", "bit/s"), ColumnOf("loss", "1"),
                     ColumnOf("delay", "s")};
    RngStream stream = RngTree(9).Stream("noise", Replication(0));
    for (int r = 0; r < 4; ++r) {
      const auto values = simulator.Run(truth.transpose(), points, 100 + r);
      for (size_t j = 0; j < points.size(); ++j) {
        const auto at = static_cast<Eigen::Index>(j);
        trace.time_seconds.push_back(
            static_cast<double>(trace.time_seconds.size()));
        trace.columns[0].values.push_back(points[j].inputs[0]);
        trace.columns[1].values.push_back(values[0](0, at));
        trace.columns[2].values.push_back(
            values[1](0, at) * std::exp(bias + stream.Normal(0, 0.03)));
      }
    }
    return trace;
  }

  std::string Errors(const std::string& task, const Trace& trace) {
    const TaskFile file = Task(task);
    Diagnostics found;
    EXPECT_FALSE(CalibrateSettings(Scenario(), file, trace, {}, {}, &found));
    return found.Format();
  }

  testing::TemporaryFolder directory_;
  std::string path_;
  Diagnostics diagnostics_;
};

std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST_F(CalibrateSettingsTest, FindsTheParametersThatMadeTheTrace) {
  const TaskFile task = Task(kTask);
  const Eigen::Vector2d truth(0.4, 0.6);
  const Trace trace = Measure(task, truth, 0);
  const auto result =
      CalibrateSettings(Scenario(), task, trace, {}, {}, &diagnostics_);
  ASSERT_TRUE(result) << diagnostics_.Format();
  const CalibrationProfile& profile = result->profile;
  ASSERT_EQ(profile.settings.size(), 2u);
  for (int j : {0, 1}) {
    const FittedSetting& setting = profile.settings[static_cast<size_t>(j)];
    const double value =
        task.task.parameters[static_cast<size_t>(j)].ValueOf(truth(j));
    const double sd = (setting.high - setting.low) / 3.29;
    EXPECT_NEAR(setting.value, value, 3 * sd) << setting.name;
    EXPECT_LT(sd, 0.1 * value) << setting.name;
    EXPECT_LE(setting.r_hat, 1.01);
    EXPECT_GE(setting.effective_samples, 400);
  }
  EXPECT_NEAR(profile.settings[0].value / 5.02, 1, 0.03);
  ASSERT_TRUE(profile.sampling);
  EXPECT_LT(profile.sampling->plausible_shares.back(), 0.2);
  EXPECT_EQ(profile.sampling->rank_simulations, 0);
  ASSERT_EQ(profile.kpis.size(), 2u);
  for (const KpiFidelity& kpi : profile.kpis) {
    EXPECT_EQ(kpi.samples, 20) << kpi.kpi;
    EXPECT_LT(kpi.w1_over_sd, 0.1) << kpi.kpi;
    EXPECT_LT(std::abs(kpi.p99_error), 0.1) << kpi.kpi;
    EXPECT_GT(kpi.coverage, 0.8) << kpi.kpi;
  }
  EXPECT_EQ(profile.credibility.size(), 8u);
  // The twin beats what knows no simulator.
  const auto error = [&](const std::string& method) {
    for (const PredictionError& e : result->errors) {
      if (e.quantity == "delay" && e.method == method) return e.mean.estimate;
    }
    ADD_FAILURE() << method;
    return 0.0;
  };
  EXPECT_LT(error("twin"), 0.5 * error("nearest fitted point"));
  EXPECT_LT(error("twin"), 0.5 * error("mean of the fitted rows"));
  // The profile reads back, and its settings go into the scenario.
  const std::string file = directory_.path() + "/profile.yaml";
  WriteCalibrationProfile(profile, file);
  Diagnostics found;
  const auto read = LoadCalibrationProfile(file, &found);
  ASSERT_TRUE(read) << found.Format();
  EXPECT_EQ(ToYamlText(*read), ToYamlText(profile));
  const auto put = LoadScenario(path_, SettingOverrides(*read), &found);
  ASSERT_TRUE(put) << found.Format();
  EXPECT_NEAR(
      put->scenario().datacentre->chain->functions[1].service.per_packet_ns /
          (1e3 * profile.settings[0].value),
      1, 1e-3);
}

// As progress does after a signal, in the midst of runs and between them.
TEST_F(CalibrateSettingsTest, WhatProgressThrowsEndsIt) {
  const TaskFile task = Task(kTask);
  const Trace trace = Measure(task, {0.4, 0.6}, 0);
  for (const int jobs : {1, 4}) {
    for (const int64_t last : {1, 50, 300}) {
      SettingsOptions options;
      options.jobs = jobs;
      const auto progress = [&](int64_t done, int64_t) {
        if (done == last) throw Error("stopped");
      };
      EXPECT_THROW(CalibrateSettings(Scenario(), task, trace, options, progress,
                                     &diagnostics_),
                   Error)
          << jobs << " jobs, " << last;
    }
  }
}

TEST_F(CalibrateSettingsTest, SameSeedSameProfileWhateverTheJobs) {
  const TaskFile task = Task(kTask);
  const Eigen::Vector2d middle(0.5, 0.5);
  const std::vector<MeasuredPoint> points = {{{2e8}, {{}, {}}, 0},
                                             {{7e8}, {{}, {}}, 0}};
  const auto run = [&](int jobs) {
    const ScenarioSimulator simulator(path_, {}, task.task, jobs);
    return simulator.Run(middle.transpose().replicate(5, 1), points, 3);
  };
  EXPECT_EQ(run(1), run(2));
  // Rows have random numbers of their own.
  EXPECT_NE(run(1)[1](0, 0), run(1)[1](1, 0));
}

TEST_F(CalibrateSettingsTest, WhatIsWrongIsSaidAtItsPlace) {
  const Trace trace = Measure(Task(kTask), {0.4, 0.6}, 0);
  EXPECT_THAT(Errors(Replaced(kTask, "column: loss", "column: losses"), trace),
              HasSubstr("task.yaml:11:14: error: outputs.0.column: the trace "
                        "has no column 'losses'"));
  EXPECT_THAT(
      Errors(Replaced(kTask, "chain.loss_ratio", "chain.loss"), trace),
      HasSubstr("task.yaml:11:28: error: outputs.0.metric: the scenario has no "
                "metric 'chain.loss'"));
  const std::string no_key = Errors(
      Replaced(kTask, "functions.back.wakeup", "functions.side.wakeup"), trace);
  EXPECT_THAT(no_key, HasSubstr("side"));
  EXPECT_THAT(no_key, HasSubstr("task.yaml:5:1: error: parameters"));
  const std::string outside =
      Errors(Replaced(kTask, "low: 1, high: 100, step: 0.001}",
                      "low: -5, high: 100, scale: linear, step: 0.001}"),
             trace);
  EXPECT_THAT(outside, HasSubstr("wakeup"));
  EXPECT_THAT(outside, HasSubstr("the scenario does not take ring = -5"));
  EXPECT_THAT(Errors(Replaced(kTask, "[2.5e+8, 4.5e+8, 6.5e+8, 8.5e+8, 9.5e+8]",
                              "[2.5e+8]"),
                     trace),
              HasSubstr("4 rows, 1 different points to judge on; at least 5"));
  EXPECT_THAT(
      Errors(Replaced(kTask,
                      "keys: [datacentre.chain.workload.load.rate], "
                      "unit: bps, step: 1",
                      "settings: [{value: 1.0e+8, set: {run.seed: '2'}}]"),
             trace),
      HasSubstr("which has no setting"));
}

TEST_F(CalibrateSettingsTest, ATaskThatContradictsItselfIsRefused) {
  const auto errors = [](const std::string& text) {
    Diagnostics found;
    EXPECT_FALSE(ParseCalibrationTask(text, "task.yaml", &found));
    return found.Format();
  };
  EXPECT_THAT(errors(Replaced(kTask, "low: 2, high: 20", "low: 30, high: 20")),
              HasSubstr("is not below high"));
  EXPECT_THAT(errors(Replaced(kTask, "low: 2, high: 20", "low: 0, high: 20")),
              HasSubstr("which a logarithmic scale needs"));
  EXPECT_THAT(errors(Replaced(kTask, "hold_out: {column: rate",
                              "hold_out: {column: size")),
              HasSubstr("'size' is no input of the task"));
  EXPECT_THAT(errors(Replaced(kTask, "tolerance: 0.01", "tolerance: 0")),
              HasSubstr("outputs.0.tolerance"));
}

}  // namespace
}  // namespace airlock
