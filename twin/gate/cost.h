#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/gate/predictor.h"

// What a clock and the machine say of a predictor. None of it is the same in
// another run, so it is written beside the verdict (wall_clock.json), where a
// repetition takes it from.
namespace airlock {

inline constexpr char kWallClockName[] = "wall_clock.json";

struct WallClock {
  std::vector<double> latency_seconds;  // one a call, in order
  int64_t timed_calls = 0;  // of the long stream that a program is timed with
  int64_t resident_bytes = 0;
  double start_seconds = 0;  // of a program: its first answer, at worst
  LateQuestions late;        // of a program
};

// Everything as text, and back. FromText throws InputError with the name.
std::string ToText(const WallClock& record);
WallClock WallClockFromText(const std::string& text, const std::string& name);

// `trace` over and over, to `samples` in all, time going on.
Trace Prolonged(const Trace& trace, int64_t samples);

// Times `calls` single predictions over the samples of `trace`, in turn, and
// counts the heap that a copy of the model takes.
WallClock TimeModel(const ForecastModel& model, const Trace& trace,
                    int64_t calls);

// How often `limit_seconds` was exceeded.
int64_t CountSlower(const std::vector<double>& latency_seconds,
                    double limit_seconds);

}  // namespace airlock
