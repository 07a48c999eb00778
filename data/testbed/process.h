#pragma once

#include <sys/types.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace airlock::testbed {

// The command line is wrong (exit 2).
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An input file is wrong (exit 3).
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A system call failed; the message says what was being done (exit 5).
class SystemError : public std::runtime_error {
 public:
  explicit SystemError(const std::string& doing);
};

// CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds.
int64_t MonotonicNs();
int64_t RealtimeNs();

// Sleeps until the CLOCK_MONOTONIC instant; returns early on a signal.
void SleepUntilNs(int64_t monotonic_ns);

// The kernel kills this process when its parent ends. Throws SystemError when
// the parent has ended already.
void DieWithParent(pid_t parent);

// Pins the calling thread to one core.
void PinToCore(int core);

// SCHED_FIFO at `priority` when it is above 0, else SCHED_OTHER with `nice`.
void SetScheduling(int fifo_priority, int nice);

// Moves the calling thread into the named network namespace ("" stays).
void EnterNamespace(const std::string& name);

// Locks current and future pages, so a stressed host cannot evict them.
void LockMemory();

// Sets the flag read by StopRequested on SIGTERM and SIGINT.
void CatchStopSignals();
bool StopRequested();

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

}  // namespace airlock::testbed
