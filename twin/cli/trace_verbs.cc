#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "calibration/fit/calibrate.h"
#include "calibration/settings/calibrate_settings.h"
#include "calibration/settings/credibility.h"
#include "calibration/surrogate/surrogate_fit.h"
#include "calibration/traces/importer.h"
#include "sim/base/file.h"
#include "sim/base/version.h"
#include "sim/results/hdf5_file.h"
#include "sim/scenario/resolve.h"
#include "sim/surrogate/airtime_scenario.h"
#include "twin/cli/plan_runs.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/report/pages.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

struct ImportOptions {
  std::string format;
  std::string path;
  std::vector<std::string> servers;  // pcap
  std::string interval;              // pcap; empty: as it is by default
  std::string out;
  bool overwrite = false;
  bool json = false;
};

PcapOptions PcapOptionsOf(const ImportOptions& options) {
  const bool given = !options.servers.empty() || !options.interval.empty();
  if (given && options.format != "pcap") {
    throw Error("--server and --interval are of the format pcap",
                ExitCode::kUsage);
  }
  PcapOptions pcap;
  std::set<std::string> names;
  std::set<uint32_t> addresses;
  for (const std::string& text : options.servers) {
    pcap.servers.push_back(ParsePcapServer(text));
    if (!names.insert(pcap.servers.back().name).second ||
        !addresses.insert(pcap.servers.back().address).second) {
      throw Error("--server " + text + ": name or address is there twice",
                  ExitCode::kUsage);
    }
  }
  if (!options.interval.empty() && (!Parse(options.interval, &pcap.interval) ||
                                    pcap.interval.value() <= 0)) {
    throw Error("--interval " + options.interval +
                    ": write a time of more than 0, like 100ms",
                ExitCode::kUsage);
  }
  return pcap;
}

ExitCode Import(const ImportOptions& options) {
  const PcapOptions pcap = PcapOptionsOf(options);
  CheckOutputFile(options.out, options.overwrite);
  const Trace trace = ImportTrace(options.format, options.path, pcap);
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
  std::string task;      // how keys are fitted to rows
  std::string hold_out;  // of the task: COLUMN=VALUE,...
  SettingsOptions settings;
  std::string calibrated;  // scenario to write
  std::string against;     // engine that the surrogate is fitted to
  PlanRunOptions runs;
  double rank_limit = 0.6;
  std::string report;
  bool overwrite = false;
  bool json = false;
};

// With two decimals, or if small with three digits.
std::string ErrorText(double value) {
  return std::abs(value) < 0.1 ? fmt::format("{:.3g}", value)
                               : fmt::format("{:.2f}", value);
}

// Baselines and what was fitted, side by side.
std::string ErrorsToText(const std::vector<PredictionError>& errors) {
  if (errors.empty()) return "";
  std::string text = fmt::format(
      "absolute error, held out (in brackets: in the fit part, each sixth "
      "predicted from those before)\n"
      "{:<66} {:>26}  {:>26}\n",
      "prediction", "median, 90 % interval", "mean, 90 % interval");
  for (const PredictionError& row : errors) {
    const bool rate = row.unit == "bit/s";
    const double unit = rate ? 1e-6 : 1;
    const auto interval = [&](const Interval& i) {
      return fmt::format("{}  {} .. {}", ErrorText(i.estimate * unit),
                         ErrorText(i.low * unit), ErrorText(i.high * unit));
    };
    text += fmt::format(
        "{:<66} {:>7} {:>18}  {:>26}  {}\n", row.quantity + ", " + row.method,
        std::isnan(row.median_in_fit)
            ? ""
            : fmt::format("({:.2f})", row.median_in_fit * unit),
        interval(row.median), interval(row.mean), rate ? "Mbit/s" : row.unit);
  }
  return text;
}

// What a calibration by sampling says of itself.
std::string SamplingToText(const CalibrationProfile& profile) {
  if (!profile.sampling) return "";
  const SamplingRecord& s = *profile.sampling;
  std::string text = fmt::format(
      "{} runs of the engine; plausible after each "
      "wave:",
      s.engine_runs);
  for (double share : s.plausible_shares) {
    text += fmt::format(" {:.3g} %", 100 * share);
  }
  text +=
      fmt::format("\nlog evidence {:.2f} with discrepancy, {:.2f} without\n",
                  s.log_evidence, s.log_evidence_without_discrepancy);
  if (s.rank_simulations > 0) {
    text += fmt::format(
        "ranks over {} simulations: chi square {:.2f}, {} (limit {:.2f})\n",
        s.rank_simulations, s.rank_chi_square,
        s.rank_simulations < FewestRankSimulations() ? "too few to judge"
        : s.rank_chi_square <= s.rank_limit          ? "uniform"
                                                     : "not uniform",
        s.rank_limit);
  }
  text += fmt::format("{:<32} {:>5}  {}\n", "credibility", "level", "evidence");
  for (const CredibilityFactor& factor : profile.credibility) {
    text += fmt::format("{:<32} {:>5}  {}\n", factor.factor, factor.level,
                        factor.evidence);
  }
  return text;
}

std::string ToText(const CalibrationProfile& profile) {
  std::string text = fmt::format(
      "fitted to {} samples, judged on {}\n"
      "{:<34} {:>12}  {:^27}  {:<6}\n",
      profile.fit_samples,
      profile.sampling
          ? fmt::format("{} held out", profile.held_out_samples)
          : fmt::format("the {} after them", profile.held_out_samples),
      "parameter", "value", "90 % interval", "unit");
  for (const FittedSetting& s : profile.settings) {
    text += fmt::format(
        "{:<34} {:>12.6g}  {:>12.6g} .. {:<11.6g}  {:<6}  R-hat {:.3f}, ESS "
        "{:.0f}\n",
        s.name, s.value, s.low, s.high, s.unit, s.r_hat, s.effective_samples);
  }
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
  return text + SamplingToText(profile);
}

std::string ToText(const AirtimeProfile& profile) {
  std::string text = fmt::format(
      "fitted to {} plans, judged on {} by cross-validation\n"
      "law {} ({:.0f} % of resampled fits), threshold {} ({:.0f} .. {:.0f} "
      "dBm), softness {} dB,\n"
      "channel rate {} ({} .. {}), own load {} the regret\n"
      "{:<34} {:>10} {:>10} {:>10}\n",
      profile.fit_plans, profile.held_out_plans, profile.law,
      100 * profile.law_share, ToString(profile.threshold),
      profile.threshold_low, profile.threshold_high, profile.softness_db,
      ToString(profile.channel_rate), ToString(profile.channel_rate_low),
      ToString(profile.channel_rate_high), profile.own_load ? "in" : "not in",
      "absolute error per access point", "p50", "p90", "p99");
  for (const SurrogateError& e : profile.errors) {
    const bool rate = e.unit == "bit/s";
    const double unit = rate ? 1e-6 : 1;
    const std::string name = e.quantity + (rate ? " [Mbit/s]" : "");
    text += fmt::format("{:<34} {:>10.3f} {:>10.3f} {:>10.3f}\n", name,
                        e.p50 * unit, e.p90 * unit, e.p99 * unit);
    text += fmt::format("{:<34} {:>10.3f} {:>10.3f} {:>10.3f}\n",
                        "  its mean over the fitted plans", e.mean_p50 * unit,
                        e.mean_p90 * unit, e.mean_p99 * unit);
  }
  for (const RankAgreement& rank : profile.ranks) {
    text += fmt::format("{:<34} {:>10.3f}  {:.3f} .. {:.3f}\n",
                        rank.measure + " of -regret and goodput, " + rank.plans,
                        rank.estimate, rank.low, rank.high);
  }
  text += fmt::format("{:<34} {:>10.3f}\n", "the most that noise leaves for it",
                      profile.rank_ceiling);
  return text + (profile.credible ? "credible for training" : profile.reason) +
         "\n";
}

nlohmann::json SurrogateSummary(const SurrogateCalibration& result,
                                const std::vector<std::string>& notes) {
  const AirtimeProfile& profile = result.profile;
  const auto number = [](double value) {
    return std::isnan(value) ? nlohmann::json() : nlohmann::json(value);
  };
  nlohmann::json errors = nlohmann::json::array();
  for (const SurrogateError& e : profile.errors) {
    errors.push_back({{"quantity", e.quantity},
                      {"unit", e.unit},
                      {"p50", number(e.p50)},
                      {"p90", number(e.p90)},
                      {"p99", number(e.p99)},
                      {"mean_p50", number(e.mean_p50)},
                      {"mean_p90", number(e.mean_p90)},
                      {"mean_p99", number(e.mean_p99)}});
  }
  nlohmann::json ranks = nlohmann::json::array();
  for (const RankAgreement& rank : profile.ranks) {
    ranks.push_back({{"measure", rank.measure},
                     {"plans", rank.plans},
                     {"estimate", number(rank.estimate)},
                     {"low", number(rank.low)},
                     {"high", number(rank.high)}});
  }
  nlohmann::json plans = nlohmann::json::array();
  for (const PlanOutcome& plan : result.plans) {
    plans.push_back({{"regret", plan.regret}, {"goodput", plan.goodput}});
  }
  return {{"scenario", profile.scenario_name},
          {"law", profile.law},
          {"threshold_dbm", profile.threshold.value()},
          {"softness_db", profile.softness_db},
          {"own_load", profile.own_load},
          {"channel_rate", profile.channel_rate.value()},
          {"errors", std::move(errors)},
          {"ranks", std::move(ranks)},
          {"rank_ceiling", number(profile.rank_ceiling)},
          {"rank_limit", profile.rank_limit},
          {"credible", profile.credible},
          {"reason", profile.reason},
          {"notes", notes},
          {"plans", std::move(plans)}};
}

// The surrogate of a WLAN against the packet engine.
ExitCode CalibrateSurrogate(const CalibrateOptions& options,
                            const ResolvedScenario& scenario) {
  ProgressDisplay display;
  const PlanRuns runs = RunRandomPlans(
      scenario, options.runs,
      display.Begin("running plans of " + scenario.scenario().name));
  const Scenario& config = scenario.scenario();
  SurrogateFitOptions fit;
  fit.rank_limit = options.rank_limit;
  fit.seed = static_cast<uint64_t>(config.run.seed);
  SurrogateCalibration result = FitSurrogate(
      AllowedChannels(*config.wlan), RssiOf(*config.wlan, config.run.seed),
      runs.plans, fit, display.Begin("fitting the surrogate"));
  display.End();
  result.profile.airlock_version = Version();
  result.profile.scenario_name = config.name;
  result.profile.scenario_sha256 = scenario.sha256();
  WriteFileAtomically(options.out, ToYamlText(result.profile));
  for (const std::string& note : runs.notes) Tell(note + "\n");
  fmt::print("{}", options.json
                       ? SurrogateSummary(result, runs.notes).dump(2) + "\n"
                       : ToText(result.profile));
  return result.profile.credible ? ExitCode::kDone : ExitCode::kNo;
}

// "functions=6,10"
void ReadHoldOut(const std::string& text, TaskHoldOut* hold_out) {
  const size_t equals = text.find('=');
  TaskHoldOut read;
  read.column = text.substr(0, equals);
  size_t begin = equals + 1;
  while (equals != std::string::npos && begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string value = text.substr(begin, end - begin);
    char* rest = nullptr;
    read.values.push_back(std::strtod(value.c_str(), &rest));
    if (value.empty() || *rest != '\0') read.column.clear();
    begin = end + 1;
  }
  if (read.column.empty() || read.values.empty()) {
    throw Error("--hold-out " + text + " is not COLUMN=VALUE,VALUE,...",
                ExitCode::kUsage);
  }
  *hold_out = std::move(read);
}

// The scenario with what was found in place.
void WriteCalibrated(const CalibrateOptions& options,
                     const CalibrationProfile& profile) {
  std::vector<std::string> overrides = options.overrides;
  for (std::string& one : SettingOverrides(profile)) {
    overrides.push_back(std::move(one));
  }
  Diagnostics diagnostics;
  const auto scenario = LoadScenario(options.scenario, overrides, &diagnostics);
  if (!scenario) {
    throw InputError("the scenario does not take the posterior's means\n" +
                     diagnostics.Format());
  }
  WriteFileAtomically(options.calibrated, scenario->FileText());
}

// What the trace says of the scenario; nothing if the input is wrong.
std::optional<CalibrationResult> CalibrateToTrace(
    const CalibrateOptions& options, const ResolvedScenario& scenario,
    const Trace& trace, ProgressDisplay* display, Diagnostics* diagnostics) {
  if (options.task.empty()) {
    return Calibrate(scenario, trace, options.calibration,
                     display->Begin("calibrating " + scenario.scenario().name));
  }
  std::optional<TaskFile> task = LoadCalibrationTask(options.task, diagnostics);
  if (!task) return std::nullopt;
  if (!options.hold_out.empty()) {
    ReadHoldOut(options.hold_out, &task->task.hold_out);
  }
  SettingsOptions settings = options.settings;
  settings.limits = options.calibration.limits;
  settings.jobs = options.runs.jobs;
  settings.seed = static_cast<uint64_t>(scenario.scenario().run.seed);
  return CalibrateSettings(scenario, *task, trace, settings,
                           display->Begin("calibrating " + task->task.name),
                           diagnostics);
}

ExitCode RunCalibrate(const CalibrateOptions& options) {
  if (options.trace.empty() == options.against.empty()) {
    throw Error("give one of --trace and --against", ExitCode::kUsage);
  }
  const FidelityLimits& limits = options.calibration.limits;
  if (limits.coverage_low > limits.coverage_high) {
    throw Error(fmt::format("--coverage-low {} is above --coverage-high {}",
                            limits.coverage_low, limits.coverage_high),
                ExitCode::kUsage);
  }
  CheckOutputFile(options.out, options.overwrite);
  for (const std::string& file : {options.report, options.calibrated}) {
    if (!file.empty()) CheckOutputFile(file, options.overwrite);
  }
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadRunnableScenario(options.scenario, options.overrides, &diagnostics);
  Tell(diagnostics.Format());
  if (!scenario) return ExitCode::kInput;
  if (!options.against.empty()) return CalibrateSurrogate(options, *scenario);
  const Trace trace = ReadTrace(options.trace);
  ProgressDisplay display;
  Diagnostics wrong;
  std::optional<CalibrationResult> found =
      CalibrateToTrace(options, *scenario, trace, &display, &wrong);
  display.End();
  Tell(wrong.Format());
  if (!found) return ExitCode::kInput;
  CalibrationResult& result = *found;
  result.profile.trace = options.trace;
  const nlohmann::json summary = CalibrationSummary(result);
  if (!options.report.empty()) {
    WriteFileAtomically(options.report, CalibrationPage(summary, result));
  }
  WriteCalibrationProfile(result.profile, options.out);
  if (!options.calibrated.empty()) WriteCalibrated(options, result.profile);
  for (const std::string& note : result.notes) Tell(note + "\n");
  fmt::print("{}", options.json
                       ? summary.dump(2) + "\n"
                       : ToText(result.profile) + ErrorsToText(result.errors));
  return ExitCode::kDone;
}

void AddImport(CLI::App* app, CommandLine* line) {
  auto import = std::make_shared<ImportOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "import", "turn a measured file into a trace",
              "airlock import testbed data/sweep.csv.xz -o out/sweep.h5",
              [import] { return Import(*import); });
  verb->add_option("FORMAT", import->format, "one of airlock list importers")
      ->required();
  verb->add_option("PATH", import->path, "file or folder to read")->required();
  verb->add_option("-o,--out", import->out, "trace file to write")->required();
  verb->add_option("--server", import->servers,
                   "pcap: NAME=ADDRESS of a server; else all that are asked");
  verb->add_option("--interval", import->interval,
                   "pcap: between samples (1s)");
  verb->add_flag("--overwrite", import->overwrite, "replace the file");
  verb->add_flag("--json", import->json, "print the answer as JSON");
}

// Of a surrogate that is fitted to the packet engine; returns --against.
CLI::Option* AddAgainst(CLI::App* verb, CalibrateOptions* calibrate) {
  CLI::Option* const against =
      verb->add_option(
              "--against", calibrate->against,
              "packet: fit the surrogate of a WLAN to packet-level runs of "
              "random channel plans instead; exit code 1 if it is not "
              "credible for training")
          ->check(CLI::IsMember({"packet"}));
  verb->add_option("--plans", calibrate->runs.plans,
                   "--against: how many plans")
      ->capture_default_str()
      ->check(CLI::Range(20, 100000))
      ->needs(against);
  verb->add_option("--settle", calibrate->runs.settle_seconds,
                   "--against: seconds between a plan's switch and its "
                   "measurement")
      ->capture_default_str()
      ->check(NonNegative())
      ->needs(against);
  verb->add_option("--rank-limit", calibrate->rank_limit,
                   "--against: credible if the 90 % interval of Spearman's "
                   "correlation of regret and goodput lies above")
      ->capture_default_str()
      ->check(NumberWithin(-1, 1))
      ->needs(against);
  verb->add_option("--jobs", calibrate->runs.jobs,
                   "--against, --task: plans or runs at a time; 0: one a core")
      ->check(CLI::Range(0, 1024));
  return against;
}

// Of a fit to a trace; none goes with `against`.
void AddFit(CLI::App* verb, CLI::Option* against, CalibrateOptions* calibrate) {
  CalibrationOptions* const fit = &calibrate->calibration;
  verb->add_option("--fit-share", fit->fit_share,
                   "share of the trace to fit to, from its start")
      ->capture_default_str()
      ->check(NumberWithin(0.1, 0.9))
      ->excludes(against);
  verb->add_option("--w1-limit", fit->limits.w1_over_sd,
                   "credible: Wasserstein-1 distance over the standard "
                   "deviation at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 100))
      ->excludes(against);
  verb->add_option("--p99-limit", fit->limits.p99_error,
                   "credible: relative error of the p99 at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 100))
      ->excludes(against);
  verb->add_option("--coverage-low", fit->limits.coverage_low,
                   "credible: coverage of the 90 % interval at least")
      ->capture_default_str()
      ->check(NumberWithin(0, 1))
      ->excludes(against);
  verb->add_option("--coverage-high", fit->limits.coverage_high,
                   "credible: coverage of the 90 % interval at most")
      ->capture_default_str()
      ->check(NumberWithin(0, 1))
      ->excludes(against);
  verb->add_option("--report", calibrate->report,
                   "HTML page to write: the twin over what was measured")
      ->excludes(against);
}

// Of a fit of any keys to rows of a trace; none goes with `against`.
void AddTask(CLI::App* verb, CLI::Option* against,
             CalibrateOptions* calibrate) {
  CLI::Option* const task =
      verb->add_option("--task", calibrate->task,
                       "file that says which keys are fitted to which rows, by "
                       "history matching and sampling")
          ->excludes(against);
  verb->add_option("--hold-out", calibrate->hold_out,
                   "--task: judge on the rows with these values of an input")
      ->type_name("COLUMN=VALUE,...")
      ->needs(task);
  verb->add_option("--ranks", calibrate->settings.rank_simulations,
                   "--task: simulations of simulation-based calibration; 0: "
                   "none")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000))
      ->needs(task);
  verb->add_option("--calibrated", calibrate->calibrated,
                   "--task: scenario to write, with what was found in place")
      ->needs(task);
}

void AddCalibrate(CLI::App* app, CommandLine* line) {
  auto calibrate = std::make_shared<CalibrateOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "calibrate",
              "fit a scenario's service chain or WLAN to a trace and judge "
              "the fit on the part of the trace that it has not seen",
              "airlock calibrate scenarios/datacentre/testbed.yaml --trace "
              "out/sweep.h5 -o out/profile.yaml",
              [calibrate] { return RunCalibrate(*calibrate); });
  verb->add_option("SCENARIO", calibrate->scenario,
                   "scenario with a chain or a WLAN")
      ->required();
  verb->add_option("--trace", calibrate->trace, "trace of airlock import");
  CLI::Option* const against = AddAgainst(verb, calibrate.get());
  verb->add_option("-o,--out", calibrate->out, "profile to write")->required();
  verb->add_option("--set", calibrate->overrides,
                   "override one key of the scenario")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  AddFit(verb, against, calibrate.get());
  AddTask(verb, against, calibrate.get());
  verb->add_flag("--overwrite", calibrate->overwrite, "replace the files");
  verb->add_flag("--json", calibrate->json, "print the answer as JSON");
}

}  // namespace

void AddTraceVerbs(CLI::App* app, CommandLine* line) {
  AddImport(app, line);
  AddCalibrate(app, line);
}

}  // namespace airlock
