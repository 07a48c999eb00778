#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/resolve.h"
#include "twin/drift/watch.h"
#include "twin/gate/cost.h"
#include "twin/gate/evidence.h"
#include "twin/gate/gate.h"
#include "twin/gate/predictor.h"
#include "twin/worker/run_batch.h"

namespace airlock {

// A file that was read, as it was then.
struct GateInput {
  std::string what;
  std::string path;
  std::string sha256;
};

// The scenario, which has a chain, with the profile's values in it.
ResolvedScenario Calibrated(const ResolvedScenario& resolved,
                            const CalibrationProfile& profile);

// Whether more replications would change nothing.
using IsSettled = std::function<bool(const Evidence& evidence)>;

// Collects the evidence for one gate file stage by stage, in the order of the
// functions below, and writes what it fits and simulates into the gate's
// folder. Judges nothing. Evidence that cannot be had is said to be missing; a
// wrong input file is an InputError. `options` must outlive it.
class EvidenceCollector {
 public:
  EvidenceCollector(const GateFile& file, const std::string& folder,
                    const GateOptions& options);
  ~EvidenceCollector();

  // Notes an input that is about to be read, by its path from the current
  // folder, from where `airlock promote` looks for it.
  void UseInput(const std::string& what, const std::string& path);
  // The same for one file, without what is read along with it.
  void UseFile(const std::string& what, const std::string& path);
  // Reads the twin's scenarios, so that a wrong one is found before the work.
  void ReadScenarios();
  // All that needs no twin: models, held-out errors, leaks, behaviour, cost,
  // robustness, drift trigger; or the table of measurements.
  void CollectMeasured();
  // Profile and rehearsal; nothing without a section `twin`.
  // Where replications are looked at one by one, it ends with the one after
  // which `settled`.
  void CollectTwin(const IsSettled& settled);
  // What the clock said, into wall_clock.json. Call once, at the end.
  void WriteWallClock();
  const Evidence& evidence() const { return evidence_; }
  // What was read, for the verdict's record.
  const std::vector<GateInput>& inputs() const { return inputs_; }
  // What the candidate consists of: paths in the folder.
  const std::vector<std::string>& candidate_files() const {
    return candidate_files_;
  }

 private:
  using AllAnswers = std::map<std::string, Answers>;

  Progress Begin(const std::string& stage) const;
  std::string PathOf(const std::string& name) const {
    return folder_ + "/" + name;
  }
  bool Asks(const char* criterion) const;
  Predictor& predictor(const char* name) { return *predictors_.at(name); }

  // --- forecasts (evidence_collector.cc)
  void CollectForecasts();
  void AddPredictor(const std::string& name, const ModelConfig& config);
  ForecastModel ModelFor(const ModelConfig& config, const std::string& what);
  ForecastModel Baseline(const char* forecaster) const;
  // Every predictor's answers about samples [begin, end) of `trace`.
  AllAnswers AnswerAll(const Trace& trace, int64_t begin, int64_t end);
  void CompareOnHeldOut(const AllAnswers& answers);
  void CheckCoverage(const Answers& candidate);
  void CheckLeaks();
  void CollectDrift();
  // A trigger as the file asks for, set up on `reference`.
  DriftTrigger TriggerFor(const Trace& reference) const;
  // `change`: the sample of `drifting` from which the behaviour is another.
  DriftEvidence TryTrigger(const Trace& drifting, int64_t change) const;
  void FindProfile();
  void Rehearse(const IsSettled& settled);
  // RehearseOne(), or why not in evidence_.twin_missing.
  bool CanRehearse(const Trace& series);
  // Adds one value a model: its mean error in this replication.
  void RehearseOne(const Trace& series);
  // Where all models' absolute errors of this source go.
  KpiSamples& ErrorSamples(KpiSource source);
  // The share of samples with an input outside the training part's range.
  double OutsideShare(const Trace& trace, const Answers& candidate);

  // --- behaviour (behaviour_collection.cc)
  void CollectBehaviour(const Answers& candidate);
  void CollectCost();
  void CollectRobustness();
  std::vector<std::string> NamedInputs() const;
  void CheckTrace();
  // The candidate's account of questions, as it is now.
  void NoteAccount();

  // --- controllers and measurements (control_collection.cc)
  void CollectMeasurements();
  void CollectOffline();
  void CollectControl();
  // Copies the policy of an agent into the folder.
  void InstallPolicy(const ModelConfig& config, const std::string& name);
  // candidate.controller: which agent it is, and which file has its policy.
  void WriteCandidateController();
  // Throws InputError where an agent cannot control the twin's network.
  void CheckAgents() const;
  ControllerCall ControllerOf(const ModelConfig& config,
                              const std::string& name);
  RunRecord RunControlled(const ResolvedScenario& scenario,
                          const ModelConfig& config, const std::string& name,
                          const ControlDisturbance& disturbance,
                          std::vector<ControlRecord>* control);
  ControlEvidence DescribeControl(
      const std::vector<ControlRecord>& control) const;
  void NoteDecisions(const std::vector<ControlRecord>& control);
  void DisturbControl(const ResolvedScenario& scenario);

  // Copies the files of `config`'s program, and gives the folder to run it in.
  std::string Install(const ModelConfig& config, const std::string& name);

  std::string folder_;
  const GateOptions& options_;
  Evidence evidence_;
  std::vector<GateInput> inputs_;
  std::vector<std::string> candidate_files_;
  std::map<std::string, std::unique_ptr<Predictor>> predictors_;
  WallClock clock_;                    // of this run
  std::optional<WallClock> repeated_;  // of the run that is repeated
  // Programs run in copies here, which nobody keeps.
  std::string scratch_;
  std::optional<ResolvedScenario> rehearsal_;
  std::optional<ResolvedScenario> to_calibrate_;  // without a profile
};

}  // namespace airlock
