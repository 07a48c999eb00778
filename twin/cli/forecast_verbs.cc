#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "sim/base/diagnostics.h"
#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/sample_stream.h"
#include "twin/cli/verb.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/forecast/model.h"
#include "twin/forecast/prediction_table.h"
#include "twin/pipeline/ablation.h"
#include "twin/pipeline/comparison.h"
#include "twin/pipeline/pipeline.h"
#include "twin/pipeline/pipeline_report.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

struct CompareOptions {
  std::string trace;
  std::string format;
  std::string target = "delivered_rate";
  std::vector<int64_t> horizons = {0, 1, 4};
  std::vector<std::string> include = {"counter:*"};
  std::vector<std::string> exclude;
  int64_t lags = 0;
  double train = 0.6;
  int64_t gap = 10;
  int64_t seed = 1;
  bool json = false;
};

ExitCode Compare(const CompareOptions& options) {
  const Trace trace = ReadSamples(options.trace, options.format);
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

// A pipeline file, and what the command line changes in it: any key by `--set`,
// the question also by options of its own.
struct PipelineOptions {
  std::string trace;
  std::string format;
  std::string pipeline;
  std::vector<std::string> overrides;
  std::string target;
  std::optional<int64_t> horizon;
  std::vector<std::string> features;
  std::vector<std::string> exclude;
  bool offered_rate = false;
  bool past_target = false;
  bool json = false;
};

// "features=["counter:*", "offered_rate"]"
std::string ListOverride(const std::string& key,
                         const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", value);
  }
  return fmt::format("{}=[{}]", key, list);
}

std::vector<std::string> OverridesOf(const PipelineOptions& options) {
  std::vector<std::string> all;
  if (!options.target.empty()) all.push_back("target=" + options.target);
  if (options.horizon) {
    all.push_back(fmt::format("horizon={}", *options.horizon));
  }
  if (!options.features.empty()) {
    all.push_back(ListOverride("features", options.features));
  }
  if (!options.exclude.empty()) {
    all.push_back(ListOverride("exclude", options.exclude));
  }
  if (options.offered_rate) all.push_back("offered_rate=true");
  if (options.past_target) all.push_back("past_target=true");
  all.insert(all.end(), options.overrides.begin(), options.overrides.end());
  return all;
}

std::optional<PipelineFile> LoadPipeline(const PipelineOptions& options) {
  Diagnostics diagnostics;
  auto file =
      LoadPipelineFile(options.pipeline, OverridesOf(options), &diagnostics);
  Tell(diagnostics.Format());
  return file;
}

struct FitVerbOptions : PipelineOptions {
  std::string forecaster;
  std::string out;
  std::string report;
  bool overwrite = false;
};

// The page of a model that was fitted to `trace`.
std::string FitPage(const PipelineReport& report, const ForecastModel& model,
                    const Trace& trace) {
  const Predictions predictions =
      model.Predict(trace, report.record.split.test_begin, trace.samples());
  return ForecastPage(nlohmann::json::parse(report.ToJson()), trace,
                      predictions, PredictIntervals(model, predictions));
}

// `--forecaster NAME`: that one at its defaults, on all features.
void AddForecasterOverrides(FitVerbOptions* options) {
  if (options->forecaster.empty()) return;
  options->overrides.push_back(fmt::format("models=[{}]", options->forecaster));
  options->overrides.push_back("selection.method=none");
  options->overrides.push_back("tuning.evaluations=0");
}

ExitCode FitModel(FitVerbOptions options) {
  AddForecasterOverrides(&options);
  const std::optional<PipelineFile> file = LoadPipeline(options);
  if (!file) return ExitCode::kInput;
  CheckOutputFile(options.out, options.overwrite);
  if (!options.report.empty()) {
    CheckOutputFile(options.report, options.overwrite);
  }
  const Trace trace = ReadSamples(options.trace, options.format);
  ProgressDisplay display;
  const PipelineResult result = RunPipeline(*file, trace, display.Stages());
  display.Begin("scoring on the held-out part");
  const PipelineReport report = ReportOf(*file, result, trace);
  display.End();
  if (!options.report.empty()) {
    WriteFileAtomically(options.report, FitPage(report, result.model, trace));
  }
  result.model.WithReport(report.ToJson()).Save(options.out);
  fmt::print("{}\n", options.json ? report.ToJson() : report.ToText());
  return ExitCode::kDone;
}

struct AblateOptions : PipelineOptions {
  std::string split = "both";
};

ExitCode Ablate(const AblateOptions& options) {
  const std::optional<PipelineFile> file = LoadPipeline(options);
  if (!file) return ExitCode::kInput;
  const Trace trace = ReadSamples(options.trace, options.format);
  AblationOptions ablation;
  ablation.in_time = options.split != "random";
  ablation.random = options.split != "time";
  ProgressDisplay display;
  const Ablation result = RunAblation(*file, trace, ablation, display.Stages());
  display.End();
  fmt::print("{}\n", options.json ? result.ToJson() : result.ToText());
  return ExitCode::kDone;
}

struct PredictOptions {
  std::string model;
  std::string trace;
  std::string format;
  std::string out;
  bool overwrite = false;
  bool json = false;
};

// What is there to know about the predictions beside their values: which
// samples have none, and which lie where the model has learnt nothing.
std::string RemarksOn(const ForecastModel& model,
                      const Predictions& predictions) {
  constexpr size_t kNamed = 5;
  std::string text;
  if (predictions.skipped > 0) {
    text += fmt::format(
        "{} samples have no prediction: what the model looks back at, or "
        "ahead, is beyond the trace's ends or missing\n",
        predictions.skipped);
  }
  if (predictions.imputed_values > 0) {
    text += fmt::format("{} missing values of features were replaced\n",
                        predictions.imputed_values);
  }
  if (predictions.samples_outside == 0) return text;
  std::vector<std::pair<int64_t, std::string>> features;
  for (size_t k = 0; k < model.features().size(); ++k) {
    if (predictions.outside_by_feature[k] == 0) continue;
    features.emplace_back(-predictions.outside_by_feature[k],
                          model.features()[k].feature.Label());
  }
  std::stable_sort(
      features.begin(), features.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string names;
  for (size_t k = 0; k < std::min(features.size(), kNamed); ++k) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ",
                         features[k].second, -features[k].first);
  }
  if (features.size() > kNamed) {
    names += fmt::format(" and {} more", features.size() - kNamed);
  }
  return text + fmt::format(
                    "{} of {} samples lie outside what the model was trained "
                    "on: {}\n",
                    predictions.samples_outside, predictions.origin.size(),
                    names);
}

// Intervals, where the model has them, are corrected by the labels of the trace
// as they arrive.
ExitCode Predict(const PredictOptions& options) {
  if (!options.out.empty()) CheckOutputFile(options.out, options.overwrite);
  const ForecastModel model = ForecastModel::Load(options.model);
  const Trace trace = ReadSamples(options.trace, options.format);
  const Predictions predictions = model.Predict(trace);
  const std::string remarks = RemarksOn(model, predictions);
  if (predictions.origin.empty()) {
    throw InputError(fmt::format("{}: no sample of {} can be predicted\n{}",
                                 options.trace, trace.samples(), remarks));
  }
  const IntervalPredictions intervals = PredictIntervals(model, predictions);
  const std::string text =
      options.json ? PredictionsJson(model, trace, predictions, intervals)
                   : PredictionsCsv(model, trace, predictions, intervals);
  if (options.out.empty()) {
    fmt::print("{}", text);
  } else {
    WriteFileAtomically(options.out, text);
    fmt::print("{}: {} predictions of {} [{}]\n", options.out,
               predictions.origin.size(), model.problem().target,
               model.target_unit());
  }
  Tell(remarks);
  return ExitCode::kDone;
}

struct ShowOptions {
  std::string model;
  bool json = false;
};

ExitCode ShowModel(const ShowOptions& options) {
  const ForecastModel model = ForecastModel::Load(options.model);
  fmt::print("{}\n", options.json ? DescribeModelJson(model)
                                  : DescribeModelText(model));
  return ExitCode::kDone;
}

void AddPipelineOptions(CLI::App* verb, PipelineOptions* options) {
  AddTraceArgument(verb, &options->trace, &options->format);
  verb->add_option("--pipeline", options->pipeline,
                   "pipeline file; without one, the defaults of airlock list "
                   "pipeline-keys");
  verb->add_option("--target", options->target, "column to predict");
  verb->add_option("--horizon", options->horizon, "samples ahead")
      ->check(NonNegative());
  verb->add_option("--features", options->features,
                   "columns to use: [ROLE[/SCOPE]:]GLOB[@SHIFT]");
  verb->add_option("--exclude", options->exclude, "columns not to use");
  verb->add_flag("--offered-rate", options->offered_rate,
                 "may see how much traffic is offered");
  verb->add_flag("--past-target", options->past_target,
                 "may see the target's last value");
  verb->add_option("--set", options->overrides,
                   "override one key of the file: --set tuning.evaluations=0")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_flag("--json", options->json, "print the answer as JSON");
}

void AddCompare(CLI::App* forecast, CommandLine* line) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* const verb = AddVerb(
      forecast, line, "compare",
      "forecasters at their defaults against persistence and a constant",
      "airlock forecast compare out/sweep.h5 --target delivered_rate",
      [options] { return Compare(*options); });
  AddTraceArgument(verb, &options->trace, &options->format);
  verb->add_option("--target", options->target, "column to predict")
      ->capture_default_str();
  verb->add_option("--features", options->include,
                   "columns to use: [ROLE[/SCOPE]:]GLOB[@SHIFT]")
      ->capture_default_str();
  verb->add_option("--exclude", options->exclude, "columns not to use");
  verb->add_option("--lags", options->lags, "earlier samples to use")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_option("--train", options->train,
                   "share of the trace to learn from")
      ->capture_default_str()
      ->check(NumberWithin(0.1, 0.9));
  verb->add_option("--gap", options->gap,
                   "samples between the parts for learning and test")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_option("--seed", options->seed, "seed of what is drawn")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_option("--horizons", options->horizons, "samples ahead")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_flag("--json", options->json, "print the table as JSON");
}

}  // namespace

void AddForecastVerbs(CLI::App* app, CommandLine* line) {
  CLI::App* const forecast =
      app->add_subcommand("forecast", "make, compare and use models");
  forecast->require_subcommand(1);
  AddCompare(forecast, line);

  auto fit = std::make_shared<FitVerbOptions>();
  CLI::App* verb =
      AddVerb(forecast, line, "fit",
              "run a pipeline: prepare, select, choose, tune; write the model",
              "airlock forecast fit out/sweep.h5 --pipeline "
              "scenarios/pipelines/quickstart.yaml -o out/rate.model",
              [fit] { return FitModel(*fit); });
  AddPipelineOptions(verb, fit.get());
  verb->add_option("--forecaster", fit->forecaster,
                   "only this one of airlock list forecasters, at its "
                   "defaults and on all features");
  verb->add_option("-o,--out", fit->out, "model to write")->required();
  verb->add_option("--report", fit->report,
                   "HTML page to write: scores and the held-out part");
  verb->add_flag("--overwrite", fit->overwrite, "replace the files");

  auto ablate = std::make_shared<AblateOptions>();
  verb = AddVerb(forecast, line, "ablate",
                 "what each stage of a pipeline is worth on a trace",
                 "airlock forecast ablate out/sweep.h5 --pipeline "
                 "scenarios/pipelines/quickstart.yaml",
                 [ablate] { return Ablate(*ablate); });
  AddPipelineOptions(verb, ablate.get());
  verb->add_option("--split", ablate->split,
                   "time (the file's), random (70/30, as in the literature) "
                   "or both")
      ->capture_default_str()
      ->check(CLI::IsMember({"time", "random", "both"}));

  auto predict = std::make_shared<PredictOptions>();
  verb = AddVerb(forecast, line, "predict",
                 "predictions with their intervals, as CSV or JSON",
                 "airlock forecast predict out/rate.model out/sweep.h5 -o "
                 "out/predictions.csv",
                 [predict] { return Predict(*predict); });
  verb->add_option("MODEL", predict->model, "model of forecast fit")
      ->required();
  AddTraceArgument(verb, &predict->trace, &predict->format);
  verb->add_option("-o,--out", predict->out,
                   "file to write them to, instead of standard output");
  verb->add_flag("--overwrite", predict->overwrite, "replace the file");
  verb->add_flag("--json", predict->json, "as JSON");

  auto show = std::make_shared<ShowOptions>();
  verb = AddVerb(forecast, line, "show",
                 "print what a model is made of and how it was chosen",
                 "airlock forecast show out/rate.model",
                 [show] { return ShowModel(*show); });
  verb->add_option("MODEL", show->model, "model of forecast fit")->required();
  verb->add_flag("--json", show->json, "print it as JSON");
}

}  // namespace airlock
