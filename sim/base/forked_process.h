#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace airlock {

// A fork of this process that does something of its own, with a pipe to it and
// one back (frame.h reads and writes them). It ends with this object, and if we
// die. A reader that is gone is an error of write() where SIGPIPE is ignored.
//
// Never holds outside: no thread runs beside the one that forks; what another
// holds would stay locked in the fork.
class ForkedProcess {
 public:
  // Runs `work` in the fork with its ends of the pipes; the fork ends when it
  // returns or throws. Throws Error if the system has no pipe or no process
  // left.
  explicit ForkedProcess(
      const std::function<void(int requests, int answers)>& work);
  ~ForkedProcess();
  ForkedProcess(const ForkedProcess&) = delete;
  ForkedProcess& operator=(const ForkedProcess&) = delete;

  int requests() const { return requests_; }
  int answers() const { return answers_; }

  void Kill();
  // Waits for its end and says how it was, "killed by signal 9", with `killed`
  // before the signal's number, or "exit code 1". Once.
  std::string DescribeEnd(const char* killed = "killed by signal");

 private:
  pid_t pid_ = -1;
  int requests_ = -1;
  int answers_ = -1;
};

}  // namespace airlock
