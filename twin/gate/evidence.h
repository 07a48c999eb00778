#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agents/evaluation/offline_evaluation.h"
#include "sim/scenario/calibration_profile.h"
#include "sim/stats/t_test.h"
#include "sim/telemetry/trace.h"
#include "twin/forecast/model.h"
#include "twin/gate/behaviour.h"
#include "twin/gate/gate_file.h"
#include "twin/pipeline/leak.h"

namespace airlock {

// Where the samples of a KPI come from; the key `on` of a criterion.
enum class KpiSource {
  kHeldOut,   // "held-out": one a sample of the trace's held-out part
  kTwin,      // "twin": one a replication
  kMeasured,  // "measured": a table of measurements that the gate was given
};
const char* ToString(KpiSource source);

// One model's samples of a KPI.
struct KpiSeries {
  std::vector<double> values;  // NaN: asked for and not had
  std::string unit;            // as of trace columns: "s", "bit/s", "B", "1"
  // What its samples were timed by: paired samples of two clocks are no pairs.
  std::string clock;
  int64_t errored = 0;  // measurements that failed and are not in `values`
  int64_t stale = 0;    // values that are older than the sample they stand for
};

// A KPI of every model that has it, from one source: what all criteria that
// compare look at.
struct KpiSamples {
  std::string kpi;  // "absolute_error", "latency_p99", ...
  Better better = Better::kLower;
  KpiSource source = KpiSource::kHeldOut;
  bool paired = true;  // values[i] of all models belong together
  // In time order, and neighbours depend on each other.
  bool autocorrelated = false;
  // Counts or flags, for which long spells of one value are natural.
  bool discrete = false;
  // The KPI of the calibration profile that must be credible for samples of the
  // twin to count; empty: `kpi` itself.
  std::string credible_as;
  // By model name: "candidate", "incumbent", "persistence", "constant".
  std::map<std::string, KpiSeries> models;
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

// The candidate's prediction intervals on the held-out part.
struct CoverageEvidence {
  double nominal = 0;           // the share that they promise to hold
  std::vector<double> covered;  // 1 or 0 a sample, in time order; NaN: unknown
};

// One cell of the grid of injected faults: the KPI while `fault` is injected at
// `level`. `samples.models` has "candidate", "incumbent", and
// "candidate_clean": the candidate on the same samples without the fault.
struct RobustnessCell {
  std::string fault;  // "counter-noise", "dropout", "staleness", ...
  std::string level;  // with its unit: "5%", "200ms"
  KpiSamples samples;
};

// What the candidate costs at inference.
struct CostEvidence {
  std::vector<double> latency_seconds;  // one a call, in order
  int64_t failed_calls = 0;
  std::string clock;  // "monotonic": what the latencies were taken with
  int64_t artefact_bytes = 0;
  int64_t resident_bytes = 0;
};

// The twin's replications are judged after each of them.
struct Looks {
  int64_t most = 0;  // replications at most
  // Stop where the chance of a promotion by then is below this, and that of a
  // rejection is not above one half.
  double futility = 0;
  // Where the number of replications is a plan that is kept: by alpha, the
  // level of each look n (at n - 1; 0: none), which together spend it:
  // PlannedTLevels() with O'Brien and Fleming's function. An alpha that is not
  // in it, and all where it is empty, have evidence that holds however long one
  // goes on.
  std::map<double, std::vector<double>> level;

  // Adds the levels of `alpha`.
  void PlanFor(double alpha);
  // Of look n; nothing if it is not planned.
  std::optional<double> LevelAt(double alpha, int64_t n) const;
  // Before a quarter of them, and five, nothing is futile.
  int64_t FirstFutile() const { return std::max<int64_t>(5, most / 4); }
};

// All that the criteria may look at. Parts that could not be had say why.
struct Evidence {
  GateFile file;
  Trace trace;
  std::string trace_digest;
  Split split;

  // By model: "candidate", "incumbent", "persistence", "constant". At most one
  // of a KPI and source.
  std::vector<KpiSamples> kpis;
  int64_t held_out_samples = 0;  // samples of the held-out part
  int64_t candidate_asked = 0;   // with an observed target
  int64_t candidate_not_a_number = 0;
  double candidate_outside_share = 0;
  LeakReport leak;
  std::optional<LeakReport> fit_leak;  // where the gate fitted the candidate
  // Where it was fitted before: how many of the held-out samples it was fitted
  // on, as far as its file tells.
  int64_t candidate_trained_on_held_out = 0;

  BehaviourEvidence behaviour;
  std::optional<CoverageEvidence> coverage;
  std::vector<RobustnessCell> robustness;
  std::string robustness_missing;  // why there is none
  std::optional<CostEvidence> cost;
  std::string cost_missing;  // why there is none

  std::optional<OfflineAnswer> offline;
  std::string offline_missing;  // why there is none

  std::optional<DriftEvidence> drift;
  std::string drift_missing;  // why there is none

  std::optional<CalibrationProfile> profile;
  // By replication: samples outside the candidate's training range.
  std::vector<double> rehearsal_outside_share;
  std::optional<Looks> looks;  // none: once, after the last replication
  // Why there is no profile, or the rehearsal failed; then nothing rests on the
  // twin.
  std::string twin_missing;

  // nullptr if there are none.
  const KpiSamples* Find(const std::string& kpi, KpiSource source) const;
  // The samples of a KPI and source, made if there are none yet.
  KpiSamples& Samples(const std::string& kpi, KpiSource source);
};

}  // namespace airlock
