#include "sim/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace airlock {
namespace {

TEST(InParallel, DoesEachOnceAndTellsThisThread) {
  for (const int64_t jobs : {0, 1, 3}) {
    std::vector<int> times(100, 0);
    int64_t told = 0;
    const std::thread::id here = std::this_thread::get_id();
    InParallel(
        100, jobs, [&](int64_t i) { ++times[static_cast<size_t>(i)]; },
        [&] {
          EXPECT_EQ(std::this_thread::get_id(), here);
          ++told;
        });
    EXPECT_EQ(times, std::vector<int>(100, 1)) << jobs;
    EXPECT_EQ(told, 100) << jobs;
  }
}

TEST(InParallel, NothingToDoIsDone) {
  InParallel(0, 2, [](int64_t) { ADD_FAILURE(); });
}

TEST(InParallel, AnExceptionOfEitherEndsIt) {
  for (const int64_t jobs : {1, 4}) {
    std::atomic<int64_t> begun{0};
    EXPECT_THROW(InParallel(100000, jobs,
                            [&](int64_t i) {
                              ++begun;
                              if (i == 10) throw std::runtime_error("work");
                            }),
                 std::runtime_error);
    if (jobs == 1) {
      EXPECT_EQ(begun, 11);
    }
    EXPECT_THROW(
        InParallel(
            10, jobs, [](int64_t) {}, [] { throw std::runtime_error("done"); }),
        std::runtime_error);
  }
}

}  // namespace
}  // namespace airlock
