#include "twin/node/stream_node.h"

#include <fmt/format.h>
#include <malloc.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kWaitSeconds = 0.1;

bool Interrupted() {
  try {
    ThrowIfInterrupted();
  } catch (const Error&) {
    return true;
  }
  return false;
}

bool Equal(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

}  // namespace

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

StreamNode::StreamNode(const NodeFile& file, const char* promoted)
    : file_(file),
      guard_(file.limits.recover_after),
      last_seconds_(kUnknown),
      promoted_(promoted) {}

void StreamNode::Open() {
  folder_ = std::make_unique<StateFolder>(file_.state.folder);
  if (file_.metrics.enabled) {
    server_ = std::make_unique<StatusServer>(file_.metrics);
    Log(LogLevel::kInfo, "listening",
        {{"address", file_.metrics.address}, {"port", server_->port()}});
  }
  guard_.Raise(Doubt::kWarmingUp, "no sample has come yet");
}

void StreamNode::Start() {
  source_ = std::make_unique<SupervisedSource>(file_.source, last_seconds_);
  NoteMode();
  Publish();
}

void StreamNode::Run() {
  json facts = {{"node", file_.name},
                {"source", file_.source.kind},
                {"next_sample", next_}};
  facts.update(StartFacts());
  Log(LogLevel::kInfo, "started", facts);
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
  SaveAtEnd();
  Publish();
  Log(LogLevel::kInfo, "ended",
      {{"why", why}, {"samples", taken_}, {"next_sample", next_}});
}

// --- Registry
// -----------------------------------------------------------------

void StreamNode::Refuse(const std::string& what, bool acting) {
  ++(acting ? refused_acting_ : refused_shadow_);
  const json keeps = Acting();
  Log(LogLevel::kError, "model-refused",
      {{"reason", what}, {"keeps", acting ? keeps : json()}});
  if (acting && keeps.is_null()) guard_.Raise(Doubt::kNoModel, what);
}

void StreamNode::FollowRegistry() {
  if (!registry_) return;
  const RegistryNews news = registry_->Poll();
  if (!news.trouble.empty()) {
    Log(LogLevel::kError, "registry", {{"reason", news.trouble}});
  }
  bool swapped = false;
  if (news.acting) {
    try {
      SwapIn(*news.acting);
      swapped = true;
    } catch (const InputError& error) {
      // The first one, before any sample came, may name a counter that the
      // source lacks; that shows with the first sample.
      registry_->RefuseActing(news.acting->digest);
      Refuse(error.what(), true);
    }
  }
  for (const std::string& what : news.refused_acting) Refuse(what, true);
  if (!news.acting_doubt.empty()) {
    Refuse(news.acting_doubt, true);
    guard_.Raise(Doubt::kNoModel, "no longer trusted: " + news.acting_doubt);
  }
  if (news.acting_gone) {
    guard_.Raise(Doubt::kNoModel,
                 "the registry's alias stands for no " + promoted_);
  }
  if (news.shadow && follows_shadow()) {
    try {
      SwapInShadow(*news.shadow);
    } catch (const InputError& error) {
      registry_->RefuseShadow(news.shadow->digest);
      Refuse(error.what(), false);
    }
  }
  for (const std::string& what : news.refused_shadow) Refuse(what, false);
  if (news.shadow_gone && follows_shadow()) {
    DropShadow();
    registry_->TakeShadow("");
    Log(LogLevel::kInfo, "shadow-gone");
  }
  Judge(Doubt::kPaused, registry_->pause() == Pause::kFallback,
        "the registry is paused");
  if (swapped && !restoring_) AfterSwap();
}

// --- Samples
// ------------------------------------------------------------------

void StreamNode::Judge(Doubt doubt, bool doubtful, const std::string& why) {
  if (doubtful) {
    guard_.Raise(doubt, why);
  } else {
    guard_.Clear(doubt);
  }
}

bool StreamNode::KeepColumns(Trace columns) {
  const bool kept = recent_->SetColumns(columns);
  columns_ = std::move(columns);
  if (kept) return true;
  Log(LogLevel::kWarning, "state",
      {{"note",
        "the source has other counters than before: the samples that were "
        "kept are dropped"}});
  last_values_.clear();
  return false;
}

void StreamNode::JudgeStream(const Trace& samples, int64_t index) {
  const auto row = static_cast<size_t>(index);
  const double gap = samples.time_seconds[row] - last_seconds_;
  Judge(Doubt::kStale, gap > Seconds(file_.limits.stale_after),
        fmt::format("no sample for {:.3f} s of the source's clock", gap));
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
  Judge(Doubt::kFrozen, most > 0 && repeated_ + 1 >= most,
        fmt::format("the last {} samples are equal", repeated_ + 1));
}

void StreamNode::TakeSamples(const Trace& samples) {
  if (!columns_ || taken_ == 0) TakeColumns(samples);
  BeginBatch(samples);
  for (int64_t i = 0; i < samples.samples(); ++i) {
    FollowRegistry();
    const int64_t number = next_++;
    try {
      recent_->Add(samples, i);
    } catch (const Error& error) {
      NoteUnsaved("sample-not-saved", error.what());
    }
    TakeSample(samples, i, number, true);
    heard_at_ = Clock::now();
    ++taken_;
    NoteMode();
    EndSample();
    if (Interrupted()) break;
  }
  Publish();
}

// Nothing has come for a while: on the wall clock the input may be stale.
void StreamNode::BeQuiet() {
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
  if (now) WhenLost(!before);
  NoteMode();
  if (SecondsSince(published_at_) >= 1 || now != before) Publish();
}

void StreamNode::NoteMode() {
  const std::string name = guard_.Name();
  const std::string mode = name.empty() ? "model" : name;
  if (mode == mode_) return;
  if (name.empty()) {
    Log(LogLevel::kInfo, "model-acts", {{"model", Acting()}, {"after", mode_}});
  } else {
    Log(LogLevel::kWarning, "fallback",
        {{"doubt", name},
         {"reason", guard_.Reason()},
         {"heuristic", fallback()}});
  }
  mode_ = mode;
}

// --- State
// --------------------------------------------------------------------

// The same cause is logged once.
void StreamNode::NoteUnsaved(const char* event, const std::string& why) {
  ++unsaved_;
  if (last_unsaved_ != why) Log(LogLevel::kError, event, {{"reason", why}});
  last_unsaved_ = why;
}

json StreamNode::StreamState() const {
  return {{"next_sample", next_},
          {"last_seconds", NumberOrNull(last_seconds_)},
          {"repeated", repeated_},
          {"registry_sequence", registry_ ? registry_->sequence() : 0},
          {"guard", guard_.Save()},
          {"decision_bytes", folder_->decision_bytes()}};
}

void StreamNode::SaveState(const std::function<json()>& body) {
  try {
    folder_->Save(body());
    last_unsaved_.clear();
  } catch (const Error& error) {
    NoteUnsaved("state-not-saved", error.what());
  }
  malloc_trim(0);  // of the texts that were made
}

std::optional<json> StreamNode::ReadState(
    int64_t history, const std::function<void(const json&)>& restore,
    const std::function<void()>& forget) {
  try {
    const std::optional<json> body = folder_->Load();
    recent_ = std::make_unique<RecentSamples>(folder_->path(), history);
    next_ = recent_->first();
    if (!body) return body;
    restore(*body);
    next_ = body->at("next_sample").get<int64_t>();
    last_seconds_ = NumberOrMissing(body->at("last_seconds"));
    repeated_ = body->at("repeated").get<int64_t>();
    const auto sequence = body->at("registry_sequence").get<int64_t>();
    if (registry_) registry_->set_sequence(sequence);
    if (next_ < recent_->first() || next_ > recent_->next()) {
      recent_->Clear(next_);
    }
    return body;
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "state-unreadable",
        {{"reason", error.what()}, {"note", "the node begins anew"}});
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_->path())) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("samples-", 0) == 0) std::filesystem::remove(entry.path());
  }
  recent_ = std::make_unique<RecentSamples>(folder_->path(), history);
  next_ = repeated_ = 0;
  last_seconds_ = kUnknown;
  forget();
  return std::nullopt;
}

void StreamNode::RestoreColumns() {
  if (!recent_->has_columns()) return;
  columns_ = recent_->Range(0, 0);
  const Trace newest = recent_->Range(next_ - 1, next_);
  for (const Column& column : newest.columns) {
    for (const double value : column.values) last_values_.push_back(value);
  }
}

void StreamNode::CatchUp() {
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

}  // namespace airlock
