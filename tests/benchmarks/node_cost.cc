// What airlock-node costs with 600 counters: processor time a sample, which at
// one sample a second is its share of a core, and the most memory. Two runs of
// different lengths tell what a sample costs from what the start does.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "calibration/traces/pcm_stream.h"
#include "sim/base/rng.h"
#include "tests/support/node_world.h"
#include "twin/drift/watch.h"
#include "twin/node/recent_samples.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

constexpr int kCounters = 600;
constexpr int kShort = 200;
constexpr int kLong = 1400;

Trace Wide() {
  RngStream rng = RngTree(3).Stream("benchmark/wide", Replication(0));
  Trace trace;
  trace.source = "made up";
  Column load;
  load.name = "offered_rate";
  load.role = Role::kKpi;
  load.unit = "bit/s";
  Column target = load;
  target.name = "delivered_rate";
  for (int i = 0; i < kLong; ++i) {
    trace.time_seconds.push_back(i);
    load.values.push_back(rng.Uniform(1, 2));
    target.values.push_back(load.values.back());
  }
  for (int c = 0; c < kCounters; ++c) {
    Column column;
    column.name = fmt::format("core.{}.counter_{}", c / 20, c % 20);
    column.unit = "1";
    column.scope = Scope::kCore;
    column.scope_id = std::to_string(c / 20);
    for (int i = 0; i < kLong; ++i) {
      column.values.push_back(rng.Normal(100, 10));
      target.values[static_cast<size_t>(i)] += column.values.back();
    }
    trace.columns.push_back(std::move(column));
  }
  trace.columns.push_back(std::move(load));
  trace.columns.push_back(std::move(target));
  return trace;
}

struct Cost {
  double seconds = 0;
  double megabytes = 0;
};

// The node on a CSV with the first `samples` samples.
Cost RunOnce(const testing::NodeWorld& world, const Trace& trace,
             const std::string& file, int samples) {
  std::filesystem::remove_all(world.state());
  std::string csv = CsvHeaderText(trace);
  for (int i = 0; i < samples; ++i) csv += CsvRowText(trace, i);
  WriteFileAtomically(world / "live.csv", csv);
  const pid_t child = fork();
  if (child == 0) {
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDERR_FILENO);
    execl(AIRLOCK_BINARY_DIR "/airlock-node", "airlock-node", file.c_str(),
          "--allow-root", nullptr);
    _exit(127);
  }
  const bool taken = testing::Eventually(
      [&] { return world.Decisions().size() == static_cast<size_t>(samples); });
  // Not what wait4 says: that counts the memory of this program, before exec.
  const std::string facts =
      testing::ReadAll(fmt::format("/proc/{}/status", child));
  const size_t peak = facts.find("VmHWM:");
  const double kilobytes =
      peak == std::string::npos ? 0 : std::atof(facts.c_str() + peak + 6);
  kill(child, SIGTERM);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (status != 0 || !taken) {
    std::printf("the node ended with status %d\n", status);
  }
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           1e-6 * static_cast<double>(time.tv_usec);
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          1024e-6 * kilobytes};
}

void Measure(const char* what, const Trace& trace, const std::string& kind,
             int watched) {
  testing::NodeWorld world;
  ForecastProblem problem;
  problem.horizon = 1;
  problem.offered_rate = true;
  FitOptions options;
  options.forecaster = kind;
  const ForecastModel model = FitModel(problem, trace, 1000, options);
  std::string trigger;
  if (watched > 0) {
    MonitorOptions monitor;
    monitor.include.clear();
    for (int c = 0; c < watched; ++c) {
      monitor.include.push_back(
          ParseFeaturePattern(trace.columns[static_cast<size_t>(c)].name));
    }
    DriftOptions drift;
    drift.replications = 50;
    trigger = world / "drift.trigger";
    CalibrateDrift(trace.Slice(0, 500), monitor, drift).Save(trigger);
  }
  world.Promote("m", model, trigger);
  const std::string file = world.WriteNode(
      "source: {kind: csv, path: live.csv}\n"
      "metrics: {port: 0}\n"
      "state: {folder: state, decisions: true}\n");
  const Cost few = RunOnce(world, trace, file, kShort);
  const Cost many = RunOnce(world, trace, file, kLong);
  std::printf("%-44s %6.2f ms a sample  %6.1f MB  model %5.2f MB\n", what,
              1e3 * (many.seconds - few.seconds) / (kLong - kShort),
              many.megabytes,
              1e-6 * static_cast<double>(ModelSizeBytes(model)));
}

void MeasurePcmText() {
  std::string groups = "System,System,", metrics = "Date,Time,", cells;
  for (int c = 0; c < kCounters; ++c) {
    groups += fmt::format("Core{} (Socket 0),", c / 20);
    metrics += fmt::format("C{}res%,", c % 20);
    cells += "12.34,";
  }
  PcmStream stream("pcm");
  stream.Take(groups + "\n" + metrics + "\n");
  const auto begin = std::chrono::steady_clock::now();
  int64_t samples = 0;
  for (int i = 0; i < 2000; ++i) {
    samples += stream
                   .Take(fmt::format("2026-01-31,{:02}:{:02}:{:02}.5,{}\n",
                                     i / 3600, i / 60 % 60, i % 60, cells))
                   .samples();
  }
  const std::chrono::duration<double> passed =
      std::chrono::steady_clock::now() - begin;
  std::printf("%-44s %6.2f ms a sample\n", "the text of pcm alone",
              1e3 * passed.count() / static_cast<double>(samples));
}

}  // namespace
}  // namespace airlock

int main() {
  const airlock::Trace trace = airlock::Wide();
  airlock::Measure("linear, no trigger", trace, "linear", 0);
  airlock::Measure("boosted trees, no trigger", trace, "xgboost", 0);
  airlock::Measure("boosted trees, a trigger on 20 counters", trace, "xgboost",
                   20);
  airlock::MeasurePcmText();
}
