#include "agents/program/program_controller.h"

#include <cmath>

#include "sim/base/json.h"

namespace airlock {

using nlohmann::json;

Action ProgramController::Decide(const Observation& observation) {
  json values = json::object();
  for (const auto& [name, value] : observation.values) {
    values[name] = NumberOrNull(value);
  }
  const json answer = session_.Ask(
      {{"time", Seconds(observation.time)}, {"values", std::move(values)}});
  Action action;
  if (answer.is_null()) return action;
  const auto settings = answer.find("action");
  if (settings == answer.end() || !settings->is_object()) {
    session_.Refuse("it has no object \"action\"");
    return action;
  }
  for (const auto& [setting, value] : settings->items()) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      session_.Refuse("the setting " + setting + " is not a number");
      return {};
    }
    action.settings[setting] = value.get<double>();
  }
  return action;
}

}  // namespace airlock
