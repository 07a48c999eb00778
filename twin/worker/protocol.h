#pragma once

#include <nlohmann/json.hpp>

#include "sim/results/run_record.h"

namespace airlock {

// `airlock` and `airlock-worker` talk in frames (sim/base/frame.h):
//
//   request   {scenario, name, first, count, jobs} and, where not the
//             scenario's agent decides, {controller} (control.h); with
//             {observations: true} what the scenario's agent saw comes back
//   progress  {type: "progress", replication, fraction}
//   record    {type: "record", record} and {control}, {observations} if asked
//             for
//   error     as in every conversation; ends it
//
// Or, for actors in the scenario's network (agents/rollout/worker_actors.h):
//
//   request   {type: "actors", task, scenario, name, noise, noise_seed, envs,
//             seed, time_limit, jobs}
//   spec      {type: "spec", spec}; then as agents/rollout/actor_requests.h
//             says

nlohmann::json ToJson(const ReplicationRecord& record);
ReplicationRecord ReplicationRecordFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Trace& trace);
Trace TraceFromJson(const nlohmann::json& json);

}  // namespace airlock
