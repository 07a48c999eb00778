#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/calibration_profile.h"
#include "sim/telemetry/trace.h"
#include "twin/forecast/model.h"
#include "twin/gate/gate_file.h"
#include "twin/pipeline/leak.h"

namespace airlock {

// A model's errors on the held-out part of the measured trace, paired by
// prediction origin with every other model's.
struct HeldOutErrors {
  std::vector<double> absolute_error;  // one an origin that all models share
};

// What the trigger did on quiet and on drifting data.
struct DriftEvidence {
  int64_t run_length = 0;     // that it is set to
  int64_t window = 0;         // samples that it fills before it can fire
  int64_t quiet_samples = 0;  // held-out samples without drift
  int64_t quiet_alarms = 0;
  int64_t early_samples = 0;  // of the drift trace, up to the change
  int64_t early_alarms = 0;
  int64_t late_samples = 0;    // of the drift trace, from the change on
  int64_t delay_samples = -1;  // from the change to the first alarm; -1: none
  std::string explanation;     // what moved
};

// The rehearsal of one replication in the twin.
struct Rehearsal {
  // By model, over the samples that all models predict; NaN for a model that
  // answers one of them with something else than a number.
  std::map<std::string, double> mean_absolute_error;
  double outside_share = 0;  // samples outside the candidate's training range
};

// All that the criteria may look at. Parts that could not be had say why.
struct Evidence {
  GateFile file;
  Trace trace;
  std::string trace_digest;
  Split split;
  // "candidate", "incumbent", "persistence", "constant"; these names are the
  // keys of all maps by model.
  std::map<std::string, ForecastModel> models;

  std::map<std::string, HeldOutErrors> held_out;
  int64_t held_out_samples = 0;  // samples of the held-out part
  int64_t candidate_asked = 0;   // with an observed target
  int64_t candidate_not_a_number = 0;
  double candidate_outside_share = 0;
  LeakReport leak;
  std::optional<LeakReport> fit_leak;  // where the gate fitted the candidate
  // Where it was fitted before: how many of the held-out samples it was fitted
  // on, as far as its file tells.
  int64_t candidate_trained_on_held_out = 0;

  std::optional<DriftEvidence> drift;
  std::string drift_missing;  // why there is none

  std::optional<CalibrationProfile> profile;
  std::vector<Rehearsal> rehearsals;
  // Why there is no profile, or the rehearsal failed; then nothing rests on the
  // twin.
  std::string twin_missing;
};

}  // namespace airlock
