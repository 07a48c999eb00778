#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "calibration/traces/importer.h"
#include "sim/stats/interval.h"
#include "sim/stats/quantile.h"
#include "sim/stats/t_test.h"
#include "tests/support/measured_data.h"
#include "twin/pipeline/pipeline.h"

namespace airlock {
namespace {

constexpr int64_t kSeeds = 20;
constexpr int64_t kEvaluations = 20;  // of each search, its start included

// Inference from the functions' counters, the offered rate unseen. Three folds
// and coarse histograms keep an evaluation at a fraction of a second.
PipelineFile TuningFile() {
  PipelineFile file;
  file.name = "tuning";
  file.preparation.clock_offset = 0;
  file.preparation.lags = 0;
  file.selection.keep = {8, 16, 32};
  file.validation.folds = 3;
  file.tuning.evaluations = kEvaluations;
  return file;
}

Candidate Start() {
  Candidate candidate;
  candidate.trainer = "xgboost";
  candidate.parameters["bins"] = 16;
  candidate.keep = 16;
  return candidate;
}

// The searches of one kind, one a seed.
struct Searches {
  std::vector<double> log_error;  // of the best candidate of each
  int64_t evaluations = 0;
  double seconds = 0;
};

// Every search has the same bench and start: only the optimiser's seed differs.
Searches SearchAll(PipelineFile file, const std::string& search,
                   const ValidationBench& bench, const TriedCandidate& start) {
  Searches searches;
  file.tuning.search = search;
  const auto begin = std::chrono::steady_clock::now();
  for (file.seed = 1; file.seed <= kSeeds; ++file.seed) {
    const TuningRecord record = Tune(file, bench, start, [] {});
    const TriedCandidate& best = record.tried[record.best];
    EXPECT_LE(best.validation.all.rmse, start.validation.all.rmse);
    searches.log_error.push_back(std::log(best.validation.all.rmse));
    searches.evaluations += static_cast<int64_t>(record.tried.size());
  }
  searches.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return searches;
}

void Print(const char* name, const Searches& searches) {
  std::vector<double> sorted = searches.log_error;
  std::sort(sorted.begin(), sorted.end());
  fmt::print(
      "  {:8}  median {:.5g}  best {:.5g}  worst {:.5g}  {} evaluations"
      "  {:.0f} s\n",
      name, std::exp(QuantileOfSorted(sorted, 0.5)), std::exp(sorted.front()),
      std::exp(sorted.back()), searches.evaluations, searches.seconds);
}

// The error of the better candidate, Bayesian against random, paired by seed.
// One-sided at 5 %: a bound of a two-sided 90 % interval.
Interval Compare(const std::string& name, const std::vector<double>& bayesian,
                 const std::vector<double>& random) {
  int64_t wins = 0;
  for (size_t i = 0; i < bayesian.size(); ++i) {
    wins += bayesian[i] < random[i] ? 1 : 0;
  }
  const Interval shown = PairedTest(random, bayesian, 0.95).difference;
  fmt::print(
      "{}: Bayesian ahead on {} of {} seeds; log error {:+.4f} "
      "[{:+.4f}, {:+.4f}]\n",
      name, wins, bayesian.size(), shown.estimate, shown.low, shown.high);
  return PairedTest(random, bayesian, 0.90).difference;
}

// What both kinds of search reach on one trace.
struct Contest {
  Searches bayesian;
  Searches random;
};

Contest Hold(const std::string& name, const Trace& trace) {
  const PipelineFile file = TuningFile();
  const Trace training = trace.Slice(
      0, SplitInTime(trace.samples(), {file.split.train.value(), 0}).train_end);
  const PipelineFeatures found = FindFeatures(file, training);
  const ValidationBench bench(
      file, found,
      BuildSamples(training, found.selection.features, file.target,
                   file.horizon, found.problem.samples));
  const TriedCandidate start = Try(file, bench, Start());
  const Contest contest = {SearchAll(file, "bayesian", bench, start),
                           SearchAll(file, "random", bench, start)};
  fmt::print("{}: validation RMSE (bit/s) of the best of {}; start {:.5g}\n",
             name, kEvaluations, start.validation.all.rmse);
  Print("Bayesian", contest.bayesian);
  Print("random", contest.random);
  EXPECT_LE(contest.bayesian.evaluations, contest.random.evaluations);
  return contest;
}

std::vector<double> MeanOf(const std::vector<double>& a,
                           const std::vector<double>& b) {
  std::vector<double> mean;
  for (size_t i = 0; i < a.size(); ++i) mean.push_back((a[i] + b[i]) / 2);
  return mean;
}

// On the two chains together, and significantly behind on neither.
TEST(TuneOnMeasuredChain, BayesianSearchBeatsRandomSearch) {
  AIRLOCK_MEASURED_OR_SKIP(stage0, "nfv-chain/stage0_linear_combined.csv.xz");
  AIRLOCK_MEASURED_OR_SKIP(dag1,
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz");
  const Contest a = Hold("stage0", ImportTrace("drst", stage0));
  const Contest b = Hold("dag1", ImportTrace("drst", dag1));
  for (const auto& [name, contest] : {std::pair("stage0", a), {"dag1", b}}) {
    const Interval difference =
        Compare(name, contest.bayesian.log_error, contest.random.log_error);
    EXPECT_LT(difference.low, 0) << name;
  }
  const Interval both =
      Compare("both", MeanOf(a.bayesian.log_error, b.bayesian.log_error),
              MeanOf(a.random.log_error, b.random.log_error));
  EXPECT_LT(both.high, 0);
}

}  // namespace
}  // namespace airlock
