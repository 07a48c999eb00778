#include "sim/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace airlock {

void InParallel(int64_t count, int64_t jobs,
                const std::function<void(int64_t)>& work,
                const std::function<void()>& done) {
  if (jobs <= 0) jobs = std::max(1u, std::thread::hardware_concurrency());
  std::atomic<int64_t> next{0}, finished{0};
  std::exception_ptr failure;
  std::mutex mutex;
  int64_t told = 0;  // by this thread alone
  const auto tell = [&] {
    while (done && told < finished) ++told, done();
  };
  const auto take = [&](bool tells) {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        work(i);
        ++finished;
        if (tells) tell();
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int64_t j = 1; j < jobs; ++j) threads.emplace_back([&] { take(false); });
  take(true);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  tell();
}

}  // namespace airlock
