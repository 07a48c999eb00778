#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/drift/watch.h"
#include "twin/forecast/model.h"
#include "twin/pipeline/comparison.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

// What defines a forecasting problem on the command line.
struct ProblemOptions {
  std::string trace;
  std::string target = "delivered_rate";
  std::vector<std::string> include = {"counter:*"};
  std::vector<std::string> exclude;
  int64_t lags = 0;
  double train = 0.6;
  int64_t gap = 10;
  int64_t seed = 1;
};

void AddProblem(CLI::App* verb, ProblemOptions* options) {
  verb->add_option("TRACE", options->trace, "trace of airlock import")
      ->required();
  verb->add_option("--target", options->target, "column to predict")
      ->capture_default_str();
  verb->add_option("--features", options->include,
                   "columns to use: [ROLE[/SCOPE]:]GLOB[@SHIFT]")
      ->capture_default_str();
  verb->add_option("--exclude", options->exclude, "columns not to use");
  verb->add_option("--lags", options->lags, "earlier samples to use")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--train", options->train,
                   "share of the trace to learn from")
      ->capture_default_str()
      ->check(NumberWithin(0.1, 0.9));
  verb->add_option("--gap", options->gap,
                   "samples between the parts for learning and test")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--seed", options->seed, "seed of what is drawn")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

struct CompareOptions : ProblemOptions {
  std::vector<int64_t> horizons = {0, 1, 4};
  bool json = false;
};

ExitCode Compare(const CompareOptions& options) {
  const Trace trace = ReadTrace(options.trace);
  ComparisonOptions comparison;
  comparison.target = options.target;
  comparison.horizons = options.horizons;
  comparison.include = ParseFeaturePatterns(options.include);
  comparison.exclude = ParseFeaturePatterns(options.exclude);
  comparison.lags = options.lags;
  comparison.split = {options.train, options.gap};
  comparison.seed = static_cast<uint64_t>(options.seed);
  const Comparison result = CompareForecasters(trace, comparison);
  fmt::print("{}\n", options.json ? result.ToJson() : result.ToText());
  return ExitCode::kDone;
}

struct FitVerbOptions : ProblemOptions {
  std::string forecaster = "xgboost";
  int64_t horizon = 0;
  bool offered_rate = false;
  bool past_target = false;
  std::string out;
  bool overwrite = false;
};

ExitCode FitAndSave(const FitVerbOptions& options) {
  CheckOutputFile(options.out, options.overwrite);
  const Trace trace = ReadTrace(options.trace);
  const Split split =
      SplitInTime(trace.samples(), {options.train, options.gap});
  ForecastProblem problem;
  problem.target = options.target;
  problem.horizon = options.horizon;
  problem.include = ParseFeaturePatterns(options.include);
  problem.exclude = ParseFeaturePatterns(options.exclude);
  problem.offered_rate = options.offered_rate;
  problem.past_target = options.past_target;
  problem.lags = options.lags;
  FitOptions fit;
  fit.forecaster = options.forecaster;
  fit.forecaster_options.seed = static_cast<uint64_t>(options.seed);
  const ForecastModel model = FitModel(problem, trace, split.train_end, fit);
  model.Save(options.out);
  const ForecastScores scores =
      Score(model.Predict(trace, split.test_begin, trace.samples()));
  fmt::print(
      "{}: {} of {} from {} features, learnt from {} samples\n"
      "on the {} samples after a gap of {}: R2 {}, MAE {:.6g} {}\n",
      options.out, options.forecaster, options.target, model.features().size(),
      split.train_end, scores.samples, options.gap,
      std::isfinite(scores.r2) ? fmt::format("{:.3f}", scores.r2)
                               : "not defined (the target is constant)",
      scores.mae, model.target_unit());
  return ExitCode::kDone;
}

struct PredictOptions {
  std::string model;
  std::string trace;
};

ExitCode Predict(const PredictOptions& options) {
  const ForecastModel model = ForecastModel::Load(options.model);
  const Trace trace = ReadTrace(options.trace);
  const Predictions predictions = model.Predict(trace);
  fmt::print("time [s],predicted [{0}],observed [{0}]\n", model.target_unit());
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    const auto origin = static_cast<size_t>(predictions.origin[i]);
    fmt::print("{},{},{}\n", trace.time_seconds[origin], predictions.value[i],
               std::isnan(predictions.observed[i])
                   ? ""
                   : fmt::format("{}", predictions.observed[i]));
  }
  if (predictions.samples_outside > 0) {
    Tell(fmt::format(
        "{} of {} samples lie outside what the model was trained on\n",
        predictions.samples_outside, predictions.origin.size()));
  }
  return ExitCode::kDone;
}

struct DriftVerbOptions {
  std::string trace;
  std::string trigger;
  std::string detector = "jensen-shannon";
  std::vector<std::string> features = {"kpi:latency_*",
                                       "counter/function:*.busy"};
  double run_length = 10000;
  int64_t window = 100;
  int64_t bins = 10;
  double threshold = std::nan("");
  double reference = 0.6;
  int64_t seed = 1;
  bool overwrite = false;
  bool json = false;
};

ExitCode CalibrateTrigger(const DriftVerbOptions& options) {
  CheckOutputFile(options.trigger, options.overwrite);
  const Trace trace = ReadTrace(options.trace);
  const auto end = static_cast<int64_t>(options.reference *
                                        static_cast<double>(trace.samples()));
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(options.features);
  monitor.seed = static_cast<uint64_t>(options.seed);
  DriftOptions drift;
  drift.detector = options.detector;
  drift.ert = options.run_length;
  if (options.detector == "jensen-shannon") {
    drift.parameters = {{"window", static_cast<double>(options.window)},
                        {"bins", static_cast<double>(options.bins)}};
    if (!std::isnan(options.threshold)) {
      drift.classic = true;
      drift.parameters["threshold"] = options.threshold;
    }
  }
  drift.seed = monitor.seed;
  const DriftTrigger trigger =
      CalibrateDrift(trace.Slice(0, end), monitor, drift);
  trigger.Save(options.trigger);
  fmt::print(
      "{}: {} on {} features, threshold {:.4g} for {} samples between "
      "alarms without drift\n",
      options.trigger, options.detector, trigger.monitor().features().size(),
      trigger.detector().threshold(), options.run_length);
  return ExitCode::kDone;
}

ExitCode Watch(const DriftVerbOptions& options) {
  const Trace trace = ReadTrace(options.trace);
  DriftTrigger trigger = DriftTrigger::Load(options.trigger);
  const DriftWatch watch = trigger.Watch(trace);
  fmt::print("{}", options.json ? watch.ToJson() + "\n" : watch.ToText());
  return watch.drift() ? ExitCode::kNo : ExitCode::kDone;
}

void AddForecast(CLI::App* app, CommandLine* line) {
  CLI::App* const forecast =
      app->add_subcommand("forecast", "fit, compare and use models");
  forecast->require_subcommand(1);

  auto compare = std::make_shared<CompareOptions>();
  CLI::App* verb = AddVerb(
      forecast, line, "compare",
      "every forecaster against persistence and a constant, split in time",
      "airlock forecast compare out/sweep.h5 --target delivered_rate",
      [compare] { return Compare(*compare); });
  AddProblem(verb, compare.get());
  verb->add_option("--horizons", compare->horizons, "samples ahead")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--json", compare->json, "print the table as JSON");

  auto fit = std::make_shared<FitVerbOptions>();
  verb = AddVerb(forecast, line, "fit", "fit one model and write it",
                 "airlock forecast fit out/sweep.h5 --forecaster linear -o "
                 "out/linear.model",
                 [fit] { return FitAndSave(*fit); });
  AddProblem(verb, fit.get());
  verb->add_option("--forecaster", fit->forecaster,
                   "one of airlock list forecasters")
      ->capture_default_str();
  verb->add_option("--horizon", fit->horizon, "samples ahead")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--offered-rate", fit->offered_rate,
                 "may see how much traffic is offered");
  verb->add_flag("--past-target", fit->past_target,
                 "may see the target's last value");
  verb->add_option("-o,--out", fit->out, "model to write")->required();
  verb->add_flag("--overwrite", fit->overwrite, "replace the file");

  auto predict = std::make_shared<PredictOptions>();
  verb = AddVerb(forecast, line, "predict", "print predictions as CSV",
                 "airlock forecast predict out/linear.model out/sweep.h5",
                 [predict] { return Predict(*predict); });
  verb->add_option("MODEL", predict->model, "model of forecast fit")
      ->required();
  verb->add_option("TRACE", predict->trace, "trace of airlock import")
      ->required();
}

void AddDrift(CLI::App* app, CommandLine* line) {
  CLI::App* const drift =
      app->add_subcommand("drift", "set up and use drift triggers");
  drift->require_subcommand(1);

  auto calibrate = std::make_shared<DriftVerbOptions>();
  CLI::App* verb =
      AddVerb(drift, line, "calibrate",
              "learn from a trace without drift, for a set run length",
              "airlock drift calibrate out/sweep.h5 --run-length 5000 -o "
              "out/drift.trigger",
              [calibrate] { return CalibrateTrigger(*calibrate); });
  verb->add_option("TRACE", calibrate->trace, "trace of airlock import")
      ->required();
  verb->add_option("-o,--out", calibrate->trigger, "trigger to write")
      ->required();
  verb->add_option("--detector", calibrate->detector,
                   "one of airlock list detectors")
      ->capture_default_str();
  verb->add_option("--features", calibrate->features,
                   "columns whose response to the load is watched")
      ->capture_default_str();
  verb->add_option("--run-length", calibrate->run_length,
                   "expected samples between alarms without drift")
      ->capture_default_str()
      ->check(NumberWithin(10, 1e7));
  verb->add_option("--window", calibrate->window, "samples")
      ->capture_default_str();
  verb->add_option("--bins", calibrate->bins, "of the histograms")
      ->capture_default_str();
  verb->add_option("--threshold", calibrate->threshold,
                   "a threshold on the divergence in nats instead of a run "
                   "length")
      ->check(NumberWithin(0, 1));
  verb->add_option("--reference", calibrate->reference,
                   "share of the trace, from its start, to learn from")
      ->capture_default_str()
      ->check(NumberWithin(0.05, 1.0));
  verb->add_option("--seed", calibrate->seed, "seed of the null model")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--overwrite", calibrate->overwrite, "replace the file");

  auto watch = std::make_shared<DriftVerbOptions>();
  verb = AddVerb(drift, line, "watch",
                 "feed a trace to a trigger; exit code 1 if it fires",
                 "airlock drift watch out/drift.trigger out/drift.h5",
                 [watch] { return Watch(*watch); });
  verb->add_option("TRIGGER", watch->trigger, "trigger of drift calibrate")
      ->required();
  verb->add_option("TRACE", watch->trace, "trace of airlock import")
      ->required();
  verb->add_flag("--json", watch->json, "print the alarms as JSON");
}

}  // namespace

void AddModelVerbs(CLI::App* app, CommandLine* line) {
  AddForecast(app, line);
  AddDrift(app, line);
}

}  // namespace airlock
