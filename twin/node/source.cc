#include "twin/node/source.h"

#include "calibration/traces/pcm_stream.h"
#include "calibration/traces/perf_stream.h"
#include "sim/base/error.h"
#include "twin/node/child_program.h"

namespace airlock {
namespace {

// A tool that prints samples; `Stream` makes them of its text.
template <typename Stream>
class ToolSource : public Source {
 public:
  ToolSource(const SourceConfig& config, ChildProgram::Stream from)
      : name_(config.command.front()),
        stream_(name_),
        program_(config.command, from) {}

  Event Read(double wait_seconds, Trace* samples) override {
    // What stands before a wrong line was returned; the line is told now.
    *samples = stream_.Take("");
    if (samples->samples() > 0) return Event::kSamples;
    const std::string bytes = program_.Read(wait_seconds);
    if (bytes.empty() && program_.ended()) {
      throw Error(fmt::format("{} ended: {}", name_, program_.DescribeEnd()));
    }
    *samples = stream_.Take(bytes);
    return samples->samples() > 0 ? Event::kSamples : Event::kQuiet;
  }

 private:
  std::string name_;
  Stream stream_;
  ChildProgram program_;
};

}  // namespace

std::unique_ptr<Source> OpenPcmSource(const SourceConfig& config) {
  return std::make_unique<ToolSource<PcmStream>>(config,
                                                 ChildProgram::Stream::kOutput);
}

std::unique_ptr<Source> OpenPerfSource(const SourceConfig& config) {
  return std::make_unique<ToolSource<PerfStream>>(
      config, ChildProgram::Stream::kErrors);
}

std::unique_ptr<Source> OpenSource(const SourceConfig& config,
                                   double taken_seconds) {
  if (config.kind == "csv") return OpenCsvSource(config, taken_seconds);
  if (config.kind == "frames") return OpenFramesSource(config);
  if (config.kind == "pcm") return OpenPcmSource(config);
  if (config.kind == "pcm-server") return OpenPcmServerSource(config);
  if (config.kind == "perf") return OpenPerfSource(config);
  AIRLOCK_CHECK(config.kind == "replay", "{}", config.kind);
  return OpenReplaySource(config, taken_seconds);
}

}  // namespace airlock
