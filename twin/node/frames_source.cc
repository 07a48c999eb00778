#include <poll.h>

#include <chrono>

#include "sim/base/error.h"
#include "sim/collector/shared_frames.h"
#include "twin/node/source.h"

// Samples that a collector shares in memory.
namespace airlock {
namespace {

constexpr int kLookEveryMs = 2;

class FramesSource : public Source {
 public:
  // What is there already may be old: the first sample is the next one.
  explicit FramesSource(const std::string& path) : path_(path), reader_(path) {
    SharedFrame newest;
    if (reader_.Read(&newest)) last_ = newest.number;
  }

  Event Read(double wait_seconds, Trace* samples) override {
    using Clock = std::chrono::steady_clock;
    const auto until =
        Clock::now() + std::chrono::duration<double>(wait_seconds);
    SharedFrame frame;
    while (!reader_.Read(&frame) || frame.number == last_) {
      if (!reader_.writing()) {
        throw Error(path_ + ": who wrote it has ended");
      }
      if (Clock::now() >= until) return Event::kQuiet;
      if (poll(nullptr, 0, kLookEveryMs) < 0) return Event::kQuiet;
    }
    last_ = frame.number;
    samples->source = "frames";
    samples->origin = path_;
    samples->time_seconds = {Seconds(frame.time)};
    samples->columns = reader_.columns();
    for (size_t c = 0; c < frame.values.size(); ++c) {
      samples->columns[c].values = {frame.values[c]};
    }
    return Event::kSamples;
  }

 private:
  const std::string path_;
  const FrameReader reader_;
  uint64_t last_ = 0;  // that was taken
};

}  // namespace

std::unique_ptr<Source> OpenFramesSource(const SourceConfig& config) {
  return std::make_unique<FramesSource>(config.path);
}

}  // namespace airlock
