#include "sim/base/forked_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "sim/base/error.h"

namespace airlock {

ForkedProcess::ForkedProcess(const std::function<void(int, int)>& work) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  std::fflush(nullptr);  // or the fork would write it again
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(fmt::format("cannot fork: {}", std::strerror(errno)));
  }
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    close(to[1]);
    close(from[0]);
    try {
      work(to[0], from[1]);
    } catch (const std::exception&) {
      // Half a request, or nobody listens: the other side has gone.
    }
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  requests_ = to[1];
  answers_ = from[0];
}

ForkedProcess::~ForkedProcess() {
  close(requests_);
  close(answers_);
  if (pid_ < 0) return;
  Kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ForkedProcess::Kill() {
  if (pid_ > 0) kill(pid_, SIGKILL);
}

std::string ForkedProcess::DescribeEnd(const char* killed) {
  AIRLOCK_CHECK(pid_ > 0, "its end was described before");
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? fmt::format("{} {}", killed, WTERMSIG(status))
                             : fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace airlock
