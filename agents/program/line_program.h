#pragma once

#include <string>

#include "sim/base/child_process.h"

namespace airlock {

// How a question to a program ended.
enum class Fate {
  kAnswered,
  kLate,     // no whole line within the time
  kEnded,    // it ended, or closed its output
  kUnasked,  // it had said something before it was asked
  kTooLong,  // a line of more than 1 MiB
};

struct Reply {
  Fate fate = Fate::kEnded;
  std::string line;  // kAnswered: without its end; kUnasked: what it said
  // From the question's first byte to the answer's last, less what either side
  // waited for a processor: that is the machine's doing, not the program's.
  double seconds = 0;
};

// A user's program that answers each line of its standard input with one line
// of its standard output. Owns the process. Says nothing about what is in the
// lines; after anything but kAnswered question and answer no longer belong
// together, and the program is of no use.
class LineProgram {
 public:
  explicit LineProgram(const ProgramCall& call);

  // Sends `line` (without an end) and waits for an answer. Throws Error when
  // interrupted.
  Reply Ask(const std::string& line, double timeout_seconds);

  // What it says after its input is closed, to its end or for a second at most.
  std::string LastOutput();
  // How it ended: "exit code 1; it said: ...". One that runs on is killed.
  std::string DescribeEnd();
  int64_t PeakResidentBytes() const { return process_.PeakResidentBytes(); }

 private:
  // What the program and we have waited for a processor so far.
  double SecondsWithoutProcessor() const;
  // Reads what is there without waiting. False at the end of its output.
  bool ReadSome();

  ChildProcess process_;
  std::string unread_;
  bool ended_ = false;
};

}  // namespace airlock
