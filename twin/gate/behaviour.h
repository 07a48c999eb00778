#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/program/program_session.h"

namespace airlock {

// Does the output live? `values` in time order, beside the target.
struct OutputEvidence {
  int64_t answers = 0;
  double spread = 0;         // standard deviation of the answers
  double target_spread = 0;  // of the target at the same samples
  // The longest spell in which the answers hardly moved (less than a thousandth
  // of target_spread) while the target did (by at least half of it): samples,
  // and where it begins.
  int64_t frozen = 0;
  int64_t frozen_from = 0;
  // Answers that equal the observed target to nine digits, among those in which
  // the target is not what it was before: nobody predicts that well.
  int64_t moved = 0;
  int64_t exact = 0;
};
OutputEvidence DescribeOutput(const std::vector<double>& answers,
                              const std::vector<double>& observed,
                              const std::vector<double>& last_target);

// Whether an input has any influence: how many answers another value of it
// changed.
struct InputUse {
  std::string input;
  bool named = false;  // in full in the gate file, not by a wildcard
  int64_t asked = 0;
  int64_t changed = 0;
};

// Whether an answer is one to the question that was asked: the whole question
// was replaced by another at some samples.
struct QuestionUse {
  int64_t replaced = 0;
  int64_t changed = 0;        // answers to a replaced question
  int64_t changed_after = 0;  // to the next one, where the first stayed
};

// Questions at the corners of what the trace holds.
struct CornerProbe {
  int64_t asked = 0;
  int64_t not_a_number = 0;
  std::string first;  // which one
  // The same with each input missing in turn: a fact, since a node does not ask
  // with missing inputs.
  int64_t missing_asked = 0;
  int64_t missing_unanswered = 0;
};

// Does a program know what the file says rather than what it is told? It is
// asked with the trace's times and the samples of other times. Mean absolute
// distance of its answers to the target of those, and to what the file has at
// the times.
struct LookupEvidence {
  int64_t asked = 0;
  double error_of_told = 0;
  double error_of_file = 0;
};

// What the candidate knows beyond the last known value, a sample at a time:
// with the errors e of persistence and c of the candidate, e (e - c) and (e -
// c)^2.
struct SkillEvidence {
  std::vector<double> gain;
  std::vector<double> square;
};

// How a controller acts: every step of every replication.
struct ControlEvidence {
  int64_t steps = 0;
  int64_t refused = 0;     // actions that the network refused
  int64_t violations = 0;  // actions beyond the gate file's bounds
  std::string first_violation;
  int64_t changes = 0;    // steps that changed a setting
  int64_t reversals = 0;  // steps that moved one back against its last move
};

// How the candidate behaves, whatever its KPIs are. Parts that were not looked
// at are empty.
struct BehaviourEvidence {
  std::optional<ProgramAccount> program;  // of all questions, if it is one
  std::optional<OutputEvidence> output;   // on the held-out part
  // Over the long stream of questions that latency is measured with.
  std::optional<OutputEvidence> long_output;
  int64_t long_asked = 0;
  int64_t long_not_a_number = 0;
  std::vector<InputUse> inputs;
  std::optional<QuestionUse> question;
  std::optional<CornerProbe> corners;
  std::optional<LookupEvidence> lookup;
  SkillEvidence skill;
  std::optional<ControlEvidence> control;
  std::optional<ControlEvidence> incumbent_control;
  double sample_interval_seconds = 0;    // of the trace, or between decisions
  std::vector<std::string> data_faults;  // what is wrong with the trace
};

}  // namespace airlock
