#include "twin/pipeline/score_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
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

// The unit behind a number, nothing for a pure number.
std::string UnitText(const std::string& unit) {
  return unit.empty() || unit == "1" ? "" : " " + unit;
}

void AddRemark(const ScoreRow& row, const ScoreRow& persistence,
               ScoreTable* table) {
  const double ours = row.scores.rmse, theirs = persistence.scores.rmse;
  const std::string where = fmt::format("for {} at horizon {}, {} split",
                                        table->target, row.horizon, row.split);
  if (!(ours < theirs)) {
    table->remarks.push_back(fmt::format(
        "{} does not beat persistence {}: RMSE {:.6g} against {:.6g}{}.",
        NameOf(row), where, ours, theirs, UnitText(table->unit)));
  } else if (row.p_persistence >= kSignificance) {
    table->remarks.push_back(fmt::format(
        "{} does not beat persistence {} beyond chance: Diebold-Mariano p "
        "{:.3g}.",
        NameOf(row), where, row.p_persistence));
  }
}

// The first row of that model with the split and horizon of `row`; may be null.
const ScoreRow* Beside(const ScoreRow& row, const std::string& model,
                       const ScoreTable& table) {
  for (const ScoreRow& other : table.rows) {
    if (other.model == model && other.split == row.split &&
        other.horizon == row.horizon) {
      return &other;
    }
  }
  return nullptr;
}

void AddRemarks(ScoreTable* table) {
  for (const ScoreRow& row : table->rows) {
    if (row.model == "persistence" || row.model == "constant") continue;
    const ScoreRow* const persistence = Beside(row, "persistence", *table);
    if (persistence != nullptr) AddRemark(row, *persistence, table);
    const ScoreRow* const constant = Beside(row, "constant", *table);
    if (constant != nullptr && !(row.scores.rmse < constant->scores.rmse)) {
      table->remarks.push_back(fmt::format(
          "{} does not beat a constant for {} at horizon {}, {} split: RMSE "
          "{:.6g} against {:.6g}{}.",
          NameOf(row), table->target, row.horizon, row.split, row.scores.rmse,
          constant->scores.rmse, UnitText(table->unit)));
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

// Columns as wide as their widest cell, the first `left` of them aligned left;
// the first row is the header.
std::string AlignedText(const std::vector<std::vector<std::string>>& rows,
                        size_t left) {
  std::vector<size_t> width(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t k = 0; k < row.size(); ++k) {
      width[k] = std::max(width[k], row[k].size());
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t k = 0; k < row.size(); ++k) {
      line += "  " + (k < left ? fmt::format("{:<{}}", row[k], width[k])
                               : fmt::format("{:>{}}", row[k], width[k]));
    }
    text += line + "\n";
  }
  return text;
}

// What tells the rows apart: the model, and whatever else is not the same for
// all of them.
struct Question {
  bool split = false;
  bool horizon = false;
  bool features = false;

  explicit Question(const std::vector<ScoreRow>& rows) {
    for (const ScoreRow& row : rows) {
      split |= row.split != rows.front().split;
      horizon |= row.horizon != rows.front().horizon;
      features |= row.features != rows.front().features;
    }
  }
  size_t columns() const { return 1 + split + horizon + features; }

  // What is the same for all, for the heading.
  std::string CommonText(const ScoreRow& row) const {
    std::string text;
    if (!horizon) text += fmt::format(", horizon {}", row.horizon);
    if (!split) text += fmt::format(", {} split", row.split);
    if (!features && !row.features.empty()) text += ", from " + row.features;
    return text;
  }
  std::vector<std::string> Header() const {
    std::vector<std::string> cells;
    if (split) cells.push_back("split");
    if (horizon) cells.push_back("horizon");
    cells.push_back("model");
    if (features) cells.push_back("features");
    return cells;
  }
  std::vector<std::string> Cells(const ScoreRow& row) const {
    std::vector<std::string> cells;
    if (split) cells.push_back(row.split);
    if (horizon) cells.push_back(fmt::format("{}", row.horizon));
    cells.push_back(row.model);
    if (features) cells.push_back(row.features);
    return cells;
  }
};

std::string PercentText(double share) {
  return NumberText(100 * share, "{:.1f}%");
}

void Append(const std::vector<std::string>& more,
            std::vector<std::string>* cells) {
  cells->insert(cells->end(), more.begin(), more.end());
}

std::string ScoresText(const std::vector<ScoreRow>& rows,
                       const Question& question) {
  std::vector<std::vector<std::string>> table = {question.Header()};
  Append({"R2", "RMSE", "MAE", "MAPE", "MASE", "CRPS", "acc5", "acc10", "acc15",
          "acc20", "acc25", "p pers.", "p ridge"},
         &table.back());
  for (const ScoreRow& row : rows) {
    const ForecastScores& s = row.scores;
    table.push_back(question.Cells(row));
    Append({NumberText(s.r2, std::abs(s.r2) < 1000 ? "{:.4f}" : "{:.2g}"),
            NumberText(s.rmse, "{:.4g}"), NumberText(s.mae, "{:.4g}"),
            PercentText(s.mape), NumberText(s.mase, "{:.3f}"),
            NumberText(row.crps, "{:.4g}"), PercentText(s.accuracy_5),
            PercentText(s.accuracy_10), PercentText(s.accuracy_15),
            PercentText(s.accuracy_20), PercentText(s.accuracy_25),
            PText(row.p_persistence), PText(row.p_ridge)},
           &table.back());
  }
  return AlignedText(table, question.columns());
}

// One line a model and level; empty where no model has intervals.
std::string IntervalsText(const std::vector<ScoreRow>& rows,
                          const Question& question, const std::string& unit) {
  std::vector<std::vector<std::string>> table = {question.Header()};
  Append({"level", "coverage", "mean width", "Winkler score"}, &table.back());
  for (const ScoreRow& row : rows) {
    for (const IntervalScores& each : row.intervals) {
      table.push_back(question.Cells(row));
      Append({fmt::format("{:.4g}%", 100 * each.level),
              PercentText(each.coverage), NumberText(each.mean_width, "{:.4g}"),
              NumberText(each.winkler, "{:.4g}")},
             &table.back());
    }
  }
  if (table.size() == 1) return "";
  return fmt::format("prediction intervals; width and Winkler score{}\n",
                     unit.empty() ? "" : " in" + unit) +
         AlignedText(table, question.columns());
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
  if (rows.empty()) return target + ": nothing was scored\n";
  const Question question(rows);
  const std::string unit_text = UnitText(unit);
  std::string text = fmt::format(
      "{}{}; RMSE, MAE and CRPS{}\n", target, question.CommonText(rows.front()),
      unit_text.empty() ? " without unit" : " in" + unit_text);
  text += ScoresText(rows, question);
  text +=
      "  accN: share within N % of the truth; p: Diebold-Mariano test of "
      "being better than persistence, than ridge\n";
  text += IntervalsText(rows, question, unit_text);
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
