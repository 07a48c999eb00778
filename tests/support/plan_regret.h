#pragma once

#include <Eigen/Core>
#include <vector>

#include "sim/surrogate/airtime_batch.h"

// What AirtimeBatch says of whole plans of one network, as the check on those
// who follow a plan's changes.
namespace airlock::testing {

class PlanRegret {
 public:
  // `interference` as InterferenceMap() makes it; `before`: the plan in force,
  // against which changes count with `loads_now`; `loads`: those that the new
  // plan will serve.
  PlanRegret(const Eigen::MatrixXd& interference, const ChannelTable& table,
             const AirtimeChoices& choices, const ChannelPlan& before,
             const std::vector<double>& loads_now,
             const std::vector<double>& loads)
      : batch_(table, choices),
        before_(before),
        loads_now_(ToArray(loads_now)),
        loads_(ToArray(loads)) {
    batch_.Add(interference);
  }

  // R^s + w R^r.
  double Of(const ChannelPlan& plan) {
    std::vector<Regret> regrets;
    batch_.SetPlan(before_);
    batch_.Step(plan, loads_now_, loads_, &regrets);
    return regrets.front().total;
  }

  // u+ of `ap` under `plan`.
  double Utilisation(const ChannelPlan& plan, int ap) {
    batch_.SetPlan(plan);
    return batch_.Utilise(loads_)[ap];
  }

 private:
  static Eigen::ArrayXd ToArray(const std::vector<double>& values) {
    return Eigen::Map<const Eigen::ArrayXd>(
        values.data(), static_cast<Eigen::Index>(values.size()));
  }

  AirtimeBatch batch_;
  const ChannelPlan before_;
  const Eigen::ArrayXd loads_now_;
  const Eigen::ArrayXd loads_;
};

// `plan` with one access point elsewhere.
inline ChannelPlan With(ChannelPlan plan, int ap, ChannelAssignment to) {
  plan[ap] = to;
  return plan;
}

}  // namespace airlock::testing
