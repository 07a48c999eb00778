#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/results/hdf5_file.h"
#include "sim/results/summary.h"
#include "sim/scenario/resolve.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/gate/gate.h"
#include "twin/report/pages.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kConfidence = 0.95;

struct RunOptions {
  std::string scenario;
  std::string out;
  std::vector<std::string> overrides;
  std::string engine;
  int64_t seed = -1;
  int64_t replications = 0;
  int64_t jobs = 0;
  bool observations = false;
  bool overwrite = false;
  bool json = false;
};

// 29 columns wide; `without` where there is no interval.
std::string IntervalText(const Interval& interval, const char* without) {
  if (std::isfinite(interval.low) && std::isfinite(interval.high)) {
    return fmt::format("{:>13.6g} .. {:<12.6g}", interval.low, interval.high);
  }
  return fmt::format("{:^29}", without);
}

json SummaryJson(const RunRecord& record) {
  json metrics = json::array();
  for (const MetricSummary& m : Summarize(record, kConfidence)) {
    metrics.push_back({{"name", m.name},
                       {"unit", m.unit},
                       {"n", m.n},
                       {"missing", m.missing},
                       {"mean", NumberOrNull(m.mean.estimate)},
                       {"low", NumberOrNull(m.mean.low)},
                       {"high", NumberOrNull(m.mean.high)},
                       {"sd", NumberOrNull(m.standard_deviation)},
                       {"least", NumberOrNull(m.least)},
                       {"greatest", NumberOrNull(m.greatest)}});
  }
  int64_t events = 0;
  for (const ReplicationRecord& r : record.replications) events += r.events;
  return {{"filetype", "run-summary"},
          {"version", {1, 0}},
          {"scenario", record.scenario_name},
          {"engine", record.provenance.engine},
          {"seed", record.provenance.seed},
          {"replications", record.replications.size()},
          {"confidence", kConfidence},
          {"events", events},
          {"digest", record.Digest()},
          {"metrics", std::move(metrics)}};
}

std::string SummaryText(const RunRecord& record) {
  std::string text = fmt::format(
      "{}: {} replication{}, engine {}, seed {}\n", record.scenario_name,
      record.replications.size(), record.replications.size() == 1 ? "" : "s",
      record.provenance.engine, record.provenance.seed);
  text += fmt::format("{:<34} {:>13}  {:^29}  {}\n", "metric", "mean",
                      "95 % interval", "unit");
  for (const MetricSummary& m : Summarize(record, kConfidence)) {
    text +=
        fmt::format("{:<34} {:>13.6g}  {:<29}  {}\n", m.name, m.mean.estimate,
                    IntervalText(m.mean, "needs 2 replications"), m.unit);
  }
  return text + "digest " + record.Digest() + "\n";
}

void PrintAnswer(const RunRecord& record, bool as_json) {
  fmt::print(
      "{}", as_json ? SummaryJson(record).dump(2) + "\n" : SummaryText(record));
}

// What the run cost; not part of the answer, which is the same on any machine.
std::string SpeedText(const RunRecord& record) {
  int64_t events = 0;
  double wall_seconds = 0;
  double simulated_seconds = 0;
  for (const ReplicationRecord& r : record.replications) {
    events += r.events;
    wall_seconds += r.wall_seconds;
    simulated_seconds += r.simulated_seconds;
  }
  return fmt::format(
      "{:.3g} events for {:.3g} simulated s in {:.3g} s of replications: "
      "{:.3g} "
      "events/s each",
      static_cast<double>(events), simulated_seconds, wall_seconds,
      static_cast<double>(events) / wall_seconds);
}

// observations-NUMBER.h5: a trace a replication, as `airlock node` replays it.
void WriteObservations(const std::vector<Trace>& observations,
                       const RunRecord& record, const std::string& folder) {
  for (size_t r = 0; r < observations.size(); ++r) {
    const int64_t number = record.replications[r].replication.value();
    WriteTrace(observations[r],
               fmt::format("{}/observations-{}.h5", folder, number),
               record.provenance);
  }
}

ExitCode Run(const RunOptions& options) {
  std::vector<std::string> overrides = options.overrides;
  if (!options.engine.empty()) {
    overrides.push_back("run.engine=" + options.engine);
  }
  if (options.seed >= 0) {
    overrides.push_back(fmt::format("run.seed={}", options.seed));
  }
  if (options.replications > 0) {
    overrides.push_back(
        fmt::format("run.replications={}", options.replications));
  }
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(options.scenario, overrides, &diagnostics);
  Tell(diagnostics.Format());
  if (!scenario) return ExitCode::kInput;
  OutputFolder folder(options.out, options.overwrite);
  ProgressDisplay display;
  BatchOptions batch;
  batch.jobs = options.jobs;
  std::vector<Trace> observations;
  if (options.observations) batch.observations = &observations;
  const RunRecord record = RunBatch(
      *scenario, batch, display.Begin("running " + scenario->scenario().name));
  display.End();
  WriteFileAtomically(folder.path() + "/scenario.resolved.yaml",
                      scenario->FileText());
  WriteRunRecord(record, folder.path() + "/result.h5");
  WriteObservations(observations, record, folder.path());
  const std::string decisions = record.DecisionsCsv();
  if (!decisions.empty()) {
    WriteFileAtomically(folder.path() + "/decisions.csv", decisions);
  }
  const json summary = SummaryJson(record);
  WriteFileAtomically(folder.path() + "/summary.json", summary.dump(2) + "\n");
  WriteFileAtomically(folder.path() + "/report.html",
                      RunPage(summary, record, &*scenario));
  WriteFileAtomically(folder.path() + "/log.txt",
                      diagnostics.Format() + display.log());
  ThrowIfInterrupted();
  folder.Commit();
  Tell(SpeedText(record) + "\n");
  PrintAnswer(record, options.json);
  return ExitCode::kDone;
}

struct ReportOptions {
  std::string folder;
  std::string page;  // empty: report.html in the folder
  bool json = false;
};

// The page is made of the folder's files, so it is simply made again.
ExitCode Report(const ReportOptions& options) {
  const std::string page = PageOfFolder(options.folder);
  const std::string result = options.folder + "/result.h5";
  const json summary = json::parse(ReadFile(options.folder + "/summary.json"));
  WriteFileAtomically(
      options.page.empty() ? options.folder + "/report.html" : options.page,
      page);
  if (summary.at("filetype") == "run-summary") {
    PrintAnswer(ReadRunRecord(result), options.json);
  } else {
    fmt::print("{}",
               options.json ? summary.dump(2) + "\n" : VerdictText(summary));
  }
  return ExitCode::kDone;
}

struct DiffOptions {
  std::string a;
  std::string b;
  bool json = false;
};

json ComparisonJson(const RunComparison& comparison) {
  json metrics = json::array();
  for (const MetricDifference& m : comparison.metrics) {
    metrics.push_back({{"name", m.name},
                       {"unit", m.unit},
                       {"outcome", ToString(m.outcome)},
                       {"mean_a", NumberOrNull(m.mean_a)},
                       {"mean_b", NumberOrNull(m.mean_b)},
                       {"difference", NumberOrNull(m.difference.estimate)},
                       {"low", NumberOrNull(m.difference.low)},
                       {"high", NumberOrNull(m.difference.high)},
                       {"p_adjusted", NumberOrNull(m.p_adjusted)}});
  }
  return {{"equal_digests", comparison.equal_digests},
          {"paired", comparison.paired},
          {"differs", comparison.AnyDifference()},
          {"metrics", std::move(metrics)}};
}

// "-" for a run that has no such metric.
std::string MeanText(double mean) {
  return std::isfinite(mean) ? fmt::format("{:.6g}", mean) : "-";
}

void PrintComparison(const RunComparison& comparison) {
  if (comparison.equal_digests) {
    fmt::print("equal digests: the results are the same\n");
    return;
  }
  fmt::print("replications compared {}\n",
             comparison.paired ? "in pairs (same seed and numbers)"
                               : "as two independent samples");
  fmt::print("{:<34} {:>13} {:>13}  {:^29}  {:<18}  {}\n", "metric", "A", "B",
             "B - A, 95 % interval", "outcome", "unit");
  for (const MetricDifference& m : comparison.metrics) {
    fmt::print("{:<34} {:>13} {:>13}  {:<29}  {:<18}  {}\n", m.name,
               MeanText(m.mean_a), MeanText(m.mean_b),
               IntervalText(m.difference, "-"), ToString(m.outcome), m.unit);
  }
}

ExitCode Diff(const DiffOptions& options) {
  const RunRecord a = ReadRunRecord(options.a + "/result.h5");
  const RunRecord b = ReadRunRecord(options.b + "/result.h5");
  if (a.scenario_name != b.scenario_name) {
    Tell(fmt::format("note: A is of scenario {}, B of {}\n", a.scenario_name,
                     b.scenario_name));
  }
  const RunComparison comparison = CompareRuns(a, b, kConfidence);
  if (options.json) {
    fmt::print("{}\n", ComparisonJson(comparison).dump(2));
  } else {
    PrintComparison(comparison);
  }
  return comparison.AnyDifference() ? ExitCode::kNo : ExitCode::kDone;
}

void AddRun(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "run", "run a scenario's replications",
              "airlock run scenarios/datacentre/incast.yaml -o out/incast",
              [options] { return Run(*options); });
  verb->add_option("SCENARIO", options->scenario, "scenario file")->required();
  verb->add_option("-o,--out", options->out, "folder to write")->required();
  verb->add_option("--set", options->overrides,
                   "override one key: --set run.duration=2s")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--seed", options->seed, "instead of run.seed")
      ->check(NonNegative());
  verb->add_option("--replications", options->replications,
                   "instead of run.replications")
      ->check(Positive());
  verb->add_option("--engine", options->engine, "instead of run.engine");
  verb->add_option("--jobs", options->jobs,
                   "simultaneous replications; one a core if not given")
      ->check(Positive());
  verb->add_flag("--observations", options->observations,
                 "write what the agent saw, as traces for airlock node");
  verb->add_flag("--overwrite", options->overwrite, "replace the folder");
  verb->add_flag("--json", options->json, "print the answer as JSON");
}

}  // namespace

void AddRunVerbs(CLI::App* app, CommandLine* line) {
  AddRun(app, line);

  auto report = std::make_shared<ReportOptions>();
  CLI::App* verb = AddVerb(
      app, line, "report",
      "print the answer in a folder of run or gate, and write its page",
      "airlock report out/incast", [report] { return Report(*report); });
  verb->add_option("DIR", report->folder, "folder of airlock run or gate")
      ->required();
  verb->add_option("-o,--out", report->page,
                   "page to write instead of DIR/report.html");
  verb->add_flag("--json", report->json, "print the answer as JSON");

  auto diff = std::make_shared<DiffOptions>();
  verb = AddVerb(app, line, "diff",
                 "compare two runs, metric by metric; exit code 1 if a "
                 "difference is shown",
                 "airlock diff out/before out/after",
                 [diff] { return Diff(*diff); });
  verb->add_option("DIR_A", diff->a, "folder of airlock run")->required();
  verb->add_option("DIR_B", diff->b, "folder of airlock run")->required();
  verb->add_flag("--json", diff->json, "print the answer as JSON");
}

}  // namespace airlock
