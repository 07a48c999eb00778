#include "twin/worker/control.h"

#include <limits>
#include <memory>
#include <utility>

#include "agents/baselines/agent_table.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

json ToJson(const ProgramAccount& account) {
  return {{"asked", account.asked},
          {"answered", account.answered},
          {"late", account.late},
          {"ended", account.ended},
          {"garbage", account.garbage},
          {"unasked", account.unasked},
          {"mismatched", account.mismatched},
          {"given_up", account.given_up},
          {"first_fault", account.first_fault},
          {"late_questions", account.late_questions},
          {"latency_seconds", account.latency_seconds},
          {"slowest_start_seconds", account.slowest_start_seconds},
          {"peak_resident_bytes", account.peak_resident_bytes}};
}

ProgramAccount ProgramAccountFromJson(const json& body) {
  ProgramAccount account;
  body.at("asked").get_to(account.asked);
  body.at("answered").get_to(account.answered);
  body.at("late").get_to(account.late);
  body.at("ended").get_to(account.ended);
  body.at("garbage").get_to(account.garbage);
  body.at("unasked").get_to(account.unasked);
  body.at("mismatched").get_to(account.mismatched);
  body.at("given_up").get_to(account.given_up);
  body.at("first_fault").get_to(account.first_fault);
  body.at("late_questions").get_to(account.late_questions);
  body.at("latency_seconds").get_to(account.latency_seconds);
  body.at("slowest_start_seconds").get_to(account.slowest_start_seconds);
  body.at("peak_resident_bytes").get_to(account.peak_resident_bytes);
  return account;
}

json ToJson(const ObservationConfig& observation) {
  return {{"rssi_bias_db", observation.rssi_bias_db},
          {"rssi_noise_db", observation.rssi_noise_db},
          {"counter_noise", observation.counter_noise},
          {"dropout", observation.dropout.value()},
          {"staleness", observation.staleness.value()},
          {"delay", observation.delay}};
}

ObservationConfig ObservationFromJson(const json& body) {
  ObservationConfig observation;
  body.at("rssi_bias_db").get_to(observation.rssi_bias_db);
  body.at("rssi_noise_db").get_to(observation.rssi_noise_db);
  body.at("counter_noise").get_to(observation.counter_noise);
  observation.dropout = Ratio(body.at("dropout").get<double>());
  observation.staleness = Ratio(body.at("staleness").get<double>());
  body.at("delay").get_to(observation.delay);
  return observation;
}

// Asks for one thing at its first decision.
class ScriptedController : public Controller {
 public:
  explicit ScriptedController(Action first) : next_(std::move(first)) {}
  Action Decide(const Observation&) override {
    return std::exchange(next_, Action());
  }

 private:
  Action next_;
};

}  // namespace

RecordedControl::RecordedControl(const ControllerCall& call,
                                 const Scenario& scenario,
                                 Replication replication)
    : disturbance_(call.disturbance),
      rng_(RngTree(static_cast<uint64_t>(scenario.run.seed))
               .Stream("control/disturbance", replication)) {
  record_.replication = replication.value();
  if (!call.agent.empty()) {
    Scenario controlled = scenario;
    controlled.controller.agent = call.agent;
    controlled.controller.policy = call.policy;
    controller_ = CreateAgent(call.agent, controlled, replication);
    return;
  }
  if (call.program.command.empty()) {
    Action first;
    for (const auto& [number, action] : call.branches) {
      if (number == replication.value()) first = action;
    }
    controller_ = std::make_unique<ScriptedController>(std::move(first));
    return;
  }
  ProgramLimits limits = call.limits;
  if (call.repeated) limits.late_before.emplace();
  for (const auto& [number, questions] : call.late_before) {
    if (number == replication.value()) limits.late_before = questions;
  }
  auto program = std::make_unique<ProgramController>(call.program, limits);
  program_ = program.get();
  controller_ = std::move(program);
}

Observation RecordedControl::Disturb(Observation observation) {
  past_.push_back(observation);
  const auto stale = static_cast<size_t>(disturbance_.stale);
  if (past_.size() > stale + 1) past_.erase(past_.begin());
  observation.values = past_.front().values;
  for (auto& [name, value] : observation.values) {
    value *= disturbance_.unit_factor;
    if (disturbance_.noise > 0) {
      value *= 1 + rng_.Normal(0, disturbance_.noise);
    }
    if (disturbance_.dropout > 0 && rng_.Uniform() < disturbance_.dropout) {
      value = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return observation;
}

void RecordedControl::Step(Simulation* simulation) {
  const Observation observation = Disturb(simulation->Observe());
  Decision decision;
  decision.seconds = Seconds(observation.time);
  decision.action = controller_->Decide(observation);
  decision.failed = disturbance_.action_failure > 0 &&
                    rng_.Uniform() < disturbance_.action_failure;
  if (!decision.failed) {
    try {
      simulation->Apply(decision.action);
    } catch (const InputError& error) {
      decision.refused = true;
      if (record_.first_refusal.empty()) record_.first_refusal = error.what();
    }
  }
  record_.decisions.push_back(std::move(decision));
}

template <typename Row>
std::vector<Row> RecordedControl::AsItCameOut(
    std::vector<Row> explained) const {
  if (record_.decisions.empty()) return explained;
  const Decision& last = record_.decisions.back();
  for (Row& one : explained) {
    if (last.refused) one.TakeBack("network", "the network refused the plan");
    if (last.failed) one.TakeBack("nobody", "did not arrive");
  }
  return explained;
}

std::vector<ExplainedDecision> RecordedControl::TakeDecisions() {
  return AsItCameOut(controller_->TakeDecisions());
}

std::vector<ExplainedSetting> RecordedControl::TakeSettings() {
  return AsItCameOut(controller_->TakeSettings());
}

ControlRecord RecordedControl::Finish() {
  if (program_ != nullptr) {
    program_->Finish();
    record_.account = program_->account();
  }
  return std::move(record_);
}

json ToJson(const ControllerCall& call) {
  json late = json::array();
  for (const auto& [number, questions] : call.late_before) {
    late.push_back({number, questions});
  }
  json branches = json::array();
  for (const auto& [number, action] : call.branches) {
    branches.push_back({number, action.settings});
  }
  json body = {{"agent", call.agent},
               {"policy", call.policy},
               {"branches", std::move(branches)},
               {"command", call.program.command},
               {"folder", call.program.folder},
               {"answer_seconds", call.limits.answer_seconds},
               {"start_seconds", call.limits.start_seconds},
               {"late_before", std::move(late)},
               {"repeated", call.repeated},
               {"noise", call.disturbance.noise},
               {"dropout", call.disturbance.dropout},
               {"stale", call.disturbance.stale},
               {"unit_factor", call.disturbance.unit_factor},
               {"action_failure", call.disturbance.action_failure}};
  if (call.observation) body["observation"] = ToJson(*call.observation);
  return body;
}

ControllerCall ControllerCallFromJson(const json& body) {
  ControllerCall call;
  body.at("agent").get_to(call.agent);
  body.at("policy").get_to(call.policy);
  if (body.contains("observation")) {
    call.observation = ObservationFromJson(body.at("observation"));
  }
  for (const json& branch : body.at("branches")) {
    Action action;
    branch.at(1).get_to(action.settings);
    call.branches.push_back({branch.at(0).get<int64_t>(), std::move(action)});
  }
  body.at("command").get_to(call.program.command);
  body.at("folder").get_to(call.program.folder);
  body.at("answer_seconds").get_to(call.limits.answer_seconds);
  body.at("start_seconds").get_to(call.limits.start_seconds);
  body.at("late_before").get_to(call.late_before);
  body.at("repeated").get_to(call.repeated);
  body.at("noise").get_to(call.disturbance.noise);
  body.at("dropout").get_to(call.disturbance.dropout);
  body.at("stale").get_to(call.disturbance.stale);
  body.at("unit_factor").get_to(call.disturbance.unit_factor);
  body.at("action_failure").get_to(call.disturbance.action_failure);
  return call;
}

json ToJson(const ControlRecord& record) {
  json decisions = json::array();
  for (const Decision& decision : record.decisions) {
    decisions.push_back({{"seconds", decision.seconds},
                         {"settings", decision.action.settings},
                         {"refused", decision.refused},
                         {"failed", decision.failed}});
  }
  return {{"replication", record.replication},
          {"decisions", std::move(decisions)},
          {"first_refusal", record.first_refusal},
          {"account", ToJson(record.account)}};
}

ControlRecord ControlRecordFromJson(const json& body) {
  ControlRecord record;
  body.at("replication").get_to(record.replication);
  body.at("first_refusal").get_to(record.first_refusal);
  record.account = ProgramAccountFromJson(body.at("account"));
  for (const json& item : body.at("decisions")) {
    Decision decision;
    item.at("seconds").get_to(decision.seconds);
    item.at("settings").get_to(decision.action.settings);
    item.at("refused").get_to(decision.refused);
    item.at("failed").get_to(decision.failed);
    record.decisions.push_back(std::move(decision));
  }
  return record;
}

}  // namespace airlock
