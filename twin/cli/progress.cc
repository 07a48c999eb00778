#include "twin/cli/progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

namespace airlock {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

void Tell(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

struct ProgressDisplay::Stage {
  std::string name;
  Clock::time_point begin = Clock::now();
  Clock::time_point shown = Clock::time_point();

  void Show(int64_t done, int64_t total) {
    if (SecondsSince(shown) < 0.1 && done < total) return;
    shown = Clock::now();
    const double seconds = SecondsSince(begin);
    const double share =
        total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
    std::string left;
    if (share > 0.02 && done < total) {
      left = fmt::format(", {:.0f} s left", seconds * (1 - share) / share);
    }
    Tell(fmt::format("\r\033[K{}: {:.0f} %, {:.0f} s{}", name, 100 * share,
                     seconds, left));
  }
};

ProgressDisplay::ProgressDisplay() : terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressDisplay::~ProgressDisplay() {
  if (terminal_ && stage_) Tell("\n");
}

Progress ProgressDisplay::Begin(const std::string& stage) {
  End();
  stage_ = std::make_shared<Stage>();
  stage_->name = stage;
  Tell(stage + (terminal_ ? " ..." : "\n"));
  return [stage = stage_, terminal = terminal_](int64_t done, int64_t total) {
    ThrowIfInterrupted();
    if (terminal) stage->Show(done, total);
  };
}

void ProgressDisplay::End() {
  if (!stage_) return;
  const double seconds = SecondsSince(stage_->begin);
  log_ += fmt::format("{:%H:%M:%S}Z  {:7.1f} s  {}\n",
                      fmt::gmtime(std::time(nullptr)), seconds, stage_->name);
  if (terminal_) {
    Tell(fmt::format("\r\033[K{}: done in {:.1f} s\n", stage_->name, seconds));
  }
  stage_.reset();
}

}  // namespace airlock
