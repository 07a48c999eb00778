#include "twin/cli/progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>
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

// What is under way, and a thread that shows it while the work is silent. The
// work and the thread share what `mutex` guards.
struct ProgressDisplay::Stage {
  Stage(std::string name, bool terminal)
      : name(std::move(name)), terminal(terminal) {
    // Signals are for the thread that works.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    clock = std::thread([this] { Tick(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Stage() { Stop(); }

  void Stop() {
    if (!clock.joinable()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      over = true;
    }
    ended.notify_one();
    clock.join();
  }

  void Report(int64_t done_now, int64_t total_now) {
    const std::lock_guard<std::mutex> lock(mutex);
    done = done_now;
    total = total_now;
    if (!terminal || over) return;
    if (SecondsSince(shown) >= 0.1 || done >= total) Show();
  }

  void Tick() {
    std::unique_lock<std::mutex> lock(mutex);
    while (!ended.wait_for(lock, std::chrono::seconds(1),
                           [this] { return over; })) {
      if (terminal || SecondsSince(shown) >= kQuietSeconds) Show();
    }
  }

  void Show() {
    shown = Clock::now();
    const double seconds = SecondsSince(begin);
    const double share =
        total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
    std::string text = name + ":";
    if (total > 0) text += fmt::format(" {} of {},", done, total);
    text += fmt::format(" {:.0f} s", seconds);
    if (share > 0.02 && done < total) {
      text += fmt::format(", {:.0f} s left", seconds * (1 - share) / share);
    }
    Tell(terminal ? "\r\033[K" + text : text + "\n");
  }

  // Between two lines where there is no terminal.
  static constexpr double kQuietSeconds = 30;

  const std::string name;
  const bool terminal;
  const Clock::time_point begin = Clock::now();
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false;
  int64_t done = 0;
  int64_t total = 0;
  Clock::time_point shown = Clock::now();
  std::thread clock;
};

ProgressDisplay::ProgressDisplay() : terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressDisplay::~ProgressDisplay() {
  if (!stage_) return;
  stage_->Stop();
  if (terminal_) Tell("\n");
}

Progress ProgressDisplay::Begin(const std::string& stage) {
  ThrowIfInterrupted();
  End();
  Tell(stage + (terminal_ ? " ..." : "\n"));
  stage_ = std::make_shared<Stage>(stage, terminal_);
  return [stage = stage_](int64_t done, int64_t total) {
    ThrowIfInterrupted();
    stage->Report(done, total);
  };
}

BeginStage ProgressDisplay::Stages() {
  return [this](const std::string& stage) { return Begin(stage); };
}

void ProgressDisplay::End() {
  if (!stage_) return;
  stage_->Stop();
  const double seconds = SecondsSince(stage_->begin);
  log_ += fmt::format("{:%H:%M:%S}Z  {:7.1f} s  {}\n",
                      fmt::gmtime(std::time(nullptr)), seconds, stage_->name);
  if (terminal_) {
    Tell(fmt::format("\r\033[K{}: done in {:.1f} s\n", stage_->name, seconds));
  }
  stage_.reset();
}

}  // namespace airlock
