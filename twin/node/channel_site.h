#pragma once

#include <functional>
#include <memory>
#include <string>

#include "twin/node/control_site.h"

namespace airlock {

// The network that a node's section `channels` names, and its planners.
class ChannelSite : public ControlSite {
 public:
  // Throws NodeFileError as ControlSite, or for a scenario without a WLAN.
  explicit ChannelSite(const NodeFile& file);

  std::unique_ptr<Controller> Promoted(
      const std::string& agent, const std::string& policy,
      const std::function<std::string()>& doubt) const override;
  nlohmann::json Inherited(const nlohmann::json& before,
                           const nlohmann::json& fresh) const override;
};

// `fresh`, a planner's state just after it was made, inside what its
// predecessor's shield, fallback and controller remember: a new policy takes an
// old one's place, and no dwell time begins anew.
nlohmann::json InheritedState(const nlohmann::json& before,
                              const nlohmann::json& fresh);

}  // namespace airlock
