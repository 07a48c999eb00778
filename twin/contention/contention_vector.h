#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

// How contentious functions are, in the counters of Intel PCM, after SLOMO
// (Manousis et al., "Contention-Aware Performance Prediction For Virtualized
// Network Functions", SIGCOMM 2020, sections 4 and 5).
namespace airlock {

// How a metric of several competitors together comes from those of each.
enum class Composition {
  kSum,      // rates and occupancies
  kMean,     // ratios
  kPerCore,  // a socket's mean over its cores: the sum over their number
};

// A metric of the contention vector.
struct ContentionMetric {
  const char* name;  // as in a trace: "l3miss" of "core.0.l3miss"
  const char* unit;
  Composition composition;
  bool of_socket;  // no core counts it
};

constexpr size_t kContentionMetrics = 15;
// EXEC, IPC, FREQ, AFREQ, L3MISS, L2MISS, L3HIT, L2HIT, L3MPI, L2MPI, L3OCC,
// LMB, RMB, READ, WRITE: the metrics of the reference, in its order.
const std::array<ContentionMetric, kContentionMetrics>& ContentionMetrics();

// One value a metric, in its unit (that of imported PCM traces).
using ContentionVector = std::array<double, kContentionMetrics>;

// Where in a trace the counters of a competitor are: its core's, and what a
// socket alone counts (READ, WRITE), of which it has a share.
struct ContentionScope {
  std::string core;    // "core.3"; of a whole socket the socket's
  std::string socket;  // "socket.0"
  double share = 1;
};

// The vector of a scope: the mean of the last `samples` samples, of those that
// are known. Throws InputError if the trace lacks a metric of the scope, or has
// no known value of it there.
ContentionVector ContentionOf(const Trace& trace, const ContentionScope& scope,
                              int64_t samples = 10);

// The mean of a column's last `samples` samples, of those that are known.
// Throws InputError if there is none.
double MeanOfLast(const Column& column, int64_t samples);

// The contention that `competitors` make together on a socket of
// `cores_per_socket` cores: every metric by its Composition. Without any it is
// 0 in all metrics.
ContentionVector Compose(const std::vector<ContentionVector>& competitors,
                         int64_t cores_per_socket);

// Metric by metric, the median of vectors. At least one.
ContentionVector MedianContention(const std::vector<ContentionVector>& vectors);

}  // namespace airlock
