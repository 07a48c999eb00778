#include "twin/gate/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "twin/forecast/interval_predictions.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLevel = 0.9;

class ModelPredictor : public Predictor {
 public:
  explicit ModelPredictor(ForecastModel model) : model_(std::move(model)) {}

  Answers Answer(const Trace& trace, int64_t begin, int64_t end) override {
    Answers answers;
    answers.predictions = model_.Predict(trace, begin, end);
    const size_t count = answers.predictions.value.size();
    answers.low.assign(count, kNaN);
    answers.high.assign(count, kNaN);
    const IntervalPredictions intervals =
        PredictIntervals(model_, answers.predictions);
    const size_t level = LevelOf(intervals.levels);
    if (level < intervals.levels.size()) {
      for (size_t i = 0; i < count; ++i) {
        answers.low[i] = intervals.intervals[i][level].low;
        answers.high[i] = intervals.intervals[i][level].high;
      }
      nominal_ = intervals.levels[level];
    }
    return answers;
  }

  std::vector<std::string> Inputs() const override {
    std::vector<std::string> inputs;
    for (const FeatureFacts& facts : model_.features()) {
      for (const std::string& column : facts.feature.Columns()) {
        if (std::count(inputs.begin(), inputs.end(), column) == 0) {
          inputs.push_back(column);
        }
      }
    }
    return inputs;
  }
  std::string target_unit() const override { return model_.target_unit(); }
  double nominal_coverage() const override { return nominal_; }
  int64_t history() const override { return model_.LongestLag(); }
  const ForecastModel* model() const override { return &model_; }

 private:
  // The level nearest to 90 %.
  static size_t LevelOf(const std::vector<double>& levels) {
    const auto nearest =
        std::min_element(levels.begin(), levels.end(), [](double a, double b) {
          return std::abs(a - kLevel) < std::abs(b - kLevel);
        });
    return static_cast<size_t>(nearest - levels.begin());
  }

  ForecastModel model_;
  double nominal_ = 0;
};

// The features that a program is shown: columns of the same sample.
std::vector<Feature> ProgramFeatures(const ForecastProblem& problem,
                                     const std::string& name,
                                     const Trace& trace) {
  std::vector<Feature> shown;
  for (const Feature& feature : SelectFeatures(problem, trace).features) {
    const bool past = problem.past_target && feature.column == problem.target &&
                      feature.shift == (problem.horizon == 0 ? -1 : 0);
    if (past) continue;  // goes by as last_target
    if (feature.shift != 0) {
      throw InputError(
          fmt::format("{}: a program is shown one sample after the other and "
                      "keeps its own history; it cannot be given {}",
                      name, feature.Label()));
    }
    // The offered rate is known where the file says so, and only then.
    const Column& column = trace.Get(feature.column);
    if (problem.horizon == 0 && column.role == Role::kKpi &&
        !IsOfferedRate(column)) {
      throw InputError(
          fmt::format("{}: {} is measured together with {}, which is to be "
                      "inferred without it; a program cannot be given it",
                      name, feature.column, problem.target));
    }
    shown.push_back(feature);
  }
  return shown;
}

}  // namespace

std::unique_ptr<Predictor> PredictorOf(ForecastModel model) {
  return std::make_unique<ModelPredictor>(std::move(model));
}

ProgramPredictor::ProgramPredictor(const ModelConfig& config,
                                   const std::string& folder,
                                   const QuestionConfig& question,
                                   const Trace& trace,
                                   const LateQuestions* late_before)
    : call_{config.command, folder},
      target_(question.target),
      unit_(trace.Get(question.target).unit),
      horizon_(question.horizon),
      history_(config.lags),
      past_target_(config.past_target),
      late_before_(late_before) {
  limits_.answer_seconds = Seconds(config.answer_within);
  limits_.start_seconds = Seconds(config.start_within);
  ForecastProblem problem = ProblemOf(question, config);
  problem.lags = 0;
  features_ = ProgramFeatures(problem, config.name, trace);
}

std::vector<std::string> ProgramPredictor::Inputs() const {
  std::vector<std::string> inputs;
  for (const Feature& feature : features_) inputs.push_back(feature.column);
  return inputs;
}

Answers ProgramPredictor::Answer(const Trace& trace, int64_t begin,
                                 int64_t end) {
  const SampleTable table = BuildSamples(trace, features_, target_, horizon_);
  const int64_t stream = streams_++;
  ProgramLimits limits = limits_;
  if (late_before_ != nullptr) {
    const auto found = late_before_->find(stream);
    limits.late_before =
        found == late_before_->end() ? std::vector<int64_t>() : found->second;
  }
  ProgramSession session(call_, limits);
  Answers answers;
  const int64_t last = std::min(end, table.rows());
  for (int64_t t = std::max<int64_t>(0, begin - history_); t < last; ++t) {
    ThrowIfInterrupted();
    const auto row = static_cast<size_t>(t);
    json values = json::object();
    for (size_t k = 0; k < features_.size(); ++k) {
      values[features_[k].column] = NumberOrNull(table.Row(t)[k]);
    }
    json question = {{"time", trace.time_seconds[row]},
                     {"values", std::move(values)}};
    if (past_target_) {
      question["last_target"] = NumberOrNull(table.last_target[row]);
    }
    Answers one;
    Append(session.Ask(std::move(question)), &session, &one);
    if (t < begin) continue;
    answers.predictions.origin.push_back(t);
    answers.predictions.observed.push_back(table.y[row]);
    answers.predictions.last_target.push_back(table.last_target[row]);
    answers.predictions.value.push_back(one.predictions.value[0]);
    answers.low.push_back(one.low[0]);
    answers.high.push_back(one.high[0]);
  }
  session.Finish();
  account_before_ = account_;
  account_.Add(session.account());
  if (!session.account().late_questions.empty()) {
    late_[stream] = session.account().late_questions;
  }
  return answers;
}

void ProgramPredictor::Append(const json& answer, ProgramSession* session,
                              Answers* answers) {
  double value = kNaN;
  double low = kNaN;
  double high = kNaN;
  if (!answer.is_null()) {
    std::string wrong;
    if (answer.find("value") == answer.end()) wrong = "it has no \"value\"";
    if (!ReadNumber(answer, "value", &value)) wrong = "its value is no number";
    if (!ReadNumber(answer, "low", &low)) wrong = "its low is no number";
    if (!ReadNumber(answer, "high", &high)) wrong = "its high is no number";
    if (low > high) wrong = "its low is above its high";
    if (!wrong.empty()) {
      session->Refuse(wrong);
      value = low = high = kNaN;
    }
  }
  if (std::isfinite(low) && std::isfinite(high)) gave_interval_ = true;
  answers->predictions.value.push_back(std::isfinite(value) ? value : kNaN);
  answers->low.push_back(low);
  answers->high.push_back(high);
}

}  // namespace airlock
