#pragma once

#include <string>

#include "sim/telemetry/trace.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/forecast/model.h"

// A model's predictions for a trace as text, one line or object a prediction:
// the time at which it was made (that of the newest sample it has seen), the
// value and, where the trace has it, the observed one, the intervals, and how
// many features lay outside their training range.
namespace airlock {

// With a header line whose names have units, so that it can be imported again.
// What is missing is an empty cell.
std::string PredictionsCsv(const ForecastModel& model, const Trace& trace,
                           const Predictions& predictions,
                           const IntervalPredictions& intervals);

// One object; what is missing is null.
std::string PredictionsJson(const ForecastModel& model, const Trace& trace,
                            const Predictions& predictions,
                            const IntervalPredictions& intervals);

}  // namespace airlock
