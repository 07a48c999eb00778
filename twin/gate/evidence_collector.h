#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/resolve.h"
#include "twin/drift/watch.h"
#include "twin/gate/evidence.h"
#include "twin/gate/gate.h"

namespace airlock {

// A file that was read, as it was then.
struct GateInput {
  std::string what;
  std::string path;
  std::string sha256;
};

// Collects the evidence for one gate file stage by stage, in the order of the
// functions below, and writes what it fits and simulates into the gate's
// folder. Judges nothing. Evidence that cannot be had is said to be missing; a
// wrong input file is an InputError. `options` must outlive it.
class EvidenceCollector {
 public:
  EvidenceCollector(const GateFile& file, const std::string& folder,
                    const GateOptions& options)
      : folder_(folder), options_(options) {
    evidence_.file = file;
  }

  // Notes an input that is about to be read, by its path from the current
  // folder, from where `airlock promote` looks for it.
  void UseInput(const std::string& what, const std::string& path);
  // The same for one file, without what is read along with it.
  void UseFile(const std::string& what, const std::string& path);
  // Reads the twin's scenarios, so that a wrong one is found before the work.
  void ReadScenarios();
  // Models, held-out errors, leaks, drift trigger.
  void CollectMeasured();
  // Profile and rehearsal; nothing without a section `twin`.
  void CollectTwin();
  const Evidence& evidence() const { return evidence_; }
  // What was read, for the verdict's record.
  const std::vector<GateInput>& inputs() const { return inputs_; }

 private:
  Progress Begin(const std::string& stage) const;
  std::string PathOf(const char* name) const { return folder_ + "/" + name; }
  ForecastModel ModelFor(const ModelConfig& config, const std::string& what);
  ForecastModel Baseline(const char* forecaster) const;
  // Every model's predictions for samples [begin, end) of `trace`.
  std::map<std::string, Predictions> PredictAll(const Trace& trace,
                                                int64_t begin,
                                                int64_t end) const;
  void CompareOnHeldOut();
  void CheckLeaks();
  void CollectDrift();
  // A trigger as the file asks for, set up on `reference`.
  DriftTrigger TriggerFor(const Trace& reference) const;
  // `change`: the sample of `drifting` from which the behaviour is another.
  DriftEvidence TryTrigger(const Trace& drifting, int64_t change) const;
  void FindProfile();
  void Rehearse();
  // Adds one value a model: its mean error in this replication.
  void RehearseOne(const Trace& series);
  // Where all models' absolute errors of this source go.
  KpiSamples& ErrorSamples(KpiSource source);

  std::string folder_;
  const GateOptions& options_;
  Evidence evidence_;
  std::vector<GateInput> inputs_;
  std::optional<ResolvedScenario> rehearsal_;
  std::optional<ResolvedScenario> to_calibrate_;  // without a profile
};

}  // namespace airlock
