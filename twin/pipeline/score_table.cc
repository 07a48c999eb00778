#include "twin/pipeline/score_table.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/diebold_mariano.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kSignificance = 0.05;

const ScoredForecast* FindReference(
    const std::vector<ScoredForecast>& forecasts, const ScoredForecast& of,
    const std::string& model) {
  const ScoredForecast* found = nullptr;
  for (const ScoredForecast& each : forecasts) {
    if (each.model != model || each.split != of.split ||
        each.horizon != of.horizon) {
      continue;
    }
    if (each.features == of.features) return &each;
    if (found == nullptr) found = &each;
  }
  return found;
}

// Of H0: `model` is not better than `reference`.
double PValue(const ScoredForecast& model, const ScoredForecast* reference) {
  if (reference == nullptr || reference == &model || model.split == "random") {
    return kUndefined;
  }
  AIRLOCK_CHECK(reference->observed.size() == model.observed.size(),
                "{} and {} are about other samples", model.model,
                reference->model);
  std::vector<double> own, other;
  for (size_t i = 0; i < model.observed.size(); ++i) {
    const double error = model.observed[i] - model.predicted[i];
    const double reference_error =
        reference->observed[i] - reference->predicted[i];
    if (std::isnan(error) || std::isnan(reference_error)) continue;
    own.push_back(error);
    other.push_back(reference_error);
  }
  return DieboldMariano(own, other, model.horizon).p_first_better;
}

ScoreRow RowOf(const ScoredForecast& forecast,
               const std::vector<ScoredForecast>& forecasts) {
  ScoreRow row;
  row.model = forecast.model;
  row.features = forecast.features;
  row.split = forecast.split;
  row.horizon = forecast.horizon;
  row.scores =
      Score(forecast.observed, forecast.predicted, forecast.mase_scale);
  for (size_t k = 0; k < forecast.levels.size(); ++k) {
    row.intervals.push_back(ScoreIntervals(
        forecast.observed, forecast.intervals[k], forecast.levels[k]));
  }
  row.crps = forecast.residuals.empty()
                 ? kUndefined
                 : ResidualDistribution(forecast.residuals)
                       .Crps(forecast.predicted, forecast.observed);
  row.p_persistence =
      PValue(forecast, FindReference(forecasts, forecast, "persistence"));
  row.p_ridge = PValue(forecast, FindReference(forecasts, forecast, "ridge"));
  return row;
}

std::string NameOf(const ScoreRow& row) {
  return row.features.empty() ? row.model
                              : fmt::format("{} ({})", row.model, row.features);
}

void AddRemark(const ScoreRow& row, const ScoreRow& persistence,
               ScoreTable* table) {
  const double ours = row.scores.rmse, theirs = persistence.scores.rmse;
  const std::string where = fmt::format("for {} at horizon {}, {} split",
                                        table->target, row.horizon, row.split);
  if (!(ours < theirs)) {
    table->remarks.push_back(fmt::format(
        "{} does not beat persistence {}: RMSE {:.6g} against {:.6g} {}.",
        NameOf(row), where, ours, theirs, table->unit));
  } else if (row.p_persistence >= kSignificance) {
    table->remarks.push_back(fmt::format(
        "{} does not beat persistence {} beyond chance: Diebold-Mariano p "
        "{:.3g}.",
        NameOf(row), where, row.p_persistence));
  }
}

void AddRemarks(ScoreTable* table) {
  for (const ScoreRow& row : table->rows) {
    if (row.model == "persistence" || row.model == "constant") continue;
    for (const ScoreRow& other : table->rows) {
      if (other.model != "persistence" || other.split != row.split ||
          other.horizon != row.horizon) {
        continue;
      }
      AddRemark(row, other, table);
      break;
    }
  }
}

std::string PText(double p) {
  if (std::isnan(p)) return "-";
  return p < 1e-4 ? fmt::format("{:.0e}", p) : fmt::format("{:.4f}", p);
}

std::string NumberText(double value, const char* form) {
  return std::isnan(value) ? "-" : fmt::format(fmt::runtime(form), value);
}

std::string IntervalText(const std::vector<IntervalScores>& intervals) {
  std::string text;
  for (const IntervalScores& each : intervals) {
    text += fmt::format("  {:.4g}%: {:.1f}% width {:.4g} winkler {:.4g}",
                        100 * each.level, 100 * each.coverage, each.mean_width,
                        each.winkler);
  }
  return text;
}

json RowToJson(const ScoreRow& row) {
  const ForecastScores& s = row.scores;
  json intervals = json::array();
  for (const IntervalScores& each : row.intervals) {
    intervals.push_back({{"level", each.level},
                         {"samples", each.samples},
                         {"coverage", NumberOrNull(each.coverage)},
                         {"mean_width", NumberOrNull(each.mean_width)},
                         {"winkler", NumberOrNull(each.winkler)}});
  }
  return {{"model", row.model},
          {"features", row.features},
          {"split", row.split},
          {"horizon", row.horizon},
          {"samples", s.samples},
          {"r2", NumberOrNull(s.r2)},
          {"rmse", NumberOrNull(s.rmse)},
          {"mae", NumberOrNull(s.mae)},
          {"mape", NumberOrNull(s.mape)},
          {"mase", NumberOrNull(s.mase)},
          {"crps", NumberOrNull(row.crps)},
          {"accuracy_5", NumberOrNull(s.accuracy_5)},
          {"accuracy_10", NumberOrNull(s.accuracy_10)},
          {"accuracy_15", NumberOrNull(s.accuracy_15)},
          {"accuracy_20", NumberOrNull(s.accuracy_20)},
          {"accuracy_25", NumberOrNull(s.accuracy_25)},
          {"p_persistence", NumberOrNull(row.p_persistence)},
          {"p_ridge", NumberOrNull(row.p_ridge)},
          {"intervals", intervals}};
}

}  // namespace

ScoreTable MakeScoreTable(const std::string& target, const std::string& unit,
                          const std::vector<ScoredForecast>& forecasts) {
  ScoreTable table;
  table.target = target;
  table.unit = unit;
  for (const ScoredForecast& forecast : forecasts) {
    AIRLOCK_CHECK(forecast.levels.size() == forecast.intervals.size(),
                  "{} levels, {} lists of intervals", forecast.levels.size(),
                  forecast.intervals.size());
    table.rows.push_back(RowOf(forecast, forecasts));
  }
  AddRemarks(&table);
  return table;
}

std::string ScoreTable::ToText() const {
  std::string text = fmt::format(
      "{} ({})\n{:<8} {:>2}  {:<14} {:<22} {:>7} {:>10} {:>10} {:>7} {:>7} "
      "{:>10} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}\n",
      target, unit, "split", "h", "model", "features", "R2", "RMSE", "MAE",
      "MAPE", "MASE", "CRPS", "acc5", "acc10", "acc15", "acc20", "acc25",
      "p pers.", "p ridge");
  for (const ScoreRow& row : rows) {
    const ForecastScores& s = row.scores;
    text += fmt::format(
        "{:<8} {:>2}  {:<14} {:<22} {:>7} {:>10.4g} {:>10.4g} {:>7} {:>7} "
        "{:>10} {:>5.1f}% {:>5.1f}% {:>5.1f}% {:>5.1f}% {:>5.1f}% {:>8} "
        "{:>8}\n",
        row.split, row.horizon, row.model, row.features,
        NumberText(s.r2, "{:.4f}"), s.rmse, s.mae,
        NumberText(100 * s.mape, "{:.1f}%"), NumberText(s.mase, "{:.3f}"),
        NumberText(row.crps, "{:.4g}"), 100 * s.accuracy_5, 100 * s.accuracy_10,
        100 * s.accuracy_15, 100 * s.accuracy_20, 100 * s.accuracy_25,
        PText(row.p_persistence), PText(row.p_ridge));
  }
  for (const ScoreRow& row : rows) {
    if (row.intervals.empty()) continue;
    text += fmt::format("intervals of {}, horizon {}, {}:{}\n", NameOf(row),
                        row.horizon, row.split, IntervalText(row.intervals));
  }
  for (const std::string& remark : remarks) text += remark + "\n";
  return text;
}

std::string ScoreTable::ToJson() const {
  json list = json::array();
  for (const ScoreRow& row : rows) list.push_back(RowToJson(row));
  return json{
      {"target", target}, {"unit", unit}, {"rows", list}, {"remarks", remarks}}
      .dump(2);
}

}  // namespace airlock
