#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agents/program/program_session.h"
#include "sim/engine/simulation.h"

namespace airlock {

// A user's program as a controller: each observation is a question, each answer
// an action. Where there is no valid answer it decides nothing, and the account
// tells. The program outlives no controller.
class ProgramController : public Controller {
 public:
  ProgramController(const ProgramCall& call, const ProgramLimits& limits)
      : session_(call, limits) {}

  Action Decide(const Observation& observation) override;
  // Call once, after the last decision.
  void Finish() { session_.Finish(); }
  const ProgramAccount& account() const { return session_.account(); }

 private:
  ProgramSession session_;
};

}  // namespace airlock
