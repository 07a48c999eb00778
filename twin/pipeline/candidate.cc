#include "twin/pipeline/candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "twin/forecast/model.h"
#include "twin/forecast/naive_forecasters.h"
#include "twin/forecast/scores.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

// Nothing but what every model needs: numbers, on one scale.
PreparationOptions RawOptions() {
  PreparationOptions options;
  options.maximum_missing = 1;
  options.maximum_drift = 1;
  options.duplicates = false;
  return options;
}

PreparationOptions PreparationOptionsOf(const PreparationStage& stage) {
  PreparationOptions options;
  if (!stage.enabled) return RawOptions();
  options.maximum_missing = stage.maximum_missing.value();
  options.maximum_drift = stage.maximum_drift.value();
  options.duplicates = stage.duplicates;
  return options;
}

// Rows whose target is known and that can be predicted, before preparation.
SampleTable UsableRows(const SampleTable& rows) {
  std::vector<int64_t> usable;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    if (rows.IsWhole(r) && std::isfinite(rows.y[static_cast<size_t>(r)])) {
      usable.push_back(r);
    }
  }
  return KeepRows(rows, usable);
}

int64_t LongestLag(const std::vector<Feature>& features) {
  int64_t longest = 0;
  for (const Feature& feature : features) {
    longest = std::max(longest, -feature.shift);
  }
  return longest;
}

Preparation Restricted(const Preparation& preparation,
                       const std::vector<int64_t>& columns) {
  std::vector<FeatureFacts> kept;
  for (const int64_t column : columns) {
    kept.push_back(preparation.features()[static_cast<size_t>(column)]);
  }
  return Preparation(std::move(kept));
}

SampleTable Joined(const SampleTable& a, const SampleTable& b) {
  SampleTable joined = a;
  joined.x.insert(joined.x.end(), b.x.begin(), b.x.end());
  joined.y.insert(joined.y.end(), b.y.begin(), b.y.end());
  joined.last_target.insert(joined.last_target.end(), b.last_target.begin(),
                            b.last_target.end());
  joined.origin.insert(joined.origin.end(), b.origin.begin(), b.origin.end());
  return joined;
}

// The forecaster's predictions for `test`, which follows `training`.
std::vector<double> PredictRows(const Forecaster& forecaster,
                                const SampleTable& training,
                                const SampleTable& test, int64_t horizon) {
  const std::vector<double> past =
      PastTargets(forecaster, Joined(training, test), horizon);
  const size_t before = static_cast<size_t>(training.rows());
  std::vector<double> predicted;
  for (int64_t r = 0; r < test.rows(); ++r) {
    const double last = past[before + static_cast<size_t>(r)];
    predicted.push_back(forecaster.needs_past() && std::isnan(last)
                            ? last
                            : forecaster.Predict(test.Row(r), last));
  }
  return predicted;
}

// The columns of `all` that `kept` has, for rows of raw features `all`.
std::vector<int64_t> ColumnsWithin(const std::vector<Feature>& all,
                                   const Preparation& kept) {
  std::vector<int64_t> columns;
  for (const FeatureFacts& facts : kept.features()) {
    const auto found = std::find(all.begin(), all.end(), facts.feature);
    columns.push_back(found - all.begin());
  }
  return columns;
}

// The rows' raw columns as `preparation`, made from all of them, wants them.
PreparedRows Prepare(const PipelineFile& file, const PipelineFeatures& found,
                     const SampleTable& training, const SampleTable& test) {
  ThrowIfInterrupted();
  PreparedRows rows;
  rows.training = rows.preparation.Fit(
      found.selection.features, training, found.problem,
      PreparationOptionsOf(file.preparation), &rows.record);
  if (test.rows() > 0) rows.test = PreparedAs(rows.preparation, found, test);
  if (file.selection.method == "none") return rows;
  RankingOptions options;
  options.seed = static_cast<uint64_t>(file.seed);
  options.limit =
      *std::max_element(file.selection.keep.begin(), file.selection.keep.end());
  rows.ranking = RankFeatures(ParseRankingMethod(file.selection.method),
                              rows.training, options);
  return rows;
}

std::vector<int64_t> ColumnsOf(const PreparedRows& rows, int64_t keep) {
  if (keep > 0 && !rows.ranking.empty()) {
    return FirstColumns(rows.ranking, keep);
  }
  std::vector<int64_t> columns;
  for (int64_t j = 0; j < rows.training.columns; ++j) columns.push_back(j);
  return columns;
}

std::unique_ptr<Forecaster> Train(const PipelineFile& file,
                                  const Candidate& candidate,
                                  const SampleTable& training) {
  ForecasterOptions options;
  options.seed = static_cast<uint64_t>(file.seed);
  options.parameters = candidate.parameters;
  return TrainForecaster(candidate.trainer, training, options);
}

FittedCandidate FitPrepared(const PipelineFile& file, const PreparedRows& rows,
                            const Candidate& candidate) {
  FittedCandidate fitted;
  const std::vector<int64_t> columns = ColumnsOf(rows, candidate.keep);
  fitted.preparation = Restricted(rows.preparation, columns);
  fitted.record = rows.record;
  fitted.forecaster =
      Train(file, candidate, KeepColumns(rows.training, columns));
  return fitted;
}

// The file's validation, with fewer and later folds where the rows are few.
WalkForwardOptions FoldsFor(const PipelineFile& file, int64_t rows,
                            int64_t gap) {
  constexpr double kFewestRows = 21;  // of either part, rounding allowed for
  const double count = static_cast<double>(std::max<int64_t>(rows, 1));
  WalkForwardOptions options;
  options.scheme = file.validation.scheme == "sliding"
                       ? WalkForwardScheme::kSliding
                       : WalkForwardScheme::kExpanding;
  options.gap = gap;
  options.first_share =
      std::min(0.8, std::max(file.validation.first.value(),
                             (kFewestRows + static_cast<double>(gap)) / count));
  options.folds = std::max<int64_t>(
      1, std::min(file.validation.folds,
                  static_cast<int64_t>((1 - options.first_share) * count /
                                       kFewestRows)));
  return options;
}

}  // namespace

std::string Candidate::ToText() const {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", name, value);
  }
  text = text.empty() ? trainer : fmt::format("{}({})", trainer, text);
  return keep == 0 ? text : fmt::format("{} on {} features", text, keep);
}

std::string ConfigurationText(const PipelineFile& file,
                              const Candidate& candidate) {
  const TrainerEntry& trainer = FindTrainer(candidate.trainer);
  return nlohmann::json{
      {"pipeline", ResolvedPipelineText(file)},
      {"trainer", candidate.trainer},
      {"seed", file.seed},
      {"parameters", ResolveParameters(candidate.trainer, trainer.parameters,
                                       candidate.parameters)}}
      .dump();
}

ValidationBench::ValidationBench(const PipelineFile& file,
                                 const PipelineFeatures& found,
                                 const SampleTable& rows)
    : file_(file), found_(found), usable_(UsableRows(rows)) {
  all_ = Prepare(file_, found, usable_, {});
  // What wanders off is known from all rows; a fold is too short to tell.
  PipelineFeatures kept = found;
  kept.selection.features.clear();
  for (const FeatureFacts& facts : all_.preparation.features()) {
    kept.selection.features.push_back(facts.feature);
  }
  usable_ = KeepColumns(
      usable_, ColumnsWithin(found.selection.features, all_.preparation));
  PipelineFile in_fold = file;
  in_fold.preparation.maximum_drift = Ratio(1);
  const std::vector<Fold> folds = WalkForwardFolds(
      usable_.origin,
      FoldsFor(file, usable_.rows(),
               std::max(file.split.gap,
                        Embargo(file.horizon,
                                LongestLag(found.selection.features)))));
  for (const Fold& fold : folds) {
    try {
      prepared_folds_.push_back(Prepare(in_fold, kept,
                                        KeepRows(usable_, fold.training),
                                        KeepRows(usable_, fold.test)));
      folds_.push_back(fold);
    } catch (const InputError&) {
      // Many traces start at rest: neither target nor counters vary yet.
      if (folds_.empty() && &fold == &folds.back()) throw;
    }
  }
}

std::vector<double> ValidationBench::PredictFold(const Candidate& candidate,
                                                 size_t fold,
                                                 ModelCost* cost) const {
  ThrowIfInterrupted();
  const PreparedRows& rows = prepared_folds_[fold];
  const std::vector<int64_t> columns = ColumnsOf(rows, candidate.keep);
  const SampleTable training = KeepColumns(rows.training, columns);
  const std::shared_ptr<const Forecaster> forecaster =
      Train(file_, candidate, training);
  if (cost != nullptr) *cost = CostOf(rows, candidate, forecaster);
  return PredictRows(*forecaster, training, KeepColumns(rows.test, columns),
                     file_.horizon);
}

ModelCost ValidationBench::CostOf(
    const PreparedRows& rows, const Candidate& candidate,
    std::shared_ptr<const Forecaster> forecaster) const {
  // Digest, unit and rows left out, which are not known here.
  constexpr int64_t kRest = 512;
  ModelCost cost;
  cost.microseconds = EstimatedMicroseconds(*forecaster);
  ModelParts parts;
  parts.problem = found_.problem;
  parts.preparation =
      Restricted(rows.preparation, ColumnsOf(rows, candidate.keep));
  parts.record = all_.record;  // what all rows leave out, and why
  parts.record.dropped.insert(parts.record.dropped.begin(),
                              found_.selection.dropped.begin(),
                              found_.selection.dropped.end());
  parts.forecaster = std::move(forecaster);
  parts.trainer = candidate.trainer;
  parts.configuration = ConfigurationText(file_, candidate);
  cost.bytes = ModelSizeBytes(ForecastModel(std::move(parts))) + kRest;
  return cost;
}

ModelCost ValidationBench::CostOnAllRows(const Candidate& candidate) const {
  return CostOf(all_, candidate, Fit(candidate).forecaster);
}

std::vector<int64_t> ValidationBench::NumbersToKeep() const {
  if (file_.selection.method == "none") return {0};
  int64_t most = all_.training.columns;
  for (const PreparedRows& fold : prepared_folds_) {
    most = std::max(most, fold.training.columns);
  }
  std::vector<int64_t> numbers;
  bool all = false;
  for (const int64_t keep : file_.selection.keep) {
    if (keep > 0 && keep < most) {
      numbers.push_back(keep);
    } else {
      all = true;
    }
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  if (all) numbers.push_back(0);
  return numbers;
}

ValidatedCandidate ValidationBench::ValidateWithCost(
    const Candidate& candidate) const {
  // Folds do not touch each other, so the answer is the same in any order. What
  // the one learner process trains is trained one after the other.
  const bool alone =
      candidate.trainer == "mlp" ||
      (candidate.trainer == "stack" && candidate.parameters.count("mlp") > 0 &&
       candidate.parameters.at("mlp") != 0);
  const size_t threads =
      alone ? 1 : std::max(1u, std::thread::hardware_concurrency());
  ValidatedCandidate validated;
  const auto predict = [&](size_t fold) {
    return PredictFold(candidate, fold,
                       fold + 1 == folds_.size() ? &validated.cost : nullptr);
  };
  std::vector<std::vector<double>> predicted(folds_.size());
  for (size_t first = 0; first < folds_.size(); first += threads) {
    const size_t last = std::min(first + threads, folds_.size());
    std::vector<std::future<std::vector<double>>> running;
    for (size_t fold = first + 1; fold < last; ++fold) {
      running.push_back(std::async(std::launch::async, predict, fold));
    }
    predicted[first] = predict(first);
    for (size_t fold = first + 1; fold < last; ++fold) {
      predicted[fold] = running[fold - first - 1].get();
    }
  }
  validated.scores = JudgeFolds(usable_, folds_, predicted);
  return validated;
}

FittedCandidate ValidationBench::Fit(const Candidate& candidate) const {
  return FitPrepared(file_, all_, candidate);
}

FittedCandidate FitCandidate(const PipelineFile& file,
                             const PipelineFeatures& found,
                             const SampleTable& rows,
                             const Candidate& candidate) {
  // Preparation leaves out the rows that cannot be learnt from, and records
  // them.
  return FitPrepared(file, Prepare(file, found, rows, {}), candidate);
}

SampleTable PreparedAs(const Preparation& preparation,
                       const PipelineFeatures& found, const SampleTable& raw) {
  SampleTable prepared =
      KeepColumns(raw, ColumnsWithin(found.selection.features, preparation));
  std::vector<double> row(static_cast<size_t>(prepared.columns));
  int64_t imputed = 0;
  for (int64_t r = 0; r < prepared.rows(); ++r) {
    double* const out = prepared.x.data() + r * prepared.columns;
    std::copy(out, out + prepared.columns, row.begin());
    preparation.Apply(row.data(), out, &imputed);
  }
  return prepared;
}

}  // namespace airlock
