#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/interrupt.h"
#include "sim/telemetry/trace.h"
#include "twin/forecast/model.h"
#include "twin/pipeline/candidate.h"
#include "twin/pipeline/clock_offset.h"
#include "twin/pipeline/falsifiers.h"
#include "twin/pipeline/pipeline_file.h"
#include "twin/pipeline/selection.h"
#include "twin/pipeline/tuning.h"

namespace airlock {

// Stages 2 to 4 on rows: what validation chose, and everything it looked at.
struct Choice {
  // With each of the stage's numbers of features, at the trainers' defaults.
  std::vector<TriedCandidate> tried;
  TriedCandidate untuned;  // the best of them
  std::vector<TuningRecord> tuning;
  TriedCandidate best;
};

// Chooses among the file's models on the bench's rows. `progress` counts
// evaluations. Throws InputError if every candidate is refused.
Choice ChooseModel(const PipelineFile& file, const ValidationBench& bench,
                   const Progress& progress);

// What the pipeline did with one trace, beside the model that it made.
struct PipelineRecord {
  std::string trace_source;
  std::string trace_digest;
  int64_t samples = 0;
  Split split;
  std::optional<ClockOffset> clock_offset;
  std::vector<std::string> ranking;  // labels, best first, at most 20
  std::optional<SelectionStability> stability;
  int64_t stability_count = 0;  // of how many features
  Choice choice;
  FalsifierReport falsifiers;
};

struct PipelineResult {
  ForecastModel model;
  PipelineRecord record;
};

// Makes a model from the training part of the trace, as the file says: finds
// the clock offset, prepares, ranks, chooses, tunes, calibrates intervals, and
// tries to falsify the result. Looks at no sample beyond the training part but
// for the falsifiers. Throws InputError if the trace lacks what the file names
// or has too few samples, Error when interrupted.
// `begin_stage` may be empty.
PipelineResult RunPipeline(const PipelineFile& file, const Trace& trace,
                           const BeginStage& begin_stage);

// The candidate's model of the first `train_end` samples, with the problem as
// it stands: nothing is searched for or chosen.
ForecastModel MakeModel(const PipelineFile& file,
                        const ForecastProblem& problem,
                        const Candidate& candidate, const Trace& trace,
                        int64_t train_end);

// The clock offset, and the features of the file's problem, from `training`.
PipelineFeatures FindFeatures(const PipelineFile& file, const Trace& training);

}  // namespace airlock
