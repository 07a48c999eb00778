#include "twin/forecast/naive_forecasters.h"

#include <algorithm>
#include <cmath>

#include "twin/forecast/learned_json.h"

namespace airlock {
namespace {

double KnownPast(const char* forecaster, double last_target) {
  if (std::isnan(last_target)) {
    throw InputError(fmt::format(
        "forecaster {}: the target's past is not available", forecaster));
  }
  return last_target;
}

// The row of the origin, or -1. Origins rise.
int64_t RowOf(const SampleTable& table, int64_t origin) {
  const auto found =
      std::lower_bound(table.origin.begin(), table.origin.end(), origin);
  if (found == table.origin.end() || *found != origin) return -1;
  return found - table.origin.begin();
}

}  // namespace

using nlohmann::json;

std::unique_ptr<Forecaster> ConstantForecaster::Load(const std::string& text) {
  return std::make_unique<ConstantForecaster>(ParseLearned(
      "constant", text,
      [](const json& learned) { return learned.at("value").get<double>(); }));
}

std::string ConstantForecaster::Save() const {
  return json{{"value", value_}}.dump();
}

std::unique_ptr<Forecaster> PersistenceForecaster::Load(const std::string&) {
  return std::make_unique<PersistenceForecaster>();
}

double PersistenceForecaster::Predict(const double*, double last_target) const {
  return KnownPast("persistence", last_target);
}

std::unique_ptr<Forecaster> SeasonalForecaster::Load(const std::string& text) {
  const int64_t season = ParseLearned(
      "seasonal", text,
      [](const json& learned) { return learned.at("season").get<int64_t>(); });
  if (season < 0) {
    throw InputError(
        fmt::format("forecaster seasonal: a season of {} samples", season));
  }
  return std::make_unique<SeasonalForecaster>(season);
}

double SeasonalForecaster::Predict(const double*, double last_target) const {
  return KnownPast("seasonal", last_target);
}

std::string SeasonalForecaster::Save() const {
  return json{{"season", season_}}.dump();
}

std::vector<double> PastTargets(const Forecaster& forecaster,
                                const SampleTable& table, int64_t horizon) {
  const int64_t season = forecaster.season();
  if (season == 0) return table.last_target;
  std::vector<double> past = table.last_target;
  const int64_t least = std::max<int64_t>(horizon, 1);
  const int64_t back = (least + season - 1) / season * season;
  for (int64_t row = 0; row < table.rows(); ++row) {
    const int64_t origin = table.origin[static_cast<size_t>(row)];
    // y of an earlier origin is the target as much earlier.
    for (int64_t earlier = origin - back; earlier >= table.origin.front();
         earlier -= season) {
      const int64_t other = RowOf(table, earlier);
      if (other < 0 || std::isnan(table.y[static_cast<size_t>(other)])) {
        continue;
      }
      past[static_cast<size_t>(row)] = table.y[static_cast<size_t>(other)];
      break;
    }
  }
  return past;
}

}  // namespace airlock
