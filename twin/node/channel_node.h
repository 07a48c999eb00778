#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/results/explained_decision.h"
#include "twin/node/channel_actuation.h"
#include "twin/node/channel_site.h"
#include "twin/node/control_node.h"

namespace airlock {

// The node of a file with `channels`: a planner of channels decides, and each
// access point that is to move is moved.
class ChannelNode : public ControlNode {
 public:
  // Throws NodeFileError for what the node file names and is wrong, or an
  // actuator that may take longer than the time between two decisions; Error
  // where another node has the folder or the port.
  explicit ChannelNode(const NodeFile& file, const ChannelSite& site);

 private:
  std::string LineColumns() const override { return DecisionHeader(); }
  std::vector<DecisionLine> TakeLines(Controller* agent) const override;
  std::vector<DecisionLine> TakeDecision(const Observation& observation,
                                         const Action& action,
                                         bool live) override;
  void CarryOut(const std::vector<ExplainedDecision>& decisions);

  nlohmann::json SaveSettings() const override;
  void RestoreSettings(const nlohmann::json& saved) override;
  nlohmann::json SettingFields() const override;
  void AddSettingMetrics(MetricsPage* page) const override;

  ChannelActuation actuation_;
  std::map<std::string, std::pair<double, double>> in_force_;  // channel, width
  double mean_before_;  // of the last decision
  double mean_after_;
};

}  // namespace airlock
