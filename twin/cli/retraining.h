#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/signature.h"
#include "sim/telemetry/trace.h"
#include "twin/cli/progress.h"
#include "twin/drift/watch.h"
#include "twin/gate/gate_file.h"
#include "twin/pipeline/pipeline_file.h"

namespace airlock {

struct RetrainingOptions {
  std::string champion;  // model file
  std::string pipeline;
  std::string gate;
  std::string out;
  int64_t samples = 800;  // since the change, to learn from and be judged on
  int64_t jobs = 0;
  bool overwrite = false;
};

// What follows an alarm: collects the samples since the change until there are
// enough, makes a candidate of their first part and has a gate judge it on the
// rest. Touches no registry: to promote is the operator's. Owns the samples.
class Retraining {
 public:
  // Reads the files and the user's signing key. Throws InputError for one that
  // is wrong, or a pipeline that answers another question than the champion.
  explicit Retraining(const RetrainingOptions& options);

  // Samples of the stream, the first of them number `first`.
  void Add(const Trace& samples, int64_t first);
  // The first one says since when to learn.
  void Alarm(const DriftAlarm& alarm);
  bool alarmed() const { return since_ >= 0; }
  int64_t collected() const;
  bool ready() const { return alarmed() && collected() >= options_.samples; }
  // "retraining needs 800 samples since the change at sample 544; has 40".
  std::string Status() const;

  // Writes the folder: window.h5, candidate.model, gate.yaml, summary.json, and
  // verdict/, which is that of `airlock gate DIR/gate.yaml -o DIR/verdict`.
  // Prints what came of it. The exit code is the gate's.
  ExitCode Run(bool json);

  // What has been collected, as JSON, and back.
  std::string Save() const;
  void Load(const std::string& text);

 private:
  Trace Window() const;
  GateFile GateFor() const;

  RetrainingOptions options_;
  SigningKey key_;  // seals the verdict: the user's own
  PipelineFile pipeline_;
  GateFile gate_;
  Trace recent_;        // the newest samples, or all since the change
  int64_t first_ = 0;   // number of its first
  int64_t since_ = -1;  // number of the first after the change
  double since_seconds_ = 0;
  std::vector<int64_t> segments_;  // numbers of samples that begin one
};

}  // namespace airlock
