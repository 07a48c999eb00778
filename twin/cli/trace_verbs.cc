#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "calibration/fit/calibrate.h"
#include "calibration/traces/importer.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/scenario/resolve.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/report/pages.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

struct ImportOptions {
  std::string format;
  std::string path;
  std::string out;
  bool overwrite = false;
  bool json = false;
};

ExitCode Import(const ImportOptions& options) {
  CheckOutputFile(options.out, options.overwrite);
  const Trace trace = ImportTrace(options.format, options.path);
  WriteTrace(trace, options.out);
  int64_t kpis = 0;
  int64_t missing = 0;
  for (const Column& column : trace.columns) {
    kpis += column.role == Role::kKpi ? 1 : 0;
    missing += column.CountMissing();
  }
  const std::string warnings = trace.Attribute("warnings");
  if (!warnings.empty()) Tell(warnings + "\n");
  if (options.json) {
    fmt::print("{}\n", nlohmann::json({{"trace", options.out},
                                       {"samples", trace.samples()},
                                       {"columns", trace.columns.size()},
                                       {"kpis", kpis},
                                       {"missing_values", missing},
                                       {"digest", trace.Digest()}})
                           .dump(2));
  } else {
    fmt::print(
        "{}: {} samples, {} columns ({} of them KPIs), {} missing values\n"
        "digest {}\n",
        options.out, trace.samples(), trace.columns.size(), kpis, missing,
        trace.Digest());
  }
  return ExitCode::kDone;
}

struct CalibrateOptions {
  std::string scenario;
  std::string trace;
  std::string out;
  std::vector<std::string> overrides;
  CalibrationOptions calibration;
  std::string report;
  bool overwrite = false;
  bool json = false;
};

std::string ToText(const CalibrationProfile& profile) {
  std::string text = fmt::format(
      "fitted to {} samples, judged on the {} after them\n"
      "{:<34} {:>12}  {:^27}  {:<6}\n",
      profile.fit_samples, profile.held_out_samples, "parameter", "value",
      "90 % interval", "unit");
  for (const FittedParameter& p : profile.parameters) {
    text += fmt::format("{:<34} {:>12.6g}  {:>12.6g} .. {:<11.6g}  {:<6}{}\n",
                        p.function + "." + p.key, p.value, p.low, p.high,
                        p.unit, p.origin == "fitted" ? "" : "  " + p.origin);
  }
  text += fmt::format("{:<16} {:>8} {:>9} {:>9} {:>9}  {}\n", "KPI", "W1/sd",
                      "p50 error", "p99 error", "coverage", "credible");
  for (const KpiFidelity& k : profile.kpis) {
    text +=
        fmt::format("{:<16} {:>8.3f} {:>7.1f} % {:>7.1f} % {:>7.1f} %  {}\n",
                    k.kpi, k.w1_over_sd, 100 * k.p50_error, 100 * k.p99_error,
                    100 * k.coverage, k.credible ? "yes" : "no: " + k.reason);
  }
  return text;
}

ExitCode RunCalibrate(const CalibrateOptions& options) {
  const FidelityLimits& limits = options.calibration.limits;
  if (limits.coverage_low > limits.coverage_high) {
    throw Error(fmt::format("--coverage-low {} is above --coverage-high {}",
                            limits.coverage_low, limits.coverage_high),
                ExitCode::kUsage);
  }
  CheckOutputFile(options.out, options.overwrite);
  if (!options.report.empty()) {
    CheckOutputFile(options.report, options.overwrite);
  }
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(options.scenario, options.overrides, &diagnostics);
  Tell(diagnostics.Format());
  if (!scenario) return ExitCode::kInput;
  const Trace trace = ReadTrace(options.trace);
  ProgressDisplay display;
  CalibrationResult result =
      Calibrate(*scenario, trace, options.calibration,
                display.Begin("calibrating " + scenario->scenario().name));
  display.End();
  result.profile.trace = options.trace;
  const nlohmann::json summary = CalibrationSummary(result.profile);
  if (!options.report.empty()) {
    WriteFileAtomically(options.report, CalibrationPage(summary, result));
  }
  WriteCalibrationProfile(result.profile, options.out);
  fmt::print("{}",
             options.json ? summary.dump(2) + "\n" : ToText(result.profile));
  return ExitCode::kDone;
}

}  // namespace

void AddTraceVerbs(CLI::App* app, CommandLine* line) {
  auto import = std::make_shared<ImportOptions>();
  CLI::App* verb =
      AddVerb(app, line, "import", "turn a measured file into a trace",
              "airlock import testbed data/sweep.csv.xz -o out/sweep.h5",
              [import] { return Import(*import); });
  verb->add_option("FORMAT", import->format, "one of airlock list importers")
      ->required();
  verb->add_option("PATH", import->path, "file or folder to read")->required();
  verb->add_option("-o,--out", import->out, "trace file to write")->required();
  verb->add_flag("--overwrite", import->overwrite, "replace the file");
  verb->add_flag("--json", import->json, "print the answer as JSON");

  auto calibrate = std::make_shared<CalibrateOptions>();
  verb = AddVerb(app, line, "calibrate",
                 "fit a scenario's service chain to a trace and judge the fit "
                 "on the part of the trace that it has not seen",
                 "airlock calibrate scenarios/datacentre/testbed.yaml --trace "
                 "out/sweep.h5 -o out/profile.yaml",
                 [calibrate] { return RunCalibrate(*calibrate); });
  verb->add_option("SCENARIO", calibrate->scenario, "scenario with a chain")
      ->required();
  verb->add_option("--trace", calibrate->trace, "trace of airlock import")
      ->required();
  verb->add_option("-o,--out", calibrate->out, "profile to write")->required();
  verb->add_option("--set", calibrate->overrides,
                   "override one key of the scenario")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  CalibrationOptions* const fit = &calibrate->calibration;
  verb->add_option("--fit-share", fit->fit_share,
                   "share of the trace to fit to, from its start")
      ->capture_default_str()
      ->check(NumberWithin(0.1, 0.9));
  verb->add_option("--w1-limit", fit->limits.w1_over_sd,
                   "credible: Wasserstein-1 distance over the standard "
                   "deviation at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 100));
  verb->add_option("--p99-limit", fit->limits.p99_error,
                   "credible: relative error of the p99 at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 100));
  verb->add_option("--coverage-low", fit->limits.coverage_low,
                   "credible: coverage of the 90 % interval at least")
      ->capture_default_str()
      ->check(NumberWithin(0, 1));
  verb->add_option("--coverage-high", fit->limits.coverage_high,
                   "credible: coverage of the 90 % interval at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 1));
  verb->add_option("--report", calibrate->report,
                   "HTML page to write: the twin over what was measured");
  verb->add_flag("--overwrite", calibrate->overwrite, "replace the files");
  verb->add_flag("--json", calibrate->json, "print the answer as JSON");
}

}  // namespace airlock
