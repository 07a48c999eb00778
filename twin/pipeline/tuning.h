#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "twin/pipeline/candidate.h"
#include "twin/pipeline/pipeline_file.h"

namespace airlock {

// A candidate that was validated.
struct TriedCandidate {
  Candidate candidate;
  WalkForwardResult validation;
  int64_t bytes = 0;        // of its file, see ModelCost
  double microseconds = 0;  // to predict one sample, estimated
  std::string refused;      // why it may not be chosen; empty: it may
};

// Validates the candidate and refuses it if it is beyond the file's limits.
TriedCandidate Try(const PipelineFile& file, const ValidationBench& bench,
                   const Candidate& candidate);

// What tuning of one trainer came to.
struct TuningRecord {
  std::string trainer;
  std::vector<TriedCandidate> tried;  // the start first
  size_t best = 0;                    // in `tried`
  bool stopped_early = false;         // nothing more was to be expected
};

// Stage 4: searches the tunable parameters of `start.candidate`'s trainer and
// the number of features (where features are ranked) for the smallest
// validation error, by Bayesian optimisation or at random, within the limits of
// time and size. `start`, already tried, counts as the first evaluation.
// `tick` is called after each evaluation.
TuningRecord Tune(const PipelineFile& file, const ValidationBench& bench,
                  const TriedCandidate& start,
                  const std::function<void()>& tick);

}  // namespace airlock
