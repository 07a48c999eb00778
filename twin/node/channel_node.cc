#include "twin/node/channel_node.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/json.h"
#include "sim/telemetry/wlan_columns.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kWaitSeconds = 0.1;
constexpr const char* kActing = "acting";
constexpr const char* kShadow = "shadow";

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

bool Equal(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

// The digest of a policy that the node file or the scenario names.
std::string DigestOf(const std::string& policy) {
  return policy.empty() ? "" : Sha256OfFile(policy);
}

// Who a planner is: which one's memory it may load.
json Identity(const std::string& name, const std::string& digest) {
  return {{"agent", name}, {"digest", digest}};
}

}  // namespace

ChannelNode::ChannelNode(const NodeFile& file)
    : file_(file),
      site_(file_),
      folder_(file.state.folder),
      input_(site_.access_points()),
      actuation_(file.actuator),
      guard_(file.limits.recover_after),
      last_seconds_(kMissing),
      mean_before_(kMissing),
      mean_after_(kMissing) {
  const double worst = ChannelActuation::WorstSeconds(file.actuator) *
                       static_cast<double>(site_.access_points().size());
  if (worst > site_.slot_seconds()) {
    FailAt(
        file_, "actuator",
        fmt::format("to move {} access points, with the way back, may take "
                    "{:g} s; decisions are {:g} s apart",
                    site_.access_points().size(), worst, site_.slot_seconds()));
  }
  const auto doubt = [this] { return DoubtText(); };
  if (file.registry.empty()) {
    acting_ = site_.Acting(doubt);
    acting_name_ = site_.acting_name();
    const ChannelsConfig& channels = *file_.channels;
    acting_digest_ = DigestOf(channels.agent.empty() && channels.policy.empty()
                                  ? site_.scenario().controller.policy
                                  : channels.policy);
  } else {
    registry_ = std::make_unique<RegistryFollower>(file_);
    acting_ = site_.Promoted(site_.fallback(), "", doubt);
    acting_name_ = site_.fallback();
    guard_.Raise(Doubt::kNoModel, "no policy is promoted");
  }
  shadow_ = site_.Shadow();
  if (shadow_) {
    shadow_name_ = file_.channels->shadow->agent;
    shadow_digest_ = DigestOf(file_.channels->shadow->policy);
  }
  if (file_.metrics.enabled) {
    server_ = std::make_unique<StatusServer>(file_.metrics);
    Log(LogLevel::kInfo, "listening",
        {{"address", file_.metrics.address}, {"port", server_->port()}});
  }
  guard_.Raise(Doubt::kWarmingUp, "no sample has come yet");
  Restore();
  source_ = std::make_unique<SupervisedSource>(file_.source, last_seconds_);
  NoteMode();
  Publish();
}

std::string ChannelNode::DoubtText() const {
  return guard_.model_acts() ? "" : guard_.Reason();
}

// --- Registry
// -----------------------------------------------------------------

void ChannelNode::SwapIn(const FollowedModel& followed) {
  std::unique_ptr<Controller> next = site_.Promoted(
      followed.agent, followed.policy_path, [this] { return DoubtText(); });
  if (!restoring_) next->Load(InheritedState(acting_->Save(), next->Save()));
  const std::string before = acting_digest_;
  acting_ = std::move(next);
  acting_name_ = followed.agent;
  acting_digest_ = followed.digest;
  registry_->TakeActing(followed.digest);
  guard_.Clear(Doubt::kNoModel);
  if (!before.empty()) ++swaps_;
  Log(LogLevel::kInfo, before.empty() ? "model-loaded" : "model-swapped",
      {{"model", followed.name},
       {"agent", followed.agent},
       {"digest", followed.digest},
       {"receipt", followed.receipt},
       {"key", followed.key_id},
       {"before", before},
       {"sample", next_}});
}

void ChannelNode::SwapInShadow(const FollowedModel& followed) {
  shadow_ = site_.Promoted(followed.agent, followed.policy_path, nullptr);
  // It has seen what the acting one has.
  shadow_->Load(InheritedState(acting_->Save(), shadow_->Save()));
  shadow_name_ = followed.agent;
  shadow_digest_ = followed.digest;
  registry_->TakeShadow(followed.digest);
  Log(LogLevel::kInfo, "shadow-loaded",
      {{"model", followed.name}, {"digest", followed.digest}});
}

void ChannelNode::FollowRegistry() {
  if (!registry_) return;
  RegistryNews news = registry_->Poll();
  if (!news.trouble.empty()) {
    Log(LogLevel::kError, "registry", {{"reason", news.trouble}});
  }
  const auto refuse = [&](const std::string& what) {
    ++refused_;
    Log(LogLevel::kError, "model-refused",
        {{"reason", what}, {"keeps", acting_digest_}});
    if (acting_digest_.empty()) guard_.Raise(Doubt::kNoModel, what);
  };
  if (news.acting) {
    try {
      SwapIn(*news.acting);
    } catch (const InputError& error) {
      registry_->RefuseActing(news.acting->digest);
      refuse(error.what());
    }
  }
  for (const std::string& what : news.refused_acting) refuse(what);
  if (!news.acting_doubt.empty()) {
    refuse(news.acting_doubt);
    guard_.Raise(Doubt::kNoModel, "no longer trusted: " + news.acting_doubt);
  }
  if (news.acting_gone) {
    guard_.Raise(Doubt::kNoModel, "the registry's alias stands for no policy");
  }
  if (news.shadow && !file_.channels->shadow) {
    try {
      SwapInShadow(*news.shadow);
    } catch (const InputError& error) {
      registry_->RefuseShadow(news.shadow->digest);
      Log(LogLevel::kError, "model-refused", {{"reason", error.what()}});
    }
  }
  if (news.shadow_gone && !file_.channels->shadow) {
    shadow_.reset();
    registry_->TakeShadow("");
    Log(LogLevel::kInfo, "shadow-gone");
  }
  Judge(Doubt::kPaused, registry_->pause() == Pause::kFallback,
        "the registry is paused");
}

// --- Samples
// ------------------------------------------------------------------

void ChannelNode::Judge(Doubt doubt, bool doubtful, const std::string& why) {
  if (doubtful) {
    guard_.Raise(doubt, why);
  } else {
    guard_.Clear(doubt);
  }
}

void ChannelNode::TakeColumns(const Trace& samples) {
  Trace columns = samples.Slice(0, 0);
  columns.attributes.clear();
  std::string missing;
  for (const std::string& name : file_.source.counters) {
    if (columns.Find(name) == nullptr) missing += " '" + name + "'";
  }
  if (!missing.empty()) {
    FailAt(file_, "source.counters", "the source has no counter" + missing);
  }
  const bool bound = columns_.has_value();
  const bool kept = recent_->SetColumns(columns);
  columns_ = std::move(columns);
  if (bound && kept) return;
  if (!kept) {
    Log(LogLevel::kWarning, "state",
        {{"note",
          "the source has other counters than before: the samples that were "
          "kept are dropped"}});
    last_values_.clear();
  }
  try {
    input_.Bind(*columns_);
  } catch (const InputError& error) {
    FailAt(file_, "source", error.what(),
           fmt::format("the network is that of {}", file_.channels->scenario));
  }
}

void ChannelNode::JudgeSample(const Trace& samples, int64_t index) {
  const auto row = static_cast<size_t>(index);
  const double gap = samples.time_seconds[row] - last_seconds_;
  Judge(Doubt::kStale, gap > Seconds(file_.limits.stale_after),
        fmt::format("no sample for {:.3f} s of the source's clock", gap));
  guard_.Clear(Doubt::kLostSource);
  guard_.Clear(Doubt::kWarmingUp);
  bool repeats = !last_values_.empty();
  last_values_.resize(samples.columns.size(), kMissing);
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

void ChannelNode::TakeSample(const Trace& samples, int64_t index,
                             int64_t number, bool live) {
  const double seconds = samples.time_seconds[static_cast<size_t>(index)];
  JudgeSample(samples, index);
  last_seconds_ = seconds;
  const SampleFaults faults = input_.Take(samples, index);
  Judge(Doubt::kMissing, faults.missing_share > file_.limits.missing.value(),
        fmt::format("{:.1f} % of what planners need, {} first",
                    100 * faults.missing_share, faults.missing));
  Judge(Doubt::kOutOfRange,
        faults.outside_share > file_.limits.out_of_range.value(),
        fmt::format("{:.1f} % of the values: {}", 100 * faults.outside_share,
                    faults.outside));
  guard_.EndSample();
  if (input_.taken() >= site_.every()) Decide(seconds, number, live);
}

void ChannelNode::Decide(double seconds, int64_t number, bool live) {
  const Observation observation = input_.Finish(seconds);
  const Clock::time_point begin = Clock::now();
  Action action;
  try {
    action = acting_->Decide(observation);
  } catch (const InputError& error) {
    // The network does not run on what the scenario says.
    FailAt(file_, "channels.scenario", error.what());
  }
  decision_seconds_ = SecondsSince(begin);
  slowest_seconds_ = std::max(slowest_seconds_, decision_seconds_);
  const double most = Gives(file_, "limits.inference")
                          ? Seconds(file_.limits.inference)
                          : site_.slot_seconds() / 10;
  Judge(Doubt::kSlow, decision_seconds_ > most,
        fmt::format("the decision took {:.3f} s", decision_seconds_));
  const std::vector<ExplainedDecision> decided = acting_->TakeDecisions();
  Record(decided, kActing, number, live);
  ++decisions_;
  for (const std::string& ap : site_.access_points()) {
    in_force_[ap] = {observation.values.at(ApColumnName(ap, kApChannel)),
                     observation.values.at(ApColumnName(ap, kApWidth))};
  }
  for (const ExplainedDecision& one : decided) {
    mean_before_ = one.mean_before;
    mean_after_ = one.mean_after;
    if (one.access_point.empty()) continue;
    ++decided_[one.decided_by];
    if (!one.moves()) continue;
    in_force_[one.access_point] = {one.channel_after, one.width_after_hz};
    if (!live) actuation_.Assume(one);
  }
  if (live) CarryOut(decided);
  if (shadow_) {
    const Action other = shadow_->Decide(observation);
    if (other.settings != action.settings) ++shadow_differs_;
    Record(shadow_->TakeDecisions(), kShadow, number, live);
  }
  ++decisions_since_save_;
  if (live && decisions_since_save_ * site_.every() >= file_.state.save_every) {
    next_ = number + 1;
    Save();
  }
}

void ChannelNode::CarryOut(const std::vector<ExplainedDecision>& decisions) {
  std::string failed;
  for (const ExplainedDecision& one : decisions) {
    if (!one.moves()) continue;
    for (const SettingOutcome& each : actuation_.Move(one)) {
      ++ends_[static_cast<size_t>(each.outcome.end)];
      const bool good = each.outcome.end == ActionOutcome::End::kCommitted;
      Log(good ? LogLevel::kInfo : LogLevel::kError, "action",
          {{"end", ToString(each.outcome.end)},
           {"name", each.name},
           {"setting", each.value},
           {"seconds", each.outcome.seconds},
           {"reason", each.outcome.reason}});
      if (good) continue;
      in_force_[one.access_point] = {one.channel_before, one.width_before_hz};
      if (failed.empty()) failed = each.name + ": " + each.outcome.reason;
    }
  }
  Judge(Doubt::kActuator, !failed.empty(), failed);
}

void ChannelNode::Record(const std::vector<ExplainedDecision>& decisions,
                         const char* role, int64_t number, bool live) {
  for (const ExplainedDecision& one : decisions) {
    folder_.AddDecision(
        fmt::format("{},{},{}\n", number, role, DecisionCells(one)));
    if (!live || one.access_point.empty()) continue;
    Log(LogLevel::kInfo, "decision",
        {{"sample", number},
         {"role", role},
         {"change", ToString(one)},
         {"decided_by", one.decided_by},
         {"reason", one.reason}});
  }
}

void ChannelNode::TakeSamples(const Trace& samples) {
  if (!columns_ || taken_ == 0) TakeColumns(samples);
  for (int64_t i = 0; i < samples.samples(); ++i) {
    FollowRegistry();
    const int64_t number = next_++;
    try {
      recent_->Add(samples, i);
    } catch (const Error& error) {
      ++unsaved_;
      if (last_unsaved_ != error.what()) {
        Log(LogLevel::kError, "sample-not-saved", {{"reason", error.what()}});
      }
      last_unsaved_ = error.what();
    }
    TakeSample(samples, i, number, true);
    heard_at_ = Clock::now();
    ++taken_;
    NoteMode();
    if (Interrupted()) break;
  }
  Publish();
}

// Nothing has come for a while. There is nothing to decide on: what is in force
// stays, and the next decisions are the fallback's.
void ChannelNode::BeQuiet() {
  const double quiet = SecondsSince(heard_at_);
  const bool before = guard_.Has(Doubt::kStale) ||
                      guard_.Has(Doubt::kLostSource) || taken_ == 0;
  if (!source_->running() && source_->losses() > 0) {
    guard_.Raise(Doubt::kLostSource,
                 fmt::format("{}; it is started again {:.1f} s after that",
                             source_->why(), source_->wait_seconds()));
  } else if (file_.source.kind != "replay" &&
             quiet > Seconds(file_.limits.stale_after)) {
    guard_.Raise(Doubt::kStale, fmt::format("no sample for {:.1f} s", quiet));
  }
  const bool now = guard_.Has(Doubt::kStale) || guard_.Has(Doubt::kLostSource);
  NoteMode();
  if (SecondsSince(published_at_) >= 1 || now != before) Publish();
}

void ChannelNode::NoteMode() {
  const std::string name = guard_.Name();
  const std::string mode = name.empty() ? "model" : name;
  if (mode == mode_) return;
  if (name.empty()) {
    Log(LogLevel::kInfo, "model-acts",
        {{"model", Identity(acting_name_, acting_digest_)}, {"after", mode_}});
  } else {
    Log(LogLevel::kWarning, "fallback",
        {{"doubt", name},
         {"reason", guard_.Reason()},
         {"heuristic", site_.fallback()}});
  }
  mode_ = mode;
}

void ChannelNode::Run() {
  Log(LogLevel::kInfo, "started",
      {{"node", file_.name},
       {"source", file_.source.kind},
       {"agent", acting_name_},
       {"access_points", site_.access_points().size()},
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
  // In the middle of an interval the samples files have the rest.
  if (input_.taken() == 0) Save();
  Publish();
  Log(LogLevel::kInfo, "ended",
      {{"why", why}, {"samples", taken_}, {"next_sample", next_}});
}

// --- State
// --------------------------------------------------------------------

// Between two intervals: after a decision, before the next sample.
void ChannelNode::Save() {
  AIRLOCK_CHECK(input_.taken() == 0);
  decisions_since_save_ = 0;
  try {
    json body = {{"next_sample", next_},
                 {"last_seconds", NumberOrNull(last_seconds_)},
                 {"repeated", repeated_},
                 {"access_points", site_.access_points()},
                 {"committed", actuation_.committed()},
                 {"decided", decided_},
                 {"decisions", decisions_},
                 {"shadow_differs", shadow_differs_},
                 {"guard", guard_.Save()},
                 {"decision_bytes", folder_.decision_bytes()}};
    body["registry_sequence"] = registry_ ? registry_->sequence() : 0;
    body["acting"] = {{"who", Identity(acting_name_, acting_digest_)},
                      {"state", acting_->Save()}};
    body["shadow"] = {{"who", Identity(shadow_name_, shadow_digest_)},
                      {"state", shadow_ ? shadow_->Save() : json()}};
    folder_.Save(body);
    last_unsaved_.clear();
  } catch (const Error& error) {
    ++unsaved_;
    if (last_unsaved_ != error.what()) {
      Log(LogLevel::kError, "state-not-saved", {{"reason", error.what()}});
    }
    last_unsaved_ = error.what();
  }
  malloc_trim(0);  // of the texts that were made
}

// What cannot be read is no reason not to run.
std::optional<json> ChannelNode::ReadState() {
  const int64_t history = file_.state.save_every + 2 * site_.every() + 1;
  try {
    std::optional<json> body = folder_.Load();
    recent_ = std::make_unique<RecentSamples>(folder_.path(), history);
    next_ = recent_->first();
    if (!body) return body;
    if (body->at("access_points").get<std::vector<std::string>>() !=
        site_.access_points()) {
      throw InputError("it is of other access points");
    }
    next_ = body->at("next_sample").get<int64_t>();
    last_seconds_ = NumberOrMissing(body->at("last_seconds"));
    repeated_ = body->at("repeated");
    decided_ = body->at("decided").get<std::map<std::string, int64_t>>();
    decisions_ = body->at("decisions");
    shadow_differs_ = body->at("shadow_differs");
    actuation_.Restore(
        body->at("committed").get<std::map<std::string, double>>());
    if (next_ < recent_->first() || next_ > recent_->next()) {
      recent_->Clear(next_);
    }
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
  next_ = repeated_ = decisions_ = shadow_differs_ = 0;
  decided_.clear();
  actuation_.Restore({});
  last_seconds_ = kMissing;
  return std::nullopt;
}

// Another planner than the one that saved takes over all but its own memory.
void ChannelNode::LoadControllers(const json& body) {
  const auto load = [](const json& saved, const json& who,
                       Controller* controller) {
    controller->Load(
        saved.at("who") == who
            ? saved.at("state")
            : InheritedState(saved.at("state"), controller->Save()));
  };
  load(body.at("acting"), Identity(acting_name_, acting_digest_),
       acting_.get());
  const json& shadow = body.at("shadow");
  if (shadow_ && !shadow.at("state").is_null()) {
    load(shadow, Identity(shadow_name_, shadow_digest_), shadow_.get());
  }
  // The doubts are about the planner that had them.
  if (body.at("acting").at("who") == Identity(acting_name_, acting_digest_)) {
    guard_.Load(body.at("guard"));
  }
}

// Samples that came after the state was saved: taken once more, but for the
// actions.
void ChannelNode::CatchUp() {
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

void ChannelNode::Restore() {
  const std::optional<json> body = ReadState();
  if (registry_ && body) {
    registry_->set_sequence(body->at("registry_sequence").get<int64_t>());
  }
  restoring_ = true;
  FollowRegistry();
  restoring_ = false;
  bool whole = true;
  try {
    if (body) LoadControllers(*body);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "state-unreadable",
        {{"reason", error.what()}, {"note", "the planners begin anew"}});
    whole = false;
  }
  if (file_.state.decisions) {
    folder_.OpenDecisions(
        body ? (whole ? body->at("decision_bytes").get<int64_t>() : -1) : 0,
        "sample,role," + DecisionHeader() + "\n");
  }
  if (!recent_->has_columns()) return;
  columns_ = recent_->Range(0, 0);
  const Trace newest = recent_->Range(next_ - 1, next_);
  for (const Column& column : newest.columns) {
    for (const double value : column.values) last_values_.push_back(value);
  }
  try {
    input_.Bind(*columns_);
    CatchUp();
  } catch (const InputError& error) {
    // Of another network, or another source: the next samples tell.
    Log(LogLevel::kError, "state-unreadable", {{"reason", error.what()}});
    next_ = recent_->next();
    columns_.reset();
    last_seconds_ = recent_->last_seconds();
  }
}

}  // namespace airlock
