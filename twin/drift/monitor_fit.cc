#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "twin/drift/monitor.h"
#include "twin/pipeline/fit.h"

// What is learnt from the reference: the only part of the monitor that trains
// models, and so the only one that a node does without.

namespace airlock {
namespace {

using Treatment = MonitorOptions::Treatment;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// The trace without its samples [begin, end).
Trace Without(const Trace& trace, int64_t begin, int64_t end) {
  Trace rest = trace.Slice(0, begin);
  const Trace tail = trace.Slice(end, trace.samples());
  rest.time_seconds.insert(rest.time_seconds.end(), tail.time_seconds.begin(),
                           tail.time_seconds.end());
  for (size_t c = 0; c < rest.columns.size(); ++c) {
    rest.columns[c].values.insert(rest.columns[c].values.end(),
                                  tail.columns[c].values.begin(),
                                  tail.columns[c].values.end());
  }
  return rest;
}

// `target` given the load columns at the same sample and before.
ForecastProblem LoadProblem(const std::string& target,
                            const std::vector<std::string>& load,
                            int64_t lags) {
  ForecastProblem problem;
  problem.target = target;
  problem.horizon = 0;
  problem.include.clear();
  for (const std::string& column : load) {
    for (int64_t lag = 0; lag <= lags; ++lag) {
      problem.include.push_back({{}, {}, column, -lag});
    }
  }
  problem.offered_rate = true;
  for (const char* rate :
       {"offered_rate", "offered_packet_rate", "load_target_rate"}) {
    if (std::find(load.begin(), load.end(), rate) == load.end()) {
      problem.exclude.push_back({{}, {}, rate, 0});
    }
  }
  return problem;
}

// Smooth in the load: leaves of many samples.
FitOptions FitFor(const MonitorOptions& options, bool spread) {
  FitOptions fit;
  fit.forecaster = options.forecaster;
  fit.forecaster_options.seed = options.seed;
  if (options.forecaster == "xgboost") {
    fit.forecaster_options.parameters = {
        {"rounds", spread ? 60.0 : 100.0},
        {"depth", spread ? 2.0 : 3.0},
        {"min_child_weight", spread ? 20.0 : 8.0}};
  }
  return fit;
}

bool MatchesAny(const std::vector<FeaturePattern>& patterns,
                const Column& column) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&](const FeaturePattern& pattern) { return pattern.Matches(column); });
}

// Only what a model of `problem` is fitted and asked with: there are folds of
// it, and a trace may have hundreds of columns.
Trace Narrowed(const Trace& trace, const ForecastProblem& problem) {
  Trace narrow = trace;
  const auto unused = [&](const Column& column) {
    return column.name != problem.target &&
           !MatchesAny(problem.include, column);
  };
  narrow.columns.erase(
      std::remove_if(narrow.columns.begin(), narrow.columns.end(), unused),
      narrow.columns.end());
  return narrow;
}

// For every sample the value expected by a model that was fitted without the
// fold of consecutive samples that it lies in.
std::vector<double> ExpectedByOthers(const ForecastProblem& problem,
                                     const Trace& whole, int64_t folds,
                                     const FitOptions& options) {
  const Trace trace = Narrowed(whole, problem);
  const int64_t samples = trace.samples();
  std::vector<double> expected(static_cast<size_t>(samples), kUnknown);
  for (int64_t fold = 0; fold < folds; ++fold) {
    const int64_t begin = samples * fold / folds;
    const int64_t end = samples * (fold + 1) / folds;
    const Trace others = Without(trace, begin, end);
    const ForecastModel model =
        FitModel(problem, others, others.samples(), options);
    const Predictions predictions = model.Predict(trace, begin, end);
    for (size_t i = 0; i < predictions.value.size(); ++i) {
      expected[static_cast<size_t>(predictions.origin[i])] =
          predictions.value[i];
    }
  }
  return expected;
}

// Too little variation or too few values to fit a model of.
bool HasNoModel(const Column& column) {
  std::vector<double> known;
  for (const double value : column.values) {
    if (!std::isnan(value)) known.push_back(value);
  }
  if (known.size() < 100 || 2 * known.size() < column.values.size()) {
    return true;
  }
  const auto range = std::minmax_element(known.begin(), known.end());
  return *range.first == *range.second;
}

double MeanOfKnown(const std::vector<double>& values) {
  double sum = 0;
  int64_t count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

std::vector<std::string> PresentColumns(const std::vector<std::string>& names,
                                        const Trace& trace) {
  std::vector<std::string> present;
  for (const std::string& name : names) {
    if (trace.Find(name) != nullptr) present.push_back(name);
  }
  return present;
}

// The models of one column and its residuals in the reference.
struct ResidualFit {
  std::shared_ptr<const ForecastModel> level;
  std::shared_ptr<const ForecastModel> spread;
  double least_spread = 0;
  std::vector<double> residuals;
};

ResidualFit FitResidual(const Trace& reference, const Column& column,
                        const std::vector<std::string>& load,
                        const MonitorOptions& options) {
  const FitOptions level_fit = FitFor(options, false);
  const FitOptions spread_fit = FitFor(options, true);
  const ForecastProblem level =
      LoadProblem(column.name, load, options.load_lags);
  const std::vector<double> expected =
      ExpectedByOthers(level, reference, options.folds, level_fit);
  Trace with_spread = reference;
  Column absolute = column;
  absolute.name = "spread of " + column.name;
  for (size_t i = 0; i < expected.size(); ++i) {
    absolute.values[i] = std::abs(column.values[i] - expected[i]);
  }
  with_spread.columns.push_back(absolute);
  const ForecastProblem spread =
      LoadProblem(absolute.name, load, options.load_lags);
  const int64_t samples = reference.samples();
  ResidualFit fit;
  fit.level = std::make_shared<ForecastModel>(
      FitModel(level, reference, samples, level_fit));
  fit.spread = std::make_shared<ForecastModel>(
      FitModel(spread, with_spread, samples, spread_fit));
  fit.least_spread = 0.1 * MeanOfKnown(absolute.values);
  fit.residuals = StandardisedResiduals(
      column.values, expected,
      ExpectedByOthers(spread, with_spread, options.folds, spread_fit),
      fit.least_spread);
  return fit;
}

}  // namespace

Monitor Monitor::Fit(const Trace& reference, const MonitorOptions& options,
                     DriftReference* features) {
  const std::vector<std::string> load = PresentColumns(options.load, reference);
  if (load.empty() && options.treatment != Treatment::kRaw) {
    throw InputError(fmt::format(
        "drift: trace '{}' has none of the load columns ({} ...)",
        reference.source, options.load.empty() ? "none" : options.load[0]));
  }
  if (options.folds < 2 || options.load_lags < 0) {
    throw InputError(
        fmt::format("drift: folds {} (2 or more), lags {} (0 or "
                    "more)",
                    options.folds, options.load_lags));
  }
  Monitor monitor;
  std::vector<std::vector<double>> series;
  if (options.treatment == Treatment::kPerUnit) {
    monitor.per_unit_of_ = load.front();
    monitor.per_unit_unit_ = reference.Get(load.front()).unit;
  }
  for (const Column& column : reference.columns) {
    if (!MatchesAny(options.include, column) ||
        MatchesAny(options.exclude, column) ||
        std::find(load.begin(), load.end(), column.name) != load.end()) {
      continue;
    }
    Watched watched;
    watched.column = column.name;
    watched.unit = column.unit;
    watched.treatment =
        HasNoModel(column) ? Treatment::kRaw : options.treatment;
    if (watched.treatment == Treatment::kResidual) {
      const ResidualFit fit = FitResidual(reference, column, load, options);
      watched.level = fit.level;
      watched.spread = fit.spread;
      watched.least_spread = fit.least_spread;
      series.push_back(fit.residuals);
      monitor.lags_ = options.load_lags;
    } else {
      series.push_back(monitor.ValuesOf(watched, reference));
    }
    const bool raw = watched.treatment == Treatment::kRaw;
    monitor.names_.push_back(
        raw ? column.name
            : fmt::format("{} {}", ToString(watched.treatment), column.name));
    monitor.watched_.push_back(std::move(watched));
  }
  if (monitor.watched_.empty()) {
    throw InputError(fmt::format("drift: no column of trace '{}' is watched",
                                 reference.source));
  }
  features->features = monitor.names_;
  features->values.clear();
  for (int64_t t = monitor.lags_; t < reference.samples(); ++t) {
    for (const std::vector<double>& values : series) {
      features->values.push_back(values[static_cast<size_t>(t)]);
    }
  }
  return monitor;
}

}  // namespace airlock
