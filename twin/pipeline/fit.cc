#include "twin/pipeline/fit.h"

#include <nlohmann/json.hpp>

namespace airlock {
namespace {

using nlohmann::json;

// What the model was made with, for its file.
std::string ConfigurationText(const FitOptions& options) {
  const TrainerEntry& trainer = FindTrainer(options.forecaster);
  return json{
      {"trainer", options.forecaster},
      {"seed", options.forecaster_options.seed},
      {"parameters", ResolveParameters(options.forecaster, trainer.parameters,
                                       options.forecaster_options.parameters)},
      {"preparation",
       {{"maximum_missing", options.preparation.maximum_missing},
        {"maximum_drift", options.preparation.maximum_drift},
        {"duplicates", options.preparation.duplicates},
        {"rounding", options.preparation.rounding},
        {"target_copies", options.preparation.target_copies}}}}
      .dump();
}

}  // namespace

ModelParts StartOfModel(const ForecastProblem& problem,
                        const FeatureSelection& selection,
                        const Trace& training) {
  ModelParts parts;
  parts.problem = problem;
  parts.target_unit = training.Get(problem.target).unit;
  parts.record.dropped = selection.dropped;
  parts.training_samples = training.samples();
  parts.training_digest = training.Digest();
  return parts;
}

ForecastModel FitModel(const ForecastProblem& problem, const Trace& trace,
                       int64_t train_end, const FitOptions& options) {
  const Trace training = trace.Slice(0, train_end);
  const FeatureSelection selection = SelectFeatures(problem, training);
  ModelParts parts = StartOfModel(problem, selection, training);
  parts.trainer = options.forecaster;
  parts.configuration = ConfigurationText(options);
  parts.record.notes = CountingNotes(training, selection.features);
  const SampleTable rows =
      BuildSamples(training, selection.features, problem.target,
                   problem.horizon, problem.samples);
  const SampleTable prepared = parts.preparation.Fit(
      selection.features, rows, problem, options.preparation, &parts.record);
  parts.forecaster =
      TrainForecaster(options.forecaster, prepared, options.forecaster_options);
  return ForecastModel(std::move(parts));
}

}  // namespace airlock
