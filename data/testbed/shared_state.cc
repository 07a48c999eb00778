#include "data/testbed/shared_state.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/testbed/process.h"

namespace airlock::testbed {

int64_t SharedState::IntervalOf(int64_t monotonic_ns) const {
  const int64_t start = start_ns.load(std::memory_order_acquire);
  if (start == 0 || monotonic_ns < start) return -1;
  const int64_t index = (monotonic_ns - start) / interval_ns.load();
  return index < int64_t{kMaxIntervals} ? index : -1;
}

SharedState* MapSharedState(const std::string& path) {
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) throw SystemError("opening " + path);
  if (ftruncate(fd.get(), sizeof(SharedState)) != 0) {
    throw SystemError("sizing " + path);
  }
  void* base = mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE,
                    MAP_SHARED, fd.get(), 0);
  if (base == MAP_FAILED) throw SystemError("mapping " + path);
  return static_cast<SharedState*>(base);
}

}  // namespace airlock::testbed
