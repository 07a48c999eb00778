#include "sim/base/child_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "sim/base/error.h"

namespace airlock {
namespace {

// In the forked process; never returns.
[[noreturn]] void Become(const char* path, pid_t parent, int in, int out,
                         int errors) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execl(path, path, static_cast<char*>(nullptr));
  dprintf(STDERR_FILENO, "cannot start %s: %s\n", path, std::strerror(errno));
  _exit(127);
}

}  // namespace

std::string ProgramPath(const std::string& name, const char* variable) {
  const char* const chosen = std::getenv(variable);
  if (chosen != nullptr) return chosen;
  return std::filesystem::read_symlink("/proc/self/exe")
      .replace_filename(name)
      .string();
}

ChildProcess::ChildProcess(const std::string& path) {
  std::signal(SIGPIPE, SIG_IGN);
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  errors_ = memfd_create("airlock-child-errors", MFD_CLOEXEC);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(fmt::format("cannot start {}: {}", path, std::strerror(errno)));
  }
  if (pid_ == 0) {
    Become(path.c_str(), parent, to_child[0], from_child[1], errors_);
  }
  close(to_child[0]);
  close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (input_ >= 0) close(input_);
  close(output_);
  close(errors_);
}

std::string ChildProcess::DescribeEnd() {
  AIRLOCK_CHECK(pid_ > 0, "its end was described before");
  close(input_);
  input_ = -1;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  std::string text =
      WIFSIGNALED(status)
          ? fmt::format("killed by signal {} ({})", WTERMSIG(status),
                        strsignal(WTERMSIG(status)))
          : fmt::format("exit code {}", WEXITSTATUS(status));
  char words[2000];
  const off_t size = lseek(errors_, 0, SEEK_END);
  const ssize_t got =
      pread(errors_, words, sizeof words,
            std::max<off_t>(0, size - static_cast<off_t>(sizeof words)));
  if (got > 0) text += "; it said: " + std::string(words, got);
  while (text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace airlock
