#pragma once

#include <functional>
#include <memory>
#include <string>

#include "twin/node/control_site.h"

namespace airlock {

// The server pool that a node's section `balancer` names, and who sets its
// weights.
class BalancerSite : public ControlSite {
 public:
  // Throws NodeFileError as ControlSite, or for a scenario without a pool, or a
  // fallback that is none.
  explicit BalancerSite(const NodeFile& file);

  const BalancerConfig& pool() const { return *scenario_.datacentre->balancer; }
  std::unique_ptr<Controller> Promoted(
      const std::string& agent, const std::string& policy,
      const std::function<std::string()>& doubt) const override;
  // All of it: who sets weights remembers nothing that is the agent's own.
  nlohmann::json Inherited(const nlohmann::json& before,
                           const nlohmann::json& /*fresh*/) const override {
    return before;
  }
};

}  // namespace airlock
