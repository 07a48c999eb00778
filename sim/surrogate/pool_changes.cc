#include "sim/surrogate/pool_changes.h"

#include <algorithm>

namespace airlock {
namespace {

void PlanServer(const BalancerConfig& balancer, size_t server,
                std::vector<PoolChange>* changes) {
  const double check = Seconds(balancer.health_check);
  std::vector<const PoolEvent*> events;
  std::vector<double> instants;
  for (const PoolEvent& event : balancer.events) {
    if (event.server != balancer.servers[server].name) continue;
    events.push_back(&event);
    instants.push_back(Seconds(event.from));
    instants.push_back(Seconds(event.until));
  }
  for (const double at : instants) {
    double pace = 1;
    for (const PoolEvent* event : events) {
      if (at < Seconds(event->from) || at >= Seconds(event->until)) continue;
      pace *= event->kind == "failure" ? 0 : event->pace.value();
    }
    changes->push_back({at, server, PoolChange::Kind::kPace, pace, true});
    changes->push_back(
        {at + check, server, PoolChange::Kind::kHealth, 1, pace > 0});
  }
}

}  // namespace

std::vector<PoolChange> PlanPoolChanges(const BalancerConfig& balancer) {
  std::vector<PoolChange> changes;
  for (size_t s = 0; s < balancer.servers.size(); ++s) {
    PlanServer(balancer, s, &changes);
  }
  std::stable_sort(
      changes.begin(), changes.end(),
      [](const PoolChange& a, const PoolChange& b) { return a.at < b.at; });
  return changes;
}

}  // namespace airlock
