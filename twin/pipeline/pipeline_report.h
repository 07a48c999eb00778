#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/pipeline/pipeline.h"
#include "twin/pipeline/score_table.h"

namespace airlock {

// How a pipeline's model does on the part of the trace that it has not seen:
// beside a constant, persistence, the season, least squares, ridge and boosted
// trees at their library's defaults, all on the same samples.
struct PipelineReport {
  std::string name;  // of the pipeline
  std::string target;
  std::string unit;
  int64_t horizon = 0;
  int64_t season = 0;  // samples; 0: none was found in the training part
  int64_t held_out = 0;
  ScoreTable scores;         // the pipeline's model last
  double outside_share = 0;  // samples with a feature outside its range
  PipelineRecord record;
  PreparationRecord preparation;
  std::vector<std::string> features;  // labels, in the model's order
  std::string chosen;
  int64_t bytes = 0;  // of the model file, without this report

  std::string ToText() const;
  std::string ToJson() const;
};

// Scores `result` on the held-out part of `trace`, the one it was made from.
PipelineReport ReportOf(const PipelineFile& file, const PipelineResult& result,
                        const Trace& trace);

// What `airlock forecast show` prints of a model file.
std::string DescribeModelText(const ForecastModel& model);
std::string DescribeModelJson(const ForecastModel& model);

}  // namespace airlock
