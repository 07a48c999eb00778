#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace airlock::testing {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close(ends_[0]);
    CloseIn();
  }
  int out() const { return ends_[0]; }
  int in() const { return ends_[1]; }
  void CloseIn() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_;
};

}  // namespace airlock::testing
