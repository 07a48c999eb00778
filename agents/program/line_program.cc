#include "agents/program/line_program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "sim/base/interrupt.h"

namespace airlock {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestLine = 1 << 20;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void MakeNonBlocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// Waits at most 50 ms, so that an interrupt is seen, and to the deadline.
void WaitFor(pollfd* ends, nfds_t count, double seconds_left) {
  const double milliseconds = std::clamp(1e3 * seconds_left, 0.0, 50.0);
  const timespec limit = {0, static_cast<long>(1e6 * milliseconds)};
  ppoll(ends, count, &limit, nullptr);
  ThrowIfInterrupted();
}

}  // namespace

LineProgram::LineProgram(const ProgramCall& call) : process_(call) {
  MakeNonBlocking(process_.input());
  MakeNonBlocking(process_.output());
}

bool LineProgram::ReadSome() {
  char buffer[65536];
  while (true) {
    const ssize_t got = read(process_.output(), buffer, sizeof buffer);
    if (got > 0) {
      unread_.append(buffer, static_cast<size_t>(got));
      if (unread_.size() > kLongestLine) return true;
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

double LineProgram::SecondsWithoutProcessor() const {
  return OwnSecondsWithoutProcessor() + process_.SecondsWithoutProcessor();
}

Reply LineProgram::Ask(const std::string& line, double timeout_seconds) {
  Reply reply;
  ended_ = !ReadSome() || ended_;
  if (!unread_.empty()) {
    reply.fate = Fate::kUnasked;
    reply.line = unread_.substr(0, unread_.find('\n'));
    return reply;
  }
  if (ended_) return reply;
  const std::string question = line + "\n";
  size_t sent = 0;
  const double waited_before = SecondsWithoutProcessor();
  const Clock::time_point begin = Clock::now();
  while (true) {
    if (sent < question.size()) {
      const ssize_t wrote = write(process_.input(), question.data() + sent,
                                  question.size() - sent);
      if (wrote > 0) sent += static_cast<size_t>(wrote);
      if (wrote < 0 && errno == EPIPE) return reply;
    }
    ended_ = !ReadSome();
    reply.seconds = SecondsSince(begin);
    const size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      reply.line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      const double waited = SecondsWithoutProcessor() - waited_before;
      reply.seconds = std::max(0.0, reply.seconds - std::max(0.0, waited));
      // An answer to half a question is none.
      reply.fate = sent < question.size() ? Fate::kUnasked : Fate::kAnswered;
      return reply;
    }
    reply.fate = Fate::kTooLong;
    if (unread_.size() > kLongestLine) return reply;
    reply.fate = Fate::kEnded;
    if (ended_) return reply;
    reply.fate = Fate::kLate;
    if (reply.seconds >= timeout_seconds) return reply;
    pollfd ends[2] = {{process_.output(), POLLIN, 0},
                      {process_.input(), POLLOUT, 0}};
    WaitFor(ends, sent < question.size() ? 2 : 1,
            timeout_seconds - reply.seconds);
  }
}

std::string LineProgram::LastOutput() {
  process_.CloseInput();
  const Clock::time_point begin = Clock::now();
  while (!ended_ && SecondsSince(begin) < 1 && unread_.size() <= kLongestLine) {
    ended_ = !ReadSome();
    pollfd end = {process_.output(), POLLIN, 0};
    if (!ended_) WaitFor(&end, 1, 1 - SecondsSince(begin));
  }
  std::string said;
  std::swap(said, unread_);
  return said;
}

std::string LineProgram::DescribeEnd() {
  if (!ended_) process_.Kill();
  return process_.DescribeEnd();
}

}  // namespace airlock
