#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/placement/placement_rules.h"
#include "agents/placement/placement_shield.h"
#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// Gives functions their cores and machines as a manager says. An observation
// that cannot be believed (DoubtOf()) is not shown to it: the placement stays,
// or, behind a shield and after `fallback_after` of them in a row, the
// threshold autoscaler decides by what is known. A shield limits whatever is
// done. Explains every setting that changes or is held.
class PlacementController : public Controller {
 public:
  PlacementController(std::unique_ptr<PlacementManager> manager,
                      const PlacementSetup& setup);

  Action Decide(const Observation& observation) override;
  std::vector<ExplainedSetting> TakeSettings() override;
  // Decisions, those of the fallback, functions that the shield held by rule,
  // executed plans that an audit found unsafe; mean cores and machines that
  // were given, moves and changes of cores a decision.
  std::vector<Metric> Metrics() const override;

 private:
  // Who decides, why, and the plan that is asked for.
  struct Proposal {
    std::string by;
    std::string reason;  // empty: because of what was observed
    PlacementPlan plan;
  };
  Proposal Propose(const PlacementView& seen, const PlacementView& known);
  PlacementVerdict Execute(const Proposal& proposal,
                           const PlacementView& known);
  void Explain(SimTime time, const PlacementView& known,
               const Proposal& proposal, const PlacementVerdict& verdict);
  void Count(const PlacementPlan& next);

  const std::unique_ptr<PlacementManager> manager_;
  const PlacementSetup setup_;
  const std::optional<PlacementShieldConfig> limits_;
  const PlacementShield shield_;
  const std::unique_ptr<PlacementManager> fallback_;
  PlacementPlan plan_;  // in force
  std::vector<Placement> placed_;
  int64_t doubtful_in_a_row_ = 0;
  int64_t decisions_ = 0;
  int64_t fallback_decisions_ = 0;
  int64_t unsafe_decisions_ = 0;
  std::array<int64_t, kPlacementRules> broken_ = {};
  double cores_ = 0, machines_ = 0, moves_ = 0, rescales_ = 0;  // sums
  std::vector<ExplainedSetting> explained_;  // since they were taken
};

// The agent of this name, of PlacementManagers() or `placement-policy`, which
// runs the policy of the file, in a scenario with datacentre.servers. Throws
// PolicyError for a file that is missing, damaged, of other servers, or not
// asked for; InputError as PlacementSetupOf().
std::unique_ptr<Controller> CreatePlacementAgent(const std::string& agent,
                                                 const std::string& policy,
                                                 const Scenario& scenario);
bool IsPlacementAgent(const std::string& agent);
// Throws PolicyError for a file that is missing, damaged or not asked for.
void CheckPlacementPolicy(const std::string& agent, const std::string& policy);

inline constexpr char kPlacementPolicy[] = "placement-policy";

}  // namespace airlock
