#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/interrupt.h"
#include "sim/telemetry/trace.h"
#include "twin/forecast/scores.h"
#include "twin/pipeline/pipeline_file.h"

namespace airlock {

// One model's scores in the ablation.
struct AblationRow {
  std::string step;    // "constant", ..., "raw", "+ preparation", ...
  std::string chosen;  // the candidate; empty for constant and persistence
  int64_t features = 0;
  ForecastScores scores;
};

// What the stages are worth on one split, with or without the offered rate
// among the features.
struct AblationTable {
  bool random = false;
  bool offered_rate = false;
  int64_t training_samples = 0;
  int64_t test_samples = 0;
  std::vector<AblationRow> rows;
};

struct Ablation {
  std::string trace_source;
  std::string target;
  std::string unit;
  std::vector<AblationTable> tables;
  std::string ToText() const;
  std::string ToJson() const;
};

struct AblationOptions {
  // The split of most of the literature, 70 % drawn at random for training and
  // the rest for the test: neighbours of test samples are learnt from, so it
  // flatters every model.
  bool random = true;
  bool in_time = true;  // the file's own split
  std::vector<bool> offered_rate = {false, true};
};

// Runs the file's stages one after the other, each with those before it: all
// features and least squares (raw), then preparation, selection, the choice of
// the model, and tuning; beside them a constant, persistence, and boosted trees
// with their library's defaults on the raw features. Every row of a table is
// scored on the same samples. The file's own `offered_rate` is disregarded.
// `begin_stage` (may be empty) is told each step of each table.
Ablation RunAblation(const PipelineFile& file, const Trace& trace,
                     const AblationOptions& options,
                     const BeginStage& begin_stage);

}  // namespace airlock
