#include "agents/rollout/actor_requests.h"

#include <fmt/format.h>

#include "agents/rollout/rollout_frame.h"
#include "sim/base/error.h"

namespace airlock {

using nlohmann::json;

json AnswerActorRequest(const json& request, Actors* actors,
                        std::unique_ptr<Policy>* policy) {
  const std::string type = request.value("type", "");
  if (type == "save") {
    return {{"type", "state"}, {"state", actors->Save()}};
  }
  if (type == "load") {
    actors->Load(request.at("state"));
    return {{"type", "loaded"}, {"lost", actors->lost_episodes()}};
  }
  if (type != "run") {
    throw InputError(
        fmt::format("no request '{}'; known: run, save, load", type));
  }
  if (request.contains("policy")) {
    *policy = std::make_unique<Policy>(Policy::FromJson(request.at("policy")));
  }
  if (!*policy) throw InputError("run: no policy");
  json answer =
      ToFrame(actors->Run(**policy, request.at("steps"),
                          request.at("random_share"), request.at("greedy")));
  answer["lost"] = actors->lost_episodes();
  answer["losses"] = actors->TakeLosses();
  return answer;
}

}  // namespace airlock
