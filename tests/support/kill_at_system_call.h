#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

// Faults at system calls: a program is killed when it enters one, or one fails
// with an error. Run with `count` 1, 2, ... until kFinished, this covers every
// moment at which the file system can be left half changed.
namespace airlock::testing {

enum class KillOutcome { kFinished, kKilled, kCannotTrace };

// Which system calls count.
enum class SystemCalls {
  kAll,
  kChanges,  // those that change files: between two of them a kill finds the
             // same files, so these stand for all
};

#ifdef __x86_64__
inline constexpr bool kKnowsSystemCalls = true;

inline bool ChangesFiles(const user_regs_struct& registers) {
  static const std::set<long long> changes = {
      SYS_write,     SYS_pwrite64,  SYS_writev,   SYS_rename,
      SYS_renameat,  SYS_renameat2, SYS_unlink,   SYS_unlinkat,
      SYS_rmdir,     SYS_mkdir,     SYS_mkdirat,  SYS_fsync,
      SYS_fdatasync, SYS_ftruncate, SYS_truncate, SYS_fallocate,
      SYS_sendfile,  SYS_link,      SYS_linkat,   SYS_copy_file_range,
      SYS_chmod,     SYS_fchmod,    SYS_fchmodat, SYS_symlinkat,
      SYS_creat,     SYS_flock};
  const auto call = static_cast<long long>(registers.orig_rax);
  if (call == SYS_openat) return (registers.rdx & O_CREAT) != 0;
  if (call == SYS_open) return (registers.rsi & O_CREAT) != 0;
  return changes.count(call) > 0;
}
#else
inline constexpr bool kKnowsSystemCalls = false;
#endif

// Whether the call that the child has just entered counts.
inline bool Counts(pid_t child, SystemCalls which) {
#ifdef __x86_64__
  if (which == SystemCalls::kAll) return true;
  user_regs_struct registers{};
  ptrace(PTRACE_GETREGS, child, nullptr, &registers);
  return ChangesFiles(registers);
#else
  (void)child;
  (void)which;
  return true;
#endif
}

// Starts `work` in a child that stops at its system calls; -1 where that is not
// possible. The child ends with 0, or 1 if `work` threw.
inline pid_t StartTraced(const std::function<void()>& work) {
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
  if (!WIFSTOPPED(status)) return -1;
  ptrace(PTRACE_SETOPTIONS, child, nullptr,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  return child;
}

// Lets the child run to the next entry of, or return from, a system call; false
// if it ended, with `status`.
inline bool RunToSystemCall(pid_t child, int* status) {
  int signal_to_pass = 0;
  while (true) {
    ptrace(PTRACE_SYSCALL, child, nullptr, signal_to_pass);
    waitpid(child, status, 0);
    if (WIFEXITED(*status) || WIFSIGNALED(*status)) return false;
    if (WSTOPSIG(*status) == (SIGTRAP | 0x80)) return true;
    signal_to_pass = WSTOPSIG(*status);
  }
}

// Runs `work` in a forked child and kills it (SIGKILL) when it enters its
// `count`-th system call of those that count, from 1.
inline KillOutcome KillAtSystemCall(const std::function<void()>& work,
                                    int count,
                                    SystemCalls which = SystemCalls::kAll) {
  const pid_t child = StartTraced(work);
  if (child < 0) return KillOutcome::kCannotTrace;
  int status = 0;
  while (RunToSystemCall(child, &status)) {
    if (Counts(child, which) && --count == 0) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return KillOutcome::kKilled;
    }
    if (!RunToSystemCall(child, &status)) break;  // its return
  }
  return KillOutcome::kFinished;
}

enum class FaultOutcome {
  kNoFault,  // `work` finished with fewer calls that count
  kSucceeded,
  kThrew,
  kCrashed,
  kCannotTrace
};

// Runs `work` in a forked child in which the `count`-th system call that
// changes files fails with `error`.
inline FaultOutcome FailSystemCall(const std::function<void()>& work, int count,
                                   int error) {
#ifdef __x86_64__
  const pid_t child = StartTraced(work);
  if (child < 0) return FaultOutcome::kCannotTrace;
  int status = 0;
  bool failed = false;
  while (RunToSystemCall(child, &status)) {
    const bool now =
        !failed && Counts(child, SystemCalls::kChanges) && --count == 0;
    user_regs_struct registers{};
    if (now) {
      ptrace(PTRACE_GETREGS, child, nullptr, &registers);
      registers.orig_rax = static_cast<unsigned long long>(-1);
      ptrace(PTRACE_SETREGS, child, nullptr, &registers);
    }
    if (!RunToSystemCall(child, &status)) break;  // its return
    if (!now) continue;
    failed = true;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    registers.rax = static_cast<unsigned long long>(-error);
    ptrace(PTRACE_SETREGS, child, nullptr, &registers);
  }
  if (!WIFEXITED(status)) return FaultOutcome::kCrashed;
  if (!failed) return FaultOutcome::kNoFault;
  return WEXITSTATUS(status) == 0 ? FaultOutcome::kSucceeded
                                  : FaultOutcome::kThrew;
#else
  (void)work;
  (void)count;
  (void)error;
  return FaultOutcome::kCannotTrace;
#endif
}

}  // namespace airlock::testing
