#include "twin/pipeline/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/base/rng.h"
#include "twin/pipeline/learners.h"
#include "twin/pipeline/pipeline.h"

namespace airlock {
namespace {

constexpr const char* kModel = "+ model";

// A stage that is added, and how the file looks without those after it.
struct Step {
  const char* name;
  std::function<void(PipelineFile*)> without_the_rest;
  bool tunes = false;
};

void WithoutPreparation(PipelineFile* file) {
  file->preparation.enabled = false;
}
void WithoutSelection(PipelineFile* file) { file->selection.method = "none"; }
void WithoutChoice(PipelineFile* file) { file->models = {"linear"}; }
void WithoutTuning(PipelineFile* file) { file->tuning.evaluations = 0; }

std::vector<Step> Steps() {
  const auto raw = [](PipelineFile* file) {
    WithoutPreparation(file);
    WithoutSelection(file);
    WithoutChoice(file);
    WithoutTuning(file);
  };
  return {{"raw, least squares", raw},
          {"raw, default xgboost",
           [raw](PipelineFile* file) {
             raw(file);
             file->models = {"xgboost"};
             file->parameters["xgboost"] = XgboostLibraryDefaults();
           }},
          {"+ preparation",
           [](PipelineFile* file) {
             WithoutSelection(file);
             WithoutChoice(file);
             WithoutTuning(file);
           }},
          {"+ selection",
           [](PipelineFile* file) {
             WithoutChoice(file);
             WithoutTuning(file);
           }},
          {"+ tuning", [](PipelineFile*) {}, true}};
}

// Origins of the samples on which everything is trained, and scored.
struct Parts {
  std::vector<int64_t> training;
  std::vector<int64_t> test;
};

// Samples that have a target, and every feature of the richest step.
std::vector<int64_t> CommonOrigins(const PipelineFile& file,
                                   const Trace& trace) {
  const FeatureSelection all = SelectFeatures(ProblemOf(file), trace);
  const SampleTable rows =
      BuildSamples(trace, all.features, file.target, file.horizon);
  std::vector<int64_t> origins;
  for (int64_t r = 0; r < rows.rows(); ++r) {
    const size_t row = static_cast<size_t>(r);
    if (rows.IsWhole(r) && !std::isnan(rows.y[row]) &&
        !std::isnan(rows.last_target[row])) {
      origins.push_back(rows.origin[row]);
    }
  }
  return origins;
}

Parts SplitRandomly(std::vector<int64_t> origins, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("ablation/split", Replication(0));
  for (size_t i = origins.size(); i > 1; --i) {
    std::swap(origins[i - 1], origins[rng.UniformInt(i)]);
  }
  const auto border =
      origins.begin() + static_cast<int64_t>(origins.size()) * 7 / 10;
  Parts parts{{origins.begin(), border}, {border, origins.end()}};
  std::sort(parts.training.begin(), parts.training.end());
  std::sort(parts.test.begin(), parts.test.end());
  return parts;
}

Parts SplitByFile(const PipelineFile& file, const std::vector<int64_t>& origins,
                  int64_t samples) {
  const Split split =
      SplitInTime(samples, {file.split.train.value(), file.split.gap});
  const int64_t lags = file.preparation.enabled ? file.preparation.lags : 0;
  Parts parts;
  for (const int64_t origin : origins) {
    if (origin + file.horizon < split.train_end) {
      parts.training.push_back(origin);
    } else if (origin - lags >= split.test_begin) {
      parts.test.push_back(origin);
    }
  }
  return parts;
}

// The rows, clock offset and columns of a step. They are found before the first
// test sample; of a random split there is no before.
struct Ground {
  PipelineFeatures found;
  SampleTable training;
  SampleTable test;
};

Ground Prepare(const PipelineFile& file, const Trace& trace,
               const Parts& parts) {
  const int64_t end = parts.test.front() > parts.training.back()
                          ? parts.training.back() + 1
                          : trace.samples();
  Ground ground;
  ground.found = FindFeatures(file, trace.Slice(0, end));
  const SampleTable rows =
      BuildSamples(trace, ground.found.selection.features, file.target,
                   file.horizon, ground.found.problem.samples);
  ground.training = KeepRows(rows, parts.training);
  ground.test = KeepRows(rows, parts.test);
  return ground;
}

AblationRow Judge(const char* step, const Candidate& candidate,
                  const ValidationBench& bench, const Ground& ground) {
  const FittedCandidate fitted = bench.Fit(candidate);
  const SampleTable test =
      PreparedAs(fitted.preparation, ground.found, ground.test);
  std::vector<double> predicted;
  for (int64_t r = 0; r < test.rows(); ++r) {
    predicted.push_back(fitted.forecaster->Predict(
        test.Row(r), test.last_target[static_cast<size_t>(r)]));
  }
  return {step, candidate.ToText(),
          static_cast<int64_t>(fitted.preparation.features().size()),
          Score(test.y, predicted)};
}

// Runs one step and scores it on the test samples; the last one gives two rows,
// as it stands before and after tuning.
void RunStep(const Step& step, PipelineFile file, const Trace& trace,
             const Parts& parts, const Progress& progress,
             AblationTable* table) {
  step.without_the_rest(&file);
  const Ground ground = Prepare(file, trace, parts);
  const ValidationBench bench(file, ground.found, ground.training);
  const Choice choice = ChooseModel(file, bench, progress);
  if (!choice.tuning.empty()) {
    table->rows.push_back(
        Judge(kModel, choice.untuned.candidate, bench, ground));
  }
  table->rows.push_back(Judge(step.name, choice.best.candidate, bench, ground));
}

void AddBaselines(const PipelineFile& file, const Trace& trace,
                  const Parts& parts, AblationTable* table) {
  const SampleTable rows = BuildSamples(trace, {}, file.target, file.horizon);
  const SampleTable training = KeepRows(rows, parts.training);
  const SampleTable test = KeepRows(rows, parts.test);
  double mean = 0;
  for (const double y : training.y) mean += y;
  mean /= static_cast<double>(training.rows());
  const std::vector<double> constant(test.y.size(), mean);
  table->rows.push_back({"constant", "", 0, Score(test.y, constant)});
  table->rows.push_back(
      {"persistence", "", 0, Score(test.y, test.last_target)});
}

std::string TitleOf(const AblationTable& table) {
  return fmt::format(
      "{} the offered rate, {}: {} training and {} test samples",
      table.offered_rate ? "with" : "without",
      table.random ? "70/30 at random (neighbours of the test are learnt from)"
                   : "split in time",
      table.training_samples, table.test_samples);
}

// For a line on what is under way.
std::string ShortTitleOf(const AblationTable& table) {
  return fmt::format("split {}, {} the offered rate",
                     table.random ? "at random" : "in time",
                     table.offered_rate ? "with" : "without");
}

}  // namespace

Ablation RunAblation(const PipelineFile& given, const Trace& trace,
                     const AblationOptions& options,
                     const BeginStage& begin_stage) {
  Ablation ablation;
  ablation.trace_source = trace.source;
  ablation.target = given.target;
  ablation.unit = trace.Get(given.target).unit;
  const std::vector<Step> steps = Steps();
  std::vector<bool> splits;
  if (options.in_time) splits.push_back(false);
  if (options.random) splits.push_back(true);
  const size_t total =
      steps.size() * splits.size() * options.offered_rate.size();
  size_t begun = 0;
  const auto begin = [&](const Step& step, const AblationTable& table) {
    ++begun;
    return begin_stage
               ? begin_stage(fmt::format("{} of {}: {}, {}", begun, total,
                                         ShortTitleOf(table), step.name))
               : Progress();
  };
  for (const bool random : splits) {
    for (const bool offered_rate : options.offered_rate) {
      PipelineFile file = given;
      file.offered_rate = offered_rate;
      const std::vector<int64_t> origins = CommonOrigins(file, trace);
      const Parts parts =
          random ? SplitRandomly(origins, static_cast<uint64_t>(file.seed))
                 : SplitByFile(file, origins, trace.samples());
      if (parts.training.empty() || parts.test.empty()) {
        throw InputError(fmt::format(
            "ablation: {} training and {} test samples have {} and every "
            "feature",
            parts.training.size(), parts.test.size(), file.target));
      }
      AblationTable table;
      table.random = random;
      table.offered_rate = offered_rate;
      table.training_samples = static_cast<int64_t>(parts.training.size());
      table.test_samples = static_cast<int64_t>(parts.test.size());
      AddBaselines(file, trace, parts, &table);
      for (const Step& step : steps) {
        RunStep(step, file, trace, parts, begin(step, table), &table);
      }
      ablation.tables.push_back(std::move(table));
    }
  }
  return ablation;
}

std::string Ablation::ToText() const {
  std::string text = fmt::format("{} of {} [{}]\n", target, trace_source, unit);
  for (const AblationTable& table : tables) {
    text += fmt::format("\n{}\n{:<22}{:>9}{:>12}{:>9}{:>9}{:>10}  {}\n",
                        TitleOf(table), "stage", "R2 x 100", "RMSE", "MAPE",
                        "acc@10", "features", "model");
    for (const AblationRow& row : table.rows) {
      text += fmt::format(
          "{:<22}{:>9.1f}{:>12.5g}{:>8.1f}%{:>8.1f}%{:>10}  {}\n", row.step,
          100 * row.scores.r2, row.scores.rmse, 100 * row.scores.mape,
          100 * row.scores.accuracy_10, row.features, row.chosen);
    }
  }
  return text;
}

std::string Ablation::ToJson() const {
  nlohmann::json json = {{"trace", trace_source},
                         {"target", target},
                         {"unit", unit},
                         {"tables", nlohmann::json::array()}};
  for (const AblationTable& table : tables) {
    nlohmann::json rows = nlohmann::json::array();
    for (const AblationRow& row : table.rows) {
      rows.push_back({{"step", row.step},
                      {"chosen", row.chosen},
                      {"features", row.features},
                      {"r2", NumberOrNull(row.scores.r2)},
                      {"rmse", NumberOrNull(row.scores.rmse)},
                      {"mape", NumberOrNull(row.scores.mape)},
                      {"accuracy_10", NumberOrNull(row.scores.accuracy_10)}});
    }
    json["tables"].push_back({{"split", table.random ? "random" : "time"},
                              {"offered_rate", table.offered_rate},
                              {"training_samples", table.training_samples},
                              {"test_samples", table.test_samples},
                              {"rows", rows}});
  }
  return json.dump(2);
}

}  // namespace airlock
