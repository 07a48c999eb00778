#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace airlock::testing {

enum class KillOutcome { kFinished, kKilled, kCannotTrace };

// Runs `work` in a forked child and kills it (SIGKILL) when it enters its
// `count`-th system call, counted from 1: run with 1, 2, ... until kFinished,
// this covers every moment at which the file system can be left half changed.
inline KillOutcome KillAtSystemCall(const std::function<void()>& work,
                                    int count) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(77);
    raise(SIGSTOP);
    try {
      work();
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return KillOutcome::kCannotTrace;
  ptrace(PTRACE_SETOPTIONS, child, nullptr,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  int stops = 0;  // one at entry, one at return
  int signal_to_pass = 0;
  while (true) {
    ptrace(PTRACE_SYSCALL, child, nullptr, signal_to_pass);
    waitpid(child, &status, 0);
    if (WIFEXITED(status) || WIFSIGNALED(status)) return KillOutcome::kFinished;
    const bool system_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    signal_to_pass = system_call ? 0 : WSTOPSIG(status);
    if (!system_call || ++stops < 2 * count - 1) continue;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return KillOutcome::kKilled;
  }
}

}  // namespace airlock::testing
