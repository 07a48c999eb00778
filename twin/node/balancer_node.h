#pragma once

#include <string>
#include <vector>

#include "sim/results/explained_setting.h"
#include "twin/node/balancer_site.h"
#include "twin/node/control_node.h"

namespace airlock {

// The node of a file with `balancer`: an agent sets the weights of a server
// pool. All weights are one transaction, which is tried again at every decision
// until what is in force is what is wanted.
class BalancerNode : public ControlNode {
 public:
  // Throws NodeFileError for what the node file names and is wrong, Error where
  // another node has the folder or the port.
  BalancerNode(const NodeFile& file, const BalancerSite& site);

 private:
  std::string LineColumns() const override { return SettingHeader(); }
  std::vector<DecisionLine> TakeLines(Controller* agent) const override;
  std::vector<DecisionLine> TakeDecision(const Observation& observation,
                                         const Action& action,
                                         bool live) override;

  nlohmann::json SaveSettings() const override;
  void RestoreSettings(const nlohmann::json& saved) override;
  nlohmann::json SettingFields() const override;
  void AddSettingMetrics(MetricsPage* page) const override;

  const SettingGroup initial_;  // weights by server, of the scenario
  SettingGroup wanted_;
  ActionTransaction<SettingGroup> transaction_;
};

}  // namespace airlock
