#pragma once

#include <cstdint>
#include <vector>

#include "sim/stats/bootstrap.h"
#include "sim/stats/interval.h"

namespace airlock {

// What the scores of a few training runs say about an algorithm (Agarwal et
// al., "Deep reinforcement learning at the edge of the statistical precipice",
// NeurIPS 2021). A score belongs to a run, a seed: [task][run]. Tasks may have
// different numbers of runs; none may be empty.
using RunScores = std::vector<std::vector<double>>;

// Fewer runs than that give intervals that promise more than they hold: the
// percentile interval of the interquartile mean at a nominal 95 % covers 67 to
// 86 % with 3 runs, 88 to 92 % with 5, 93 to 95 % with 10 (ibid., figure A.20
// and text).
inline constexpr int64_t kFewestRuns = 10;

// Throws InputError that says how many runs there are and why that is too few,
// if any task has fewer than kFewestRuns. For whoever states a claim.
void RequireRuns(const RunScores& scores);

// All values without the floor(n / 4) lowest and as many highest: their mean.
// NaN if empty or with a missing value.
double InterquartileMean(std::vector<double> values);

// How far scores fall short of `target` on average, above which they count as
// `target`.
double OptimalityGap(const std::vector<double>& values, double target);

// The share of scores above each threshold, averaged over tasks.
std::vector<double> PerformanceProfile(const RunScores& scores,
                                       const std::vector<double>& thresholds);

// P(a run of `x` scores above one of `y`), ties by half, averaged over tasks
// (ibid., eq. 2; the U statistic of Mann and Whitney). Equally many tasks.
double ProbabilityOfImprovement(const RunScores& x, const RunScores& y);

struct SeedBootstrap {
  double confidence = 0.95;
  int64_t resamples = 50000;
};

// `statistic` of all scores together with its percentile interval; runs are
// drawn with replacement within their task. Unknown below two runs of a task.
Interval StratifiedInterval(const RunScores& scores, const Statistic& statistic,
                            const SeedBootstrap& options, RngStream* rng);

// The same of ProbabilityOfImprovement(); runs of `x` and of `y` are drawn
// independently.
Interval ImprovementInterval(const RunScores& x, const RunScores& y,
                             const SeedBootstrap& options, RngStream* rng);

}  // namespace airlock
