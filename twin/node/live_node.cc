#include "twin/node/live_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kHole = 1.5;  // periods

json DescribeModel(const LiveModel& model) {
  return {{"name", model.name()}, {"digest", model.digest()}};
}

// Samples that the recording says begin a segment.
std::set<int64_t> NamedStarts(const Trace& samples) {
  std::set<int64_t> starts;
  std::istringstream text(samples.Attribute("segment_starts"));
  for (int64_t start = 0; text >> start;) starts.insert(start);
  return starts;
}

std::string NumberText(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

}  // namespace

LiveNode::LiveNode(const NodeFile& file)
    : StreamNode(file, "model"),
      triggers_(file.drift.triggers),
      requests_(file.retraining, file.name),
      transaction_(file.actuator, MakeActuator<double>(file.actuator)),
      newest_target_(kUnknown) {
  registry_ = std::make_unique<RegistryFollower>(file);
  Open();
  guard_.Raise(Doubt::kNoModel, "no model is promoted");
  Restore();
  Start();
}

// --- Registry
// -----------------------------------------------------------------

json LiveNode::Acting() const {
  return acting_ ? DescribeModel(*acting_) : json();
}

void LiveNode::CheckUsable(const LiveModel& model) const {
  if (file_.action.rule == "none" || file_.action.of == "forecast") return;
  const std::vector<double> levels = model.levels();
  if (std::count(levels.begin(), levels.end(), file_.action.level) > 0) return;
  std::string known;
  for (const double level : levels) {
    known += fmt::format("{}{:g}", known.empty() ? "" : ", ", level);
  }
  throw InputError(fmt::format(
      "model {}: the action looks at its interval of level {:g}; it has {}",
      model.name(), file_.action.level,
      known.empty() ? "no intervals" : "levels " + known));
}

std::unique_ptr<LiveModel> LiveNode::Prepare(
    const FollowedModel& followed) const {
  auto model = std::make_unique<LiveModel>(followed.model, followed.name,
                                           followed.digest,
                                           file_.limits.range_margin.value());
  CheckUsable(*model);
  if (columns_) {
    model->Bind(*columns_);
    model->Remember(recent_->Range(
        std::max(segment_first_, next_ - model->Lookback() - 1), next_));
  }
  return model;
}

void LiveNode::SwapIn(const FollowedModel& followed) {
  std::unique_ptr<LiveModel> next = Prepare(followed);
  if (file_.drift.shipped) {
    triggers_.Ship(followed.trigger_path);
    if (columns_) triggers_.CheckColumns(*columns_);
  }
  std::vector<std::string> notes;
  triggers_.Use(followed.model, last_seconds_, &notes);
  const bool first = acting_ == nullptr;
  const std::string before = first ? "" : acting_->digest();
  acting_ = std::move(next);
  acting_receipt_ = followed.receipt;
  registry_->TakeActing(followed.digest);
  guard_.Clear(Doubt::kNoModel);
  if (!restoring_) {
    requests_.Supersede();
    guard_.Clear(Doubt::kDrift);
    last_alarm_ = -1;
  }
  if (!first) ++swaps_;
  Log(LogLevel::kInfo, first ? "model-loaded" : "model-swapped",
      {{"model", followed.name},
       {"digest", followed.digest},
       {"receipt", followed.receipt},
       {"key", followed.key_id},
       {"before", before},
       {"sample", next_}});
  for (const std::string& note : notes) {
    Log(LogLevel::kWarning, "drift-trigger", {{"note", note}});
  }
}

void LiveNode::SwapInShadow(const FollowedModel& followed) {
  shadow_ = Prepare(followed);
  registry_->TakeShadow(followed.digest);
  Log(LogLevel::kInfo, "shadow-loaded",
      {{"model", followed.name}, {"digest", followed.digest}});
}

// --- Samples
// ------------------------------------------------------------------

void LiveNode::TakeColumns(const Trace& samples) {
  Trace columns = samples.Slice(0, 0);
  columns.attributes.clear();
  std::string missing;
  std::vector<std::string> wanted = file_.source.counters;
  if (file_.fallback.kind == "queue-target") {
    wanted.push_back(file_.fallback.column);
  }
  std::vector<std::string> known;
  for (const Column& column : columns.columns) known.push_back(column.name);
  for (const std::string& name : wanted) {
    if (columns.Find(name) != nullptr) continue;
    const std::string nearest = NearestName(name, known);
    missing += fmt::format(
        "{}'{}'{}", missing.empty() ? "" : ", ", name,
        nearest.empty() ? "" : fmt::format(" (it has '{}')", nearest));
  }
  if (!missing.empty()) {
    throw InputError(fmt::format("{}: the source has no counter {}",
                                 file_.source.kind, missing));
  }
  triggers_.CheckColumns(columns);
  queue_column_ = -1;
  for (size_t c = 0; c < columns.columns.size(); ++c) {
    if (columns.columns[c].name == file_.fallback.column) {
      queue_column_ = static_cast<int64_t>(c);
    }
  }
  // Models that were loaded with the samples of an earlier run are bound.
  const bool bound = columns_.has_value();
  const bool kept = KeepColumns(std::move(columns));
  if (bound && kept) return;
  if (!kept) segment_first_ = next_;
  if (acting_) acting_->Bind(*columns_);
  if (!shadow_) return;
  try {
    shadow_->Bind(*columns_);
  } catch (const InputError& error) {
    registry_->RefuseShadow(shadow_->digest());
    registry_->TakeShadow("");
    shadow_.reset();
    ++refused_shadow_;
    Log(LogLevel::kError, "model-refused", {{"reason", error.what()}});
  }
}

void LiveNode::JudgeForecast(const LiveForecast& forecast) {
  Judge(Doubt::kWarmingUp, !forecast.ready, forecast.why);
  Judge(Doubt::kOutOfRange,
        forecast.outside_share > file_.limits.out_of_range.value(),
        fmt::format("{:.1f} % of the features: {}",
                    100 * forecast.outside_share, forecast.outside));
  Judge(Doubt::kMissing, forecast.missing_share > file_.limits.missing.value(),
        fmt::format("{:.1f} % of the features: {}",
                    100 * forecast.missing_share, forecast.missing));
  Judge(Doubt::kSlow, forecast.seconds > Seconds(file_.limits.inference),
        fmt::format("the prediction took {:.1f} ms", 1e3 * forecast.seconds));
}

void LiveNode::WatchDrift(const Trace& sample, int64_t number, bool live) {
  const TriggerFindings findings = triggers_.Take(sample);
  if (findings.alarms.empty() && guard_.Has(Doubt::kDrift)) {
    const int64_t forget = file_.drift.forget_after;
    if (drift_may_pass_ || (forget > 0 && number - last_alarm_ >= forget)) {
      guard_.Clear(Doubt::kDrift);
    }
  }
  for (const TriggerAlarm& alarm : findings.alarms) {
    const Recommendation& advice = alarm.alarm.explanation.recommendation;
    last_alarm_ = number;
    drift_may_pass_ = advice.advice == Advice::kHold;
    guard_.Raise(Doubt::kDrift,
                 fmt::format("{} fired at sample {}, most in {}: {} ({})",
                             alarm.trigger, number, alarm.alarm.feature,
                             ToString(advice.advice), advice.reason));
    const bool opened = requests_.Alarm(alarm, Acting(), *recent_);
    if (!live || alarm.alarm.continuation.continues) continue;
    Log(LogLevel::kWarning, "drift",
        {{"trigger", alarm.trigger},
         {"sample", number},
         {"alarm", alarm.alarm.ToJson()},
         {"request", opened ? requests_.path() : ""}});
  }
  for (const auto& [trigger, end] : findings.ends) {
    if (!live) break;
    Log(LogLevel::kInfo, "drift-over",
        {{"trigger", trigger}, {"sample", number}, {"change", end.ToJson()}});
  }
  if (requests_.Collect(*recent_)) {
    Log(LogLevel::kInfo, "retraining-ready", {{"request", requests_.path()}});
  }
}

void LiveNode::Act(const LiveForecast* forecast, double queue, bool live) {
  const std::optional<double> fallback =
      FallbackSetting(file_.fallback, file_.action,
                      {newest_target_, queue, transaction_.committed()});
  if (!fallback) return;
  double setting = *fallback;
  if (forecast != nullptr && forecast->ready && guard_.model_acts()) {
    const auto wanted = SettingOf(file_.action, *forecast, acting_->levels());
    if (wanted) setting = *wanted;
  }
  if (!live) {
    transaction_.Assume(setting);
    return;
  }
  const ActionOutcome outcome = transaction_.Set(setting, *fallback);
  ++actions_[static_cast<size_t>(outcome.end)];
  if (outcome.end == ActionOutcome::End::kUnchanged) {
    guard_.Clear(Doubt::kActuator);
    return;
  }
  const bool good = outcome.end == ActionOutcome::End::kCommitted;
  Log(good ? LogLevel::kInfo : LogLevel::kError, "action",
      {{"end", ToString(outcome.end)},
       {"setting", setting},
       {"fallback", *fallback},
       {"seconds", outcome.seconds},
       {"reason", outcome.reason}});
  Judge(Doubt::kActuator, !good, outcome.reason);
}

void LiveNode::Decide(const LiveForecast& acting, const LiveForecast& shadow,
                      double seconds, int64_t number) {
  if (!file_.state.decisions) return;
  const auto committed = transaction_.committed();
  folder_->AddDecision(
      fmt::format("{},{},{},{},{},{},{},{}\n", number, seconds,
                  guard_.model_acts() ? "model" : "fallback", guard_.Name(),
                  acting_ ? acting_->digest().substr(0, 16) : "",
                  acting.ready ? NumberText(acting.value) : "",
                  shadow.ready ? NumberText(shadow.value) : "",
                  committed ? NumberText(*committed) : ""));
}

void LiveNode::TakeSample(const Trace& samples, int64_t index, int64_t number,
                          bool live) {
  const double seconds = samples.time_seconds[static_cast<size_t>(index)];
  const double hole = kHole * Seconds(file_.source.period);
  if (seconds - last_seconds_ > hole || (live && starts_.count(index) > 0)) {
    Break(number);
  }
  JudgeStream(samples, index);
  last_seconds_ = seconds;
  last_acting_ =
      acting_ ? acting_->Take(samples, index, number) : LiveForecast();
  last_shadow_ =
      shadow_ ? shadow_->Take(samples, index, number) : LiveForecast();
  if (acting_) {
    newest_target_ = last_acting_.newest_target;
    JudgeForecast(last_acting_);
    slowest_seconds_ = std::max(slowest_seconds_, last_acting_.seconds);
  } else {
    guard_.Clear(Doubt::kWarmingUp);
  }
  if (!triggers_.running().empty()) {
    WatchDrift(samples.Slice(index, index + 1), number, live);
  }
  guard_.EndSample();
  const double queue = queue_column_ < 0
                           ? kUnknown
                           : samples.columns[static_cast<size_t>(queue_column_)]
                                 .values[static_cast<size_t>(index)];
  Act(&last_acting_, queue, live);
  Decide(last_acting_, last_shadow_, seconds, number);
  if (live) tried_at_ = Clock::now();
}

void LiveNode::Break(int64_t number) {
  segment_first_ = number;
  if (acting_) acting_->Break();
  if (shadow_) shadow_->Break();
}

void LiveNode::BeginBatch(const Trace& samples) {
  starts_ = NamedStarts(samples);
}

void LiveNode::EndSample() {
  if (++since_save_ >= file_.state.save_every) Save();
}

void LiveNode::WhenLost(bool begins) {
  const bool again = guard_.Has(Doubt::kActuator) &&
                     SecondsSince(tried_at_) > Seconds(file_.source.period);
  if (!begins && !again) return;
  tried_at_ = Clock::now();
  Act(nullptr, kUnknown, true);
}

// --- State
// --------------------------------------------------------------------

void LiveNode::Save() {
  since_save_ = 0;
  SaveState([this] {
    const auto committed = transaction_.committed();
    const json triggers = triggers_.Save(folder_->path(), folder_->NextStem());
    json body = StreamState();
    body.update({{"segment_first", segment_first_},
                 {"newest_target", NumberOrNull(newest_target_)},
                 {"last_alarm", last_alarm_},
                 {"drift_may_pass", drift_may_pass_},
                 {"committed", committed ? json(*committed) : json()},
                 {"requests", requests_.Save()},
                 {"acting", acting_ ? acting_->Save() : json()},
                 {"shadow", shadow_ ? shadow_->Save() : json()},
                 {"triggers", triggers}});
    return body;
  });
}

// True if the model that acted still does: then the samples after the state can
// be taken once more.
bool LiveNode::RestoreModels(const json& body) {
  const auto is_same = [](const json& saved,
                          const std::unique_ptr<LiveModel>& model) {
    return saved.is_null()
               ? model == nullptr
               : model != nullptr &&
                     saved.at("digest").get<std::string>() == model->digest();
  };
  const bool same = is_same(body.at("acting"), acting_);
  const bool same_shadow = is_same(body.at("shadow"), shadow_);
  if (same && acting_ && columns_) acting_->Load(body.at("acting"));
  if (same_shadow && shadow_ && columns_) shadow_->Load(body.at("shadow"));
  std::vector<std::string> notes;
  triggers_.Load(body.at("triggers"), folder_->path(), &notes);
  if (acting_) triggers_.Use(acting_->shared_model(), kUnknown, &notes);
  for (const std::string& note : notes) {
    Log(LogLevel::kWarning, "drift-trigger", {{"note", note}});
  }
  requests_.Load(body.at("requests"));
  if (!same) {
    requests_.Supersede();
    return false;
  }
  guard_.Load(body.at("guard"));
  last_alarm_ = body.at("last_alarm").get<int64_t>();
  drift_may_pass_ = body.at("drift_may_pass").get<bool>();
  return true;
}

void LiveNode::Restore() {
  // What does not depend on the models, which are loaded next.
  const auto restore = [this](const json& body) {
    segment_first_ = body.at("segment_first").get<int64_t>();
    newest_target_ = NumberOrMissing(body.at("newest_target"));
    if (!body.at("committed").is_null()) {
      transaction_.Assume(body.at("committed").get<double>());
    }
  };
  const std::optional<json> body =
      ReadState(std::max(file_.retraining.history, file_.state.save_every + 1),
                restore, [this] {
                  segment_first_ = 0;
                  newest_target_ = kUnknown;
                });
  RestoreColumns();
  restoring_ = true;
  FollowRegistry();
  restoring_ = false;
  bool same = true;
  try {
    if (body) same = RestoreModels(*body);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "state-unreadable",
        {{"reason", error.what()}, {"note", "the models begin anew"}});
    same = false;
  }
  if (file_.state.decisions) {
    folder_->OpenDecisions(
        body ? (same ? body->at("decision_bytes").get<int64_t>() : -1) : 0,
        "sample,time,acts,doubt,model,forecast,shadow,setting\n");
  }
  if (same && columns_) {
    CatchUp();
  } else {
    next_ = recent_->next();
    if (recent_->next() > recent_->first()) {
      last_seconds_ = recent_->last_seconds();
    }
  }
}

}  // namespace airlock
