#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "sim/base/file.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"
#include "twin/gate/disturbance.h"
#include "twin/gate/evidence_collector.h"
#include "twin/gate/probe.h"

namespace airlock {
namespace {

constexpr int64_t kProbeQuestions = 60;
constexpr int64_t kMostInputs = 12;
constexpr int64_t kTimedCalls = 5000;
// A program that is slower than that is timed less often.
constexpr double kTimingSeconds = 60;
constexpr int64_t kFewestTimedCalls = 1000;
constexpr int64_t kDisturbedSamples = 300;
constexpr int64_t kWrongUnits = 4;

double SampleInterval(const Trace& trace) {
  std::vector<double> gaps;
  for (size_t i = 1; i < trace.time_seconds.size(); ++i) {
    gaps.push_back(trace.time_seconds[i] - trace.time_seconds[i - 1]);
  }
  return gaps.empty() ? 0 : Median(gaps);
}

// The longest spell of one value in a column that otherwise moves.
int64_t LongestSpell(const std::vector<double>& values) {
  int64_t longest = 0;
  int64_t spell = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    spell = values[i] == values[i - 1] ? spell + 1 : 0;
    longest = std::max(longest, spell + 1);
  }
  return longest;
}

}  // namespace

void EvidenceCollector::NoteAccount() {
  const auto found = predictors_.find("candidate");
  if (found == predictors_.end()) return;
  if (const ProgramAccount* account = found->second->account()) {
    evidence_.behaviour.program = *account;
  }
}

std::vector<std::string> EvidenceCollector::NamedInputs() const {
  std::vector<std::string> named;
  const ModelConfig& config = evidence_.file.candidate;
  if (!config.model.empty()) return named;
  for (const FeaturePattern& pattern : ParseFeaturePatterns(config.features)) {
    if (pattern.glob.find_first_of("*?[") == std::string::npos) {
      named.push_back(pattern.glob);
    }
  }
  return named;
}

// The target's samples: a source that has stopped, or a unit that changes half
// way, is no evidence for anybody.
void EvidenceCollector::CheckTrace() {
  const Trace& trace = evidence_.trace;
  BehaviourEvidence& behaviour = evidence_.behaviour;
  behaviour.sample_interval_seconds = SampleInterval(trace);
  const Column& target = trace.Get(evidence_.file.question.target);
  const auto cut = target.values.begin() + evidence_.split.test_begin;
  const std::vector<double> before = DropMissing({target.values.begin(), cut});
  const std::vector<double> held_out = DropMissing({cut, target.values.end()});
  auto fault = [&](std::string what) {
    behaviour.data_faults.push_back(std::move(what));
  };
  if (held_out.empty()) {
    fault(fmt::format("{} has no value in the held-out part", target.name));
    return;
  }
  if (held_out.size() > 1 && Variance(held_out) == 0) {
    fault(
        fmt::format("{} is {:g} {} in all of the held-out part: its source "
                    "has stopped, or there is nothing to predict",
                    target.name, held_out[0], target.unit));
    return;
  }
  const int64_t spell = LongestSpell(held_out);
  if (5 * spell > static_cast<int64_t>(held_out.size()) && spell > 20) {
    fault(
        fmt::format("{} keeps one value for {} of {} held-out samples: a "
                    "source that is stale",
                    target.name, spell, held_out.size()));
  }
  const double a = before.empty() ? 0 : Median(before);
  const double b = Median(held_out);
  if (!before.empty() && a > 0 && b > 0 && (b / a > 200 || a / b > 200)) {
    fault(
        fmt::format("{} is {:.0f} times as large in the held-out part as "
                    "before it: another unit?",
                    target.name, b / a));
  }
}

void EvidenceCollector::CollectBehaviour(const Answers& candidate) {
  Begin("asking the candidate about its inputs");
  BehaviourEvidence& behaviour = evidence_.behaviour;
  const Predictions& p = candidate.predictions;
  behaviour.output = DescribeOutput(p.value, p.observed, p.last_target);
  RngStream rng = RngTree(static_cast<uint64_t>(evidence_.file.seed))
                      .Stream("gate/probe", Replication(0));
  Predictor& asked = predictor("candidate");
  const Trace& trace = evidence_.trace;
  const int64_t begin = evidence_.split.test_begin;
  behaviour.inputs = ProbeInputs(&asked, trace, begin, kProbeQuestions,
                                 NamedInputs(), kMostInputs, &rng);
  behaviour.corners = ProbeCorners(&asked, trace, kMostInputs);
  if (asked.model() == nullptr) {
    behaviour.question =
        ProbeQuestion(&asked, trace, begin, kProbeQuestions, &rng);
    behaviour.lookup = ProbeLookup(&asked, trace, begin);
    evidence_.leak.predictions_checked = behaviour.lookup->asked;
  }
  NoteAccount();
}

void EvidenceCollector::CollectCost() {
  Begin("timing the candidate");
  Predictor& asked = predictor("candidate");
  CostEvidence cost;
  cost.clock = "monotonic";
  if (const ForecastModel* const model = asked.model()) {
    clock_ = repeated_ ? *repeated_
                       : TimeModel(*model, evidence_.trace, kTimedCalls);
  } else {
    // As many calls as there are, and the rest in one long stream.
    const ProgramAccount before = *asked.account();
    const auto so_far = static_cast<int64_t>(before.latency_seconds.size());
    const double usual = so_far == 0 ? 0 : Median(before.latency_seconds);
    int64_t calls = std::max(evidence_.trace.samples(), kTimedCalls);
    if (usual * static_cast<double>(calls) > kTimingSeconds && !repeated_) {
      calls = std::max(std::max<int64_t>(0, kFewestTimedCalls - so_far),
                       static_cast<int64_t>(kTimingSeconds / usual));
    }
    if (repeated_) calls = repeated_->timed_calls;
    clock_.timed_calls = calls;
    if (calls > 0) {
      const Answers answers =
          asked.Answer(Prolonged(evidence_.trace, calls), 0, calls);
      const Predictions& p = answers.predictions;
      evidence_.behaviour.long_output =
          DescribeOutput(p.value, p.observed, p.last_target);
      evidence_.behaviour.long_asked = static_cast<int64_t>(p.value.size());
      evidence_.behaviour.long_not_a_number =
          evidence_.behaviour.long_asked -
          evidence_.behaviour.long_output->answers;
    }
    NoteAccount();
    const ProgramAccount& account = *evidence_.behaviour.program;
    clock_.latency_seconds =
        repeated_ ? repeated_->latency_seconds : account.latency_seconds;
    clock_.resident_bytes =
        repeated_ ? repeated_->resident_bytes : account.peak_resident_bytes;
    clock_.start_seconds =
        repeated_ ? repeated_->start_seconds : account.slowest_start_seconds;
    cost.failed_calls = account.faults();
  }
  cost.latency_seconds = clock_.latency_seconds;
  cost.resident_bytes = clock_.resident_bytes;
  for (const std::string& file : candidate_files_) {
    cost.artefact_bytes +=
        static_cast<int64_t>(std::filesystem::file_size(PathOf(file)));
  }
  evidence_.cost = std::move(cost);
}

void EvidenceCollector::CollectRobustness() {
  const Progress progress = Begin("disturbing the candidate's inputs");
  const int64_t begin = evidence_.split.test_begin;
  const int64_t end =
      std::min(evidence_.trace.samples(), begin + kDisturbedSamples);
  const std::vector<std::string> inputs = predictor("candidate").Inputs();
  const std::vector<Disturbance> grid = DisturbanceGrid(inputs, kWrongUnits);
  const RngTree tree(static_cast<uint64_t>(evidence_.file.seed));
  std::vector<std::string> concerned = inputs;
  for (const std::string& input : predictor("incumbent").Inputs()) {
    concerned.push_back(input);
  }
  // The target is the truth, and stays.
  const std::string& target = evidence_.file.question.target;
  concerned.erase(std::remove(concerned.begin(), concerned.end(), target),
                  concerned.end());
  const auto ask = [&](const char* name, const Trace& trace) {
    const Answers answers = predictor(name).Answer(trace, begin, end);
    std::vector<double> errors(static_cast<size_t>(end - begin),
                               std::numeric_limits<double>::quiet_NaN());
    const Predictions& p = answers.predictions;
    for (size_t i = 0; i < p.origin.size(); ++i) {
      errors[static_cast<size_t>(p.origin[i] - begin)] =
          std::abs(p.value[i] - p.observed[i]);
    }
    return errors;
  };
  const std::vector<double> clean = ask("candidate", evidence_.trace);
  for (size_t i = 0; i < grid.size(); ++i) {
    if (progress)
      progress(static_cast<int64_t>(i), static_cast<int64_t>(grid.size()));
    RngStream rng =
        tree.Stream("gate/" + grid[i].fault + grid[i].level, Replication(0));
    const Trace disturbed =
        Disturbed(evidence_.trace, grid[i], concerned, &rng);
    const std::map<std::string, std::vector<double>> errors = {
        {"candidate", ask("candidate", disturbed)},
        {"candidate_clean", clean},
        {"incumbent", ask("incumbent", disturbed)}};
    RobustnessCell cell;
    cell.fault = grid[i].fault;
    cell.level = grid[i].level;
    cell.samples.kpi = "absolute_error";
    cell.samples.autocorrelated = true;
    for (const auto& [name, values] : errors) {
      KpiSeries& series = cell.samples.models[name];
      series.unit = predictor("candidate").target_unit();
      series.clock = "held-out";
      for (size_t t = 0; t < values.size(); ++t) {
        // Samples without an observed target are nobody's.
        if (!std::isnan(clean[t])) series.values.push_back(values[t]);
      }
    }
    evidence_.robustness.push_back(std::move(cell));
  }
  NoteAccount();
}

void EvidenceCollector::WriteWallClock() {
  const auto found = predictors_.find("candidate");
  if (found != predictors_.end() && found->second->account() != nullptr) {
    clock_.late = static_cast<const ProgramPredictor&>(*found->second).late();
  }
  if (repeated_) clock_ = *repeated_;
  WriteFileAtomically(PathOf(kWallClockName), ToText(clock_) + "\n");
}

}  // namespace airlock
