#include "twin/pipeline/pipeline_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/json.h"
#include "twin/forecast/interval_predictions.h"
#include "twin/pipeline/fit.h"
#include "twin/pipeline/learners.h"
#include "twin/pipeline/naive_trainers.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kOurs = "pipeline";

// One of the baselines: a trainer at `parameters` on the columns as they are.
struct Baseline {
  const char* name;
  const char* trainer;
  std::map<std::string, double> parameters;
};

std::vector<Baseline> Baselines() {
  return {{"constant", "constant", {}},
          {"persistence", "persistence", {}},
          {"seasonal-naive", "seasonal-naive", {}},
          {"least squares", "linear", {}},
          {"ridge", "ridge", {}},
          {"default xgboost", "xgboost", XgboostLibraryDefaults()}};
}

// A model's predictions for the held-out part by origin.
using ByOrigin = std::map<int64_t, std::pair<double, double>>;

ByOrigin Indexed(const Predictions& predictions) {
  ByOrigin index;
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    index[predictions.origin[i]] = {predictions.value[i],
                                    predictions.observed[i]};
  }
  return index;
}

// The table's row over `origins`, which all models predict.
ScoredForecast RowOf(const std::string& name, const PipelineFile& file,
                     const ByOrigin& predictions,
                     const std::vector<int64_t>& origins, double mase_scale) {
  ScoredForecast row;
  row.model = name;
  row.features = file.offered_rate ? "counters+offered" : "counters";
  row.horizon = file.horizon;
  row.mase_scale = mase_scale;
  for (const int64_t origin : origins) {
    const auto& [predicted, observed] = predictions.at(origin);
    row.predicted.push_back(predicted);
    row.observed.push_back(observed);
  }
  return row;
}

void AddIntervals(const ForecastModel& model, const Predictions& predictions,
                  const std::vector<int64_t>& origins, ScoredForecast* row) {
  const IntervalPredictions issued = PredictIntervals(model, predictions);
  row->levels = issued.levels;
  row->intervals.resize(issued.levels.size());
  std::map<int64_t, size_t> position;
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    position[predictions.origin[i]] = i;
  }
  for (size_t k = 0; k < issued.levels.size(); ++k) {
    for (const int64_t origin : origins) {
      row->intervals[k].push_back(issued.intervals[position.at(origin)][k]);
    }
  }
}

std::vector<double> ResidualsOf(const WalkForwardResult& validation) {
  std::vector<double> residuals;
  for (size_t i = 0; i < validation.predicted.size(); ++i) {
    const double residual = validation.observed[i] - validation.predicted[i];
    if (std::isfinite(residual)) residuals.push_back(residual);
  }
  return residuals;
}

// Origins that every one of `models` predicts.
std::vector<int64_t> CommonOrigins(const std::vector<ByOrigin>& models) {
  std::vector<int64_t> common;
  for (const auto& [origin, values] : models.front()) {
    if (std::all_of(models.begin(), models.end(), [&](const ByOrigin& each) {
          return each.count(origin) > 0;
        })) {
      common.push_back(origin);
    }
  }
  return common;
}

json TriedToJson(const TriedCandidate& tried) {
  return {{"model", tried.candidate.ToText()},
          {"trainer", tried.candidate.trainer},
          {"parameters", tried.candidate.parameters},
          {"features", tried.candidate.keep},
          {"rmse", NumberOrNull(tried.validation.all.rmse)},
          {"r2", NumberOrNull(tried.validation.all.r2)},
          {"bytes", tried.bytes},
          {"microseconds", tried.microseconds},
          {"refused", tried.refused}};
}

json RecordToJson(const PipelineRecord& record) {
  json tried = json::array(), tuning = json::array();
  for (const TriedCandidate& each : record.choice.tried) {
    tried.push_back(TriedToJson(each));
  }
  for (const TuningRecord& each : record.choice.tuning) {
    tuning.push_back({{"trainer", each.trainer},
                      {"evaluations", each.tried.size()},
                      {"stopped_early", each.stopped_early},
                      {"start", TriedToJson(each.tried.front())},
                      {"best", TriedToJson(each.tried[each.best])}});
  }
  json all = {{"trace", record.trace_source},
              {"trace_digest", record.trace_digest},
              {"samples", record.samples},
              {"train_end", record.split.train_end},
              {"test_begin", record.split.test_begin},
              {"ranking", record.ranking},
              {"tried", tried},
              {"tuning", tuning},
              {"falsifiers", json::parse(record.falsifiers.ToJson())}};
  if (record.clock_offset) {
    all["clock_offset"] = {{"samples", record.clock_offset->samples},
                           {"text", record.clock_offset->ToText()}};
  }
  if (record.stability) {
    all["stability"] = {
        {"features", record.stability_count},
        {"index", NumberOrNull(record.stability->index.estimate)},
        {"low", NumberOrNull(record.stability->index.low)},
        {"high", NumberOrNull(record.stability->index.high)}};
  }
  return all;
}

std::string TriedText(const TriedCandidate& tried) {
  return fmt::format(
      "  {:<44} R2 {:7.4f}  RMSE {:.6g} +- {:.2g}{}\n",
      tried.candidate.ToText(), tried.validation.all.r2,
      tried.validation.all.rmse, tried.validation.rmse.standard_error,
      tried.refused.empty() ? "" : "  refused: " + tried.refused);
}

std::string ChoiceText(const PipelineRecord& record) {
  std::string text = fmt::format(
      "validated on {} predictions made out of sample (walk-forward)\n",
      record.choice.best.validation.all.samples);
  for (const TriedCandidate& each : record.choice.tried)
    text += TriedText(each);
  for (const TuningRecord& each : record.choice.tuning) {
    text += fmt::format("tuned {}: {} settings tried{}\n", each.trainer,
                        each.tried.size(),
                        each.stopped_early ? ", stopped early" : "");
    text += TriedText(each.tried[each.best]);
  }
  return text;
}

std::string SelectionText(const PipelineRecord& record) {
  if (record.ranking.empty()) return "";
  std::string text = "features by rank:";
  for (size_t i = 0; i < record.ranking.size(); ++i) {
    text += (i == 0 ? " " : ", ") + record.ranking[i];
  }
  text += "\n";
  if (record.stability) {
    text += fmt::format(
        "stability of the first {} on resamples: {:.2f} ({:.2f} to {:.2f})\n",
        record.stability_count, record.stability->index.estimate,
        record.stability->index.low, record.stability->index.high);
  }
  return text;
}

}  // namespace

PipelineReport ReportOf(const PipelineFile& file, const PipelineResult& result,
                        const Trace& trace) {
  PipelineReport report;
  report.name = file.name;
  report.target = file.target;
  report.unit = result.model.target_unit();
  report.horizon = file.horizon;
  report.chosen = result.record.choice.best.candidate.ToText();
  report.record = result.record;
  report.preparation = result.model.record();
  report.bytes = static_cast<int64_t>(result.model.ToText().size());
  for (const FeatureFacts& facts : result.model.features()) {
    report.features.push_back(facts.feature.Label());
  }

  const Split split = result.record.split;
  ForecastProblem plain = ProblemOf(file);
  plain.lags = 0;
  plain.aggregates = false;
  std::vector<std::string> names;
  std::vector<ByOrigin> models;
  for (const Baseline& baseline : Baselines()) {
    FitOptions fit;
    fit.forecaster = baseline.trainer;
    fit.forecaster_options.parameters = baseline.parameters;
    fit.forecaster_options.seed = static_cast<uint64_t>(file.seed);
    const ForecastModel model = FitModel(plain, trace, split.train_end, fit);
    if (model.forecaster().season() > 0) {
      report.season = model.forecaster().season();
    }
    names.push_back(baseline.name);
    models.push_back(
        Indexed(model.Predict(trace, split.test_begin, trace.samples())));
  }
  const Predictions ours = result.model.Predict(
      trace, split.test_begin + result.model.LongestLag(), trace.samples());
  names.push_back(kOurs);
  models.push_back(Indexed(ours));
  const std::vector<int64_t> origins = CommonOrigins(models);
  report.held_out = static_cast<int64_t>(origins.size());
  report.outside_share =
      static_cast<double>(ours.samples_outside) /
      static_cast<double>(std::max<size_t>(ours.value.size(), 1));

  const Trace training = trace.Slice(0, split.train_end);
  const double scale = SeasonalNaiveScale(training.Get(file.target).values,
                                          std::max<int64_t>(report.season, 1));
  std::vector<ScoredForecast> rows;
  for (size_t i = 0; i < models.size(); ++i) {
    rows.push_back(RowOf(names[i], file, models[i], origins, scale));
  }
  AddIntervals(result.model, ours, origins, &rows.back());
  rows.back().residuals = ResidualsOf(result.record.choice.best.validation);
  report.scores = MakeScoreTable(file.target, report.unit, rows);
  return report;
}

std::string PipelineReport::ToText() const {
  std::string text =
      fmt::format("{}: {} of {} from {} features, horizon {}\n", name, chosen,
                  target, features.size(), horizon);
  text += "\npreparation\n";
  if (record.clock_offset) text += record.clock_offset->ToText() + "\n";
  text += preparation.ToText();
  if (!record.ranking.empty()) text += "\nselection\n" + SelectionText(record);
  text += fmt::format("\nchoice; RMSE{}\n",
                      unit.empty() || unit == "1" ? "" : " in " + unit) +
          ChoiceText(record);
  text += "\nchecks\n" + record.falsifiers.ToText();
  text += fmt::format(
      "\nheld out: samples {} to {}, {} scored; season {}; {:.1f}% of the "
      "samples have a feature outside its training range\n",
      record.split.test_begin, record.samples, held_out,
      season > 0 ? fmt::format("{} samples", season) : "none",
      100 * outside_share);
  return text + scores.ToText();
}

std::string PipelineReport::ToJson() const {
  return json{{"pipeline", name},
              {"target", target},
              {"unit", unit},
              {"horizon", horizon},
              {"chosen", chosen},
              {"features", features},
              {"season", season},
              {"held_out", held_out},
              {"outside_share", NumberOrNull(outside_share)},
              {"bytes", bytes},
              {"preparation", json::parse(preparation.ToJson())},
              {"record", RecordToJson(record)},
              {"scores", json::parse(scores.ToJson())}}
      .dump(2);
}

std::string DescribeModelJson(const ForecastModel& model) {
  json features = json::array();
  for (const FeatureFacts& facts : model.features()) {
    features.push_back({{"feature", facts.feature.Label()},
                        {"unit", facts.feature.unit},
                        {"minimum", facts.minimum},
                        {"maximum", facts.maximum}});
  }
  return json{{"target", model.problem().target},
              {"unit", model.target_unit()},
              {"horizon", model.problem().horizon},
              {"clock_offset", model.problem().clock_offset},
              {"trainer", model.trainer()},
              {"configuration", json::parse(model.configuration())},
              {"features", features},
              {"training_samples", model.training_samples()},
              {"training_digest", model.training_digest()},
              {"configuration_digest", model.configuration_digest()},
              {"report", json::parse(model.report())}}
      .dump(2);
}

namespace {

// How the model was chosen and what it scored, where its report says so.
std::string HowChosenText(const json& report) {
  if (!report.is_object() || !report.contains("record")) return "";
  const json& record = report.at("record");
  std::string text = fmt::format(
      "chosen by pipeline {} from {} (samples 0 to {}): {}\n",
      report.value("pipeline", ""), record.value("trace", ""),
      record.value("train_end", int64_t{0}), report.value("chosen", ""));
  const json rows =
      report.value("scores", json::object()).value("rows", json::array());
  for (const json& row : rows) {
    if (row.value("model", "") != kOurs &&
        row.value("model", "") != "persistence")
      continue;
    if (!row.contains("rmse") || !row.at("rmse").is_number()) continue;
    text += fmt::format("  held out: {:<12} RMSE {:.4g} {}\n",
                        row.value("model", ""), row.at("rmse").get<double>(),
                        report.value("unit", ""));
  }
  return text;
}

}  // namespace

std::string DescribeModelText(const ForecastModel& model) {
  std::string text = fmt::format(
      "{} of {} [{}], horizon {}, learnt from {} samples\ntraining digest {}\n"
      "configuration digest {}\n",
      model.trainer(), model.problem().target, model.target_unit(),
      model.problem().horizon, model.training_samples(),
      model.training_digest(), model.configuration_digest());
  if (model.problem().clock_offset != 0) {
    text += fmt::format("counters are taken {} samples after the KPIs\n",
                        model.problem().clock_offset);
  }
  const json configuration = json::parse(model.configuration());
  if (configuration.contains("parameters")) {
    text += "parameters " + configuration.at("parameters").dump() + "\n";
  }
  text += HowChosenText(json::parse(model.report()));
  text += fmt::format("{} features and their training ranges\n",
                      model.features().size());
  for (const FeatureFacts& facts : model.features()) {
    text += fmt::format("  {:<44} {:.6g} to {:.6g} {}\n", facts.feature.Label(),
                        facts.minimum, facts.maximum, facts.feature.unit);
  }
  return text;
}

}  // namespace airlock
