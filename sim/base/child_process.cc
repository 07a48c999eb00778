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
#include <fstream>
#include <system_error>

#include "sim/base/error.h"

namespace airlock {
namespace {

// In the forked process; never returns.
[[noreturn]] void Become(char* const* argv, const char* folder, pid_t parent,
                         int in, int out, int errors) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  if (*folder == 0 || chdir(folder) == 0) execvp(argv[0], argv);
  dprintf(STDERR_FILENO, "cannot start %s: %s\n", argv[0],
          std::strerror(errno));
  _exit(127);
}

// The number behind `key` in a file of /proc, which may be gone; 0 if it is.
int64_t ProcNumber(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) != 0) continue;
    return std::strtoll(line.c_str() + key.size(), nullptr, 10);
  }
  return 0;
}

// The time in a run queue, the second of a schedstat file's three numbers
// (nanoseconds), in seconds.
double SecondsInQueue(const std::string& path) {
  std::ifstream file(path);
  int64_t ran = 0;
  int64_t waited = 0;
  return file >> ran >> waited ? 1e-9 * static_cast<double>(waited) : 0;
}

bool IsNumber(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string::npos;
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
  Start({{path}, ""}, false);
}

ChildProcess::ChildProcess(const ProgramCall& call) { Start(call, true); }

void ChildProcess::Start(const ProgramCall& call, bool own_group) {
  AIRLOCK_CHECK(!call.command.empty(), "no program to start");
  std::signal(SIGPIPE, SIG_IGN);
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  errors_ = memfd_create("airlock-child-errors", MFD_CLOEXEC);
  own_group_ = own_group;
  std::vector<char*> argv;
  for (const std::string& word : call.command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(fmt::format("cannot start {}: {}", call.command[0],
                            std::strerror(errno)));
  }
  if (pid_ == 0) {
    if (own_group) setpgid(0, 0);
    Become(argv.data(), call.folder.c_str(), parent, to_child[0], from_child[1],
           errors_);
  }
  // Here as well: whoever comes first, it leads its group before we kill that.
  if (own_group) setpgid(pid_, pid_);
  close(to_child[0]);
  close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
}

void BecomeProgram(std::vector<std::string> command) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  throw Error(
      fmt::format("cannot start {}: {}", command[0], std::strerror(errno)));
}

double OwnSecondsWithoutProcessor() {
  return SecondsInQueue("/proc/thread-self/schedstat");
}

double ChildProcess::SecondsWithoutProcessor() const {
  return pid_ > 0 ? SecondsInQueue(fmt::format("/proc/{}/schedstat", pid_)) : 0;
}

int64_t ChildProcess::PeakResidentBytes() const {
  if (pid_ <= 0) return 0;
  int64_t kibibytes = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (!IsNumber(name)) continue;
    const auto pid = static_cast<pid_t>(std::stoll(name));
    if (pid != pid_ && !(own_group_ && getpgid(pid) == pid_)) continue;
    kibibytes += ProcNumber("/proc/" + name + "/status", "VmHWM:");
  }
  return 1024 * kibibytes;
}

void ChildProcess::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void ChildProcess::Kill() {
  if (pid_ > 0) kill(own_group_ ? -pid_ : pid_, SIGKILL);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  CloseInput();
  close(output_);
  close(errors_);
}

std::string ChildProcess::DescribeEnd() {
  AIRLOCK_CHECK(pid_ > 0, "its end was described before");
  CloseInput();
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  if (own_group_) kill(-pid_, SIGKILL);  // what it has left behind
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
