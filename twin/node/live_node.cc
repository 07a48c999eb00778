#include "twin/node/live_node.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kWaitSeconds = 0.1;
constexpr double kHole = 1.5;  // periods

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

bool Interrupted() {
  try {
    ThrowIfInterrupted();
  } catch (const Error&) {
    return true;
  }
  return false;
}

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

bool Equal(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

LiveNode::LiveNode(const NodeFile& file)
    : file_(file),
      folder_(file.state.folder),
      registry_(file),
      triggers_(file.drift.triggers),
      requests_(file.retraining, file.name),
      transaction_(file.actuator, MakeActuator(file.actuator)),
      guard_(file.limits.recover_after),
      last_seconds_(kUnknown),
      newest_target_(kUnknown) {
  if (file_.metrics.enabled) {
    server_ = std::make_unique<StatusServer>(file_.metrics);
    Log(LogLevel::kInfo, "listening",
        {{"address", file_.metrics.address}, {"port", server_->port()}});
  }
  guard_.Raise(Doubt::kNoModel, "no model is promoted");
  guard_.Raise(Doubt::kWarmingUp, "no sample has come yet");
  Restore();
  source_ = std::make_unique<SupervisedSource>(file_.source, last_seconds_);
  NoteMode();
  Publish();
}

// --- Registry
// -----------------------------------------------------------------

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
  registry_.TakeActing(followed.digest);
  guard_.Clear(Doubt::kNoModel);
  if (!restoring_) {
    requests_.Supersede();
    guard_.Clear(Doubt::kDrift);
    last_alarm_ = -1;
  }
  if (!first) ++counts_.swaps;
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
  registry_.TakeShadow(followed.digest);
  Log(LogLevel::kInfo, "shadow-loaded",
      {{"model", followed.name}, {"digest", followed.digest}});
}

void LiveNode::FollowRegistry() {
  RegistryNews news = registry_.Poll();
  if (!news.trouble.empty()) {
    Log(LogLevel::kError, "registry", {{"reason", news.trouble}});
  }
  const auto refuse = [&](const std::string& what, bool acting) {
    ++(acting ? counts_.refused_acting : counts_.refused_shadow);
    Log(LogLevel::kError, "model-refused",
        {{"reason", what},
         {"keeps", acting && acting_ ? DescribeModel(*acting_) : json()}});
    if (acting && !acting_) guard_.Raise(Doubt::kNoModel, what);
  };
  bool swapped = false;
  if (news.acting) {
    try {
      SwapIn(*news.acting);
      swapped = true;
    } catch (const InputError& error) {
      // The first one, before any sample came, may name a counter that the
      // source lacks; that shows with the first sample.
      registry_.RefuseActing(news.acting->digest);
      refuse(error.what(), true);
    }
  }
  for (const std::string& what : news.refused_acting) refuse(what, true);
  if (!news.acting_doubt.empty()) {
    refuse(news.acting_doubt, true);
    guard_.Raise(Doubt::kNoModel, "no longer trusted: " + news.acting_doubt);
  }
  if (news.acting_gone) {
    guard_.Raise(Doubt::kNoModel, "the registry's alias stands for no model");
  }
  if (news.shadow) {
    try {
      SwapInShadow(*news.shadow);
    } catch (const InputError& error) {
      registry_.RefuseShadow(news.shadow->digest);
      refuse(error.what(), false);
    }
  }
  for (const std::string& what : news.refused_shadow) refuse(what, false);
  if (news.shadow_gone) {
    shadow_.reset();
    registry_.TakeShadow("");
    Log(LogLevel::kInfo, "shadow-gone");
  }
  if (registry_.pause() == Pause::kFallback) {
    guard_.Raise(Doubt::kPaused, "the registry is paused");
  } else {
    guard_.Clear(Doubt::kPaused);
  }
  if (swapped && !restoring_) Save();
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
  const bool kept = recent_->SetColumns(columns);
  columns_ = std::move(columns);
  if (bound && kept) return;
  if (!kept) {
    Log(LogLevel::kWarning, "state",
        {{"note",
          "the source has other counters than before: the samples that were "
          "kept are dropped"}});
    segment_first_ = next_;
    last_values_.clear();
  }
  if (acting_) acting_->Bind(*columns_);
  if (!shadow_) return;
  try {
    shadow_->Bind(*columns_);
  } catch (const InputError& error) {
    registry_.RefuseShadow(shadow_->digest());
    registry_.TakeShadow("");
    shadow_.reset();
    ++counts_.refused_shadow;
    Log(LogLevel::kError, "model-refused", {{"reason", error.what()}});
  }
}

void LiveNode::JudgeSample(const Trace& samples, int64_t index) {
  const auto row = static_cast<size_t>(index);
  const double gap = samples.time_seconds[row] - last_seconds_;
  if (gap > Seconds(file_.limits.stale_after)) {
    guard_.Raise(
        Doubt::kStale,
        fmt::format("no sample for {:.3f} s of the source's clock", gap));
  } else {
    guard_.Clear(Doubt::kStale);
  }
  guard_.Clear(Doubt::kLostSource);
  bool repeats = !last_values_.empty();
  last_values_.resize(samples.columns.size(), kUnknown);
  for (size_t c = 0; c < samples.columns.size(); ++c) {
    const double value = samples.columns[c].values[row];
    repeats = repeats && Equal(value, last_values_[c]);
    last_values_[c] = value;
  }
  repeated_ = repeats ? repeated_ + 1 : 0;
  const int64_t most = file_.limits.frozen_after;
  if (most > 0 && repeated_ + 1 >= most) {
    guard_.Raise(Doubt::kFrozen,
                 fmt::format("the last {} samples are equal", repeated_ + 1));
  } else {
    guard_.Clear(Doubt::kFrozen);
  }
}

void LiveNode::JudgeForecast(const LiveForecast& forecast) {
  const auto judge = [&](Doubt doubt, bool doubtful, const std::string& why) {
    if (doubtful) {
      guard_.Raise(doubt, why);
    } else {
      guard_.Clear(doubt);
    }
  };
  judge(Doubt::kWarmingUp, !forecast.ready, forecast.why);
  judge(Doubt::kOutOfRange,
        forecast.outside_share > file_.limits.out_of_range.value(),
        fmt::format("{:.1f} % of the features: {}",
                    100 * forecast.outside_share, forecast.outside));
  judge(Doubt::kMissing, forecast.missing_share > file_.limits.missing.value(),
        fmt::format("{:.1f} % of the features: {}",
                    100 * forecast.missing_share, forecast.missing));
  judge(Doubt::kSlow, forecast.seconds > Seconds(file_.limits.inference),
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
    const json model = acting_ ? DescribeModel(*acting_) : json();
    const bool opened = requests_.Alarm(alarm, model, *recent_);
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
  ++counts_.actions[static_cast<size_t>(outcome.end)];
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
  if (good) {
    guard_.Clear(Doubt::kActuator);
  } else {
    guard_.Raise(Doubt::kActuator, outcome.reason);
  }
}

void LiveNode::Decide(const LiveForecast& acting, const LiveForecast& shadow,
                      double seconds, int64_t number) {
  if (!file_.state.decisions) return;
  const auto committed = transaction_.committed();
  folder_.AddDecision(
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
  if (seconds - last_seconds_ > kHole * Seconds(file_.source.period)) {
    segment_first_ = number;
    if (acting_) acting_->Break();
    if (shadow_) shadow_->Break();
  }
  JudgeSample(samples, index);
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
}

void LiveNode::TakeSamples(const Trace& samples) {
  if (!columns_ || taken_ == 0) TakeColumns(samples);
  const std::set<int64_t> starts = NamedStarts(samples);
  for (int64_t i = 0; i < samples.samples(); ++i) {
    FollowRegistry();
    const int64_t number = next_++;
    try {
      recent_->Add(samples, i);
    } catch (const Error& error) {
      ++counts_.unsaved;
      if (last_unsaved_ != error.what()) {
        Log(LogLevel::kError, "sample-not-saved", {{"reason", error.what()}});
      }
      last_unsaved_ = error.what();
    }
    if (starts.count(i) > 0) {
      segment_first_ = number;
      if (acting_) acting_->Break();
      if (shadow_) shadow_->Break();
    }
    TakeSample(samples, i, number, true);
    heard_at_ = tried_at_ = Clock::now();
    ++taken_;
    NoteMode();
    if (++since_save_ >= file_.state.save_every) Save();
    if (Interrupted()) break;
  }
  Publish();
}

// Nothing has come for a while: on the wall clock the input may be stale.
void LiveNode::BeQuiet() {
  const bool before = guard_.Has(Doubt::kStale) ||
                      guard_.Has(Doubt::kLostSource) || taken_ == 0;
  const double quiet = SecondsSince(heard_at_);
  if (!source_->running() && source_->losses() > 0) {
    guard_.Raise(Doubt::kLostSource,
                 fmt::format("{}; it is started again {:.1f} s after that",
                             source_->why(), source_->wait_seconds()));
  } else if (file_.source.kind != "replay" &&
             quiet > Seconds(file_.limits.stale_after)) {
    guard_.Raise(Doubt::kStale, fmt::format("no sample for {:.1f} s", quiet));
  }
  const bool now = guard_.Has(Doubt::kStale) || guard_.Has(Doubt::kLostSource);
  const bool again = guard_.Has(Doubt::kActuator) &&
                     SecondsSince(tried_at_) > Seconds(file_.source.period);
  if (now && (!before || again)) {
    tried_at_ = Clock::now();
    Act(nullptr, kUnknown, true);
  }
  NoteMode();
  if (SecondsSince(published_at_) >= 1 || now != before) Publish();
}

void LiveNode::NoteMode() {
  const std::string name = guard_.Name();
  const std::string mode = name.empty() ? "model" : name;
  if (mode == mode_) return;
  if (name.empty()) {
    Log(LogLevel::kInfo, "model-acts",
        {{"model", DescribeModel(*acting_)}, {"after", mode_}});
  } else {
    Log(LogLevel::kWarning, "fallback",
        {{"doubt", name},
         {"reason", guard_.Reason()},
         {"heuristic", file_.fallback.kind}});
  }
  mode_ = mode;
}

void LiveNode::Run() {
  Log(LogLevel::kInfo, "started",
      {{"node", file_.name},
       {"source", file_.source.kind},
       {"next_sample", next_}});
  const char* why = "signal";
  while (!Interrupted()) {
    FollowRegistry();
    Trace samples;
    const SupervisedSource::Event event = source_->Read(kWaitSeconds, &samples);
    if (event == SupervisedSource::Event::kEnd) {
      why = "the recording is over";
      break;
    }
    if (event == SupervisedSource::Event::kLost) {
      Log(LogLevel::kError, "source-lost",
          {{"reason", source_->why()}, {"wait", source_->wait_seconds()}});
    }
    if (event == SupervisedSource::Event::kSamples) {
      TakeSamples(samples);
    } else {
      BeQuiet();
    }
  }
  Save();
  Publish();
  Log(LogLevel::kInfo, "ended",
      {{"why", why}, {"samples", taken_}, {"next_sample", next_}});
}

// --- State
// --------------------------------------------------------------------

void LiveNode::Save() {
  since_save_ = 0;
  try {
    const auto committed = transaction_.committed();
    const json triggers = triggers_.Save(folder_.path(), folder_.NextStem());
    folder_.Save({{"next_sample", next_},
                  {"last_seconds", NumberOrNull(last_seconds_)},
                  {"segment_first", segment_first_},
                  {"repeated", repeated_},
                  {"newest_target", NumberOrNull(newest_target_)},
                  {"last_alarm", last_alarm_},
                  {"drift_may_pass", drift_may_pass_},
                  {"committed", committed ? json(*committed) : json()},
                  {"registry_sequence", registry_.sequence()},
                  {"guard", guard_.Save()},
                  {"requests", requests_.Save()},
                  {"acting", acting_ ? acting_->Save() : json()},
                  {"shadow", shadow_ ? shadow_->Save() : json()},
                  {"triggers", triggers},
                  {"decision_bytes", folder_.decision_bytes()}});
    last_unsaved_.clear();
  } catch (const Error& error) {
    ++counts_.unsaved;
    if (last_unsaved_ != error.what()) {
      Log(LogLevel::kError, "state-not-saved", {{"reason", error.what()}});
    }
    last_unsaved_ = error.what();
  }
  malloc_trim(0);  // of the texts that were made
}

// What does not depend on the models, which are loaded next.
void LiveNode::RestoreStream(const json& body) {
  next_ = body.at("next_sample").get<int64_t>();
  last_seconds_ = NumberOrMissing(body.at("last_seconds"));
  segment_first_ = body.at("segment_first").get<int64_t>();
  repeated_ = body.at("repeated").get<int64_t>();
  newest_target_ = NumberOrMissing(body.at("newest_target"));
  if (!body.at("committed").is_null()) {
    transaction_.Assume(body.at("committed").get<double>());
  }
  registry_.set_sequence(body.at("registry_sequence").get<int64_t>());
  if (next_ < recent_->first() || next_ > recent_->next()) {
    recent_->Clear(next_);
  }
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
  triggers_.Load(body.at("triggers"), folder_.path(), &notes);
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

// Samples that an earlier run kept after it saved its state: taken once more,
// but for the actions.
void LiveNode::CatchUp() {
  const int64_t end = recent_->next();
  if (next_ == end) return;
  const int64_t begin = next_;
  const Trace samples = recent_->Range(begin, end);
  for (int64_t i = 0; i < samples.samples(); ++i) {
    next_ = begin + i + 1;
    TakeSample(samples, i, begin + i, false);
  }
  Log(LogLevel::kInfo, "caught-up", {{"samples", end - begin}});
}

// What cannot be read is no reason not to run.
std::optional<json> LiveNode::ReadState() {
  const int64_t history =
      std::max(file_.retraining.history, file_.state.save_every + 1);
  try {
    const std::optional<json> body = folder_.Load();
    recent_ = std::make_unique<RecentSamples>(folder_.path(), history);
    next_ = recent_->first();
    if (body) RestoreStream(*body);
    return body;
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "state-unreadable",
        {{"reason", error.what()}, {"note", "the node begins anew"}});
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path())) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("samples-", 0) == 0) std::filesystem::remove(entry.path());
  }
  recent_ = std::make_unique<RecentSamples>(folder_.path(), history);
  next_ = segment_first_ = 0;
  last_seconds_ = newest_target_ = kUnknown;
  return std::nullopt;
}

void LiveNode::Restore() {
  const std::optional<json> body = ReadState();
  if (recent_->has_columns()) {
    columns_ = recent_->Range(0, 0);
    const Trace newest = recent_->Range(next_ - 1, next_);
    for (const Column& column : newest.columns) {
      for (const double value : column.values) last_values_.push_back(value);
    }
  }
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
    folder_.OpenDecisions(
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
