#include "twin/node/settings.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

double Limited(const ActionConfig& action, double setting) {
  return std::clamp(setting, action.minimum, action.maximum);
}

}  // namespace

std::optional<double> SettingOf(const ActionConfig& action, double value) {
  if (action.rule == "none" || !std::isfinite(value)) return std::nullopt;
  if (action.rule == "proportional") {
    return Limited(action,
                   action.offset + action.gain * (value - action.set_point));
  }
  AIRLOCK_CHECK(action.rule == "steps", "{}", action.rule);
  double setting = action.below;
  for (const RuleStep& step : action.steps) {
    if (value >= step.from) setting = step.setting;
  }
  return Limited(action, setting);
}

std::optional<double> SettingOf(const ActionConfig& action,
                                const LiveForecast& forecast,
                                const std::vector<double>& levels) {
  if (action.of == "forecast") return SettingOf(action, forecast.value);
  const auto level = std::find(levels.begin(), levels.end(), action.level);
  const auto index = static_cast<size_t>(level - levels.begin());
  if (index >= forecast.intervals.size()) return std::nullopt;
  const PredictionInterval& interval = forecast.intervals[index];
  return SettingOf(action, action.of == "lower" ? interval.low : interval.high);
}

std::optional<double> FallbackSetting(const FallbackConfig& fallback,
                                      const ActionConfig& action,
                                      const FallbackView& view) {
  if (action.rule == "none") return std::nullopt;
  if (fallback.kind == "fixed") return Limited(action, fallback.setting);
  if (fallback.kind == "hold-last") {
    return view.committed ? *view.committed : Limited(action, fallback.setting);
  }
  if (fallback.kind == "persistence") {
    const auto setting = SettingOf(action, view.newest_target);
    return setting ? *setting : Limited(action, fallback.setting);
  }
  AIRLOCK_CHECK(fallback.kind == "queue-target", "{}", fallback.kind);
  const double now = view.committed ? *view.committed : fallback.setting;
  if (!std::isfinite(view.queue) || view.queue <= 0) {
    return Limited(action, now);
  }
  const double factor =
      std::clamp(std::sqrt(fallback.target / view.queue), 0.5, 2.0);
  return Limited(action, now * factor);
}

}  // namespace airlock
