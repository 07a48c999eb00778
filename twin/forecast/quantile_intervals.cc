#include "twin/forecast/quantile_intervals.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

AdaptiveOptions OptionsOf(double level) {
  AdaptiveOptions options;
  options.levels = {level};
  options.scale = IntervalScale::kConstant;
  return options;
}

std::vector<PredictionInterval> Nested(
    std::vector<PredictionInterval> intervals) {
  for (size_t i = 1; i < intervals.size(); ++i) {
    intervals[i].low = std::min(intervals[i].low, intervals[i - 1].low);
    intervals[i].high = std::max(intervals[i].high, intervals[i - 1].high);
  }
  return intervals;
}

json ForecasterToJson(const Forecaster& forecaster) {
  return {{"name", forecaster.name()},
          {"learned", json::parse(forecaster.Save())}};
}

std::shared_ptr<const Forecaster> ForecasterFromJson(const json& saved) {
  return LoadForecaster(saved.at("name").get<std::string>(),
                        saved.at("learned").dump());
}

}  // namespace

QuantileIntervals::QuantileIntervals(
    std::vector<QuantilePair> pairs,
    const std::vector<std::vector<CalibrationSample>>& calibration)
    : pairs_(std::move(pairs)) {
  AIRLOCK_CHECK(calibration.size() == pairs_.size(), "{} levels, {} samples",
                pairs_.size(), calibration.size());
  CheckPairs();
  for (size_t i = 0; i < pairs_.size(); ++i) {
    followed_.emplace_back(OptionsOf(pairs_[i].level), calibration[i]);
  }
}

void QuantileIntervals::CheckPairs() const {
  if (pairs_.empty()) {
    throw InputError("intervals need at least one level, as 0.9");
  }
  for (size_t i = 0; i < pairs_.size(); ++i) {
    CheckLevel(pairs_[i].level);
    if (i > 0 && pairs_[i].level <= pairs_[i - 1].level) {
      throw InputError(
          fmt::format("levels of intervals must ascend: {} after {}",
                      pairs_[i].level, pairs_[i - 1].level));
    }
    if (pairs_[i].low->needs_past() || pairs_[i].high->needs_past()) {
      throw InputError("quantile forecasts cannot be made of the past alone");
    }
  }
}

int64_t QuantileIntervals::inputs() const {
  int64_t inputs = 0;
  for (const QuantilePair& pair : pairs_) {
    inputs = std::max({inputs, pair.low->inputs(), pair.high->inputs()});
  }
  return inputs;
}

std::vector<double> QuantileIntervals::levels() const {
  std::vector<double> levels;
  for (const QuantilePair& pair : pairs_) levels.push_back(pair.level);
  return levels;
}

std::vector<BaseInterval> QuantileIntervals::Bases(const double* x) const {
  std::vector<BaseInterval> bases;
  for (const QuantilePair& pair : pairs_) {
    bases.push_back(
        QuantileBase(pair.low->Predict(x, 0), pair.high->Predict(x, 0)));
  }
  return bases;
}

std::vector<PredictionInterval> QuantileIntervals::Intervals(
    const std::vector<BaseInterval>& bases) const {
  AIRLOCK_CHECK(bases.size() == followed_.size(), "{} of {}", bases.size(),
                followed_.size());
  std::vector<PredictionInterval> intervals;
  for (size_t i = 0; i < bases.size(); ++i) {
    intervals.push_back(followed_[i].Intervals(bases[i])[0]);
  }
  return Nested(std::move(intervals));
}

std::vector<PredictionInterval> QuantileIntervals::Issue(
    int64_t origin, const std::vector<BaseInterval>& bases) {
  AIRLOCK_CHECK(bases.size() == followed_.size(), "{} of {}", bases.size(),
                followed_.size());
  std::vector<PredictionInterval> intervals;
  for (size_t i = 0; i < bases.size(); ++i) {
    intervals.push_back(followed_[i].Issue(origin, bases[i])[0]);
  }
  return Nested(std::move(intervals));
}

bool QuantileIntervals::Observe(int64_t origin, double observed) {
  bool known = false;
  for (AdaptiveIntervals& level : followed_) {
    known = level.Observe(origin, observed);
  }
  return known;
}

std::string QuantileIntervals::Save() const {
  json levels = json::array();
  for (size_t i = 0; i < pairs_.size(); ++i) {
    levels.push_back({{"level", pairs_[i].level},
                      {"low", ForecasterToJson(*pairs_[i].low)},
                      {"high", ForecasterToJson(*pairs_[i].high)},
                      {"followed", json::parse(followed_[i].Save())}});
  }
  return levels.dump();
}

QuantileIntervals QuantileIntervals::Load(const std::string& text) {
  QuantileIntervals loaded;
  try {
    for (const json& level : json::parse(text)) {
      loaded.pairs_.push_back({level.at("level").get<double>(),
                               ForecasterFromJson(level.at("low")),
                               ForecasterFromJson(level.at("high"))});
      loaded.followed_.push_back(
          AdaptiveIntervals::Load(level.at("followed").dump()));
      const AdaptiveOptions& options = loaded.followed_.back().options();
      if (options.levels != std::vector<double>{loaded.pairs_.back().level} ||
          options.scale != IntervalScale::kConstant) {
        throw InputError("quantile intervals: a level does not fit its state");
      }
    }
  } catch (const json::exception& error) {
    throw InputError("quantile intervals: " + CauseOf(error));
  }
  loaded.CheckPairs();
  return loaded;
}

}  // namespace airlock
