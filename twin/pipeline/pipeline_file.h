#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/units.h"
#include "twin/forecast/feature.h"

// What a pipeline file says: how a model of one KPI is made from any trace that
// has the columns. The trace is no part of it, so the same file serves a
// measured trace and a simulated one.
namespace airlock {

class Reporter;

// The share of the trace that models are made from, and what is held out to
// score them.
struct PipelineSplit {
  Ratio train{0.6};
  int64_t gap = 10;  // samples between the two parts
};

// Stage 1. Off: the columns as they are, each at the prediction's own sample;
// missing values become the training median, and only columns that hold no
// number or one value are left out.
struct PreparationStage {
  bool enabled = true;
  Ratio maximum_missing{0.05};
  Ratio maximum_drift{0.5};
  bool duplicates = true;
  int64_t clock_offset = 3;  // samples searched either way; 0: none
  int64_t lags = 1;          // samples before the newest
  bool aggregates = true;    // over functions, cores, interfaces
  // A value at which a probe gives up, by column: missing, not measured.
  std::map<std::string, double> timeouts;
};

// Stage 2. Off: method `none`.
struct SelectionStage {
  std::string method = "mrmr";
  // Numbers of features that validation chooses among; 0 stands for all.
  std::vector<int64_t> keep = {10, 20, 40, 80, 160, 0};
  int64_t resamples = 10;  // of the ranking's stability; 0: not computed
};

// Stages 3 and 4 are judged by walk-forward validation on the training part.
struct ValidationStage {
  std::string scheme = "expanding";
  int64_t folds = 8;
  Ratio first{0.2};  // of the training part, before the first fold's test
};

// Stage 4. Off: no evaluations.
struct TuningStage {
  int64_t evaluations = 10;  // of each model that is tuned
  int64_t models = 2;        // how many of the best are tuned
  std::string search = "bayesian";
  double maximum_microseconds = 20;  // to predict one sample
  int64_t maximum_bytes = 1000000;   // of the model file
};

// Stage 5. Off: method `none`.
struct IntervalStage {
  std::string method = "adaptive";
  std::vector<Ratio> levels = {Ratio(0.8), Ratio(0.9), Ratio(0.95)};
};

struct PipelineFile {
  int64_t schema = 1;
  std::string name;
  std::string description;
  int64_t seed = 1;
  std::string target = "delivered_rate";
  int64_t horizon = 0;
  std::vector<std::string> features = {"counter:*"};
  std::vector<std::string> exclude;
  bool offered_rate = false;
  bool past_target = false;
  PipelineSplit split;
  PreparationStage preparation;
  SelectionStage selection;
  std::vector<std::string> models = {"ridge", "xgboost", "linear-boost", "mlp",
                                     "stack"};
  // Where a trainer's parameters start, by trainer and parameter; elsewhere at
  // the trainer's own defaults.
  std::map<std::string, std::map<std::string, double>> parameters;
  ValidationStage validation;
  TuningStage tuning;
  IntervalStage intervals;
};

// Reads and checks the file; nothing if there is any error. An empty path gives
// the defaults, with the overrides.
std::optional<PipelineFile> LoadPipelineFile(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics);

// The file with every key written out and defaults marked.
std::string ResolvedPipelineText(const PipelineFile& file);
// Markdown reference of every key, and the JSON Schema for editors.
std::string PipelineKeyReference();
std::string PipelineJsonSchema();

// Reports at `key`.i each of the file's feature patterns that cannot be read
// (ParseFeaturePattern).
void CheckFeaturePatterns(const std::string& key,
                          const std::vector<std::string>& patterns,
                          const Reporter& report);

// The problem that the file's models answer.
ForecastProblem ProblemOf(const PipelineFile& file);

}  // namespace airlock
