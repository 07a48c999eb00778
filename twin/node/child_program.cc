#include "twin/node/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLastWords = 2000;
constexpr size_t kMostOutput = 65536;
constexpr double kGraceSeconds = 0.2;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// In the forked process; never returns, and allocates nothing.
[[noreturn]] void Become(char* const* argv, pid_t parent, int out, int errors) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  close_range(3, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execvp(argv[0], argv);
  const char* const reason = std::strerror(errno);
  const char* const words[] = {"cannot start ", argv[0], ": ", reason};
  for (const char* const text : words) {
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  _exit(127);
}

// What is there now; nothing and `*fd` closed at the end.
std::string ReadSome(int* fd) {
  char buffer[1 << 16];
  const ssize_t got = read(*fd, buffer, sizeof buffer);
  if (got > 0) return std::string(buffer, static_cast<size_t>(got));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return "";
  close(*fd);
  *fd = -1;
  return "";
}

}  // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& command,
                           Stream stream) {
  AIRLOCK_CHECK(!command.empty());
  std::vector<char*> argv;
  for (const std::string& argument : command) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  int out[2];
  int errors[2];
  if (pipe2(out, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  if (pipe2(errors, O_CLOEXEC) != 0) {
    close(out[0]);
    close(out[1]);
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) Become(argv.data(), parent, out[1], errors[1]);
  close(out[1]);
  close(errors[1]);
  if (pid_ < 0) {
    close(out[0]);
    close(errors[0]);
    throw Error(fmt::format("cannot start {}: {}", command.front(),
                            std::strerror(errno)));
  }
  setpgid(pid_, pid_);  // whoever comes first
  stream_fd_ = stream == Stream::kOutput ? out[0] : errors[0];
  other_fd_ = stream == Stream::kOutput ? errors[0] : out[0];
  fcntl(stream_fd_, F_SETFL, O_NONBLOCK);
  fcntl(other_fd_, F_SETFL, O_NONBLOCK);
}

ChildProgram::~ChildProgram() {
  if (pid_ > 0) {
    kill(-pid_, SIGTERM);
    if (!WaitForEnd(kGraceSeconds)) {
      kill(-pid_, SIGKILL);
      while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
  if (stream_fd_ >= 0) close(stream_fd_);
  if (other_fd_ >= 0) close(other_fd_);
}

void ChildProgram::DrainOther() {
  while (other_fd_ >= 0) {
    const std::string words = ReadSome(&other_fd_);
    if (words.empty()) return;
    last_words_ += words;
    if (last_words_.size() > kLastWords) {
      last_words_.erase(0, last_words_.size() - kLastWords);
    }
  }
}

std::string ChildProgram::Read(double wait_seconds) {
  const Clock::time_point begin = Clock::now();
  while (stream_fd_ >= 0) {
    pollfd waiting[2] = {{stream_fd_, POLLIN, 0}, {other_fd_, POLLIN, 0}};
    const double left = wait_seconds - SecondsSince(begin);
    const int ready =
        poll(waiting, 2, left > 0 ? static_cast<int>(left * 1000) + 1 : 0);
    if (ready < 0) return "";
    DrainOther();
    if (waiting[0].revents != 0) {
      std::string bytes = ReadSome(&stream_fd_);
      if (!bytes.empty() || stream_fd_ < 0) return bytes;
    }
    if (SecondsSince(begin) >= wait_seconds) return "";
  }
  return "";
}

bool ChildProgram::WaitForEnd(double wait_seconds) {
  const Clock::time_point begin = Clock::now();
  while (pid_ > 0) {
    DrainOther();
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG);
    if (got == pid_) {
      exit_code_ =
          WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      kill(-pid_, SIGKILL);  // what it left behind in its group
      pid_ = -1;
      DrainOther();
      return true;
    }
    if (SecondsSince(begin) >= wait_seconds) return false;
    poll(nullptr, 0, 2);
  }
  return true;
}

std::string ChildProgram::DescribeEnd() {
  std::string text;
  if (!WaitForEnd(kGraceSeconds)) {
    text = "it closed its output and goes on";
  } else if (exit_code_ > 128) {
    text = fmt::format("killed by signal {} ({})", exit_code_ - 128,
                       strsignal(exit_code_ - 128));
  } else {
    text = fmt::format("exit code {}", exit_code_);
  }
  if (!last_words_.empty()) text += "; it said: " + last_words_;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

ProgramEnd RunProgram(const std::vector<std::string>& command,
                      double timeout_seconds) {
  const Clock::time_point begin = Clock::now();
  ChildProgram program(command, ChildProgram::Stream::kOutput);
  ProgramEnd end;
  while (!program.ended()) {
    const double left = timeout_seconds - SecondsSince(begin);
    if (left <= 0) break;
    end.output += program.Read(left);
    if (end.output.size() > kMostOutput) end.output.resize(kMostOutput);
  }
  const double left = timeout_seconds - SecondsSince(begin);
  end.in_time = program.WaitForEnd(left > 0 ? left : 0);
  end.exit_code = program.exit_code();
  end.errors = program.last_words();
  return end;
}

}  // namespace airlock
