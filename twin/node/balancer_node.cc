#include "twin/node/balancer_node.h"

#include "sim/base/error.h"
#include "sim/surrogate/pool_settings.h"
#include "twin/node/balancer_input.h"

namespace airlock {
namespace {

using nlohmann::json;

SettingGroup InitialWeights(const BalancerConfig& pool) {
  SettingGroup weights;
  for (const PoolServer& server : pool.servers) {
    weights[server.name] = server.weight;
  }
  return weights;
}

}  // namespace

BalancerNode::BalancerNode(const NodeFile& file, const BalancerSite& site)
    : ControlNode(file, site, BalancerInputRules(site.parts())),
      initial_(InitialWeights(site.pool())),
      wanted_(initial_),
      transaction_(file.actuator, MakeActuator<SettingGroup>(file.actuator)) {
  Begin();
}

std::vector<BalancerNode::DecisionLine> BalancerNode::TakeLines(
    Controller* agent) const {
  std::vector<DecisionLine> lines;
  for (const ExplainedSetting& one : agent->TakeSettings()) {
    // Weights change at almost every decision: the log has the actions.
    lines.push_back(
        {SettingCells(one), one.setting, "", one.decided_by, one.reason});
  }
  return lines;
}

std::vector<BalancerNode::DecisionLine> BalancerNode::TakeDecision(
    const Observation&, const Action& action, bool live) {
  for (auto& [server, weight] : wanted_) {
    const auto set = action.settings.find(WeightSetting(server));
    if (set != action.settings.end()) weight = set->second;
  }
  if (!live) {
    transaction_.Assume(wanted_);
    return TakeLines(&acting());
  }
  const ActionOutcome outcome =
      transaction_.Set(wanted_, transaction_.committed().value_or(initial_));
  if (outcome.end == ActionOutcome::End::kUnchanged) {
    Judge(Doubt::kActuator, false, "");
    return TakeLines(&acting());
  }
  NoteEnd("weights", wanted_, outcome);
  Judge(Doubt::kActuator, outcome.end != ActionOutcome::End::kCommitted,
        outcome.reason);
  return TakeLines(&acting());
}

json BalancerNode::SaveSettings() const {
  const auto& committed = transaction_.committed();
  return {{"wanted", wanted_},
          {"in_force", committed ? json(*committed) : json()}};
}

void BalancerNode::RestoreSettings(const json& saved) {
  wanted_ = initial_;
  transaction_.Assume(std::nullopt);
  if (saved.is_null()) return;
  wanted_ = saved.at("wanted").get<SettingGroup>();
  if (!saved.at("in_force").is_null()) {
    transaction_.Assume(saved.at("in_force").get<SettingGroup>());
  }
}

json BalancerNode::SettingFields() const {
  const auto& committed = transaction_.committed();
  return {{"weights", committed ? json(*committed) : json()},
          {"wanted", wanted_}};
}

void BalancerNode::AddSettingMetrics(MetricsPage* page) const {
  page->Begin("airlock_node_weight", "gauge",
              "Weight of a server that was verified last.");
  if (!transaction_.committed()) return;
  for (const auto& [server, weight] : *transaction_.committed()) {
    page->Add(weight, {{"server", server}});
  }
}

}  // namespace airlock
