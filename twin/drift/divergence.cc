#include "twin/drift/divergence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {

const char* ToString(LogBase base) {
  return base == LogBase::kNats ? "nats" : "bits";
}

double JensenShannonBias(int64_t bins, int64_t n_p, int64_t n_q) {
  return static_cast<double>(bins - 1) *
         (1 / static_cast<double>(n_p) + 1 / static_cast<double>(n_q)) / 8;
}

double PopulationStabilityTerm(double p, double q, double floor) {
  const double least = std::max(floor, std::numeric_limits<double>::min());
  p = std::max(p, least);
  q = std::max(q, least);
  return (q - p) * std::log(q / p);
}

double PopulationStability(const std::vector<double>& counts_p,
                           const std::vector<double>& counts_q, double floor) {
  AIRLOCK_CHECK(counts_p.size() == counts_q.size(), "{} and {} bins",
                counts_p.size(), counts_q.size());
  double total_p = 0, total_q = 0;
  for (size_t i = 0; i < counts_p.size(); ++i) {
    total_p += counts_p[i];
    total_q += counts_q[i];
  }
  double sum = 0;
  for (size_t i = 0; i < counts_p.size(); ++i) {
    sum += PopulationStabilityTerm(counts_p[i] / total_p, counts_q[i] / total_q,
                                   floor);
  }
  return sum;
}

Bins Bins::Quantiles(std::vector<double> sample, int64_t count) {
  sample.erase(std::remove_if(sample.begin(), sample.end(),
                              [](double value) { return std::isnan(value); }),
               sample.end());
  std::sort(sample.begin(), sample.end());
  const int64_t n = static_cast<int64_t>(sample.size());
  std::vector<double> edges;
  for (int64_t i = 1; i < count && n > 0; ++i) {
    const int64_t rank = (i * n + count - 1) / count;  // at least i/count of n
    const double edge =
        sample[static_cast<size_t>(std::max<int64_t>(rank, 1) - 1)];
    if (!edges.empty() && edge == edges.back()) {
      // An atom: set it off from the values below it.
      edges.back() =
          std::nextafter(edge, -std::numeric_limits<double>::infinity());
    }
    edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return Bins(std::move(edges));
}

Bins Bins::Fixed(double low, double high, int64_t count) {
  std::vector<double> edges;
  for (int64_t i = 1; i < count; ++i) {
    edges.push_back(low + (high - low) * static_cast<double>(i) /
                              static_cast<double>(count));
  }
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return Bins(std::move(edges));
}

int64_t Bins::Index(double value) const {
  if (std::isnan(value)) return count() - 1;
  return std::lower_bound(edges_.begin(), edges_.end(), value) - edges_.begin();
}

std::vector<double> Bins::Histogram(const std::vector<double>& sample) const {
  std::vector<double> counts(static_cast<size_t>(count()), 0);
  for (const double value : sample) ++counts[static_cast<size_t>(Index(value))];
  return counts;
}

double JensenShannonPermutationP(const std::vector<double>& a,
                                 const std::vector<double>& b, const Bins& bins,
                                 int permutations, RngStream* rng) {
  std::vector<int64_t> all;  // bin of each sample of the union
  for (const double value : a) all.push_back(bins.Index(value));
  for (const double value : b) all.push_back(bins.Index(value));
  const size_t count = static_cast<size_t>(bins.count());
  const auto divergence = [&]() {
    std::vector<double> p(count, 0), q(count, 0);
    for (size_t i = 0; i < all.size(); ++i) {
      ++(i < a.size() ? p : q)[static_cast<size_t>(all[i])];
    }
    return JensenShannon(p, q);
  };
  const double observed = divergence();
  int reached = 0;
  for (int round = 0; round < permutations; ++round) {
    for (size_t i = all.size() - 1; i > 0; --i) {
      std::swap(all[i], all[rng->UniformInt(i + 1)]);
    }
    reached += divergence() >= observed;
  }
  return (reached + 1.0) / (permutations + 1.0);
}

}  // namespace airlock
