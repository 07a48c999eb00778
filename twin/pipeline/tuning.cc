#include "twin/pipeline/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "sim/optimisation/bayesian_optimiser.h"
#include "sim/optimisation/random_search.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

constexpr const char* kKeep = "features";
constexpr int kConstraints = 2;  // time, size
// One in so many evaluations is spread over the ranges before the model of them
// says where to look: evaluations are few, and a start is known.
constexpr int kInitialShare = 4, kFewestInitialPoints = 3;

// The axes of the search: the trainer's own, then which of the numbers of
// features.
std::vector<SearchDimension> AxesOf(const TrainerEntry& trainer,
                                    const std::vector<int64_t>& keep) {
  std::vector<SearchDimension> axes;
  for (const TunableParameter& each : trainer.search) {
    if (each.factor != nullptr) {
      axes.push_back({each.name, each.least_product, each.most_product,
                      each.logarithmic, false});
    } else {
      axes.push_back({each.name, each.minimum, each.maximum, each.logarithmic,
                      each.integer});
    }
  }
  if (keep.size() > 1) {
    axes.push_back(
        {kKeep, 0, static_cast<double>(keep.size() - 1), false, true});
  }
  return axes;
}

Candidate CandidateAt(const std::vector<double>& point,
                      const TrainerEntry& trainer,
                      const std::vector<SearchDimension>& axes,
                      const std::vector<int64_t>& keep,
                      const Candidate& start) {
  Candidate candidate = start;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].name == kKeep) {
      candidate.keep = keep[static_cast<size_t>(std::lround(point[i]))];
    } else {
      candidate.parameters[axes[i].name] = point[i];
    }
  }
  for (const TunableParameter& each : trainer.search) {
    if (each.factor == nullptr) continue;
    double& value = candidate.parameters.at(each.name);  // yet a product
    value /= candidate.parameters.at(each.factor);
    if (each.integer) value = std::round(value);
    value = std::clamp(value, each.minimum, each.maximum);
  }
  return candidate;
}

// Where the start lies on the axes; its parameters are brought into the
// searched range.
std::vector<double> PointOf(const Candidate& candidate,
                            const TrainerEntry& trainer,
                            const std::vector<SearchDimension>& axes,
                            const std::vector<int64_t>& keep) {
  const std::map<std::string, double> resolved =
      ResolveParameters(trainer.name, trainer.parameters, candidate.parameters);
  std::map<std::string, double> parameters = resolved;
  for (const TunableParameter& each : trainer.search) {
    if (each.factor != nullptr) {
      parameters[each.name] *= resolved.at(each.factor);
    }
  }
  std::vector<double> point;
  for (const SearchDimension& axis : axes) {
    const double value =
        axis.name == kKeep
            ? static_cast<double>(
                  std::find(keep.begin(), keep.end(), candidate.keep) -
                  keep.begin())
            : parameters.at(axis.name);
    point.push_back(std::min(std::max(value, axis.low), axis.high));
  }
  return point;
}

// What the optimiser learns of a tried candidate: the logarithm of its error,
// so that a bad region does not drown the differences among the good.
Evaluation EvaluationOf(const PipelineFile& file, const TriedCandidate& tried,
                        const std::vector<double>& point) {
  Evaluation evaluation;
  evaluation.point = point;
  evaluation.value = std::log(tried.validation.all.rmse);
  evaluation.constraints = {
      std::log(tried.microseconds / file.tuning.maximum_microseconds),
      std::log(static_cast<double>(tried.bytes) /
               static_cast<double>(file.tuning.maximum_bytes))};
  return evaluation;
}

std::unique_ptr<Optimiser> MakeOptimiser(
    const PipelineFile& file, const std::vector<SearchDimension>& axes) {
  const auto seed = static_cast<uint64_t>(file.seed);
  if (file.tuning.search == "random") {
    return std::make_unique<RandomSearch>(axes, seed, kConstraints);
  }
  BayesianOptions options;
  options.seed = seed;
  options.constraints = kConstraints;
  options.initial_points =
      std::max(kFewestInitialPoints,
               static_cast<int>(file.tuning.evaluations) / kInitialShare);
  return std::make_unique<BayesianOptimiser>(axes, options);
}

}  // namespace

TriedCandidate Try(const PipelineFile& file, const ValidationBench& bench,
                   const Candidate& candidate) {
  TriedCandidate tried;
  tried.candidate = candidate;
  ValidatedCandidate validated = bench.ValidateWithCost(candidate);
  tried.validation = std::move(validated.scores);
  // Of a few more rows trees grow a little: near a limit it is asked again.
  ModelCost cost = validated.cost;
  if (cost.bytes > file.tuning.maximum_bytes / 4 ||
      cost.microseconds > file.tuning.maximum_microseconds / 2) {
    cost = bench.CostOnAllRows(candidate);
  }
  tried.bytes = cost.bytes;
  tried.microseconds = cost.microseconds;
  if (tried.bytes > file.tuning.maximum_bytes) {
    tried.refused = fmt::format("{} B are more than {} B", tried.bytes,
                                file.tuning.maximum_bytes);
  } else if (tried.microseconds > file.tuning.maximum_microseconds) {
    tried.refused =
        fmt::format("{:.1f} us are more than {:g} us", tried.microseconds,
                    file.tuning.maximum_microseconds);
  }
  return tried;
}

TuningRecord Tune(const PipelineFile& file, const ValidationBench& bench,
                  const TriedCandidate& start,
                  const std::function<void()>& tick) {
  TuningRecord record;
  record.trainer = start.candidate.trainer;
  record.tried.push_back(start);
  const TrainerEntry& trainer = FindTrainer(record.trainer);
  const std::vector<int64_t> keep = bench.NumbersToKeep();
  const std::vector<SearchDimension> axes = AxesOf(trainer, keep);
  if (axes.empty()) return record;
  const std::unique_ptr<Optimiser> optimiser = MakeOptimiser(file, axes);
  optimiser->Tell(
      EvaluationOf(file, start, PointOf(start.candidate, trainer, axes, keep)));
  for (int64_t i = 1; i < file.tuning.evaluations; ++i) {
    if (optimiser->Finished()) {
      record.stopped_early = true;
      break;
    }
    const std::vector<double> point = optimiser->Ask();
    record.tried.push_back(Try(
        file, bench, CandidateAt(point, trainer, axes, keep, start.candidate)));
    optimiser->Tell(EvaluationOf(file, record.tried.back(), point));
    tick();
  }
  for (size_t i = 1; i < record.tried.size(); ++i) {
    const TriedCandidate& best = record.tried[record.best];
    const TriedCandidate& tried = record.tried[i];
    if (tried.refused.empty() &&
        (!best.refused.empty() ||
         tried.validation.all.rmse < best.validation.all.rmse)) {
      record.best = i;
    }
  }
  return record;
}

}  // namespace airlock
