#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "calibration/fit/calibrate.h"
#include "sim/results/run_record.h"
#include "sim/scenario/resolve.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/forecast/model.h"

// One page for each thing that Airlock answers. `summary` is the answer as the
// verb prints it with --json and writes it to summary.json: all numbers in
// tables and sentences are looked up in it; plots draw from the other
// arguments. Each returns a whole HTML document. A member that a summary lacks
// is left out of the page.
namespace airlock {

// `airlock run`: metrics with intervals, series and distributions of the KPIs,
// the topology. `scenario` may be null.
std::string RunPage(const nlohmann::json& summary, const RunRecord& record,
                    const ResolvedScenario* scenario);

// The summary of a calibration, for CalibrationPage.
nlohmann::json CalibrationSummary(const CalibrationResult& result);

// `airlock calibrate`: credibility for each KPI, the twin over what was
// measured, parameters with intervals.
std::string CalibrationPage(const nlohmann::json& summary,
                            const CalibrationResult& result);

// `airlock forecast fit`: scores beside the baselines, the held-out part with
// the prediction's interval, what was tried. `summary` is a PipelineReport's.
std::string ForecastPage(const nlohmann::json& summary, const Trace& trace,
                         const Predictions& predictions,
                         const IntervalPredictions& intervals);

// What a trigger's statistic did at each sample of a stream.
struct StatisticSeries {
  std::vector<double> time_seconds;
  std::vector<double> statistic;
  double threshold = 0;
};

// `airlock drift watch`: the statistic with its threshold and alarms, what
// moved and how its distribution changed.
std::string DriftPage(const nlohmann::json& summary,
                      const StatisticSeries& statistic);

// `airlock gate`, from the files in its folder: the verdict first, each
// criterion with its interval against its limit, the evidence. Throws Error if
// summary.json cannot be read; other files may be missing.
std::string GatePage(const std::string& folder);

// The page of a folder of `airlock run` or `airlock gate`; which it is, its
// summary.json says. Throws InputError for another folder.
std::string PageOfFolder(const std::string& folder);

}  // namespace airlock
