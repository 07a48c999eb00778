#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/interrupt.h"
#include "twin/gate/criterion.h"
#include "twin/gate/gate_file.h"

namespace airlock {

struct GateOptions {
  int64_t jobs = 0;  // simultaneous replications in the twin; 0: one a core
  BeginStage begin_stage = nullptr;
  // The folder of a gate that is repeated: what its clock said is taken from
  // there, since no clock says the same twice. Empty: none.
  std::string repeat = "";
};

// The gate's answer and what it rests on.
struct GateVerdict {
  Outcome verdict = Outcome::kInconclusive;
  std::string gate_name;
  std::string candidate_name;
  std::vector<CriterionResult> criteria;

  // The verdict, then a row a criterion with its reason.
  std::string ToText() const;
};
// The same text of what a gate's summary.json says. Throws json::exception.
std::string VerdictText(const nlohmann::json& summary);

// Answers the gate file's question. Writes into `folder` (which exists):
//   gate.resolved.yaml      the gate file, every key, defaults marked
//   candidate.model, incumbent.model
//   drift.trigger           where the file asks for one; the candidate's too
//   profile.yaml            calibration profile
//   scenario.resolved.yaml, result.h5   the rehearsal in the twin
//   summary.json            verdict, criteria, digests of all of the above's
//                           inputs (twin/registry/FORMAT.md)
// A criterion that rejects ends the work before the twin is started: what was
// not evaluated is inconclusive and says so.
// Throws InputError for a wrong input file, Error if the work cannot be done:
// then there is no verdict.
GateVerdict RunGate(const GateFile& file, const std::string& gate_path,
                    const std::string& folder, const GateOptions& options);

}  // namespace airlock
