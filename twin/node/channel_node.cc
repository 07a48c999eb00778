#include "twin/node/channel_node.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/telemetry/wlan_columns.h"
#include "twin/node/channel_input.h"

namespace airlock {

using nlohmann::json;

ChannelNode::ChannelNode(const NodeFile& file, const ChannelSite& site)
    : ControlNode(file, site, ChannelInputRules(site.parts())),
      actuation_(file.actuator),
      mean_before_(kMissing),
      mean_after_(kMissing) {
  const double worst = ChannelActuation::WorstSeconds(file.actuator) *
                       static_cast<double>(site.parts().size());
  if (worst > site.slot_seconds()) {
    FailAt(file_, "actuator",
           fmt::format("to move {} access points, with the way back, may take "
                       "{:g} s; decisions are {:g} s apart",
                       site.parts().size(), worst, site.slot_seconds()));
  }
  Begin();
}

namespace {

template <typename Line>
std::vector<Line> LinesOf(const std::vector<ExplainedDecision>& decisions) {
  std::vector<Line> lines;
  for (const ExplainedDecision& one : decisions) {
    lines.push_back({DecisionCells(one), one.access_point,
                     one.access_point.empty() ? "" : ToString(one),
                     one.decided_by, one.reason});
  }
  return lines;
}

}  // namespace

std::vector<ChannelNode::DecisionLine> ChannelNode::TakeLines(
    Controller* agent) const {
  return LinesOf<DecisionLine>(agent->TakeDecisions());
}

std::vector<ChannelNode::DecisionLine> ChannelNode::TakeDecision(
    const Observation& observation, const Action&, bool live) {
  const std::vector<ExplainedDecision> decided = acting().TakeDecisions();
  for (const std::string& ap : site_.parts()) {
    in_force_[ap] = {observation.values.at(ApColumnName(ap, kApChannel)),
                     observation.values.at(ApColumnName(ap, kApWidth))};
  }
  for (const ExplainedDecision& one : decided) {
    mean_before_ = one.mean_before;
    mean_after_ = one.mean_after;
    if (!one.moves()) continue;
    in_force_[one.access_point] = {one.channel_after, one.width_after_hz};
    if (!live) actuation_.Assume(one);
  }
  if (live) CarryOut(decided);
  return LinesOf<DecisionLine>(decided);
}

void ChannelNode::CarryOut(const std::vector<ExplainedDecision>& decisions) {
  std::string failed;
  for (const ExplainedDecision& one : decisions) {
    if (!one.moves()) continue;
    for (const SettingOutcome& each : actuation_.Move(one)) {
      NoteEnd(each.name, each.value, each.outcome);
      if (each.outcome.end == ActionOutcome::End::kCommitted) continue;
      in_force_[one.access_point] = {one.channel_before, one.width_before_hz};
      if (failed.empty()) failed = each.name + ": " + each.outcome.reason;
    }
  }
  Judge(Doubt::kActuator, !failed.empty(), failed);
}

json ChannelNode::SaveSettings() const { return actuation_.committed(); }

void ChannelNode::RestoreSettings(const json& saved) {
  actuation_.Restore(saved.is_null()
                         ? std::map<std::string, double>()
                         : saved.get<std::map<std::string, double>>());
}

json ChannelNode::SettingFields() const {
  json plan = json::object();
  for (const auto& [ap, setting] : in_force_) {
    plan[ap] = {{"channel", NumberOrNull(setting.first)},
                {"width_hz", NumberOrNull(setting.second)}};
  }
  return {{"settings", actuation_.committed()}, {"plan", plan}};
}

void ChannelNode::AddSettingMetrics(MetricsPage* page) const {
  page->Begin("airlock_node_channel", "gauge",
              "IEEE number of the primary channel in force, as far as known.");
  for (const auto& [ap, setting] : in_force_) {
    page->Add(setting.first, {{"access_point", ap}});
  }
  page->Begin("airlock_node_channel_width_hertz", "gauge",
              "Width of that channel.");
  for (const auto& [ap, setting] : in_force_) {
    page->Add(setting.second, {{"access_point", ap}});
  }
  page->Begin("airlock_node_estimated_utilisation", "gauge",
              "Mean over access points, as estimated at the last decision: if "
              "nobody moved, and under the new plan.");
  page->Add(mean_before_, {{"plan", "before"}});
  page->Add(mean_after_, {{"plan", "after"}});
}

}  // namespace airlock
