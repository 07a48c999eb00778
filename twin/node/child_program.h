#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace airlock {

// A program with arguments under way, found as execvp(3) does, without a shell,
// in a process group of its own; it ends with this object, and if we die. It
// has no standard input. Its standard output and standard error can be read;
// the one that is not is kept for messages, its last 2000 bytes.
class ChildProgram {
 public:
  enum class Stream { kOutput, kErrors };

  // Throws Error if the system has no pipe or no process left. A program that
  // is not there ends at once with exit code 127 and says so.
  ChildProgram(const std::vector<std::string>& command, Stream stream);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // What it wrote to the stream, after at most `wait_seconds`; empty if that
  // was nothing. An interrupt ends the wait.
  std::string Read(double wait_seconds);
  // True once the stream's end was read.
  bool ended() const { return stream_fd_ < 0; }
  // Once ended: waits up to `wait_seconds` for its end. False if it goes on.
  bool WaitForEnd(double wait_seconds);
  // The end that WaitForEnd() saw: its exit code, 128 + the signal otherwise.
  int exit_code() const { return exit_code_; }
  // "exit code 127; it said: cannot start ...".
  std::string DescribeEnd();
  // The last words on the other stream.
  const std::string& last_words() const { return last_words_; }

 private:
  void DrainOther();

  pid_t pid_ = -1;
  int stream_fd_ = -1;
  int other_fd_ = -1;
  int exit_code_ = -1;
  std::string last_words_;
};

// Runs a program to its end.
struct ProgramEnd {
  bool in_time = false;  // false: it was ended after `timeout_seconds`
  int exit_code = -1;
  std::string output;  // at most 64 KiB
  std::string errors;  // the last 2000 bytes
};
ProgramEnd RunProgram(const std::vector<std::string>& command,
                      double timeout_seconds);

}  // namespace airlock
