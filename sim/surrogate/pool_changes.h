#pragma once

#include <cstddef>
#include <vector>

#include "sim/scenario/balancer_config.h"

namespace airlock {

// Something that happens to a server of a pool.
struct PoolChange {
  enum class Kind {
    kPace,    // the server's speed is `pace` of what it was told to be
    kHealth,  // the balancer finds that it is up, or not
  };

  double at = 0;  // seconds
  size_t server = 0;
  Kind kind = Kind::kPace;
  double pace = 1;  // 0: it has failed
  bool up = true;
};

// What the events of a pool make of its servers, by time. Where events of a
// server overlap, its pace is the product of theirs, and it has failed while
// any of them says so.
std::vector<PoolChange> PlanPoolChanges(const BalancerConfig& balancer);

}  // namespace airlock
