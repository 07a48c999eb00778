#pragma once

#include "sim/engine/simulation.h"

namespace airlock {

// Datacentre: moves the marking threshold of all switch ports so that the mean
// length of the longest queue stays near a target. Each decision multiplies the
// threshold by (target / queue)^0.5, at most by 2 and at least by 1/2, and
// keeps it between 2 and 1000 packets. Decides nothing where no queue is
// reported or all are empty.
class QueueTargetController : public Controller {
 public:
  explicit QueueTargetController(double target_packets = 20,
                                 double threshold_packets = 65)
      : target_(target_packets), threshold_(threshold_packets) {}

  Action Decide(const Observation& observation) override;

 private:
  double target_;
  double threshold_;
};

}  // namespace airlock
