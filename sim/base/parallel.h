#pragma once

#include <cstdint>
#include <functional>

namespace airlock {

// Calls `work(i)` for i < count from `jobs` threads (0: one a processor), this
// one among them, and `done`, if set, after each from this one. The first
// exception of either is thrown here, after all threads have ended; what has
// not begun by then is not done.
void InParallel(int64_t count, int64_t jobs,
                const std::function<void(int64_t)>& work,
                const std::function<void()>& done = {});

}  // namespace airlock
