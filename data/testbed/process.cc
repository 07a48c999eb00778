#include "data/testbed/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <utility>

namespace airlock::testbed {

namespace {

volatile sig_atomic_t stop_requested = 0;

void OnStopSignal(int) { stop_requested = 1; }

int64_t ReadClock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

}  // namespace

SystemError::SystemError(const std::string& doing)
    : std::runtime_error(doing + ": " + strerror(errno)) {}

int64_t MonotonicNs() { return ReadClock(CLOCK_MONOTONIC); }

int64_t RealtimeNs() { return ReadClock(CLOCK_REALTIME); }

void SleepUntilNs(int64_t monotonic_ns) {
  timespec until{};
  until.tv_sec = monotonic_ns / 1000000000;
  until.tv_nsec = monotonic_ns % 1000000000;
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void DieWithParent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    throw SystemError("asking to end with the parent");
  }
  if (parent > 0 && getppid() != parent) {
    errno = ESRCH;
    throw SystemError("parent process " + std::to_string(parent));
  }
}

void PinToCore(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) {
    throw SystemError("pinning to core " + std::to_string(core));
  }
}

void SetScheduling(int fifo_priority, int nice) {
  if (fifo_priority > 0) {
    sched_param param{};
    param.sched_priority = fifo_priority;
    if (sched_setscheduler(0, SCHED_FIFO, &param) != 0) {
      throw SystemError("setting SCHED_FIFO");
    }
  } else if (setpriority(PRIO_PROCESS, 0, nice) != 0) {
    throw SystemError("setting nice " + std::to_string(nice));
  }
  // Absolute sleeps end at their instant, not up to 50 us later.
  prctl(PR_SET_TIMERSLACK, 1);
}

void EnterNamespace(const std::string& name) {
  if (name.empty()) return;
  const std::string path = "/run/netns/" + name;
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) throw SystemError("opening network namespace " + name);
  if (setns(fd.get(), CLONE_NEWNET) != 0) {
    throw SystemError("entering network namespace " + name);
  }
}

void LockMemory() {
  // Best effort: a host that limits locked memory still gives a valid trace.
  mlockall(MCL_CURRENT | MCL_FUTURE);
}

void CatchStopSignals() {
  struct sigaction action {};
  action.sa_handler = OnStopSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool StopRequested() { return stop_requested != 0; }

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

}  // namespace airlock::testbed
