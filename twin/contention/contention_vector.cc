#include "twin/contention/contention_vector.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {

double MeanOfLast(const Column& column, int64_t samples) {
  double sum = 0;
  double count = 0;
  const int64_t size = static_cast<int64_t>(column.values.size());
  for (int64_t i = std::max<int64_t>(0, size - samples); i < size; ++i) {
    const double value = column.values[static_cast<size_t>(i)];
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  if (count == 0) {
    throw InputError(
        fmt::format("contention: column '{}' has no value in its last {} "
                    "samples",
                    column.name, samples));
  }
  return sum / count;
}

const std::array<ContentionMetric, kContentionMetrics>& ContentionMetrics() {
  static const std::array<ContentionMetric, kContentionMetrics> metrics = {{
      {"exec", "1", Composition::kPerCore, false},
      {"ipc", "1", Composition::kMean, false},
      {"freq", "1", Composition::kPerCore, false},
      {"afreq", "1", Composition::kMean, false},
      {"l3miss", "1", Composition::kSum, false},
      {"l2miss", "1", Composition::kSum, false},
      {"l3hit", "1", Composition::kMean, false},
      {"l2hit", "1", Composition::kMean, false},
      {"l3mpi", "1", Composition::kSum, false},
      {"l2mpi", "1", Composition::kSum, false},
      {"l3occ", "B", Composition::kSum, false},
      {"lmb", "B", Composition::kSum, false},
      {"rmb", "B", Composition::kSum, false},
      {"read", "B", Composition::kSum, true},
      {"write", "B", Composition::kSum, true},
  }};
  return metrics;
}

ContentionVector ContentionOf(const Trace& trace, const ContentionScope& scope,
                              int64_t samples) {
  ContentionVector vector;
  for (size_t i = 0; i < kContentionMetrics; ++i) {
    const ContentionMetric& metric = ContentionMetrics()[i];
    const std::string& of = metric.of_socket ? scope.socket : scope.core;
    vector[i] = MeanOfLast(trace.Get(of + "." + metric.name), samples);
    if (metric.of_socket) vector[i] *= scope.share;
  }
  return vector;
}

ContentionVector Compose(const std::vector<ContentionVector>& competitors,
                         int64_t cores_per_socket) {
  AIRLOCK_CHECK(cores_per_socket > 0, "{}", cores_per_socket);
  ContentionVector composed{};
  if (competitors.empty()) return composed;
  const double number = static_cast<double>(competitors.size());
  for (size_t i = 0; i < kContentionMetrics; ++i) {
    for (const ContentionVector& one : competitors) composed[i] += one[i];
    switch (ContentionMetrics()[i].composition) {
      case Composition::kSum:
        break;
      case Composition::kMean:
        composed[i] /= number;
        break;
      case Composition::kPerCore:
        composed[i] /= static_cast<double>(cores_per_socket);
        break;
    }
  }
  return composed;
}

ContentionVector MedianContention(
    const std::vector<ContentionVector>& vectors) {
  AIRLOCK_CHECK(!vectors.empty());
  ContentionVector median;
  std::vector<double> values(vectors.size());
  for (size_t i = 0; i < kContentionMetrics; ++i) {
    for (size_t k = 0; k < vectors.size(); ++k) values[k] = vectors[k][i];
    median[i] = Median(values);
  }
  return median;
}

}  // namespace airlock
