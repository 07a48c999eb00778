#include "twin/node/channel_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/telemetry/wlan_columns.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kActing = "acting";
constexpr const char* kShadow = "shadow";

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
    : StreamNode(file, "policy"),
      site_(file_),
      input_(site_.access_points()),
      actuation_(file.actuator),
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
  Open();
  Restore();
  Start();
}

std::string ChannelNode::DoubtText() const {
  return guard_.model_acts() ? "" : guard_.Reason();
}

// --- Registry
// -----------------------------------------------------------------

json ChannelNode::Acting() const {
  if (registry_ && acting_digest_.empty()) return nullptr;
  return Identity(acting_name_, acting_digest_);
}

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

// --- Samples
// ------------------------------------------------------------------

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
  const bool kept = KeepColumns(std::move(columns));
  if (bound && kept) return;
  try {
    input_.Bind(*columns_);
  } catch (const InputError& error) {
    FailAt(file_, "source", error.what(),
           fmt::format("the network is that of {}", file_.channels->scenario));
  }
}

void ChannelNode::TakeSample(const Trace& samples, int64_t index,
                             int64_t number, bool live) {
  const double seconds = samples.time_seconds[static_cast<size_t>(index)];
  JudgeStream(samples, index);
  guard_.Clear(Doubt::kWarmingUp);
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
    folder_->AddDecision(
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

// --- State
// --------------------------------------------------------------------

json ChannelNode::StartFacts() const {
  return {{"agent", acting_name_},
          {"access_points", site_.access_points().size()}};
}

// Between two intervals: after a decision, before the next sample.
void ChannelNode::Save() {
  AIRLOCK_CHECK(input_.taken() == 0);
  decisions_since_save_ = 0;
  SaveState([this] {
    json body = StreamState();
    body.update({{"access_points", site_.access_points()},
                 {"committed", actuation_.committed()},
                 {"decided", decided_},
                 {"decisions", decisions_},
                 {"shadow_differs", shadow_differs_}});
    body["acting"] = {{"who", Identity(acting_name_, acting_digest_)},
                      {"state", acting_->Save()}};
    body["shadow"] = {{"who", Identity(shadow_name_, shadow_digest_)},
                      {"state", shadow_ ? shadow_->Save() : json()}};
    return body;
  });
}

void ChannelNode::SaveAtEnd() {
  // In the middle of an interval the samples files have the rest.
  if (input_.taken() == 0) Save();
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

void ChannelNode::Restore() {
  const auto restore = [this](const json& body) {
    if (body.at("access_points").get<std::vector<std::string>>() !=
        site_.access_points()) {
      throw InputError("it is of other access points");
    }
    decided_ = body.at("decided").get<std::map<std::string, int64_t>>();
    decisions_ = body.at("decisions");
    shadow_differs_ = body.at("shadow_differs");
    actuation_.Restore(
        body.at("committed").get<std::map<std::string, double>>());
  };
  const std::optional<json> body = ReadState(
      file_.state.save_every + 2 * site_.every() + 1, restore, [this] {
        decisions_ = shadow_differs_ = 0;
        decided_.clear();
        actuation_.Restore({});
      });
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
    folder_->OpenDecisions(
        body ? (whole ? body->at("decision_bytes").get<int64_t>() : -1) : 0,
        "sample,role," + DecisionHeader() + "\n");
  }
  if (!recent_->has_columns()) return;
  RestoreColumns();
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
