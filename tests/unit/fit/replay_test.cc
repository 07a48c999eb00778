#include "calibration/fit/replay.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/rng.h"

namespace airlock {
namespace {

ChainFunction Gamma(const std::string& name, double per_packet_ns, double cv) {
  ChainFunction function;
  function.name = name;
  function.service.distribution = "gamma";
  function.service.per_packet_ns = per_packet_ns;
  function.service.cv = cv;
  function.ring = 50;
  function.wakeup = Microseconds(60);
  return function;
}

ChainConfig Chain(double cv) {
  ChainConfig chain;
  chain.functions = {Gamma("bridge", 10000, 0.3), Gamma("inspect", 60000, cv)};
  chain.workload.packet_sizes = {{DataSize(128), Ratio(0.5)},
                                 {DataSize(1024), Ratio(0.5)}};
  return chain;
}

Trace Load() {
  Trace trace;
  Column rate;
  rate.name = "offered_rate";
  for (int i = 1; i <= 60; ++i) {
    trace.time_seconds.push_back(0.1 * i);
    rate.values.push_back(4e7 + 3e7 * std::sin(0.3 * i));
  }
  trace.columns = {rate};
  return trace;
}

// Whatever the shape: without cut-off proposals (cv 0.1), with some hundreds of
// them (0.9), below shape 1 (1.4), and the first one again.
TEST(Replay, KeptRandomNumbersAreTheSame) {
  const Trace load = Load();
  const std::vector<Segment> segments = {{4, 20}, {30, 60}};
  const std::vector<std::string> columns = {
      "loss_ratio", "latency_mean", "latency_p99", "function.inspect.busy"};
  const Replay anew(load, segments, columns, 2);
  const Replay kept(load, segments, columns, 2, 7);
  std::vector<std::vector<double>> first;
  for (const double cv : {0.1, 0.5, 0.9, 1.4, 0.1}) {
    const auto values = kept.Run(Chain(cv), 7);
    EXPECT_EQ(values, anew.Run(Chain(cv), 7)) << cv;
    if (first.empty()) {
      first = values;
    } else {
      EXPECT_EQ(values == first, cv == 0.1);
    }
  }
  // Another seed is another one.
  EXPECT_EQ(kept.Run(Chain(0.1), 8), anew.Run(Chain(0.1), 8));
  EXPECT_NE(kept.Run(Chain(0.1), 8), first);
}

}  // namespace
}  // namespace airlock
