#include "twin/node/balancer_site.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agents/baselines/balancer_controller.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr char kStatic[] = "static";

// Throws InputError for an agent that cannot run on a live pool.
void CheckLive(const std::string& agent) {
  const WeightPolicyRow* const row = FindWeightPolicy(agent);
  if (row != nullptr && row->knows) {
    throw InputError(
        fmt::format("agent '{}' wants to know what nobody knows here", agent));
  }
  if (IsBalancer(agent) || agent == kStatic) return;
  std::vector<std::string> names = {kStatic};
  for (const WeightPolicyRow& one : WeightPolicies()) {
    if (!one.knows) names.push_back(one.name);
  }
  throw InputError(
      fmt::format("'{}' sets no weights; those that do are {}, and {}, which "
                  "is trained",
                  agent, fmt::join(names, ", "), kLoadBalancer));
}

}  // namespace

BalancerSite::BalancerSite(const NodeFile& file)
    : ControlSite(file, [](const Scenario& scenario) {
        return scenario.datacentre && scenario.datacentre->balancer
                   ? nullptr
                   : "server pool (datacentre.balancer)";
      }) {
  for (const PoolServer& server : pool().servers) parts_.push_back(server.name);
  if (fallback_.empty()) fallback_ = pool().shield ? "wcmp" : kStatic;
  const std::vector<std::string> known = BalancerFallbacks();
  if (std::find(known.begin(), known.end(), fallback_) == known.end()) {
    Fail("fallback", fmt::format("'{}' sets no weights without looking; {} do",
                                 fallback_, fmt::join(known, ", ")));
  }
}

std::unique_ptr<Controller> BalancerSite::Promoted(
    const std::string& agent, const std::string& policy,
    const std::function<std::string()>& doubt) const {
  CheckLive(agent);
  return CreateBalancer(agent, policy, pool(), {doubt, fallback_});
}

}  // namespace airlock
