#include "twin/pipeline/pipeline_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/config/fields.h"
#include "twin/pipeline/selection.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

std::vector<std::string> SelectionMethods() {
  std::vector<std::string> names = {"none"};
  for (const RankingMethodEntry& entry : RankingMethods()) {
    names.push_back(entry.name);
  }
  return names;
}

// Trainers that there are, with parameters that they have.
void CheckParameters(const PipelineFile& file, const Reporter& report) {
  for (const auto& [trainer, parameters] : file.parameters) {
    try {
      ResolveParameters(trainer, FindTrainer(trainer).parameters, parameters);
    } catch (const InputError& error) {
      report.Error("parameters." + trainer, error.what());
    }
  }
}

// Every element once.
template <typename T>
void CheckDistinct(const std::string& key, const std::vector<T>& values,
                   const Reporter& report) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::count(values.begin(), values.begin() + i, values[i]) > 0) {
      report.Error(fmt::format("{}.{}", key, i), "is there twice");
    }
  }
}

}  // namespace

void DeclareFields(Fields<PipelineSplit>& fields) {
  fields
      .Add("train", &PipelineSplit::train,
           "The first part of the trace, from which the model is made.")
      .Between(Ratio(0.1), Ratio(0.9));
  fields
      .Add("gap", &PipelineSplit::gap,
           "Samples between that part and the held-out rest.")
      .AtLeast(0);
}

void DeclareFields(Fields<PreparationStage>& fields) {
  fields.Add("enabled", &PreparationStage::enabled,
             "Off: the columns as they are; missing values become the median, "
             "and only columns without a number or with one value are left "
             "out.");
  fields
      .Add("maximum_missing", &PreparationStage::maximum_missing,
           "A feature missing in more of the training rows is dropped; below, "
           "the median stands in.")
      .Between(Ratio(0), Ratio(1));
  fields
      .Add("maximum_drift", &PreparationStage::maximum_drift,
           "A feature is dropped if more than this share of its last third "
           "lies outside the range of what came before.")
      .Between(Ratio(0), Ratio(1));
  fields.Add("duplicates", &PreparationStage::duplicates,
             "Whether a column that repeats another is dropped.");
  fields
      .Add("clock_offset", &PreparationStage::clock_offset,
           "The largest offset between the clocks of counters and KPIs that "
           "is searched for and corrected, in samples; 0 for none.")
      .Between(0, 5);
  fields
      .Add("lags", &PreparationStage::lags,
           "How many samples before the newest are features too.")
      .Between(0, 100);
  fields.Add("aggregates", &PreparationStage::aggregates,
             "Adds the minimum, maximum, mean and spread of each counter over "
             "the functions (cores, interfaces, ...) that have it.");
  fields.Add("timeouts", &PreparationStage::timeouts,
             "By column, the value at which its probe gives up: such a value, "
             "and any above, is missing.");
}

void DeclareFields(Fields<SelectionStage>& fields) {
  fields
      .Add("method", &SelectionStage::method,
           "How features are ranked; `none` keeps all.")
      .OneOf(SelectionMethods);
  fields
      .Add("keep", &SelectionStage::keep,
           "Numbers of features that validation chooses among; 0 is all.")
      .AtLeast(0)
      .NotEmpty();
  fields
      .Add("resamples", &SelectionStage::resamples,
           "Resamples on which the ranking's stability is measured; 0 for "
           "none.")
      .Between(0, 100);
  fields.Check([](const SelectionStage& stage, const Reporter& report) {
    CheckDistinct("keep", stage.keep, report);
  });
}

void DeclareFields(Fields<ValidationStage>& fields) {
  fields
      .Add("scheme", &ValidationStage::scheme,
           "Walk-forward validation on all that came before (`expanding`) or "
           "on a window of constant length (`sliding`).")
      .OneOf({"expanding", "sliding"});
  fields.Add("folds", &ValidationStage::folds, "How many steps it takes.")
      .Between(2, 20);
  fields
      .Add("first", &ValidationStage::first,
           "The share of the training part before the first step's test. The "
           "earlier the first step, the more conditions a model meets that it "
           "has not learnt from.")
      .Between(Ratio(0.1), Ratio(0.8));
}

void DeclareFields(Fields<TuningStage>& fields) {
  fields
      .Add("evaluations", &TuningStage::evaluations,
           "Settings that are tried of each model, its defaults first; 0 "
           "leaves the defaults.")
      .Between(0, 1000);
  fields
      .Add("models", &TuningStage::models,
           "How many of the models that validated best are tuned.")
      .Between(1, 20);
  fields.Add("search", &TuningStage::search, "How settings are chosen.")
      .OneOf({"bayesian", "random"});
  fields
      .Add("maximum_microseconds", &TuningStage::maximum_microseconds,
           "A setting whose estimated time to predict one sample is longer is "
           "refused.")
      .Unit("us")
      .MoreThan(0);
  fields
      .Add("maximum_bytes", &TuningStage::maximum_bytes,
           "A setting whose model file is larger is refused. The report of how "
           "it was made is not counted.")
      .Unit("B")
      .AtLeast(1000);
}

void DeclareFields(Fields<IntervalStage>& fields) {
  fields
      .Add("method", &IntervalStage::method,
           "Prediction intervals: `split` conformal, `quantile` (conformalised "
           "quantile regression), `adaptive` (conformal, corrected by every "
           "label that arrives), or `none`.")
      .OneOf({"none", "split", "quantile", "adaptive"});
  fields
      .Add("levels", &IntervalStage::levels,
           "Shares of the observations that intervals are to cover.")
      .Between(Ratio(0.5), Ratio(0.99))
      .NotEmpty();
}

void DeclareFields(Fields<PipelineFile>& fields) {
  fields.Add("schema", &PipelineFile::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  fields.Add("name", &PipelineFile::name, "What reports call the pipeline.")
      .Required()
      .NotEmpty();
  fields.Add("description", &PipelineFile::description, "What it is for.");
  fields.Add("seed", &PipelineFile::seed, "Seed of everything that is drawn.")
      .AtLeast(0);
  fields.Add("target", &PipelineFile::target, "The KPI that is predicted.")
      .NotEmpty();
  fields
      .Add("horizon", &PipelineFile::horizon,
           "How many samples ahead; 0 infers it from the same sample.")
      .AtLeast(0);
  fields
      .Add("features", &PipelineFile::features,
           "Columns it may use: [ROLE[/SCOPE]:]GLOB[@SHIFT].")
      .NotEmpty();
  fields.Add("exclude", &PipelineFile::exclude,
             "Columns it may not use, in the same form.");
  fields.Add("offered_rate", &PipelineFile::offered_rate,
             "Whether it may see how much traffic is offered.");
  fields.Add("past_target", &PipelineFile::past_target,
             "Whether it may see the last known value of the target.");
  fields.Add("split", &PipelineFile::split, "What is held out for the score.");
  fields.Add("preparation", &PipelineFile::preparation,
             "Stage 1: what the columns are cleaned of.");
  fields.Add("selection", &PipelineFile::selection,
             "Stage 2: which features stay.");
  fields
      .Add("models", &PipelineFile::models,
           "Stage 3: the models that validation chooses among; `airlock list "
           "forecasters`. One model: no choice.")
      .OneOf(TrainerNames)
      .NotEmpty();
  fields.Add("parameters", &PipelineFile::parameters,
             "Parameters at which trainers start, by trainer: `xgboost: "
             "{depth: 3}`.");
  fields.Add("validation", &PipelineFile::validation,
             "How stages 2 to 4 are judged, on the training part alone.");
  fields.Add("tuning", &PipelineFile::tuning,
             "Stage 4: hyper-parameters of the best models.");
  fields.Add("intervals", &PipelineFile::intervals,
             "Stage 5: prediction intervals.");
  fields.Check([](const PipelineFile& file, const Reporter& report) {
    CheckFeaturePatterns("features", file.features, report);
    CheckFeaturePatterns("exclude", file.exclude, report);
    CheckDistinct("models", file.models, report);
    CheckParameters(file, report);
  });
}

void CheckFeaturePatterns(const std::string& key,
                          const std::vector<std::string>& patterns,
                          const Reporter& report) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    try {
      ParseFeaturePattern(patterns[i]);
    } catch (const InputError& error) {
      report.Error(fmt::format("{}.{}", key, i), error.what());
    }
  }
}

std::optional<PipelineFile> LoadPipelineFile(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics) {
  if (!path.empty()) {
    return LoadConfig<PipelineFile>(path, overrides, diagnostics);
  }
  Diagnostics found;
  auto file = ReadConfig<PipelineFile>(
      ReadDocumentText("schema: 1\nname: default\n", "default pipeline", "",
                       overrides, &found),
      &found);
  diagnostics->Append(std::move(found));
  return file;
}

std::string ResolvedPipelineText(const PipelineFile& file) {
  return ToYaml(file, DefaultMarks::kMarked);
}

std::string PipelineKeyReference() { return KeyReference<PipelineFile>(); }

std::string PipelineJsonSchema() {
  return JsonSchema<PipelineFile>("Airlock forecasting pipeline");
}

ForecastProblem ProblemOf(const PipelineFile& file) {
  ForecastProblem problem;
  problem.target = file.target;
  problem.horizon = file.horizon;
  problem.include = ParseFeaturePatterns(file.features);
  problem.exclude = ParseFeaturePatterns(file.exclude);
  problem.offered_rate = file.offered_rate;
  problem.past_target = file.past_target;
  if (file.preparation.enabled) {
    problem.lags = file.preparation.lags;
    problem.aggregates = file.preparation.aggregates;
    problem.samples.timeouts = file.preparation.timeouts;
  }
  return problem;
}

}  // namespace airlock
