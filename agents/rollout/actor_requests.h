#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "agents/rollout/rollout.h"

namespace airlock {

// What actors in another process are asked and answer, in frames
// (sim/base/frame.h):
//
//   {type: "run", policy?, steps, random_share, greedy}
//                          ->  {type: "rollout", ..., lost, losses}
//   {type: "save"}         ->  {type: "state", state}
//   {type: "load", state}  ->  {type: "loaded", lost}
//
// `policy` is left out where it is the one before.

// Answers one request; `policy` is kept between them. Throws InputError for
// what is none.
nlohmann::json AnswerActorRequest(const nlohmann::json& request, Actors* actors,
                                  std::unique_ptr<Policy>* policy);

}  // namespace airlock
