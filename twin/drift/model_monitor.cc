#include "twin/drift/model_monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int64_t kFewestReferenceLabels = 100;
constexpr size_t kMostRecent = 1000;

// Of the model's intervals; empty if it has none.
std::vector<double> LevelsOf(const ForecastModel& model) {
  if (model.quantile_intervals()) return model.quantile_intervals()->levels();
  if (model.intervals()) return model.intervals()->options().levels;
  return {};
}

double NearestLevel(const std::vector<double>& levels, double wanted) {
  return *std::min_element(levels.begin(), levels.end(),
                           [wanted](double a, double b) {
                             return std::abs(a - wanted) < std::abs(b - wanted);
                           });
}

// Is the label within the interval of `level`, as calibrated, that the
// quantile forecasts give?
bool WithinQuantiles(const QuantileIntervals& intervals, double level,
                     const LabelledPrediction& labelled) {
  const std::vector<double> levels = intervals.levels();
  AIRLOCK_CHECK(labelled.quantiles.size() == levels.size(),
                "{} quantile forecasts for {} levels",
                labelled.quantiles.size(), levels.size());
  const auto at = static_cast<size_t>(
      std::find(levels.begin(), levels.end(), level) - levels.begin());
  return intervals.Intervals(labelled.quantiles)
      .at(at)
      .Contains(labelled.observed);
}

}  // namespace

std::vector<double> ModelMonitor::Row(
    const ForecastModel& model, const LabelledPrediction& labelled) const {
  const double error = std::abs(labelled.observed - labelled.predicted);
  if (model.quantile_intervals()) {
    const bool hit =
        WithinQuantiles(*model.quantile_intervals(), level_, labelled);
    return {error, hit ? 0.0 : 1.0};
  }
  if (!model.intervals()) return {error};
  const BaseInterval base = model.intervals()->Base(labelled.predicted);
  const bool hit =
      model.intervals()->Interval(base, level_).Contains(labelled.observed);
  return {error / base.scale, hit ? 0.0 : 1.0};
}

ModelMonitor ModelMonitor::Calibrate(const ForecastModel& model,
                                     const Trace& trace, int64_t begin,
                                     int64_t end,
                                     const ModelMonitorOptions& options) {
  ModelMonitor monitor;
  const std::string& target = model.problem().target;
  monitor.model_name_ = fmt::format("{}, {} samples ahead, by {}", target,
                                    model.problem().horizon, model.trainer());
  monitor.training_digest_ = model.training_digest();
  monitor.configuration_digest_ = model.configuration_digest();
  DriftReference reference;
  std::vector<std::string> units;
  const std::vector<double> levels = LevelsOf(model);
  if (!levels.empty()) {
    monitor.level_ = NearestLevel(levels, options.level);
    reference.features = {fmt::format("error of {}", target),
                          fmt::format("misses of the {:g} % interval of {}",
                                      100 * monitor.level_, target)};
    units = {model.quantile_intervals() ? model.target_unit() : "1", "1"};
  } else {
    reference.features = {fmt::format("error of {}", target)};
    units = {model.target_unit()};
  }
  const Predictions predictions = model.Predict(trace, begin, end);
  for (size_t i = 0; i < predictions.value.size(); ++i) {
    if (!std::isfinite(predictions.observed[i]) ||
        !std::isfinite(predictions.value[i])) {
      continue;
    }
    LabelledPrediction labelled;
    labelled.predicted = predictions.value[i];
    labelled.observed = predictions.observed[i];
    if (model.quantile_intervals()) {
      labelled.quantiles = predictions.quantiles.at(i);
    }
    const std::vector<double> row = monitor.Row(model, labelled);
    reference.values.insert(reference.values.end(), row.begin(), row.end());
  }
  if (reference.samples() < kFewestReferenceLabels) {
    throw InputError(fmt::format(
        "the model of {}: {} labelled samples that it was not trained on; its "
        "errors are watched from {} on",
        monitor.model_name_, reference.samples(), kFewestReferenceLabels));
  }
  monitor.detector_ = CalibrateDriftDetector(reference, options.drift);
  const size_t streams = units.size();
  monitor.explainer_ =
      Explainer(reference, std::move(units), std::vector<bool>(streams, false));
  return monitor;
}

void ModelMonitor::CheckModel(const ForecastModel& model) const {
  if (model.training_digest() == training_digest_ &&
      model.configuration_digest() == configuration_digest_) {
    return;
  }
  throw InputError(fmt::format(
      "the trigger watches the errors of another model ({}, trained on "
      "{:.12}) than this one ({}, {} samples ahead, by {}, trained on {:.12}); "
      "calibrate it with this model",
      model_name_, training_digest_, model.problem().target,
      model.problem().horizon, model.trainer(), model.training_digest()));
}

DriftState ModelMonitor::Update(const ForecastModel& model,
                                const LabelledPrediction& labelled) {
  ends_.clear();
  if (!std::isfinite(labelled.observed)) return DriftState::kStable;
  ++labels_;
  const double error = std::abs(labelled.observed - labelled.predicted);
  if (recent_.size() == kMostRecent) recent_.pop_front();
  recent_.push_back({labelled.sample, labelled.seconds, error,
                     std::abs(labelled.observed - labelled.previous)});
  const std::vector<double> row = Row(model, labelled);
  explainer_.Add(labelled.sample, labelled.seconds, row.data());
  const DriftState state = detector_->Update(row.data());
  ends_ = open_.Take(*detector_, labelled.sample, labelled.seconds, row.data(),
                     state == DriftState::kDrift);
  return state;
}

Continuation ModelMonitor::Continue(const DriftExplanation& explanation,
                                    int64_t sample) {
  return open_.Alarm(*detector_, sample, explainer_, explanation);
}

void ModelMonitor::Reset() {
  detector_->Reset();
  explainer_.Reset();
  open_.Reset();
  ends_.clear();
  recent_.clear();
  labels_ = 0;
}

DriftCircumstances ModelMonitor::Since(int64_t since_sample) const {
  DriftCircumstances known;
  double champion = 0;
  double previous = 0;
  for (const Errors& errors : recent_) {
    if (errors.sample < since_sample) continue;
    ++known.labels;
    champion += errors.champion;
    previous += errors.previous;
  }
  if (known.labels > 0 && champion > 0) {
    known.previous_error_ratio = previous / champion;
  }
  if (labels_ == 0) return known;
  for (const MovedFeature& moved :
       explainer_.Explain(*detector_, DriftCircumstances()).moved) {
    if (!(moved.after.mean > moved.before.mean)) {
      known.improved = true;
    } else if (moved.finding.feature == 0) {
      known.error_grew = true;
    } else {
      known.misses_grew = true;
    }
  }
  return known;
}

DriftExplanation ModelMonitor::Explain(double promoted_seconds) const {
  DriftExplanation explanation =
      explainer_.Explain(*detector_, DriftCircumstances());
  DriftCircumstances known = Since(explanation.since_sample);
  if (recent_.size() > 1) {
    const double interval =
        (recent_.back().seconds - recent_.front().seconds) /
        static_cast<double>(recent_.back().sample - recent_.front().sample);
    known.since_promotion = SamplesSincePromotion(
        promoted_seconds, explanation.since_seconds, interval);
  }
  explanation.circumstances = known;
  explanation.recommendation = Recommend(known);
  return explanation;
}

json ModelMonitor::Save() const {
  json explainer, open;
  explainer_.Save(&explainer);
  open_.Save(&open);
  json recent = json::array();
  for (const Errors& errors : recent_) {
    recent.push_back({errors.sample, errors.seconds,
                      NumberOrNull(errors.champion),
                      NumberOrNull(errors.previous)});
  }
  return {{"model", model_name_},
          {"training_digest", training_digest_},
          {"configuration_digest", configuration_digest_},
          {"level", NumberOrNull(level_)},
          {"detector", json::parse(detector_->Save())},
          {"explainer", explainer},
          {"recent", recent},
          {"open", open},
          {"labels", labels_}};
}

ModelMonitor ModelMonitor::Load(const json& state) {
  ModelMonitor monitor;
  monitor.model_name_ = state.at("model").get<std::string>();
  monitor.training_digest_ = state.at("training_digest").get<std::string>();
  monitor.configuration_digest_ =
      state.at("configuration_digest").get<std::string>();
  monitor.level_ = NumberOrMissing(state.at("level"));
  monitor.detector_ = LoadDriftDetector(state.at("detector").dump());
  monitor.explainer_.Load(state.at("explainer"));
  for (const json& each : state.at("recent")) {
    monitor.recent_.push_back(
        {each.at(0).get<int64_t>(), each.at(1).get<double>(),
         NumberOrMissing(each.at(2)), NumberOrMissing(each.at(3))});
  }
  monitor.labels_ = state.at("labels").get<int64_t>();
  monitor.open_.Load(state.value("open", json::array()),
                     monitor.detector_->features());
  const int64_t streams = std::isnan(monitor.level_) ? 1 : 2;
  if (monitor.detector_->features() != streams ||
      monitor.explainer_.features() != streams) {
    throw InputError("drift state: the model's monitor does not fit together");
  }
  return monitor;
}

double SamplesSincePromotion(double promoted_seconds, double since_seconds,
                             double interval_seconds) {
  return (since_seconds - promoted_seconds) / interval_seconds;
}

int64_t FirstUnseen(const ForecastModel& model, const Trace& trace,
                    int64_t first) {
  for (const int64_t begin : {int64_t{0}, first}) {
    const int64_t end = begin + model.training_samples();
    if (end <= trace.samples() &&
        trace.Slice(begin, end).Digest() == model.training_digest()) {
      return std::max(end, first);
    }
  }
  return first;
}

}  // namespace airlock
