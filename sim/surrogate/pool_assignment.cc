#include "sim/surrogate/pool_assignment.h"

#include <limits>

#include "sim/base/error.h"

namespace airlock {

PoolAssignment::PoolAssignment(const BalancerConfig& balancer)
    : rule_(balancer.assignment == "round-robin" ? Rule::kRoundRobin
            : balancer.assignment == "least-connections"
                ? Rule::kLeastConnections
                : Rule::kWeightedHash) {
  for (const PoolServer& server : balancer.servers) {
    servers_.push_back({server.weight});
    total_ += server.weight;
  }
}

void PoolAssignment::SetWeight(size_t server, double weight) {
  AIRLOCK_CHECK(weight >= 0);
  servers_[server].weight = weight;
  total_ = 0;
  for (const Server& one : servers_) total_ += WeightOf(one);
}

void PoolAssignment::SetUp(size_t server, bool up) {
  servers_[server].up = up;
  SetWeight(server, servers_[server].weight);
}

std::optional<size_t> PoolAssignment::Begin(double ticket) {
  if (!(total_ > 0)) return std::nullopt;
  const size_t server = rule_ == Rule::kWeightedHash ? Hash(ticket)
                        : rule_ == Rule::kRoundRobin ? Turn()
                                                     : Least();
  ++servers_[server].flows;
  return server;
}

size_t PoolAssignment::Hash(double ticket) const {
  double left = ticket * total_;
  size_t last = 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const double weight = WeightOf(servers_[i]);
    if (weight == 0) continue;
    last = i;  // rounding may leave a little beyond all
    if (left < weight) break;
    left -= weight;
  }
  return last;
}

size_t PoolAssignment::Least() const {
  size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < servers_.size(); ++i) {
    const double weight = WeightOf(servers_[i]);
    if (weight == 0) continue;
    const double length = static_cast<double>(servers_[i].flows + 1) / weight;
    if (length >= least) continue;
    least = length;
    best = i;
  }
  return best;
}

// Every server is owed its weight at each flow; the most owed gets it and pays
// the sum (the smooth weighted round-robin of nginx).
size_t PoolAssignment::Turn() {
  size_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < servers_.size(); ++i) {
    const double weight = WeightOf(servers_[i]);
    if (weight == 0) continue;
    servers_[i].turn += weight;
    if (servers_[i].turn <= most) continue;
    most = servers_[i].turn;
    best = i;
  }
  servers_[best].turn -= total_;
  return best;
}

}  // namespace airlock
