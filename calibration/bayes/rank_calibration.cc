#include "calibration/bayes/rank_calibration.h"

#include <algorithm>
#include <numeric>

#include "sim/stats/interval.h"

namespace airlock {
namespace {

// The x with ChiSquaredTail(x, freedom) = tail.
double ChiSquareQuantile(double tail, double freedom) {
  double low = 0, high = 1000 + 10 * freedom;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (ChiSquaredTail(middle, freedom) > tail ? low : high) = middle;
  }
  return low;
}

}  // namespace

double ChiSquareOfUniform(const std::vector<int64_t>& counts) {
  const double expected = static_cast<double>(std::accumulate(
                              counts.begin(), counts.end(), int64_t{0})) /
                          static_cast<double>(counts.size());
  double chi = 0;
  for (int64_t count : counts) {
    const double difference = static_cast<double>(count) - expected;
    chi += difference * difference / expected;
  }
  return chi;
}

double RankHistogram::greatest() const {
  return *std::max_element(chi_square.begin(), chi_square.end());
}

RankHistogram CheckRanks(const DiscrepancyModel& world,
                         const DiscrepancyModel& model,
                         const RankOptions& options, const RngTree& tree,
                         const std::function<void(int64_t)>& done) {
  const size_t parameters = static_cast<size_t>(model.parameters());
  RankHistogram histogram;
  histogram.counts.assign(
      parameters,
      std::vector<int64_t>(static_cast<size_t>(options.draws) + 1, 0));
  MetropolisOptions sampler;
  sampler.chains = 1;
  sampler.warmup = options.warmup;
  sampler.draws = options.draws * options.thin;
  sampler.doublings = 0;  // the ranks themselves tell whether it is enough
  for (int s = 0; s < options.simulations; ++s) {
    RngStream stream = tree.Stream("calibration/ranks", Replication(s));
    const Eigen::VectorXd truth = world.PriorDraw(&stream);
    const DiscrepancyModel simulated =
        model.WithObserved(world.Simulate(truth, &stream));
    const Eigen::MatrixXd draws =
        simulated
            .Sample(sampler, tree, "calibration/ranks/" + std::to_string(s))
            .chains.front();
    for (size_t j = 0; j < parameters; ++j) {
      const auto column = static_cast<Eigen::Index>(j);
      size_t rank = 0;
      for (int i = 0; i < options.draws; ++i) {
        const int row = (i + 1) * options.thin - 1;
        rank += draws(row, column) < truth(column) ? 1 : 0;
      }
      ++histogram.counts[j][rank];
    }
    if (done) done(s + 1);
  }
  for (const auto& counts : histogram.counts) {
    histogram.chi_square.push_back(ChiSquareOfUniform(counts));
  }
  histogram.limit =
      ChiSquareQuantile(0.05 / static_cast<double>(parameters), options.draws);
  return histogram;
}

}  // namespace airlock
