#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/telemetry/trace.h"
#include "twin/gate/behaviour.h"
#include "twin/gate/predictor.h"

// Questions that are put to a predictor to see how it behaves; none of them
// looks at whether it is right. All draw from their stream in a fixed order.
namespace airlock {

// For each of at most `most` inputs (those that are `named` first): on some
// `questions` samples from `begin` on, its values are exchanged for those of
// other samples, and the answers compared.
std::vector<InputUse> ProbeInputs(Predictor* predictor, const Trace& trace,
                                  int64_t begin, int64_t questions,
                                  const std::vector<std::string>& named,
                                  int64_t most, RngStream* rng);

// Every tenth of some `questions` samples from `begin` on is replaced by a
// sample from elsewhere.
QuestionUse ProbeQuestion(Predictor* predictor, const Trace& trace,
                          int64_t begin, int64_t questions, RngStream* rng);

// Each input at its least and greatest value in the trace while the others
// stay, then all at once, then each missing; from a sample in the middle.
CornerProbe ProbeCorners(Predictor* predictor, const Trace& trace,
                         int64_t most);

// The trace's times from `begin` on with the samples of half a turn later; the
// target belongs to the samples.
LookupEvidence ProbeLookup(Predictor* predictor, const Trace& trace,
                           int64_t begin);

}  // namespace airlock
