#pragma once

#include <vector>

#include "sim/engine/simulation.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// Changes channels by a list, whatever it observes. A change is due at the
// first decision at or after its time; all that are due make one plan, of which
// the later entry counts where two are of the same access point.
class ScheduleController : public Controller {
 public:
  explicit ScheduleController(std::vector<ScheduledChange> schedule);

  Action Decide(const Observation& observation) override;

 private:
  std::vector<ScheduledChange> schedule_;  // by time
  size_t next_ = 0;
};

}  // namespace airlock
