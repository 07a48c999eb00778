#pragma once

#include <nlohmann/json.hpp>

#include "agents/rollout/rollout.h"

namespace airlock {

// A rollout between processes; arrays travel as bytes.
nlohmann::json ToFrame(const Rollout& rollout);
Rollout RolloutFromFrame(const nlohmann::json& frame);

// Of as many steps each: the environments of the first part, then those of the
// second, and so on.
Rollout SideBySide(const std::vector<Rollout>& parts);

// The steps of `more` after those of `all`: of the same environments.
void AppendSteps(const Rollout& more, Rollout* all);

}  // namespace airlock
