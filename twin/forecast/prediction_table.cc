#include "twin/forecast/prediction_table.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

std::string Cell(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

double TimeOf(const Trace& trace, const Predictions& predictions, size_t i) {
  return trace.time_seconds[static_cast<size_t>(predictions.origin[i])];
}

}  // namespace

std::string PredictionsCsv(const ForecastModel& model, const Trace& trace,
                           const Predictions& predictions,
                           const IntervalPredictions& intervals) {
  const std::string& unit = model.target_unit();
  std::string text =
      fmt::format("time [s],predicted [{0}],observed [{0}],outside [1]", unit);
  for (const double level : intervals.levels) {
    text += fmt::format(",low{1:g} [{0}],high{1:g} [{0}]", unit, 100 * level);
  }
  text += "\n";
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{}",
                   TimeOf(trace, predictions, i), Cell(predictions.value[i]),
                   Cell(predictions.observed[i]), predictions.outside[i]);
    for (size_t k = 0; k < intervals.levels.size(); ++k) {
      const PredictionInterval& interval = intervals.intervals[i][k];
      text += "," + Cell(interval.low) + "," + Cell(interval.high);
    }
    text += "\n";
  }
  return text;
}

std::string PredictionsJson(const ForecastModel& model, const Trace& trace,
                            const Predictions& predictions,
                            const IntervalPredictions& intervals) {
  json rows = json::array();
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    json row = {{"time_seconds", TimeOf(trace, predictions, i)},
                {"predicted", NumberOrNull(predictions.value[i])},
                {"observed", NumberOrNull(predictions.observed[i])},
                {"outside", predictions.outside[i]}};
    json bounds = json::array();
    for (size_t k = 0; k < intervals.levels.size(); ++k) {
      const PredictionInterval& interval = intervals.intervals[i][k];
      bounds.push_back(
          {NumberOrNull(interval.low), NumberOrNull(interval.high)});
    }
    row["intervals"] = bounds;
    rows.push_back(std::move(row));
  }
  json outside = json::object();
  for (size_t k = 0; k < model.features().size(); ++k) {
    if (predictions.outside_by_feature[k] > 0) {
      outside[model.features()[k].feature.Label()] =
          predictions.outside_by_feature[k];
    }
  }
  return json{{"target", model.problem().target},
              {"unit", model.target_unit()},
              {"horizon", model.problem().horizon},
              {"levels", intervals.levels},
              {"samples_skipped", predictions.skipped},
              {"values_replaced", predictions.imputed_values},
              {"samples_outside", predictions.samples_outside},
              {"outside_by_feature", outside},
              {"predictions", rows}}
             .dump(1) +
         "\n";
}

}  // namespace airlock
