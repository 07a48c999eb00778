#include "twin/drift/watch.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/forecast/naive_forecasters.h"
#include "twin/forecast/samples.h"

// FORMAT of a trigger file: one JSON object
//   filetype  "airlock drift trigger"
//   version   [major, minor]; readers refuse another major
//   digest    SHA-256 of the text of `body` with sorted keys and no blanks
//   body      {monitor, detector, explainer, model_monitor (null: none),
//             reference_digest, identity, interval_seconds, open, stream,
//             companion}
//   stream    {samples, fed, last_seconds, tail {times, columns}}

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kFileType = "airlock drift trigger";
constexpr int kMajor = 2;
constexpr int kMinor = 1;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kHole = 1.5;  // intervals
// How long a target may be missing until its last value is too old to predict
// from.
constexpr int64_t kOldestTarget = 16;

// Samples that the attribute says begin a segment; holes in time are another
// matter (a trace of equidistant times has none).
std::set<int64_t> NamedStarts(const Trace& trace) {
  Trace named;
  named.source = trace.source;
  named.attributes = trace.attributes;
  for (int64_t i = 0; i < trace.samples(); ++i) {
    named.time_seconds.push_back(static_cast<double>(i));
  }
  const std::vector<int64_t> starts = SegmentStarts(named);
  std::set<int64_t> set(starts.begin(), starts.end());
  // Where a stream is cut into traces is no border.
  if (trace.Attribute("segment_starts").empty()) set.clear();
  return set;
}

json TailToJson(const Trace& tail) {
  json columns = json::array();
  for (const Column& column : tail.columns) {
    json values = json::array();
    for (const double value : column.values) {
      values.push_back(NumberOrNull(value));
    }
    columns.push_back(
        {{"name", column.name}, {"unit", column.unit}, {"values", values}});
  }
  return {{"samples", tail.samples()}, {"columns", columns}};
}

Trace TailFromJson(const json& saved) {
  Trace tail;
  const auto samples = saved.at("samples").get<int64_t>();
  for (int64_t i = 0; i < samples; ++i) {
    tail.time_seconds.push_back(static_cast<double>(i));
  }
  for (const json& each : saved.at("columns")) {
    Column column;
    column.name = each.at("name").get<std::string>();
    column.unit = each.at("unit").get<std::string>();
    for (const json& value : each.at("values")) {
      column.values.push_back(NumberOrMissing(value));
    }
    tail.columns.push_back(std::move(column));
  }
  tail.Validate();
  return tail;
}

// Times that say nothing: sample numbers.
void NumberSamples(Trace* trace, int64_t samples) {
  trace->time_seconds.clear();
  for (int64_t i = 0; i < samples; ++i) {
    trace->time_seconds.push_back(static_cast<double>(i));
  }
}

std::vector<std::string> ColumnsOf(const ForecastModel& model) {
  std::vector<std::string> columns = {model.problem().target};
  for (const FeatureFacts& facts : model.features()) {
    for (const std::string& column : facts.feature.Columns()) {
      columns.push_back(column);
    }
  }
  return columns;
}

// Samples after a prediction's own until it and its label are there.
int64_t DelayOf(const ForecastModel& model) {
  int64_t delay = model.problem().horizon;
  for (const FeatureFacts& facts : model.features()) {
    delay = std::max(delay, facts.feature.shift);
  }
  return delay;
}

}  // namespace

std::string DriftAlarm::ToText() const {
  if (continuation.continues) {
    return fmt::format(
        "still drift at {:.3f} s (sample {}): {:.4f} >= {:.4f} in {}, as told "
        "at sample {} (repeat {}); {}\n",
        time_seconds, sample, feature_statistic, threshold, feature,
        continuation.told_sample, continuation.repeats,
        ToString(explanation.recommendation.advice));
  }
  return fmt::format(
             "drift at {:.3f} s (sample {}): {:.4f} >= {:.4f}, most in {} "
             "({:.4f})\n",
             time_seconds, sample, statistic, threshold, feature,
             feature_statistic) +
         explanation.ToText();
}

json DriftAlarm::ToJson() const {
  json explained = explanation.ToJson();
  if (continuation.continues) {
    explained = {{"recommendation", explained.at("recommendation")},
                 {"reason", explained.at("reason")}};
  }
  return {{"state", ToString(state)},
          {"continues", continuation.continues},
          {"told_sample", continuation.told_sample},
          {"repeats", continuation.repeats},
          {"sample", sample},
          {"time_seconds", time_seconds},
          {"statistic", NumberOrNull(statistic)},
          {"threshold", NumberOrNull(threshold)},
          {"feature", feature},
          {"feature_statistic", NumberOrNull(feature_statistic)},
          {"about_model", about_model},
          {"explanation", explained}};
}

std::string DriftWatch::ToText() const {
  if (alarms.empty()) {
    return fmt::format("no drift in {} samples ({} in warning)\n", samples,
                       warnings);
  }
  std::string text = fmt::format(
      "drift: {} alarms and {} repeats in {} samples\n",
      static_cast<int64_t>(alarms.size()) - repeats(), repeats(), samples);
  for (const DriftAlarm& alarm : alarms) text += alarm.ToText();
  for (const ChangeEnd& end : ends) text += end.ToText();
  return text;
}

int64_t DriftWatch::repeats() const {
  return std::count_if(
      alarms.begin(), alarms.end(),
      [](const DriftAlarm& alarm) { return alarm.continuation.continues; });
}

void DriftWatch::Append(DriftWatch later) {
  samples += later.samples;
  warnings += later.warnings;
  std::move(later.alarms.begin(), later.alarms.end(),
            std::back_inserter(alarms));
  std::move(later.ends.begin(), later.ends.end(), std::back_inserter(ends));
}

std::string DriftWatch::ToJson() const {
  json list = json::array();
  for (const DriftAlarm& alarm : alarms) list.push_back(alarm.ToJson());
  json ended = json::array();
  for (const ChangeEnd& end : ends) ended.push_back(end.ToJson());
  return json{{"samples", samples}, {"warnings", warnings}, {"drift", drift()},
              {"alarms", list},     {"repeats", repeats()}, {"ends", ended}}
      .dump(2);
}

DriftTrigger::DriftTrigger(Monitor monitor,
                           std::unique_ptr<DriftDetector> detector,
                           Explainer explainer, std::string reference_digest,
                           double interval_seconds)
    : monitor_(std::move(monitor)),
      detector_(std::move(detector)),
      explainer_(std::move(explainer)),
      reference_digest_(std::move(reference_digest)),
      interval_seconds_(interval_seconds) {
  identity_ = Sha256(monitor_.ToText() + detector_->Save() + reference_digest_);
}

DriftTrigger DriftTrigger::Load(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    const json file = json::parse(text);
    if (!file.is_object() || file.value("filetype", "") != kFileType) {
      throw InputError("not a drift trigger");
    }
    const int major = file.at("version").at(0).get<int>();
    if (major != kMajor) {
      throw InputError(fmt::format(
          "drift trigger of version {}; this program reads {}; calibrate it "
          "again",
          major, kMajor));
    }
    const json& body = file.at("body");
    if (Sha256(body.dump()) != file.at("digest").get<std::string>()) {
      throw InputError("corrupt: its digest does not match");
    }
    DriftTrigger trigger;
    trigger.monitor_ = Monitor::FromText(body.at("monitor").dump());
    trigger.detector_ = LoadDriftDetector(body.at("detector").dump());
    trigger.explainer_.Load(body.at("explainer"));
    if (!body.at("model_monitor").is_null()) {
      trigger.model_monitor_ = ModelMonitor::Load(body.at("model_monitor"));
    }
    trigger.reference_digest_ = body.at("reference_digest").get<std::string>();
    trigger.identity_ = body.at("identity").get<std::string>();
    trigger.interval_seconds_ = body.at("interval_seconds").get<double>();
    trigger.companion_ = body.at("companion").dump();
    const json& stream = body.at("stream");
    trigger.samples_ = stream.at("samples").get<int64_t>();
    trigger.fed_ = stream.at("fed").get<int64_t>();
    trigger.last_seconds_ = NumberOrMissing(stream.at("last_seconds"));
    trigger.tail_ = TailFromJson(stream.at("tail"));
    const auto features =
        static_cast<int64_t>(trigger.monitor_.features().size());
    if (trigger.detector_->features() != features ||
        trigger.explainer_.features() != features) {
      throw InputError(
          fmt::format("its detector watches {} features, its monitor {}",
                      trigger.detector_->features(), features));
    }
    trigger.open_.Load(body.value("open", json::array()), features);
    return trigger;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("{}: not a drift trigger: {}", path, CauseOf(e)));
  }
}

void DriftTrigger::Save(const std::string& path,
                        const std::string& companion) const {
  json explainer, open;
  explainer_.Save(&explainer);
  open_.Save(&open);
  const json body = {
      {"monitor", json::parse(monitor_.ToText())},
      {"detector", json::parse(detector_->Save())},
      {"explainer", explainer},
      {"model_monitor", model_monitor_ ? model_monitor_->Save() : json()},
      {"reference_digest", reference_digest_},
      {"identity", identity_},
      {"interval_seconds", interval_seconds_},
      {"open", open},
      {"companion", json::parse(companion)},
      {"stream",
       {{"samples", samples_},
        {"fed", fed_},
        {"last_seconds", NumberOrNull(last_seconds_)},
        {"tail", TailToJson(tail_)}}}};
  const json file = {{"filetype", kFileType},
                     {"version", {kMajor, kMinor}},
                     {"digest", Sha256(body.dump())},
                     {"body", body}};
  WriteFileAtomically(path, file.dump() + "\n");
}

void DriftTrigger::Use(WatchedModels models) {
  if (model_monitor_ && models.champion) {
    model_monitor_->CheckModel(*models.champion);
  }
  models_ = std::move(models);
}

void DriftTrigger::RestartClock() {
  last_seconds_ = kUnknown;
  tail_ = Trace();
}

void DriftTrigger::Reset() {
  RestartClock();
  detector_->Reset();
  explainer_.Reset();
  open_.Reset();
  if (model_monitor_) model_monitor_->Reset();
  samples_ = 0;
  fed_ = 0;
}

void DriftTrigger::CheckTimes(const Trace& trace) const {
  double previous = last_seconds_;
  for (size_t i = 0; i < trace.time_seconds.size(); ++i) {
    const double now = trace.time_seconds[i];
    if (!std::isfinite(now) || now <= previous) {
      throw InputError(fmt::format(
          "{}: sample {}: time {:.12g} s does not come after {:.12g} s of the "
          "sample before: the clock jumped back",
          trace.source, i, now, previous));
    }
    previous = now;
  }
}

std::vector<std::string> DriftTrigger::NeededColumns() const {
  std::set<std::string> needed;
  for (const std::string& column : monitor_.Columns()) needed.insert(column);
  for (const auto& model : {models_.champion, models_.previous}) {
    if (!model || !model_monitor_) continue;
    for (const std::string& column : ColumnsOf(*model)) needed.insert(column);
  }
  return {needed.begin(), needed.end()};
}

int64_t DriftTrigger::LabelDelay() const {
  return std::max(DelayOf(*models_.champion),
                  models_.previous ? DelayOf(*models_.previous) : 0);
}

// Samples before a new one that may be needed to watch it.
int64_t DriftTrigger::Lookback() const {
  int64_t lookback = monitor_.lags();
  for (const auto& model : {models_.champion, models_.previous}) {
    if (!model || !model_monitor_) continue;
    const int64_t past = std::max(
        {model->LongestLag(), model->forecaster().season(), kOldestTarget});
    lookback = std::max(lookback, past + LabelDelay() + 1);
  }
  return lookback;
}

DriftWatch DriftTrigger::Watch(const Trace& trace) {
  monitor_.CheckColumns(trace);
  if (model_monitor_) {
    if (models_.champion) models_.champion->CheckCompatible(trace);
    if (models_.previous) models_.previous->CheckCompatible(trace);
  }
  CheckTimes(trace);
  const std::set<int64_t> starts = NamedStarts(trace);
  DriftWatch watch;
  double previous = last_seconds_;
  int64_t begin = 0;
  for (int64_t t = 0; t <= trace.samples(); ++t) {
    const bool at_end = t == trace.samples();
    const double now =
        at_end ? previous : trace.time_seconds[static_cast<size_t>(t)];
    const bool starts_anew =
        !at_end &&
        (starts.count(t) > 0 ||
         (interval_seconds_ > 0 && now - previous > kHole * interval_seconds_));
    previous = now;
    if (!at_end && !starts_anew) continue;
    WatchSegment(trace, begin, t, &watch);
    if (starts_anew) tail_ = Trace();
    begin = t;
  }
  return watch;
}

std::vector<double> DriftTrigger::Predict(
    const ForecastModel& model, const Trace& trace,
    std::vector<std::vector<BaseInterval>>* quantiles) const {
  const SampleTable table = model.Samples(trace);
  const std::vector<double> past =
      PastTargets(model.forecaster(), table, model.problem().horizon);
  const Column* const target = trace.Find(model.problem().target);
  std::vector<double> predicted(static_cast<size_t>(trace.samples()), kUnknown);
  const bool has_quantiles =
      quantiles != nullptr && model.quantile_intervals().has_value();
  if (has_quantiles) quantiles->resize(predicted.size());
  int64_t age = kOldestTarget;  // of the newest target
  for (int64_t t = 0; t < table.rows(); ++t) {
    const auto row = static_cast<size_t>(t);
    const bool known = target != nullptr && !std::isnan(target->values[row]);
    age = known ? 0 : age + 1;
    const bool too_old = age >= kOldestTarget || std::isnan(past[row]);
    if (!table.IsWhole(t) || (model.forecaster().needs_past() && too_old)) {
      continue;
    }
    predicted[row] = model.PredictSample(table.Row(t), past[row], nullptr);
    if (has_quantiles) {
      (*quantiles)[row] = model.QuantilesOfSample(table.Row(t));
    }
  }
  return predicted;
}

void DriftTrigger::Raise(const DriftDetector& detector,
                         const DriftExplanation& explanation,
                         const Continuation& continuation, bool about_model,
                         DriftWatch* watch) const {
  DriftAlarm alarm;
  alarm.sample = samples_ - 1;
  alarm.time_seconds = last_seconds_;
  alarm.statistic = detector.statistic();
  alarm.threshold = detector.threshold();
  const auto moved = static_cast<size_t>(detector.most_moved());
  alarm.feature = detector.feature_names()[moved];
  alarm.feature_statistic = detector.feature_statistics()[moved];
  alarm.about_model = about_model;
  alarm.continuation = continuation;
  alarm.explanation = explanation;
  watch->alarms.push_back(std::move(alarm));
}

void DriftTrigger::WatchFeatures(const double* row, DriftState state,
                                 DriftWatch* watch) {
  ++watch->samples;
  ++fed_;
  explainer_.Add(samples_ - 1, last_seconds_, row);
  if (state == DriftState::kWarning) ++watch->warnings;
  DriftWatch ended;
  ended.ends = open_.Take(*detector_, samples_ - 1, last_seconds_, row,
                          state == DriftState::kDrift);
  watch->Append(std::move(ended));
}

void DriftTrigger::WatchModel(const LabelledPrediction& labelled,
                              DriftWatch* watch) {
  const DriftState state = model_monitor_->Update(*models_.champion, labelled);
  DriftWatch ended;
  ended.ends = model_monitor_->ends();
  for (ChangeEnd& end : ended.ends) {
    end.sample = samples_ - 1;
    end.time_seconds = last_seconds_;
  }
  watch->Append(std::move(ended));
  if (state != DriftState::kDrift) return;
  const DriftExplanation explanation =
      model_monitor_->Explain(models_.promoted_seconds);
  Raise(model_monitor_->detector(), explanation,
        model_monitor_->Continue(explanation, samples_ - 1), true, watch);
}

// Samples [begin, end), which have their past in each other and in the tail.
void DriftTrigger::WatchSegment(const Trace& trace, int64_t begin, int64_t end,
                                DriftWatch* watch) {
  if (begin == end) return;
  Trace rows;  // tail and new samples
  rows.source = trace.source;
  bool fits = true;
  const std::vector<std::string> needed = NeededColumns();
  for (const std::string& name : needed) {
    fits = fits && (tail_.samples() == 0 || tail_.Find(name) != nullptr);
  }
  if (!fits) tail_ = Trace();
  const int64_t past = tail_.samples();
  for (const std::string& name : needed) {
    const Column* const found = trace.Find(name);
    if (found == nullptr) continue;  // a target without labels
    Column column = *found;
    const Column* const before = tail_.Find(name);
    column.values = before == nullptr ? std::vector<double>() : before->values;
    column.values.insert(column.values.end(), found->values.begin() + begin,
                         found->values.begin() + end);
    rows.columns.push_back(std::move(column));
  }
  NumberSamples(&rows, past + end - begin);

  const std::vector<double> features = monitor_.Rows(rows);
  const bool labels = model_monitor_ && models_.champion &&
                      rows.Find(models_.champion->problem().target) != nullptr;
  std::vector<double> champion, previous;
  std::vector<std::vector<BaseInterval>> quantiles;
  if (labels) champion = Predict(*models_.champion, rows, &quantiles);
  if (labels && models_.previous) {
    previous = Predict(*models_.previous, rows, nullptr);
  }
  const std::vector<double>* const observed =
      labels ? &rows.Get(models_.champion->problem().target).values : nullptr;
  const int64_t delay = labels ? LabelDelay() : 0;

  const size_t width = monitor_.features().size();
  const int64_t lookback = Lookback();
  int64_t taken = 0;
  const auto keep_tail = [&] {
    const int64_t last = past + taken;
    tail_ = rows.Slice(std::max<int64_t>(0, last - lookback), last);
    NumberSamples(&tail_, tail_.samples());
  };
  try {
    for (int64_t t = past; t < past + end - begin; ++t) {
      const bool first_of_stream = fed_ == 0 && t < monitor_.lags();
      const double* const row =
          features.data() + static_cast<size_t>(t) * width;
      DriftState state = DriftState::kStable;
      if (!first_of_stream) state = detector_->Update(row);
      ++taken;
      ++samples_;
      last_seconds_ = trace.time_seconds[static_cast<size_t>(begin + t - past)];
      if (!first_of_stream) WatchFeatures(row, state, watch);
      const int64_t origin = t - delay;
      if (labels && origin >= 0) {
        const auto o = static_cast<size_t>(origin);
        const auto label =
            static_cast<size_t>(origin + models_.champion->problem().horizon);
        if (std::isfinite(champion[o])) {
          WatchModel(
              {samples_ - 1 - delay, last_seconds_, champion[o],
               (*observed)[label], previous.empty() ? kUnknown : previous[o],
               quantiles.empty() ? std::vector<BaseInterval>() : quantiles[o]},
              watch);
        }
      }
      if (state != DriftState::kDrift) continue;
      DriftExplanation explanation =
          explainer_.Explain(*detector_, DriftCircumstances());
      if (labels) {
        // Once more, with what the labels say of the time since.
        explanation = explainer_.Explain(
            *detector_, model_monitor_->Since(explanation.since_sample));
      }
      Raise(*detector_, explanation,
            open_.Alarm(*detector_, samples_ - 1, explainer_, explanation),
            false, watch);
    }
  } catch (...) {
    keep_tail();
    throw;
  }
  keep_tail();
}

DriftWatch WatchWithStatistic(const Trace& stream, DriftTrigger* trigger,
                              std::vector<double>* statistic) {
  DriftWatch all;
  for (int64_t i = 0; i < stream.samples(); ++i) {
    all.Append(trigger->Watch(stream.Slice(i, i + 1)));
    statistic->push_back(trigger->detector().statistic());
  }
  return all;
}

}  // namespace airlock
