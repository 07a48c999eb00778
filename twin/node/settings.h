#pragma once

#include <cstdint>
#include <optional>

#include "twin/node/live_model.h"
#include "twin/node/node_file.h"

namespace airlock {

// What the rule makes of a forecast, or of an observed target; nothing if the
// rule is `none`, or the forecast lacks the interval that the rule looks at.
std::optional<double> SettingOf(const ActionConfig& action, double value);
std::optional<double> SettingOf(const ActionConfig& action,
                                const LiveForecast& forecast,
                                const std::vector<double>& levels);

// What a fallback may look at.
struct FallbackView {
  double newest_target;  // NaN: none is known
  double queue;          // of the column of `queue-target`; NaN: missing
  std::optional<double> committed;  // the last setting that was verified
};

// The setting of the named heuristic; nothing if the action's rule is `none`.
// It has no memory but the committed setting, so it acts from the first sample
// on, whatever the model did before.
std::optional<double> FallbackSetting(const FallbackConfig& fallback,
                                      const ActionConfig& action,
                                      const FallbackView& view);

}  // namespace airlock
