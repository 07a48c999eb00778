#pragma once

#include <sys/types.h>

#include <string>

namespace airlock {

// Where our program `name` is: what the environment's `variable` says, or
// beside the program that asks.
std::string ProgramPath(const std::string& name, const char* variable);

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
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int input() const { return input_; }
  int output() const { return output_; }
  // Closes its input, waits for its end, and says how it ended with its last
  // words: "exit code 127; it said: cannot start ...".
  std::string DescribeEnd();

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;  // an unlinked file that takes its standard error
};

}  // namespace airlock
