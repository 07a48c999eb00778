#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/program/line_program.h"

namespace airlock {

struct ProgramLimits {
  double answer_seconds = 1;  // for an answer
  double start_seconds = 60;  // for the first answer after a start
  int64_t restarts = 20;      // after that it is not asked any more
  // The numbers of the questions that were late in a run that is repeated:
  // they are late again, and all others have twenty times as long.
  std::optional<std::vector<int64_t>> late_before;
};

// What became of the questions to a program. Their sum is `asked`.
struct ProgramAccount {
  int64_t asked = 0;
  int64_t answered = 0;
  int64_t late = 0;
  int64_t ended = 0;        // it crashed or ended
  int64_t garbage = 0;      // not the JSON object that was asked for
  int64_t unasked = 0;      // said something that it was not asked, or too much
  int64_t mismatched = 0;   // answered another question: another `id`
  int64_t given_up = 0;     // not asked any more after too many restarts
  std::string first_fault;  // in words, with the question's number
  std::vector<int64_t> late_questions;
  // Of all answers but the first after a start, in seconds.
  std::vector<double> latency_seconds;
  double slowest_start_seconds = 0;
  int64_t peak_resident_bytes = 0;

  int64_t faults() const { return asked - answered; }
  // Adds what another session has seen.
  void Add(const ProgramAccount& other);
};

// Asks a user's program question after question and keeps account. A program
// that is late, ends, or says too much is started afresh for the next question.
// FORMAT.md of this folder has the protocol.
class ProgramSession {
 public:
  ProgramSession(const ProgramCall& call, const ProgramLimits& limits);
  ~ProgramSession();

  // The object that it answers with; null if there is no valid one, which the
  // account then tells. Adds "id" to the question. Throws InputError if the
  // program cannot be started at all.
  nlohmann::json Ask(nlohmann::json question);
  // The last answer was an object of the wrong form: counts it as garbage.
  void Refuse(const std::string& why);
  // Closes its input: what it still says was not asked. Call once, at the end.
  void Finish();

  const ProgramAccount& account() const { return account_; }

 private:
  void NoteFault(int64_t* count, const std::string& what);
  void CloseProgram();
  bool IsLateAgain() const;
  double TimeLimit() const;
  nlohmann::json Read(const Reply& reply);

  ProgramCall call_;
  ProgramLimits limits_;
  ProgramAccount account_;
  std::unique_ptr<LineProgram> program_;
  bool first_answer_ = true;  // of this start
  int64_t starts_ = 0;
};

// A number of an answer: NaN if it is null or not there. False if it is
// something else than a number.
bool ReadNumber(const nlohmann::json& answer, const char* key, double* value);

}  // namespace airlock
