#pragma once

#include <cstdint>
#include <string>

#include "sim/telemetry/trace.h"
#include "twin/forecast/feature.h"
#include "twin/forecast/model.h"
#include "twin/forecast/preparation.h"
#include "twin/pipeline/trainer.h"

namespace airlock {

struct FitOptions {
  std::string forecaster = "xgboost";  // a row of Trainers()
  ForecasterOptions forecaster_options;
  PreparationOptions preparation;
};

// What a model of `training` has before anything is trained: problem, unit,
// digest, and which features were dropped.
ModelParts StartOfModel(const ForecastProblem& problem,
                        const FeatureSelection& selection,
                        const Trace& training);

// Makes a model from the first `train_end` samples of the trace and looks at no
// other: selects the features of `problem`, prepares them, trains. Throws
// InputError if the samples do not suffice or an option is wrong.
ForecastModel FitModel(const ForecastProblem& problem, const Trace& trace,
                       int64_t train_end, const FitOptions& options);

}  // namespace airlock
