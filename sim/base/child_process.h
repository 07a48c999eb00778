#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// Where our program `name` is: what the environment's `variable` says, or
// beside the program that asks.
std::string ProgramPath(const std::string& name, const char* variable);

// This process becomes another program: signals, standard streams and the exit
// code are its own. `command[0]` is its path. Throws Error if it cannot be
// started; does not return otherwise.
[[noreturn]] void BecomeProgram(std::vector<std::string> command);

// Somebody else's program: where it is not a path it is looked for along PATH.
struct ProgramCall {
  std::vector<std::string> command;  // the program and its arguments
  std::string folder;                // to run in; empty: ours
};

// How long the thread that asks has been ready to run and was not, since its
// start, as /proc tells; 0 if it does not.
double OwnSecondsWithoutProcessor();

// A program under way, with pipes to its standard input and output (frame.h
// reads and writes them) and its standard error kept for messages. It ends with
// this object, and if we die: a failed or interrupted command leaves none
// behind. From the first one on, a reader that is gone is an error of write(),
// not a signal.
class ChildProcess {
 public:
  // Throws Error if the system has no pipe or no process left. A program that
  // is not there ends at once with exit code 127 and says so.
  explicit ChildProcess(const std::string& path);
  // The same with arguments. It leads a process group of its own, which ends
  // with this object: what a wrapping script has started is not left behind.
  explicit ChildProcess(const ProgramCall& call);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int input() const { return input_; }
  int output() const { return output_; }
  // The largest resident set so far of the program and of what it has started
  // and still runs, in bytes, as /proc tells; 0 if it does not (it has ended).
  int64_t PeakResidentBytes() const;
  // How long its first thread has been ready to run and was not, since its
  // start, as /proc tells; 0 if it does not.
  double SecondsWithoutProcessor() const;
  // After it the program reads the end of its input.
  void CloseInput();
  // Ends it now, and all that it has started.
  void Kill();
  // Closes its input, waits for its end, and says how it ended with its last
  // words: "exit code 127; it said: cannot start ...".
  std::string DescribeEnd();

 private:
  void Start(const ProgramCall& call, bool own_group);

  pid_t pid_ = -1;
  bool own_group_ = false;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;  // an unlinked file that takes its standard error
};

}  // namespace airlock
