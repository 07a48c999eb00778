#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"

// Runs a built program and keeps what it says.
namespace airlock::testing {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal where one ended it
  std::string out;
  std::string err;
};

// A program under way; ends it on destruction.
class Program {
 public:
  // `arguments[0]` is the program's path; runs in `directory` with the
  // environment variables `environment` ("NAME=value") added.
  explicit Program(const std::vector<std::string>& arguments,
                   const std::string& directory = ".",
                   const std::vector<std::string>& environment = {}) {
    std::array<int, 2> out;
    std::array<int, 2> err;
    if (pipe(out.data()) != 0 || pipe(err.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      dup2(out[1], STDOUT_FILENO);
      dup2(err[1], STDERR_FILENO);
      for (const int fd : {out[0], out[1], err[0], err[1]}) close(fd);
      if (chdir(directory.c_str()) != 0) _exit(126);
      for (const std::string& variable : environment) {
        putenv(const_cast<char*>(variable.c_str()));
      }
      std::vector<char*> argv;
      for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
      }
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Program() {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (out_ >= 0) close(out_);
    if (err_ >= 0) close(err_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }

  // Reads until both streams end and the program is gone.
  ProgramResult Wait() {
    ProgramResult result;
    bool open_out = true;
    bool open_err = true;
    while (open_out || open_err) {
      pollfd waiting[2] = {{open_out ? out_ : -1, POLLIN, 0},
                           {open_err ? err_ : -1, POLLIN, 0}};
      if (poll(waiting, 2, -1) < 0) continue;
      if (waiting[0].revents != 0) open_out = ReadSome(out_, &result.out);
      if (waiting[1].revents != 0) open_err = ReadSome(err_, &result.err);
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    result.exit_code =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return result;
  }

 private:
  static bool ReadSome(int fd, std::string* text) {
    char buffer[4096];
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got > 0) text->append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

inline ProgramResult Run(const std::vector<std::string>& arguments,
                         const std::string& directory = ".",
                         const std::vector<std::string>& environment = {}) {
  return Program(arguments, directory, environment).Wait();
}

// `airlock` with these arguments, in `directory`. Its user's files (a signing
// key) are in a folder of this process's, unless `environment` says otherwise.
inline ProgramResult RunAirlockIn(
    const std::string& directory, std::vector<std::string> arguments,
    const std::vector<std::string>& environment = {}) {
  static const TemporaryFolder config;
  arguments.insert(arguments.begin(), AIRLOCK_BINARY_DIR "/airlock");
  std::vector<std::string> all = {"XDG_CONFIG_HOME=" + config.path()};
  all.insert(all.end(), environment.begin(), environment.end());
  return Run(arguments, directory, all);
}

// The same in the source folder.
inline ProgramResult RunAirlock(
    const std::vector<std::string>& arguments,
    const std::vector<std::string>& environment = {}) {
  return RunAirlockIn(AIRLOCK_SOURCE_DIR, arguments, environment);
}

}  // namespace airlock::testing
