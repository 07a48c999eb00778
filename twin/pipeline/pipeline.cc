#include "twin/pipeline/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/error.h"
#include "twin/pipeline/fit.h"
#include "twin/pipeline/interval_calibration.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

constexpr size_t kRankingShown = 20;

// The numbers of features to try, `none` being all.
std::vector<int64_t> NumbersToKeep(const SelectionStage& selection) {
  return selection.method == "none" ? std::vector<int64_t>{0} : selection.keep;
}

// Least squares, trained in milliseconds, tries every number of features; the
// others start from the number that was best for it, and tuning may leave it.
bool IsCostly(const std::string& trainer) {
  return trainer != "linear" && trainer != "ridge";
}

bool Better(const TriedCandidate& a, const TriedCandidate& b) {
  if (a.refused.empty() != b.refused.empty()) return a.refused.empty();
  return a.validation.all.rmse < b.validation.all.rmse;
}

// Of each trainer its best, the best trainer first.
std::vector<TriedCandidate> BestOfEach(const std::vector<TriedCandidate>& all) {
  std::vector<TriedCandidate> best;
  for (const TriedCandidate& tried : all) {
    const auto same =
        std::find_if(best.begin(), best.end(), [&](const TriedCandidate& each) {
          return each.candidate.trainer == tried.candidate.trainer;
        });
    if (same == best.end()) {
      best.push_back(tried);
    } else if (Better(tried, *same)) {
      *same = tried;
    }
  }
  std::stable_sort(best.begin(), best.end(), Better);
  return best;
}

// Counts evaluations towards an upper bound of their number.
class Counter {
 public:
  Counter(const PipelineFile& file, const Progress& progress)
      : progress_(progress) {
    for (const std::string& model : file.models) {
      total_ +=
          IsCostly(model)
              ? 1
              : static_cast<int64_t>(NumbersToKeep(file.selection).size());
    }
    total_ += std::max<int64_t>(file.tuning.evaluations - 1, 0) *
              std::min<int64_t>(file.tuning.models,
                                static_cast<int64_t>(file.models.size()));
  }
  void Tick() {
    ++done_;
    if (progress_) progress_(std::min(done_, total_), total_);
  }

 private:
  const Progress& progress_;
  int64_t done_ = 0;
  int64_t total_ = 0;
};

void TryDefaults(const PipelineFile& file, const ValidationBench& bench,
                 Counter* counter, std::vector<TriedCandidate>* tried) {
  const std::vector<int64_t> keep = bench.NumbersToKeep();
  for (const bool costly : {false, true}) {
    const std::vector<TriedCandidate> cheap = BestOfEach(*tried);
    for (const std::string& model : file.models) {
      if (IsCostly(model) != costly) continue;
      std::vector<int64_t> numbers = keep;
      if (costly && !cheap.empty()) numbers = {cheap.front().candidate.keep};
      for (const int64_t number : numbers) {
        const auto start = file.parameters.find(model);
        Candidate candidate;
        candidate.trainer = model;
        if (start != file.parameters.end())
          candidate.parameters = start->second;
        candidate.keep = number;
        tried->push_back(Try(file, bench, candidate));
        counter->Tick();
      }
    }
  }
}

// What the ranking of all training rows looks like, and how far it holds.
void DescribeRanking(const PipelineFile& file, const ValidationBench& bench,
                     PipelineRecord* record) {
  if (bench.ranking().empty()) return;
  for (size_t i = 0; i < std::min(bench.ranking().size(), kRankingShown); ++i) {
    const auto column = static_cast<size_t>(bench.ranking()[i].column);
    record->ranking.push_back(
        bench.preparation().features()[column].feature.Label());
  }
  const int64_t kept = record->choice.best.candidate.keep;
  if (file.selection.resamples < 2 || kept == 0 ||
      kept >= bench.prepared().columns) {
    return;
  }
  StabilityOptions options;
  options.count = kept;
  options.resamples = file.selection.resamples;
  options.ranking.seed = static_cast<uint64_t>(file.seed);
  options.ranking.limit = kept;
  record->stability_count = kept;
  record->stability = MeasureStability(
      ParseRankingMethod(file.selection.method), bench.prepared(), options);
}

// With intervals a file is larger than it was among the candidates.
void CheckSize(const PipelineFile& file, const ForecastModel& model) {
  const int64_t bytes = ModelSizeBytes(model);
  if (bytes <= file.tuning.maximum_bytes) return;
  throw InputError(fmt::format(
      "the model has {} B with its intervals, more than tuning.maximum_bytes = "
      "{}; fewer levels, the intervals none, or a higher limit",
      bytes, file.tuning.maximum_bytes));
}

}  // namespace

Choice ChooseModel(const PipelineFile& file, const ValidationBench& bench,
                   const Progress& progress) {
  Choice choice;
  Counter counter(file, progress);
  TryDefaults(file, bench, &counter, &choice.tried);
  const std::vector<TriedCandidate> ranked = BestOfEach(choice.tried);
  choice.untuned = ranked.front();
  choice.best = choice.untuned;
  if (file.tuning.evaluations > 1) {
    for (const TriedCandidate& start : ranked) {
      if (static_cast<int64_t>(choice.tuning.size()) == file.tuning.models) {
        break;
      }
      if (FindTrainer(start.candidate.trainer).search.empty()) continue;
      choice.tuning.push_back(
          Tune(file, bench, start, [&] { counter.Tick(); }));
      const TuningRecord& record = choice.tuning.back();
      if (Better(record.tried[record.best], choice.best)) {
        choice.best = record.tried[record.best];
      }
    }
  }
  if (!choice.best.refused.empty()) {
    throw InputError(fmt::format("no model may be chosen; {}: {}",
                                 choice.best.candidate.ToText(),
                                 choice.best.refused));
  }
  return choice;
}

PipelineFeatures FindFeatures(const PipelineFile& file, const Trace& training) {
  PipelineFeatures found;
  found.problem = ProblemOf(file);
  if (file.preparation.enabled && file.preparation.clock_offset > 0) {
    ClockOffsetOptions options;
    options.maximum = file.preparation.clock_offset;
    options.seed = static_cast<uint64_t>(file.seed);
    found.clock_offset = FindClockOffset(training, file.target, options);
    found.problem.clock_offset = found.clock_offset->samples;
  }
  found.selection = SelectFeatures(found.problem, training);
  return found;
}

ForecastModel MakeModel(const PipelineFile& file,
                        const ForecastProblem& problem,
                        const Candidate& candidate, const Trace& trace,
                        int64_t train_end) {
  const Trace training = trace.Slice(0, train_end);
  PipelineFeatures found;
  found.problem = problem;
  found.selection = SelectFeatures(problem, training);
  const SampleTable rows =
      BuildSamples(training, found.selection.features, problem.target,
                   problem.horizon, problem.samples);
  FittedCandidate fitted = FitCandidate(file, found, rows, candidate);
  ModelParts parts = StartOfModel(problem, found.selection, training);
  parts.preparation = std::move(fitted.preparation);
  fitted.record.dropped.insert(fitted.record.dropped.begin(),
                               parts.record.dropped.begin(),
                               parts.record.dropped.end());
  parts.record = std::move(fitted.record);
  parts.forecaster = std::move(fitted.forecaster);
  parts.trainer = candidate.trainer;
  parts.configuration = ConfigurationText(file, candidate);
  return ForecastModel(std::move(parts));
}

PipelineResult RunPipeline(const PipelineFile& file, const Trace& trace,
                           const BeginStage& begin_stage) {
  const auto begin = [&](const char* stage) {
    return begin_stage ? begin_stage(stage) : Progress();
  };
  PipelineRecord record;
  record.trace_source = trace.source;
  record.trace_digest = trace.Digest();
  record.samples = trace.samples();
  record.split =
      SplitInTime(trace.samples(), {file.split.train.value(), file.split.gap});
  const Trace training = trace.Slice(0, record.split.train_end);
  begin("finding the features");
  const PipelineFeatures found = FindFeatures(file, training);
  record.clock_offset = found.clock_offset;
  const ValidationBench bench(
      file, found,
      BuildSamples(training, found.selection.features, file.target,
                   file.horizon, found.problem.samples));
  record.choice = ChooseModel(file, bench, begin("choosing the model"));
  begin("ranking the features on resamples");
  DescribeRanking(file, bench, &record);
  const auto fit = [&](const ForecastProblem& problem, const Trace& any,
                       int64_t train_end) {
    return MakeModel(file, problem, record.choice.best.candidate, any,
                     train_end);
  };
  begin("fitting the model and trying to falsify it");
  const ForecastModel model = fit(found.problem, trace, record.split.train_end);
  record.falsifiers =
      RunFalsifiers(model, found.problem, trace,
                    {file.split.train.value(), file.split.gap}, fit, {});
  begin("calibrating its intervals");
  ForecastModel calibrated =
      WithCalibratedIntervals(file, bench, record.choice.best, model);
  CheckSize(file, calibrated);
  return {std::move(calibrated), std::move(record)};
}

}  // namespace airlock
