#include "sim/base/forked_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sim/base/error.h"
#include "sim/base/frame.h"

namespace airlock {
namespace {

using nlohmann::json;

// Answers each number with its double until nobody asks.
void Double(int requests, int answers) {
  json request;
  while (ReadFrame(requests, &request)) {
    WriteFrame(answers, json(2 * request.get<int>()));
  }
}

pid_t PidOf(const ForkedProcess& process) {
  json pid;
  return ReadFrame(process.answers(), &pid) ? pid.get<pid_t>() : -1;
}

TEST(ForkedProcess, AnswersWhatItIsAsked) {
  const ForkedProcess process(Double);
  for (int n = 0; n < 3; ++n) {
    WriteFrame(process.requests(), json(n));
    json answer;
    ASSERT_TRUE(ReadFrame(process.answers(), &answer));
    EXPECT_EQ(answer, 2 * n);
  }
}

TEST(ForkedProcess, IsGoneWithItsObject) {
  pid_t pid = -1;
  {
    const ForkedProcess process([](int, int answers) {
      WriteFrame(answers, json(getpid()));
      pause();
    });
    pid = PidOf(process);
    ASSERT_GT(pid, 0);
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(ForkedProcess, SaysHowItEnded) {
  ForkedProcess done([](int, int) {});
  EXPECT_EQ(done.DescribeEnd(), "exit code 0");
  ForkedProcess thrown([](int, int) { throw Error("nobody listens"); });
  EXPECT_EQ(thrown.DescribeEnd(), "exit code 0");
  ForkedProcess other([](int, int) { _exit(3); });
  EXPECT_EQ(other.DescribeEnd(), "exit code 3");
  ForkedProcess killed([](int, int) { pause(); });
  killed.Kill();
  EXPECT_EQ(killed.DescribeEnd(), "killed by signal 9");
  ForkedProcess named([](int, int) { pause(); });
  named.Kill();
  EXPECT_EQ(named.DescribeEnd("signal"), "signal 9");
}

}  // namespace
}  // namespace airlock
