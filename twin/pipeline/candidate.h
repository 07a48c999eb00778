#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"
#include "twin/forecast/preparation.h"
#include "twin/forecast/samples.h"
#include "twin/pipeline/clock_offset.h"
#include "twin/pipeline/pipeline_file.h"
#include "twin/pipeline/selection.h"
#include "twin/pipeline/walk_forward.h"

namespace airlock {

// One way to make a model of prepared rows: which trainer, with which
// parameters (its defaults where they say nothing), on how many features.
struct Candidate {
  std::string trainer;
  std::map<std::string, double> parameters;
  int64_t keep = 0;  // the best so many features; 0: all

  std::string ToText() const;  // "xgboost(depth 3) on 20 features"
};

// A candidate's model of some rows.
struct FittedCandidate {
  Preparation preparation;  // of the features that it kept
  PreparationRecord record;
  std::unique_ptr<Forecaster> forecaster;
};

// The problem and the candidate features of a pipeline on one trace.
struct PipelineFeatures {
  ForecastProblem problem;
  std::optional<ClockOffset> clock_offset;  // stage 1, where searched for
  FeatureSelection selection;
};

// What a candidate's model is made with, for its file: a JSON object.
std::string ConfigurationText(const PipelineFile& file,
                              const Candidate& candidate);

// The candidate's model of `rows`: raw, in time order, with the columns of the
// selection. Ranks the features where the candidate does not keep all.
FittedCandidate FitCandidate(const PipelineFile& file,
                             const PipelineFeatures& found,
                             const SampleTable& rows,
                             const Candidate& candidate);
// Raw rows with the columns of `found` as a model with `preparation` wants
// them.
SampleTable PreparedAs(const Preparation& preparation,
                       const PipelineFeatures& found, const SampleTable& raw);

// Rows of a fold, cleaned, standardised and ranked.
struct PreparedRows {
  Preparation preparation;
  PreparationRecord record;
  SampleTable training;
  SampleTable test;
  std::vector<RankedFeature> ranking;  // best first; empty: not ranked
};

// What a candidate's model costs.
struct ModelCost {
  int64_t bytes = 0;        // of its whole file, without intervals and report
  double microseconds = 0;  // to predict one sample, estimated
};

// What validation tells of a candidate.
struct ValidatedCandidate {
  WalkForwardResult scores;
  ModelCost cost;  // of the model of the last fold, which has seen most
};

// Training rows, prepared and ranked once for each fold, so that many
// candidates can be validated on them. Preparation, ranking and training see
// the fold's own training rows only. Owns the rows.
class ValidationBench {
 public:
  // `rows`: raw, in time order, with the columns of the selection; rows without
  // target or that are not whole are disregarded. Where they are few, there are
  // fewer folds than the file says and the first comes later; a fold before
  // which the target or the features have not varied yet is left out. Throws
  // InputError if there are too few rows for one fold.
  ValidationBench(const PipelineFile& file, const PipelineFeatures& found,
                  const SampleTable& rows);

  ValidatedCandidate ValidateWithCost(const Candidate& candidate) const;
  WalkForwardResult Validate(const Candidate& candidate) const {
    return ValidateWithCost(candidate).scores;
  }
  // Made from all rows.
  FittedCandidate Fit(const Candidate& candidate) const;
  ModelCost CostOnAllRows(const Candidate& candidate) const;

  // Of all rows, best first; empty if nothing is ranked.
  const std::vector<RankedFeature>& ranking() const { return all_.ranking; }
  // All rows, prepared.
  const SampleTable& prepared() const { return all_.training; }
  const Preparation& preparation() const { return all_.preparation; }
  const PreparationRecord& record() const { return all_.record; }
  int64_t folds() const { return static_cast<int64_t>(folds_.size()); }
  // The file's numbers of features, from few to all, each once: those of as
  // many features as there are, or more, are 0 (all).
  std::vector<int64_t> NumbersToKeep() const;

 private:
  // What the candidate's model of one fold predicts. `cost` is null or becomes
  // what that model costs.
  std::vector<double> PredictFold(const Candidate& candidate, size_t fold,
                                  ModelCost* cost) const;
  ModelCost CostOf(const PreparedRows& rows, const Candidate& candidate,
                   std::shared_ptr<const Forecaster> forecaster) const;

  PipelineFile file_;
  PipelineFeatures found_;
  SampleTable usable_;  // raw, of the columns that preparation kept
  std::vector<Fold> folds_;
  PreparedRows all_;
  std::vector<PreparedRows> prepared_folds_;
};

}  // namespace airlock
