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
  RefuseExistingFile(options.out, options.overwrite);
  const Trace trace = ImportTrace(options.format, options.path);
  WriteTrace(trace, options.out);
  int64_t kpis = 0;
  int64_t missing = 0;
  for (const Column& column : trace.columns) {
    kpis += column.role == Role::kKpi ? 1 : 0;
    missing += column.CountMissing();
  }
  const std::string warnings = trace.Attribute("warnings");
  if (!warnings.empty()) fmt::print(stderr, "{}\n", warnings);
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
  bool overwrite = false;
};

ExitCode RunCalibrate(const CalibrateOptions& options) {
  RefuseExistingFile(options.out, options.overwrite);
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(options.scenario, options.overrides, &diagnostics);
  fmt::print(stderr, "{}", diagnostics.Format());
  if (!scenario) return ExitCode::kInput;
  const Trace trace = ReadTrace(options.trace);
  CalibrationOptions calibration;
  calibration.trace_path = options.trace;
  ProgressDisplay display;
  const CalibrationResult result =
      Calibrate(*scenario, trace, calibration,
                display.Begin("calibrating " + scenario->scenario().name));
  display.End();
  WriteFileAtomically(options.out, ToYaml(result.profile));
  fmt::print("{}", result.ToText());
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
  verb->add_flag("--overwrite", calibrate->overwrite, "replace the file");
}

}  // namespace airlock
