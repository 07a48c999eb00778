#include "twin/node/control_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "twin/node/balancer_site.h"
#include "twin/node/channel_site.h"
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

// Who an agent is: which one's memory it may load.
json Identity(const std::string& name, const std::string& digest) {
  return {{"agent", name}, {"digest", digest}};
}

}  // namespace

std::unique_ptr<ControlSite> MakeControlSite(const NodeFile& file) {
  if (file.channels) return std::make_unique<ChannelSite>(file);
  if (file.balancer) return std::make_unique<BalancerSite>(file);
  return nullptr;
}

ControlNode::ControlNode(const NodeFile& file, const ControlSite& site,
                         InputRules rules)
    : StreamNode(file, "policy"), site_(site), input_(std::move(rules)) {
  const auto doubt = [this] { return DoubtText(); };
  if (file.registry.empty()) {
    acting_ = site_.Acting(doubt);
    acting_name_ = site_.acting_name();
    acting_digest_ = DigestOf(site_.acting_policy());
  } else {
    registry_ = std::make_unique<RegistryFollower>(file_);
    acting_ = site_.Promoted(site_.fallback(), "", doubt);
    acting_name_ = site_.fallback();
    guard_.Raise(Doubt::kNoModel, "no policy is promoted");
  }
  shadow_ = site_.Shadow();
  if (shadow_) {
    const NodeShadowConfig& shadow = *ControlOf(file_).config->shadow;
    shadow_name_ = shadow.agent;
    shadow_digest_ = DigestOf(shadow.policy);
  }
}

void ControlNode::Begin() {
  Open();
  Restore();
  Start();
}

std::string ControlNode::DoubtText() const {
  return guard_.model_acts() ? "" : guard_.Reason();
}

// --- Registry
// -----------------------------------------------------------------

json ControlNode::Acting() const {
  if (registry_ && acting_digest_.empty()) return nullptr;
  return Identity(acting_name_, acting_digest_);
}

void ControlNode::SwapIn(const FollowedModel& followed) {
  std::unique_ptr<Controller> next = site_.Promoted(
      followed.agent, followed.policy_path, [this] { return DoubtText(); });
  if (!restoring_) next->Load(site_.Inherited(acting_->Save(), next->Save()));
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

void ControlNode::SwapInShadow(const FollowedModel& followed) {
  shadow_ = site_.Promoted(followed.agent, followed.policy_path, nullptr);
  // It has seen what the acting one has.
  shadow_->Load(site_.Inherited(acting_->Save(), shadow_->Save()));
  shadow_name_ = followed.agent;
  shadow_digest_ = followed.digest;
  registry_->TakeShadow(followed.digest);
  Log(LogLevel::kInfo, "shadow-loaded",
      {{"model", followed.name}, {"digest", followed.digest}});
}

// --- Samples
// ------------------------------------------------------------------

void ControlNode::TakeColumns(const Trace& samples) {
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
           fmt::format("what it is of is told by {}",
                       ControlOf(file_).config->scenario));
  }
}

void ControlNode::TakeSample(const Trace& samples, int64_t index,
                             int64_t number, bool live) {
  const double seconds = samples.time_seconds[static_cast<size_t>(index)];
  JudgeStream(samples, index);
  guard_.Clear(Doubt::kWarmingUp);
  last_seconds_ = seconds;
  const SampleFaults faults = input_.Take(samples, index);
  Judge(Doubt::kMissing, faults.missing_share > file_.limits.missing.value(),
        fmt::format("{:.1f} % of what agents need, {} first",
                    100 * faults.missing_share, faults.missing));
  Judge(Doubt::kOutOfRange,
        faults.outside_share > file_.limits.out_of_range.value(),
        fmt::format("{:.1f} % of the values: {}", 100 * faults.outside_share,
                    faults.outside));
  guard_.EndSample();
  if (input_.taken() >= site_.every()) Decide(seconds, number, live);
}

void ControlNode::Decide(double seconds, int64_t number, bool live) {
  const Observation observation = input_.Finish(seconds);
  const Clock::time_point begin = Clock::now();
  Action action;
  try {
    action = acting_->Decide(observation);
  } catch (const InputError& error) {
    // The network does not run on what the scenario says.
    FailAt(file_, ControlOf(file_).Key("scenario"), error.what());
  }
  decision_seconds_ = SecondsSince(begin);
  slowest_seconds_ = std::max(slowest_seconds_, decision_seconds_);
  const double most = Gives(file_, "limits.inference")
                          ? Seconds(file_.limits.inference)
                          : site_.slot_seconds() / 10;
  Judge(Doubt::kSlow, decision_seconds_ > most,
        fmt::format("the decision took {:.3f} s", decision_seconds_));
  ++decisions_;
  const std::vector<DecisionLine> lines =
      TakeDecision(observation, action, live);
  for (const DecisionLine& line : lines) {
    if (!line.part.empty()) ++decided_[line.decided_by];
  }
  Record(lines, kActing, number, live);
  if (shadow_) AskShadow(observation, action, number, live);
  ++decisions_since_save_;
  if (live && decisions_since_save_ * site_.every() >= file_.state.save_every) {
    next_ = number + 1;
    Save();
  }
}

void ControlNode::AskShadow(const Observation& observation,
                            const Action& action, int64_t number, bool live) {
  const Action other = shadow_->Decide(observation);
  if (other.settings != action.settings) ++shadow_differs_;
  Record(TakeLines(shadow_.get()), kShadow, number, live);
}

void ControlNode::NoteEnd(const std::string& name, const json& value,
                          const ActionOutcome& outcome) {
  ++ends_[static_cast<size_t>(outcome.end)];
  const bool good = outcome.end == ActionOutcome::End::kCommitted;
  Log(good ? LogLevel::kInfo : LogLevel::kError, "action",
      {{"end", ToString(outcome.end)},
       {"name", name},
       {"setting", value},
       {"seconds", outcome.seconds},
       {"reason", outcome.reason}});
}

void ControlNode::Record(const std::vector<DecisionLine>& lines,
                         const char* role, int64_t number, bool live) {
  for (const DecisionLine& line : lines) {
    folder_->AddDecision(fmt::format("{},{},{}\n", number, role, line.cells));
    if (!live || line.change.empty()) continue;
    Log(LogLevel::kInfo, "decision",
        {{"sample", number},
         {"role", role},
         {"change", line.change},
         {"decided_by", line.decided_by},
         {"reason", line.reason}});
  }
}

// --- State
// --------------------------------------------------------------------

json ControlNode::StartFacts() const {
  return {{"agent", acting_name_}, {"parts", site_.parts().size()}};
}

// Between two intervals: after a decision, before the next sample.
void ControlNode::Save() {
  AIRLOCK_CHECK(input_.taken() == 0);
  decisions_since_save_ = 0;
  SaveState([this] {
    json body = StreamState();
    body.update({{"parts", site_.parts()},
                 {"committed", SaveSettings()},
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

void ControlNode::SaveAtEnd() {
  // In the middle of an interval the samples files have the rest.
  if (input_.taken() == 0) Save();
}

// Another agent than the one that saved takes over all but its own memory.
void ControlNode::LoadControllers(const json& body) {
  const auto load = [this](const json& saved, const json& who,
                           Controller* controller) {
    controller->Load(
        saved.at("who") == who
            ? saved.at("state")
            : site_.Inherited(saved.at("state"), controller->Save()));
  };
  load(body.at("acting"), Identity(acting_name_, acting_digest_),
       acting_.get());
  const json& shadow = body.at("shadow");
  if (shadow_ && !shadow.at("state").is_null()) {
    load(shadow, Identity(shadow_name_, shadow_digest_), shadow_.get());
  }
  // The doubts are about the agent that had them.
  if (body.at("acting").at("who") == Identity(acting_name_, acting_digest_)) {
    guard_.Load(body.at("guard"));
  }
}

void ControlNode::Restore() {
  const auto restore = [this](const json& body) {
    if (body.at("parts").get<std::vector<std::string>>() != site_.parts()) {
      throw InputError("it is of another scenario");
    }
    decided_ = body.at("decided").get<std::map<std::string, int64_t>>();
    decisions_ = body.at("decisions");
    shadow_differs_ = body.at("shadow_differs");
    RestoreSettings(body.at("committed"));
  };
  const std::optional<json> body = ReadState(
      file_.state.save_every + 2 * site_.every() + 1, restore, [this] {
        decisions_ = shadow_differs_ = 0;
        decided_.clear();
        RestoreSettings(nullptr);
      });
  restoring_ = true;
  FollowRegistry();
  restoring_ = false;
  bool whole = true;
  try {
    if (body) LoadControllers(*body);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "state-unreadable",
        {{"reason", error.what()}, {"note", "the agents begin anew"}});
    whole = false;
  }
  if (file_.state.decisions) {
    folder_->OpenDecisions(
        body ? (whole ? body->at("decision_bytes").get<int64_t>() : -1) : 0,
        "sample,role," + LineColumns() + "\n");
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
