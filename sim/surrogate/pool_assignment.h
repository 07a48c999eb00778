#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/balancer_config.h"

namespace airlock {

// Which server of a pool gets the next flow (BalancerConfig::assignment).
class PoolAssignment {
 public:
  explicit PoolAssignment(const BalancerConfig& balancer);

  void SetWeight(size_t server, double weight);
  double weight(size_t server) const { return servers_[server].weight; }
  // Only servers that are up get flows.
  void SetUp(size_t server, bool up);
  bool up(size_t server) const { return servers_[server].up; }

  // `ticket`: uniform on [0, 1), of the flow. Nothing where no server that is
  // up has a weight of more than 0. The flow is on until End().
  std::optional<size_t> Begin(double ticket);
  void End(size_t server) { --servers_[server].flows; }

 private:
  enum class Rule { kWeightedHash, kLeastConnections, kRoundRobin };
  struct Server {
    double weight;
    bool up = true;
    int64_t flows = 0;
    double turn = 0;  // kRoundRobin: what it is owed
  };
  double WeightOf(const Server& server) const {
    return server.up ? server.weight : 0;
  }
  size_t Hash(double ticket) const;
  size_t Least() const;
  size_t Turn();

  Rule rule_;
  std::vector<Server> servers_;
  double total_ = 0;  // of the weights of those up
};

}  // namespace airlock
