#include "twin/pipeline/comparison.h"

#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

using nlohmann::json;

ForecastProblem ProblemFor(const ComparisonOptions& options, int64_t horizon,
                           FeatureSet set) {
  ForecastProblem problem;
  problem.target = options.target;
  problem.horizon = horizon;
  problem.include = options.include;
  problem.exclude = options.exclude;
  problem.lags = options.lags;
  problem.offered_rate = set != FeatureSet::kCounters;
  problem.past_target = set == FeatureSet::kCountersOfferedPast;
  return problem;
}

// What is the same for all rows of a comparison.
struct Scorer {
  const Trace& trace;
  const ComparisonOptions& options;
  Split split;
  int64_t test_begin;  // first origin scored, for every model the same

  ComparisonRow Row(const std::string& forecaster, int64_t horizon,
                    FeatureSet set) const {
    FitOptions fit;
    fit.forecaster = forecaster;
    fit.forecaster_options.seed = options.seed;
    const ForecastModel model = FitModel(ProblemFor(options, horizon, set),
                                         trace, split.train_end, fit);
    const Predictions predictions =
        model.Predict(trace, test_begin, trace.samples() - horizon);
    ComparisonRow row;
    row.forecaster = forecaster;
    row.horizon = horizon;
    row.scores = Score(predictions);
    if (forecaster == "constant" || forecaster == "persistence") return row;
    row.features = ToString(set);
    row.feature_count = static_cast<int64_t>(model.features().size());
    row.outside_share = static_cast<double>(predictions.samples_outside) /
                        static_cast<double>(predictions.value.size());
    return row;
  }
};

std::string Remark(const ComparisonRow& row, const ComparisonRow& persistence,
                   const Comparison& comparison) {
  return fmt::format(
      "{} ({}) does not beat persistence for {} at horizon {}: RMSE {:.6g} "
      "against {:.6g} {}.",
      row.forecaster, row.features, comparison.target, row.horizon,
      row.scores.rmse, persistence.scores.rmse, comparison.unit);
}

}  // namespace

const char* ToString(FeatureSet set) {
  switch (set) {
    case FeatureSet::kCounters:
      return "counters";
    case FeatureSet::kCountersAndOffered:
      return "counters+offered";
    case FeatureSet::kCountersOfferedPast:
      return "counters+offered+past";
  }
  return "";
}

Comparison CompareForecasters(const Trace& trace,
                              const ComparisonOptions& options) {
  Comparison comparison;
  comparison.target = options.target;
  comparison.unit = trace.Get(options.target).unit;
  comparison.samples = trace.samples();
  comparison.split = SplitInTime(trace.samples(), options.split);
  const Scorer scorer{trace, options, comparison.split,
                      comparison.split.test_begin + options.lags + 1};
  for (const int64_t horizon : options.horizons) {
    const FeatureSet any = FeatureSet::kCountersAndOffered;
    comparison.rows.push_back(scorer.Row("constant", horizon, any));
    const ComparisonRow persistence = scorer.Row("persistence", horizon, any);
    comparison.rows.push_back(persistence);
    for (const FeatureSet set : options.feature_sets) {
      for (const std::string& name : options.forecasters) {
        if (name == "constant" || name == "persistence") continue;
        const ComparisonRow row = scorer.Row(name, horizon, set);
        comparison.rows.push_back(row);
        if (!(row.scores.rmse < persistence.scores.rmse)) {
          comparison.remarks.push_back(Remark(row, persistence, comparison));
        }
      }
    }
  }
  return comparison;
}

std::string Comparison::ToText() const {
  std::string text = fmt::format(
      "{} ({}): {} samples, training [0, {}), test [{}, {}), in time order\n",
      target, unit, samples, split.train_end, split.test_begin, samples);
  text += fmt::format(
      "{:>2}  {:<12} {:<22} {:>5} {:>8} {:>11} {:>11} {:>7} {:>6} {:>6} {:>6} "
      "{:>7}\n",
      "h", "model", "features", "count", "R2", "RMSE", "MAE", "MAPE", "acc5",
      "acc10", "acc20", "outside");
  for (const ComparisonRow& row : rows) {
    const ForecastScores& s = row.scores;
    text += fmt::format(
        "{:>2}  {:<12} {:<22} {:>5} {:>8.4f} {:>11.5g} {:>11.5g} {:>6.1f}% "
        "{:>5.1f}% {:>5.1f}% {:>5.1f}% {:>6.1f}%\n",
        row.horizon, row.forecaster, row.features, row.feature_count, s.r2,
        s.rmse, s.mae, 100 * s.mape, 100 * s.accuracy_5, 100 * s.accuracy_10,
        100 * s.accuracy_20, 100 * row.outside_share);
  }
  for (const std::string& remark : remarks) text += remark + "\n";
  return text;
}

std::string Comparison::ToJson() const {
  json table = json::array();
  for (const ComparisonRow& row : rows) {
    const ForecastScores& s = row.scores;
    table.push_back({{"forecaster", row.forecaster},
                     {"features", row.features},
                     {"horizon", row.horizon},
                     {"feature_count", row.feature_count},
                     {"outside_share", NumberOrNull(row.outside_share)},
                     {"samples", s.samples},
                     {"r2", NumberOrNull(s.r2)},
                     {"rmse", NumberOrNull(s.rmse)},
                     {"mae", NumberOrNull(s.mae)},
                     {"mape", NumberOrNull(s.mape)},
                     {"zeros", s.zeros},
                     {"accuracy_5", NumberOrNull(s.accuracy_5)},
                     {"accuracy_10", NumberOrNull(s.accuracy_10)},
                     {"accuracy_15", NumberOrNull(s.accuracy_15)},
                     {"accuracy_20", NumberOrNull(s.accuracy_20)},
                     {"accuracy_25", NumberOrNull(s.accuracy_25)}});
  }
  return json{{"target", target},
              {"unit", unit},
              {"samples", samples},
              {"train_end", split.train_end},
              {"test_begin", split.test_begin},
              {"rows", table},
              {"remarks", remarks}}
      .dump(2);
}

}  // namespace airlock
