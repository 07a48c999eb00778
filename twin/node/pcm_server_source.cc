#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "calibration/traces/pcm_server.h"
#include "sim/base/error.h"
#include "twin/node/source.h"

namespace airlock {
namespace {

using Clock = std::chrono::steady_clock;

struct Address {
  std::string host;  // "http://127.0.0.1:9738"
  std::string path;  // "/persecond/1"
};

Address Split(const std::string& url) {
  const size_t slash = url.find('/', std::string("http://").size());
  if (slash == std::string::npos) return {url, "/persecond/1"};
  return {url.substr(0, slash), url.substr(slash)};
}

// Asks the server once a period, in a thread of its own: an answer that hangs
// must not keep the node from seeing that its input is stale. The times are
// ours, as the server sends none: seconds since 1970 when the answer was there,
// by a clock that is never set back.
class PcmServerSource : public Source {
 public:
  explicit PcmServerSource(const SourceConfig& config)
      : url_(config.url),
        address_(Split(config.url)),
        period_(std::chrono::nanoseconds(config.period.value())),
        client_(address_.host) {
    if (!client_.is_valid()) {
      throw Error(fmt::format("{}: not a URL that can be asked", url_));
    }
    const auto timeout = std::chrono::nanoseconds(config.timeout.value());
    client_.set_connection_timeout(timeout);
    client_.set_read_timeout(timeout);
    client_.set_keep_alive(true);
    wall_ = std::chrono::duration<double>(
                std::chrono::system_clock::now().time_since_epoch())
                .count();
    began_ = Clock::now();
    asking_ = std::thread([this] { Ask(); });
  }
  ~PcmServerSource() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    client_.stop();
    asking_.join();
  }

  Event Read(double wait_seconds, Trace* samples) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(wait_seconds),
                      [&] { return !samples_.empty() || !failure_.empty(); });
    if (!samples_.empty()) {
      *samples = std::move(samples_.front());
      samples_.pop_front();
      return Event::kSamples;
    }
    if (!failure_.empty()) throw Error(failure_);
    return Event::kQuiet;
  }
  const char* clock() const override { return "node"; }

 private:
  void Ask() {
    Clock::time_point due = Clock::now();
    while (true) {
      std::string failure;
      std::optional<Trace> sample;
      try {
        sample = AskOnce();
      } catch (const std::exception& error) {
        failure = error.what();
      }
      std::unique_lock<std::mutex> lock(mutex_);
      if (stop_) return;
      if (sample) samples_.push_back(*std::move(sample));
      failure_ = failure;
      changed_.notify_all();
      if (!failure.empty()) return;
      due = std::max(due + period_, Clock::now());
      changed_.wait_until(lock, due, [&] { return stop_; });
      if (stop_) return;
    }
  }

  Trace AskOnce() {
    const httplib::Result answer = client_.Get(
        address_.path, httplib::Headers{{"Accept", "application/json"}});
    if (!answer) {
      throw Error(
          fmt::format("{}: {}", url_, httplib::to_string(answer.error())));
    }
    if (answer->status != 200) {
      throw Error(fmt::format("{}: HTTP status {}", url_, answer->status));
    }
    const double now =
        wall_ + std::chrono::duration<double>(Clock::now() - began_).count();
    return ReadPcmServerSample(answer->body, url_, now);
  }

  std::string url_;
  Address address_;
  Clock::duration period_;
  httplib::Client client_;
  double wall_ = 0;
  Clock::time_point began_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Trace> samples_;
  std::string failure_;
  bool stop_ = false;

  std::thread asking_;
};

}  // namespace

std::unique_ptr<Source> OpenPcmServerSource(const SourceConfig& config) {
  return std::make_unique<PcmServerSource>(config);
}

}  // namespace airlock
